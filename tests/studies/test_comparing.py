"""The statistics of the studies."""

import math

import numpy as np
import pytest
from scipy import stats
from studies import comparing, step_size

OWN, OTHER = [71.0, 72.5, 70.2, 73.1, 71.9], [70.1, 72.0, 70.6, 71.8, 71.5]


def test_a_paired_difference_is_that_of_scipy():
    found = comparing.difference(OWN, OTHER)
    test = stats.ttest_rel(OWN, OTHER)
    interval = test.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.mean == pytest.approx(0.54)
    assert found.count == 5


def test_an_interval_is_that_of_the_tables():
    # Of 1, 2, 3: the mean is 2, the deviation 1, and t with two degrees of freedom 4.303.
    found = comparing.estimate([1.0, 2.0, 3.0])
    assert found.high - 2 == pytest.approx(4.303 / math.sqrt(3), abs=1e-3)
    alone = comparing.estimate([1.0])
    assert (alone.mean, alone.count) == (1.0, 1)
    assert math.isnan(alone.low)


def test_a_ratio_is_a_geometric_mean():
    found = comparing.ratio([1000, 2000, 4000], [2000, 4000, 8000])
    assert (found.mean, found.low, found.high) == pytest.approx((0.5, 0.5, 0.5))
    found = comparing.ratio([1000, 4000], [2000, 2000])
    assert found.mean == pytest.approx(1.0)
    assert found.low * found.high == pytest.approx(1.0)


@pytest.mark.parametrize("margin", [0.5, 1.0, 2.0])
def test_equivalence_is_shown_where_the_interval_of_90_percent_is_within_the_margin(margin):
    found = comparing.equivalence(OWN, OTHER, margin)
    interval = stats.ttest_rel(OWN, OTHER).confidence_interval(0.9)
    assert found.shown == (-margin < interval.low and interval.high < margin)
    assert (found.difference.low, found.difference.high) == pytest.approx(tuple(interval))
    # By hand: the larger one-sided p, of the differences' mean and standard error.
    differences = np.subtract(OWN, OTHER)
    error = differences.std(ddof=1) / math.sqrt(5)
    expected = max(
        stats.t.sf((differences.mean() + margin) / error, 4),
        stats.t.cdf((differences.mean() - margin) / error, 4),
    )
    assert found.p == pytest.approx(expected)


def test_no_difference_is_not_equivalence():
    apart = [70.0, 75.0, 65.0], [75.0, 65.0, 70.0]
    assert stats.ttest_rel(*apart).pvalue > 0.05
    assert not comparing.equivalence(*apart, margin=1.0).shown
    with pytest.raises(ValueError, match="two seeds or more, got 1"):
        comparing.equivalence([1.0], [1.0], 1.0)


def test_speed_is_paired_by_seed_and_says_who_never_arrives():
    fast = [{500: 0.5, 1000: 0.7}, {500: 0.6, 1000: 0.65}]
    slow = [{500: 0.2, 1000: 0.5}, {500: 0.4, 1000: 0.45}]
    found = comparing.speed(fast, slow, 0.5)
    assert (found.reached, found.other_reached, found.seeds) == (2, 1, 2)
    assert found.ratio.mean == pytest.approx(0.5)
    assert found.ratio.count == 1
    assert comparing.speed(fast, slow, 0.69).ratio is None


def test_early_stopping_may_wait_for_the_end_of_a_cycle():
    rises = {100: 0.1, 200: 0.2, 300: 0.3}
    assert step_size.stopped(rises, 100) == 300
    falls = {100: 0.3, 200: 0.2, 300: 0.1, 400: 0.2, 500: 0.9}
    assert step_size.stopped(falls, 200) == 300
    assert step_size.stopped(falls, 200, cycle=200) == 400
    assert step_size.stopped(falls, 1000) == 500
