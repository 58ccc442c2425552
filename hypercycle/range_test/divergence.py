"""When a range test stops: the rule of divergence."""

from __future__ import annotations

import bisect
import math
import statistics
from typing import Any

import numpy as np

# The median of five outlives two spikes in a row and lags two updates behind.
WINDOW = 5


# A median of five losses hardly ever strays this many times their noise.
NOISES = 10.0


class Divergence:
    """Whether a loss has left for good; see :class:`Recorder` for the rule."""

    def __init__(self) -> None:
        self._recent: list[float] = []
        self._changes: list[float] = []  # sizes of the changes from loss to loss, sorted
        self._start: float | None = None
        self._lowest = math.inf
        self.smoothed = math.nan

    def after(self, loss: float) -> bool:
        """Return whether it has, after one more finite loss."""
        if self._recent:
            bisect.insort(self._changes, abs(loss - self._recent[-1]))
        self._recent = [*self._recent[1 - WINDOW :], loss]
        self.smoothed = statistics.median(self._recent)
        if len(self._recent) < WINDOW:
            return False
        if self._start is None:
            self._start = self.smoothed
        self._lowest = min(self._lowest, self.smoothed)
        # Of normal noise, half of the changes are below 0.954 standard deviations.
        noise = self._changes[len(self._changes) // 2] / 0.954
        allowed = max(self._start - self._lowest, NOISES * noise, abs(self._start))
        return self.smoothed > self._start + allowed


def points_to_keep(losses: Any, *, stop_early: bool = True) -> int:
    """Return how many of the losses of a run there are when it stops, by the rule of `Recorder`.

    The loss that ends the run is counted.

    >>> points_to_keep([2.3, 2.3, 2.0, float("nan"), 2.0])
    4
    """
    divergence = Divergence()
    for index, loss in enumerate(np.asarray(losses, dtype=np.float64).tolist()):
        if not math.isfinite(loss) or (divergence.after(loss) and stop_early):
            return index + 1
    return len(losses)
