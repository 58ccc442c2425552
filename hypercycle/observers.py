"""Observers: plugins that log what cycles, to a CSV file, TensorBoard or Weights & Biases.

An observer is registered before :func:`hypercycle.attach` is called. It then hears of every step of
a PyTorch optimizer or a plain object, and of a Keras optimizer by way of
``hypercycle_keras.CycleHistory``. A compiled Optax step tells nobody: call ``write(step, values)``.

A row is written when training moves on from its step. So there is one row for each update, with the
values that it was made with; values that are in force after the last update, or that ``attach``
sets before a saved state is loaded, are not written.

Values that differ by group become ``weight_decay/0``, or ``weight_decay/biases`` where groups have
names.
"""

from __future__ import annotations

import csv
import itertools
import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypercycle.hookspecs import hookimpl
from hypercycle.plugins import register_plugin, unregister_plugin
from hypercycle.validation import whole_number

if TYPE_CHECKING:
    from typing import Self

_file_numbers = itertools.count()


def flat(values: Mapping[str, Any]) -> dict[str, float]:
    """Return values as logs take them, one number for each name.

    >>> flat({"lr": 0.1, "weight_decay": {0: 0.01, "biases": 0.0}})
    {'lr': 0.1, 'weight_decay/0': 0.01, 'weight_decay/biases': 0.0}
    """
    numbers: dict[str, float] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            numbers.update({f"{name}/{group}": float(one) for group, one in value.items()})
        else:
            numbers[name] = float(value)
    return numbers


class Observer:
    """What the observers share. Use one of them as a context manager, or register it.

    ``with observers.CSV("values.csv"):`` registers the observer and closes it at the end, also when
    training fails. Elsewhere, ``hypercycle.register_plugin(observer)`` and ``observer.close()``.
    """

    def __init__(self, target: Any, every: int) -> None:
        self._target = target
        self._takes_any = target is None
        self._every = whole_number(every, "every", 1)
        self._names: tuple[str, ...] | None = None
        self._in_force: tuple[int, Mapping[str, Any]] | None = None
        self._has_moved = False
        self._closed = False

    def write(self, step: int, values: Mapping[str, Any]) -> None:
        """Write a row at once, where nobody tells observers, as beside a compiled Optax step."""
        raise NotImplementedError

    def close(self) -> None:
        """Unregister it and end the log; what comes later is not logged."""
        with suppress(ValueError):  # it is not registered
            unregister_plugin(self)
        self._closed = True
        self._target = self._in_force = None  # which cyclers that still hold it may outlive

    @hookimpl
    def hypercycle_step(self, step: int, values: Mapping[str, Any], target: Any) -> None:
        """Write the row of the step that training has moved on from."""
        if self._closed or not self._watches(target, tuple(values)):
            return
        before, self._in_force = self._in_force, (step, values)
        if before is None:
            return
        # A jump from the first step is a saved state that is loaded, not an update.
        moved = step != before[0] if self._has_moved else step == before[0] + 1
        self._has_moved = True
        if moved and before[0] % self._every == 0:
            self.write(*before)

    def _watches(self, target: Any, names: tuple[str, ...]) -> bool:
        if self._names is None and self._takes_any:
            self._target = target
        if target is not self._target:
            if not self._takes_any:
                return False
            raise ValueError(
                f"{self!r} logs the {', '.join(self._names or ())} of one "
                f"{type(self._target).__name__} and is told the {', '.join(names)} of another "
                f"target, a {type(target).__name__}: say which it is for, with target=…, and give "
                "each an observer of its own"
            )
        if self._names is None:
            self._names = names
        elif names != self._names:
            raise ValueError(
                f"{self!r} logs {', '.join(self._names)} of a {type(target).__name__} and is told "
                f"{', '.join(names)} of the same one: attach one plan with all of them"
            )
        return True

    def __enter__(self) -> Self:
        if self._closed:
            raise ValueError(f"{self!r} is closed: make another")
        register_plugin(self)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


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
        """Write a row at once, where nobody tells observers, as beside a compiled Optax step."""
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
    """Return the columns of a file that is to be gone on with, or None if there is nothing yet."""
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


class TensorBoard(Observer):
    """Writes the values into TensorBoard's event files, as scalars.

    Needs the package tensorboard and no framework. TensorBoard keeps float32 numbers.

    Parameters
    ----------
    to
        The folder for a new event file. Earlier files in it are left alone, and TensorBoard joins
        them. Each row is handed to the operating system when it is written, so that a crash of the
        program loses none. Or a writer of yours with a method ``add_scalar(tag, value, step)``,
        such as PyTorch's ``SummaryWriter``; when it flushes is up to it, and it is not closed.
    prefix
        What the names in TensorBoard start with, such as ``"generator/"``.
    target
        What to log: the optimizer, or other object, that the plan is attached to. If not given, the
        first one, and a second one is an error.
    every
        Log each step that is a multiple of this.

    Raises
    ------
    ImportError
        If the package tensorboard is not installed.
    """

    def __init__(self, to: Any, *, prefix: str = "", target: Any = None, every: int = 1) -> None:
        super().__init__(target, every)
        if not isinstance(to, (str, os.PathLike)) and not hasattr(to, "add_scalar"):
            raise TypeError(
                "TensorBoard takes a folder, or a writer with a method add_scalar(tag, value, "
                f"step), got {to!r}"
            )
        self._to = to
        self._prefix = prefix
        self._file = None if hasattr(to, "add_scalar") else _EventFile(Path(to))

    def write(self, step: int, values: Mapping[str, Any]) -> None:
        """Write a row at once, where nobody tells observers, as beside a compiled Optax step."""
        writer = self._to if self._file is None else self._file
        for name, value in flat(values).items():
            writer.add_scalar(f"{self._prefix}{name}", value, step)

    def close(self) -> None:
        """Unregister it and close its file; what comes later is not logged."""
        super().close()
        if self._file is not None:
            self._file.close()

    def __repr__(self) -> str:
        return f"TensorBoard({str(self._to)!r})"


class _EventFile:
    """An event file, by the parts of tensorboard that PyTorch's ``SummaryWriter`` is made of.

    That one writes in a thread, which loses rows in a crash, and imports TensorFlow if it is there.
    """

    def __init__(self, folder: Path) -> None:
        try:
            from tensorboard.compat.proto.event_pb2 import Event  # type: ignore[import-untyped]
            from tensorboard.compat.proto.summary_pb2 import Summary  # type: ignore[import-untyped]
            from tensorboard.summary.writer.record_writer import RecordWriter  # type: ignore[import-untyped]
        except ImportError as error:
            raise ImportError(
                f"writing event files into {folder} needs the package tensorboard: "
                f"python -m pip install tensorboard ({error})"
            ) from error
        self._event, self._summary = Event, Summary
        folder.mkdir(parents=True, exist_ok=True)
        where = f"{socket.gethostname()}.{os.getpid()}.{next(_file_numbers)}"
        name = f"events.out.tfevents.{int(time.time()):010d}.{where}.hypercycle"
        self._file = (folder / name).open("xb")
        self._records = RecordWriter(self._file)
        self._write(file_version="brain.Event:2")

    def add_scalar(self, tag: str, value: float, step: int) -> None:
        scalar = self._summary.Value(tag=tag, simple_value=value)
        self._write(step=step, summary=self._summary(value=[scalar]))

    def _write(self, **contents: Any) -> None:
        event = self._event(wall_time=time.time(), **contents)
        self._records.write(event.SerializeToString())
        self._file.flush()

    def close(self) -> None:
        self._file.close()


class WeightsAndBiases(Observer):
    """Adds the values to a run of Weights & Biases.

    They join the row that you log next, by ``run.log(…)``, without moving W&B's step on: what you
    log is left as it is, and the values are there as often as you log. With ``commit=True`` they
    are rows of their own.

    Parameters
    ----------
    run
        What ``wandb.init(…)`` returned. It is not finished.
    commit
        Log a row at W&B's step ``step`` for each update: for a run in which nobody else logs. (W&B
        drops, with a warning of its own, whatever is logged for a step that it has passed.)
    prefix
        What the names in W&B start with, such as ``"generator/"``.
    target
        What to log: the optimizer, or other object, that the plan is attached to. If not given, the
        first one, and a second one is an error.
    every
        Log each step that is a multiple of this.
    """

    def __init__(
        self,
        run: Any,
        *,
        commit: bool = False,
        prefix: str = "",
        target: Any = None,
        every: int = 1,
    ) -> None:
        super().__init__(target, every)
        if not callable(getattr(run, "log", None)):
            raise TypeError(f"run is what wandb.init(…) returns, got {run!r}")
        self._run = run
        self._commit = commit
        self._prefix = prefix

    def write(self, step: int, values: Mapping[str, Any]) -> None:
        """Write a row at once, where nobody tells observers, as beside a compiled Optax step."""
        row = {f"{self._prefix}{name}": value for name, value in flat(values).items()}
        self._run.log(row, step=step if self._commit else None, commit=self._commit)

    def __repr__(self) -> str:
        return f"WeightsAndBiases({getattr(self._run, 'name', self._run)!r})"
