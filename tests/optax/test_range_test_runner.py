"""hypercycle_optax.range_test: the loop is a scan, compiled once; nothing of the user's changes."""

import functools
import itertools
import random

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from sklearn.datasets import load_digits

import hypercycle as hc
from hypercycle.range_test.sweep import Sweep
from hypercycle_optax import range_test

_images, _digits = load_digits(return_X_y=True)
IMAGES, DIGITS = (_images / 16).astype(np.float32), _digits.astype(np.int32)
START = {
    "hidden": jax.random.normal(jax.random.key(0), (64, 32)) / 8,
    "out": jax.random.normal(jax.random.key(1), (32, 10)) / 6,
}


def logits(params, images):
    return jax.nn.relu(images @ params["hidden"]) @ params["out"]


def loss(params, batch):
    images, digits = batch
    return optax.softmax_cross_entropy_with_integer_labels(logits(params, images), digits).mean()


class Loader:
    """Shuffled batches, as a loader that uses NumPy's global random state."""

    def __init__(self, size=32, rest=False):
        self.size, self.rest = size, rest

    def __iter__(self):
        order = np.random.permutation(len(IMAGES))  # noqa: NPY002
        end = len(order) if self.rest else len(order) - self.size + 1
        for first in range(0, end, self.size):
            rows = order[first : first + self.size]
            yield IMAGES[rows], DIGITS[rows]


def by_hand(values, batches, factory=optax.sgd, start=START):
    """Train in a Python loop, a new transformation with a constant rate at each step."""
    params, losses, state = start, [], None
    for value, batch in zip(values, batches, strict=False):
        transformation = factory(float(value))
        state = transformation.init(params) if state is None else state
        one, grads = jax.value_and_grad(loss)(params, batch)
        updates, state = transformation.update(grads, state, params)
        params = optax.apply_updates(params, updates)
        losses.append(float(one))
    return np.array(losses)


def test_the_losses_are_those_of_a_loop_in_python():
    batches = list(Loader(64))[:20]
    test = range_test(optax.adam, loss, START, batches, start=1e-4, end=1e-1, steps=20)
    assert test.values.tolist() == Sweep(1e-4, 1e-1, 20).values.tolist()
    np.testing.assert_allclose(
        test.losses, by_hand(test.values, batches, optax.adam), rtol=2e-4, atol=1e-6
    )


def test_bounds_on_digits():
    np.random.seed(0)  # noqa: NPY002
    bounds = range_test(optax.sgd, loss, START, Loader(), start=1e-4, steps=300).bounds()
    assert bounds
    assert 1e-3 < bounds.low < bounds.high < 5
    cycle = bounds.cycle(step_size_up=56)
    # From 2.4; other shuffles of the batches end between 0.25 and 0.33.
    assert train(hc.attach(optax.sgd, lr=cycle), epochs=4) < 0.6


def test_it_stops_where_the_loss_diverges():
    def bowl(params, batch):
        return jnp.sum((params - batch) ** 2)

    test = range_test(optax.sgd, bowl, jnp.ones(3), [np.zeros(3, "float32")], start=0.9, steps=300)
    assert 10 < len(test.values) < 300
    assert test.values[-2] > 1.0  # from there on each update overshoots by more
    assert test.losses[-1] > 2 * test.losses[0]
    assert np.isfinite(test.losses).all()


def train(transformation, epochs):
    """Train, and return the loss on all images."""

    @jax.jit
    def step(params, state, batch):
        value, grads = jax.value_and_grad(loss)(params, batch)
        updates, state = transformation.update(grads, state, params)
        return optax.apply_updates(params, updates), state, value

    params, state = START, transformation.init(START)
    for _ in range(epochs):
        for batch in Loader():
            params, state, _ = step(params, state, batch)
    return float(loss(params, (IMAGES, DIGITS)))


def test_it_is_compiled_once_for_each_shape():
    traced = []

    def counted(params, batch):
        traced.append(len(batch[0]))
        return loss(params, batch)

    range_test(optax.sgd, counted, START, Loader(16, rest=True), steps=100, end=1e-2)
    assert len(traced) <= 2  # in the scan, and perhaps for the shape of its carry
    traced.clear()
    range_test(optax.sgd, counted, START, Loader(16, rest=True), steps=400, end=1e-2)
    assert traced.count(5) == 1  # the rest of each epoch
    assert traced.count(16) <= 3


def test_each_batch_is_used_whatever_its_shape():
    sizes = [8, 9, 10, 8, 8, 8] * 2
    batches = [(IMAGES[index : index + size], DIGITS[:size]) for index, size in enumerate(sizes)]
    test = range_test(optax.adam, loss, START, batches, start=1e-4, end=1e-1, steps=12)
    np.testing.assert_allclose(
        test.losses, by_hand(test.values, batches, optax.adam), rtol=1e-3, atol=1e-6
    )


def test_lengths_that_all_differ_are_used_and_warned_of():
    used = []

    def loss(w, batch):
        jax.debug.callback(lambda length: used.append(int(length)), batch.sum())
        return jnp.mean((batch * w - 1.0) ** 2)

    batches = [np.ones(length, np.float32) for length in range(8, 24)]
    with pytest.warns(UserWarning, match="the batches have 16 different shapes so far, and JAX"):
        range_test(optax.sgd, loss, jnp.zeros(()), batches, start=1e-4, end=0.1, steps=20)
    jax.effects_barrier()
    assert used == [*range(8, 24), *range(8, 12)]


def test_an_endless_stream_of_other_shapes_ends():
    drawn = []

    class Stream:
        def __iter__(self):
            for index in itertools.count():
                drawn.append(index)
                yield np.ones(8 if index == 0 else 9 + index % 3, np.float32)

    def loss(w, batch):
        return jnp.mean((batch * w - 1.0) ** 2)

    test = range_test(optax.sgd, loss, jnp.zeros(()), Stream(), end=1e-3, steps=20)
    assert len(test.values) == 20
    assert len(drawn) <= 32


def test_a_function_that_makes_a_generator():
    def make():
        yield from Loader(64)

    assert len(range_test(optax.sgd, loss, START, make, end=1e-3, steps=40).values) == 40
    with pytest.raises(TypeError, match="pass the loader, a list or the function that makes it"):
        range_test(optax.sgd, loss, START, make(), steps=20)


@pytest.mark.parametrize("sizes", [[16] * 16, [16, 12] * 8], ids=["one shape", "two shapes"])
def test_keys_and_accumulation_are_the_same_for_one_shape_and_for_several(sizes):
    """Each batch has a key of its own, in the scan and one by one."""

    def noise(params, batch, key):
        return loss(params, batch) * 0 + jax.random.uniform(key)

    batches = [(IMAGES[:size], DIGITS[:size]) for size in sizes]
    test = range_test(
        optax.sgd, noise, START, batches, key=jax.random.key(3), steps=12, accumulate=2, end=1e-3
    )
    keys = jax.random.split(
        jax.random.fold_in(jax.random.fold_in(jax.random.key(3), 0), 0), (12, 2)
    )
    expected = jax.vmap(jax.vmap(jax.random.uniform))(keys).mean(axis=1)
    np.testing.assert_allclose(test.losses, expected, rtol=1e-6)


def test_nothing_of_the_users_changes():
    def run(with_test):
        random.seed(1)
        np.random.seed(1)  # noqa: NPY002
        if with_test:
            range_test(optax.sgd, loss, START, Loader(), steps=50, repeats=2)
        return random.random(), train(optax.sgd(0.1), epochs=1)

    assert run(with_test=True) == run(with_test=False)


class Eager(Loader):
    """Draws as soon as it is asked for an iterator."""

    def __iter__(self):
        return iter(list(super().__iter__()))


def test_random_states_come_back_where_asking_for_an_iterator_draws():
    state = np.random.get_state()[1:3]  # noqa: NPY002
    range_test(optax.sgd, loss, START, Eager(), steps=20)
    np.testing.assert_equal(np.random.get_state()[1:3], state)  # noqa: NPY002


def test_the_random_state_of_a_loader_of_pytorch_comes_back():
    torch = pytest.importorskip("torch")
    images = torch.from_numpy(IMAGES), torch.from_numpy(DIGITS)
    dataset = torch.utils.data.TensorDataset(*images)
    loader = torch.utils.data.DataLoader(dataset, batch_size=32, shuffle=True, drop_last=True)
    state = torch.get_rng_state()
    range_test(optax.sgd, loss, START, loader, steps=20)
    assert torch.equal(torch.get_rng_state(), state)


def test_random_states_come_back_after_an_error():
    class Broken(Loader):
        def __iter__(self):
            yield from list(super().__iter__())[:3]
            raise KeyboardInterrupt

    state = np.random.get_state()[1].tolist()  # noqa: NPY002
    with pytest.raises(KeyboardInterrupt):
        range_test(optax.sgd, loss, START, Broken())
    assert np.random.get_state()[1].tolist() == state  # noqa: NPY002


def test_any_hyperparameter_and_linear_sweeps():
    factory = functools.partial(optax.adamw, 1e-3)
    test = range_test(
        factory, loss, START, Loader(), name="weight_decay", start=0.0, end=1.0, steps=30,
        spacing="linear",
    )  # fmt: skip
    assert test.name == "weight_decay"
    assert test.values.tolist() == np.linspace(0, 1, 30).tolist()
    with pytest.raises(ValueError, match="a range test of 'weight_decay' needs its start and end"):
        range_test(factory, loss, START, Loader(), name="weight_decay")
    with pytest.raises(ValueError, match="adamw has no hyperparameter 'momemtum'"):
        range_test(optax.adamw, loss, START, Loader(), name="momemtum", start=0.5, end=0.9)


def test_repeats_have_other_batches():
    test = range_test(optax.sgd, loss, START, Loader(), steps=40, end=1e-3, repeats=3)
    assert test.losses.shape == (3, 40)
    assert len({row[0] for row in test.losses.tolist()}) == 3


def test_accumulated_batches_are_one_update():
    batches = list(Loader(16))[:40]
    pairs = [
        tuple(np.concatenate(both) for both in zip(*batches[i : i + 2], strict=True))
        for i in range(0, 40, 2)
    ]
    two = range_test(optax.sgd, loss, START, batches, steps=20, end=1.0, accumulate=2)
    one = range_test(optax.sgd, loss, START, pairs, steps=20, end=1.0)
    np.testing.assert_allclose(two.losses, one.losses, rtol=1e-4, atol=1e-6)
    other_shape = [*batches, (IMAGES[:3], DIGITS[:3])]  # in the last block, which goes one by one
    apart = range_test(
        optax.sgd, loss, START, other_shape, steps=20, end=1.0, accumulate=2, repeats=2
    )
    np.testing.assert_allclose(apart.losses[0], one.losses, rtol=1e-4, atol=1e-6)


def test_metrics_are_measured_after_every_so_many_updates():
    def accuracy(params):
        return (logits(params, IMAGES[:500]).argmax(axis=1) == DIGITS[:500]).mean()

    test = range_test(
        optax.sgd, loss, START, Loader(), steps=60, end=0.2, start=0.05,
        metrics={"accuracy": accuracy}, metrics_every=20,
    )  # fmt: skip
    measured = np.flatnonzero(np.isfinite(test.metrics["accuracy"]))
    assert measured.tolist() == [19, 39, 59]
    # Ten classes; whatever the shuffle of the batches, it is between 0.64 and 0.74.
    assert 0.4 < test.metrics["accuracy"][59] <= 1.0


def test_a_key_for_the_loss():
    def noisy(params, batch, key):
        return loss(params, batch) + 1e-3 * jax.random.normal(key)

    batches = list(Loader())[:5]
    tests = [
        range_test(optax.sgd, noisy, START, batches, key=jax.random.key(seed), steps=20)
        for seed in (0, 0, 1)
    ]
    assert tests[0] == tests[1] != tests[2]
    assert len(set(tests[0].losses[:5].tolist())) == 5


def test_what_is_not_finite_ends_it():
    def breaking(params, batch):
        value = loss(params, batch)
        return jnp.where(jnp.abs(params["out"]).max() > 3, jnp.nan, value)

    test = range_test(optax.sgd, breaking, START, Loader(), steps=200, end=100.0)
    assert len(test.values) < 200
    assert np.isfinite(test.losses[:-1]).all()


@pytest.mark.parametrize("last", [20, 23])
def test_metrics_are_not_measured_after_what_is_not_finite(last):
    measured = []

    def breaking(params, batch):
        return loss(params, batch) / (batch[0][0, 0] != -1)

    batches = list(Loader())[: last - 1]
    images, digits = batches[0]
    batches.append(
        (np.where(np.arange(images.size).reshape(images.shape) == 0, -1, images), digits)
    )
    test = range_test(
        optax.sgd, breaking, START, batches, steps=40, end=1e-3,
        metrics={"one": lambda params: measured.append(1) or 1.0}, metrics_every=10,
    )  # fmt: skip
    assert len(test.values) == last
    assert np.flatnonzero(np.isfinite(test.metrics["one"])).tolist() == list(range(9, last - 1, 10))
    assert len(measured) == (last - 1) // 10


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"batches": []}, ValueError, "batches is empty: there are no batches to train on"),
        (
            {"batches": None},
            TypeError,
            "batches must be a loader, a list or another.*got None",
        ),
        ({"metrics": [3]}, TypeError, r"metrics must be {name: function\(params\)}, got \[3\]"),
        ({"metrics": {"loss": abs}}, ValueError, "a metric cannot be called 'loss'"),
        ({"metrics": {"one": type}}, TypeError, "one must be a number, got <class 'dict'>"),
        ({"batches": iter([])}, TypeError, "got the iterator.*its batches would be consumed"),
        ({"loss": lambda params, batch: params["out"]}, ValueError, "must return one number"),
        ({"start": 1.0, "end": 0.1}, ValueError, "start must be below end"),
        ({"start": 0.0}, ValueError, "an exponential sweep cannot start at 0"),
        ({"steps": 3}, ValueError, "needs at least 10 steps"),
        ({"repeats": 0}, ValueError, "repeats must be at least 1"),
        ({"accumulate": 0}, ValueError, "accumulate must be at least 1"),
        ({"start": -1.0, "spacing": "linear"}, ValueError, r"accepts values in \[0, inf\)"),
    ],
)
def test_bad_input(arguments, error, text):
    given = {"factory": optax.sgd, "loss": loss, "params": START, "batches": Loader(), **arguments}
    positional = [given.pop(name) for name in ("factory", "loss", "params", "batches")]
    with pytest.raises(error, match=text):
        range_test(*positional, **given)
