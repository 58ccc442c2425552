"""Ramp: from one value to the other, both exactly."""

import math
import re

import pytest
import strategies
from hypothesis import given

import hypercycle as hc


@strategies.examples(100)
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


def test_it_reaches_both_ends():
    assert hc.Ramp(1, 0.25, 4).reached() == [1.0, 0.25]


def test_a_length_with_a_unit_is_resolved():
    ramp = hc.Ramp(0, 1, "2ep", "welch")
    assert not ramp.resolved
    assert ramp.resolve(steps_per_epoch=5) == hc.Ramp(0, 1, 10, "welch")
    with pytest.raises(ValueError, match="steps='2ep' has a unit that is not resolved yet"):
        _ = ramp.length


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: hc.Ramp(math.inf, 1, 3), ValueError, "start must be finite, got start=inf"),
        (lambda: hc.Ramp(0, "1", 3), TypeError, "end must be a number, got '1' (str)"),
        (lambda: hc.Ramp(0, 1, -3), ValueError, "steps must be at least 0, got steps=-3"),
        (lambda: hc.Ramp(0, 1, 3, "liner"), ValueError, "unknown waveform 'liner'; did you mean"),
        (lambda: hc.Ramp(0, 1, 3, 5), TypeError, "waveform=5 must be a function waveform(x, xp)"),
    ],
)
def test_what_makes_no_ramp_is_refused(make, error, message):
    with pytest.raises(error, match=re.escape(message)):
        make()
