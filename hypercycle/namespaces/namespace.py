"""``Namespace``: the functions that formulas are written in, on NumPy arrays and for one step."""

from __future__ import annotations

import bisect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

ArrayFunction = Callable[..., Any]

Floats = np.ndarray[Any, np.dtype[np.float64]]  # numpy.typing would be a tenth of an import

Waveform = Callable[[Any, Any], Any]
"""The shape of half a cycle: ``waveform(x, xp)`` with w(0) = 0 and w(1) = 1."""

Scale = Callable[[Any, Any, Any], Any]
"""A scale policy: ``scale(cycle, step, xp)`` returns the factor."""


@dataclass(frozen=True)
class Namespace:
    """The functions that waveforms and scale policies may use, on one array library.

    The second group is for the clock: ``to_float`` converts whole steps to float64, ``lesser`` is
    the minimum of two whole numbers or heights, ``clip`` keeps whole steps between two ints,
    ``take`` looks up ``table[..., index]`` and ``search`` counts the entries of a sorted table that
    are not greater than each step. Whole numbers above ``largest_step`` do not fit.
    """

    abs: ArrayFunction
    cos: ArrayFunction
    exp: ArrayFunction
    floor: ArrayFunction
    log: ArrayFunction
    maximum: ArrayFunction
    minimum: ArrayFunction
    sin: ArrayFunction
    sqrt: ArrayFunction
    where: ArrayFunction

    to_float: ArrayFunction
    lesser: ArrayFunction
    clip: ArrayFunction
    take: ArrayFunction
    search: ArrayFunction
    largest_step: int = 2**63 - 1


NUMPY_FUNCTIONS: dict[str, Any] = {
    name: getattr(np, name)
    for name in ("abs", "cos", "exp", "floor", "log", "maximum", "minimum", "sin", "sqrt", "where")
}


NUMPY = Namespace(
    **NUMPY_FUNCTIONS,
    to_float=lambda steps: steps.astype(np.float64),
    lesser=np.minimum,
    clip=np.clip,
    take=lambda table, index: table[..., index],
    search=lambda table, steps: np.searchsorted(table, steps, side="right"),
)


# One step: the clock on Python's integers, + − · / on Python's floats (IEEE arithmetic, as
# everywhere), and waveforms and scale policies through ``apply``.
ONE_STEP = Namespace(
    **NUMPY_FUNCTIONS,
    to_float=float,
    lesser=min,
    clip=lambda step, least, most: max(least, min(step, most)),
    take=lambda table, index: int(table[index]),
    search=bisect.bisect_right,
)


# One number: our own waveforms on Python's floats, without the detour through arrays.
ONE_NUMBER = replace(
    ONE_STEP,
    abs=abs,
    maximum=max,
    minimum=min,
    where=lambda condition, one, other: one if condition else other,
)


def apply(function: ArrayFunction, xp: Namespace, *numbers: Any) -> Any:
    """Return ``function(*numbers, xp)`` of a waveform or a scale policy.

    One step goes through arrays of one element, and so through the very loops that an array goes
    through (math.exp and numpy.exp differ, and so do the powers of a number and an array).
    """
    if xp is not ONE_STEP:
        return function(*numbers, xp)
    with np.errstate(all="ignore"):  # what is not finite is refused by evaluate_at
        result = function(*[np.array([number]) for number in numbers], xp)
    return result.item() if isinstance(result, np.ndarray) else float(result)


class Evaluates(Protocol):
    """A schedule that computes its value at whole steps in any namespace."""

    def evaluate(self, step: Any, xp: Namespace) -> Any:
        """Return float64 values for int64 steps."""
