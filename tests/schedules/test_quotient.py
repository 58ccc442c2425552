"""Quotient: one schedule divided by another; a division by zero is told in words."""

import math
import re

import numpy as np
import pytest
import strategies
import torch
from hypothesis import given

import hypercycle as hc

LR = hc.Cycle(0.1, 0.5, 4)


@strategies.examples(60)
@given(strategies.schedules(depth=1), strategies.positive_values, strategies.steps)
def test_a_quotient_is_the_quotient(first, second, step):
    assert hc.Quotient(first, second)(step) == first(step) / second
    ramp = hc.Ramp(second, 2 * second, 100)
    assert hc.Quotient(first, ramp)(step) == first(step) / ramp(step)


def test_it_reaches_the_quotients_of_the_bounds():
    assert set(hc.Quotient(1, LR).reached()) == {10.0, 2.0}
    both = hc.Quotient(hc.Ramp(-1, 2, 3), hc.Ramp(-4, -2, 3))
    assert sorted(both.reached()) == [-1, -0.5, 0.25, 0.5]
    for around_zero in (hc.Ramp(0, 1, 3), hc.Ramp(-1, 1, 3), hc.Ramp(-1, 0, 3)):
        assert hc.Quotient(1, around_zero).reached() == []


def test_a_division_by_zero_is_told_with_its_step():
    quotient = hc.Quotient(hc.Ramp(0, 1, 4), hc.Ramp(1, 0, 4))
    message = re.escape(f"{quotient!r} divides by 0 at step=4: keep its denominator away from 0")
    for step in (4, np.array([[0, 4]]), np.int64(4)):
        with pytest.raises(ValueError, match=message):
            quotient(step)
    with pytest.raises(ValueError, match=message):  # at the fourth step of the part
        hc.Chain((1, 3), (quotient, 9))(7)
    assert quotient(3) == 3.0
    assert math.isinf(quotient(torch.tensor(4)).item())


def test_a_block_of_values_ends_before_a_division_by_zero():
    class Loss:
        beta = 1.0

    loss = Loss()
    cycler = hc.attach(loss, beta=hc.Quotient(1, hc.Ramp(1, 0, 4)))
    for expected in (4 / 3, 2.0, 4.0):
        cycler.step()
        assert loss.beta == expected
    with pytest.raises(ValueError, match="divides by 0 at step=4"):
        cycler.step()


def test_what_is_not_finite_is_refused():
    with pytest.raises(OverflowError, match="gives inf at step=0;"):
        hc.Quotient(1e200, 1e-200)(0)
    with pytest.raises(ValueError, match="denominator of a Quotient must not be 0 at every step"):
        hc.Quotient(LR, 0)
    for arguments, name in ((("x", 1), "numerator"), ((1, "x"), "denominator")):
        with pytest.raises(TypeError, match=rf"the {name} must be a schedule \(such as Cycle"):
            hc.Quotient(*arguments)
