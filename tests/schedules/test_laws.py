"""Laws that hold for every schedule there is: any order, scalars as arrays, a record."""

import copy
import math
import pickle

import numpy as np
import pytest
import reference
import strategies
from hypothesis import given
from hypothesis import strategies as st

import hypercycle as hc
from hypercycle.namespaces.evaluation import _CHUNK
from hypercycle.namespaces.namespace import NUMPY
from hypercycle.schedules.function import Function

MANY = strategies.examples(120)
SOME = strategies.examples(100)
FEW = strategies.examples(50)

SCHEDULES = strategies.schedules()
PRINTABLE = strategies.schedules(printable=True)
PRINTABLE_PARTS = strategies.schedules(depth=1, printable=True)
# Lengths of every size would mix ramps of a million steps into chains of nine.
SHORT = strategies.schedules(of=strategies.short_lengths)


def bits(values):
    return np.asarray(values, dtype=np.float64).tobytes()


@MANY
@given(SCHEDULES, st.lists(strategies.steps, min_size=1, max_size=9))
def test_an_array_has_the_very_bits_of_its_steps(schedule, steps):
    assert bits(schedule(np.array(steps))) == bits([schedule(step) for step in steps])


@strategies.examples(150)
@given(strategies.schedules(**strategies.EXACT), strategies.steps)
def test_every_schedule_is_the_exact_value(schedule, step):
    # Bounds of at most 1 in size: products of up to 2 · 2 · 2 of them, each a few roundings away.
    assert abs(schedule(step) - float(reference.value(schedule, step))) <= 32 * math.ulp(1.0)


@SOME
@given(SHORT, st.randoms(use_true_random=False))
def test_the_order_of_evaluation_changes_nothing(schedule, random):
    steps = list(range(60))
    in_order = schedule(np.array(steps))
    random.shuffle(steps)
    again = {step: schedule(step) for step in steps}
    assert bits([again[step] for step in range(60)]) == bits(in_order)
    assert bits(schedule(np.array(steps))) == bits(in_order[steps])


@strategies.examples(25)
@given(SHORT, st.integers(0, 10**12))
def test_the_borders_of_chunks_change_nothing(schedule, first):
    steps = np.arange(first, first + 2 * _CHUNK + 3)
    values = schedule(steps)
    for near in (0, 1, _CHUNK - 1, _CHUNK, _CHUNK + 1, 2 * _CHUNK - 1, 2 * _CHUNK, 2 * _CHUNK + 2):
        assert bits(values[near]) == bits(schedule(int(steps[near])))
    shifted = schedule(steps[5:])
    assert bits(shifted) == bits(values[5:])


@SOME
@given(SCHEDULES, strategies.near_steps)
def test_pickled_and_copied_it_is_the_same_record(schedule, step):
    value = schedule(step)  # fills what is cached
    for again in (
        pickle.loads(pickle.dumps(schedule)),
        copy.copy(schedule),
        copy.deepcopy(schedule),
    ):
        assert again == schedule
        assert hash(again) == hash(schedule)
        assert repr(again) == repr(schedule)
        assert bits(again(step)) == bits(value)


@SOME
@given(PRINTABLE, strategies.near_steps)
def test_the_repr_is_what_makes_it(schedule, step):
    again = eval(repr(schedule), dict(strategies.NAMES))
    assert again == schedule
    assert hash(again) == hash(schedule)
    assert bits(again(step)) == bits(schedule(step))


@SOME
@given(SCHEDULES, SCHEDULES, strategies.near_steps)
def test_equal_records_hash_alike_and_give_equal_values(one, other, step):
    assert (one == other) is (repr(one) == repr(other))
    if one == other:
        assert hash(one) == hash(other)
        assert bits(one(step)) == bits(other(step))


@SOME
@given(SHORT, strategies.steps)
def test_what_has_a_length_holds_from_there_on(schedule, step):
    assert schedule.length == reference.length(schedule)
    if schedule.length is not None:
        held = schedule(schedule.length)
        assert bits(schedule(schedule.length + step)) == bits(held)


@strategies.examples(60)
@given(strategies.with_units())
def test_lengths_with_units_are_resolved_in_every_part(pair):
    written, counted = pair
    resolved = written.resolve(steps_per_epoch=391, total_steps=31_280)
    assert resolved == counted
    assert resolved.resolved
    if not written.resolved:
        with pytest.raises(ValueError, match="has a unit that is not resolved yet"):
            written(3)


@FEW
@given(strategies.plans(PRINTABLE_PARTS), strategies.near_steps)
def test_a_plan_is_a_record(plan, step):
    for again in (
        pickle.loads(pickle.dumps(plan)),
        copy.copy(plan),
        copy.deepcopy(plan),
        eval(repr(plan), dict(strategies.NAMES)),
        hc.Plan(**dict(reversed(list(plan.items())))),
    ):
        assert again == plan
        assert hash(again) == hash(plan)
        assert again(step) == plan(step)


@FEW
@given(strategies.groups(PRINTABLE_PARTS))
def test_groups_are_a_record_whatever_their_order(groups):
    for again in (
        pickle.loads(pickle.dumps(groups)),
        copy.deepcopy(groups),
        eval(repr(groups), dict(strategies.NAMES)),
        hc.Groups(dict(reversed(list(groups.items())))),
    ):
        assert again == groups
        assert hash(again) == hash(groups)


@SOME
@given(strategies.chains(), st.lists(strategies.near_steps, min_size=1, max_size=9))
def test_a_user_s_function_is_a_schedule_like_any(chain, steps):
    every_third = strategies.every_third
    joined = hc.Product(hc.Chain((every_third, 5), chain), every_third)
    assert bits(joined(np.array(steps))) == bits([joined(step) for step in steps])
    array = np.array(steps).reshape(1, -1)
    assert Function(every_third)(array).shape == array.shape
    assert Function(every_third).evaluate(np.array(steps), NUMPY).tolist() == list(
        map(every_third, steps)
    )


@pytest.mark.parametrize(
    "record", [hc.Cycle(0, 1, 5), hc.Ramp(0, 1, 5), hc.Chain(1), hc.Product(1, 2), hc.Constant(1)]
)
def test_records_are_frozen(record):
    for name in ("low", "start", "parts", "first", "value"):
        if hasattr(record, name):
            with pytest.raises(AttributeError, match=f"cannot assign to field '{name}'"):
                setattr(record, name, 3)
    with pytest.raises(TypeError, match="does not support item assignment"):
        hc.Plan(lr=record)["lr"] = 3
