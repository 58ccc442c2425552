"""What a plan file may hold: models of its entries, all errors at once, a JSON Schema.

The fields are checked by the functions that the records check theirs with, so that both refuse the
same values in the same words. Needs pydantic, which is imported with this module.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    PlainValidator,
    Tag,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import ErrorDetails

from hypercycle.numbers.checks import LARGEST_LENGTH, finite_number, is_number, whole_number
from hypercycle.numbers.clock import LARGEST_CYCLE_MULT, checked_cycle_mult, checked_phase
from hypercycle.numbers.lengths import checked_length
from hypercycle.numbers.spelling import suggestion
from hypercycle.plans.plan import Plan
from hypercycle.schedules.chain import Chain
from hypercycle.schedules.constant import Constant
from hypercycle.schedules.cycle import Cycle
from hypercycle.schedules.groups import Groups
from hypercycle.schedules.product import Product
from hypercycle.schedules.ramp import Ramp
from hypercycle.shapes import registry

# The kind that stands for None, a group that is left alone: TOML has no null.
UNCHANGED = "unchanged"

# The text of a group's index, in files whose keys are texts.
GROUP_INDEX = re.compile(r"0|-?[1-9]\d{0,8}", re.ASCII)

# Marks the kind of an entry in pydantic's paths, which name the member of a union.
_MARK = "\0"


class Problem(NamedTuple):
    """Something wrong in a plan file.

    Attributes
    ----------
    path
        Where, such as ``"momentum.waveform"``; empty for the file as a whole.
    message
        What was got, what is allowed, and what may have been meant.
    """

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


def plan_from_data(data: Mapping[str, Any]) -> tuple[Plan | None, list[Problem]]:
    """Return the plan that a file's data describe, or None and everything that is wrong."""
    entries, problems = {}, []
    for name, value in data.items():
        try:
            entries[name] = _ENTRY.validate_python(value)
        except ValidationError as error:
            problems += [_problem(one, name) for one in error.errors(include_url=False)]
    build = _Build(entries, set(data), problems)
    schedules = {name: build.schedule(entry, name) for name, entry in entries.items()}
    return (None, problems) if problems else (Plan(**schedules), [])


def json_schema() -> dict[str, Any]:
    """Return a JSON Schema (draft 2020-12) of plan files, with the names that are known here.

    >>> json_schema()["$defs"]["RampEntry"]["required"]
    ['kind', 'start', 'end', 'steps']
    """
    entry = _ENTRY.json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Plan of hypercycle",
        "description": "Names of hyperparameters and the schedules that they follow.",
        "type": "object",
        "$defs": entry.pop("$defs"),
        "properties": {"$schema": {"type": "string"}},
        "additionalProperties": entry,
    }


def _checked(check: Callable[[Any, str], Any]) -> PlainValidator:
    """Return what makes pydantic use one of the records' own checks."""

    def validate(value: Any, info: ValidationInfo) -> Any:
        name = info.field_name or "it"
        try:
            return check(value, name)
        except (TypeError, ValueError) as error:
            # As a ValueError, which is what pydantic collects; the name is told by the path.
            message = re.sub(rf"^{name} (?=must|is)", "", str(error))
            raise ValueError(message.replace("got it=", "got ")) from error

    return PlainValidator(validate)


def _true_or_false(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be true or false, got {value!r}")
    return value


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a name in the plan such as 'lr', got {value!r}")
    return value


def _waveform(value: Any, name: str) -> str | tuple[str, str]:
    if not isinstance(value, list):
        return _one_waveform(value, name)
    if len(value) != 2:
        raise ValueError(f"{name} must be one waveform or a pair [rise, fall], got {value!r}")
    rise, fall = (_one_waveform(half, name) for half in value)
    return rise, fall


def _one_waveform(value: Any, name: str) -> str:
    table = _named(value, name)
    waveform: str = table.pop("name")
    _check_package("waveform", waveform, table.pop("package", None), registry.waveform_distribution)
    if table:
        raise ValueError(f"a waveform has 'name' and 'package', got {', '.join(map(repr, table))}")
    return waveform


def _scale(value: Any, name: str) -> Any:
    table = _named(value, name)
    scale = table.pop("name")
    _check_package("scale", scale, table.pop("package", None), registry.scale_distribution)
    policy = registry.scale(scale, **table)
    return scale if isinstance(value, str) else policy


def _named(value: Any, name: str) -> dict[str, Any]:
    """Return the table of a name, its package and parameters, of which a name alone is short."""
    if isinstance(value, str):
        return {"name": value}
    if isinstance(value, Mapping) and "function" in value:
        raise ValueError(
            f"{name} is the function {value['function']}, which a file cannot hold: "
            f"hypercycle.register_{name}(a name, …), and use the name"
        )
    if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
        raise ValueError(f"{name} must be a name or a table with a 'name', got {value!r:.60}")
    return {str(key): one for key, one in value.items()}


def _check_package(
    kind: str, name: str, package: Any, distribution: Callable[[str], str | None]
) -> None:
    """Raise ValueError unless the name is known, and is offered by the package, if one is given."""
    if package is None:
        distribution(name)
        return
    if not (isinstance(package, str) and _PACKAGE.fullmatch(package)):
        raise ValueError(f"package must be the name of a package, got {package!r:.60}")
    try:
        offered_by = distribution(name)
    except ValueError as error:
        try:
            have = f"of which version {metadata.version(package)} is installed: {error}"
        except (metadata.PackageNotFoundError, ValueError):
            have = f"which is not installed: pip install {package}"
        raise ValueError(
            f"the {kind} {name!r} comes from the package {package!r}, {have}"
        ) from error
    if offered_by is not None and _normal(offered_by) != _normal(package):
        raise ValueError(
            f"the {kind} {name!r} comes from the package {package!r}, but here it is "
            f"{offered_by!r} that offers it"
        )


# What may be told as an argument of pip.
_PACKAGE = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?", re.ASCII | re.IGNORECASE)


def _normal(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


@dataclass(frozen=True)
class _NamesSchema:
    """The JSON Schema of a name: one that is known here, or a table that says the package."""

    names: Callable[[], Mapping[str, Any]]
    pair: bool = False
    parameters: bool = False

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> dict[str, Any]:
        del core_schema, handler
        table = {
            "type": "object",
            "properties": {"name": {"type": "string"}, "package": {"type": "string"}},
            "required": ["name"],
            "additionalProperties": self.parameters,
        }
        one = [{"enum": sorted(self.names())}, table]
        if self.pair:
            one.append(
                {"type": "array", "items": {"anyOf": list(one)}, "minItems": 2, "maxItems": 2}
            )
        return {"anyOf": one}


_WHOLE = {"type": "integer", "minimum": 0, "maximum": LARGEST_LENGTH}
_WITH_UNIT = {"type": "string", "pattern": r"^\s*\d{1,16}(\.\d{1,16})?\s*(it|ep|%)\s*$"}

_Number = Annotated[float, _checked(finite_number), WithJsonSchema({"type": "number"})]
_Length = Annotated[
    int | str, _checked(checked_length), WithJsonSchema({"anyOf": [_WHOLE, _WITH_UNIT]})
]
_Steps = Annotated[
    int | str,
    _checked(lambda value, _: checked_length(value, "steps")),
    WithJsonSchema({"anyOf": [_WHOLE, _WITH_UNIT]}),
]
_Phase = Annotated[
    float,
    _checked(lambda value, _: checked_phase(value)),
    WithJsonSchema({"type": "number", "minimum": 0, "exclusiveMaximum": 1}),
]
_CycleMult = Annotated[
    float,
    _checked(lambda value, _: checked_cycle_mult(value)),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": LARGEST_CYCLE_MULT}),
]
_Cycles = Annotated[
    int,
    _checked(lambda value, name: whole_number(value, name, minimum=1)),
    WithJsonSchema(_WHOLE | {"minimum": 1}),
]
_Flag = Annotated[bool, _checked(_true_or_false), WithJsonSchema({"type": "boolean"})]
_Waveform = Annotated[Any, _checked(_waveform), _NamesSchema(registry.waveforms, pair=True)]
_OneWaveform = Annotated[Any, _checked(_one_waveform), _NamesSchema(registry.waveforms)]
_Scale = Annotated[Any, _checked(_scale), _NamesSchema(registry.scales, parameters=True)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    def given(self) -> dict[str, Any]:
        """Return the record's arguments that the file gives."""
        return {name: getattr(self, name) for name in self.model_fields_set - {"kind"}}


class CycleEntry(_Entry):
    """A Cycle."""

    kind: Literal["cycle"] = "cycle"
    low: _Number
    high: _Number
    step_size_up: _Length
    step_size_down: _Length | None = None
    waveform: _Waveform = "triangular"
    scale: _Scale = "constant"
    scale_of: Literal["amplitude", "bounds"] = "amplitude"
    inverted: _Flag = False
    phase: _Phase = 0.0
    cycle_mult: _CycleMult = 1.0
    cycles: _Cycles | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        self.record()
        return self

    def record(self) -> Cycle:
        """Return the schedule."""
        return Cycle(**self.given())


class OppositeEntry(_Entry):
    """The opposite of another entry's cycle."""

    kind: Literal["opposite"] = "opposite"
    opposite: Annotated[str, _checked(_text)]
    low: _Number
    high: _Number

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        Cycle(self.low, self.high, 1)
        return self


class RampEntry(_Entry):
    """A Ramp."""

    kind: Literal["ramp"]
    start: _Number
    end: _Number
    steps: _Length
    waveform: _OneWaveform = "linear"

    def record(self) -> Ramp:
        """Return the schedule."""
        return Ramp(**self.given())


class ConstantEntry(_Entry):
    """A Constant."""

    kind: Literal["constant"]
    value: _Number

    def record(self) -> Constant:
        """Return the schedule."""
        return Constant(**self.given())


class ChainEntry(_Entry):
    """A Chain."""

    kind: Literal["chain"]
    parts: list[_ChainPart]


class ProductEntry(_Entry):
    """A Product of two."""

    kind: Literal["product"]
    factors: tuple[_Schedule, _Schedule]


class UnchangedEntry(_Entry):
    """None, in Groups."""

    kind: Literal["unchanged"]


class GroupsEntry(_Entry):
    """Groups."""

    kind: Literal["groups"]
    groups: dict[_GroupKey, _GroupSchedule]


def _group_key(value: Any, name: str) -> int | str:
    """Return the index that a file without int keys writes as text, or the group's name."""
    del name
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ValueError(f"a group is named by its index or its name, got {value!r}")
    return int(value) if GROUP_INDEX.fullmatch(str(value)) else value


def _kind_of(value: Any) -> str:
    if is_number(value):
        kind = "number"
    elif value is None:
        kind = "null"
    elif isinstance(value, Mapping):
        kind = str(value.get("kind", "opposite" if "opposite" in value else "cycle"))
    elif isinstance(value, list):
        kind = "pair"
    else:
        kind = ""
    return _MARK + kind


_GroupKey = Annotated[int | str, _checked(_group_key), WithJsonSchema({"type": "string"})]
_Single = (
    Annotated[_Number, Tag(_MARK + "number")]
    | Annotated[CycleEntry, Tag(_MARK + "cycle")]
    | Annotated[OppositeEntry, Tag(_MARK + "opposite")]
    | Annotated[RampEntry, Tag(_MARK + "ramp")]
    | Annotated[ConstantEntry, Tag(_MARK + "constant")]
    | Annotated[ChainEntry, Tag(_MARK + "chain")]
    | Annotated[ProductEntry, Tag(_MARK + "product")]
)
_Schedule = Annotated[_Single, Discriminator(_kind_of)]
_ChainPart = Annotated[
    _Single | Annotated[tuple[_Schedule, _Steps], Tag(_MARK + "pair")], Discriminator(_kind_of)
]
_GroupSchedule = Annotated[
    _Single
    | Annotated[UnchangedEntry, Tag(_MARK + UNCHANGED)]
    | Annotated[None, Tag(_MARK + "null")],
    Discriminator(_kind_of),
]
for _model in (ChainEntry, ProductEntry, GroupsEntry):
    _model.model_rebuild()
_ENTRY: TypeAdapter[Any] = TypeAdapter(
    Annotated[
        _Single | Annotated[GroupsEntry, Tag(_MARK + "groups")],
        Discriminator(_kind_of),
    ]
)


def _problem(error: ErrorDetails, name: str) -> Problem:
    """Return one of pydantic's errors with the path and the words of this project."""
    located = [str(part) for part in error["loc"]]
    entry = next((part[1:] for part in reversed(located) if part.startswith(_MARK)), "")
    path = [part for part in located if not part.startswith(_MARK) and part != "[key]"]
    got, kind, context = error["input"], error["type"], error.get("ctx", {})
    if kind == "value_error":
        message = str(context["error"])
    elif kind == "extra_forbidden":
        allowed = list(_MODELS[entry].model_fields)
        message = f"unknown key; {suggestion(path[-1], allowed)}allowed: {', '.join(allowed)}"
    elif kind == "too_long" or (kind == "missing" and path[-1].isdigit()):
        message = f"must be two: {'[schedule, steps]' if entry == 'pair' else '[first, second]'}"
    elif kind == "missing":
        fields = _MODELS[entry].model_fields.items()
        needed = ", ".join(key for key, one in fields if one.is_required() and key != "kind")
        message = f"is missing; {entry} needs {needed}"
    elif kind == "union_tag_invalid":
        message = _no_schedule(got, entry)
    else:
        message = f"{error['msg'].replace('Input should', 'must', 1)}, got {got!r:.60}"
    return Problem(".".join([name, *path]), message)


def _no_schedule(got: Any, within: str) -> str:
    kinds = [kind for kind in _MODELS if kind not in _PLACES or _PLACES[kind] == within]
    if isinstance(got, Mapping) and got.get("kind") == "function":
        return (
            f"is the function {got.get('function')}, which a file cannot hold: build it of "
            f"{', '.join(kinds)}"
        )
    if isinstance(got, Mapping) and "kind" in got:
        kind = str(got["kind"])
        return f"unknown kind {kind!r:.60}; {suggestion(kind, kinds)}known: {', '.join(kinds)}"
    return f"must be a table that describes a schedule, or a number, got {got!r:.60}"


_MODELS: dict[str, type[_Entry]] = {
    "cycle": CycleEntry,
    "opposite": OppositeEntry,
    "ramp": RampEntry,
    "constant": ConstantEntry,
    "chain": ChainEntry,
    "product": ProductEntry,
    "groups": GroupsEntry,
    UNCHANGED: UnchangedEntry,
}
# Kinds that stand in one place only: in the file itself, and in groups.
_PLACES = {"groups": "", UNCHANGED: "groups"}


class _Invalid:
    """Stands for a schedule that could not be built; the problem has been noted."""


_INVALID = _Invalid()


@dataclass(frozen=True)
class _Build:
    """Makes the schedules of entries whose fields are right, and notes what does not fit."""

    entries: Mapping[str, Any]
    names: set[str]
    problems: list[Problem]
    opposites: dict[str, Any] = field(default_factory=dict)

    def schedule(self, entry: Any, path: str) -> Any:
        if isinstance(entry, (CycleEntry, RampEntry, ConstantEntry)):
            return entry.record()
        if isinstance(entry, OppositeEntry):
            return self._opposite(entry, path)
        if isinstance(entry, ChainEntry):
            parts = [self._part(part, f"{path}.parts.{i}") for i, part in enumerate(entry.parts)]
            return self._made(Chain, parts, path)
        if isinstance(entry, ProductEntry):
            pairs = enumerate(entry.factors)
            factors = [self.schedule(one, f"{path}.factors.{i}") for i, one in pairs]
            return self._made(Product, factors, path)
        if isinstance(entry, GroupsEntry):
            groups = entry.groups.items()
            built = {key: self.schedule(one, f"{path}.groups.{key}") for key, one in groups}
            return self._made(
                lambda *values: Groups(dict(zip(built, values, strict=True))),
                list(built.values()),
                path,
            )
        return entry if isinstance(entry, float) else None

    def _part(self, part: Any, path: str) -> Any:
        if not isinstance(part, tuple):
            return self.schedule(part, path)
        schedule = self.schedule(part[0], f"{path}.0")
        return _INVALID if schedule is _INVALID else (schedule, part[1])

    def _made(self, record: Callable[..., Any], arguments: list[Any], path: str) -> Any:
        if any(one is _INVALID for one in arguments):
            return _INVALID
        try:
            return record(*arguments)
        except (TypeError, ValueError) as error:
            self.problems.append(Problem(path, str(error)))
            return _INVALID

    def _opposite(self, entry: OppositeEntry, path: str) -> Any:
        # A loop, not a recursion: a file may hold thousands, each the opposite of the one before.
        passed = [path]
        waiting = [entry]
        while (target := waiting[-1].opposite) not in self.opposites:
            if target in passed:
                circle = " → ".join([*passed, target])
                return self._refused(path, f"goes round in a circle: {circle}")
            found = self.entries.get(target)
            if isinstance(found, CycleEntry):
                self.opposites[target] = found.record()
            elif isinstance(found, OppositeEntry):
                passed.append(target)
                waiting.append(found)
            elif found is None and target in self.names:
                return _INVALID  # what is wrong with it is told at its own place
            elif found is None:
                others = sorted(self.names - {path})
                return self._refused(
                    path,
                    f"the plan has no {target!r}; {suggestion(target, others)}"
                    f"it has {', '.join(others) or 'nothing else'}",
                )
            else:
                kind = getattr(found, "kind", "number")
                return self._refused(
                    path, f"must name a cycle, and {target!r} is a {kind}: write it out"
                )
        cycle = self.opposites[target]
        for name, one in zip(reversed(passed), reversed(waiting), strict=True):
            cycle = self.opposites[name] = cycle.opposite(one.low, one.high)
        return cycle

    def _refused(self, path: str, message: str) -> _Invalid:
        self.problems.append(Problem(f"{path}.opposite", message))
        return _INVALID
