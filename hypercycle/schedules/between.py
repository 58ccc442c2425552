"""``Between``: values between two bounds, which never leave them, on a scale of their own."""

from __future__ import annotations

import math
from typing import Any, Literal, get_args

import numpy as np

from hypercycle.namespaces.namespace import NUMPY, ONE_STEP, Namespace
from hypercycle.numbers.caching import computed_once
from hypercycle.numbers.checks import is_traced, wrong_value

Space = Literal["linear", "log", "log1m"]
"""What moves evenly between two bounds: the value, its logarithm, or that of 1 − value."""

# e to this power, and one over it, are normal numbers.
_LARGEST_LOGARITHM = 690.0


def between(  # noqa: PLR0917  (a formula of these)
    y: Any, anchor: Any, other: Any, least: Any, most: Any, xp: Namespace, *, within: bool = True
) -> Any:
    r"""Return :math:`anchor \cdot (1 - y) + other \cdot y`, inside of ``[least, most]``.

    The form hits both bounds exactly, but near one of them its roundings may add up to a unit in
    the last place beyond it. Where ``y`` is in [0, 1] the value is held inside; that it is
    ``within`` spares the question. Other ``y``, such as those of a scale that grows, mean values
    outside.

    >>> y = 0.022
    >>> 0.1 * (1.0 - y) + 0.1 * y
    0.09999999999999999
    >>> between(y, 0.1, 0.1, 0.1, 0.1, ONE_STEP)
    0.1
    """
    return _held(y, anchor * (1.0 - y) + other * y, least, most, xp, within=within)


def _held(y: Any, value: Any, least: Any, most: Any, xp: Namespace, *, within: bool) -> Any:
    if xp is ONE_STEP:
        return max(least, min(value, most)) if 0.0 <= y <= 1.0 else value
    held = xp.minimum(xp.maximum(value, least), most)
    return held if within else xp.where((y >= 0.0) & (y <= 1.0), held, value)


class Between:
    r"""The values from ``anchor`` at height 0 to ``other`` at height 1, in a space.

    .. math::

        anchor (1 - y) + other \cdot y, \qquad
        anchor^{1 - y} \, other^y, \qquad
        1 - (1 - anchor)^{1 - y} (1 - other)^y

    in ``"linear"``, ``"log"`` and ``"log1m"``. Both bounds are hit exactly, and not left while
    ``y`` is in [0, 1].

    >>> steps = Between(1e-4, 1e-2, "log")
    >>> [round(steps.at(y), 12) for y in (0.0, 0.5, 1.0)]
    [0.0001, 0.001, 0.01]
    >>> steps = Between(0.9, 0.999, "log1m")
    >>> [round(steps.at(y), 12) for y in (0.0, 0.5, 1.0)]
    [0.9, 0.99, 0.999]

    Attributes
    ----------
    traced
        Whether a bound is a number that JAX is tracing, so that their order is not known.
    """

    def __init__(self, anchor: float, other: float, space: Space) -> None:
        self.traced = is_traced(anchor) or is_traced(other)
        self._anchor, self._other, self._space = anchor, other, space
        if not self.traced:
            self._least, self._most = min(anchor, other), max(anchor, other)

    def __call__(self, y: Any, xp: Namespace, *, within: bool = True) -> Any:
        """Return the values at heights ``y``; ``within``: all of them are in [0, 1]."""
        anchor, other = self._anchor, self._other
        if self._space == "linear":
            if self.traced:
                return anchor * (1.0 - y) + other * y
            return between(y, anchor, other, self._least, self._most, xp, within=within)
        if self.traced:
            return self._of_traced(y, xp)
        if xp is ONE_STEP:
            return self.at(y)
        start = self._distance(anchor)
        value = self._hit(y, start * xp.exp(y * self._logarithm), anchor, other, xp)
        return _held(y, value, self._least, self._most, xp, within=within)

    def at(self, y: float) -> float:
        """Return the value at one height, with the bits that it has in an array."""
        if y == 0.0:
            return self._anchor
        if y == 1.0:
            return self._other
        if self._space == "linear":
            value = self._anchor * (1.0 - y) + self._other * y
        else:
            value = self._distance(self._anchor) * _exp(y * self._logarithm)
            value = 1.0 - value if self._space == "log1m" else value
        return float(_held(y, value, self._least, self._most, ONE_STEP, within=False))

    @computed_once
    def _logarithm(self) -> float:
        return _logarithm(self._anchor, self._other, self._space)

    def _distance(self, bound: Any) -> Any:
        return 1.0 - bound if self._space == "log1m" else bound

    def _hit(self, y: Any, distance: Any, anchor: Any, other: Any, xp: Namespace) -> Any:
        value = 1.0 - distance if self._space == "log1m" else distance
        return xp.where(y == 0.0, anchor, xp.where(y == 1.0, other, value))

    def _of_traced(self, y: Any, xp: Namespace) -> Any:
        bounds = self._anchor, self._other
        if xp is NUMPY or xp is ONE_STEP:
            _ = list(map(float, bounds))  # JAX says that it cannot be had here, and is asked
        anchor, other = (xp.to_float(one) if is_traced(one) else one for one in bounds)
        start = self._distance(anchor)
        distance = start * xp.exp(y * (xp.log(self._distance(other)) - xp.log(start)))
        value = self._hit(y, distance, anchor, other, xp)
        least, most = xp.minimum(anchor, other), xp.maximum(anchor, other)
        return _held(y, value, least, most, xp, within=False)


def checked_space(space: Any, **bounds: float) -> Space:
    """Return a space in which these bounds, by the names of their arguments, are numbers.

    Raises
    ------
    ValueError
        If there is no such space; if a bound is not above 0 in ``"log"`` or not below 1 in
        ``"log1m"``, or the two are more than a factor of 10²⁹⁹ apart there.
    """
    if space not in get_args(Space):
        raise ValueError(f"space must be 'linear', 'log' or 'log1m', got {space!r:.60}")
    known = {name: bound for name, bound in bounds.items() if not is_traced(bound)}
    for name, bound in known.items():
        if space == "log" and bound <= 0.0:
            raise wrong_value(
                bound, name, "must be above 0 with space='log' (a small number such as 1e-8)"
            )
        if space == "log1m" and bound >= 1.0:
            raise wrong_value(
                bound, name, "must be below 1 with space='log1m' (close to it, such as 0.9999)"
            )
    if space != "linear" and len(known) == 2:
        first, second = known
        if not abs(_logarithm(known[first], known[second], space)) <= _LARGEST_LOGARITHM:
            raise ValueError(
                f"{first} and {second} must be less than a factor of 1e299 apart with {space=}, "
                f"got {known[first]!r} and {known[second]!r}"
            )
    checked: Space = space
    return checked


def _exp(x: float) -> float:
    if abs(x) <= _LARGEST_LOGARITHM:
        return float(np.exp(x))
    with np.errstate(all="ignore"):  # of a scale that grows: what is not finite is refused later
        return float(np.exp(x))


def _logarithm(anchor: float, other: float, space: Space) -> float:
    """Return the logarithm of what the distance from 0, or from 1, is multiplied by."""
    start, end = (1.0 - bound if space == "log1m" else bound for bound in (anchor, other))
    ratio = end / start
    # The quotient has one rounding; it may be no number of its own.
    return math.log(ratio) if 1e-300 < ratio < 1e300 else math.log(end) - math.log(start)
