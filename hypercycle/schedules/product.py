"""``Product``: two schedules at the same step, multiplied."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hypercycle.namespaces.namespace import Namespace
from hypercycle.numbers.caching import computed_once
from hypercycle.numbers.checks import is_traced
from hypercycle.schedules.combination import Combination
from hypercycle.schedules.function import as_schedule
from hypercycle.schedules.printing import record_repr
from hypercycle.schedules.scalars import OneValue, product_at
from hypercycle.schedules.schedule import Record


@dataclass(frozen=True, repr=False)
class Product(Combination):
    """The product of two schedules at the same step.

    It holds when both hold. A warm-up that shares its steps with what follows is
    ``Product(Ramp(0, 1, 500), cycle)``; one that goes before it is
    ``Chain(Ramp(0, first, 500), cycle)``.

    >>> from hypercycle import Constant, Ramp
    >>> Product(Ramp(0.0, 1.0, 4), Constant(0.5))(2)
    0.25
    """

    first: Any
    second: Any

    def __post_init__(self) -> None:
        object.__setattr__(self, "first", as_schedule(self.first, "the first factor"))
        object.__setattr__(self, "second", as_schedule(self.second, "the second factor"))

    def __repr__(self) -> str:
        return record_repr(self, positional=("first", "second"))

    def of(self, *schedules: Record) -> Product:
        """Return the product of two other schedules."""
        return Product(*schedules)

    @property
    def schedules(self) -> tuple[Record, ...]:
        """Both factors."""
        return self.first, self.second

    @property
    def whole(self) -> bool:
        """Whether both factors are."""
        return bool(self.first.whole and self.second.whole)

    def reached(self) -> list[float]:
        """Return the products of the factors' bounds."""
        return _products(self.first.reached(), self.second.reached())

    def known_range(self) -> tuple[float, float] | None:
        """Return the least and the greatest product of bounds; None if a factor's are not known."""
        first, second = self.first.known_range(), self.second.known_range()
        if first is None or second is None:
            return None
        products = _products(first, second)
        return min(products), max(products)

    @computed_once
    def at_one_step(self) -> OneValue | None:
        """The value at one step as a function; None if a factor has none."""
        return product_at(self.first.at_one_step, self.second.at_one_step)

    def evaluate(self, step: Any, xp: Namespace) -> Any:
        """Return float64 values at int64 steps in the namespace ``xp``."""
        return self.first.evaluate(step, xp) * self.second.evaluate(step, xp)


def _products(first: Iterable[float], second: Iterable[float]) -> list[float]:
    return [a * b for a in _outermost(first) for b in _outermost(second)]


def _outermost(bounds: Iterable[float]) -> list[float]:
    """Return the least and the greatest, of which products of products are few."""
    given = list(bounds)
    return given if len(given) <= 2 or any(map(is_traced, given)) else [min(given), max(given)]
