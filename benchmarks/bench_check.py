"""Measure shortly, compare with the figures in docs/benchmarks.md, name what got worse.

``python benchmarks/bench_check.py [torch_step.py …]``

Compared are ratios and exponents, since times are of one machine alone. Where a table names ours,
only our rows and columns are compared. What got worse is measured once more, and named if it is
worse again; then the exit status is 1.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from reading import Table, between_markers, tables_by_title, value

HERE = Path(__file__).parent
DOCUMENT = HERE.parent / "docs" / "benchmarks.md"

# Not range_test.py and torch_compile.py, which time nothing, nor share_of_step.py: what a model
# takes is another multiple of ours on every processor.
SCRIPTS = (
    "torch_step.py",
    "values.py",
    "contenders.py",
    "growth.py",
    "observers.py",
    "optax_step.py",
    "jax_compile.py",
    "keras_step.py",
)

# Of two short runs on two cores with four times as much to do, 99 in 100 ratios of torch_step.py,
# values.py and contenders.py were within 1.26 of each other, all within 1.32, but for growths
# ("last : first"). Rates are of training steps, of which we are a small part. A growth compares
# two measurements of different times, where these were a factor of 2 apart; what it looks for is
# a factor of hundreds.
WORSE_RATIO = 1.3
WORSE_RATE = 1.1
WORSE_GROWTH = 3.0
WORSE_EXPONENT = 0.2

# Columns that hold a time or a share of something, or are no measurement; in a table whose first
# head begins with a unit, only these are none.
TIMES = re.compile(r"(µs|ms|s|%.*|target|reached)$")
UNIT = re.compile(r"(µs|ms|KiB)\b")
GROWTH = "last : first"
WITHOUT_UNIT = ("ratio", GROWTH, "exponent")


@dataclass(frozen=True)
class Figure:
    """One number of a table. More is better of a rate, less of everything else."""

    value: float
    column: str
    is_rate: bool

    def worse_than(self, committed: Figure) -> bool:
        """Return whether it is worse by more than the noise."""
        if self.column == "exponent":
            return self.value > committed.value + WORSE_EXPONENT
        if self.is_rate:
            return committed.value > self.value * WORSE_RATE
        factor = WORSE_GROWTH if self.column == GROWTH else WORSE_RATIO
        return self.value > committed.value * factor


def figures(text: str) -> dict[str, Figure]:
    """Return what is compared of the tables of a script, by title, row and column."""
    found = {}
    for title, rows in tables_by_title(text).items():
        for row, column, cell in _compared(rows):
            number = value(cell)
            if number is not None:
                is_rate = rows[0][0] == "rate"
                found[f"{title}: {row}: {column}"] = Figure(number, column, is_rate)
    return found


def _compared(rows: Table) -> Iterator[tuple[str, str, str]]:
    head, *body = rows
    labels, columns = [row[0] for row in body], head[1:]
    if UNIT.match(head[0]):
        columns = [column for column in columns if column in WITHOUT_UNIT]
    columns = _ours([column for column in columns if not TIMES.match(column)])
    labels = _ours(labels)
    for row in body:
        if row[0] in labels:
            yield from ((row[0], one, row[head.index(one, 1)]) for one in columns)


def _ours(names: Sequence[str]) -> list[str]:
    return [name for name in names if re.match(r"ours?\b", name)] or list(names)


def worse(committed: str, measured: str) -> dict[str, str]:
    """Return what is to be said of each figure that got worse, or that is measured no longer."""
    before, now = figures(committed), figures(measured)
    found = {}
    for name, figure in before.items():
        if name not in now:
            found[name] = f"{name}: {figure.value:g}, measured no longer"
        elif now[name].worse_than(figure):
            found[name] = f"{name}: {figure.value:g}, now {now[name].value:g}"
    return found


def measured(script: str) -> str:
    """Return the tables of a short run."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / DOCUMENT.name
        shutil.copy(DOCUMENT, copy)
        command = [sys.executable, HERE / script, "--brief", "--write", copy]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode != 0:
            raise SystemExit(f"{script} failed:\n{done.stderr}")
        return between_markers(script, copy.read_text(encoding="utf-8"))


def checked(script: str) -> list[str]:
    """Return what to say of the figures that are worse in two runs."""
    committed = between_markers(script, DOCUMENT.read_text(encoding="utf-8"))
    first = worse(committed, measured(script))
    again = worse(committed, measured(script)) if first else {}
    return [line for name, line in again.items() if name in first]


def main() -> None:
    failed = False
    for script in sys.argv[1:] or SCRIPTS:
        lines = checked(script)
        print(f"{script}: {'as committed' if not lines else 'worse:'}", flush=True)
        for line in lines:
            print(f"  {line}", flush=True)
        failed = failed or bool(lines)
    sys.exit(failed)


if __name__ == "__main__":
    main()
