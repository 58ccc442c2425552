"""``hypercycle values``: the numbers, as a table."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click
import numpy as np

from hypercycle.command_line.errors import Failure, failing_on
from hypercycle.command_line.plans import (
    load_plan,
    plan_argument,
    resolve_plan,
    schedules_of,
    steps_of,
    steps_option,
    unit_options,
)
from hypercycle.numbers.lengths import Units
from hypercycle.plan_files.writing import open_whole
from hypercycle.plans.plan import Plan

# Steps that are computed, and held in memory, at once.
_CHUNK = 4096


@click.command()
@plan_argument
@steps_option
@unit_options
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "json"]),
    default="csv",
    show_default=True,
    help="json: an array with an object for each step.",
)
@click.option(
    "-o", "--output", default="-", metavar="FILE", help="Where to.  [default: the terminal]"
)
def values(
    path: Path,
    *,
    steps: str | None,
    units: Units,
    form: str,
    output: str,
) -> None:
    """Print the values of a plan, step by step.

    Numbers have all their digits. A hyperparameter that differs by group has a column for each:
    weight_decay/biases. Rows are written as they are computed, so that a range may be of any
    length.

    \b
    For example
      hypercycle values plan.toml --steps 0:10000:10 -o values.csv
    """  # noqa: D301  (\b is click's: lines stay as they are)
    plan = resolve_plan(load_plan(path), path, units)
    write = _write_csv if form == "csv" else _write_json
    with failing_on(OverflowError, ValueError):
        chosen = steps_of(steps, plan, units)
        with _opened(output, path) as file:
            write(file, ["step", *schedules_of(plan)], _rows(plan, chosen))
            file.flush()


@contextmanager
def _opened(output: str, plan: Path) -> Iterator[IO[str]]:
    """Open the terminal, or a file that is there when all is written."""
    if output == "-":
        with click.open_file(output, "w", encoding="utf-8") as terminal:
            yield terminal
        return
    file = Path(output)
    if file.exists() and file.samefile(plan):
        raise Failure(f"{output} is the plan itself: write the values to another file")
    with open_whole(file) as opened:
        text = io.TextIOWrapper(opened, encoding="utf-8", newline="")
        yield text
        text.detach()


def _rows(plan: Plan, steps: range) -> Iterator[tuple[Any, ...]]:
    schedules = schedules_of(plan).values()
    for start in range(0, len(steps), _CHUNK):
        part = steps[start : start + _CHUNK]
        array = np.arange(part.start, part.stop, part.step)
        columns = [schedule(array).tolist() for schedule in schedules]
        yield from zip(part, *columns, strict=True)


def _write_csv(file: IO[str], names: list[str], rows: Iterator[tuple[Any, ...]]) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)


def _write_json(file: IO[str], names: list[str], rows: Iterator[tuple[Any, ...]]) -> None:
    before = "[\n"
    for row in rows:
        file.write(before + json.dumps(dict(zip(names, row, strict=True))))
        before = ",\n"
    file.write("\n]\n")
