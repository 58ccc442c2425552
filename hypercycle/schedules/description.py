"""Schedules as plain data (dict, list, str, float, int, bool, None) and back.

The shape is that of plan files: a schedule is a mapping with a ``kind`` (``"cycle"`` if there is
none) and its fields, those at their default left out; waveforms and scale policies are registered
names. A user's own function is written as ``{"function": "module:name"}``: it can be compared, not
rebuilt, so that reading a description never runs code.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from hypercycle.namespaces.namespace import Scale
from hypercycle.schedules.chain import Chain
from hypercycle.schedules.constant import Constant
from hypercycle.schedules.cycle import Cycle
from hypercycle.schedules.function import Function
from hypercycle.schedules.groups import Groups
from hypercycle.schedules.product import Product
from hypercycle.schedules.ramp import Ramp
from hypercycle.schedules.schedule import Schedule
from hypercycle.shapes import registry

_KINDS: dict[str, type[Any]] = {"cycle": Cycle, "ramp": Ramp, "constant": Constant}


def describe(schedule: Schedule | None) -> Any:
    """Return a schedule as plain data.

    >>> describe(Cycle(0.1, 0.5, 4, waveform="hann"))
    {'kind': 'cycle', 'low': 0.1, 'high': 0.5, 'step_size_up': 4, 'waveform': 'hann'}
    """
    if schedule is None:
        return None
    if isinstance(schedule, Groups):
        return {"kind": "groups", "groups": {key: describe(one) for key, one in schedule.items()}}
    if isinstance(schedule, Chain):
        return {"kind": "chain", "parts": [_describe_part(part) for part in schedule.parts]}
    if isinstance(schedule, Product):
        factors = [describe(schedule.first), describe(schedule.second)]
        return {"kind": "product", "factors": factors}
    for kind, record in _KINDS.items():
        if type(schedule) is record:
            return {"kind": kind, **_fields(schedule)}
    own = schedule.function if isinstance(schedule, Function) else schedule
    return {"kind": "function", **_function(own)}


def schedule_from(description: Any, name: str = "schedule") -> Any:
    """Return the schedule that a description describes; ``name`` is its path in errors."""
    if description is None:
        return None
    if not isinstance(description, Mapping):
        raise ValueError(f"{name} must be a mapping that describes a schedule, got {description!r}")
    fields = dict(description)
    kind = fields.pop("kind", "cycle")
    try:
        if kind == "groups":
            groups = fields.pop("groups").items()
            return Groups({key: schedule_from(one, f"{name}.{key}") for key, one in groups})
        if kind == "chain":
            parts = enumerate(fields.pop("parts"))
            return Chain(*(_part_from(part, f"{name}.parts.{i}") for i, part in parts))
        if kind == "product":
            factors = enumerate(fields.pop("factors"))
            return Product(*(schedule_from(one, f"{name}.factors.{i}") for i, one in factors))
        if kind in _KINDS:
            return _KINDS[kind](**{key: _field_from(key, value) for key, value in fields.items()})
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{name}: {error}") from error
    raise ValueError(
        f"{name}: a schedule of kind {kind!r} cannot be rebuilt from its description; "
        f"known kinds: {', '.join([*_KINDS, 'chain', 'product', 'groups'])}"
    )


def differences(saved: Any, present: Any, path: str = "") -> list[str]:
    """Return one line for each place where two descriptions differ."""
    saved, present = (_short(one) for one in (saved, present))
    if isinstance(saved, Mapping) and isinstance(present, Mapping):
        # JSON and TOML turn the index of a group into a string.
        saved, present = ({str(key): one for key, one in d.items()} for d in (saved, present))
        keys = [*present, *(key for key in saved if key not in present)]
        lines = []
        for key in keys:
            below = f"{path}.{key}" if path else str(key)
            missing = "(default)" if path else "(not there)"
            lines += differences(saved.get(key, missing), present.get(key, missing), below)
        return lines
    if (
        isinstance(saved, (list, tuple))
        and isinstance(present, (list, tuple))
        and len(saved) == len(present)
    ):
        pairs = enumerate(zip(saved, present, strict=True))
        return [line for i, pair in pairs for line in differences(*pair, f"{path}.{i}")]
    return [] if saved == present else [f"{path}: saved {saved!r}, present {present!r}"]


def _short(description: Any) -> Any:
    """Return the name of a scale policy that has no parameters: it is described by it too."""
    named = isinstance(description, Mapping) and list(description) == ["name"]
    return description["name"] if named else description


def _describe_part(part: Any) -> Any:
    return [describe(part[0]), part[1]] if isinstance(part, tuple) else describe(part)


def _part_from(part: Any, name: str) -> Any:
    if isinstance(part, (list, tuple)):
        schedule, steps = part
        return schedule_from(schedule, name), steps
    return schedule_from(part, name)


def _fields(record: Any) -> dict[str, Any]:
    described = {}
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        symmetric = field.name == "step_size_down" and value == record.step_size_up
        if value != field.default and not symmetric:
            described[field.name] = _describe_field(field.name, value)
    return described


def _describe_field(name: str, value: Any) -> Any:
    if name == "waveform":
        if isinstance(value, tuple):
            return [_describe_field(name, half) for half in value]
        return value if isinstance(value, str) else _waveform(value)
    if name == "scale" and not isinstance(value, str):
        return _scale(value)
    return value


def _field_from(name: str, value: Any) -> Any:
    if name == "waveform" and isinstance(value, (list, tuple)):
        return tuple(value)
    if name == "scale" and isinstance(value, Mapping) and "name" in value:
        parameters = dict(value)
        return registry.scale(parameters.pop("name"), **parameters)
    return value


def _waveform(waveform: Any) -> Any:
    return registry.name_of_waveform(waveform) or _function(waveform)


def _scale(scale: Scale) -> Any:
    name = registry.name_of_scale(scale)
    if name is None or not dataclasses.is_dataclass(scale):
        return _function(scale)
    parameters = {field.name: getattr(scale, field.name) for field in dataclasses.fields(scale)}
    return {"name": name, **parameters}


def _function(function: Any) -> dict[str, str]:
    named = function if hasattr(function, "__qualname__") else type(function)
    text = f"{named.__module__}:{named.__qualname__}"
    if dataclasses.is_dataclass(function) and not isinstance(function, type):
        text = f"{named.__module__}:{function!r}"
    return {"function": text}
