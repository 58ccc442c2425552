"""Sum: schedules at the same step, added one after the other."""

import numpy as np
import pytest
import strategies
from hypothesis import given

import hypercycle as hc


@strategies.examples(60)
@given(strategies.schedules(depth=1), strategies.schedules(depth=1), strategies.steps)
def test_a_sum_is_the_sum(first, second, step):
    assert hc.Sum(first, second)(step) == first(step) + second(step)
    assert hc.Sum(first, second, 0.1)(step) == first(step) + second(step) + 0.1


def test_it_reaches_the_sums_of_the_bounds():
    assert hc.Sum(hc.Cycle(0.25, 0.5, 4), hc.Ramp(3, -4, 5), 1).reached() == [-2.75, 4.5]


def test_sums_that_overflow_are_an_error_of_the_step():
    total = hc.Sum(1e308, hc.Ramp(0, 1e308, 4))
    assert total(0) == 1e308
    for step in (4, np.array([0, 4])):
        with pytest.raises(OverflowError, match="gives inf at step=4;"):
            total(step)
