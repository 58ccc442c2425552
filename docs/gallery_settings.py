"""How sphinx-gallery runs and sorts the scripts of examples/gallery and examples/concepts."""

from pathlib import Path
from typing import Any

from cycler import cycler
from matplotlib import pyplot as plt

from hypercycle.drawing.style import COLORS, GREY

# From the first question one has to the last.
ORDER = (
    # concepts
    "cycle",
    "clock",
    "waveforms",
    "scales",
    "composition",
    "plans",
    # how-tos
    "bounds",
    "step_size",
    "policies",
    "start_from_the_top",
    "weight_decay",
    "per_layer_rates",
    "dino_plan",
    "kl_annealing",
    "snapshots",
    "stop_at_a_cycle_end",
    "resume",
    "mixed_precision",
    "compile",
    "several_gpus",
    "gradient_boosting",
)


def position(name: str) -> int:
    """Return what the scripts of a gallery are sorted by."""
    return ORDER.index(Path(name).stem.removeprefix("plot_"))


def reset(gallery_conf: dict[str, Any], name: str) -> None:
    """Let a script begin with plain figures that are legible on light and dark pages."""
    del gallery_conf, name
    plt.rcdefaults()
    plt.rcParams.update(
        {
            "axes.edgecolor": GREY,
            "axes.facecolor": "none",
            "axes.labelcolor": GREY,
            "axes.prop_cycle": cycler(color=COLORS),
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.titlecolor": GREY,
            "figure.constrained_layout.use": True,
            "figure.facecolor": "none",
            "figure.figsize": (8.0, 3.0),
            "legend.frameon": False,
            "legend.labelcolor": GREY,
            "text.color": GREY,
            "xtick.color": GREY,
            "ytick.color": GREY,
        }
    )
