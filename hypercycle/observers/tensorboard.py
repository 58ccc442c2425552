"""The values in TensorBoard's event files."""

from __future__ import annotations

import itertools
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypercycle.observers.observer import Observer, flat

_file_numbers = itertools.count()


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
        """Write a row at once, where no cycler calls observers, as beside a compiled Optax step."""
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
