"""TOML, JSON and YAML: the text of a plan file and the data in it."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hypercycle.plan_files.limits import check_toml

SUFFIXES = (".toml", ".json", ".yaml", ".yml")


def suffix_of(file: Path) -> str:
    """Return the suffix that says which format a file has; ValueError if it says none."""
    suffix = file.suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"a plan file ends in {', '.join(SUFFIXES)}, got {file.name!r}")
    return suffix


def data_in(text: str, suffix: str) -> Any:
    """Return the data in a text.

    Raises
    ------
    ValueError, RecursionError
        If the text is not in the format of the suffix.
    ImportError
        If PyYAML is missing.
    """
    if suffix == ".toml":
        check_toml(text)
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"is not valid TOML: {error}") from error
    if suffix == ".json":
        try:
            return json.loads(text, object_pairs_hook=_unique) if text.strip() else {}
        except json.JSONDecodeError as error:
            raise ValueError(f"is not valid JSON: {error}") from error
    return _data_in_yaml(text)


def text_of(data: Mapping[str, Any], suffix: str) -> str:
    """Return the text of a plan file; ImportError if tomlkit or PyYAML is missing."""
    if suffix == ".toml":
        return _toml(data)
    if suffix == ".json":
        return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    _check_installed("yaml", "PyYAML")
    import yaml

    from hypercycle.plan_files.yaml_loader import PlanDumper

    text: str = yaml.dump(data, Dumper=PlanDumper, sort_keys=False, allow_unicode=True)
    return text


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise ValueError(f"is not a plan in JSON: {twice!r:.60} is given twice")
    return table


def _data_in_yaml(text: str) -> Any:
    _check_installed("yaml", "PyYAML")
    import yaml

    from hypercycle.plan_files.yaml_loader import PlanLoader

    try:
        return yaml.load(text, PlanLoader)  # noqa: S506  (a SafeLoader)
    except (yaml.YAMLError, ValueError) as error:  # int() refuses numbers of 5,000 digits
        raise ValueError(f"is not a plan in YAML: {error}") from error


def _toml(data: Mapping[str, Any]) -> str:
    _check_installed("tomlkit", "hypercycle[files]")
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


def _check_installed(module: str, package: str) -> None:
    if find_spec(module) is None:
        raise ImportError(f"plan files of this kind need {module}: pip install '{package}'")
