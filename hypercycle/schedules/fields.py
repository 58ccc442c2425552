"""The fields of schedules as plain data: how each is read, written, and allowed by the JSON Schema.

They are checked by the functions that the records check theirs with, so that both refuse the same
values in the same words.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Callable, Mapping
from typing import Any, get_args

from hypercycle.numbers.checks import LARGEST_LENGTH, finite_number, whole_number
from hypercycle.numbers.clock import LARGEST_CYCLE_MULT, checked_cycle_mult, checked_phase
from hypercycle.numbers.lengths import FORM, REST, checked_length
from hypercycle.schedules.between import Space
from hypercycle.schedules.plain_data import (
    INVALID,
    Field,
    Path,
    Reader,
    Schedules,
    Writer,
    describe_function,
)
from hypercycle.shapes import registry

Check = Callable[[Any, str], Any]

_WHOLE = {"type": "integer", "minimum": 0, "maximum": LARGEST_LENGTH}
_WITH_UNIT = {"type": "string", "pattern": FORM}
_LENGTHS = {"anyOf": [_WHOLE, _WITH_UNIT]}
_LENGTHS_OF_PARTS = {
    "anyOf": [*_LENGTHS["anyOf"], {"type": "string", "pattern": rf"^\s*{REST}\s*$"}]
}

# The text of a group's index, in files whose keys are texts.
_INDEX = re.compile(r"0|-?[1-9]\d{0,8}", re.ASCII)

# What is safe to show as an argument of pip.
_PACKAGE = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?", re.ASCII | re.IGNORECASE)


def _checked(check: Check) -> Callable[[Any, Reader, Path], Any]:
    return lambda value, reader, path: reader.make(path, check, value, path[-1])


def _plain(check: Check, schema: dict[str, Any]) -> Field:
    """Return a field that is the same in a record and in data."""
    return Field(_checked(check), lambda _: schema, lambda value, _: value)


def _that_is(expected: str, valid: Callable[[Any], bool]) -> Check:
    def check(value: Any, _: str) -> Any:
        if not valid(value):
            raise ValueError(f"must be {expected}, got {value!r:.60}")
        return value

    return check


def or_none(field: Field) -> Field:
    """Return a field that may be null too, which says as much as leaving it out."""

    def schema(schedules: Schedules) -> dict[str, Any]:
        one = field.schema(schedules)
        return {"anyOf": [*one.get("anyOf", [one]), {"type": "null"}]}

    return field._replace(
        read=lambda value, *where: None if value is None else field.read(value, *where),
        schema=schema,
    )


def one_of(*texts: str) -> Field:
    """Return a field that is one of these texts."""
    *others, last = map(repr, texts)
    expected = f"{', '.join(others)} or {last}"
    return _plain(
        _that_is(expected, lambda one: one in texts), {"type": "string", "enum": list(texts)}
    )


NUMBER = _plain(finite_number, {"type": "number"})
LENGTH = _plain(checked_length, _LENGTHS)
LENGTH_ABOVE_0 = _plain(
    functools.partial(checked_length, minimum=1), {"anyOf": [_WHOLE | {"minimum": 1}, _WITH_UNIT]}
)
LENGTH_OF_PART = _plain(functools.partial(checked_length, rest=True), _LENGTHS_OF_PARTS)
COUNT = _plain(lambda value, name: whole_number(value, name, minimum=1), _WHOLE | {"minimum": 1})
FLAG = _plain(_that_is("true or false", lambda one: isinstance(one, bool)), {"type": "boolean"})
PHASE = _plain(checked_phase, {"type": "number", "minimum": 0, "exclusiveMaximum": 1})
CYCLE_MULT = _plain(
    checked_cycle_mult, {"type": "number", "exclusiveMinimum": 0, "maximum": LARGEST_CYCLE_MULT}
)
SCALE_OF = one_of("amplitude", "bounds")
SPACE = one_of(*get_args(Space))


# Waveforms and scale policies: registered names, or tables of a name and what belongs to it.


def _waveform(value: Any, _: str) -> Any:
    name, parameters = _named("waveform", value, registry.waveform_distribution)
    return registry.waveform(name, **parameters) if parameters else name


def _waveforms(value: Any, _: str) -> Any:
    if not isinstance(value, (list, tuple)):
        return _waveform(value, "")
    if len(value) != 2:
        raise ValueError(f"must be one waveform or a pair [rise, fall], got {value!r:.60}")
    return tuple(_waveform(half, "") for half in value)


def _describe_waveform(value: Any, writer: Writer) -> Any:
    if isinstance(value, tuple):
        return [_describe_waveform(half, writer) for half in value]
    name = value if isinstance(value, str) else registry.name_of_waveform(value)
    if name is None:
        return describe_function(value)
    at_defaults = isinstance(value, str) or value == registry.waveform(name)
    parameters = {} if at_defaults else _parameters(value)
    package = registry.waveform_distribution(name) if writer.for_file else None
    table = {"name": name, **parameters} | ({"package": package} if package else {})
    return table if len(table) > 1 else name


def _parameters(record: Any) -> dict[str, Any]:
    return {one.name: getattr(record, one.name) for one in dataclasses.fields(record)}


def _schema_of_waveform(_: Schedules) -> dict[str, Any]:
    known = registry.waveforms()
    with_parameters = [
        _table({"name": {"const": name}}, _schemas_of_parameters(one))
        for name, one in known.items()
        if registry.parameters_of_waveform(name)
    ]
    return {
        "anyOf": [
            {"enum": sorted(known)},
            _table({"name": {"type": "string"}}, {}),
            *with_parameters,
        ]
    }


def _schemas_of_parameters(defaults: Any) -> dict[str, Any]:
    """Return what the parameters of a record may be: of the kind of their defaults."""
    kinds = {bool: "boolean", int: "number", float: "number", str: "string"}
    return {
        name: {"default": one} | ({"type": kinds[type(one)]} if type(one) in kinds else {})
        for name, one in _parameters(defaults).items()
    }


def _table(name: dict[str, Any], parameters: dict[str, Any] | bool) -> dict[str, Any]:
    """Return the schema of a table with a name, a package, and parameters: some, none, or any."""
    own = {} if isinstance(parameters, bool) else parameters
    return {
        "type": "object",
        "properties": name | {"package": {"type": "string"}} | own,
        "required": ["name"],
        "additionalProperties": parameters is True,
    }


def _schema_of_waveforms(schedules: Schedules) -> dict[str, Any]:
    one = _schema_of_waveform(schedules)
    return {"anyOf": [*one["anyOf"], {"type": "array", "items": one, "minItems": 2, "maxItems": 2}]}


def _scale(value: Any, _: str) -> Any:
    name, parameters = _named("scale", value, registry.scale_distribution)
    policy = registry.scale(name, **parameters)
    return name if isinstance(value, str) else policy


def _describe_scale(value: Any, writer: Writer) -> Any:
    if isinstance(value, str):
        return value
    name = registry.name_of_scale(value)
    if name is None or not dataclasses.is_dataclass(value):
        return describe_function(value)
    package = registry.scale_distribution(name) if writer.for_file else None
    return {"name": name, **_parameters(value)} | ({"package": package} if package else {})


def _schema_of_scale(_: Schedules) -> dict[str, Any]:
    table = _table({"name": {"type": "string"}}, parameters=True)
    return {"anyOf": [{"enum": sorted(registry.scales())}, table]}


def _named(
    what: str, value: Any, distribution: Callable[[str], str | None]
) -> tuple[str, dict[str, Any]]:
    """Return a known name and what is given with it, but for the package, which must offer it."""
    if isinstance(value, Mapping) and "function" in value:
        raise ValueError(
            f"is the function {value['function']}, which a file cannot hold: "
            f"hypercycle.register_{what}(a name, …), and use the name"
        )
    table = {"name": value} if isinstance(value, str) else value
    if not isinstance(table, Mapping) or not isinstance(table.get("name"), str):
        raise ValueError(f"must be a name or a table with a 'name', got {value!r:.60}")
    others = {str(key): one for key, one in table.items()}
    name = others.pop("name")
    _check_package(what, name, others.pop("package", None), distribution)
    return name, others


def _check_package(
    what: str, name: str, package: Any, distribution: Callable[[str], str | None]
) -> None:
    """Raise ValueError unless the name is known, and is offered by the package, if one is given."""
    if package is None:
        distribution(name)
        return
    if not (isinstance(package, str) and _PACKAGE.fullmatch(package)):
        raise ValueError(f"package must be the name of a package, got {package!r:.60}")
    comes_from = f"the {what} {name!r} comes from the package {package!r}"
    try:
        offered_by = distribution(name)
    except ValueError as error:
        from importlib import metadata  # only errors need it

        try:
            have = f"of which version {metadata.version(package)} is installed: {error}"
        except (metadata.PackageNotFoundError, ValueError):
            have = f"which is not installed: pip install {package}"
        raise ValueError(f"{comes_from}, {have}") from error
    if offered_by is not None and _normal(offered_by) != _normal(package):
        raise ValueError(f"{comes_from}, but here it is {offered_by!r} that offers it")


def _normal(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


WAVEFORM = Field(_checked(_waveform), _schema_of_waveform, _describe_waveform)
WAVEFORMS = Field(_checked(_waveforms), _schema_of_waveforms, _describe_waveform)
SCALE = Field(_checked(_scale), _schema_of_scale, _describe_scale)


# Schedules in schedules.


def _read_parts(value: Any, reader: Reader, path: Path) -> Any:
    if not isinstance(value, (list, tuple)):
        return reader.refuse(path, f"must be a list of schedules, got {value!r:.60}")
    return reader.all_of(_part(one, reader, (*path, str(i))) for i, one in enumerate(value))


def _part(value: Any, reader: Reader, path: Path) -> Any:
    if not isinstance(value, (list, tuple)):
        return reader.schedule(value, path, "chain")
    return _two(value, reader, path, "[schedule, steps]", (_in_chain, _steps))


def _in_chain(value: Any, reader: Reader, path: Path) -> Any:
    return reader.schedule(value, path, "chain")


def _steps(value: Any, reader: Reader, path: Path) -> Any:
    return reader.make(path, functools.partial(checked_length, rest=True), value, "steps")


def _describe_parts(value: Any, writer: Writer) -> Any:
    pairs = [part if isinstance(part, tuple) else (part,) for part in value]
    described = [[writer.schedule(schedule), *steps] for schedule, *steps in pairs]
    return [part if len(part) == 2 else part[0] for part in described]


def _schema_of_parts(schedules: Schedules) -> dict[str, Any]:
    pair = _schema_of_two({"oneOf": schedules("chain")}, _LENGTHS_OF_PARTS)
    return {"type": "array", "items": {"oneOf": [*schedules("chain"), pair]}}


def _read_factors(value: Any, reader: Reader, path: Path) -> Any:
    return _two(value, reader, path, "[first, second]", (_in_product, _in_product))


def _in_product(value: Any, reader: Reader, path: Path) -> Any:
    return reader.schedule(value, path, "product")


def _two(
    value: Any, reader: Reader, path: Path, form: str, reads: tuple[Callable[..., Any], ...]
) -> Any:
    if not isinstance(value, (list, tuple)) or len(value) > 2:
        return reader.refuse(path, f"must be two: {form}, got {value!r:.60}")
    return reader.all_of(
        read(value[i], reader, (*path, str(i)))
        if i < len(value)
        else reader.refuse((*path, str(i)), f"must be two: {form}")
        for i, read in enumerate(reads)
    )


def _schema_of_two(*schemas: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "prefixItems": list(schemas), "minItems": 2, "maxItems": 2}


def _read_groups(value: Any, reader: Reader, path: Path) -> Any:
    if not isinstance(value, Mapping):
        return reader.refuse(path, f"must be a table of groups, got {value!r:.60}")
    keys, read = [], []
    for key, one in value.items():
        at = (*path, str(key))
        keys.append(reader.make(at, _group, key, reader))
        read.append(reader.schedule(one, at, "groups"))
    valid = reader.all_of([*keys, *read])
    return INVALID if valid is INVALID else dict(zip(keys, read, strict=True))


def _group(key: Any, reader: Reader) -> int | str:
    if isinstance(key, bool) or not isinstance(key, (int, str)):
        raise ValueError(f"a group is named by its index or its name, got {key!r:.60}")
    return int(key) if reader.from_file and _INDEX.fullmatch(str(key)) else key


def _describe_groups(value: Any, writer: Writer) -> Any:
    if not writer.for_file:
        return {key: writer.schedule(one) for key, one in value.items()}
    for key in value:
        if isinstance(key, str) == bool(_INDEX.fullmatch(str(key))):
            raise ValueError(
                f"a file cannot tell the group named {key!r} from the group of that index"
            )
    return {str(key): writer.schedule(one) for key, one in value.items()}


PARTS = Field(_read_parts, _schema_of_parts, _describe_parts)
FACTORS = Field(
    _read_factors,
    lambda schedules: _schema_of_two(*[{"oneOf": schedules("product")}] * 2),
    lambda value, writer: [writer.schedule(one) for one in value],
)
GROUPS = Field(
    _read_groups,
    lambda schedules: {"type": "object", "additionalProperties": {"oneOf": schedules("groups")}},
    _describe_groups,
)
