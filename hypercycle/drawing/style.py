"""How all figures look: panels below each other, legible on light and dark pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

# Four of the eight colours of M. Okabe and K. Ito that are told apart by everybody and stand out
# from white and from black. The grey of the text is as legible on both (contrast 4.5 : 1).
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")


LINE_STYLES = ("-", "--", ":", "-.")


GREY = "#767676"


def panels(
    count: int, *, height: float, margin: float, figure: FigureBase | None
) -> tuple[FigureBase, list[Axes]]:
    """Return a figure, the one given or a new one, and so many panels of that height in it."""
    try:
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise ImportError("plot() needs Matplotlib: pip install hypercycle[plot]") from error

    if figure is None:
        figure = plt.figure(figsize=(8.0, margin + height * count), layout="constrained")
        figure.patch.set_alpha(0.0)
    rows = figure.subplots(count, squeeze=False, sharex=True)[:, 0]
    for axes in rows:
        axes.patch.set_alpha(0.0)
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(GREY)
        axes.tick_params(colors=GREY, which="both", labelbottom=False)
    return figure, list(rows)


def legend(axes: Axes, **options: Any) -> None:
    """Put the legend beside the panel."""
    axes.legend(
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
        frameon=False,
        labelcolor=GREY,
        **options,
    )
