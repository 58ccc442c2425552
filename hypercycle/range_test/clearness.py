"""Whether points fall at all: a test that no outlier and no change of scale moves.

The means of all stretches of points are compared with those of all points before them (A. Olshen et
al., "Circular binary segmentation", 2004), by normal scores of the points' ranks (B. van der
Waerden, 1952).
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from hypercycle.namespaces.namespace import Floats

_SHORTEST = 5
_AT_MOST = 400
# Of 4,000 sweeps each; tests/range_test/test_clearness.py makes others.
_COUNTS = (10, 20, 50, 100, 200, 400, 1600)
_CLEAR = (2.1, 3.0, 3.65, 4.15, 4.4, 4.6, 4.7)


def clearness_of(points: Floats, independent: float) -> float:
    """Return by how many standard deviations a stretch of points is below all those before it.

    Each point is worth so many ``independent`` ones.
    """
    scores = _normal_scores(points)
    if len(scores) > _AT_MOST:  # the mean of a few of them, each
        edges = np.linspace(0, len(scores), _AT_MOST + 1).astype(int)
        size = np.diff(edges)
        scores = np.add.reduceat(scores, edges[:-1]) / size
        independent *= float(size.mean())
    n = len(scores)
    sums = np.concatenate([[0.0], np.cumsum(scores)])
    at = np.arange(n + 1)
    before, after = at[:, None], at[None, :] - at[:, None]
    fits = (before >= _SHORTEST) & (after >= _SHORTEST)
    before, after = np.maximum(before, 1), np.maximum(after, 1)
    falls = sums[:, None] / before - (sums[None, :] - sums[:, None]) / after
    deviations = falls / np.sqrt(1.0 / before + 1.0 / after) * np.sqrt(independent)
    return float(deviations[fits].max(initial=0.0))


def clear_among(count: int) -> float:
    """Return the clearness that so many points of noise alone exceed in 1 of 500 sweeps."""
    return float(np.interp(np.log(count), np.log(_COUNTS), _CLEAR))


def _normal_scores(points: Floats) -> Floats:
    """Return what points of these ranks would be if they were normally distributed."""
    _, inverse, counts = np.unique(points, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2.0
    quantiles = [NormalDist().inv_cdf(rank / (len(points) + 1.0)) for rank in ranks.tolist()]
    return np.array(quantiles)[inverse.reshape(-1)]
