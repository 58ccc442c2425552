"""Batches that come round in a fixed order: what each of them adds to its losses is taken out.

While the rate is too small to change anything, the losses of one batch are the same each time it
comes. So the period is the lag at which losses differ least, and what a batch adds is its mean
there, less that of all (the seasonal component of M. Kendall and A. Stuart, "The Advanced Theory
of Statistics", vol. 3, chapter 46). It is taken out as far as later losses still show it: with
training, batches come to differ in other ways.
"""

from __future__ import annotations

import numpy as np

from hypercycle.namespaces.namespace import Floats

# At the period, losses differ at most this part of what they do at other lags; and at the shortest
# lag of its kind, not much more than at the best, which may be a multiple.
_ALIKE, _AS_ALIKE = 0.25, 1.5
_SHORTEST, _FEWEST_PERIODS = 2, 2


def without_period(points: Floats, flat: int) -> Floats:
    """Return points without what comes round in a fixed order; ``flat`` of them show it best."""
    period = _period_of(points[:flat])
    if period is None:
        return points
    phases = np.arange(len(points)) % period
    counts = np.bincount(phases[:flat], minlength=period)
    added = np.bincount(phases[:flat], points[:flat], period) / counts
    added -= added.mean()
    around = _mean_around(points, period)
    shown = _mean_around((points - around) * added[phases], period)
    size = max(float(np.mean(added**2)), 1e-300)
    return points - np.clip(shown / size, 0.0, 1.0) * added[phases]


def _period_of(points: Floats) -> int | None:
    """Return after how many points they come again; None if they do not."""
    lags = np.arange(_SHORTEST, len(points) // _FEWEST_PERIODS + 1)
    if len(lags) < 3:
        return None
    apart = np.array([np.median(np.abs(points[lag:] - points[:-lag])) for lag in lags])
    usual = float(np.median(apart))
    if not apart.min() < _ALIKE * usual:
        return None
    alike = apart <= max(_AS_ALIKE * float(apart.min()), 0.01 * usual)
    return int(lags[alike.argmax()])


def _mean_around(values: Floats, period: int) -> Floats:
    """Return the mean of the period around each value; at the ends, of the first and the last."""
    n, period = len(values), min(period, len(values))
    sums = np.concatenate([[0.0], np.cumsum(values)])
    first = np.clip(np.arange(n) - period // 2, 0, n - period)
    return np.asarray((sums[first + period] - sums[first]) / period)
