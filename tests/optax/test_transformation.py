"""The transformation: its steps, its state, and the plan, step and values asked of it."""

import copy
import functools
import pickle

import equinox
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax.training import train_state
from optax_training import (
    ADAMW,
    DECAY,
    LR,
    MOMENTUM,
    PARAMS,
    PLAN,
    assert_same,
    by_hand,
    gradients_of,
    train,
)

import hypercycle as hc
from hypercycle_optax import CycledState, at_step, cycled, plan_step, values


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
        (cycled(optax.sgd, {"lr": LR}).init(PARAMS), jnp.int32(-5), "step must be at least 0"),
        (cycled(optax.sgd, {"lr": LR}).init(PARAMS), jnp.float32(3.7), "must be a whole number"),
        (cycled(optax.sgd, {"lr": LR}).init(PARAMS), jnp.uint32(2**31), r"at most 2\*\*31 - 1"),
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


TOKENS = {"lr": hc.Cycle(0.1, 0.5, "1Btok")}
BY_TOKEN = hc.Cycle(0.1, 0.5, 10**9)
ONE = jnp.ones(1)


def rate(transformation, step, update=None):
    """Return the learning rate of an update at a step."""
    state = transformation.init(jnp.zeros(1))
    changes, _ = (update or transformation.update)(ONE, state, step=step)
    return -changes[0]


def test_a_plan_in_tokens_is_followed_by_the_step_that_is_passed_in():
    ours = cycled(optax.sgd, TOKENS, external_step=True)
    assert ours.plan["lr"] == BY_TOKEN
    compiled = jax.jit(ours.update)
    for tokens in (0, 7, 10**9, 2**31 - 1):
        for step in (tokens, np.int64(tokens), jnp.int32(tokens), jnp.uint32(tokens)):
            assert rate(ours, step) == rate(ours, step, compiled) == np.float32(BY_TOKEN(tokens))
    share = cycled(optax.sgd, {"lr": hc.Ramp(0, 1, "5%")}, external_step=True, total_steps="1ktok")
    assert share.plan["lr"] == hc.Ramp(0, 1, 50)


def test_what_counts_updates_needs_to_know_what_one_holds():
    message = (
        r"its updates are counted, and the plan's lengths are in tokens: give tokens_per_step=…, "
        r"how many there are in an update; or say external_step=True, and give every update step=…"
    )
    with pytest.raises(ValueError, match=message):
        cycled(optax.sgd, TOKENS)
    with pytest.raises(
        ValueError, match=r"clock='tokens' for a factory of Optax: it counts its up"
    ):
        hc.attach(optax.sgd, TOKENS)
    expected = hc.Cycle(0.1, 0.5, 1000)
    assert cycled(optax.sgd, TOKENS, tokens_per_step=10**6).plan["lr"] == expected
    assert hc.attach(optax.sgd, TOKENS, tokens_per_step=10**6).plan["lr"] == expected


@pytest.mark.parametrize("tokens", [2**31, 3 * 10**9, 2**32 - 1])
def test_a_count_beyond_int32_is_right_or_refused(tokens):
    ours = cycled(optax.sgd, TOKENS, external_step=True)
    compiled = jax.jit(ours.update)
    for step in (np.uint32(tokens), jnp.uint32(tokens)):
        assert rate(ours, step) == rate(ours, step, compiled) == np.float32(BY_TOKEN(tokens))
    for step in (tokens, np.int64(tokens), np.array(tokens)):
        message = (
            f"step must be at most 2147483647 where JAX has no 64 bits, got step={tokens}: jax"
        )
        with pytest.raises(ValueError, match=message):
            rate(ours, step)
    with pytest.raises(OverflowError):  # of JAX
        rate(ours, tokens, compiled)
    assert np.isnan(rate(ours, np.int64(tokens), compiled))  # which JAX wraps, unasked
    with jax.enable_x64(True):
        for step in (tokens, np.int64(tokens), jnp.asarray(tokens)):
            assert np.float32(rate(ours, step)) == np.float32(BY_TOKEN(tokens))


def test_a_plan_beyond_uint32_needs_64_bits_and_a_count_stays_at_its_most():
    plan = {"lr": hc.Ramp(0.5, 0.1, "5Btok")}
    with pytest.raises(
        ValueError, match=r"5000000000 steps, but JAX without 64 bits has no step be"
    ):
        cycled(optax.sgd, plan, external_step=True)
    with jax.enable_x64(True):
        ours = cycled(optax.sgd, plan, external_step=True)
        assert rate(ours, 4_999_999_999) == hc.Ramp(0.5, 0.1, 5 * 10**9)(4_999_999_999)
    counted = cycled(optax.sgd, {"lr": LR})
    _, state = counted.update(ONE, counted.init(ONE), step=jnp.uint32(3 * 10**9))
    assert int(state.count) == 2**31 - 1


def test_extra_arguments_reach_the_factory_s_transformation():
    ours = cycled(optax.polyak_sgd, {"max_learning_rate": LR})
    plain = optax.polyak_sgd(np.float32(LR(0)))
    changes, _ = ours.update(gradients_of(PARAMS), ours.init(PARAMS), PARAMS, value=0.5)
    theirs, _ = plain.update(gradients_of(PARAMS), plain.init(PARAMS), PARAMS, value=0.5)
    assert_same(changes, theirs)


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


def test_values_and_events_on_the_host_need_no_device():
    assert PLAN(5) == {"lr": 0.1, "momentum": 0.85, "weight_decay": DECAY(5)}
    assert PLAN.events(8) == [hc.Event("cycle_end", 0, 8)]


@pytest.mark.parametrize(
    ("plan", "options", "error", "text"),
    [
        ({"lr": hc.Cycle(0.1, 0.2, "2ep")}, {}, ValueError, "steps_per_epoch"),
        (LR, {}, TypeError, r"the second argument of cycled\(\) is a Plan, or a plan"),
        ({"lr": LR}, {"start_step": -1}, ValueError, "start_step must be at least 0"),
        ({"lr": LR}, {"start_step": 2**31}, ValueError, r"at most 2\*\*31 - 1"),
    ],
)
def test_what_is_refused_at_once(plan, options, error, text):
    with pytest.raises(error, match=text):
        cycled(optax.adamw, plan, **options)


def test_a_plan_file_or_its_data_will_do(tmp_path):
    path = tmp_path / "plan.json"
    PLAN.save(path)
    for plan in (path, PLAN.to_dict(), dict(PLAN)):
        assert cycled(optax.adamw, plan).plan == PLAN


# The plan, the step and the values, asked of a transformation and its state.


def test_plan_step_and_values_follow_the_updates():
    ours = hc.attach(optax.adamw, PLAN)
    state = ours.init(PARAMS)
    for step in range(10):
        assert plan_step(state) == step
        assert values(ours, state) == PLAN(step)
        _, state = ours.update(gradients_of(PARAMS), state, PARAMS)


def test_values_are_what_the_next_update_uses():
    ours = cycled(optax.sgd, {"lr": LR}, start_step=3)
    state = ours.init(PARAMS)
    ones = jax.tree.map(jnp.ones_like, PARAMS)
    for _ in range(4):
        told = values(ours, state)["lr"]
        changes, state = ours.update(ones, state, PARAMS)
        assert -changes["b"][0] == np.float32(told)


def test_plan_step_and_values_wherever_the_state_is():
    sgd = cycled(optax.sgd, {"lr": LR, "momentum": 0.5}, start_step=4)
    chained = optax.MultiSteps(optax.chain(optax.clip(1.0), sgd), 2)
    training = {"epoch": 3, "optimizer": chained.init(PARAMS)}
    assert plan_step(training) == 4
    assert values(sgd, training) == {"lr": LR(4), "momentum": 0.5}
    nested = cycled(
        lambda eps: cycled(functools.partial(optax.adam, eps=eps), {"lr": LR}, external_step=True),
        {"eps": hc.Cycle(1e-8, 1e-4, 3)},
    )
    assert plan_step(nested.init(PARAMS)) == 0
    turned = cycled(lambda lr: cycled(optax.sgd, {"lr": LR}), {"lr": LR}, external_step=True)
    assert plan_step(turned.init(PARAMS)) == 0
    many = jax.vmap(lambda scale: sgd.init(scale * PARAMS["w"]))(jnp.arange(3.0))
    assert plan_step(many).tolist() == [4, 4, 4]
    assert values(sgd, many)["lr"].tolist() == [LR(4)] * 3


def test_plan_step_and_values_inside_a_compiled_program():
    ours = cycled(optax.adamw, PLAN)
    tx = optax.chain(optax.clip(1.0), ours)

    @jax.jit
    def step(state):
        told = values(ours, state)
        _, state = tx.update(gradients_of(PARAMS), state, PARAMS)
        return state, plan_step(state), told

    state = tx.init(PARAMS)
    for index in range(6):
        state, after, told = step(state)
        assert after == index + 1
        assert {name: float(value) for name, value in told.items()} == {
            name: float(np.float32(value)) for name, value in PLAN(index).items()
        }


def test_values_of_groups_by_label():
    groups = hc.Groups({"weights": LR, "biases": None})
    ours = cycled(
        optax.adamw,
        {"weight_decay": groups, "lr": DECAY},
        param_labels={"w": "weights", "b": "biases"},
        start_step=2,
    )
    expected = {"weight_decay": {"weights": LR(2)}, "lr": DECAY(2)}
    assert values(ours, ours.init(PARAMS)) == expected


def test_the_plan_is_in_steps():
    lengths = {"steps_per_epoch": 5, "total_steps": 100}
    ours = cycled(optax.sgd, {"lr": hc.Cycle(0.1, 0.2, "2ep", "30%")}, **lengths)
    assert ours.plan == hc.Plan(lr=hc.Cycle(0.1, 0.2, 10, 30))


def test_plan_step_and_values_refuse_what_holds_no_count():
    external = cycled(optax.sgd, {"lr": LR}, external_step=True)
    counted = cycled(optax.sgd, {"lr": LR})
    for state in (None, optax.adam(0.1).init(PARAMS), external.init(PARAMS)):
        with pytest.raises(ValueError, match="no count of hypercycle in this state"):
            plan_step(state)
        with pytest.raises(ValueError, match="no count of hypercycle in this state"):
            values(counted, state)
    chained = optax.chain(counted, optax.clip(1.0))
    with pytest.raises(TypeError, match="takes the transformation that attach"):
        values(chained, chained.init(PARAMS))


@pytest.mark.parametrize("count", [jnp.float32(3.7), 3.7, np.float64(3), True, "3"], ids=repr)
def test_a_count_that_is_no_whole_number_is_refused_wherever_it_is_read(count):
    ours = cycled(optax.sgd, {"lr": 0.1})
    state = ours.init(PARAMS)._replace(count=count)
    for read in (
        lambda: plan_step(state),
        lambda: values(ours, state),
        lambda: at_step(state, 3),
        lambda: ours.update(PARAMS, state, PARAMS),
    ):
        with pytest.raises(TypeError, match="the count in the state must be a whole number"):
            read()
    good = ours.init(PARAMS)
    with pytest.raises(TypeError, match="step must be a whole number"):
        jax.jit(lambda step: at_step(good, step))(jnp.float32(3.7))
    assert int(jax.jit(lambda step: at_step(good, step))(3).count) == 3


def by_cloudpickle(ours):
    cloudpickle = pytest.importorskip("cloudpickle")  # joblib brings it
    return cloudpickle.loads(cloudpickle.dumps(ours))


REBUILT = {
    "jax.tree.map": lambda ours: jax.tree.map(lambda leaf: leaf, ours),
    "_replace": lambda ours: ours._replace(init=functools.partial(ours.init)),
    "jitted update": lambda ours: ours._replace(update=jax.jit(ours.update)),
    "deepcopy": copy.deepcopy,
    "cloudpickle": by_cloudpickle,
    "equinox": lambda ours: equinox.combine(*equinox.partition(ours, equinox.is_array)),
    "optax": optax.with_extra_args_support,
}


@pytest.mark.parametrize("way", REBUILT)
def test_the_plan_survives_what_rebuilds_a_transformation(way):
    rebuilt = REBUILT[way](cycled(optax.adamw, PLAN))
    assert isinstance(rebuilt, optax.GradientTransformationExtraArgs)
    assert rebuilt.plan == PLAN
    _, state = train(rebuilt, 3)
    assert values(rebuilt, state) == PLAN(3)


def test_it_is_a_pair_like_optax_s_own():
    ours = cycled(optax.adamw, PLAN)
    init, update = ours
    assert ours == (init, update)
    assert hash(ours) == hash((init, update))


def test_a_training_state_of_flax_holds_both():
    ours = cycled(optax.adamw, PLAN)
    state = train_state.TrainState.create(apply_fn=None, params=PARAMS, tx=ours)

    @jax.jit
    def step(state):
        state = state.apply_gradients(grads=gradients_of(state.params))
        return state, values(state.tx, state)["lr"]

    for index in range(3):
        state, rate = step(state)
        assert rate == np.float32(LR(index + 1))
    assert plan_step(state) == 3
    assert values(state.tx, state) == PLAN(3)


def test_the_plan_pickles_though_transformations_do_not():
    assert pickle.loads(pickle.dumps(PLAN)) == PLAN
