"""A schedule that is a table of its values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hypercycle.namespaces.namespace import ONE_STEP, Namespace
from hypercycle.schedules.schedule import Record


@dataclass(frozen=True, eq=False)
class Tabulated(Record):
    """The values of the first steps; then the last one holds, or they begin again.

    >>> table = Tabulated(np.array([0.1, 0.2, 0.3]))
    >>> table(1), table(100), Tabulated(table.values, repeats=True)(100)
    (0.2, 0.3, 0.2)
    """

    values: np.ndarray
    repeats: bool = False

    def evaluate(self, step: Any, xp: Namespace) -> Any:
        """Return float64 values at int64 steps in the namespace ``xp``."""
        size = len(self.values)
        index = step % size if self.repeats else xp.clip(step, 0, size - 1)
        # The namespace of one step looks up whole numbers.
        return float(self.values[index]) if xp is ONE_STEP else xp.take(self.values, index)

    def reached(self) -> list[float]:
        """Return the least and the greatest value."""
        return [float(self.values.min()), float(self.values.max())]
