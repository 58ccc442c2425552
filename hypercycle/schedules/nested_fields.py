"""The fields that hold other schedules, or lists of numbers, as plain data; see ``fields``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypercycle.numbers.checks import finite_number
from hypercycle.numbers.lengths import checked_length
from hypercycle.schedules import fields
from hypercycle.schedules.plain_data import (
    INVALID,
    Field,
    Path,
    Reader,
    Schedules,
    Writer,
    is_list,
)
from hypercycle.schedules.reference import Reference

# Schedules stand in all of these alike, and groups in none.
_WITHIN = "schedule"


def _one_of(schedules: Schedules) -> dict[str, Any]:
    return {"oneOf": schedules(_WITHIN)}


def _read_schedule(value: Any, reader: Reader, path: Path) -> Any:
    return reader.schedule(value, path, _WITHIN)


def _read_list(value: Any, reader: Reader, path: Path) -> Any:
    if not is_list(value):
        return reader.refuse(path, f"must be a list of schedules, got {value!r:.60}")
    return reader.all_of(
        _read_schedule(one, reader, (*path, str(number))) for number, one in enumerate(value)
    )


def _read_named(value: Any, reader: Reader, path: Path) -> Any:
    if not isinstance(value, str):
        return reader.refuse(path, f"must be a name in the plan such as 'lr', got {value!r:.60}")
    found = reader.named(value, path)
    return found if found is INVALID else Reference(value, found)


def _read_opposite(value: Any, reader: Reader, path: Path) -> Any:
    if isinstance(value, Mapping):
        return _read_schedule(value, reader, path)
    return _read_named(value, reader, path)


def _describe_opposite(value: Any, writer: Writer) -> Any:
    plain = isinstance(value, Reference) and value.times == 1.0 and writer.has(value)
    return value.name if plain else writer.schedule(value)


def _read_points(value: Any, reader: Reader, path: Path) -> Any:
    if not is_list(value):
        return reader.refuse(path, f"must be a list of pairs [step, value], got {value!r:.60}")
    return reader.all_of(_read_point(one, reader, (*path, str(i))) for i, one in enumerate(value))


def _read_point(value: Any, reader: Reader, path: Path) -> Any:
    if not is_list(value) or len(value) != 2:
        return reader.refuse(path, f"must be two: [step, value], got {value!r:.60}")
    step = reader.make((*path, "0"), checked_length, value[0], "step")
    number = reader.make((*path, "1"), finite_number, value[1], "value")
    return reader.all_of([step, number])


def _schema_of_points(_: Schedules) -> dict[str, Any]:
    pair = [fields.LENGTH.schema(lambda _: []), {"type": "number"}]
    items = {"type": "array", "prefixItems": pair, "minItems": 2, "maxItems": 2}
    return {"type": "array", "items": items, "minItems": 1}


def _read_weights(value: Any, reader: Reader, path: Path) -> Any:
    if not isinstance(value, Mapping):
        return reader.refuse(path, f"must be a table of weights, got {value!r:.60}")
    names = [str(name) for name in value]
    read = reader.all_of(
        _read_schedule(one, reader, (*path, name))
        for name, one in zip(names, value.values(), strict=True)
    )
    return read if read is INVALID else dict(zip(names, read, strict=True))


SCHEDULE = Field(_read_schedule, _one_of, lambda value, writer: writer.schedule(value))
SCHEDULES = Field(
    _read_list,
    lambda schedules: {"type": "array", "items": _one_of(schedules), "minItems": 1},
    lambda value, writer: [writer.schedule(one) for one in value],
)
NAMED = Field(_read_named, lambda _: {"type": "string"}, lambda value, _: value)
OPPOSITE = Field(
    _read_opposite,
    # A number, which may stand for any other schedule, has no opposite.
    lambda schedules: {"anyOf": [{"type": "string"}, *schedules(_WITHIN)[1:]]},
    _describe_opposite,
)
POINTS = Field(_read_points, _schema_of_points, lambda value, _: [list(pair) for pair in value])
BETWEEN = fields.one_of("linear", "hold")
WEIGHTS = Field(
    _read_weights,
    lambda schedules: {
        "type": "object",
        "additionalProperties": _one_of(schedules),
        "minProperties": 1,
    },
    lambda value, writer: {name: writer.schedule(one) for name, one in value.items()},
)
