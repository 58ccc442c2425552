"""Repeat: a schedule that ends, again and again, in whole-number arithmetic."""

import re

import numpy as np
import pytest
import reference
import strategies
from hypothesis import given
from hypothesis import strategies as st

import hypercycle as hc

PERIOD = hc.Chain(hc.Ramp(0, 1, 2), (1, 5), hc.Ramp(1, 0, 3))


@strategies.examples(100)
@given(strategies.finite(), strategies.steps)
def test_the_value_is_that_of_the_step_in_its_time(schedule, step):
    period = reference.length(schedule)
    assert hc.Repeat(schedule)(step) == schedule(step % period)
    end = 3 * period
    assert hc.Repeat(schedule, 3)(step) == schedule(step % period if step < end else period)
    assert hc.Repeat(schedule, 3).length == end


@strategies.examples(30)
@given(strategies.finite(), st.integers(0, 10**12))
def test_a_late_time_has_the_bits_of_the_first(schedule, time):
    repeated, period = hc.Repeat(schedule), schedule.length
    time = min(time, 2**52 // period)
    assert repeated.repeats_every == period
    steps = np.arange(min(period, 100))
    assert repeated(steps + time * period).tobytes() == schedule(steps).tobytes()


def test_a_thousand_times_are_no_larger_a_record():
    lr = hc.Repeat(PERIOD, times=1000)
    flat = hc.Chain(*[part for _ in range(1000) for part in PERIOD.parts])
    steps = np.random.default_rng(0).integers(0, 11_000, 500)
    assert lr(steps).tobytes() == flat(steps).tobytes()
    assert len(repr(lr)) < 120


def test_times_without_cycles_are_cycles():
    lr = hc.Repeat(PERIOD, times=3)
    told = [tuple(event) for step in range(50) for event in lr.events(step)]
    assert told == [("cycle_end", 0, 10), ("cycle_end", 1, 20), ("cycle_end", 2, 30)]
    assert hc.Repeat(PERIOD).events(10**13) == [("cycle_end", 10**12 - 1, 10**13)]
    assert list(lr.ends(0, 20)) == [2, 7, 10, 10, 12, 17, 20, 20]
    assert (lr.shown_in(5), hc.Repeat(PERIOD).shown_in(5)) == (30, 50)
    assert hc.Repeat(lr, 2).events(60) == [("cycle_end", 5, 60)]


@pytest.mark.parametrize("cycles", [1, 2])
def test_cycles_are_numbered_on(cycles):
    for one in (
        hc.Cycle(0, 1, 2, 3, cycles=cycles),
        hc.Cycle(0, 1, 5, 0, cycles=cycles),
        hc.Cycle(0, 1, 0, 5, cycles=cycles),
    ):
        endless = hc.Cycle(0, 1, one.step_size_up, one.step_size_down)
        repeated = hc.Repeat(one)
        for step in [*range(60), 10**12 - 3, 10**12]:
            assert repeated.events(step) == endless.events(step)
            if step < 5 * cycles * 7:
                assert hc.Repeat(one, 7).events(step) == endless.events(step)
        last = hc.Repeat(one, 7).events(35 * cycles)
        assert [event for event in last if event.name == "cycle_end"] == [
            ("cycle_end", 7 * cycles - 1, 35 * cycles)
        ]


def test_cycles_in_a_chain_and_in_repeats_of_repeats_are_numbered_on():
    lr = hc.Repeat(hc.Chain(hc.Ramp(0, 1, 4), (hc.Cycle(0, 1, 2, 3), 12)))
    ends = [event for step in range(50) for event in lr.events(step) if event.name == "cycle_end"]
    # The third cycle of a time is cut off.
    assert [tuple(event)[1:] for event in ends] == [
        (0, 9),
        (1, 14),
        (3, 25),
        (4, 30),
        (6, 41),
        (7, 46),
    ]
    nested = hc.Repeat(hc.Repeat(hc.Cycle(0, 1, 2, 3, cycles=1), 2), 3)
    assert [nested.events(step) for step in range(40)] == [
        hc.Repeat(hc.Cycle(0, 1, 2, 3, cycles=1), 6).events(step) for step in range(40)
    ]


def test_a_plan_s_cycles_are_those_of_its_repeat():
    told = []

    class Loss:
        beta = 0.0

    cycler = hc.attach(
        Loss(), beta=hc.Repeat(PERIOD, 2), on_event=lambda *event: told.append(event)
    )
    for _ in range(25):
        cycler.step()
    assert told == [("cycle_end", 0, 10), ("cycle_end", 1, 20)]


def test_lengths_with_units_are_resolved_inside():
    lr = hc.Repeat(hc.Chain(hc.Ramp(0, 1, "1ep"), hc.Ramp(1, 0, "10%")), 3)
    assert not lr.resolved
    with pytest.raises(ValueError, match="has a unit that is not resolved yet"):
        lr(3)
    resolved = lr.resolve(steps_per_epoch=7, total_steps=30)
    assert resolved == hc.Repeat(hc.Chain(hc.Ramp(0, 1, 7), hc.Ramp(1, 0, 3)), 3)
    with pytest.raises(ValueError, match="Repeat needs a schedule that ends"):
        hc.Repeat(hc.Cycle(0, 1, "1ep")).resolve(steps_per_epoch=7)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: hc.Repeat("x"), TypeError, "the schedule must be a schedule (such as Cycle"),
        (
            lambda: hc.Repeat(hc.Cycle(0, 1, 3)),
            ValueError,
            "give its length, as in Chain((schedule, 2000)), got Cycle(0.0, 1.0, 3)",
        ),
        (lambda: hc.Repeat(0.5), ValueError, "needs a schedule that ends"),
        (lambda: hc.Repeat(lambda step: 1.0), ValueError, "needs a schedule that ends"),
        (lambda: hc.Repeat(hc.Ramp(0, 1, 0)), ValueError, "a schedule of at least one step, got"),
        (
            lambda: hc.Repeat(hc.Chain((0.5, 3), (0.1, "rest")), 3),
            ValueError,
            "which leaves nothing to repeat: give a length, such as '10%', got Chain(",
        ),
        (lambda: hc.Repeat(PERIOD, 0), ValueError, "times must be at least 1, got times=0"),
        (lambda: hc.Repeat(PERIOD, 2.5), ValueError, "times must be a whole number, got times=2.5"),
        (lambda: hc.Repeat(PERIOD, 2**53), ValueError, "longer than 2**53 steps: 90071992547409"),
    ],
)
def test_what_cannot_be_repeated_is_refused(make, error, message):
    with pytest.raises(error, match=re.escape(message)):
        make()
