"""``Sum``: schedules at the same step, added."""

from __future__ import annotations

import functools
import math
import operator
from typing import Any

from hypercycle.namespaces.namespace import Namespace
from hypercycle.numbers.caching import computed_once
from hypercycle.schedules.combination import Joined
from hypercycle.schedules.scalars import OneValue


class Sum(Joined):
    r"""The sum of schedules at the same step: :math:`value = ((a + b) + c) + \\ldots` in float64.

    Parameters
    ----------
    *parts
        Schedules or numbers.

    Raises
    ------
    TypeError, ValueError
        If there is none, or one is neither a schedule nor a number.

    Examples
    --------
    >>> from hypercycle import Cycle, Ramp
    >>> rising = Sum(Ramp(0.0, 1.0, 10), Cycle(-0.5, 0.5, 5), 2)
    >>> [rising(step) for step in (0, 5, 10)]
    [1.5, 3.0, 2.5]
    """

    def evaluate(self, step: Any, xp: Namespace) -> Any:
        """Return float64 values at int64 steps in the namespace ``xp``."""
        return functools.reduce(operator.add, (one.evaluate(step, xp) for one in self.parts))

    @computed_once
    def at_one_step(self) -> OneValue | None:
        """The value at one step as a function; None if a part has none."""
        parts = [part.at_one_step for part in self.parts]
        if None in parts:
            return None

        def value(step: int) -> float:
            total = functools.reduce(operator.add, (part(step) for part in parts))
            if not math.isfinite(total):
                raise OverflowError
            return total  # type: ignore[no-any-return]

        return value

    def reached(self) -> list[float]:
        """Return the sums of the least and of the greatest bounds; [] if one is unknown."""
        ranges = self._ranges()
        return [] if ranges is None else [functools.reduce(operator.add, one) for one in ranges]
