"""``hypercycle check``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from hypercycle.command_line.errors import Failure, failing_on
from hypercycle.command_line.output import wrap
from hypercycle.command_line.plans import load_plan, resolve_plan, unit_options
from hypercycle.command_line.targets import Maker, maker_of, refusals
from hypercycle.numbers.lengths import Units
from hypercycle.plan_files.files import load_ignored
from hypercycle.plans.explaining import checked_rules, explain
from hypercycle.plans.findings import Finding
from hypercycle.plans.plan import Plan


@click.command()
@click.argument(
    "paths", metavar="PLAN...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@unit_options
@click.option(
    "--for",
    "target",
    metavar="TARGET",
    help="Check names and values for torch.optim.AdamW, keras.optimizers.Adam, optax.adamw, …",
)
@click.option(
    "--ignore",
    metavar="RULE",
    multiple=True,
    help="Pass over a rule, such as mid-cycle; may be given again.",
)
@click.option("--strict", is_flag=True, help="Exit with status 2 on warnings too.")
@click.pass_context
def check(
    context: click.Context,
    *,
    paths: tuple[Path, ...],
    units: Units,
    target: str | None,
    ignore: tuple[str, ...],
    strict: bool,
) -> None:
    """Tell what is wrong, or not meant, in plan files.

    Lengths with units are turned into steps only where an option says what they are measured in;
    whether a plan fits the run is told where these are. The exit status is 2 if a plan has an
    error. What is probably not meant is a warning, what is worth knowing a note.
    """
    with failing_on(ValueError):
        ignored = checked_rules(ignore)
    make = None if target is None else maker_of(target)
    good = True
    for path in paths:
        try:
            plan, found = _findings(path, units, make, [*ignored])
        except Failure as failure:
            good = False
            lines = failure.message.splitlines()
        else:
            serious = [one for one in found if one.severity != "note"]
            lines = [f"{path}: {finding}" for finding in found]
            if not serious:
                lines.insert(0, f"{path}: ok ({', '.join(plan)})")
            good = good and not any(strict or one.severity == "error" for one in serious)
        for line in lines:
            # In a pipe one line each, for grep.
            click.echo(wrap(line, indent="  ") if sys.stdout.isatty() else line)
    context.exit(0 if good else 2)


def _findings(
    path: Path, units: Units, make: Maker | None, ignored: Sequence[str]
) -> tuple[Plan, list[Finding]]:
    plan = load_plan(path)
    if units != Units():
        resolve_plan(plan, path, units)  # which names the option that is missing
    try:
        silenced = checked_rules([*ignored, *load_ignored(path)])
    except ValueError as error:
        raise Failure(f"{path}: $check.ignore: {error}") from error
    found = explain(plan, units, silenced)
    refused = [] if make is None else refusals(plan, make, units)
    return plan, [*(one for one in refused if one.rule not in silenced), *found]
