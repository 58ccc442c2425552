"""``Rounded``: whole multiples, for batch sizes, sequence lengths and counts."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from hypercycle.namespaces.namespace import ONE_STEP, Namespace
from hypercycle.numbers.caching import computed_once
from hypercycle.numbers.checks import whole_number
from hypercycle.schedules.combination import Combination
from hypercycle.schedules.function import as_schedule
from hypercycle.schedules.printing import record_repr
from hypercycle.schedules.scalars import OneValue
from hypercycle.schedules.schedule import Record

# Where the exact value is a half, roundings would decide, and otherwise in each library.
_HALF = 0.5 + 2.0**-30


@dataclass(frozen=True, repr=False)
class Rounded(Combination):
    r"""A schedule's values rounded to whole multiples, halves up.

    .. math:: value = m \\cdot \\lfloor v / m + 1/2 + 2^{-30} \\rfloor

    The values are floats that are exactly whole; what ``attach`` writes into an ``int`` is an
    ``int``. The 2⁻³⁰ makes a half of what is one but for roundings, in every library alike.

    Parameters
    ----------
    schedule
        A schedule, or a function of the step.
    multiple_of
        Whole number >= 1: values are multiples of it.

    Raises
    ------
    TypeError, ValueError
        If the schedule is none, or ``multiple_of`` is not a whole number of at least 1.

    Examples
    --------
    >>> from hypercycle import Ramp
    >>> length = Rounded(Ramp(64, 1024, 1000), multiple_of=8)
    >>> [length(step) for step in (0, 3, 5, 1000)]
    [64.0, 64.0, 72.0, 1024.0]
    """

    schedule: Any
    multiple_of: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "schedule", as_schedule(self.schedule, "the schedule"))
        multiple = whole_number(self.multiple_of, "multiple_of", minimum=1)
        object.__setattr__(self, "multiple_of", multiple)

    def __repr__(self) -> str:
        return record_repr(self, positional=("schedule",))

    def of(self, *schedules: Record) -> Rounded:
        """Return another schedule, rounded to the same multiples."""
        return replace(self, schedule=schedules[0])

    @property
    def schedules(self) -> tuple[Record, ...]:
        """The schedule that is rounded."""
        return (self.schedule,)

    @property
    def whole(self) -> bool:
        """Yes."""
        return True

    def reached(self) -> list[float]:
        """Return the bounds of the schedule, rounded; [] if they are unknown."""
        known = self.schedule.known_range()
        return [] if known is None else [self._rounded(bound) for bound in known]

    def _rounded(self, value: float) -> float:
        scaled = value / self.multiple_of + _HALF
        # What is not finite is refused where it is asked for.
        return math.floor(scaled) * float(self.multiple_of) if math.isfinite(scaled) else scaled

    @computed_once
    def at_one_step(self) -> OneValue | None:
        """The value at one step as a function; None if the schedule has none."""
        at = self.schedule.at_one_step
        if at is None:
            return None
        multiple = float(self.multiple_of)
        return lambda step: math.floor(at(step) / multiple + _HALF) * multiple

    def evaluate(self, step: Any, xp: Namespace) -> Any:
        """Return float64 values at int64 steps in the namespace ``xp``."""
        value = self.schedule.evaluate(step, xp)
        if xp is ONE_STEP or isinstance(value, float):
            return self._rounded(value)
        return xp.floor(value / float(self.multiple_of) + _HALF) * float(self.multiple_of)
