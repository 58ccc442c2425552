"""From the points of a range test to the places that its curve shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

import numpy as np

from hypercycle.namespaces.namespace import Floats
from hypercycle.range_test.clearness import clear_among, clearness_of
from hypercycle.range_test.curve import GRID, Curve, fit_curve
from hypercycle.range_test.monotone import falling
from hypercycle.range_test.noise import NoiseScale, noise_scale_of
from hypercycle.range_test.periodic import without_period

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
# Where this part of the descent is done and this part of it undone again, a valley ends.
_DEEP, _BACK_UP = 0.8, 0.5
# In standard deviations of the curve: what a descent must be to be one.
_LEAST_DESCENT = 5.0
# Thirds of the points before the lowest, in which batches differ as they did at the start.
_FLAT = 2


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
    is_clear
        Whether the descent stands out of the noise.
    """

    places: Floats
    points: Floats
    curve: Curve
    places_of: dict[str, Floats]
    diverged: bool
    followed: float
    is_clear: bool

    def place(self, key: str) -> float:
        """Return the median of the places of the curves."""
        return float(np.median(self.places_of[key]))

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
    def reference(self) -> float | None:
        """The value from before the sweep."""

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

    until = max(lowest + 1, FEWEST_POINTS)
    scale = noise_scale_of(points[:until], _running_median(points[:until]))
    scaled = without_period(scale.of(points), _FLAT * lowest // 3)
    smoothed = _running_median(scaled)
    lowest, least = int(smoothed.argmin()), float(smoothed.min())
    descent = float(np.median(scaled[: max(5, len(scaled) // 10)])) - least
    noise = float(np.median(np.abs(np.diff(scaled)))) / 0.954

    # A wall shall not bend the curve before it: what is high behind the lowest point is bent down.
    size = max(_FOLLOWED * descent, 3.0 * noise, _LEAST_FOLLOWED * float(np.ptp(scaled))) or 1.0
    level = least + size
    behind = np.arange(len(points)) > lowest

    def follow(values: Floats) -> Floats:
        excess = np.maximum(values - level, 0.0)
        with np.errstate(over="ignore"):  # by next to nothing; expm1 takes infinity
            bent = level - size * np.expm1(-excess / size)
        return np.where(behind & (excess > 0.0), bent, values)

    over = np.nonzero(behind & (scaled > level))[0]
    kink = np.inf
    stays = over.size > 0 and np.median(scaled[over[0] : over[0] + 5]) > level  # no spike
    if risen.size and stays and scaled[over[0] - 1] <= least + 3.0 * noise:
        kink = float(places[over[0] - 1])  # from the bottom to the top of a wall in one step
    curve = fit_curve(places, follow(scaled), kink=kink)
    best = _lowest_places(curve, scale)

    # The descent alone, as if the curve stayed at its lowest: the rise does not bend it, so it may
    # be smoother.
    rise = np.interp(places, curve.grid, curve.mean - curve.mean.min())
    flat = follow(scaled) - rise * (places > np.median(best))
    descending = fit_curve(places, flat, order=3)
    if len(runs) > 1:
        spread = _spread_of_mean([fit_curve(places, follow(scale.of(run))) for run in runs])
        curve = replace(curve, draws=curve.draws + spread)
        descending = replace(descending, draws=descending.draws + spread)
        best = _lowest_places(curve, scale)
    places_of = {"best": best, **_places_of_descent(descending, scale, best)}
    return Reading(
        places,
        points,
        replace(curve, mean=scale.back(curve.mean), draws=scale.back(curve.draws)),
        places_of,
        bool(risen.size),
        float(scale.back(np.array(level)) - scale.back(np.array(least))),
        _is_clear(scaled, curve),
    )


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


def _lowest_places(curve: Curve, scale: NoiseScale) -> Floats:
    """Return where each curve is lowest, or the middle of the bottom of its valley.

    What comes after a deep valley and half the way back up is another one: training has broken
    down in between.
    """
    losses = scale.back(curve.draws)
    start = losses[:, :3].mean(1, keepdims=True)
    fallen = start - np.minimum.accumulate(losses, axis=1)
    back_up = (fallen >= _DEEP * fallen[:, -1:]) & (losses > start - (1.0 - _BACK_UP) * fallen)
    counts = ~np.logical_or.accumulate(back_up, axis=1)
    losses, scaled = (np.where(counts, one, np.inf) for one in (losses, curve.draws))
    chance = _LOWEST_DEVIATIONS * curve.draws[:, curve.mean.argmin()].std()
    bottom = scaled <= scaled.min(1, keepdims=True) + chance
    lowest = losses.min(1, keepdims=True)
    bottom |= losses <= lowest + _LOWEST * (start - lowest)
    first, last = bottom.argmax(1), GRID - 1 - bottom[:, ::-1].argmax(1)
    return np.asarray((curve.grid[first] + curve.grid[last]) / 2.0)


def _is_clear(points: Floats, curve: Curve) -> bool:
    """Return whether a curve falls by more than its own deviations, or its points by their ranks.

    The curve knows little of what has few points, ranks nothing of what is large.
    """
    drop = curve.draws[:, :3].mean(1) - curve.draws[:, curve.mean.argmin()]
    if drop.mean() >= _LEAST_DESCENT * drop.std():
        return True
    # In units of the noise there: where it grows, low points are no more than chance.
    risen = (points - curve.mean[:3].mean()) / curve.noise
    return clearness_of(risen, curve.independent) >= clear_among(len(points))


def _flat_nodes(curve: Curve) -> int:
    """Return how many nodes cannot be told from the first three."""
    fallen = curve.mean[:3].mean() - falling(curve.mean[np.newaxis])[0]
    flat = fallen <= 2.0 * curve.draws[:, :3].mean(1).std()
    return max(int(np.logical_and.accumulate(flat).sum()), 3)


def _places_of_descent(curve: Curve, scale: NoiseScale, turns: Floats) -> dict[str, Floats]:
    """Return the places of low, steepest and slowed of each curve, before it turns.

    What is ragged after the turn is not a descent, and before it a descent never rises.
    """
    grid, rows = curve.grid, np.arange(len(curve.draws))
    spacing = grid[1] - grid[0]
    best = np.where(grid <= turns[:, None], curve.draws, np.inf).argmin(1)
    before = np.arange(GRID) <= best[:, None]
    lowest = curve.draws[rows, best]
    until = int(best.max()) + 1
    descending = np.where(before, curve.draws, lowest[:, None])
    descending[:, :until] = falling(descending[:, :until])
    curves = scale.back(descending)
    start = scale.back(curve.draws[:, : _flat_nodes(curve)].mean(1))
    descent = start - curves[rows, best]

    def where_done(part: float) -> Floats:
        """Return where each curve comes down through a level before its lowest point."""
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
