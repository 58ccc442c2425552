"""How a :class:`hypercycle.RangeTest` is drawn."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hypercycle.drawing.style import COLORS, GREY, legend, panels
from hypercycle.namespaces.namespace import Floats
from hypercycle.range_test.bounds import Bounds, NoBounds
from hypercycle.range_test.finding import find_bounds
from hypercycle.range_test.reading import (
    FEWEST_POINTS,
    Recorded,
    place_of,
    points_of,
    reading_of,
    value_at,
)
from hypercycle.range_test.suggestions import suggest

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, FigureBase

_POINTS, _BAND, _MARKS = COLORS[0], COLORS[2], (COLORS[1], COLORS[3])
_MARKERS = "ov^sDP"
# A point this many descents above the lowest is beyond the panel.
_SHOWN = 1.6


def draw_range_test(
    test: Recorded,
    on: str,
    suggestions: Sequence[str],
    lower_is_better: bool | None,
    figure: FigureBase | None,
) -> Figure:
    """Return what :meth:`RangeTest.plot` says."""
    bounds = find_bounds(test, on, lower_is_better=lower_is_better)
    suggested = {method: suggest(test, method) for method in suggestions}
    curves = ["loss", *test.metrics]
    figure, rows = panels(len(curves), height=2.4, margin=1.2, figure=figure)
    for axes, curve in zip(rows, curves, strict=True):
        falls = curve == "loss"
        if curve == on and lower_is_better is not None:
            falls = lower_is_better
        _draw_curve(axes, test, curve, falls=falls, suggested=suggested if curve == "loss" else {})
        axes.set_ylabel(curve, color=GREY)
        _draw_bounds(axes, bounds, labelled=axes is rows[0])
    _finish(rows, test, bounds)
    figure.align_ylabels(rows)
    return figure  # type: ignore[return-value]


def _draw_curve(
    axes: Axes, test: Recorded, on: str, *, falls: bool, suggested: dict[str, float]
) -> None:
    places, runs = points_of(test, on, falls=falls)
    if not len(places):
        return
    sign = 1.0 if falls else -1.0
    axes.plot(
        np.tile(value_at(test, places), (len(runs), 1)).T,
        sign * runs.T,
        linestyle="none",
        color=_POINTS,
        alpha=0.7,
        marker=".",
        markersize=5 if len(places) < 60 else 3,
    )
    if len(places) < FEWEST_POINTS or np.ptp(runs) == 0.0:
        return
    reading = reading_of(test, on, falls=falls)
    grid, mean = reading.curve.grid, reading.curve.mean
    # Behind the lowest point the fit follows the rise only so far.
    shown = (np.arange(len(grid)) <= mean.argmin()) | (mean <= mean.min() + reading.followed)
    x = value_at(test, grid)[shown]
    axes.plot(x, sign * mean[shown], color=_POINTS, linewidth=2.0, label=f"{on}, smoothed")
    if find_bounds(test, on, lower_is_better=falls):
        _frame(axes, sign * reading.points, mean, sign)
    looks = zip(itertools.cycle(_MARKS), itertools.cycle(_MARKERS), strict=False)
    for (method, value), (color, marker) in zip(suggested.items(), looks, strict=False):
        axes.plot(
            value,
            np.interp(place_of(test, value), grid, sign * mean),
            linestyle="none",
            color=color,
            marker=marker,
            markersize=8,
            zorder=4,
            label=f"{method}: {value:.2g}",
        )


def _frame(axes: Axes, points: Floats, mean: Floats, sign: float) -> None:
    """Show the descent and the beginning of the wall, not all of it."""
    best, start = sign * float(mean.min()), sign * float(mean[:3].mean())
    reach = best + _SHOWN * (start - best)
    inside = points[np.abs(points - best) <= abs(reach - best)]
    edges = np.array([*inside, best])
    margin = 0.08 * (float(np.ptp(edges)) or 1.0)
    axes.set_ylim(float(edges.min()) - margin, float(edges.max()) + margin)


def _draw_bounds(axes: Axes, bounds: Bounds | NoBounds, *, labelled: bool) -> None:
    if not isinstance(bounds, Bounds):
        return
    axes.axvspan(bounds.low, bounds.high, color=_BAND, alpha=0.16, linewidth=0, zorder=0)
    for side in ("low", "high"):
        value, interval = getattr(bounds, side), getattr(bounds, f"{side}_interval")
        label = f"{side}: {value:.2g} ({interval[0]:.2g} to {interval[1]:.2g})"
        axes.axvline(value, color=_BAND, linewidth=1.4, label=label)
        axes.plot(
            interval,
            (0.03, 0.03),
            transform=axes.get_xaxis_transform(),
            color=_BAND,
            alpha=0.6,
            linewidth=5,
            solid_capstyle="butt",
        )
    best = f"best: {bounds.best:.2g}"
    axes.axvline(bounds.best, color=GREY, linewidth=1.0, linestyle=":", label=best)
    if not labelled:
        for line in axes.get_lines():
            if line.get_color() in (_BAND, GREY):
                line.set_label("_")


def _finish(rows: list[Axes], test: Recorded, bounds: Bounds | NoBounds) -> None:
    if test.axis == "log":
        rows[-1].set_xscale("log")
    kept = test.values > 0.0 if test.axis == "log" else np.isfinite(test.values)
    rows[-1].set_xlim(test.values[kept][0], test.values[kept][-1])
    rows[-1].tick_params(labelbottom=True)
    rows[-1].set_xlabel(test.name, color=GREY)
    if not bounds:
        rows[0].set_title(textwrap.fill(str(bounds), 90), color=GREY, fontsize="small")
    for axes in rows:
        if axes.get_legend_handles_labels()[0]:
            legend(axes, fontsize="small")
