"""Draw what a step costs with each package, out of the table in docs/benchmarks.md.

``python benchmarks/chart.py [docs/benchmarks.md] [docs/images/step-costs.png]``
"""

from __future__ import annotations

import sys
from pathlib import Path

from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from reading import between_markers, tables, value

from hypercycle.drawing.style import COLORS, GREY

DOCS = Path(__file__).parent.parent / "docs"
MARKERS = ("o", "s", "D")


def drawn(text: str) -> Figure:
    """Return the figure of the table: a line for each row, a point for each column."""
    (head, *rows) = tables(between_markers("contenders.py", text))[0]
    rows.sort(key=lambda row: value(row[1]) or 0.0, reverse=True)
    figure = plt.figure(figsize=(8.0, 0.7 + 0.3 * len(rows)), layout="constrained")
    figure.patch.set_alpha(0.0)
    axes = figure.subplots()
    axes.patch.set_alpha(0.0)
    labels = [row[0] for row in rows]
    for index, groups in enumerate(head[1:]):
        axes.plot(
            [value(row[1 + index]) for row in rows],
            labels,
            linestyle="none",
            marker=MARKERS[index],
            color=COLORS[index],
            label=f"{groups} group" + "s" * (groups != "1"),
        )
    axes.set_xscale("log")
    axes.set_xticks([0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5], minor=False)
    axes.set_xticks([], minor=True)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("a step of one learning rate, × CyclicLR's", color=GREY)
    axes.grid(color=GREY, alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GREY)
    axes.tick_params(colors=GREY, which="both")
    for tick, label in zip(axes.get_yticklabels(), labels, strict=True):
        tick.set_fontweight("bold" if label == "ours" else "normal")
    axes.legend(frameon=False, labelcolor=GREY, loc="upper right")
    return figure


def main() -> None:
    document, picture = [*map(Path, sys.argv[1:]), *DEFAULTS[len(sys.argv) - 1 :]]
    drawn(document.read_text(encoding="utf-8")).savefig(picture, dpi=120)


DEFAULTS = (DOCS / "benchmarks.md", DOCS / "images" / "step-costs.png")


if __name__ == "__main__":
    main()
