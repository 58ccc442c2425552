"""Batches that come round in a fixed order."""

import numpy as np
import pytest

from hypercycle.range_test.periodic import _period_of, without_period


@pytest.mark.parametrize("period", [3, 8, 20])
@pytest.mark.parametrize("jitter", [0.0, 0.02])
def test_batches_that_come_round_are_known_and_taken_out(period, jitter):
    rng = np.random.default_rng(period)
    batches = np.tile(0.5 * rng.standard_normal(period), 200 // period + 1)[:200]
    trend = np.linspace(1.0, -4.0, 200) * (np.arange(200) > 100)
    fades = np.where(np.arange(200) < 120, 1.0, 0.0)
    points = trend + fades * batches + jitter * rng.standard_normal(200)
    assert _period_of(points[:100]) == period
    left = without_period(points, 100) - trend
    assert np.std(left[: 110 - period]) <= 0.3 * np.std(batches)
    assert np.std(left[120 + period :]) <= 0.2 * np.std(batches)


def test_shuffled_batches_are_left_as_they_are():
    found = 0
    for seed in range(60):
        points = np.random.default_rng(seed).standard_normal(100)
        found += without_period(points, 60) is not points
    assert found <= 1
