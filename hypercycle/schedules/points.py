"""``Points``: values at given steps, joined by lines or held until the next."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Unpack

import numpy as np

from hypercycle.namespaces.namespace import ONE_STEP, Namespace
from hypercycle.numbers.caching import computed_once
from hypercycle.numbers.checks import finite_number, shown
from hypercycle.numbers.lengths import (
    STEPS,
    Facts,
    Length,
    Units,
    checked_length,
    in_steps,
    resolved_length,
)
from hypercycle.schedules.between import between
from hypercycle.schedules.printing import record_repr
from hypercycle.schedules.scalars import OneValue
from hypercycle.schedules.schedule import Record


@dataclass(frozen=True, repr=False)
class Points(Record):
    r"""Values at given steps, joined by lines, or held until the next.

    .. math::

        value = v_i \\cdot (1 - x) + v_{i+1} \\cdot x, \\qquad
        x = (step - s_i)/(s_{i+1} - s_i)

    with ``between="linear"``, and :math:`v_i` with ``between="hold"``, where :math:`s_i` is the
    last of the steps that is not after ``step``. Before the first point its value holds, after the
    last one that one's. Finding the points of a step is a binary search, in a program that is
    traced by a table: thousands are no larger a program than two.

    Lists of ``[step, value]`` are taken as they are: what RLlib has as a schedule, and with
    ``"hold"`` what PyTorch has as milestones and Megatron-LM as steps of a batch size.

    Parameters
    ----------
    points
        ``{step: value}`` or pairs ``(step, value)`` in increasing order. Steps are whole steps
        >= 0, or lengths with units from the start of the schedule.
    between
        ``"linear"`` or ``"hold"``.

    Raises
    ------
    TypeError, ValueError
        If there is no point, a step or a value is none, or the steps do not increase.

    Examples
    --------
    >>> entropy = Points({0: 0.1, 1000: 0.01, 3000: 0.0})
    >>> [entropy(step) for step in (0, 500, 1000, 2000, 9999)]
    [0.1, 0.055, 0.01, 0.005, 0.0]
    >>> batch_size = Points([(0, 32), (500, 64)], between="hold")
    >>> batch_size(499), batch_size(500)
    (32.0, 64.0)
    """

    points: Any
    between: Literal["linear", "hold"] = "linear"

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", tuple(_pairs(self.points)))
        if not self.points:
            raise ValueError("Points needs at least one point, such as {0: 0.1}")
        if self.between not in ("linear", "hold"):
            raise ValueError(f"between must be 'linear' or 'hold', got {self.between!r:.60}")
        if self.resolved:
            _ = self._steps

    def __repr__(self) -> str:
        steps = [step for step, _ in self.points]
        listed = dict(self.points) if len(set(steps)) == len(steps) else list(self.points)
        options = record_repr(self, hidden=("points",)).removeprefix("Points(")
        return f"Points({listed!r}{', ' if options != ')' else ''}{options}"

    @computed_once
    def _steps(self) -> list[int]:
        steps = [in_steps(step, "a step of Points") for step, _ in self.points]
        for before, after in itertools.pairwise(steps):
            if before >= after:
                raise ValueError(f"the steps of Points must increase, got {before} before {after}")
        return steps

    @computed_once
    def _values(self) -> list[float]:
        return [value for _, value in self.points]

    @computed_once
    def _tables(self) -> tuple[Any, ...]:
        """Where stretches start and how long they are, and their first and last values."""
        steps, values = self._steps, self._values
        # After the last point there is a stretch as well, of one value.
        lengths = [*np.diff(steps).tolist(), 1]
        whole = np.array([steps, lengths], np.int64)
        return (*whole, *np.array([values, [*values[1:], values[-1]]]))

    @property
    def whole(self) -> bool:
        """Whether they are whole numbers that are held."""
        is_held = self.between == "hold" or len(set(self._values)) == 1
        return is_held and all(value.is_integer() for value in self._values)

    def reached(self) -> list[float]:
        """Return the least and the greatest value."""
        return [min(self._values), max(self._values)]

    @computed_once
    def at_one_step(self) -> OneValue | None:
        """The value at one step as a function."""
        return self._at

    def _at(self, step: int) -> float:
        steps, values = self._steps, self._values
        index = bisect.bisect_right(steps, step) - 1
        if index < 0 or self.between == "hold" or index == len(steps) - 1:
            return values[max(index, 0)]
        first, last = values[index : index + 2]
        x = (step - steps[index]) / (steps[index + 1] - steps[index])
        value: float = between(x, first, last, min(first, last), max(first, last), ONE_STEP)
        return value

    def evaluate(self, step: Any, xp: Namespace) -> Any:
        """Return float64 values at int64 steps in the namespace ``xp``."""
        if xp is ONE_STEP:
            return self._at(step)
        starts, lengths, firsts, lasts = self._tables
        if starts[-1] > xp.largest_step:
            raise OverflowError(f"a point is after {xp.largest_step} steps")
        index = xp.clip(xp.search(starts, step) - 1, 0, len(starts) - 1)
        first = xp.take(firsts, index)
        if self.between == "hold":
            return first
        start, last = xp.take(starts, index), xp.take(lasts, index)
        # No further than the longest stretch: after the last point, and before the first.
        local = xp.to_float(xp.clip(step - start, 0, int(lengths.max())))
        x = local / xp.to_float(xp.take(lengths, index))
        least, most = xp.minimum(first, last), xp.maximum(first, last)
        return between(xp.minimum(x, 1.0), first, last, least, most, xp)

    @property
    def length(self) -> int:
        """Steps until the last point."""
        return self._steps[-1]

    def ends(self, first: int, last: int) -> Iterator[int]:
        """Yield the steps from ``first + 1`` to ``last`` at which there is a point."""
        yield from self._steps[
            bisect.bisect_right(self._steps, max(first, 0)) : bisect.bisect_right(self._steps, last)
        ]

    @property
    def resolved(self) -> bool:
        """Whether all steps are whole."""
        return not any(isinstance(step, str) for step, _ in self.points)

    def resolve(self, **facts: Unpack[Facts]) -> Points:
        """Return the same points with all steps whole."""
        units = Units(**facts)
        if self.resolved and units.clock == STEPS:
            return self
        resolved = [
            (resolved_length(step, "a step of Points", units), value) for step, value in self.points
        ]
        return Points(resolved, self.between)


def _pairs(points: Any) -> Iterator[tuple[Length, float]]:
    pairs = points.items() if isinstance(points, Mapping) else points
    if not isinstance(pairs, Iterable) or isinstance(pairs, (str, bytes)):
        raise TypeError(f"points must be {{step: value}} or pairs, got {shown(points)}")
    for pair in pairs:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise TypeError(f"a point must be a pair (step, value), got {shown(pair)}")
        step, value = pair
        # A value that is traced is in no table: float() says so.
        yield checked_length(step, "a step of Points"), float(finite_number(value, "a value"))
