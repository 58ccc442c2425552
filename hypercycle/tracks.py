"""The values that a cycler writes, computed ahead in blocks of steps.

One call of NumPy gives the values of a thousand steps for little more than the price of one, so a
training step only looks up ready-made floats.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hypercycle.composition import Schedule, is_precomputable
from hypercycle.namespaces import evaluate_at
from hypercycle.plan import value_at

Floats = npt.NDArray[np.float64]

# Steps in a block, and the most numbers that a block may hold.
BLOCK_STEPS = 1024
BLOCK_NUMBERS = 131_072


@dataclass(frozen=True)
class Interval:
    """The values that a target accepts for a hyperparameter."""

    least: float = -np.inf
    most: float = np.inf
    most_included: bool = True

    def check(self, values: Floats, what: str) -> None:
        """Raise ValueError if a value is not finite or lies outside."""
        bad = ~np.isfinite(values) | (values < self.least) | (values > self.most)
        if not self.most_included:
            bad |= values == self.most
        if bad.any():
            value = float(values[np.argmax(bad)])
            raise ValueError(f"{what} accepts values in {self}, its schedule gives {value!r}")

    def __str__(self) -> str:
        left = "(-inf" if self.least == -np.inf else f"[{self.least:g}"
        right = "inf)" if self.most == np.inf else f"{self.most:g}{'])'[not self.most_included]}"
        return f"{left}, {right}"


@dataclass(frozen=True)
class Track:
    """One hyperparameter's schedules: one for everything, or one per key.

    Attributes
    ----------
    name
        The name in the plan.
    schedules
        One schedule, or one per key.
    keys
        What the schedules are for; None where one value is for everything.
    factors
        What each schedule is multiplied by: the initial values where it is relative.
    interval
        What the target accepts.
    """

    name: str
    schedules: tuple[Schedule, ...]
    keys: tuple[Hashable, ...] | None = None
    factors: tuple[float, ...] | None = None
    interval: Interval = Interval()

    def check(self, column: Floats, index: int, what: str | None = None) -> None:
        """Raise ValueError unless the target accepts these values of one schedule."""
        where = "" if self.keys is None else f" of group {self.keys[index]!r}"
        self.interval.check(column, f"{what or self.name}{where}")

    def value(self, entry: Any) -> Any:
        """Return an entry of a row as the public values show it."""
        return entry if self.keys is None else dict(zip(self.keys, entry, strict=True))


def rows(tracks: Sequence[Track], step: int) -> list[tuple[Any, ...]]:
    """Return the values of ``step`` and of some steps after it.

    A row holds, for each track, a float, or a tuple with one float per key. Rows end before the
    first step whose values cannot be had.

    Raises
    ------
    ValueError, OverflowError
        If the values of ``step`` itself are not finite or not accepted.
    """
    schedules = [schedule for track in tracks for schedule in track.schedules]
    count = 1
    if all(map(is_precomputable, schedules)):
        count = max(min(BLOCK_STEPS, BLOCK_NUMBERS // len(schedules)), 1)
    while True:
        try:
            return _rows(tracks, step, count)
        except (ValueError, OverflowError):
            if count == 1:
                raise
            count //= 2


def _rows(tracks: Sequence[Track], step: int, count: int) -> list[tuple[Any, ...]]:
    known: dict[int, Floats] = {}
    columns = []
    for track in tracks:
        parts = []
        for index, schedule in enumerate(track.schedules):
            column = known.get(id(schedule))
            if column is None:
                column = known[id(schedule)] = _values(schedule, step, count)
            if track.factors is not None:
                column = column * track.factors[index]
            track.check(column, index)
            parts.append(column.tolist())
        columns.append(parts[0] if track.keys is None else list(zip(*parts, strict=True)))
    return list(zip(*columns, strict=True))


def _values(schedule: Schedule, step: int, count: int) -> Floats:
    if count > 1:
        values: Floats = value_at(schedule, np.arange(step, step + count))
        return values
    return np.array([schedule(step)], dtype=np.float64)
