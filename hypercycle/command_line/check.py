"""``hypercycle check``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hypercycle.command_line.errors import Failure
from hypercycle.command_line.output import wrap
from hypercycle.command_line.plans import load_plan, resolve_plan, unit_options
from hypercycle.numbers.lengths import Units


@click.command()
@click.argument(
    "paths", metavar="PLAN...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@unit_options
@click.pass_context
def check(
    context: click.Context,
    paths: tuple[Path, ...],
    units: Units,
) -> None:
    """Tell everything that is wrong in plan files.

    Lengths with units are turned into steps only where an option says what they are measured in.
    The exit status is 2 if a plan has an error.
    """
    good = True
    for path in paths:
        try:
            plan = load_plan(path)
            if units != Units():
                resolve_plan(plan, path, units)
        except Failure as failure:
            good = False
            lines = failure.message.splitlines()
        else:
            lines = [f"{path}: ok ({', '.join(plan)})"]
        for line in lines:
            # In a pipe one line each, for grep.
            click.echo(wrap(line, indent="  ") if sys.stdout.isatty() else line)
    context.exit(0 if good else 2)
