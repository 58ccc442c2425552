"""``Quotient``: one schedule divided by another at the same step."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from hypercycle.namespaces.namespace import NUMPY, ONE_STEP, Namespace
from hypercycle.numbers.caching import computed_once
from hypercycle.schedules.combination import Combination
from hypercycle.schedules.function import as_schedule
from hypercycle.schedules.printing import record_repr
from hypercycle.schedules.scalars import OneValue
from hypercycle.schedules.schedule import Record


@dataclass(frozen=True, repr=False)
class Quotient(Combination):
    """One schedule divided by another at the same step, such as a decay that goes by 1/lr.

    Parameters
    ----------
    numerator, denominator
        Schedules or numbers.

    Raises
    ------
    TypeError
        If one is neither a schedule nor a number.
    ValueError
        If the denominator is 0: always, or when it is asked for the value of such a step. In a
        program that is traced, where this cannot be seen, the value is not finite there.

    Examples
    --------
    >>> from hypercycle import Ramp
    >>> independent = Quotient(1e-4, Ramp(0.1, 0.2, 10))
    >>> independent(0), independent(10)
    (0.001, 0.0005)
    """

    numerator: Any
    denominator: Any

    def __post_init__(self) -> None:
        for name in ("numerator", "denominator"):
            object.__setattr__(self, name, as_schedule(getattr(self, name), f"the {name}"))
        if self.denominator.known_range() == (0.0, 0.0):
            raise ValueError("the denominator of a Quotient must not be 0 at every step")

    def __repr__(self) -> str:
        return record_repr(self, positional=("numerator", "denominator"))

    def of(self, *schedules: Record) -> Quotient:
        """Return the quotient of two other schedules."""
        return Quotient(*schedules)

    @property
    def schedules(self) -> tuple[Record, ...]:
        """The numerator and the denominator."""
        return self.numerator, self.denominator

    def reached(self) -> list[float]:
        """Return the quotients of the bounds; [] where 0 may be between the denominator's."""
        above, below = self.numerator.known_range(), self.denominator.known_range()
        if above is None or below is None or below[0] <= 0.0 <= below[1]:
            return []
        return [a / b for a in above for b in below]

    @computed_once
    def at_one_step(self) -> OneValue | None:
        """The value at one step as a function; None if the numerator or denominator has none."""
        numerator, denominator = self.numerator.at_one_step, self.denominator.at_one_step
        if numerator is None or denominator is None:
            return None

        def value(step: int) -> float:
            quotient: float = numerator(step) / denominator(step)
            if not math.isfinite(quotient):
                raise OverflowError
            return quotient

        return value

    def evaluate(self, step: Any, xp: Namespace) -> Any:
        """Return float64 values at int64 steps in the namespace ``xp``."""
        numerator = self.numerator.evaluate(step, xp)
        denominator = self.denominator.evaluate(step, xp)
        if xp is ONE_STEP or xp is NUMPY:
            zero = np.broadcast_to(np.equal(denominator, 0.0), np.shape(step))
            if zero.any():
                first = np.asarray(step)[zero].flat[0]
                raise ValueError(
                    f"{self!r} divides by 0 at step={first}: keep its denominator away from 0, as "
                    "Maximum(denominator, 1e-8) does"
                )
        return numerator / denominator
