"""Held: a schedule that is asked once in so many steps."""

import re

import numpy as np
import pytest
import strategies
from hypothesis import given

import hypercycle as hc


@strategies.examples(100)
@given(strategies.schedules(depth=1), strategies.short_lengths, strategies.steps)
def test_the_value_is_that_of_the_last_multiple(schedule, steps, step):
    held = hc.Held(schedule, steps)
    assert held(step) == schedule(step - step % steps)


def test_it_is_pytorch_s_scheduler_that_is_stepped_once_per_epoch():
    per_epoch = hc.Held(hc.Ramp(1.0, 0.0, "10ep"), "1ep").resolve(steps_per_epoch=7)
    by_epoch = hc.Ramp(1.0, 0.0, 10)
    got = per_epoch(np.arange(80)).tolist()
    assert got == [by_epoch(min(epoch, 10)) for epoch in range(12) for _ in range(7)][:80]


def test_it_holds_when_the_schedule_is_asked_after_its_end():
    assert hc.Held(hc.Ramp(0, 1, 8), 4).length == 8
    assert hc.Held(hc.Ramp(0, 1, 9), 4).length == 12
    assert hc.Held(hc.Cycle(0, 1, 9), 4).length is None
    assert hc.Held(hc.Ramp(0, 1, 9), 4)(11) == 8 / 9
    assert hc.Held(hc.Ramp(0, 1, 9), 4)(12) == 1.0


def test_a_function_of_yours_is_asked_at_its_own_steps():
    asked = []
    held = hc.Held(lambda step: asked.append(step) or step / 10, 5)
    assert [held(step) for step in range(11)] == [0.0] * 5 + [0.5] * 5 + [1.0]
    assert set(asked) == {0, 5, 10}
    assert not held.precomputable


def test_cycles_go_on_at_their_own_steps():
    cycle = hc.Cycle(0, 1, 3)
    held = hc.Held(cycle, 4)
    assert [held.events(step) for step in range(20)] == [cycle.events(step) for step in range(20)]
    assert held.reached() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: hc.Held("x", 3), TypeError, "the schedule must be a schedule (such as Cycle"),
        (lambda: hc.Held(1, 0), ValueError, "steps must be at least 1, got steps=0"),
        (lambda: hc.Held(1, "3 epochs"), ValueError, "a number with a unit such as '2000it'"),
        (lambda: hc.Held(1, "1ep")(0), ValueError, "steps='1ep' has a unit that is not resolved"),
    ],
)
def test_what_is_no_length_is_refused(make, error, message):
    with pytest.raises(error, match=re.escape(message)):
        make()
