"""Range tests of models in the forms of JAX's libraries, and losses as they are written there."""

import equinox
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen, nnx
from flax.training.train_state import TrainState

from hypercycle_optax import range_test

_random = np.random.default_rng(0)
X = _random.normal(size=(64, 8)).astype(np.float32)
Y = X.sum(axis=1, keepdims=True)
BATCHES = [(X[i : i + 16], Y[i : i + 16]) for i in range(0, 64, 16)]
SWEEP = {"start": 1e-3, "end": 0.1, "steps": 12}
RATES = np.geomspace(1e-3, 0.1, 12)


def error(outputs, targets):
    return jnp.mean((outputs - targets) ** 2)


def by_hand(loss, params, state=None, factory=optax.adam):
    """The losses of a Python loop with a loss of the parameters, a carried state and a batch."""
    losses, slots = [], factory(0.0).init(params)
    for index, rate in enumerate(RATES):
        batch = BATCHES[index % 4]
        (value, state), grads = jax.value_and_grad(loss, has_aux=True)(params, state, batch)
        updates, slots = factory(float(rate)).update(grads, slots, params)
        params = optax.apply_updates(params, updates)
        losses.append(float(value))
    return losses, params, state


def assert_close(test, losses):
    np.testing.assert_allclose(test.losses, losses, rtol=1e-4)


# Losses that return more.


def plain(params, batch):
    return error(batch[0] @ params, batch[1])


def test_what_a_loss_returns_beside_the_number_is_left_out():
    params = jnp.zeros((8, 1))
    expected, _, _ = by_hand(lambda p, s, b: (plain(p, b), s), params)
    aux = range_test(
        optax.adam, lambda p, b: (plain(p, b), {"a": b, "b": "text"}), params, BATCHES, **SWEEP
    )
    assert_close(aux, expected)


class Net(linen.Module):
    @linen.compact
    def __call__(self, x):
        return linen.Dense(1)(linen.BatchNorm(use_running_average=False, momentum=0.9)(x))


NET = Net()
VARIABLES = NET.init(jax.random.key(0), X[:2])


def with_statistics(params, statistics, batch):
    outputs, new = NET.apply(
        {"params": params, "batch_stats": statistics}, batch[0], mutable=["batch_stats"]
    )
    # The averages are in the loss, so that losses tell whether they were carried along.
    average = new["batch_stats"]["BatchNorm_0"]["mean"]
    return error(outputs, batch[1]) + jnp.sum(average**2), new["batch_stats"]


@pytest.mark.parametrize("shapes", ["one", "two"])
def test_a_state_is_carried_along(shapes):
    batches = BATCHES if shapes == "one" else [*BATCHES * 3, (X[:3], Y[:3])]
    params, statistics = VARIABLES["params"], VARIABLES["batch_stats"]
    expected, after, carried = by_hand(with_statistics, params, statistics)
    seen = []

    def metric(params, model_state):
        seen.append((params, model_state))
        return 1.0

    test = range_test(
        optax.adam, with_statistics, params, batches, model_state=statistics,
        metrics={"one": metric}, metrics_every=12, **SWEEP,
    )  # fmt: skip
    assert_close(test, expected)
    for one, other in zip(jax.tree.leaves(seen[0]), jax.tree.leaves((after, carried)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


# Models.


def test_an_equinox_module():
    """Its functions, whole numbers and switches are no parameters."""

    class Model(equinox.Module):
        mlp: equinox.nn.MLP
        dropout: equinox.nn.Dropout
        count: jax.Array

        def __call__(self, x):
            return self.dropout(self.mlp(x), inference=True)

    model = Model(
        equinox.nn.MLP(8, 1, 16, 1, key=jax.random.key(0)), equinox.nn.Dropout(0.1), jnp.array(3)
    )
    params, rest = equinox.partition(model, equinox.is_inexact_array)

    def loss(model, batch):
        return error(jax.vmap(model)(batch[0]), batch[1])

    expected, after, _ = by_hand(lambda p, s, b: (loss(equinox.combine(p, rest), b), s), params)
    seen = []
    test = range_test(
        optax.adam, equinox.filter_jit(loss), model, BATCHES,
        metrics={"one": lambda model: seen.append(model) or 1.0}, metrics_every=12, **SWEEP,
    )  # fmt: skip
    assert_close(test, expected)
    np.testing.assert_allclose(
        seen[0](X[0]), equinox.combine(after, rest)(X[0]), rtol=1e-4, atol=1e-6
    )
    assert_close(
        range_test(optax.adam, lambda m, b: loss(m["a"], b), {"a": model}, BATCHES, **SWEEP),
        expected,
    )


def test_an_equinox_module_with_a_state():
    model, state = equinox.nn.make_with_state(equinox.nn.BatchNorm)(8, "batch", mode="batch")

    def loss(model, state, batch):
        mapped = jax.vmap(model, axis_name="batch", in_axes=(0, None), out_axes=(0, None))
        outputs, state = mapped(batch[0], state)
        return error(outputs.sum(axis=1, keepdims=True), batch[1]), state

    test = range_test(optax.adam, loss, model, BATCHES, model_state=state, **SWEEP)
    assert np.isfinite(test.losses).all()


class Module(nnx.Module):
    def __init__(self, rngs):
        self.norm = nnx.BatchNorm(8, momentum=0.9, rngs=rngs)
        self.dropout = nnx.Dropout(0.2, rngs=rngs)
        self.dense = nnx.Linear(8, 1, rngs=rngs)

    def __call__(self, x):
        return self.dense(self.dropout(self.norm(x)))


def test_an_nnx_module():
    """Averages and the count of random numbers go along, and the module stays as it was."""

    def loss(model, batch):
        return error(model(batch[0]), batch[1]) + jnp.sum(model.norm.mean[...] ** 2)

    trained = Module(nnx.Rngs(0))
    optimizer = nnx.Optimizer(
        trained, optax.adam(lambda step: jnp.asarray(RATES)[step]), wrt=nnx.Param
    )
    expected = []
    for index in range(12):
        value, grads = nnx.value_and_grad(loss)(trained, BATCHES[index % 4])
        optimizer.update(trained, grads)
        expected.append(float(value))

    model = Module(nnx.Rngs(0))
    before = jax.tree.map(np.asarray, nnx.state(model, (nnx.Param, nnx.BatchStat)))
    seen = []
    test = range_test(
        optax.adam, loss, model, BATCHES,
        metrics={"one": lambda model: seen.append(model) or 1.0}, metrics_every=12, **SWEEP,
    )  # fmt: skip
    assert_close(test, expected)
    np.testing.assert_allclose(seen[0].norm.mean[...], trained.norm.mean[...], rtol=1e-5)
    assert int(seen[0].dropout.rngs.count[...]) == 12
    assert int(model.dropout.rngs.count[...]) == 0
    after = nnx.state(model, (nnx.Param, nnx.BatchStat))
    jax.tree.map(np.testing.assert_array_equal, before, after)


def test_a_train_state_of_flax():
    params, statistics = VARIABLES["params"], VARIABLES["batch_stats"]
    state = TrainState.create(apply_fn=NET.apply, params=params, tx=optax.adam(1e-3))

    def loss(state, statistics, batch):
        return with_statistics(state.params, statistics, batch)

    expected, _, _ = by_hand(with_statistics, params, statistics)
    assert_close(
        range_test(optax.adam, loss, state, BATCHES, model_state=statistics, **SWEEP), expected
    )
    with pytest.raises(TypeError, match="got one that is made already: a chain is given as a"):
        range_test(state.tx, loss, state, BATCHES, model_state=statistics, **SWEEP)


# Errors, which say what is called how.


class Sowing(nnx.Module):
    def __call__(self, x):
        self.seen = nnx.Intermediate(x)
        return x


def sown(model, batch):
    return model["a"](batch[0]).mean() * model["b"](batch[0]).mean()


W = jnp.zeros((8, 1))


@pytest.mark.parametrize(
    ("loss", "params", "more", "error", "text"),
    [
        (
            lambda model, x, y: 1.0, W, {}, TypeError,
            ("the loss is called as loss(params, batch), a batch being one argument, but it takes "
            "(model, x, y): missing a required argument: 'y'"),
        ),
        (
            lambda model, batch: 1.0, nnx.Linear(8, 1, rngs=nnx.Rngs(0)),
            {"key": jax.random.key(0)}, TypeError,
            ("the loss is called as loss(model, batch, key), a batch being one argument, but it "
            "takes (model, batch): too many positional arguments"),
        ),
        (3, W, {}, TypeError, "loss must be a function loss(params, batch), got 3"),
        (
            lambda params, batch: batch[0] @ params, W, {}, ValueError,
            ("loss(params, batch) must return one number, the mean over the batch, or (number, "
            "aux), got float32[16, 1]"),
        ),
        (
            lambda params, batch: (plain(params, batch), 1, 2), W, {}, ValueError,
            "or (number, aux), got (float32[], 1, 2)",
        ),
        (
            lambda params, state, batch: plain(params, batch), W, {"model_state": 1.0}, ValueError,
            ("loss(params, model_state, batch) must return (number, model_state), the number being "
            "the mean over the batch, got float32[]"),
        ),
        (
            lambda params, state, batch: (plain(params, batch), {"batch_stats": state}), W,
            {"model_state": {"mean": jnp.zeros(3)}}, ValueError,
            ("loss(params, model_state, batch) must return (number, model_state), a state like the "
            "given, {'mean': float32[3]}, got {'batch_stats': {'mean': float32[3]}}"),
        ),
        (
            sown, {"a": nnx.Linear(8, 1, rngs=nnx.Rngs(0)), "b": Sowing()}, {}, ValueError,
            "the loss must leave the module the variables that it had, State({",
        ),
        (
            plain, NET, {}, TypeError,
            ("params must be a pytree of floats, an Equinox or nnx module or a TrainState, got "
            "params = Net("),
        ),
        (plain, NET, {}, TypeError, "a linen module holds no parameters, pass those that model.in"),
        (
            plain, {"w": W, "count": 3}, {}, TypeError,
            ("got params['count'] = 3: what is not trained belongs into model_state, or into the "
            "loss"),
        ),
        (plain, {}, {}, TypeError, "params hold no array of floats: there is nothing to train"),
    ],
)  # fmt: skip
def test_bad_input(loss, params, more, error, text):
    with pytest.raises(error) as raised:
        range_test(optax.adam, loss, params, BATCHES, **more, **SWEEP)
    assert text in str(raised.value)
