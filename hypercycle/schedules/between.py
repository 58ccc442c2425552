"""Values between two bounds, which never leave them, on a straight line or a logarithm's."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

import numpy as np

from hypercycle.namespaces.namespace import NUMPY, ONE_NUMBER, ONE_STEP, Namespace
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


def bounds_in(space: Space, anchor: float, other: float) -> tuple[float, ...]:
    """Return what :func:`value_between` needs: both bounds, the lower and the higher of them.

    In another space than ``"linear"`` also the distance of ``anchor`` from 0, or from 1, and the
    logarithm of what it is multiplied by on the way to ``other``.
    """
    bounds = anchor, other, min(anchor, other), max(anchor, other)
    if space == "linear":
        return bounds
    return *bounds, _distance(anchor, space), _logarithm(anchor, other, space)


def value_between(
    y: Any, bounds: Sequence[Any], space: Space, xp: Namespace, *, within: bool = True
) -> Any:
    r"""Return the values from ``anchor`` at height 0 to ``other`` at height 1, in a space.

    .. math::

        anchor (1 - y) + other \cdot y, \qquad
        anchor^{1 - y} \, other^y, \qquad
        1 - (1 - anchor)^{1 - y} (1 - other)^y

    in ``"linear"``, ``"log"`` and ``"log1m"``. Both bounds are hit exactly, and not left while
    ``y`` is in [0, 1]; ``within`` as in :func:`between`.

    >>> bounds = bounds_in("log", 1e-4, 1e-2)
    >>> [round(value_between(y, bounds, "log", ONE_STEP), 12) for y in (0.0, 0.5, 1.0)]
    [0.0001, 0.001, 0.01]
    >>> bounds = bounds_in("log1m", 0.9, 0.999)
    >>> [round(value_between(y, bounds, "log1m", ONE_STEP), 12) for y in (0.0, 0.5, 1.0)]
    [0.9, 0.99, 0.999]
    """
    if space == "linear":
        anchor, other, least, most = bounds
        return between(y, anchor, other, least, most, xp, within=within)
    if xp is ONE_STEP:
        with np.errstate(all="ignore"):  # of a scale that grows: what is not finite is refused
            return float(_curved(y, bounds, space, ONE_NUMBER, within=False))
    return _curved(y, bounds, space, xp, within=within)


def curve_between(bounds: Sequence[float], space: Space) -> Callable[[float], float] | None:
    """Return the value at one height in [0, 1] as a function; None for the straight line."""
    if space == "linear":
        return None
    return lambda y: float(_curved(y, bounds, space, ONE_NUMBER, within=True))


def traced_between(y: Any, anchor: Any, other: Any, space: Space, xp: Namespace) -> Any:
    """Return the values between bounds that JAX is tracing, whose order is not known."""
    if space == "linear":
        return anchor * (1.0 - y) + other * y
    if xp is NUMPY or xp is ONE_STEP:
        _ = float(anchor), float(other)  # JAX says that it cannot be had here, and is asked
    anchor, other = (xp.to_float(one) if is_traced(one) else one for one in (anchor, other))
    start = _distance(anchor, space)
    logarithm = xp.log(_distance(other, space)) - xp.log(start)
    least, most = xp.minimum(anchor, other), xp.maximum(anchor, other)
    return _curved(y, (anchor, other, least, most, start, logarithm), space, xp, within=False)


def _curved(y: Any, bounds: Sequence[Any], space: Space, xp: Namespace, *, within: bool) -> Any:
    anchor, other, least, most, start, logarithm = bounds
    distance = start * xp.exp(y * logarithm)
    value = 1.0 - distance if space == "log1m" else distance
    value = xp.where(y == 0.0, anchor, xp.where(y == 1.0, other, value))
    return _held(y, value, least, most, xp, within=within)


def _distance(bound: Any, space: Space) -> Any:
    return 1.0 - bound if space == "log1m" else bound


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


def _logarithm(anchor: float, other: float, space: Space) -> float:
    """Return the logarithm of what the distance from 0, or from 1, is multiplied by."""
    start, end = _distance(anchor, space), _distance(other, space)
    ratio = end / start
    # The quotient has one rounding; it may be no number of its own.
    return math.log(ratio) if 1e-300 < ratio < 1e300 else math.log(end) - math.log(start)
