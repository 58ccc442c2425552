"""The scale on which noise is alike everywhere, and sweeps with noise as it really is."""

import numpy as np
import pytest

import hypercycle as hc
from hypercycle.range_test.noise import NoiseScale, noise_scale_of


def descent(n, low=0.01, high=10.0):
    """Return a loss that falls from high to low, over the logarithm."""
    x = np.linspace(-7, 1, n)
    return low * (high / low) ** (1 / (1 + np.exp(3 * (x + 1.5))))


@pytest.mark.parametrize("n", [60, 300, 1000])
@pytest.mark.parametrize(("own", "growing"), [(0.1, 0.0), (0.0, 0.3), (0.05, 0.2)])
def test_noise_of_any_origin_is_alike_on_its_scale(own, growing, n):
    levels = descent(n)
    rng = np.random.default_rng(n)
    deviations = np.hypot(own, growing * levels)
    points = levels + deviations * rng.standard_normal(n)
    scale = noise_scale_of(points, levels)
    # What a deviation is worth on the scale, to first order, at the top and at the bottom.
    worth = deviations / np.hypot(levels, scale.c)
    assert worth[0] / worth[-1] == pytest.approx(1.0, abs=0.7)
    assert max(deviations) / min(deviations) > 10 or growing == 0.0


def test_the_way_back():
    values = np.array([-3.0, 0.0, 1e-6, 5.0, 1e6])
    scale = NoiseScale(0.01)
    np.testing.assert_allclose(scale.back(scale.of(values)), values, rtol=1e-12)


# Sweeps as they are: noise in proportion to the loss, batches in a fixed order.


@pytest.mark.parametrize("order", ["fixed", "shuffled"])
@pytest.mark.parametrize("steps", [100, 200, 300])
@pytest.mark.parametrize("high", [1.0, 15.0])
def test_a_descent_by_a_factor_of_a_hundred_is_never_refused(order, steps, high):
    for seed in range(6):
        rng = np.random.default_rng([steps, seed])
        batches = np.exp(0.4 * rng.standard_normal(8))
        drawn = np.arange(steps) % 8
        if order == "shuffled":
            drawn = np.concatenate([rng.permutation(8) for _ in range(steps // 8 + 1)])[:steps]
        values = np.geomspace(1e-7, 10, steps)
        losses = descent(steps, high / 100, high) * batches[drawn]
        losses[values > 3] = 50 * high
        bounds = hc.RangeTest(values, losses).bounds()
        assert bounds, (seed, bounds)
        assert -3.0 < np.log10(bounds.low) < -1.5
        assert bounds.low < bounds.high < bounds.best <= 10


def nothing_learnt(kind, rng):
    x = np.linspace(-7, 1, 150)
    noise, wall = rng.standard_normal(150), np.exp(8 * (x - 0.2))
    losses = {
        "flat": 2.3 + 0.1 * noise,
        "rises": 2.3 + 0.1 * noise + wall,
        "frozen": np.tile(np.exp(0.5 * noise[:12]), 13)[:150] + 0.01 * rng.random(150),
        "heavy-tailed": 5 + rng.standard_t(2, 150),
        "gets noisier": 2.3 + 0.1 * noise * (1 + 4 * wall) + wall,
    }[kind]
    return hc.RangeTest(10**x, losses)


@pytest.mark.parametrize("kind", ["flat", "rises", "frozen", "heavy-tailed", "gets noisier"])
def test_where_nothing_can_be_learnt_there_are_no_bounds(kind):
    tests = [nothing_learnt(kind, np.random.default_rng(seed)) for seed in range(40)]
    assert sum(bool(test.bounds()) for test in tests) <= 2


def test_a_second_valley_behind_a_breakdown_does_not_count():
    x = np.linspace(-6, 0, 200)
    losses = 5.0 - 4.5 / (1 + np.exp(-6 * (x + 3)))
    losses += 3.5 * np.exp(-(((x + 1.5) / 0.15) ** 2))  # up, and down once more
    losses -= 0.2 * (x > -1.0)
    rng = np.random.default_rng(0)
    bounds = hc.RangeTest(10**x, losses * np.exp(0.05 * rng.standard_normal(200))).bounds()
    assert bounds.best < 10**-1.5
