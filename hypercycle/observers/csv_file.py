"""The values in a CSV file."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypercycle.observers.observer import Observer, flat


class CSV(Observer):
    """Writes ``step`` and the values into a CSV file, a row for each update.

    Numbers are written with all their digits. Each row is handed to the operating system when it is
    written, so that a crash of the program loses none.

    Parameters
    ----------
    path
        The file, in a folder that exists.
    append
        Go on in a file that an earlier run has written. Steps that are trained again after a crash
        are then in it twice; the last row is the one that counts.
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
        If the columns of a row are not those of the file, the file ends within a row, or something
        is called "step".

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
            # Line by line.
            self._file = self.path.open(
                "a" if append else "x", buffering=1, encoding="utf-8", newline=""
            )
        except FileExistsError:
            raise FileExistsError(
                f"{self.path} exists: pass append=True to go on in it, or choose another name"
            ) from None
        self._rows = csv.writer(self._file, lineterminator="\n")

    def write(self, step: int, values: Mapping[str, Any]) -> None:
        """Write a row at once, where no cycler calls observers, as beside a compiled Optax step."""
        row = {"step": step} | flat(values)
        if "step" in values:
            raise ValueError(f"{self.path} cannot log a hyperparameter that is called 'step'")
        if self._columns is None:
            self._columns = list(row)
            self._rows.writerow(self._columns)
        elif row.keys() != set(self._columns):
            raise ValueError(
                f"{self.path} has the columns {', '.join(self._columns)}, but step {step} has "
                f"{', '.join(row)}: go on in another file"
            )
        self._rows.writerow([row[column] for column in self._columns])

    def close(self) -> None:
        """Unregister it and close the file; what comes later is not logged."""
        super().close()
        self._file.close()

    def __repr__(self) -> str:
        return f"CSV({str(self.path)!r})"


def _columns_of(path: Path) -> list[str] | None:
    """Return the columns of a file that is to be continued, or None if there is nothing yet."""
    if not path.exists() or path.stat().st_size == 0:
        return None
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        if file.read() != b"\n":
            raise ValueError(f"{path} ends in the middle of a row: remove what is left of it")
    with path.open(encoding="utf-8", newline="") as file:
        columns = next(csv.reader(file))
    first = next(iter(columns), "")
    if first != "step":
        raise ValueError(
            f"{path} was not written by hypercycle: its first column is {first!r}, not 'step'"
        )
    return columns
