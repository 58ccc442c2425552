"""Draw recorded sweeps: ten with what each tool reads off them, and those that are refused.

``cd benchmarks && python -m range_test_sweeps.draw ../docs/images``
"""

from __future__ import annotations

import argparse
import itertools
import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.ticker import NullFormatter
from range_test import PEERS
from timing import installed

from .records import GOOD, HELD_OUT, Recorded, read_all
from .score import single

GREEN, BLUE, GREY = "#2a9d63", "#1f77b4", "#767676"
MARKERS = "ovsD^P*"


def peers() -> dict[str, Any]:
    """Return each installed peer's answer by its label."""
    return {
        label: single(make(), 1.0)
        for package, label, make, _ in PEERS
        if package and installed(package)
    }


def draw(axes: Any, recorded: Recorded, answers: dict[str, Any]) -> None:
    """Draw a sweep, our bounds as a band, the peers' values as marks, and what fixed rates do."""
    test = recorded.test
    losses = np.where(np.isfinite(test.losses), test.losses, np.nan)
    start = float(np.median(losses[:10]))
    top = min(float(np.nanmax(losses)), 2.0 * start)
    bottom = float(np.nanmin(losses))
    on_log = start > 10 * bottom > 0
    axes.set_yscale("log" if on_log else "linear")
    reach = (top / bottom) ** 0.12 if on_log else 0.12 * (top - bottom)
    low, high = (bottom / reach**2, top * reach) if on_log else (bottom - 2 * reach, top + reach)
    axes.set_ylim(low, high)
    axes.plot(test.values, losses, ".", color=BLUE, markersize=2.5, alpha=0.6)
    bounds = test.bounds()
    if bounds:
        axes.axvspan(bounds.low, bounds.high, color=GREEN, alpha=0.2, linewidth=0)
    good = [rate for rate, loss in recorded.fixed.items() if recorded.descent(loss) >= GOOD]
    axes.plot(
        good,
        np.full(len(good), 0.04),
        "|",
        color=GREY,
        markersize=9,
        markeredgewidth=2,
        transform=axes.get_xaxis_transform(),
        label=f"fixed rates that learn {100 * GOOD:.0f} %",
    )
    colors = itertools.cycle(plt.get_cmap("tab10").colors[1:])
    for (label, answer), marker, color in zip(answers.items(), MARKERS, colors, strict=False):
        value = answer(recorded)
        axes.plot(
            value[0] if value else math.nan,
            0.93,
            marker,
            color=color,
            markersize=5,
            linestyle="none",
            transform=axes.get_xaxis_transform(),
            clip_on=False,
            label=label,
        )
    spec = recorded.spec
    axes.set_xscale("log")
    axes.set_xlim(spec.start, spec.end)
    axes.set_title(
        f"{spec.data.replace('_', ' ')}, {spec.model.replace('_', ' ')}, {spec.optimizer}\n"
        f"batches of {spec.batch_size}, {spec.order}, {spec.steps} steps",
        fontsize=7,
        color=GREY,
    )
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(labelsize=6.5, colors=GREY, which="both")
    for spine in axes.spines.values():
        spine.set_color(GREY)


def picture(sweeps: list[Recorded], answers: dict[str, Any], columns: int, path: Path) -> None:
    """Draw sweeps side by side, with one legend for all, into a file."""
    rows = math.ceil(len(sweeps) / columns)
    figure, grid = plt.subplots(
        rows, columns, figsize=(2.35 * columns, 1.95 * rows + 0.5), squeeze=False
    )
    for axes in grid.flat[len(sweeps) :]:
        axes.set_axis_off()
    for axes, recorded in zip(grid.flat, sweeps, strict=False):
        draw(axes, recorded, answers)
    handles, labels = grid[0, 0].get_legend_handles_labels()
    if any(one.test.bounds() for one in sweeps):
        handles.insert(0, plt.Rectangle((0, 0), 1, 1, color=GREEN, alpha=0.3))
        labels.insert(0, "low to high")
    legend = figure.legend(
        handles,
        labels,
        loc="lower center",
        ncols=5,
        fontsize=8,
        frameon=False,
        labelcolor=GREY,
    )
    legend.set_in_layout(True)
    figure.tight_layout(rect=(0, 0.55 / (1.95 * rows + 0.5), 1, 1))
    figure.savefig(path, dpi=120, transparent=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the pictures go")
    folder = parser.parse_args().folder
    warnings.simplefilter("ignore")
    learnable = [one for one in read_all() if one.spec.learnable]
    held_out = [one for one in learnable if one.spec.split == HELD_OUT]
    picture(held_out[:: len(held_out) // 10][:10], peers(), 5, folder / "range-test-sweeps.png")
    refused = [one for one in learnable if not one.test.bounds()]
    picture(refused, {}, 3, folder / "range-test-refused.png")


if __name__ == "__main__":
    main()
