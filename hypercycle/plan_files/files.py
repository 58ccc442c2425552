"""Plan files, and their data, read without trust and written so that they read back equal."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from hypercycle.plan_files.formats import data_in, suffix_of, text_of
from hypercycle.plan_files.limits import LARGEST_FILE, check_size
from hypercycle.plan_files.writing import write_whole
from hypercycle.schedules.kinds import KINDS
from hypercycle.schedules.plain_data import Problem, Reader, Writer, is_list, plain

# What stands for the file in errors of data that are in none.
DATA = "plan data"
# Keys that are about the file: what completes it in an editor, what its checks pass over.
_SCHEMA, _CHECK = "$schema", "$check"


class PlanFileError(ValueError):
    """A plan file, or the data of one, that cannot be used.

    Attributes
    ----------
    path : str
        The file; ``"plan data"`` or ``"override"`` where there is none.
    problems : tuple[Problem, ...]
        What is wrong, each with its ``path`` in the plan and a ``message``; no more than the first
        hundred.
    """

    def __init__(self, path: str, problems: Iterable[Problem]) -> None:
        self.path, self.problems = path, tuple(problems)
        lines = [str(problem) for problem in self.problems]
        count = f"{len(lines)} problems\n  " if len(lines) > 1 else ""
        super().__init__(f"{path}: {count}" + "\n  ".join(lines))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.path, self.problems)


PlanFileError.__module__ = "hypercycle.plan_files"  # where users find it, in tracebacks too


def load_schedules(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the schedules in a file by their names; see :meth:`hypercycle.Plan.load`."""
    file = Path(path)
    suffix = suffix_of(file)
    return _schedules(lambda: _content(file), suffix, file)


def schedules_in(data: Any, source: str = DATA) -> dict[str, Any]:
    """Return the schedules by their names in what a file holds, or any mapping like it."""
    try:
        check_size(data)  # before anything is shown of them
        entries = _entries(data)
    except (ValueError, RecursionError) as error:
        raise _unreadable(source, error) from error
    reader = Reader(KINDS, plain(entries), from_file=True)
    schedules = reader.schedules()
    problems = [*reader.problems, *_problems_of_check(data)]
    if problems:
        raise PlanFileError(source, problems)
    return schedules


def load_ignored(path: str | os.PathLike[str]) -> list[str]:
    """Return the rules that a file, which is a plan's, wants to be passed over in checks."""
    file = Path(path)
    data = data_in(_text(_content(file)), suffix_of(file))
    return list(data.get(_CHECK, {}).get("ignore", []))


def _problems_of_check(data: Mapping[str, Any]) -> list[Problem]:
    table = data.get(_CHECK, {})
    if not isinstance(table, Mapping):
        return [Problem(_CHECK, f"must be a table with 'ignore', got {table!r:.60}")]
    problems = [
        Problem(f"{_CHECK}.{key}", "unknown key; allowed: ignore")
        for key in map(str, table)
        if key != "ignore"
    ]
    rules = table.get("ignore", [])
    if not is_list(rules) or not all(isinstance(rule, str) for rule in rules):
        problems.append(
            Problem(f"{_CHECK}.ignore", f"must be a list of names of rules, got {rules!r:.60}")
        )
    return problems


def save_schedules(schedules: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Write schedules by their names to a file; see :meth:`hypercycle.Plan.save`."""
    file = Path(path)
    suffix = suffix_of(file)
    data = file_data(schedules)
    # A lone surrogate gets bytes that reading refuses.
    content = text_of(data, suffix).encode("utf-8", "surrogatepass")
    _check_equal(data, _schedules(lambda: content, suffix, file), str(file))
    write_whole(file, content)


def readable_data(schedules: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a file holds for schedules; see :meth:`hypercycle.Plan.to_dict`."""
    data = file_data(schedules)
    _check_equal(data, schedules_in(data), DATA)
    return data


def file_data(schedules: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a file holds for schedules by their names, in plain data."""
    writer = Writer(KINDS, for_file=True, entries=schedules)
    return {name: writer.schedule(one) for name, one in schedules.items()}


def _check_equal(data: dict[str, Any], read: Mapping[str, Any], source: str) -> None:
    if file_data(read) != data:
        names = "a name in the plan means something else in a file"
        raise PlanFileError(source, [Problem("", f"would not be read back equal: {names}")])


def _schedules(read: Callable[[], bytes], suffix: str, file: Path) -> dict[str, Any]:
    try:
        data = data_in(_text(read()), suffix)
    except (ValueError, RecursionError) as error:
        raise _unreadable(str(file), error) from error
    return schedules_in(data, str(file))


def _unreadable(source: str, error: Exception) -> PlanFileError:
    message = "is nested too deeply" if isinstance(error, RecursionError) else str(error)
    return PlanFileError(source, [Problem("", message)])


def _content(file: Path) -> bytes:
    # A pipe or a device could keep a reader waiting for ever.
    if not stat.S_ISREG(file.stat().st_mode):
        raise ValueError("is not a regular file")
    with file.open("rb") as opened:
        return opened.read(LARGEST_FILE + 1)


def _text(content: bytes) -> str:
    if len(content) > LARGEST_FILE:
        raise ValueError(f"is larger than {LARGEST_FILE // 1024} KiB, which no plan needs")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8 text: {error}") from error


def _entries(data: Any) -> dict[str, Any]:
    """Return a file's data if they are a table of names."""
    if isinstance(data, Mapping):
        data = {name: one for name, one in data.items() if name not in (_SCHEMA, _CHECK)}
    if data is None or data == {}:
        raise ValueError("is empty; a plan has at least one entry, such as lr")
    if not isinstance(data, dict):
        raise ValueError(f"must be a table of names and schedules, got {data!r:.60}")
    for name in data:
        if not isinstance(name, str):
            raise ValueError(f"names of hyperparameters must be texts, got {name!r}")
    return data
