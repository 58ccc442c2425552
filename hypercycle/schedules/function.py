"""``Function``: the record that a user's own function of the step becomes; ``as_schedule``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hypercycle.namespaces.namespace import NUMPY, ONE_STEP, Namespace
from hypercycle.numbers.checks import finite_number, is_number
from hypercycle.schedules.constant import Constant
from hypercycle.schedules.schedule import Record, Schedule


@dataclass(frozen=True, eq=False, repr=False)
class Function(Record):
    """A user's own function of the step, as a schedule.

    Nothing is known of it but its value at the present step: it may look at what training does. It
    is equal to its function, and prints as it does.

    >>> half = Function(lambda step: step / 2)
    >>> half(3), half(np.arange(3)).tolist()
    (1.5, [0.0, 0.5, 1.0])
    """

    function: Schedule

    def __call__(self, step: Any) -> Any:
        """Return the value: a float for an int, an array for an array; else what it returns."""
        if isinstance(step, np.ndarray):
            return self.evaluate(step.reshape(-1), NUMPY).reshape(step.shape)
        return self._number(step) if isinstance(step, int) else self.function(step)

    def evaluate(self, step: Any, xp: Namespace) -> Any:
        """Return values at int64 steps; in other namespaces than NumPy's, what it returns."""
        if xp is ONE_STEP:
            return self._number(step)
        if xp is NUMPY:
            return np.array([self._number(int(number)) for number in step])
        return self.function(step)

    def _number(self, step: int) -> float:
        value = self.function(step)
        try:
            return float(value)
        except (TypeError, ValueError):
            raise TypeError(
                f"{self.function!r} must return a number, got {value!r} at step {step}"
            ) from None

    @property
    def precomputable(self) -> bool:
        """No."""
        return False

    def __eq__(self, other: object) -> bool:
        function = other.function if isinstance(other, Function) else other
        return bool(self.function == function)

    def __hash__(self) -> int:
        return hash(self.function)

    def __repr__(self) -> str:
        return repr(self.function)


def as_schedule(value: Any, name: str) -> Record:
    """Return a schedule: ``value`` itself, a number as :class:`Constant`, else a :class:`Function`.

    Raises
    ------
    TypeError
        If it is neither a number nor callable, or is a plan or groups, which give no number.
    """
    if isinstance(value, Record):
        return value
    if is_number(value):
        return Constant(finite_number(value, name))
    if isinstance(value, (type, Mapping)) or not callable(value):
        raise TypeError(
            f"{name} must be a schedule (such as Cycle, Ramp, or a function of the step) or a "
            f"number, got {value!r}"
        )
    return Function(value)
