"""How a :class:`hypercycle.RangeTest` is drawn."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hypercycle.drawing.style import COLORS, GREY
from hypercycle.range_test.bounds import Bounds, NoBounds
from hypercycle.range_test.reading import points_of, read
from hypercycle.range_test.recorded import FEWEST_POINTS, Array, RangeTest

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, FigureBase

_POINTS, _BAND, _MARKS = COLORS[0], COLORS[2], (COLORS[1], COLORS[3])
_MARKERS = "ov^sDP"
# A point this many descents above the lowest is beyond the panel.
_SHOWN = 1.6


def draw_range_test(
    test: RangeTest,
    on: str,
    suggestions: Sequence[str],
    lower_is_better: bool | None,
    figure: FigureBase | None,
) -> Figure:
    """Return what :meth:`RangeTest.plot` says."""
    bounds = test.bounds(on, lower_is_better=lower_is_better)
    suggested = {method: test.suggest(method) for method in suggestions}
    panels = ["loss", *test.metrics]

    try:
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise ImportError("plot() needs Matplotlib: pip install hypercycle[plot]") from error

    if figure is None:
        figure = plt.figure(figsize=(8.0, 1.2 + 2.4 * len(panels)), layout="constrained")
        figure.patch.set_alpha(0.0)
    rows = figure.subplots(len(panels), squeeze=False, sharex=True)[:, 0]
    for axes, panel in zip(rows, panels, strict=True):
        falls = panel == "loss"
        if panel == on and lower_is_better is not None:
            falls = lower_is_better
        _draw_curve(axes, test, panel, falls=falls, suggested=suggested if panel == "loss" else {})
        _style(axes, panel)
        _draw_bounds(axes, bounds, labelled=axes is rows[0])
    _finish(rows, test, bounds)
    figure.align_ylabels(rows)
    return figure  # type: ignore[return-value]


def _draw_curve(
    axes: Axes, test: RangeTest, panel: str, *, falls: bool, suggested: dict[str, float]
) -> None:
    places, runs = points_of(test, panel, falls=falls)
    if not len(places):
        return
    sign = 1.0 if falls else -1.0
    values = 10.0**places if test.axis == "log" else places
    few = len(places) < 60
    axes.plot(
        np.tile(values, (len(runs), 1)).T, sign * runs.T,
        color=_POINTS, alpha=0.7, linestyle="none", marker=".", markersize=5 if few else 3,
    )  # fmt: skip
    if len(places) < FEWEST_POINTS or np.ptp(runs) == 0.0:
        return
    reading = read(places, runs)
    grid = reading.curve.grid
    fitted = sign * reading.curve.mean
    # Behind the lowest point the fit follows the rise only so far.
    shown = (np.arange(len(grid)) <= reading.curve.mean.argmin()) | (
        reading.curve.mean <= reading.curve.mean.min() + reading.followed
    )
    x = 10.0**grid if test.axis == "log" else grid
    axes.plot(x[shown], fitted[shown], color=_POINTS, linewidth=2.0, label=f"{panel}, smoothed")
    if test.bounds(panel, lower_is_better=falls):
        _frame(axes, sign * reading.points, reading.curve.mean, sign)
    looks = zip(itertools.cycle(_MARKS), itertools.cycle(_MARKERS), strict=False)
    for (method, value), (color, marker) in zip(suggested.items(), looks, strict=False):
        place = np.log10(value) if test.axis == "log" else value
        axes.plot(
            value, np.interp(place, grid, fitted), label=f"{method}: {value:.2g}",
            color=color, marker=marker, markersize=8, linestyle="none", zorder=4,
        )  # fmt: skip


def _frame(axes: Axes, points: Array, mean: Array, sign: float) -> None:
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
    for side, height in (("low", 0.03), ("high", 0.03)):
        value, interval = getattr(bounds, side), getattr(bounds, f"{side}_interval")
        label = f"{side}: {value:.2g} ({interval[0]:.2g} to {interval[1]:.2g})"
        axes.axvline(value, color=_BAND, linewidth=1.4, label=label)
        axes.plot(
            interval, (height, height), color=_BAND, linewidth=5, alpha=0.6,
            solid_capstyle="butt", transform=axes.get_xaxis_transform(),
        )  # fmt: skip
    axes.axvline(bounds.best, color=GREY, linewidth=1.0, linestyle=":",
                 label=f"best: {bounds.best:.2g}")  # fmt: skip
    if not labelled:
        for line in axes.get_lines():
            if line.get_color() in (_BAND, GREY):
                line.set_label("_")


def _style(axes: Axes, panel: str) -> None:
    axes.set_ylabel(panel, color=GREY)
    axes.patch.set_alpha(0.0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GREY)
    axes.tick_params(colors=GREY, which="both", labelbottom=False)


def _finish(rows: Any, test: RangeTest, bounds: Bounds | NoBounds) -> None:
    import textwrap

    if test.axis == "log":
        rows[-1].set_xscale("log")
    kept = test.values > 0.0 if test.axis == "log" else np.isfinite(test.values)
    rows[-1].set_xlim(test.values[kept][0], test.values[kept][-1])
    rows[-1].tick_params(labelbottom=True)
    rows[-1].set_xlabel(test.name, color=GREY)
    if not bounds:
        rows[0].set_title(textwrap.fill(str(bounds), 90), color=GREY, fontsize="small")
    for axes in rows:
        handles, labels = axes.get_legend_handles_labels()
        if handles:
            axes.legend(
                handles, labels, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False,
                labelcolor=GREY, fontsize="small",
            )  # fmt: skip
