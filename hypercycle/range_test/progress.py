"""How a range test is watched: a bar on a terminal or in a notebook, a curve that grows there."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from hypercycle.drawing.style import COLORS, GREY, panels

if TYPE_CHECKING:
    from hypercycle.range_test.sweep import Sweep

Progress = bool | Literal["plot"] | None
"""What is shown: see :class:`hypercycle.sweep.Recorder`."""

# How often a curve is drawn anew in a sweep: each time takes about a fifth of a second.
DRAWINGS = 20


def checked_progress(progress: Any) -> Progress:
    """Return what is to be shown; TypeError for anything else."""
    if progress is None or isinstance(progress, bool) or progress == "plot":
        return progress  # type: ignore[no-any-return]
    raise TypeError(f"progress must be True, False, None or 'plot', got {progress!r:.80}")


def in_notebook() -> bool:
    """Return whether this runs in a kernel, as of Jupyter, Colab and VS Code, which displays."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None


def progress_bar(sweep: Sweep, progress: Progress) -> Any:
    """Return tqdm's bar; None where none is wanted, or nobody would see it."""
    asked = progress is True
    if progress is False or not (asked or sys.stderr.isatty() or in_notebook()):
        return None
    try:
        from tqdm.auto import tqdm  # type: ignore[import-untyped]
    except ImportError as error:
        if not asked:
            return None
        raise ImportError("progress=True needs tqdm: pip install tqdm") from error
    return tqdm(total=len(sweep), desc=f"{sweep.name} range test", leave=True)


def live_curve(sweep: Sweep, progress: Progress) -> Callable[[Sequence[float]], None] | None:
    """Return what draws the losses so far below the cell of a notebook, None where there is none.

    Raises
    ------
    ImportError
        If Matplotlib is missing.
    """
    if progress != "plot" or not in_notebook():
        return None
    from IPython.display import Image, display

    shown = display(Image(drawn(sweep, [])), display_id=True)
    return lambda losses: shown.update(Image(drawn(sweep, losses)))


def drawn(sweep: Sweep, losses: Sequence[float]) -> bytes:
    """Return the picture of the losses so far, as a PNG: their curve, up to where it would stop."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("progress='plot' needs Matplotlib: pip install matplotlib") from error

    figure = Figure(figsize=(8.0, 3.0), layout="constrained")
    figure.patch.set_alpha(0.0)
    _, (axes,) = panels(1, height=0.0, margin=0.0, figure=figure)
    axes.plot(sweep.values[: len(losses)], losses, linestyle="none", marker=".", color=COLORS[0])
    axes.set_xscale("log" if sweep.spacing == "exponential" else "linear")
    axes.set_xlim(sweep.start, sweep.end)
    axes.tick_params(labelbottom=True)
    axes.set_xlabel(sweep.name, color=GREY)
    axes.set_ylabel("loss", color=GREY)
    finite = np.array([loss for loss in losses if np.isfinite(loss)])
    if finite.size:
        start, lowest = float(np.median(finite[:5])), float(finite.min())
        top = start + max(start - lowest, abs(start))
        seen = finite[finite <= top]
        margin = 0.08 * (float(np.ptp(seen)) or 1.0)
        axes.set_ylim(float(seen.min()) - margin, float(seen.max()) + margin)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=100)
    return picture.getvalue()
