"""Classic rules that turn losses into one value."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from range_test_curves import VALUES, swept, true

import hypercycle as hc
from hypercycle.range_test.suggestions import _longest_descent


def test_classic_suggestions_are_near_what_they_aim_at():
    test = swept("one descent", 200)
    bounds = test.bounds()
    _, steepest, best = true("one descent")
    assert test.suggest("steepest") == bounds.steepest
    assert test.suggest("minimum/10") == bounds.best / 10
    assert test.suggest("max/3") == bounds.high / 3
    assert test.suggest("max/4") == bounds.high / 4
    assert steepest - 1.0 < np.log10(test.suggest("slide")) < best
    assert steepest - 0.5 < np.log10(test.suggest("valley")) < best


def test_a_loss_that_has_just_begun_to_fall_has_a_steepest_point_but_no_maximum():
    test = swept("one descent", 200)
    cut = test.values < 0.003
    test = hc.RangeTest(test.values[cut], test.losses[cut])
    assert np.log10(test.suggest("steepest")) == pytest.approx(-2.6, abs=0.2)
    with pytest.raises(ValueError, match="there is no high: no bounds found for lr"):
        test.suggest("max/3")


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=25))
def test_the_longest_descent_is_that_of_the_quadratic_search(numbers):
    lengths = []
    for i, number in enumerate(numbers):
        before = [lengths[j] for j in range(i) if numbers[j] > number]
        lengths.append(1 + max(before, default=0))
    expected = int(np.argmax(lengths))
    assert _longest_descent(np.array(numbers, float)) == (expected, max(lengths))


def test_what_cannot_be_suggested_is_refused():
    test = swept("one descent")
    message = "unknown method 'steep'; did you mean 'steepest'? there are 'steepest', 'valley'"
    with pytest.raises(ValueError, match=re.escape(message)):
        test.suggest("steep")
    with pytest.raises(ValueError, match="the loss of this sweep of lr never falls"):
        hc.RangeTest(VALUES, np.log10(VALUES)).suggest("steepest")
    with pytest.raises(ValueError, match="there are 3 finite points"):
        hc.RangeTest([1, 2, 3], [1, 2, 3]).suggest("valley")
