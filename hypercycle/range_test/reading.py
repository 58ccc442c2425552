"""From the points of a range test to the places that its curve shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

import numpy as np

from hypercycle.namespaces.namespace import Floats
from hypercycle.range_test.curve import GRID, Curve, fit_curve

# Of fewer points no curve can be told from noise.
FEWEST_POINTS = 10

# Parts of the descent that are done at low, at the slowed end, and around the steepest place.
_LOW, _SLOWED = 0.1, 0.9
_STEEP_FROM, _STEEP_TO = 0.05, 0.95
# How high, relative to the descent, the rise after the lowest point is followed.
_FOLLOWED = 0.5
# At least this part of all points' range, by which can be divided.
_LEAST_FOLLOWED = 1e-12
# The lowest place is the middle of what is within this part of the descent of the lowest point, or
# within so many standard deviations of the curve: in a flat valley the lowest point is chance.
_LOWEST, _LOWEST_DEVIATIONS = 0.02, 2.0


@dataclass(frozen=True, eq=False)
class Reading:
    """The curve of a range test, lower being better, and the places that it shows.

    Attributes
    ----------
    places, points
        The points that count, on the axis (logarithms to base 10, or values).
    curve
        The curve through them.
    places_of
        "low", "steepest", "slowed" and "best" of each curve that the noise makes as likely.
    diverged
        Whether the points end because the loss diverged.
    followed
        How far above its lowest point the curve follows the rise behind it.
    """

    places: Floats
    points: Floats
    curve: Curve
    places_of: dict[str, Floats]
    diverged: bool
    followed: float

    def interval(self, key: str, confidence: float) -> tuple[float, float]:
        """Return what holds the places of the curves with that confidence.

        The interval of "best" also holds the lowest points themselves. None is narrower than a
        cell of the grid, or the distance between points.
        """
        span = self.curve.grid[-1] - self.curve.grid[0]
        half_cell = 0.5 * span / (min(GRID, len(self.places)) - 1)
        sides = [50.0 * (1.0 - confidence), 50.0 * (1.0 + confidence)]
        first, last = np.percentile(self.places_of[key], sides)
        if key == "best":
            lowest = np.percentile(self.curve.grid[self.curve.draws.argmin(1)], sides)
            first, last = min(first, lowest[0]), max(last, lowest[1])
        return float(first - half_cell), float(last + half_cell)


class Recorded(Protocol):
    """What the readers need of a range test: see :class:`hypercycle.RangeTest`."""

    @property
    def values(self) -> Floats:
        """The hyperparameter at each update, increasing, shape ``(n,)``."""

    @property
    def losses(self) -> Floats:
        """Of shape ``(n,)`` or ``(runs, n)``."""

    @property
    def metrics(self) -> Mapping[str, Floats]:
        """By name, of the same shapes, NaN where not measured."""

    @property
    def name(self) -> str:
        """The hyperparameter."""

    @property
    def axis(self) -> str | None:
        """Whether distances are those of logarithms ("log") or of values ("linear")."""

    @property
    def _readings(self) -> dict[tuple[str, bool], Reading]:
        """What was read so far, by curve and direction: kept by the record, filled here."""


_Place = TypeVar("_Place", float, Floats)


def value_at(test: Recorded, place: _Place) -> _Place:
    """Return the value of the hyperparameter at a place on the axis."""
    return 10.0**place if test.axis == "log" else place


def place_of(test: Recorded, value: _Place) -> _Place:
    """Return where a value of the hyperparameter lies on the axis."""
    return np.log10(value) if test.axis == "log" else value


def points_of(test: Recorded, on: str, *, falls: bool) -> tuple[Floats, Floats]:
    """Return the places and values of a curve where all runs are finite, lower being better.

    Shapes are ``(n,)`` and ``(runs, n)``.
    """
    if on != "loss" and on not in test.metrics:
        known = ", ".join(map(repr, ["loss", *test.metrics]))
        raise ValueError(f"there is no curve {on!r}: recorded were {known}")
    runs = np.atleast_2d(test.losses if on == "loss" else test.metrics[on])
    kept = np.isfinite(runs).all(0)
    if test.axis == "log":
        kept &= test.values > 0.0
    return place_of(test, test.values[kept]), runs[:, kept] if falls else -runs[:, kept]


def reading_of(test: Recorded, on: str, *, falls: bool) -> Reading:
    """Return the reading of a curve that has enough points; it is read when first asked for.

    Threads that ask at once may read it twice: the readings are the same, and one is kept.
    """
    readings = test._readings  # noqa: SLF001  (the record keeps them for this function)
    if (on, falls) not in readings:
        places, runs = points_of(test, on, falls=falls)
        reading = read(places, runs)
        if not np.isfinite(test.losses[..., -1]).all():
            reading = replace(reading, diverged=True)  # a wall that no loss shows
        readings.setdefault((on, falls), reading)
    return readings[on, falls]


def read(places: Floats, runs: Floats) -> Reading:
    """Return the reading of the mean of the runs, without what comes after divergence."""
    points = runs.mean(0)
    smoothed = _running_median(points)
    lowest, least = int(smoothed.argmin()), float(smoothed.min())
    descent = float(np.median(points[: max(5, len(points) // 10)])) - least
    noise = float(np.median(np.abs(np.diff(points)))) / 0.954

    risen = np.nonzero(smoothed[lowest:] > least + 2.0 * max(descent, 3.0 * noise))[0]
    if risen.size:
        kept = max(lowest + int(risen[0]) + 1, FEWEST_POINTS)
        places, points, runs = places[:kept], points[:kept], runs[:, :kept]

    # A wall shall not bend the curve before it: what is high behind the lowest point is bent down.
    size = max(_FOLLOWED * descent, 3.0 * noise, _LEAST_FOLLOWED * float(np.ptp(points))) or 1.0
    level = least + size
    behind = np.arange(len(points)) > lowest

    def follow(values: Floats) -> Floats:
        excess = np.maximum(values - level, 0.0)
        with np.errstate(over="ignore"):  # by next to nothing; expm1 takes infinity
            bent = level - size * np.expm1(-excess / size)
        return np.where(behind & (excess > 0.0), bent, values)

    over = np.nonzero(behind & (points > level))[0]
    kink = np.inf
    stays = over.size > 0 and np.median(points[over[0] : over[0] + 5]) > level  # no spike
    if risen.size and stays and points[over[0] - 1] <= least + 3.0 * noise:
        kink = float(places[over[0] - 1])  # from the bottom to the top of a wall in one step
    curve = fit_curve(places, follow(points), kink=kink)
    best = _lowest_places(curve)

    # The descent alone, as if the curve stayed at its lowest: the rise does not bend it, so it may
    # be smoother.
    rise = np.interp(places, curve.grid, curve.mean - curve.mean.min())
    flat = follow(points) - rise * (places > np.median(best))
    descending = fit_curve(places, flat, order=3)
    if len(runs) > 1:
        spread = _spread_of_mean([fit_curve(places, follow(run)) for run in runs])
        curve = Curve(curve.grid, curve.mean, curve.draws + spread)
        descending = Curve(descending.grid, descending.mean, descending.draws + spread)
        best = _lowest_places(curve)
    places_of = {"best": best, **_places_of_descent(descending.grid, descending.draws, best)}
    return Reading(places, points, curve, places_of, bool(risen.size), size)


def _running_median(points: Floats) -> Floats:
    padded = np.pad(points, 2, mode="edge")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(padded, 5), axis=1))


def _spread_of_mean(curves: list[Curve]) -> Floats:
    """Return deviations that the mean of so many runs may have, one for each draw.

    What one run has from end to end, such as the luck of its initial weights, is not noise between
    neighbouring points. What noise makes of the difference between the runs is left out: the draws
    have it already.
    """
    runs = len(curves)
    means = np.array([curve.mean for curve in curves])
    between = float(means.var(0, ddof=1).mean())
    noise = float(np.mean([curve.draws.var(0).mean() for curve in curves]))
    part = np.sqrt(max(1.0 - noise / between, 0.0)) if between else 0.0
    normal = np.random.default_rng(1).standard_normal((len(curves[0].draws), runs))
    return np.asarray(normal @ (means - means.mean(0)) * part / np.sqrt(runs * (runs - 1)))


def _lowest_places(curve: Curve) -> Floats:
    """Return where each curve is lowest, or the middle of the bottom of its valley."""
    lowest = curve.draws.min(1)
    descent = curve.draws[:, :3].mean(1) - lowest
    chance = _LOWEST_DEVIATIONS * curve.draws[:, curve.mean.argmin()].std()
    bottom = curve.draws <= (lowest + np.maximum(_LOWEST * descent, chance))[:, None]
    first, last = bottom.argmax(1), GRID - 1 - bottom[:, ::-1].argmax(1)
    return np.asarray((curve.grid[first] + curve.grid[last]) / 2.0)


def _places_of_descent(grid: Floats, curves: Floats, turns: Floats) -> dict[str, Floats]:
    """Return the places of low, steepest and slowed of each curve, before it turns.

    What is ragged after the turn is not a descent.
    """
    spacing = grid[1] - grid[0]
    rows = np.arange(len(curves))
    best = np.where(grid <= turns[:, None], curves, np.inf).argmin(1)
    start = curves[:, :3].mean(1)
    descent = start - curves[rows, best]
    before = np.arange(GRID) <= best[:, None]

    def where_done(part: float) -> Floats:
        """Return where each curve last comes down through a level before its lowest point."""
        level = start - part * descent
        above = before & (curves > level[:, None])
        last = np.where(above.any(1), GRID - 1 - above[:, ::-1].argmax(1), 0)
        after = np.minimum(last + 1, GRID - 1)
        high, low = curves[rows, last], curves[rows, after]
        fallen = np.where(high > low, high - low, 1.0)
        return np.asarray(grid[last] + spacing * np.clip((high - level) / fallen, 0.0, 1.0))

    inside = (grid >= where_done(_STEEP_FROM)[:, None] - spacing) & (
        grid <= where_done(_STEEP_TO)[:, None] + spacing
    )
    slope = np.where(inside, np.gradient(curves, spacing, axis=1), np.inf)
    return {
        "low": where_done(_LOW),
        "steepest": grid[slope.argmin(1)],
        "slowed": where_done(_SLOWED),
    }
