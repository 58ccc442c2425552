"""``hypercycle plot``: every hyperparameter, drawn into a file."""

from __future__ import annotations

import io
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

from hypercycle.command_line.errors import Failure, check_folder, describe, failing_on
from hypercycle.command_line.plans import (
    at_most,
    load_plan,
    plan_argument,
    resolve_plan,
    steps_of,
    steps_option,
    unit_options,
)
from hypercycle.numbers.lengths import Units
from hypercycle.plan_files.writing import write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg", ".pdf")
# More points take longer and draw the same lines.
_MOST_STEPS = 1_000_000


@click.command()
@plan_argument
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Where to: a name that ends in .png, .svg or .pdf. A file that is there is replaced.",
)
@steps_option
@unit_options
@click.option("--transparent", is_flag=True, help="No background, for light and dark pages.")
def plot(
    path: Path,
    *,
    output: Path,
    steps: str | None,
    units: Units,
    transparent: bool,
) -> None:
    """Draw a plan into a PNG, SVG or PDF file.

    A panel for each hyperparameter. A thin line marks each step at which a cycle ends.
    """
    check_picture(output)
    plan = resolve_plan(load_plan(path), path, units)
    import hypercycle

    with np.errstate(over="ignore"), failing_on(ImportError, ValueError, OverflowError):
        shown = at_most(steps_of(steps, plan, units), _MOST_STEPS)
        choose_file_backend()
        figure = hypercycle.plot(plan, shown)
    save(figure, output, transparent=transparent)
    click.echo(f"wrote {output}")


def check_picture(output: Path) -> None:
    """Refuse a picture that cannot be written, before anything is done for it."""
    if output.suffix.lower() not in SUFFIXES:
        raise Failure(f"a picture's name ends in {', '.join(SUFFIXES)}, got {output.name!r}")
    check_folder(output)
    if find_spec("matplotlib") is None:
        raise Failure("plots need Matplotlib: pip install 'hypercycle[plot]'")


def choose_file_backend() -> None:
    """Make Matplotlib draw into files, whatever windows the machine has or has not."""
    import matplotlib as mpl

    mpl.use("agg")


def save(figure: Figure, output: Path, *, transparent: bool = False) -> None:
    """Write a figure into a file."""
    if not transparent:
        figure.patch.set(alpha=1.0, facecolor="white")
    drawn = io.BytesIO()
    try:
        with np.errstate(over="ignore"):
            figure.savefig(drawn, format=output.suffix.lower().removeprefix("."), dpi=150)
    # Such as an axis from -1e308 to 1e308; Matplotlib 3.8 says IndexError.
    except (IndexError, OverflowError, ValueError) as error:
        raise Failure(f"Matplotlib cannot draw these values: {describe(error)}") from error
    write_whole(output, drawn.getvalue())
