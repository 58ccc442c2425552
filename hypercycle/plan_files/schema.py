"""The JSON Schema of plan files, from the table of kinds."""

from __future__ import annotations

from typing import Any

from hypercycle.schedules.kinds import KINDS
from hypercycle.schedules.plain_data import UNCHANGED, Kind, kinds_within


def json_schema() -> dict[str, Any]:
    """Return a JSON Schema (draft 2020-12) of plan files, with the names that are known here.

    >>> json_schema()["$defs"]["RampEntry"]["required"]
    ['kind', 'start', 'end', 'steps']
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Plan of hypercycle",
        "description": "Names of hyperparameters and the schedules that they follow.",
        "type": "object",
        "$defs": {_entry(name): _table(name, kind) for name, kind in sorted(KINDS.items())},
        "properties": {
            "$schema": {"type": "string"},
            "$check": {
                "title": "Check",
                "description": "What hypercycle check passes over: names of rules.",
                "type": "object",
                "properties": {"ignore": {"type": "array", "items": {"type": "string"}}},
                "additionalProperties": False,
            },
        },
        "additionalProperties": {"oneOf": _schedules("")},
    }


def _entry(name: str) -> str:
    return f"{name.title().replace('_', '')}Entry"


def _schedules(within: str) -> list[Any]:
    kinds = kinds_within(KINDS, within)
    references = [{"$ref": f"#/$defs/{_entry(name)}"} for name in kinds]
    null = [{"type": "null"}] if UNCHANGED in kinds else []
    return [{"type": "number"}, *references, *null]


def _table(name: str, kind: Kind) -> dict[str, Any]:
    fields = {key: field.schema(_schedules) for key, field in kind.fields.items()}
    properties = {"kind": {"type": "string", "const": name}, **fields}
    defaults = kind.defaults | ({"kind": name} if kind.implied else {})
    return {
        "title": _entry(name),
        "description": kind.about,
        "type": "object",
        "properties": {
            key: one
            | {"title": key.replace("_", " ").title()}
            | ({"default": defaults[key]} if key in defaults else {})
            for key, one in properties.items()
        },
        "required": [key for key in ("kind", *kind.needed) if key not in defaults],
        "additionalProperties": False,
    }
