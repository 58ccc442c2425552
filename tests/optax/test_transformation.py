"""The transformation: names, values, groups, steps, states, and what is refused."""

import functools
import pickle
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import hypercycle as hc
import hypercycle_optax
from hypercycle_optax import CycledState, at_step, cycled

LR = hc.Cycle(1e-3, 1e-1, 5, 3, waveform="hann")
MOMENTUM = LR.opposite(0.85, 0.95)
DECAY = hc.Cycle(1e-4, 1e-2, 7, scale="halving")
PLAN = hc.Plan(lr=LR, momentum=MOMENTUM, weight_decay=DECAY)
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


ADAMW = {"lr": "learning_rate", "momentum": "b1", "weight_decay": "weight_decay"}


def test_follows_the_plan_like_the_factory_called_anew_for_each_step():
    ours, state = train(hc.attach(optax.adamw, PLAN), 20)
    theirs, their_state = by_hand(optax.adamw, ADAMW, PLAN, 20)
    assert_same(ours, theirs)
    assert_same(state.inner_state, their_state)
    assert int(state.count) == 20
    plain, _ = train(optax.adamw(LR(0), MOMENTUM(0), weight_decay=DECAY(0)), 20)
    assert np.abs(plain["w"] - ours["w"]).max() > 0.1


def test_the_state_is_one_count_beside_the_factory_s_own():
    state = hc.attach(optax.adamw, PLAN).init(PARAMS)
    assert isinstance(state, CycledState)
    assert state.count.dtype == jnp.int32
    assert state.count.shape == ()
    inner = optax.adamw(0.1).init(PARAMS)
    assert jax.tree.structure(state.inner_state) == jax.tree.structure(inner)
    assert len(jax.tree.leaves(state)) == len(jax.tree.leaves(inner)) + 1


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


def test_a_partial_of_a_factory_of_optax_is_taken():
    factory = functools.partial(optax.adamw, b2=0.9, nesterov=True)
    ours, _ = train(hc.attach(factory, PLAN), 10)
    assert_same(ours, by_hand(factory, ADAMW, PLAN, 10)[0])


# Names.


@pytest.mark.parametrize(
    ("factory", "name", "own"),
    [
        (optax.sgd, "lr", "learning_rate"),
        (optax.sgd, "momentum", "momentum"),
        (optax.adam, "momentum", "b1"),
        (optax.adam, "beta1", "b1"),
        (optax.adam, "beta2", "b2"),
        (optax.adam, "eps", "eps"),
        (optax.lamb, "momentum", "b1"),
        (optax.lion, "beta2", "b2"),
        (optax.adan, "beta3", "b3"),
        (optax.rmsprop, "momentum", "momentum"),
        (optax.contrib.madgrad, "momentum", "momentum"),
        (optax.adafactor, "weight_decay", "weight_decay_rate"),
        (optax.contrib.prodigy, "momentum", "betas[0]"),
        (optax.contrib.prodigy, "beta2", "betas[1]"),
        (optax.contrib.prodigy, "beta3", "beta3"),
        (optax.contrib.muon, "ns_coeffs[2]", "ns_coeffs[2]"),
    ],
)
def test_neutral_and_own_names(factory, name, own):
    assert str(hypercycle_optax.arguments.find(factory, name)) == own


@pytest.mark.parametrize("factory", [optax.lion, optax.contrib.schedule_free_adamw, optax.adan])
def test_momentum_is_not_guessed_where_b1_means_something_else(factory):
    with pytest.raises(ValueError, match=r"say 'beta1' or 'beta2'"):
        cycled(factory, {"lr": LR, "momentum": MOMENTUM})


@pytest.mark.parametrize(
    ("factory", "plan", "fixed", "error", "text"),
    [
        (optax.adamw, {"weigth_decay": LR}, {}, ValueError, "did you mean 'weight_decay'.*eps"),
        (optax.adamw, {"lrr": LR}, {}, ValueError, "did you mean 'lr'"),
        (optax.adamw, {"learning_rate": LR, "lr": LR}, {}, ValueError, "same hyperparameter"),
        (optax.adamw, {"b1": MOMENTUM, "momentum": MOMENTUM}, {}, ValueError, "same hyperp"),
        (optax.adamw, {"lr": LR}, {"learning_rate": 1.0}, ValueError, "twice: in the plan and as"),
        (optax.contrib.prodigy, {"betas": LR}, {}, ValueError, r"2 members: name one, betas\[0\]"),
        (optax.adamw, {"lr": LR, "nesterov": LR}, {}, ValueError, "nesterov of adamw is a switch"),
        (optax.adamw, {"lr": LR, "mask": LR}, {}, ValueError, "mask of adamw is no number"),
        (optax.lbfgs, {"memory_size": LR}, {}, ValueError, "whole number by meaning"),
        (optax.contrib.muon, {"lr": LR, "ns_steps": LR}, {}, ValueError, "whole number by meaning"),
        (optax.contrib.galore, {"lr": LR, "rank": LR}, {}, ValueError, "whole number by meaning"),
        (optax.adamw, {"b1": MOMENTUM}, {}, TypeError, "missing 1 required.*learning_rate"),
        (optax.adamw, {"lr": hc.Cycle(-1.0, 1.0, 5)}, {}, ValueError, r"lr \(learning_rate\) acc"),
        (optax.adamw, {"lr": LR, "b2": hc.Cycle(0.9, 1.0, 5)}, {}, ValueError, r"\[0, 1\)"),
        (optax.adamw, {"lr": hc.Cycle(0.1, 0.2, "2ep")}, {}, ValueError, "steps_per_epoch"),
        (optax.adamw, LR, {}, TypeError, "plan must be a Plan or a mapping"),
        (optax.identity, {"lr": LR}, {}, ValueError, "identity has no numeric argument"),
        (optax.adamw(0.1), {"lr": LR}, {}, TypeError, "must be a function that makes an optax"),
        (lambda learning_rate: learning_rate, {"lr": LR}, {}, TypeError, "not an optax.Gradient"),
        (optax.adamw, {"lr": LR}, {"start_step": -1}, ValueError, "start_step must be at least 0"),
        (optax.adamw, {"lr": LR}, {"start_step": 2**31}, ValueError, r"at most 2\*\*31 - 1"),
        (optax.adamw, {"lr": LR}, {"param_labels": {}}, ValueError, "plans with Groups"),
    ],
)
def test_what_is_refused_at_once(factory, plan, fixed, error, text):
    with pytest.raises(error, match=text):
        cycled(factory, plan, **fixed)


@pytest.mark.parametrize(
    ("target", "options", "error", "text"),
    [
        (optax.adamw(0.1), {}, TypeError, "pass the factory, as in hc.attach"),
        (optax.MultiSteps(optax.sgd(0.1), 2), {}, TypeError, "pass the factory"),
        (SimpleNamespace(tx=optax.sgd(0.1)), {}, TypeError, "in this SimpleNamespace is made"),
        (optax.adamw, {"relative": True}, ValueError, "hc.Product"),
        (optax.adamw, {"on_event": print}, ValueError, r"plan.events\(step\)"),
        (optax.adamw, {"advance": "optimizer"}, ValueError, "counts its own updates"),
        (optax.adamw, {"on_mismatch": "saved"}, ValueError, "holds only the count"),
    ],
)
def test_options_that_make_no_sense_say_what_to_do(target, options, error, text):
    with pytest.raises(error, match=text):
        hc.attach(target, PLAN, **options)


# What cannot follow a schedule is told, never ignored.


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


def test_a_branch_in_python_names_the_argument_behind_it():
    def branching(learning_rate, decay):
        return optax.chain(
            optax.trace(decay) if decay > 0.5 else optax.identity(), optax.scale(-learning_rate)
        )

    with pytest.raises(TypeError, match=r"^decay cannot follow a schedule: the code behind it"):
        cycled(branching, {"lr": LR, "decay": MOMENTUM})
    cycled(branching, {"lr": LR}, decay=0.9)


def test_a_branch_in_the_update_names_the_argument_behind_it():
    def branching(learning_rate, decay):
        def update(updates, state, params=None):
            del params
            return jax.tree.map(lambda u: u * (decay if decay > 0.5 else 1.0), updates), state

        own = optax.GradientTransformation(lambda params: (), update)
        return optax.chain(own, optax.scale(-learning_rate))

    transformation = cycled(branching, {"lr": LR, "decay": MOMENTUM})
    with pytest.raises(TypeError, match=r"^decay cannot follow a schedule"):
        train(transformation, 1)
    with pytest.raises(TypeError, match=r"^decay cannot follow a schedule"):  # outside of jit too
        transformation.update(PARAMS, transformation.init(PARAMS), PARAMS)


def test_a_schedule_that_branches_in_python_is_told():
    def schedule(step):
        return 0.1 if step < 5 else 0.01

    with pytest.raises(TypeError, match=r"schedule of lr.*cannot be traced.*jnp.where"):
        train(cycled(optax.sgd, {"lr": schedule}), 1)


def test_errors_of_the_factory_s_own_update_stay_what_they_are():
    with pytest.raises(ValueError, match="params"):
        cycled(optax.adamw, PLAN).update(PARAMS, cycled(optax.adamw, PLAN).init(PARAMS))


def test_schedules_of_optax_and_of_users_are_taken():
    plan = hc.Plan(lr=optax.cosine_decay_schedule(0.1, 10), momentum=lambda step: 0.5 + 0.01 * step)
    names = {"lr": "learning_rate", "momentum": "momentum"}
    assert_same(train(cycled(optax.sgd, plan), 12)[0], by_hand(optax.sgd, names, plan, 12)[0])


def test_a_cycle_is_a_schedule_of_optax():
    for transformation in (
        optax.sgd(LR),
        optax.sgd(optax.join_schedules([LR, hc.Constant(0.1)], [50])),
        optax.inject_hyperparams(optax.sgd)(learning_rate=LR),
    ):
        assert_same(
            train(transformation, 12)[0],
            by_hand(optax.sgd, {"lr": "learning_rate"}, hc.Plan(lr=LR), 12)[0],
        )


# Groups.

LABELS = {"w": "weights", "b": "biases"}
GROUPS = hc.Plan(
    lr=hc.Groups({"weights": LR, "biases": hc.Cycle(0.01, 0.02, 3)}),
    weight_decay=hc.Groups({"weights": DECAY, "biases": None}),
    momentum=MOMENTUM,
)


@pytest.mark.parametrize("labels", [LABELS, lambda params: dict.fromkeys(params, 0) and LABELS])
def test_groups_by_label_share_one_count(labels):
    ours, state = train(cycled(optax.adamw, GROUPS, param_labels=labels), 12)
    weights = hc.Plan(lr=LR, weight_decay=DECAY, momentum=MOMENTUM)
    biases = hc.Plan(lr=hc.Cycle(0.01, 0.02, 3), momentum=MOMENTUM)
    only_w, only_b = {"w": PARAMS["w"]}, {"b": PARAMS["b"]}
    assert_same({"w": ours["w"]}, by_hand(optax.adamw, ADAMW, weights, 12, only_w)[0])
    assert_same({"b": ours["b"]}, by_hand(optax.adamw, ADAMW, biases, 12, only_b)[0])
    adams = optax.partition({k: optax.adamw(0.1) for k in ("weights", "biases")}, LABELS)
    theirs = len(jax.tree.leaves(adams.init(PARAMS)))
    assert len(jax.tree.leaves(state)) == theirs + 1


def test_a_label_that_no_parameter_has_is_allowed_and_one_without_groups_is_not():
    groups = hc.Groups({"weights": LR, "biases": LR, "norms": LR})
    train(cycled(optax.sgd, {"lr": groups}, param_labels=LABELS), 2)
    with pytest.raises(ValueError, match="no corresponding transformation"):
        cycled(optax.sgd, {"lr": hc.Groups({"weights": LR})}, param_labels=LABELS).init(PARAMS)


def test_groups_need_labels_and_name_the_same_ones():
    with pytest.raises(ValueError, match=r"lr, weight_decay: Groups need the labels.*param_labels"):
        hc.attach(optax.adamw, GROUPS)
    plan = {"lr": hc.Groups({"a": LR, "b": LR}), "weight_decay": hc.Groups({"a": DECAY})}
    with pytest.raises(ValueError, match=r"weight_decay: Groups says nothing about label 'b'"):
        cycled(optax.adamw, plan, param_labels=LABELS)


# Steps.


def test_start_step_and_at_step_continue_in_the_middle():
    started, state = train(cycled(optax.sgd, {"lr": LR}, start_step=777), 5)
    assert int(state.count) == 782
    sgd = cycled(optax.sgd, {"lr": LR})
    moved, _ = train(sgd, 5, state=at_step(sgd.init(PARAMS), 777))
    assert_same(started, moved, rtol=0)
    names = {"lr": "learning_rate"}
    assert_same(started, by_hand(optax.sgd, names, hc.Plan(lr=LR), 5, start=777)[0])


def test_at_step_finds_counts_wherever_they_are():
    sgd = cycled(optax.sgd, {"lr": LR})
    state = optax.MultiSteps(optax.chain(optax.clip(1.0), sgd), 2).init(PARAMS)
    moved = at_step({"optimizer": state}, 9)
    assert int(moved["optimizer"].inner_opt_state[1].count) == 9
    assert jax.tree.structure(moved["optimizer"]) == jax.tree.structure(state)
    nested = cycled(
        lambda eps: cycled(functools.partial(optax.adam, eps=eps), {"lr": LR}),
        {"eps": hc.Cycle(1e-8, 1e-4, 3)},
    )
    moved = at_step(nested.init(PARAMS), 9)
    assert (int(moved.count), int(moved.inner_state.count)) == (9, 9)
    counts = jax.vmap(lambda scale: sgd.init(scale * PARAMS["w"]))(jnp.arange(3.0))
    assert at_step(counts, 4).count.tolist() == [4, 4, 4]


@pytest.mark.parametrize(
    ("state", "step", "text"),
    [
        (None, 3, "no count of hypercycle in this state"),
        (optax.adam(0.1).init(PARAMS), 3, "no count of hypercycle"),
        (cycled(optax.sgd, {"lr": LR}).init(PARAMS), -1, "step must be at least 0"),
        (cycled(optax.sgd, {"lr": LR}).init(PARAMS), 2**31, r"at most 2\*\*31 - 1"),
        (cycled(optax.sgd, {"lr": LR}, external_step=True).init(PARAMS), 3, "no count of hyper"),
    ],
)
def test_at_step_refuses(state, step, text):
    with pytest.raises(ValueError, match=text):
        at_step(state, step)


def test_a_step_from_outside_is_used_in_place_of_the_count():
    ours = cycled(optax.sgd, {"lr": LR})
    update = jax.jit(ours.update)
    state = ours.init(PARAMS)
    ones = jax.tree.map(jnp.ones_like, PARAMS)
    for step in (5, 2, 10**9 + 7):
        changes, state = update(ones, state, PARAMS, step=jnp.asarray(step))
        assert -changes["b"][0] == np.float32(LR(step))
        assert int(state.count) == step + 1


def test_with_an_external_step_there_is_no_state_of_ours():
    ours = cycled(optax.sgd, {"lr": LR}, external_step=True)
    state = ours.init(PARAMS)
    assert jax.tree.leaves(state) == []
    ones = jax.tree.map(jnp.ones_like, PARAMS)
    changes, state = jax.jit(ours.update)(ones, state, PARAMS, step=jnp.uint32(5))
    assert -changes["b"][0] == np.float32(LR(5))
    assert jax.tree.leaves(state) == []
    with pytest.raises(ValueError, match=r"keeps no count.*step=train_state.step"):
        ours.update(ones, state, PARAMS)
    with pytest.raises(TypeError, match=r"step must be a whole number.*float32"):
        ours.update(ones, state, PARAMS, step=2.0)


def test_extra_arguments_reach_the_factory_s_transformation():
    ours = cycled(optax.polyak_sgd, {"max_learning_rate": LR})
    plain = optax.polyak_sgd(np.float32(LR(0)))
    changes, _ = ours.update(gradients_of(PARAMS), ours.init(PARAMS), PARAMS, value=0.5)
    theirs, _ = plain.update(gradients_of(PARAMS), plain.init(PARAMS), PARAMS, value=0.5)
    assert_same(changes, theirs)


# The int32 limit.


def test_the_count_stays_at_the_largest_int32_and_its_value():
    ours = cycled(optax.sgd, {"lr": LR}, start_step=2**31 - 3)
    state, seen = ours.init(PARAMS), []
    for _ in range(5):
        changes, state = jax.jit(ours.update)({"b": jnp.ones(1)}, state)
        seen.append((int(state.count), float(-changes["b"][0])))
    last = 2**31 - 1
    assert [count for count, _ in seen] == [last - 1, last, last, last, last]
    steps = [last - 2, last - 1, last, last, last]
    assert [value for _, value in seen] == [float(np.float32(LR(step))) for step in steps]


@pytest.mark.parametrize(
    "schedule",
    [
        hc.Cycle(0.1, 0.2, 2**31),
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


# Dtypes.


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


def test_a_mask_function_keeps_masking():
    def mask(params):
        return jax.tree.map(lambda leaf: leaf.ndim > 1, params)

    plan = {"lr": hc.Cycle(0.1, 0.2, 5), "weight_decay": hc.Cycle(0.1, 0.2, 5)}
    ours = cycled(optax.adamw, plan, mask=mask)
    zero = jax.tree.map(jnp.zeros_like, PARAMS)
    changes, _ = jax.jit(ours.update)(zero, ours.init(PARAMS), PARAMS)
    np.testing.assert_allclose(changes["w"], -0.1 * 0.1 * PARAMS["w"], rtol=1e-6)
    assert not changes["b"].any()


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


def test_values_and_events_on_the_host_need_no_device():
    assert PLAN(5) == {"lr": 0.1, "momentum": 0.85, "weight_decay": DECAY(5)}
    assert PLAN.events(8) == [hc.Event("cycle_end", 0, 8)]


def test_the_plan_pickles_though_transformations_do_not():
    assert pickle.loads(pickle.dumps(PLAN)) == PLAN


def test_an_argument_annotated_any_may_be_a_number():
    def scaled(learning_rate: Any, momentum: "Any" = None):
        return optax.sgd(learning_rate, momentum)

    transformation = cycled(scaled, hc.Plan(lr=hc.Cycle(0.25, 0.5, 4), momentum=0.9))
    updates, _ = transformation.update(jnp.ones(2), transformation.init(jnp.ones(2)))
    assert updates.tolist() == [-0.25, -0.25]
