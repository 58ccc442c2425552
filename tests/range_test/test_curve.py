"""A smooth curve through noisy points, and how sure it is."""

import numpy as np
import pytest
from range_test_curves import family, noise

from hypercycle.range_test.curve import DRAWS, GRID, fit_curve

PLACES = np.linspace(-7.0, 0.0, 200)
TRUE = 2.3 - 1.5 / (1.0 + np.exp(-3.0 * (PLACES + 2.5)))


def off(curve, true=TRUE):
    """Return how far the curve is off at the points."""
    return np.abs(np.interp(PLACES, curve.grid, curve.mean) - true)


def test_a_curve_has_a_grid_over_the_places_and_so_many_draws():
    curve = fit_curve(PLACES, TRUE)
    np.testing.assert_array_equal(curve.grid, np.linspace(-7.0, 0.0, GRID))
    assert curve.mean.shape == (GRID,)
    assert curve.draws.shape == (DRAWS, GRID)


@pytest.mark.parametrize("order", [2, 3])
def test_points_without_noise_are_followed(order):
    assert off(fit_curve(PLACES, TRUE, order)).max() < 2e-3
    line = 3.0 - 0.5 * PLACES
    assert off(fit_curve(PLACES, line, order), line).max() < 1e-6


@pytest.mark.parametrize("deviation", [0.02, 0.1])
def test_noise_is_smoothed_away_and_the_draws_hold_the_truth(deviation):
    errors, held = [], []
    for seed in range(10):
        curve = fit_curve(PLACES, TRUE + deviation * noise(200, seed))
        errors.append(off(curve).mean())
        first, last = np.percentile(curve.draws, [2.5, 97.5], axis=0)
        true = np.interp(curve.grid, PLACES, TRUE)
        held.append(np.mean((first <= true) & (true <= last)))
    assert np.mean(errors) < deviation / 3
    assert 0.9 < np.mean(held) <= 1.0


def test_the_same_points_give_the_same_curve():
    points = TRUE + 0.1 * noise(200, 1)
    first, second = fit_curve(PLACES, points), fit_curve(PLACES, points)
    np.testing.assert_array_equal(first.mean, second.mean)
    np.testing.assert_array_equal(first.draws, second.draws)


def test_another_lapack_gives_the_same_curve(monkeypatch):
    points = TRUE + 0.1 * noise(200, 1)
    curve = fit_curve(PLACES, points)
    eigh = np.linalg.eigh

    def opposite(matrix):
        values, vectors = eigh(matrix)
        return values, vectors * np.resize([1.0, -1.0, -1.0], len(values))

    monkeypatch.setattr(np.linalg, "eigh", opposite)
    other = fit_curve(PLACES, points * (1.0 + 1e-15 * noise(200, 2)))  # and rounds otherwise
    np.testing.assert_allclose(other.mean, curve.mean, rtol=1e-9)
    np.testing.assert_allclose(other.draws, curve.draws, rtol=1e-9)


@pytest.mark.parametrize(("factor", "shift"), [(1e-6, 0.0), (1000.0, 0.0), (1.0, -50.0)])
def test_the_unit_of_the_points_does_not_matter(factor, shift):
    points = TRUE + 0.1 * noise(200, 2)
    curve, other = fit_curve(PLACES, points), fit_curve(PLACES, factor * points + shift)
    np.testing.assert_allclose(other.mean, factor * curve.mean + shift, atol=1e-6 * factor)


def test_outliers_hardly_count():
    points = TRUE + 0.02 * noise(200, 3)
    spiked = points.copy()
    spiked[[20, 90, 91, 170]] += 2.0  # more than the whole descent, a hundred deviations
    assert off(fit_curve(PLACES, spiked)).max() < 0.03


def test_a_quiet_start_does_not_make_the_curve_stiff_where_it_is_noisy():
    points = TRUE + np.where(PLACES < -4.0, 1e-4, 0.1) * noise(200, 4)
    assert off(fit_curve(PLACES, points)).mean() < 0.04


def test_correlated_noise_makes_the_draws_wider():
    def spread(kind):
        rngs = map(np.random.default_rng, range(8))
        curves = [fit_curve(PLACES, TRUE + 0.1 * kind(TRUE, rng)) for rng in rngs]
        return np.mean([curve.draws.std(0) for curve in curves])

    assert spread(family.correlated) > 1.2 * spread(family.white)


def test_behind_a_kink_the_curve_may_turn_at_once():
    wall = np.where(PLACES > -1.0, TRUE + 3.0, TRUE) + 0.02 * noise(200, 6)
    before = (PLACES > -1.5) & (PLACES < -1.1)
    smeared, sharp = (
        off(fit_curve(PLACES, wall, kink=kink))[before].max() for kink in (np.inf, -1.0)
    )
    assert sharp < 0.1
    assert sharp < smeared


@pytest.mark.parametrize("points", [np.full(12, 0.7), np.append(np.zeros(11), 5e-324)])
def test_points_that_are_all_alike_make_a_flat_curve(points):
    curve = fit_curve(np.arange(12.0), points)
    np.testing.assert_allclose(curve.mean, points[0], atol=1e-12)
    assert np.isfinite(curve.draws).all()
