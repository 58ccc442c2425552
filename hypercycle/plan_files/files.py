"""Plan files: TOML, JSON and YAML, read without trust and written so that they read back equal.

Needs pydantic and, to write TOML, tomlkit: ``pip install hypercycle[files]``. YAML needs PyYAML.
"""

from __future__ import annotations

import json
import os
import re
import stat
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypercycle.plans.plan import Plan, describe_plan
from hypercycle.shapes import registry

if TYPE_CHECKING:
    from hypercycle.plan_files.schema import Problem

# What is larger than this describes no training run that a person has written down, and would keep
# a reader busy for long.
LARGEST_FILE = 256 * 1024
MOST_VALUES = 10_000
DEEPEST = 24
LONGEST_TEXT = 1_000
# The time that tomllib takes for a dotted key grows with the square of its length.
LONGEST_LINE = 4_000
# Cycles that change in length are tabulated: 100,000 of them take half a second.
MOST_TABULATED = 100_000

# What a terminal would obey, and what UTF-8 has no bytes for.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")

SUFFIXES = (".toml", ".json", ".yaml", ".yml")


class PlanFileError(ValueError):
    """A plan file that cannot be used.

    Attributes
    ----------
    path : str
        The file.
    problems : tuple[Problem, ...]
        Everything that is wrong, each with its ``path`` in the plan and a ``message``.
    """

    def __init__(self, path: str, problems: Iterable[Problem]) -> None:
        self.path, self.problems = path, tuple(problems)
        lines = [str(problem) for problem in self.problems]
        count = f"{len(lines)} problems\n  " if len(lines) > 1 else ""
        super().__init__(f"{path}: {count}" + "\n  ".join(lines))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.path, self.problems)


def load_plan(path: str | os.PathLike[str]) -> Plan:
    """Return the plan in a file; see :meth:`hypercycle.Plan.load`."""
    _check_installed("pydantic")
    file = Path(path)
    suffix = _suffix(file)
    return _plan(lambda: _content(file), suffix, file)


def save_plan(plan: Plan, path: str | os.PathLike[str]) -> None:
    """Write a plan to a file; see :meth:`hypercycle.Plan.save`."""
    _check_installed("pydantic")
    from hypercycle.plan_files.schema import Problem

    file = Path(path)
    suffix = _suffix(file)
    data = file_data(plan)
    # A lone surrogate gets bytes that reading refuses.
    content = written(data, suffix).encode("utf-8", "surrogatepass")
    if file_data(_plan(lambda: content, suffix, file)) != data:
        names = "a name in the plan means something else in a file"
        raise PlanFileError(str(file), [Problem("", f"would not be read back equal: {names}")])
    _replace(file, content)


def file_data(plan: Plan) -> dict[str, Any]:
    """Return what a file holds for a plan, in plain data."""
    return {name: _for_file(described) for name, described in describe_plan(plan).items()}


def written(data: Mapping[str, Any], suffix: str) -> str:
    """Return the text of a plan file."""
    if suffix == ".toml":
        _check_installed("tomlkit")
        return _toml(data)
    if suffix == ".json":
        return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    _check_installed("yaml")
    import yaml

    text: str = yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
    return text


# Reading.


def _suffix(file: Path) -> str:
    suffix = file.suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"a plan file ends in {', '.join(SUFFIXES)}, got {file.name!r}")
    return suffix


def _plan(read: Callable[[], bytes], suffix: str, file: Path) -> Plan:
    from hypercycle.plan_files.schema import Problem, plan_from_data

    try:
        data = _entries(_data(_text(read()), suffix))
        _check_size(data)
    except (ValueError, RecursionError) as error:
        message = "is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise PlanFileError(str(file), [Problem("", message)]) from error
    plan, problems = plan_from_data(data)
    if plan is None:
        raise PlanFileError(str(file), problems)
    return plan


def _content(file: Path) -> bytes:
    # A pipe or a device could keep a reader waiting for ever.
    if not stat.S_ISREG(file.stat().st_mode):
        raise ValueError("is no regular file")
    with file.open("rb") as opened:
        return opened.read(LARGEST_FILE + 1)


def _text(content: bytes) -> str:
    if len(content) > LARGEST_FILE:
        raise ValueError(f"is larger than {LARGEST_FILE // 1024} KiB, which no plan needs")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"is no text in UTF-8: {error}") from error


def _data(text: str, suffix: str) -> Any:
    if suffix == ".toml":
        if max(map(len, text.splitlines()), default=0) > LONGEST_LINE:
            raise ValueError(f"has a line of more than {LONGEST_LINE:,} characters")
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"is no TOML: {error}") from error
    if suffix == ".json":
        try:
            return json.loads(text, object_pairs_hook=_unique) if text.strip() else {}
        except json.JSONDecodeError as error:
            raise ValueError(f"is no JSON: {error}") from error
    return _yaml_data(text)


def _entries(data: Any) -> dict[str, Any]:
    """Return a file's data if they are a table of names."""
    if isinstance(data, dict):
        data.pop("$schema", None)  # says an editor what completes the file
    if data is None or data == {}:
        raise ValueError("is empty; a plan has at least one entry, such as lr")
    if not isinstance(data, dict):
        raise ValueError(f"must be a table of names and schedules, got {data!r:.60}")
    for name in data:
        if not isinstance(name, str):
            raise ValueError(f"names of hyperparameters must be texts, got {name!r}")
    return data


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        raise ValueError(f"is no JSON of a plan: {', '.join(map(repr, twice))} is given twice")
    return table


def _yaml_data(text: str) -> Any:
    _check_installed("yaml")
    import yaml

    from hypercycle.plan_files.yaml_loader import PlanLoader

    try:
        return yaml.load(text, PlanLoader)  # noqa: S506  (a SafeLoader)
    except (yaml.YAMLError, ValueError) as error:  # such as the date 2020-99-99
        raise ValueError(f"is no YAML of a plan: {error}") from error


def _check_size(data: Any) -> None:
    """Raise ValueError for more, deeper or longer values than a plan has."""
    level, values, tabulated = [data], 0, 0
    for _ in range(DEEPEST):
        below: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                below += [*one, *one.values()]
                if one.get("cycle_mult", 1) != 1 and isinstance(one.get("cycles"), int):
                    tabulated += one["cycles"]
            elif isinstance(one, list):
                below += one
            elif isinstance(one, str):
                _check_text(one)
        values += len(below)
        if values > MOST_VALUES:
            raise ValueError(f"holds more than {MOST_VALUES:,} values")
        if tabulated > MOST_TABULATED:
            raise ValueError(
                f"asks for {tabulated:,} cycles that change in length (cycle_mult), more than "
                f"{MOST_TABULATED:,}"
            )
        if not below:
            return
        level = below
    raise ValueError(f"is nested more than {DEEPEST} deep")


def _check_text(text: str) -> None:
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"holds a text of {len(text):,} characters, {text[:40]!r}…")
    if _CONTROL.search(text):
        raise ValueError(f"holds a text with a control character, {text!a:.60}")


# Writing.


def _for_file(value: Any) -> Any:
    """Return the description of a schedule as a file has it."""
    from hypercycle.plan_files.schema import GROUP_INDEX, UNCHANGED

    if not isinstance(value, Mapping):
        return value
    described = {key: _for_value(key, one) for key, one in value.items()}
    if described.get("kind") == "cycle":
        del described["kind"]
    if described.get("kind") == "groups":
        groups = value["groups"]
        ambiguous = [
            key for key in groups if isinstance(key, str) == bool(GROUP_INDEX.fullmatch(str(key)))
        ]
        if ambiguous:
            raise ValueError(
                f"a file cannot tell the group named {ambiguous[0]!r} from the group of that index"
            )
        described["groups"] = {
            str(key): {"kind": UNCHANGED} if one is None else _for_file(one)
            for key, one in groups.items()
        }
    return described


def _for_value(key: str, value: Any) -> Any:
    if key == "parts":
        return [
            [_for_file(part[0]), part[1]] if isinstance(part, list) else _for_file(part)
            for part in value
        ]
    if key == "factors":
        return [_for_file(one) for one in value]
    if key == "waveform" and isinstance(value, list):
        return [_for_value(key, one) for one in value]
    if key == "waveform" and isinstance(value, str):
        package = registry.waveform_distribution(value)
        return {"name": value, "package": package} if package else value
    if key == "scale" and isinstance(value, Mapping) and "name" in value:
        package = registry.scale_distribution(value["name"])
        return {**value, "package": package} if package else value
    return value


def _toml(data: Mapping[str, Any]) -> str:
    import tomlkit

    document = tomlkit.document()
    for name, entry in data.items():
        document.add(name, _toml_table(entry))
    return tomlkit.dumps(document)


def _toml_table(entry: Mapping[str, Any]) -> Any:
    import tomlkit

    table = tomlkit.table()
    for key, value in entry.items():
        if key == "groups":
            groups = tomlkit.table(is_super_table=True)
            for group, one in value.items():
                groups.add(group, _toml_table(one))
            table.add(key, groups)
        else:
            table.add(key, _toml_item(value, multiline=key in ("parts", "factors")))
    return table


def _toml_item(value: Any, *, multiline: bool = False) -> Any:
    import tomlkit

    if isinstance(value, Mapping):
        table = tomlkit.inline_table()
        for key, one in value.items():
            table.append(key, _toml_item(one))
        return table
    if isinstance(value, (list, tuple)):
        array = tomlkit.array()
        for one in value:
            array.append(_toml_item(one))
        return array.multiline(multiline)
    return value


def _replace(file: Path, content: bytes) -> None:
    """Write the whole file or nothing: what was there stays until all is written."""
    file = file.resolve()  # a link stays one
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.", suffix=".new")
    new = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(content)
        new.chmod(_mode(file))
        new.replace(file)
    except BaseException:
        new.unlink()
        raise


def _mode(file: Path) -> int:
    """Return the permissions of a file, or those that a new one gets."""
    if file.exists():
        return stat.S_IMODE(file.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _check_installed(module: str) -> None:
    from importlib.util import find_spec

    package = {"yaml": "PyYAML"}.get(module, "hypercycle[files]")
    if find_spec(module) is None:
        raise ImportError(f"plan files of this kind need {module}: pip install '{package}'")
