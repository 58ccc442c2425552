"""What a record answers about itself, against walks over its parts and its steps."""

import dataclasses
import math
import re

import numpy as np
import pytest
import reference
import strategies
from hypothesis import example, given
from hypothesis import strategies as st

import hypercycle as hc
from hypercycle.schedules.schedule import Opposite
from hypercycle.shapes.scales import SCALES
from hypercycle.shapes.waveforms import WAVEFORMS

LAST = 60
SHORT = strategies.schedules(of=strategies.short_lengths)
WAVE = hc.Cycle(0.1, 0.5, 4)


def every_step(step):
    return float(step)


def parts(schedule):
    """Return (schedule, steps) of what one is made of, from its public fields."""
    if isinstance(schedule, hc.Product):
        return [(schedule.first, None), (schedule.second, None)]
    if isinstance(schedule, hc.Chain):
        lengths = [reference.length(part) for part in schedule.parts]
        bare = [part[0] if isinstance(part, tuple) else part for part in schedule.parts]
        return list(zip(bare, lengths, strict=True))
    if isinstance(schedule, reference.JOINED):
        return [(part, None) for part in schedule.parts]
    if isinstance(schedule, hc.Quotient):
        return [(schedule.numerator, None), (schedule.denominator, None)]
    return [(schedule.schedule, None)] if hasattr(schedule, "schedule") else []


def everything_in(schedule):
    return [schedule, *(one for part, _ in parts(schedule) for one in everything_in(part))]


def leaves(schedule):
    below = [leaf for part, _ in parts(schedule) for leaf in leaves(part)]
    return below or [schedule]


def ends(schedule, last):
    """Return the steps, up to the last, at which a cycle or a part ends."""
    if isinstance(schedule, hc.Cycle):
        told = (event for step in range(1, last + 1) for event in reference.events(schedule, step))
        return {step for name, _, step in told if name == "cycle_end"}
    if isinstance(schedule, hc.Points):
        return {step for step, _ in schedule.points if 0 < step <= last}
    if isinstance(schedule, hc.Repeat):
        period = reference.length(schedule.schedule)
        starts = range(0, last, period)[: schedule.times]
        own = ends(schedule.schedule, min(period, last)) | {period}
        return {start + step for start in starts for step in own if start + step <= last}
    found, start = set(), 0
    for part, steps in parts(schedule):
        stop = last - start if steps is None else min(steps, last - start)
        found |= {start + step for step in ends(part, stop)}
        if isinstance(schedule, hc.Chain) and steps is not None:
            start += steps
            found.add(start)
    return {step for step in found if 0 < step <= last}


def shown(schedule, cycles):
    """Return the steps until it holds, or of so many cycles; 0 if there is nothing to see."""
    if reference.length(schedule) is not None:
        return reference.length(schedule)
    if isinstance(schedule, hc.Cycle):
        return reference.boundaries(schedule, cycles + 1)[-1]
    if isinstance(schedule, hc.PowerLaw):
        return 10 * max(schedule.unit, schedule.shift, 10)
    if isinstance(schedule, hc.Repeat):
        return cycles * reference.length(schedule.schedule)
    if isinstance(schedule, hc.Chain):
        *before, (last, _) = parts(schedule)
        return sum(steps for _, steps in before) + shown(last, cycles)
    return max((shown(part, cycles) for part, _ in parts(schedule)), default=0)


def has_names(leaf):
    """Whether waveforms and scale policy are of the library, and not functions of a user's own."""
    waveform, scale = getattr(leaf, "waveform", "linear"), getattr(leaf, "scale", "constant")
    halves = waveform if isinstance(waveform, tuple) else (waveform,)
    types = {type(one) for one in WAVEFORMS.values()}  # of functions and of our records
    named = [
        isinstance(one, str)
        or one in WAVEFORMS.values()
        or (dataclasses.is_dataclass(one) and type(one) in types)
        for one in halves
    ]
    return all(named) and (isinstance(scale, str) or type(scale) in SCALES.values())


@strategies.examples(150)
@given(SHORT)
def test_it_is_made_of_its_parts(schedule):
    assert list(schedule.schedules) == [part for part, _ in parts(schedule)]
    assert schedule.has_cycles is any(
        isinstance(one, (hc.Cycle, hc.Repeat)) for one in everything_in(schedule)
    )
    assert schedule.precomputable is all(map(has_names, leaves(schedule)))


@strategies.examples(50)
@given(strategies.chains(of=strategies.short_lengths))
def test_one_function_of_the_user_s_is_enough_to_compute_nothing_ahead(chain):
    for schedule in (hc.Product(chain, every_step), hc.Chain((every_step, 3), chain)):
        assert not schedule.precomputable
        assert not hc.Chain((schedule, 3), 0.5).precomputable


@strategies.examples(150)
@given(
    strategies.schedules(
        of=strategies.short_lengths, scale=st.sampled_from(["constant", "halving"])
    )
)
def test_it_moves_between_the_bounds_that_it_reaches(schedule):
    if any(leaf.scale_of == "bounds" for leaf in leaves(schedule) if isinstance(leaf, hc.Cycle)):
        return  # before any scale policy
    if not all(leaf.reached() for leaf in leaves(schedule)):
        return  # a power that grows without a bound
    reached = schedule.reached()
    values = schedule(np.arange(LAST))
    # Each product of the convex form is rounded, as in test_a_value_stays_between_the_bounds.
    slack = 16 * math.ulp(max(map(abs, reached)))
    assert min(reached) - slack <= values.min()
    assert values.max() <= max(reached) + slack


@pytest.mark.parametrize(
    "schedule",
    [
        WAVE,
        hc.Cycle(0.1, 0.5, 4, inverted=True, waveform="hann"),
        hc.Ramp(0.5, 0.1, 7),
        hc.Constant(0.3),
        hc.PowerLaw(-1.0, -1.0, shift=1, offset=1.0, high=0.9),
        hc.Chain(hc.Ramp(2, 1, 4), WAVE),
        hc.Product(WAVE, -2),
        hc.Sum(WAVE, hc.Ramp(1, 2, 4)),
        hc.Maximum(WAVE, 0.3),
        hc.Minimum(WAVE, 0.3, hc.Ramp(1, 0.2, 60)),
        hc.Quotient(WAVE, hc.Constant(-2)),
        hc.Rounded(hc.Ramp(1, 7.5, 9), multiple_of=2),
        hc.Held(WAVE, 2),
        hc.Repeat(hc.Ramp(1, 3, 9), 2),
        hc.Points({3: 1, 7: -1, 9: 0}),
        hc.Chain(hc.Ramp(2, 1, 4), WAVE).opposite(0.85, 0.95),
    ],
    ids=repr,
)
def test_those_bounds_are_reached(schedule):
    values = schedule(np.arange(LAST))
    assert {min(schedule.reached()), max(schedule.reached())} <= set(values.tolist())


@strategies.examples(150)
@given(SHORT, st.integers(0, LAST), st.integers(0, LAST))
@example(hc.Chain(hc.Ramp(0, 1, 4), (WAVE, 16), (0.5, 0), WAVE), 3, LAST)
@example(hc.Chain((WAVE, 16), WAVE), 16, 16)
@example(hc.Product(hc.Chain(hc.Ramp(0, 1, 20), 1.0), hc.Cycle(0, 1, 30)), 0, LAST)
def test_the_ends_of_cycles_and_parts(schedule, first, last):
    expected = {step for step in ends(schedule, last) if step > first}
    assert set(schedule.ends(first, last)) == expected


@strategies.examples(100)
@given(SHORT, st.integers(1, 4))
def test_what_is_shown_ends_where_it_holds_or_with_a_cycle(schedule, cycles):
    assert schedule.shown_in(cycles) == shown(schedule, cycles)


@strategies.examples(100)
@given(strategies.cycles(of=strategies.short_lengths, ends=False), st.integers(0, 10**9))
@example(hc.Cycle(0.1, 0.5, 3, 7, phase=0.3), 10**12)
def test_what_repeats_has_the_same_bits_a_period_later(cycle, step):
    changes = cycle.cycle_mult != 1.0 or cycle.scale != "constant"
    period = cycle.repeats_every
    assert period == (None if changes else sum(reference.halves(cycle)))
    if period is not None:
        steps = np.arange(step, step + LAST)
        assert cycle(steps).tobytes() == cycle(steps + period).tobytes()
        assert cycle(steps).tobytes() == cycle(steps + 10**6 * period).tobytes()


def test_no_shorter_period_will_do():
    cycle = hc.Cycle(0.1, 0.5, 3, 7)
    steps = np.arange(LAST)
    same = [p for p in range(1, 31) if cycle(steps).tolist() == cycle(steps + p).tolist()]
    assert same == [10, 20, 30]


@pytest.mark.parametrize(
    "schedule",
    [
        hc.Cycle(0.1, 0.5, 4, cycles=3),
        hc.Cycle(0.1, 0.5, 4, cycle_mult=2),
        hc.Cycle(0.1, 0.5, 4, scale="halving"),
        hc.Ramp(0, 1, 4),
        hc.Chain(hc.Ramp(0, 1, 4), WAVE),
        hc.Product(WAVE, WAVE),
    ],
    ids=repr,
)
def test_of_others_no_period_is_promised(schedule):
    assert schedule.repeats_every is None


@pytest.mark.parametrize(
    ("schedule", "steps"),
    [
        (WAVE, 8),
        (hc.Cycle(0.1, 0.5, 4, cycles=3), 8),
        (hc.Cycle(0.1, 0.5, 5, 0, cycle_mult=3), 5),
        (hc.Ramp(0, 1, 7), 7),
        (hc.Constant(1), 0),
        (hc.Chain(hc.Ramp(0, 1, 7), (WAVE, 30), WAVE), 37),
        (hc.Chain(hc.Ramp(0, 1, 7), hc.Ramp(1, 0, 3)), 10),
        (hc.Product(hc.Ramp(0, 1, 7), hc.Ramp(0, 1, 9)), 9),
        (hc.Product(hc.Ramp(0, 1, 7), WAVE), 0),
        (hc.Repeat(hc.Ramp(0, 1, 7)), 7),
        (hc.Repeat(hc.Ramp(0, 1, 7), times=3), 7),
        (hc.Held(WAVE, 20), 20),
        (hc.Points({5: 0, 9: 1}), 9),
    ],
    ids=repr,
)
def test_how_far_a_count_must_go(schedule, steps):
    assert schedule.least_count == steps


def test_a_shape_is_all_but_the_bounds():
    cycle = hc.Cycle(0.1, 0.5, 4, waveform="hann", scale="halving", phase=0.25)
    assert cycle.shape == cycle.opposite(0.85, 0.95).shape
    assert hash(cycle.shape) == hash(cycle.opposite(0.85, 0.95).shape)
    others = [
        hc.Cycle(0.1, 0.5, 4, waveform="sine", scale="halving", phase=0.25),
        hc.Cycle(0.1, 0.5, 4, waveform="hann", phase=0.25),
        hc.Cycle(0.1, 0.5, 4, waveform="hann", scale="halving"),
        hc.Cycle(0.1, 0.5, 4, 5, waveform="hann", scale="halving", phase=0.25),
    ]
    assert cycle.shape not in [other.shape for other in others]
    bounds = hc.Cycle(0.1, 0.5, 4, scale_of="bounds")
    for schedule in (
        bounds,
        hc.Sum(WAVE),
        hc.Ramp(0, 1, 4),
        hc.Constant(1),
        hc.Chain(WAVE),
        hc.Product(WAVE, 2),
    ):
        assert schedule.shape is None


@pytest.mark.parametrize("schedule", [hc.Constant(1), hc.Ramp(0, 1, 4), WAVE, hc.Chain(1)])
def test_what_is_no_number_of_steps_is_refused_where_nothing_is_to_be_resolved(schedule):
    with pytest.raises(ValueError, match="total_steps must be at least 1, got total_steps=0"):
        schedule.resolve(total_steps=0)
    assert schedule.resolve(total_steps=10) == schedule


@strategies.examples(100)
@given(SHORT)
def test_what_is_known_to_be_whole_is(schedule):
    if schedule.whole:
        assert all(value.is_integer() for value in schedule(np.arange(LAST)).tolist())


@pytest.mark.parametrize(
    ("schedule", "whole"),
    [
        (hc.Constant(8), True),
        (hc.Constant(8.5), False),
        (hc.Ramp(8, 64, 100), False),
        (hc.Rounded(WAVE), True),
        (hc.Points({0: 8, 5: 16}, between="hold"), True),
        (hc.Points({0: 8, 5: 16.5}, between="hold"), False),
        (hc.Points({0: 8, 5: 16}), False),
        (hc.Points({0: 8, 5: 8}), True),
        (hc.Chain((8, 5), hc.Rounded(WAVE, 2)), True),
        (hc.Chain((8, 5), WAVE), False),
        (hc.Product(2, hc.Rounded(WAVE)), True),
        (hc.Product(0.5, hc.Rounded(WAVE)), False),
        (hc.Sum(2, hc.Rounded(WAVE), 3), True),
        (hc.Maximum(2, WAVE), False),
        (hc.Quotient(8, 2), False),
        (hc.Held(hc.Rounded(WAVE), 3), True),
        (hc.Repeat(hc.Chain((8, 5), (16, 3))), True),
        (hc.Reference("n", hc.Constant(8), times=2), True),
        (hc.Reference("n", hc.Constant(8), times=0.5), False),
        (hc.Chain(hc.Ramp(0, 1, 3)).opposite(1, 2), False),
    ],
    ids=repr,
)
def test_what_is_known_to_be_a_whole_number(schedule, whole):
    assert schedule.whole is whole


@strategies.examples(60)
@given(SHORT, st.floats(-2.0, 0.5), st.floats(1.0, 3.0))
@example(hc.Cycle(0.1, 0.5, 4, scale=hc.Exponential(1.01)), 0.85, 0.95)
def test_an_opposite_goes_the_other_way_between_its_bounds(schedule, low, high):
    known = schedule.known_range()
    if known is None:
        with pytest.raises(ValueError, match="has no opposite: it is not known between which"):
            Opposite(schedule, low, high)
        return
    least, most = known
    if least == most:
        with pytest.raises(ValueError, match="has no opposite: it does not move"):
            Opposite(schedule, low, high)
        return
    opposite = Opposite(schedule, low, high)
    steps = np.arange(LAST)
    values, got = schedule(steps), opposite(steps)
    heights = np.clip((values - least) / (most - least), 0.0, 1.0)
    np.testing.assert_allclose(got, high + (low - high) * heights, rtol=1e-14, atol=1e-14)
    assert low <= got.min() <= got.max() <= high
    assert set(got[values == least].tolist()) <= {high}
    assert set(got[values == most].tolist()) <= {low}
    assert opposite.length == schedule.length
    assert [opposite.events(step) for step in range(LAST)] == [
        schedule.events(step) for step in range(LAST)
    ]


def test_the_opposite_of_a_cycle_is_a_cycle_and_that_of_a_chain_prints_as_it_is_made():
    assert hc.Cycle(0.1, 0.5, 4).opposite(0, 1) == hc.Cycle(0, 1, 4, inverted=True)
    chain = hc.Chain(hc.Ramp(0, 1, "2ep"), (1, 10))
    opposite = chain.opposite(0.85, 0.95)
    assert repr(opposite) == f"{chain!r}.opposite(0.85, 0.95)"
    assert opposite.resolve(steps_per_epoch=7) == chain.resolve(steps_per_epoch=7).opposite(
        0.85, 0.95
    )
    assert opposite.resolve(steps_per_epoch=7).opposite(0, 1)(14) == 1.0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: hc.Chain(WAVE).opposite(1, 0), "low must not be above high, got low=1.0, high"),
        (lambda: hc.Chain(WAVE).opposite(0, float("inf")), "high must be finite, got high=inf"),
        (lambda: hc.Constant(3).opposite(0, 1), "Constant(3.0) has no opposite: it does not move"),
        (
            lambda: hc.Product(2, every_step).opposite(0, 1),
            "has no opposite: it is not known between which bounds it moves",
        ),
        (
            lambda: hc.Ramp(-1e308, 1e308, 4).opposite(0, 1),
            "bounds -1e+308 and 1e+308 are too far apart for float64",
        ),
    ],
)
def test_what_has_no_opposite_is_told(make, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make()
