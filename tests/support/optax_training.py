"""A small training run for the tests of Optax, and the oracle beside it."""

import jax
import jax.numpy as jnp
import numpy as np
import optax

import hypercycle as hc

LR = hc.Cycle(1e-3, 1e-1, 5, 3, waveform="hann")
MOMENTUM = LR.opposite(0.85, 0.95)
DECAY = hc.Cycle(1e-4, 1e-2, 7, scale="halving")
PLAN = hc.Plan(lr=LR, momentum=MOMENTUM, weight_decay=DECAY)
ADAMW = {"lr": "learning_rate", "momentum": "b1", "weight_decay": "weight_decay"}
PARAMS = {"w": jnp.arange(6.0).reshape(2, 3) / 6, "b": jnp.ones(3)}


def gradients_of(params):
    return jax.tree.map(lambda leaf: jnp.sin(3.0 * leaf) + 0.1, params)


def train(transformation, updates, params=PARAMS, state=None, **extra):
    state = transformation.init(params) if state is None else state
    update = jax.jit(transformation.update)
    for _ in range(updates):
        changes, state = update(gradients_of(params), state, params, **extra)
        params = optax.apply_updates(params, changes)
    return params, state


def by_hand(factory, names, plan, updates, params=PARAMS, *, start=0):
    """The oracle: the factory called anew for every step, with that step's numbers."""
    state = None
    for step in range(start, start + updates):
        values = {names[name]: np.float32(value) for name, value in plan(step).items()}
        transformation = factory(**values)
        state = transformation.init(params) if state is None else state
        changes, state = transformation.update(gradients_of(params), state, params)
        params = optax.apply_updates(params, changes)
    return params, state


def assert_same(ours, theirs, rtol=2e-6):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-7), ours, theirs)
