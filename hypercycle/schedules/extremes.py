"""``Maximum`` and ``Minimum`` of schedules at the same step: floors and ceilings."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from hypercycle.namespaces.namespace import Namespace
from hypercycle.numbers.caching import computed_once
from hypercycle.schedules.combination import Joined
from hypercycle.schedules.scalars import OneValue


class _Extreme(Joined):
    """One of several values, by a function that chooses one of two."""

    choose: ClassVar[Callable[..., float]]

    def evaluate(self, step: Any, xp: Namespace) -> Any:
        """Return float64 values at int64 steps in the namespace ``xp``."""
        values = (part.evaluate(step, xp) for part in self.parts)
        return functools.reduce(functools.partial(self._chosen, xp=xp), values)

    def _chosen(self, one: Any, other: Any, xp: Namespace) -> Any:
        # Not by the libraries' own maximum: of 0.0 and -0.0 each takes another.
        first = one >= other if self.choose is max else one <= other
        if isinstance(first, (bool, np.bool_)):
            return one if first else other
        return xp.where(first, one, other)

    @computed_once
    def at_one_step(self) -> OneValue | None:
        """The value at one step as a function; None if a part has none."""
        parts = [part.at_one_step for part in self.parts]
        choose = type(self).choose
        return None if None in parts else lambda step: choose([part(step) for part in parts])

    def reached(self) -> list[float]:
        """Return the extremes of the least and of the greatest bounds; [] if one is unknown."""
        ranges = self._ranges()
        return [] if ranges is None else [self.choose(one) for one in ranges]


class Maximum(_Extreme):
    """The greatest of schedules at the same step: a floor, such as ``Maximum(lr, min_lr)``.

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
    >>> from hypercycle import Ramp
    >>> decay = Maximum(Ramp(1.0, 0.0, 4), 0.3)
    >>> [decay(step) for step in range(5)]
    [1.0, 0.75, 0.5, 0.3, 0.3]
    """

    choose = staticmethod(max)


class Minimum(_Extreme):
    """The least of schedules at the same step: a ceiling.

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
    >>> from hypercycle import Ramp
    >>> warmup = Minimum(Ramp(0.0, 1.0, 4), 0.6)
    >>> [warmup(step) for step in range(5)]
    [0.0, 0.25, 0.5, 0.6, 0.6]
    """

    choose = staticmethod(min)
