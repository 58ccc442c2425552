"""The results of a study in two tables of CSV: one row for each evaluation, one for each run."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path

from hypercycle.plan_files.writing import write_whole

from .study import Result, Run

FOLDER = Path(__file__).parent / "results"

Row = dict[str, str]

RUN = ("run", "arm", "kind", "seed", "rate")
MEASURED = ("validation_accuracy", "validation_loss", "test_accuracy", "test_loss")
EVALUATION_COLUMNS = (*RUN, "iteration", "ensemble", *MEASURED, "wall_seconds", "cpu_seconds")
RUN_COLUMNS = (
    *RUN,
    *("iterations", "ended", "weights", "bounds", "plan", "device", "hardware", "versions"),
)


class Results:
    """The two tables of a study, in memory and in ``<study>.csv`` and ``<study>-runs.csv``.

    A run is there when its row is in the second, which is written last. What a command that was
    killed left of others is removed when the tables are opened. One command at a time writes.
    """

    def __init__(self, folder: Path, study: str) -> None:
        self._evaluations_file = folder / f"{study}.csv"
        self._runs_file = folder / f"{study}-runs.csv"
        self.evaluations = _read(self._evaluations_file, EVALUATION_COLUMNS)
        self.runs = {row["run"]: row for row in _read(self._runs_file, RUN_COLUMNS)}
        self.evaluations = [row for row in self.evaluations if row["run"] in self.runs]

    def repair(self) -> None:
        """Begin the tables, and remove what a command that was killed left behind."""
        self._runs_file.parent.mkdir(parents=True, exist_ok=True)
        for file, columns, rows in (
            (self._evaluations_file, EVALUATION_COLUMNS, self.evaluations),
            (self._runs_file, RUN_COLUMNS, list(self.runs.values())),
        ):
            content = _text([dict(zip(columns, columns, strict=True)), *rows], columns)
            if not file.exists() or file.read_bytes() != content:
                write_whole(file, content)

    def add(self, run: Run, result: Result) -> None:
        """Append a run, and remove what an arm that was defined otherwise had in its place."""
        identity = {
            "run": run.name,
            "arm": run.arm,
            "kind": run.kind,
            "seed": str(run.seed),
            "rate": _cell(run.rate),
        }
        place = _place(identity)
        old = [name for name, row in self.runs.items() if _place(row) == place]
        if old:
            for name in old:
                del self.runs[name]
            self.evaluations = [row for row in self.evaluations if row["run"] in self.runs]
            self.repair()
        evaluations = [
            dict.fromkeys(EVALUATION_COLUMNS, "")
            | identity
            | {name: _cell(value) for name, value in one.items()}
            for one in result.evaluations
        ]
        row = identity | {
            "iterations": str(result.iterations),
            "ended": result.ended,
            "weights": result.weights,
            "bounds": json.dumps(result.bounds) if result.bounds else "",
            "plan": "" if run.plan is None else json.dumps(run.plan.to_dict(), sort_keys=True),
            "device": result.device,
            "hardware": result.hardware,
            "versions": result.versions,
        }
        _append(self._evaluations_file, _text(evaluations, EVALUATION_COLUMNS))
        _append(self._runs_file, _text([row], RUN_COLUMNS))
        self.evaluations += evaluations
        self.runs[run.name] = row

    def bounds(self, run: Run) -> dict[str, float] | None:
        """Return what a range test found, None where it found none."""
        text = self.runs[run.name]["bounds"]
        return json.loads(text) if text else None

    def trial(self, run: str) -> float:
        """Return the accuracy that a rate is chosen by."""
        (row,) = (one for one in self.evaluations if one["run"] == run)
        return float(row["validation_accuracy"])

    def curve(self, arm: str, seed: int, column: str = "test_accuracy") -> dict[int, float]:
        """Return a final run's measurements by iteration, empty if there is no such run."""
        rows = [row for row in self._final(arm, seed) if not row["ensemble"]]
        return {int(row["iteration"]): float(row[column] or math.nan) for row in rows}

    def last(self, arm: str, column: str = "test_accuracy") -> dict[int, float]:
        """Return the last measurement of each of an arm's final runs, by seed."""
        curves = {seed: self.curve(arm, seed, column) for seed in self.seeds(arm)}
        return {seed: curve[max(curve)] for seed, curve in curves.items()}

    def ensembles(self, arm: str, seed: int, column: str = "test_accuracy") -> dict[str, float]:
        """Return the measurements of a final run's ensembles by their names."""
        rows = self._final(arm, seed)
        return {row["ensemble"]: float(row[column]) for row in rows if row["ensemble"]}

    def _final(self, arm: str, seed: int) -> list[Row]:
        place = (arm, "final", str(seed))
        rows = self.evaluations
        return [row for row in rows if (row["arm"], row["kind"], row["seed"]) == place]

    def seeds(self, arm: str) -> list[int]:
        """Return the seeds of an arm's final runs."""
        final = [row for row in self.runs.values() if (row["arm"], row["kind"]) == (arm, "final")]
        return sorted(int(row["seed"]) for row in final)

    def rates(self, arm: str) -> set[str]:
        """Return the rates of an arm's final runs, as they are in the table."""
        rows = self.runs.values()
        return {row["rate"] for row in rows if (row["arm"], row["kind"]) == (arm, "final")}

    def tuning_iterations(self, name: str) -> int:
        """Return the updates that a grid took, or all range tests of a name."""
        return sum(
            int(row["iterations"])
            for row in self.runs.values()
            if row["arm"] == name and row["kind"] != "final"
        )


def _place(row: Mapping[str, str]) -> tuple[str, ...]:
    """Return what there is one of: the rate of a final run follows from its tuning."""
    rate = row["rate"] if row["kind"] == "tuning" else ""
    return row["arm"], row["kind"], row["seed"], rate


def _cell(value: float | str) -> str:
    """Return a number with six digits; nothing for what is not a number."""
    if isinstance(value, int | str):
        return str(value)
    return "" if math.isnan(value) else f"{value:.6g}"


def _text(rows: Iterable[Mapping[str, str]], columns: tuple[str, ...]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writerows(rows)
    return text.getvalue().encode()


def _append(file: Path, content: bytes) -> None:
    with file.open("ab") as opened:
        opened.write(content)


def _read(file: Path, columns: tuple[str, ...]) -> list[Row]:
    """Return the rows of a table; a last line that is not whole is left out.

    Raises
    ------
    ValueError
        If the columns are others.
    """
    if not file.exists():
        return []
    whole, _, _ = file.read_text(encoding="utf-8").rpartition("\n")
    head, *rows = [*csv.reader(whole.splitlines())] or [list(columns)]
    if tuple(head) != columns:
        raise ValueError(f"{file} has the columns {head}, expected {list(columns)}")
    return [dict(zip(columns, row, strict=True)) for row in rows]
