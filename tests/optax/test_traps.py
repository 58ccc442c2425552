"""What goes wrong with optax.inject_hyperparams, and does not here: docs/jax.md, trap by trap."""

import flax.serialization
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import hypercycle as hc
import hypercycle_optax

LR = hc.Cycle(1e-3, 1e-1, 500)
DECAY = hc.Cycle(0.1, 0.2, 5)
PARAMS = {"w": jnp.ones((2, 3)), "b": jnp.ones(3)}
ONES = jax.tree.map(jnp.ones_like, PARAMS)
ZEROS = jax.tree.map(jnp.zeros_like, PARAMS)


def injected(factory, **arguments):
    return optax.inject_hyperparams(factory)(**arguments)


def ours(factory, plan, **fixed):
    return hypercycle_optax.cycled(factory, plan, **fixed)


def test_1_low_precision_parameters():
    params = jax.tree.map(lambda leaf: leaf.astype(jnp.bfloat16), PARAMS)
    theirs = injected(optax.adamw, learning_rate=LR)
    state = theirs.init(params)
    assert state.hyperparams["b2"] == 1.0  # 0.999 in bfloat16
    changes, _ = theirs.update(params, state, params)
    assert jnp.isnan(changes["w"]).all()

    tx = ours(optax.adamw, {"lr": LR, "b2": hc.Cycle(0.99, 0.999, 5)})
    changes, _ = tx.update(params, tx.init(params), params)
    assert jnp.isfinite(changes["w"]).all()
    assert changes["w"].dtype == jnp.bfloat16


def test_2_mask_functions():
    def mask(params):
        return jax.tree.map(lambda leaf: leaf.ndim > 1, params)

    theirs = injected(optax.adamw, learning_rate=0.1, weight_decay=0.1, mask=mask)
    changes, _ = theirs.update(ZEROS, theirs.init(PARAMS), PARAMS)
    assert not changes["w"].any()  # no weight decay at all

    tx = ours(optax.adamw, {"lr": LR, "weight_decay": DECAY}, mask=mask)
    changes, _ = tx.update(ZEROS, tx.init(PARAMS), PARAMS)
    np.testing.assert_allclose(changes["w"], -1e-3 * 0.1, rtol=1e-5)
    assert not changes["b"].any()


def test_3_moving_the_count():
    theirs = injected(optax.sgd, learning_rate=LR)
    state = theirs.init(PARAMS)._replace(count=jnp.asarray(500))
    changes, _ = theirs.update(ONES, state, PARAMS)
    np.testing.assert_allclose(changes["b"], -1e-3, rtol=1e-5)  # still step 0

    tx = ours(optax.sgd, {"lr": LR})
    for moved in (
        hypercycle_optax.at_step(tx.init(PARAMS), 500),
        optax.tree.set(tx.init(PARAMS), count=jnp.asarray(500, jnp.int32)),
    ):
        changes, _ = tx.update(ONES, moved, PARAMS)
        np.testing.assert_allclose(changes["b"], -1e-1, rtol=1e-5)


def test_4_reading_a_value():
    state = injected(optax.sgd, learning_rate=LR).init(PARAMS)
    with pytest.raises(KeyError, match="multiple values"):
        optax.tree.get(state, "learning_rate")

    plan = hc.Plan(lr=LR)
    tx = ours(optax.sgd, plan)
    state = tx.init(PARAMS)
    assert plan(int(state.count)) == {"lr": 1e-3}


def test_5_what_is_scheduled_may_change_between_runs():
    state = injected(optax.adamw, learning_rate=LR).init(PARAMS)
    target = injected(optax.adamw, learning_rate=LR, weight_decay=DECAY).init(PARAMS)
    saved = flax.serialization.to_bytes(state)
    with pytest.raises(ValueError, match="do not match"):
        flax.serialization.from_bytes(target, saved)

    saved = flax.serialization.to_bytes(ours(optax.adamw, {"lr": LR}).init(PARAMS))
    target = ours(optax.adamw, {"lr": LR, "weight_decay": DECAY}).init(PARAMS)
    flax.serialization.from_bytes(target, saved)


def test_6_constants_come_from_the_code_not_from_the_checkpoint():
    saved = injected(optax.sgd, learning_rate=1e-2).init(PARAMS)
    changes, _ = injected(optax.sgd, learning_rate=1e-5).update(ONES, saved, PARAMS)
    np.testing.assert_allclose(changes["b"], -1e-2, rtol=1e-5)  # the code says 1e-5

    saved = ours(optax.sgd, {"lr": 1e-2}).init(PARAMS)
    changes, _ = ours(optax.sgd, {"lr": 1e-5}).update(ONES, saved, PARAMS)
    np.testing.assert_allclose(changes["b"], -1e-5, rtol=1e-5)


def test_7_numpy_scalars_and_dtypes_among_the_arguments():
    state = injected(optax.adam, learning_rate=np.float32(0.1)).init(PARAMS)
    assert "learning_rate" not in state.hyperparams  # silently left out
    with pytest.raises(TypeError, match="unhashable"):
        injected(optax.adam, learning_rate=0.1, mu_dtype=jnp.bfloat16).init(PARAMS)

    tx = ours(optax.adam, {"lr": np.float32(0.1), "b1": DECAY}, mu_dtype=jnp.bfloat16)
    _, state = tx.update(ONES, tx.init(PARAMS), PARAMS)
    assert state.inner_state[0].mu["w"].dtype == jnp.bfloat16


def test_8_the_traced_default_arguments_break_factories():
    theirs = injected(optax.adafactor, learning_rate=LR)
    with pytest.raises(jax.errors.TracerBoolConversionError):
        jax.jit(theirs.update)(ONES, jax.jit(theirs.init)(PARAMS), PARAMS)

    tx = ours(optax.adafactor, {"lr": LR})
    jax.jit(tx.update)(ONES, tx.init(PARAMS), PARAMS)


def test_9_the_size_of_the_state():
    plain = len(jax.tree.leaves(optax.adamw(0.1).init(PARAMS)))
    theirs = injected(optax.adamw, learning_rate=LR, b1=LR, weight_decay=DECAY).init(PARAMS)
    assert len(jax.tree.leaves(theirs)) == plain + 10
    state = ours(optax.adamw, {"lr": LR, "b1": LR, "weight_decay": DECAY}).init(PARAMS)
    assert len(jax.tree.leaves(state)) == plain + 1
