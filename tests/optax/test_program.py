"""The factory is called with the values of each step, and what cannot follow is told."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from optax_training import DECAY, LR, MOMENTUM, PARAMS, assert_same, by_hand, train

import hypercycle as hc
from hypercycle_optax import cycled


def test_any_function_that_makes_a_transformation():
    def clipped(learning_rate, largest, decay=0.1):
        return optax.chain(
            optax.clip_by_global_norm(largest), optax.trace(decay), optax.scale(-learning_rate)
        )

    plan = hc.Plan(lr=LR, largest=hc.Cycle(0.1, 2.0, 4), decay=MOMENTUM)
    names = {"lr": "learning_rate", "largest": "largest", "decay": "decay"}
    assert_same(train(cycled(clipped, plan), 15)[0], by_hand(clipped, names, plan, 15)[0])


def test_fixed_arguments_and_constants_are_handed_on_as_they_are():
    seen = []

    def spy(learning_rate, b1, count, mask, on):
        seen.append((b1, count, mask, on))
        return optax.sgd(learning_rate)

    mask = object()
    train(cycled(spy, {"lr": LR, "b1": 0.5}, count=3, mask=mask, on=True), 1)
    assert set(seen) == {(0.5, 3, mask, True)}
    assert all(type(b1) is float for b1, *_ in seen)


def test_a_constant_that_counts_stays_whole():
    ours = cycled(optax.lbfgs, {"lr": LR, "memory_size": 3}, linesearch=None)
    state = ours.init(PARAMS)
    assert state.inner_state[0].diff_params_memory["b"].shape == (3, 3)


@pytest.mark.parametrize(
    ("factory", "argument", "fixed"),
    [
        (optax.adagrad, "initial_accumulator_value", {"learning_rate": 0.1}),
        (optax.rmsprop, "initial_scale", {"learning_rate": 0.1}),
        (optax.rprop, "learning_rate", {}),
        (optax.contrib.muon, "ns_coeffs[0]", {"learning_rate": 0.1}),
        (optax.contrib.cocob, "eps", {}),
    ],
)
def test_arguments_that_updates_do_not_read_are_refused(factory, argument, fixed):
    transformation = cycled(factory, {argument: hc.Cycle(0.1, 0.9, 5)}, **fixed)
    with pytest.raises(ValueError, match=r"do not depend on .* give it as fixed"):
        train(transformation, 1)


def test_weight_decay_that_is_masked_everywhere_is_told():
    transformation = cycled(optax.adamw, {"lr": LR, "weight_decay": DECAY}, mask={"w": 0, "b": 0})
    with pytest.raises(ValueError, match="adamw do not depend on weight_decay here"):
        train(transformation, 1)


def test_a_schedule_that_branches_in_python_is_told():
    def schedule(step):
        return 0.1 if step < 5 else 0.01

    with pytest.raises(TypeError, match=r"schedule of lr.*cannot be traced.*jnp.where"):
        train(cycled(optax.sgd, {"lr": schedule}), 1)


def test_schedules_of_optax_and_of_users_are_taken():
    plan = hc.Plan(lr=optax.cosine_decay_schedule(0.1, 10), momentum=lambda step: 0.5 + 0.01 * step)
    names = {"lr": "learning_rate", "momentum": "momentum"}
    assert_same(train(cycled(optax.sgd, plan), 12)[0], by_hand(optax.sgd, names, plan, 12)[0])


@pytest.mark.parametrize(
    "schedule",
    [
        hc.Cycle(0.1, 0.2, 2**31 - 1),
        hc.Cycle(0.1, 0.2, 2**30, 2**30),
        hc.Ramp(0.1, 0.2, 2**31),
        hc.Chain((LR, 2**30), (LR, 2**30), LR),
        hc.Product(hc.Ramp(0.1, 0.2, 2**31), LR),
    ],
)
def test_lengths_that_do_not_fit_are_refused(schedule):
    with pytest.raises(ValueError, match=r"int32.*stays at 2\*\*31 - 1: choose shorter"):
        cycled(optax.sgd, {"lr": schedule})
    cycled(optax.sgd, {"lr": schedule}, external_step=True)


def test_a_mask_function_keeps_masking():
    def mask(params):
        return jax.tree.map(lambda leaf: leaf.ndim > 1, params)

    plan = {"lr": hc.Cycle(0.1, 0.2, 5), "weight_decay": hc.Cycle(0.1, 0.2, 5)}
    ours = cycled(optax.adamw, plan, mask=mask)
    zero = jax.tree.map(jnp.zeros_like, PARAMS)
    changes, _ = jax.jit(ours.update)(zero, ours.init(PARAMS), PARAMS)
    np.testing.assert_allclose(changes["w"], -0.1 * 0.1 * PARAMS["w"], rtol=1e-6)
    assert not changes["b"].any()


@pytest.mark.parametrize(
    ("factory", "plan", "fixed", "error", "text"),
    [
        (
            optax.adamw,
            {"learning_rate": LR, "lr": LR},
            {},
            ValueError,
            "same hyperparameter of adamw",
        ),
        (
            optax.adamw,
            {"b1": MOMENTUM, "momentum": MOMENTUM},
            {},
            ValueError,
            "same hyperparameter",
        ),
        (optax.adamw, {"lr": LR}, {"learning_rate": 1.0}, ValueError, "twice: in the plan and as"),
        (optax.adamw, {"b1": MOMENTUM}, {}, TypeError, "missing 1 required.*learning_rate"),
        (optax.adamw, {"lr": hc.Cycle(-1.0, 1.0, 5)}, {}, ValueError, r"lr \(learning_rate\) acc"),
        (optax.adamw, {"lr": LR, "b2": hc.Cycle(0.9, 1.0, 5)}, {}, ValueError, r"\[0, 1\)"),
        (lambda learning_rate: learning_rate, {"lr": LR}, {}, TypeError, "not an optax.Gradient"),
    ],
)
def test_what_is_refused_at_once(factory, plan, fixed, error, text):
    with pytest.raises(error, match=text):
        cycled(factory, plan, **fixed)
