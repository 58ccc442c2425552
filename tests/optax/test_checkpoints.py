"""Saved in the middle of a cycle, continued bit for bit."""

import pickle

import equinox
import flax.serialization
import jax
import jax.numpy as jnp
import numpy as np
import optax
import orbax.checkpoint
import pytest

import hypercycle as hc
from hypercycle_optax import at_step, cycled

LR = hc.Cycle(1e-3, 1e-1, 50, 30, waveform="hann", scale=hc.Exponential(0.999))
PLAN = hc.Plan(lr=LR, momentum=LR.opposite(0.85, 0.95), weight_decay=hc.Cycle(1e-4, 1e-2, 37))
PARAMS = {"w": jax.random.normal(jax.random.key(0), (8, 4)), "b": jnp.zeros(4)}
TX = cycled(optax.adamw, PLAN)


def trained(updates, params=PARAMS, state=None, tx=TX):
    state = tx.init(params) if state is None else state

    @jax.jit
    def step(params, state):
        gradients = jax.tree.map(lambda leaf: jnp.sin(3 * leaf) + 0.1, params)
        changes, state = tx.update(gradients, state, params)
        return optax.apply_updates(params, changes), state

    for _ in range(updates):
        params, state = step(params, state)
    return params, state


def by_pickle(saved, fresh, path):
    del fresh, path
    return pickle.loads(pickle.dumps(jax.device_get(saved)))


def by_flax(saved, fresh, path):
    del path
    return flax.serialization.from_bytes(fresh, flax.serialization.to_bytes(saved))


def by_orbax(saved, fresh, path):
    with orbax.checkpoint.StandardCheckpointer() as checkpointer:
        checkpointer.save(path / "saved", saved)
        checkpointer.wait_until_finished()
        return checkpointer.restore(path / "saved", fresh)


def by_equinox(saved, fresh, path):
    equinox.tree_serialise_leaves(path / "saved.eqx", saved)
    return equinox.tree_deserialise_leaves(path / "saved.eqx", fresh)


WAYS = [by_pickle, by_flax, by_orbax, by_equinox]


@pytest.mark.parametrize("way", WAYS)
def test_a_run_that_is_continued_in_mid_cycle_is_the_same_bit_for_bit(way, tmp_path):
    whole = trained(100)
    restored = way(trained(57), (PARAMS, TX.init(PARAMS)), tmp_path)
    continued = trained(43, *restored)
    assert int(continued[1].count) == 100
    jax.tree.map(np.testing.assert_array_equal, continued, whole)


@pytest.mark.parametrize("way", WAYS)
def test_what_is_cycled_may_change_between_save_and_restore(way, tmp_path):
    _, state = trained(57)
    other = cycled(optax.adamw, {"lr": LR, "eps": hc.Cycle(1e-8, 1e-6, 9)}, weight_decay=0.1)
    fresh = other.init(PARAMS)
    assert jax.tree.structure(fresh) == jax.tree.structure(state)
    restored = way((PARAMS, state), (PARAMS, fresh), tmp_path)
    assert int(trained(3, *restored, tx=other)[1].count) == 60


def test_weights_alone_continue_the_schedules_with_at_step():
    params, _ = trained(57)
    _, state = trained(1, params, at_step(TX.init(params), 57))
    _, started = trained(1, params, tx=cycled(optax.adamw, PLAN, start_step=57))
    jax.tree.map(np.testing.assert_array_equal, state, started)
    assert int(state.count) == 58


def test_a_branch_goes_on_with_the_state_of_its_trunk():
    branch = cycled(optax.adamw, PLAN.branch(30, 10, names=["lr", "momentum"]))
    branch.plan.check_fingerprint(TX.plan.fingerprint())
    params, state = trained(20)
    ended, last = trained(20, params, state, tx=branch)
    whole, _ = trained(40, tx=branch)
    assert int(last.count) == 40
    for one, other in zip(jax.tree.leaves(ended), jax.tree.leaves(whole), strict=True):
        np.testing.assert_array_equal(one, other)
