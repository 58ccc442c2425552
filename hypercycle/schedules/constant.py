"""``Constant``: the same value at every step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypercycle.namespaces.namespace import Namespace
from hypercycle.numbers.caching import computed_once
from hypercycle.numbers.checks import finite_number, is_traced
from hypercycle.schedules.printing import record_repr
from hypercycle.schedules.scalars import OneValue
from hypercycle.schedules.schedule import Record


@dataclass(frozen=True, repr=False)
class Constant(Record):
    """The same value at every step.

    >>> Constant(0.9)(10**12)
    0.9
    """

    value: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", finite_number(self.value, "value"))

    def __repr__(self) -> str:
        return record_repr(self, positional=("value",))

    @computed_once
    def at_one_step(self) -> OneValue | None:
        """The value as a function of a step; None where JAX is tracing it."""
        value = self.value
        return None if is_traced(value) else lambda _: value

    def evaluate(self, step: Any, xp: Namespace) -> Any:
        """Return the value, to be broadcast."""
        del step, xp
        return self.value

    def reached(self) -> list[float]:
        """Return the value."""
        return [self.value]

    @property
    def whole(self) -> bool:
        """Whether the value is a whole number."""
        return not is_traced(self.value) and self.value.is_integer()
