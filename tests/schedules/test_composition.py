"""Constant, Ramp, Chain and Product against exact fractions, part by part."""

import math
import re

import numpy as np
import pytest
import reference
import strategies
from hypothesis import example, given, settings
from hypothesis import strategies as st

import hypercycle as hc
from hypercycle.schedules.function import as_schedule

MANY = settings(max_examples=150)
SOME = settings(max_examples=100)

RATIONAL = {
    "waveform": st.sampled_from(sorted(reference.SHAPES)),
    "bounds": st.sampled_from([0.0, 0.1, 0.5, 1.0, 0.85, -1.0, 1e-4]),
}
EXACT = {
    **RATIONAL,
    "scale": st.one_of(
        st.sampled_from(["constant", "halving"]),
        st.builds(hc.Exponential, st.sampled_from([0.5, 0.99]), st.sampled_from(["step", "cycle"])),
    ),
}


@MANY
@given(strategies.schedules(**EXACT), strategies.steps)
def test_every_schedule_is_the_exact_value(schedule, step):
    # Bounds of at most 1 in size: products of up to 2 · 2 · 2 of them, each a few roundings away.
    assert abs(schedule(step) - float(reference.value(schedule, step))) <= 32 * math.ulp(1.0)


@MANY
@given(strategies.chains(**EXACT), strategies.near_steps)
@example(hc.Chain(hc.Ramp(0, 1, 0), (hc.Constant(1), 0), hc.Ramp(1, 0, 0)), 0)
@example(hc.Chain(hc.Ramp(0, 1, 4), (hc.Constant(0.5), 0), hc.Cycle(0.1, 0.5, 3)), 4)
@example(hc.Chain((hc.Cycle(0.1, 0.5, 4, 0), 8), hc.Constant(0.9)), 8)
@example(hc.Chain((hc.Cycle(0.1, 0.5, 4, 0), 8)), 8)
def test_a_chain_is_its_parts_one_after_the_other(chain, step):
    assert abs(chain(step) - float(reference.value(chain, step))) <= 32 * math.ulp(1.0)


@SOME
@given(strategies.chains())
def test_where_a_part_starts_the_next_one_is_in_force(chain):
    start = 0
    for number, part in enumerate(chain.parts):
        schedule, steps = part if isinstance(part, tuple) else (part, part.length)
        if steps != 0 or number == len(chain.parts) - 1:
            assert chain(start) == schedule(0)
        if steps is None:
            assert chain.length is None
            return
        if steps:
            assert chain(start + steps - 1) == schedule(steps - 1)
        start += steps
    assert chain.length == start
    last = chain.schedules[-1]
    held = last(reference.length(chain.parts[-1]))
    assert chain(start) == chain(start + 1) == chain(10**12) == held


@SOME
@given(strategies.ramps(of=strategies.lengths))
def test_a_ramp_hits_both_ends_exactly_and_holds(ramp):
    assert ramp(0) == (ramp.start if ramp.steps else ramp.end)
    assert [ramp(ramp.steps + more) for more in (0, 1, 10**6)] == [ramp.end] * 3
    assert ramp.length == ramp.steps


def test_a_ramp_may_fall_and_have_a_shape():
    assert [hc.Ramp(1.0, 0.5, 4)(s) for s in range(6)] == [1.0, 0.875, 0.75, 0.625, 0.5, 0.5]
    assert [hc.Ramp(0.0, 1.0, 4, "welch")(s) for s in range(5)] == [0, 0.4375, 0.75, 0.9375, 1]
    assert hc.Ramp(0.0, 1.0, 4, strategies.cubic)(2) == 0.125
    assert hc.Ramp(0.25, 0.75, 0)(0) == 0.75


@SOME
@given(strategies.schedules(), strategies.schedules(), strategies.steps)
def test_a_product_is_the_product(first, second, step):
    product = hc.Product(first, second)
    assert product(step) == first(step) * second(step)


def test_a_product_holds_when_both_factors_hold():
    short, long = hc.Ramp(1, 2, 3), hc.Cycle(1, 3, 4, cycles=1)
    assert hc.Product(short, long).length == hc.Product(long, short).length == 8
    assert hc.Chain(hc.Product(short, long), 0.5)(7) == 2 * 1.5
    assert hc.Product(short, hc.Cycle(1, 3, 4)).length is None


def test_numbers_are_constants_in_every_place():
    assert hc.Chain((1, 3), 0.5).parts == ((hc.Constant(1.0), 3), hc.Constant(0.5))
    assert hc.Product(2, np.float32(0.5)).second == hc.Constant(0.5)
    assert hc.Constant(3)(10**12) == 3.0
    assert hc.Constant(3)(np.arange(4).reshape(2, 2)).tolist() == [[3.0, 3.0], [3.0, 3.0]]
    assert hc.Chain([hc.Constant(1), 3], 2) == hc.Chain((1, 3), 2)


def test_a_chain_of_a_thousand_parts_finds_its_part():
    chain = hc.Chain(*(hc.Ramp(k, k + 1, 7) for k in range(1000)))
    assert chain.length == 7000
    assert [chain(s) for s in (0, 6993, 6999, 7000, 10**9)] == [0, 999, 999 + 6 / 7, 1000, 1000]
    steps = np.random.default_rng(0).integers(0, 8000, 500)
    np.testing.assert_allclose(chain(steps), np.minimum(steps / 7, 1000), rtol=1e-14)


def test_a_user_s_function_may_be_a_part():
    chain = hc.Chain((lambda step: 10.0 + step, 3), lambda step: 20.0 + step)
    assert [chain(s) for s in range(6)] == [10.0, 11.0, 12.0, 20.0, 21.0, 22.0]
    assert chain(np.arange(6)).tolist() == [10.0, 11.0, 12.0, 20.0, 21.0, 22.0]
    assert not chain.precomputable
    assert hc.Chain((hc.Constant(1), 3), hc.Product(1, 2)).precomputable
    assert not hc.Product(1, hc.Chain(every_step)).precomputable


def every_step(step):
    return float(step)


def test_the_values_between_which_a_schedule_moves():
    cycle = hc.Cycle(0.1, 0.5, 4, inverted=True, scale="halving")
    assert cycle.reached() == [0.1, 0.5]
    assert hc.Ramp(1, 0.25, 4).reached() == [1.0, 0.25]
    assert hc.Chain((cycle, 3), hc.Ramp(1, 2, 3)).reached() == [0.1, 0.5, 1.0, 2.0]
    assert hc.Product(cycle, 2).reached() == [0.2, 1.0]
    assert as_schedule(every_step, "it").reached() == []
    assert hc.Constant(3).reached() == [3.0]
    assert hc.Product(1, 2).schedules == (hc.Constant(1), hc.Constant(2))
    assert cycle.schedules == ()


@settings(max_examples=60)
@given(strategies.with_units())
def test_lengths_with_units_are_resolved_in_every_part(pair):
    written, counted = pair
    resolved = written.resolve(steps_per_epoch=391, total_steps=31_280)
    assert resolved == counted
    assert resolved.resolved
    if not written.resolved:
        with pytest.raises(ValueError, match="has a unit that is not resolved yet"):
            written(3)


NO_SCHEDULE = "must be a schedule (such as Cycle, Ramp, or a function of the step) or a number, got"


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (hc.Chain, ValueError, "Chain needs at least one part"),
        (lambda: hc.Chain(1, 2), ValueError, "part 0 of Chain never ends, so nothing can follow"),
        (lambda: hc.Chain((1, 2), hc.Cycle(0, 1, 3), 2), ValueError, "give its length as (schedu"),
        (lambda: hc.Chain((1, 2, 3)), TypeError, "a schedule or a pair (schedule, steps), got"),
        (lambda: hc.Chain((1,)), TypeError, "part 0 of Chain must be a schedule or a pair"),
        (lambda: hc.Chain((1, -2)), ValueError, "steps must be at least 0, got steps=-2"),
        (lambda: hc.Chain((1, 2.5)), ValueError, "steps must be a whole number, got steps=2.5"),
        (lambda: hc.Chain((1, True)), TypeError, "steps must be a whole number, got True (bool)"),
        (lambda: hc.Chain("x"), TypeError, f"part 0 of Chain {NO_SCHEDULE} 'x'"),
        (lambda: hc.Chain((1, 2), None), TypeError, f"part 1 of Chain {NO_SCHEDULE} None"),
        (lambda: hc.Chain(hc.Cycle), TypeError, f"part 0 of Chain {NO_SCHEDULE} <class"),
        (lambda: hc.Chain(hc.Groups({0: 1})), TypeError, f"part 0 of Chain {NO_SCHEDULE} Groups"),
        (lambda: hc.Product(hc.Plan(lr=1), 1), TypeError, f"the first factor {NO_SCHEDULE} Plan"),
        (lambda: hc.Product(1, "x"), TypeError, f"the second factor {NO_SCHEDULE} 'x'"),
        (lambda: hc.Constant(math.nan), ValueError, "value must be finite, got value=nan"),
        (lambda: hc.Constant(True), TypeError, "value must be a number, got True (bool)"),
        (lambda: hc.Ramp(math.inf, 1, 3), ValueError, "start must be finite, got start=inf"),
        (lambda: hc.Ramp(0, "1", 3), TypeError, "end must be a number, got '1' (str)"),
        (lambda: hc.Ramp(0, 1, -3), ValueError, "steps must be at least 0, got steps=-3"),
        (lambda: hc.Ramp(0, 1, 3, "liner"), ValueError, "unknown waveform 'liner'; did you mean"),
        (lambda: hc.Ramp(0, 1, 3, 5), TypeError, "waveform=5 must be a function waveform(x, xp)"),
    ],
)
def test_what_cannot_be_composed_is_refused(make, error, message):
    with pytest.raises(error, match=re.escape(message)):
        make()


def test_products_that_overflow_are_an_error_of_the_step():
    product = hc.Product(1e200, hc.Ramp(1.0, 1e200, 4))
    assert product(0) == 1e200
    for step in (4, np.array([0, 4])):
        with pytest.raises(OverflowError, match="gives inf at step=4;"):
            product(step)


def test_what_is_a_schedule():
    assert as_schedule(3, "it") == hc.Constant(3.0)
    assert as_schedule(every_step, "it") == every_step
