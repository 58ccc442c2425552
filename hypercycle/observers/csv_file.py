"""The values in a CSV file."""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hypercycle.observers.observer import Observer, flat

# What the last bits of a processor's functions may add up to.
CLOSE = 1e-9


class CSV(Observer):
    """Writes ``step`` and the values into a CSV file, a row for each update.

    Numbers are written with all their digits. Each row is handed to the operating system when it is
    written, so that a crash of the program loses none.

    Parameters
    ----------
    path
        The file, in a folder that exists.
    append
        Go on in a file that an earlier run has written, if there is one. Nothing is removed from
        it: the row of a step that is trained again after a crash is compared with the one that is
        there, and a last row that a crash has cut off is completed.
    target
        What to log: the optimizer, or other object, that the plan is attached to. If not given, the
        first one, and a second one is an error.
    every
        Log each step that is a multiple of this.

    Raises
    ------
    FileExistsError
        If the file exists and ``append`` is false.
    ValueError
        If the columns of a row are not those of the file, the file has other values for its step
        (by more than 10⁻⁹ of them), has none between steps that it has, or ends within a row of
        another step; or if something is called "step".

    Examples
    --------
    >>> import tempfile
    >>> from types import SimpleNamespace
    >>> import hypercycle as hc
    >>> path = Path(tempfile.mkdtemp()) / "values.csv"
    >>> with CSV(path):
    ...     cycler = hc.attach(SimpleNamespace(p=0.5), p=hc.Cycle(0.1, 0.3, step_size_up=2))
    ...     for _ in range(3):
    ...         cycler.step()
    >>> print(path.read_text().strip())
    step,p
    0,0.1
    1,0.2
    2,0.3
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        append: bool = False,
        target: Any = None,
        every: int = 1,
    ) -> None:
        super().__init__(target, every)
        self.path = Path(path)
        self._columns = _columns_of(self.path) if append else None
        try:
            self._file = self.path.open("ab" if append else "xb")
        except FileExistsError:
            raise FileExistsError(
                f"{self.path} exists: pass append=True to go on in it, or choose another name"
            ) from None
        self._there = self._rows_there()
        self._last: int | None = None

    def write(self, step: int, values: Mapping[str, Any]) -> None:
        """Write a row at once, where no cycler calls observers, as beside a compiled Optax step."""
        step = int(step)  # which may be an array, beside a compiled step
        row = flat(values)
        if "step" in values:
            raise ValueError(f"{self.path} cannot log a hyperparameter that is called 'step'")
        if self._columns is None:
            columns = list(row)
            self._complete(self.path.read_bytes(), _header(columns), "the columns of this run")
            self._columns = columns
        elif row.keys() != set(self._columns):
            raise ValueError(
                f"{self.path} has the columns {', '.join(['step', *self._columns])}, but step "
                f"{step} has {', '.join(['step', *row])}: go on in another file"
            )
        if self._last is not None and step <= self._last:
            self._there = self._rows_there()
        numbers = [row[column] for column in self._columns]
        if not self._has(step, numbers):
            self._append(_line(step, numbers))
        self._last = step

    def _has(self, step: int, numbers: list[float]) -> bool:
        """Return whether the file has this row, which is completed if a crash has cut it off."""
        for there in self._there:
            if not there.endswith(b"\n"):
                self._there = iter(())
                self._complete(there, _line(step, numbers), f"the row of step {step}")
                return True
            step_there, numbers_there = self._read(there)
            if step_there == step:
                self._compare(step, numbers_there, numbers)
                return True
            if step_there > step:
                raise ValueError(
                    f"{self.path} has rows before and after step {step} but none for it: pass the "
                    "every that it was begun with, or go on in another file"
                )
        return False

    def _compare(self, step: int, there: list[float], now: list[float]) -> None:
        for column, before, number in zip(self._columns or (), there, now, strict=True):
            both_nan = math.isnan(before) and math.isnan(number)
            if not both_nan and not math.isclose(before, number, rel_tol=CLOSE):
                raise ValueError(
                    f"{self.path} has {column} = {before!r} for step {step}, but this run has "
                    f"{number!r}: it is the log of another run or plan. Go on in another file, or "
                    f"remove its rows from step {step} on"
                )

    def _complete(self, there: bytes, line: bytes, what: str) -> None:
        """Append what is missing of a line, whose beginning may be there."""
        if not line.startswith(there):
            raise ValueError(
                f"{self.path} ends in the middle of a row, {_text(there)!r}, which is not the "
                f"beginning of {what}, {_text(line)!r}: remove what is left of it, or go on in "
                "another file"
            )
        self._append(line[len(there) :])

    def _append(self, line: bytes) -> None:
        self._file.write(line)
        self._file.flush()

    def _rows_there(self) -> Iterator[bytes]:
        """Yield the lines of the file that follow its columns; the last one may be cut off."""
        if self._columns is None:
            return
        with self.path.open("rb") as file:
            for _ in range(_header(self._columns).count(b"\n")):
                next(file)
            yield from file

    def _read(self, line: bytes) -> tuple[int, list[float]]:
        try:
            step, *numbers = line.split(b",")
            if len(numbers) == len(self._columns or ()):
                return int(step), [float(number) for number in numbers]
        except ValueError:
            pass
        raise ValueError(
            f"{self.path} has a row that hypercycle did not write, {_text(line)!r}: remove it, or "
            "go on in another file"
        )

    def close(self) -> None:
        """Unregister it and close the file; what comes later is not logged."""
        super().close()
        self._file.close()

    def __repr__(self) -> str:
        return f"CSV({str(self.path)!r})"


def _line(step: int, numbers: list[float]) -> bytes:
    return f"{step},{','.join(map(repr, numbers))}\n".encode()


def _header(columns: list[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(["step", *columns])
    return line.getvalue().encode()


def _text(line: bytes) -> str:
    return line.decode(errors="replace").rstrip("\n")


def _columns_of(path: Path) -> list[str] | None:
    """Return the columns of a file that is to be continued, or None if they are not there yet."""
    if not path.exists():
        return None
    with path.open("rb") as file:
        begin = file.readline()
    if not begin.endswith(b"\n") and b"step,".startswith(begin[:5]):
        return None
    with path.open(encoding="utf-8", newline="") as text:
        first, *columns = next(csv.reader(text)) or [""]
    if first != "step":
        raise ValueError(
            f"{path} was not written by hypercycle: its first column is {first!r}, not 'step'"
        )
    return columns
