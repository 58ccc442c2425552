"""Classic rules that turn a range test's losses into one value.

All work on the curve that :class:`hypercycle.Bounds` is read off, over the axis of the range test,
so that neither the number of points nor the unit of the loss changes what they say.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable

import numpy as np

from hypercycle.namespaces.namespace import Floats
from hypercycle.numbers.spelling import suggestion
from hypercycle.range_test.finding import bounds_of_curve
from hypercycle.range_test.reading import (
    FEWEST_POINTS,
    Reading,
    Recorded,
    points_of,
    reading_of,
    value_at,
)

# fastai's slide looks 15 points ahead and stops at a change of 0.005 a point, on 100 points over
# 8 decades: 1.2 decades, and 0.0625 a decade, of a loss that falls by about 2.
_SLIDE_DECADES = 1.2
_SLIDE_CHANGE = 0.03


def steepest(test: Recorded) -> float:
    """Return where the slope of the loss over the axis is greatest: ``Bounds.steepest``."""
    bounds = bounds_of_curve(test)
    if bounds:
        return bounds.steepest
    # A loss that still falls at the end has no bounds, but a slope.
    curve = _reading(test).curve
    before = slice(int(curve.mean.argmin()) + 1)
    slope = np.gradient(curve.mean, curve.grid)[before]
    return value_at(test, float(curve.grid[slope.argmin()]))


def minimum_over_10(test: Recorded) -> float:
    """Return a tenth of where the loss is lowest, the rule of fastai's "minimum"."""
    curve = _reading(test).curve
    bounds = bounds_of_curve(test)
    lowest = bounds.best if bounds else value_at(test, float(curve.grid[curve.mean.argmin()]))
    return lowest / 10.0


def valley(test: Recorded) -> float:
    """Return the middle of the longest valley: fastai's default.

    With ``end`` the index at which the longest strictly decreasing subsequence of the recorded
    losses ends, and ``length`` how many it has: the value at ``end − length / 2``. Found in
    O(n log n) by patience sorting.
    """
    reading = _reading(test)
    end, length = _longest_descent(reading.points)
    if length < 2:
        raise ValueError("valley finds nothing: no loss is below an earlier one")
    third = length / 3
    return value_at(test, float(reading.places[end - length + int(third) + int(third / 2)]))


def slide(test: Recorded) -> float:
    """Return where, seen from the right, the slope stops changing: fastai's "slide".

    An interval of 1.2 decades slides left from the end until the slopes at its ends differ by at
    most 3 % of the whole descent a decade; the value is at the left end.

    Raises
    ------
    ValueError
        Where the sweep is shorter than the interval, or the slopes never agree.
    """
    curve = _reading(test).curve
    spacing = curve.grid[1] - curve.grid[0]
    if test.axis != "log":
        raise ValueError("slide measures slopes a decade: it needs axis='log'")
    width = round(_SLIDE_DECADES / spacing)
    slope = np.gradient(curve.mean, spacing)
    threshold = _SLIDE_CHANGE * (curve.mean[:3].mean() - curve.mean.min())
    change = slope[width:] - slope[:-width]
    crosses = np.append(change[:-1] * change[1:] <= 0.0, False)
    alike = np.nonzero(crosses | (np.abs(change) <= threshold))[0]
    if width >= len(slope) or alike.size == 0:
        raise ValueError("slide finds nothing: no interval of 1.2 decades has slopes alike")
    return value_at(test, float(curve.grid[alike[-1]]))


def max_over_3(test: Recorded) -> float:
    """Return ``Bounds.high / 3``: a base for a given maximum (L. N. Smith, arXiv:1506.01186)."""
    return bounds_of_curve(test).high / 3.0


def max_over_4(test: Recorded) -> float:
    """Return ``Bounds.high / 4``: the other base that the paper gives."""
    return bounds_of_curve(test).high / 4.0


SUGGESTIONS: dict[str, Callable[[Recorded], float]] = {
    "steepest": steepest,
    "valley": valley,
    "slide": slide,
    "minimum/10": minimum_over_10,
    "max/3": max_over_3,
    "max/4": max_over_4,
}
"""The rules by name."""


def suggest(test: Recorded, method: str) -> float:
    """Return what :meth:`RangeTest.suggest` says."""
    if method not in SUGGESTIONS:
        raise ValueError(
            f"unknown method {method!r}; {suggestion(str(method), SUGGESTIONS)}"
            f"there are {', '.join(map(repr, SUGGESTIONS))}"
        )
    return SUGGESTIONS[method](test)


def _reading(test: Recorded) -> Reading:
    """Return the reading of a loss that falls."""
    places, _ = points_of(test, "loss", falls=True)
    if len(places) < FEWEST_POINTS:
        raise ValueError(str(bounds_of_curve(test)))
    reading = reading_of(test, "loss", falls=True)
    if reading.curve.mean.argmin() < 2:
        raise ValueError(f"the loss of this sweep of {test.name} never falls")
    return reading


def _longest_descent(points: Floats) -> tuple[int, int]:
    """Return where the longest strictly decreasing subsequence first ends, and its length."""
    ends: list[float] = []  # the least end of a subsequence of each length, negated: they rise
    end = 0
    for index, point in enumerate((-points).tolist()):
        length = bisect.bisect_left(ends, point)
        if length == len(ends):
            ends.append(point)
            end = index
        else:
            ends[length] = point
    return end, len(ends)
