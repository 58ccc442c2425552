"""Whether points fall at all."""

import numpy as np
import pytest
from scipy import stats

from hypercycle.range_test.clearness import _normal_scores, clear_among, clearness_of


def noise(kind, n, seed):
    rng = np.random.default_rng([n, seed])
    return {
        "normal": rng.standard_normal,
        "heavy-tailed": lambda n: rng.standard_t(2, n),
        "skewed": lambda n: np.exp(rng.standard_normal(n)),
        "few values": lambda n: rng.binomial(8, 0.3, n).astype(float),
    }[kind](n)


@pytest.mark.parametrize("n", [12, 30, 75, 150, 600])
@pytest.mark.parametrize("kind", ["normal", "heavy-tailed", "skewed", "few values"])
def test_noise_alone_is_hardly_ever_clear(kind, n):
    found = [clearness_of(noise(kind, n, seed), 1.0) for seed in range(150)]
    assert sum(one >= clear_among(n) for one in found) <= 3
    # The limits are not further off than they need to be.
    assert np.percentile(found, 97) >= clear_among(n) - 1.3


@pytest.mark.parametrize("kind", ["normal", "heavy-tailed", "skewed"])
@pytest.mark.parametrize("shape", ["stays low", "comes back", "goes far up"])
def test_a_stretch_that_lies_lower_is_clear_in_any_noise(kind, shape):
    points = noise(kind, 200, 1)
    points[120:160] -= 2.5
    points[160:] += {"stays low": -2.5, "comes back": 0.0, "goes far up": 1e9}[shape]
    assert clearness_of(points, 1.0) > clear_among(200) + 0.5
    assert clearness_of(1e-12 * points**3, 1.0) == clearness_of(points, 1.0)
    assert clearness_of(points, 0.25) == pytest.approx(clearness_of(points, 1.0) / 2)


def test_what_only_rises_is_not_clear():
    points = np.append(noise("normal", 100, 0), np.linspace(1.0, 50.0, 100))
    assert clearness_of(points, 1.0) < clear_among(200)


def test_the_greatest_of_all_stretches_is_that_of_every_pair_of_slices():
    points = noise("normal", 40, 3)
    scores = stats.norm.ppf(stats.rankdata(points) / 41)
    expected = max(
        (scores[:i].mean() - scores[i:j].mean()) / np.sqrt(1 / i + 1 / (j - i))
        for i in range(5, 40)
        for j in range(i + 5, 41)
    )
    assert clearness_of(points, 1.0) == pytest.approx(expected, rel=1e-9)


def test_scores_are_those_of_the_ranks_ties_in_the_middle():
    points = np.array([3.0, 1.0, 1.0, -7.0, 1e9])
    expected = stats.norm.ppf(stats.rankdata(points) / 6)
    np.testing.assert_allclose(_normal_scores(points), expected, rtol=1e-9)
