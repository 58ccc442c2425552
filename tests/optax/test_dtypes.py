"""Results have the dtypes of Python floats as hyperparameters."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from optax_training import (
    LR,
    MOMENTUM,
    PARAMS,
    gradients_of,
)

import hypercycle as hc
from hypercycle_optax import at_step, cycled


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16, jnp.float32])
@pytest.mark.parametrize("factory", [optax.adamw, optax.sgd, optax.lamb, optax.rmsprop])
def test_dtypes_are_those_of_python_floats(dtype, factory):
    params = jax.tree.map(lambda leaf: leaf.astype(dtype), PARAMS)
    own = "momentum" if factory in (optax.sgd, optax.rmsprop) else "b1"
    ours = cycled(factory, {"lr": LR, "momentum": MOMENTUM})
    plain = factory(learning_rate=0.1, **{own: 0.9})
    state = ours.init(params)
    changes, new_state = jax.jit(ours.update)(gradients_of(params), state, params)
    their_changes, their_state = plain.update(gradients_of(params), plain.init(params), params)
    dtypes = functools.partial(jax.tree.map, lambda leaf: leaf.dtype)
    assert dtypes(changes) == dtypes(their_changes)
    assert dtypes(new_state.inner_state) == dtypes(their_state)
    assert dtypes(new_state) == dtypes(state)


def test_beta2_stays_below_1_with_bfloat16_parameters():
    params = {"w": jnp.ones(4, jnp.bfloat16)}
    ours = cycled(optax.scale_by_adam, {"b2": hc.Cycle(0.999, 0.9995, 5)})
    state = ours.init(params)
    for _ in range(3):
        changes, state = jax.jit(ours.update)({"w": jnp.ones(4, jnp.bfloat16)}, state, params)
        assert np.isfinite(np.asarray(changes["w"], np.float32)).all()
    # The second moment decays where the gradient is 0; with a β₂ of 1 it would not.
    large = {"w": jnp.full(4, 256.0, jnp.bfloat16)}
    zero = {"w": jnp.zeros(4, jnp.bfloat16)}
    _, state = ours.update(large, state, params)
    before = np.asarray(state.inner_state.nu["w"], np.float32)
    for _ in range(8):
        _, state = ours.update(zero, at_step(state, 0), params)
    after = np.asarray(state.inner_state.nu["w"], np.float32)
    exact = before * 0.999**8
    assert (after <= before).all()
    np.testing.assert_allclose(after, exact, rtol=0.01)


def test_no_leaf_is_weakly_typed():
    for factory in (optax.adamw, optax.contrib.prodigy, optax.contrib.dadapt_adamw):
        ours = cycled(factory, {"lr": LR})
        state = ours.init(PARAMS)
        for _ in range(2):
            assert not any(leaf.weak_type for leaf in jax.tree.leaves(state))
            changes, state = ours.update(gradients_of(PARAMS), state, PARAMS)
            assert not any(leaf.weak_type for leaf in jax.tree.leaves(changes))


def test_a_factory_whose_state_is_weakly_typed_compiles_once():
    def weak(learning_rate):
        def update(updates, state, params=None):
            del params
            return optax.tree.scale(-learning_rate, updates), state * 0.5

        return optax.GradientTransformation(lambda params: jnp.asarray(1.0), update)

    assert weak(0.1).init(PARAMS).weak_type
    ours = cycled(weak, {"lr": LR})
    traced = []

    @jax.jit
    def update(*arguments):
        traced.append(1)
        return ours.update(*arguments)

    state = ours.init(PARAMS)
    for _ in range(3):
        assert not state.inner_state.weak_type
        _, state = update(gradients_of(PARAMS), state, PARAMS)
    assert len(traced) == 1
