"""``hypercycle`` on the command line: a thin layer over plans, plots and range tests.

Needs click: ``pip install 'hypercycle[cli]'``. What a command alone needs (plotext, Matplotlib) is
imported by the command.
"""

from __future__ import annotations

import click

from hypercycle.command_line.check import check
from hypercycle.command_line.errors import Commands
from hypercycle.command_line.listing import list_names
from hypercycle.command_line.new import new
from hypercycle.command_line.plot import plot
from hypercycle.command_line.range_test import range_test
from hypercycle.command_line.schema import schema
from hypercycle.command_line.show import show
from hypercycle.command_line.values import values

__all__ = ["hypercycle"]


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Each command has its own help: hypercycle show -h",
)
@click.version_option(package_name="hypercycle", message="%(prog)s %(version)s")
def hypercycle() -> None:
    """Hyperparameters that follow a waveform: write plans, check them, look at them.

    \b
    Begin with
      hypercycle new -o plan.toml
      hypercycle check plan.toml
      hypercycle show plan.toml --steps-per-epoch 100
    """  # noqa: D301  (\b is click's: lines stay as they are)


for _command in (new, check, show, plot, values, range_test, list_names, schema):
    hypercycle.add_command(_command)
