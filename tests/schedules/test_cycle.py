"""Values of Cycle against exact fractions, and the laws that they obey."""

import math
from dataclasses import replace

import numpy as np
import pytest
import reference
import strategies
from hypothesis import example, given
from hypothesis import strategies as st

import hypercycle as hc
from hypercycle.shapes.waveforms import WAVEFORMS

MANY = strategies.examples(120)
SOME = strategies.examples(100)

LINEAR = st.just("linear")
RATIONAL = st.sampled_from(sorted(reference.SHAPES))
EXACT_SCALES = st.one_of(
    st.sampled_from(["constant", "halving", hc.Halving()]),
    st.builds(
        hc.Exponential,
        st.sampled_from([0.5, 0.9, 0.99994, 1.0, 1.0001]),
        st.sampled_from(["step", "cycle"]),
    ),
)
TRIANGLES = strategies.cycles(
    waveform=st.just("triangular"),
    scale=st.just("constant"),
    bounds=strategies.positive_values,
    space=LINEAR,
)
UNSCALED = strategies.cycles(scale=st.just("constant"))


@MANY
@given(TRIANGLES, strategies.steps)
@example(hc.Cycle(1e-4, 1e-2, 2000), 10**12 + 7)
def test_a_triangle_is_the_exact_value_within_two_units_in_the_last_place(cycle, step):
    exact, got = reference.value(cycle, step), cycle(step)
    # Falling from a high anchor to a low bound, 1 − y is as coarse as y: the unit is the anchor's.
    assert reference.ulps(got, exact, of=cycle.high if cycle.inverted else None) <= 2.0


@MANY
@given(strategies.cycles(waveform=RATIONAL, scale=EXACT_SCALES, space=LINEAR), strategies.steps)
@example(hc.Cycle(0.0, 1.0, 3, 7, scale=hc.Exponential(0.99994)), 10**6)
@example(hc.Cycle(0.1, 0.5, 3, scale_of="bounds", scale=hc.Exponential(0.9, "cycle")), 600)
def test_a_rational_shape_with_any_scale_is_the_exact_value(cycle, step):
    factor = float(reference.factor(cycle, reference.spot(cycle, step)))
    largest = max(abs(cycle.low), abs(cycle.high))
    largest *= factor if cycle.scale_of == "bounds" else max(factor, 1.0)
    if factor > 1e290 or largest < 1e-290:
        return  # next to overflow or underflow
    exact = reference.value(cycle, step)
    assert abs(cycle(step) - float(exact)) <= 4 * math.ulp(largest)


@MANY
@given(UNSCALED, strategies.steps)
def test_both_bounds_are_hit_exactly(cycle, step):
    anchor, other = (cycle.high, cycle.low) if cycle.inverted else (cycle.low, cycle.high)
    start = step + cycle.steps_to_cycle_end(step)
    place = reference.spot(cycle, start)
    if place.x == 0:
        assert cycle(start) == anchor
    peak = start + place.up
    if reference.spot(cycle, peak).x == 1:
        assert cycle(peak) == other


@MANY
@given(strategies.cycles(waveform=strategies.waveform_names), strategies.steps)
def test_a_value_stays_between_the_bounds(cycle, step):
    if cycle.scale_of == "bounds":
        cycle = replace(cycle, scale_of="amplitude")
    assert cycle.low <= cycle(step) <= cycle.high


def one_ulp_apart(low):
    return low, math.nextafter(low, math.inf)


@pytest.mark.parametrize("bounds", [(0.1, 0.1), one_ulp_apart(0.1), one_ulp_apart(-0.3)])
@pytest.mark.parametrize("scale", ["constant", "halving", hc.Exponential(0.9), hc.Exponential(1.1)])
@pytest.mark.parametrize("inverted", [False, True])
def test_a_value_never_leaves_bounds_however_close(bounds, scale, inverted):
    low, high = bounds
    steps = np.arange(1000)  # of the first half, where no scale has grown
    cycle = hc.Cycle(*bounds, 1000, waveform="hann", scale=scale, inverted=inverted)
    if scale == hc.Exponential(1.1):
        cycle = replace(cycle, scale=hc.Exponential(1.1, per="cycle"))
    values = cycle(steps)
    assert set(values.tolist()) <= {low, high}
    assert values.tolist() == [cycle(step) for step in steps.tolist()]
    ramp = hc.Ramp(*(bounds[::-1] if inverted else bounds), 1000)
    assert set(ramp(steps).tolist()) <= {low, high}


def test_without_being_held_a_value_would_leave_them():
    x = np.arange(1000) / 1000
    assert (0.1 * (1.0 - x) + 0.1 * x).min() < 0.1


@MANY
@given(UNSCALED, strategies.steps, st.integers(1, 10**6))
def test_a_value_comes_back_after_a_period(cycle, step, number):
    cycle = replace(cycle, cycle_mult=1.0, cycles=None)
    assert cycle(step + number * cycle.period) == cycle(step)


@MANY
@given(strategies.cycles(space=LINEAR), strategies.steps)
def test_opposite_phases_between_the_same_bounds_sum_to_their_sum(cycle, step):
    cycle = replace(cycle, scale_of="amplitude")
    opposite = cycle.opposite(cycle.low, cycle.high)
    slack = 8 * math.ulp(max(abs(cycle.low), abs(cycle.high)))
    assert abs(cycle(step) + opposite(step) - (cycle.low + cycle.high)) <= slack


@SOME
@given(strategies.cycles(), strategies.cycles())
def test_opposite_changes_the_bounds_and_the_direction_alone(cycle, other):
    opposite = cycle.opposite(other.low, other.high)
    assert (opposite.low, opposite.high) == (other.low, other.high)
    assert opposite.inverted is not cycle.inverted
    assert opposite.scale_of == "amplitude"
    assert opposite.space == "linear"
    again = opposite.opposite(cycle.low, cycle.high, space=cycle.space)
    assert again == replace(cycle, scale_of="amplitude")


def test_a_shrinking_amplitude_shrinks_toward_the_anchor():
    lr = hc.Cycle(0.1, 0.5, 4, scale="halving", scale_of="bounds")
    assert [lr(s) for s in (0, 4, 8, 12)] == [0.1, 0.5, 0.05, 0.25]
    momentum = lr.opposite(0.85, 0.95)
    assert [momentum(s) for s in (0, 4, 8)] == [0.95, 0.85, 0.95]
    assert momentum(12) == pytest.approx(0.9, abs=1e-15)
    # scale_of="bounds" of an inverted cycle: both bounds shrink, from the top.
    falling = hc.Cycle(0.1, 0.5, 4, scale="halving", scale_of="bounds", inverted=True)
    assert [falling(s) for s in (0, 4, 8, 12)] == [0.5, 0.1, 0.25, 0.05]


def test_a_pair_of_waveforms_shapes_the_halves():
    def square(x, xp):
        del xp
        return x * x

    pair = hc.Cycle(0.0, 1.0, 4, 2, waveform=(square, "linear"))
    assert [pair(s) for s in range(7)] == [0.0, 0.0625, 0.25, 0.5625, 1.0, 0.5, 0.0]
    assert hc.Cycle(0.0, 1.0, 4, 0, waveform=(square, "linear"))(2) == 0.25
    assert hc.Cycle(0.0, 1.0, 0, 4, waveform=(square, "linear"))(2) == 0.5
    assert hc.Cycle(0, 1, 4, waveform=["hann", "sine"]).waveform == ("hann", "sine")


@pytest.mark.parametrize("cycles", [1023, 1024, 1075, 5000, 10**9])
def test_no_number_of_halvings_overflows(cycles):
    cycle = hc.Cycle(0.1, 0.5, 1, scale="halving")
    peaks = cycle(2 * np.array([cycles]) + 1)
    assert peaks[0] == cycle(2 * cycles + 1)
    assert 0.1 <= peaks[0] <= 0.1 + 0.4 * 2.0**-1000
    assert hc.Cycle(0.0, 1.0, 1, scale="halving")(2 * 1074 + 1) == 5e-324


def test_the_largest_bounds_do_not_overflow():
    huge = hc.Cycle(-1.7e308, 1.7e308, 3)
    assert huge(np.arange(7)).tolist() == huge(np.arange(6, 13)).tolist()
    assert (huge(0), huge(3)) == (-1.7e308, 1.7e308)
    tiny = hc.Cycle(0.0, 5e-324, 3)
    assert (tiny(0), tiny(3)) == (0.0, 5e-324)


@pytest.mark.parametrize("scale_of", ["amplitude", "bounds"])
def test_a_scale_that_grows_without_end_is_an_error_where_it_overflows(scale_of):
    cycle = hc.Cycle(0.1, 1.0, 4, scale=hc.Exponential(2.0), scale_of=scale_of)
    assert cycle(1000) == 0.1 * (2.0**1000 if scale_of == "bounds" else 1)
    message = "a scale that grows, such as Exponential with gamma > 1, overflows in the end"
    for steps in (5000, np.array([3, 5000]), 10**12):
        with pytest.raises(OverflowError, match=message):
            cycle(steps)
    with pytest.raises(OverflowError, match="at step=5001;"):
        cycle(np.array([3, 5001, 6001]))


def test_a_step_is_any_whole_number():
    cycle = hc.Cycle(0.1, 0.5, 4)
    assert type(cycle(np.int32(3))) is float
    assert cycle(np.int32(3)) == cycle(3) == cycle(np.array(3, np.uint8))
    assert cycle(2**70) == cycle(2**70 % 8)
    assert cycle(np.empty((0, 3), int)).shape == (0, 3)
    for dtype in ("i1", "u1", "i4", "u8", ">i8"):
        assert cycle(np.arange(9).astype(dtype)).tolist() == cycle(np.arange(9)).tolist()
    strided = np.arange(20).reshape(4, 5).T[::2]
    assert cycle(strided).tolist() == [[cycle(int(s)) for s in row] for row in strided]


def test_steps_are_left_as_they_were():
    steps = np.arange(10)
    steps.flags.writeable = False
    hc.Cycle(0.1, 0.5, 4, cycles=1, phase=0.3)(steps)
    assert steps.tolist() == list(range(10))


def test_a_length_with_a_unit_is_resolved_or_refused():
    cycle = hc.Cycle(0.1, 0.5, "2ep", "10%")
    assert not cycle.resolved
    assert cycle.resolve(steps_per_epoch=5, total_steps=40) == hc.Cycle(0.1, 0.5, 10, 4)
    assert hc.Cycle(0.1, 0.5, "2ep").resolve(steps_per_epoch=5) == hc.Cycle(0.1, 0.5, 10)
    message = r"step_size_up='2ep' has a unit that is not resolved yet: call Plan\(…\)\.resolve\("
    for use in (
        lambda: cycle(3),
        lambda: cycle.locate(3),
        lambda: cycle.period,
        lambda: cycle.length,
    ):
        with pytest.raises(ValueError, match=message):
            use()


def test_a_waveform_that_has_a_name_is_kept_by_it():
    hann, welch = WAVEFORMS["hann"], WAVEFORMS["welch"]
    assert hc.Cycle(0, 1, 3, waveform=hann) == hc.Cycle(0, 1, 3, waveform="hann")
    assert hc.Cycle(0, 1, 3, waveform=(hann, welch)).waveform == ("hann", "welch")
    assert hc.Cycle(0, 1, 3, waveform=WAVEFORMS["linear"]) == hc.Cycle(0, 1, 3)
    assert hc.Ramp(0, 1, 3, welch).waveform == "welch"
