"""The clock against a model that walks from cycle to cycle in exact fractions."""

import math
import re

import numpy as np
import pytest
import reference
import strategies
from hypothesis import example, given
from hypothesis import strategies as st

import hypercycle as hc

MANY = strategies.examples(120)


@MANY
@given(strategies.cycles(), strategies.steps)
@example(hc.Cycle(0, 1, 3, 7), 10**12)
@example(hc.Cycle(0, 1, 0, 10, cycle_mult=3), 2 * 10**9)
@example(hc.Cycle(0, 1, 10, 0, cycles=3), 10**12)
@example(hc.Cycle(0, 1, 7, 9, cycle_mult=0.5), 10**12)
def test_a_step_is_located_exactly(cycle, step):
    expected, got = reference.spot(cycle, step), cycle.locate(step)
    assert got[:2] == (expected.cycle, expected.step_in_cycle)
    assert got.rising is expected.rising
    # One division of two exact whole numbers: the nearest float.
    assert got.x == float(expected.x)


@MANY
@given(strategies.cycles(), st.lists(strategies.steps, max_size=20))
def test_an_array_is_located_as_its_steps_are(cycle, steps):
    together = cycle.locate(np.array(steps, dtype=np.int64))
    for field in together:
        assert field.shape == (len(steps),)
    for i, step in enumerate(steps):
        assert tuple(field[i] for field in together) == cycle.locate(step)


def test_an_array_of_any_shape_is_located():
    cycle = hc.Cycle(0, 1, 2, 3, cycle_mult=2)
    steps = np.arange(24, dtype=np.int32).reshape(2, 3, 4)
    place = cycle.locate(steps)
    assert place.x.shape == place.cycle.shape == (2, 3, 4)
    assert place.step_in_cycle[1, 2, 3] == cycle.locate(23).step_in_cycle


@MANY
@given(strategies.cycles(), st.integers(0, strategies.MOST_CYCLES))
def test_boundaries_are_where_cycles_start(cycle, n):
    starts = cycle.boundaries(n).tolist()
    assert starts == reference.boundaries(cycle, n)
    for number, start in enumerate(starts):
        assert cycle.locate(start).cycle == number
        assert start == 0 or cycle.locate(start - 1).cycle == number - 1


@MANY
@given(strategies.cycles(), strategies.steps)
def test_cycle_ends_and_the_steps_to_them_agree(cycle, step):
    to_go = cycle.steps_to_cycle_end(step)
    end = cycle.length
    if end is not None and step >= end:
        assert to_go == 0
        assert cycle.is_cycle_end(step) is (step == end)
        return
    assert cycle.is_cycle_end(step) is (to_go == 0)
    if to_go:
        assert cycle.is_cycle_end(step + to_go)
        assert not any(cycle.is_cycle_end(s) for s in range(step + 1, step + min(to_go, 20)))
        middle = step + to_go // 2
        assert middle == step or not cycle.is_cycle_end(middle)


@MANY
@given(strategies.cycles(of=strategies.short_lengths), st.integers(2, 12))
def test_the_boundaries_and_the_end_are_the_cycle_ends(cycle, n):
    starts = cycle.boundaries(n).tolist()[1:]
    if cycle.cycles is not None and cycle.cycles <= n:
        starts.append(cycle.length)
    stop = starts[-1] if starts else 0
    assert [s for s in range(min(stop, 3000) + 1) if cycle.is_cycle_end(s)] == [
        s for s in starts if s <= 3000
    ]


@MANY
@given(strategies.cycles(multiplier=st.just(1.0)))
def test_the_period_is_the_distance_of_boundaries(cycle):
    assert cycle.period == cycle.step_size_up + cycle.step_size_down
    assert set(np.diff(cycle.boundaries(12)[1:])) <= {cycle.period}


def test_there_is_no_period_where_cycles_differ():
    message = "the period varies with cycle_mult=2.0: cycles differ in length; use boundaries"
    with pytest.raises(ValueError, match=re.escape(message)):
        _ = hc.Cycle(0, 1, 5, cycle_mult=2).period


def test_phase_is_rounded_to_steps_and_the_partial_cycle_is_cycle_0():
    at_top = hc.Cycle(0.1, 0.5, 4, phase=0.5)
    assert [at_top(s) for s in (0, 4, 8)] == [0.5, 0.1, 0.5]
    assert at_top.locate(0)[:2] == (0, 4)
    assert at_top.boundaries(4).tolist() == [0, 4, 12, 20]
    assert [s for s in range(21) if at_top.is_cycle_end(s)] == [4, 12, 20]
    assert at_top.steps_to_cycle_end(0) == 4
    # 0.33 · 10 = 3.3 steps are 3; what rounds to a whole period is none.
    assert hc.Cycle(0, 1, 5, phase=0.33).locate(0).step_in_cycle == 3
    assert hc.Cycle(0, 1, 5, phase=0.999).locate(0).step_in_cycle == 0
    # A part of the first cycle, however long the later ones are.
    assert hc.Cycle(0, 1, 4, phase=0.5, cycle_mult=3).boundaries(4).tolist() == [0, 4, 28, 100]


def test_a_finite_cycle_holds_what_it_reached():
    triangle = hc.Cycle(0.1, 0.5, 4, cycles=2)
    assert triangle.length == 16
    assert {triangle(s) for s in (16, 17, 20, 10**12)} == {0.1}
    saw_tooth = hc.Cycle(0.1, 0.5, 4, 0, cycles=2)
    assert saw_tooth.length == 8
    assert [saw_tooth(s) for s in (4, 7, 8, 9, 10**12)] == [0.1, 0.4, 0.5, 0.5, 0.5]
    restarts = hc.Cycle(0.1, 0.5, 0, 4, cycles=2)
    assert [restarts(s) for s in (0, 4, 8, 9)] == [0.5, 0.5, 0.1, 0.1]
    halved = hc.Cycle(0.0, 1.0, 4, 0, scale="halving", cycles=3)
    assert [halved(s) for s in (8, 12, 99)] == [0.0, 0.25, 0.25]
    shrunk = hc.Cycle(0.0, 1.0, 4, 0, scale=hc.Exponential(0.5), cycles=1)
    assert [shrunk(s) for s in (4, 5, 99)] == [0.5**4] * 3
    phased = hc.Cycle(0.1, 0.5, 4, phase=0.25, cycles=1)
    assert (phased.length, phased(2), phased(6), phased(7)) == (6, 0.5, 0.1, 0.1)
    assert hc.Cycle(0, 1, 4).length is None


@pytest.mark.parametrize("method", ["locate", "is_cycle_end", "steps_to_cycle_end", "events"])
@pytest.mark.parametrize(
    ("step", "error", "message"),
    [
        (-1, ValueError, "step must be at least 0, got step=-1"),
        (0.5, ValueError, "step must be a whole number, got step=0.5"),
        (True, TypeError, "step must be a whole number, got True (bool)"),
        ("3", TypeError, "step must be a whole number, got '3' (str)"),
        (math.nan, ValueError, "step must be a whole number, got step=nan"),
    ],
)
def test_what_is_no_step_is_refused(method, step, error, message):
    with pytest.raises(error, match=re.escape(message)):
        getattr(hc.Cycle(0, 1, 5), method)(step)


@pytest.mark.parametrize(
    ("steps", "error", "message"),
    [
        (np.array([0.5]), TypeError, "step must be an int or an array of ints"),
        (np.array([True]), TypeError, "step must be an int or an array of ints"),
        (np.array([3, -2]), ValueError, "step must be at least 0 (the first update), got step=-2"),
        (np.array([2**63], dtype=np.uint64), ValueError, "steps in arrays must be below 2**63"),
    ],
)
def test_what_are_no_steps_is_refused(steps, error, message):
    cycle = hc.Cycle(0, 1, 5, phase=0.1)
    for use in (cycle, cycle.locate):
        with pytest.raises(error, match=re.escape(message)):
            use(steps)


LAST = 2**63 - 1
ODD = {
    "phase": hc.Cycle(0.0, 1.0, 1000, phase=0.5),
    "phase and jump": hc.Cycle(0.0, 1.0, 7, 0, phase=0.9, waveform="hann"),
    "cycles": hc.Cycle(0.0, 1.0, 10**6, phase=0.25, cycles=3),
    "no phase": hc.Cycle(0.0, 1.0, 3, 8),
    "shrinking": hc.Cycle(0.0, 1.0, 3, 8, cycle_mult=0.5, cycles=9, phase=0.5),
}


@pytest.mark.parametrize("name", ODD)
def test_an_array_near_the_end_of_int64_is_located_as_its_steps_are(name):
    cycle = ODD[name]
    steps = [LAST - k for k in (0, 1, 499, 500, 501, 10**6)] + [2**62 + 1, 2**53 - 1]
    place = cycle.locate(np.array(steps))
    for index, step in enumerate(steps):
        assert cycle(np.array([step])).tolist() == [cycle(step)]
        if step <= 2**53:
            one = cycle.locate(step)
            assert [column[index] for column in place] == list(one)
