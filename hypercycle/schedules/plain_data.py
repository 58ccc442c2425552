"""Records from plain data and back, by a table of kinds; all that is wrong is noted with its path.

Nothing here knows a kind: see :mod:`hypercycle.schedules.kinds`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from hypercycle.numbers.checks import finite_number, is_number, message_about
from hypercycle.numbers.spelling import suggestion
from hypercycle.schedules.constant import Constant
from hypercycle.schedules.function import Function
from hypercycle.schedules.reference import Reference
from hypercycle.schedules.referring import MOST_SCHEDULES, Order, count_within
from hypercycle.schedules.schedule import Record

# The kind that stands for None, a group that is left alone: TOML has no null.
UNCHANGED = "unchanged"
# The keys that tell a kind which is not said; without one of them it is a cycle.
_TOLD_BY = (("opposite", "opposite"), ("of", "reference"))

# What a foreign file may have its reader say: then many problems, names or digits are no help.
_MOST_PROBLEMS = 100
_MOST_NAMES = 20
_LONGEST_MESSAGE = 1_000

Path = tuple[str, ...]


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


class _TooManyProblemsError(Exception):
    """Ends the reading of data in which almost everything is wrong."""


class _Invalid:
    """Stands for a value that could not be read; the problem has been noted."""


INVALID = _Invalid()


# The JSON Schemas of what may stand in a schedule of a kind.
Schedules = Callable[[str], list[Any]]


class Field(NamedTuple):
    """What a key of a kind of schedule holds.

    Attributes
    ----------
    read
        Returns what the record takes, or INVALID.
    schema
        Returns the JSON Schema.
    write
        Returns what the record has, as plain data.
    """

    read: Callable[[Any, Reader, Path], Any]
    schema: Callable[[Schedules], dict[str, Any]]
    write: Callable[[Any, Writer], Any]


def given_fields(record: Any) -> dict[str, Any]:
    """Return the fields of a record that differ from their defaults."""
    pairs = ((one, getattr(record, one.name)) for one in dataclasses.fields(record))
    return {one.name: value for one, value in pairs if value != one.default}


@dataclass(frozen=True)
class Kind:
    """A kind of schedule as plain data.

    Attributes
    ----------
    record
        Its type.
    about
        What the JSON Schema says of it.
    fields
        Its keys.
    make, given
        Return the record of the fields' values, and the values of a record's fields.
    place
        The only kind that it stands in; ``""`` for the plan itself, None for any place.
    implied
        Whether the key ``kind`` may be left out.
    """

    record: type[Any]
    about: str
    fields: Mapping[str, Field]
    make: Callable[[Mapping[str, Any]], Any] | None = None
    given: Callable[[Any], Mapping[str, Any]] = given_fields
    place: str | None = None
    implied: bool = False

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """The values of fields that may be left out."""
        own = dataclasses.fields(self.record) if dataclasses.is_dataclass(self.record) else ()
        return {one.name: one.default for one in own if one.default is not dataclasses.MISSING}

    @cached_property
    def needed(self) -> list[str]:
        """The keys of fields that may not be left out."""
        return [key for key in self.fields if key not in self.defaults]


def is_list(data: Any) -> bool:
    """Return whether data are a list, of whatever type a library has for its own.

    >>> is_list([1]), is_list((1,)), is_list("text")
    (True, True, False)
    """
    return isinstance(data, Sequence) and not isinstance(data, (str, bytes, bytearray))


def plain(data: Any) -> Any:
    """Return data with the mappings and sequences of other libraries as dicts and lists.

    >>> from collections import UserDict, UserList
    >>> plain(UserDict(lr=UserList([1, UserDict(low=0.5)])))
    {'lr': [1, {'low': 0.5}]}
    """
    if isinstance(data, Mapping):
        return {key: plain(one) for key, one in data.items()}
    return [plain(one) for one in data] if is_list(data) else data


def kinds_within(kinds: Mapping[str, Kind], within: str) -> list[str]:
    """Return the names of the kinds that may stand in a schedule of the kind ``within``."""
    return [name for name, kind in kinds.items() if kind.place in (None, within)]


@dataclass(frozen=True)
class Reader:
    """Makes the schedules of a plan of plain data, and notes what is wrong.

    ``from_file``: the data are those of a plan file, whose keys are texts, even of groups that are
    named by an index. Else they are a description, which is compared with others and so has nothing
    that can be said in two ways.
    """

    kinds: Mapping[str, Kind]
    entries: Mapping[str, Any]
    from_file: bool
    problems: list[Problem] = field(default_factory=list)
    # The schedules that entries are known to be; those that are read come to them, or INVALID.
    known: dict[str, Any] = field(default_factory=dict)
    # How many schedules references stand for.
    _counts: list[int] = field(default_factory=list)

    @cached_property
    def order(self) -> Order:
        """In which order the entries are read: what is referred to first."""
        return Order(self.entries)

    def schedules(self) -> dict[str, Any]:
        """Return the schedules by their names; what is wrong is in ``problems`` then."""
        noted: dict[str, list[Problem]] = {}
        end: list[Problem] = []
        for name in self.order:
            if name in self.known:
                continue
            before = len(self.problems)
            try:
                self.known[name] = self.schedule(self.entries[name], (name,), "")
            except _TooManyProblemsError:
                end = [Problem("", f"and more: these are the first {_MOST_PROBLEMS}")]
            noted[name] = self.problems[before:]
            if end:
                break
        # In the order of the entries, whatever they refer to.
        self.problems[:] = [one for name in self.entries for one in noted.get(name, ())] + end
        return {} if end else {name: self.known[name] for name in self.entries}

    def all_of(self, values: Iterable[Any]) -> Any:
        """Return the values in a list, or INVALID if one is."""
        read = list(values)
        return INVALID if any(one is INVALID for one in read) else read

    def make(self, path: Path, make: Callable[..., Any], *arguments: Any) -> Any:
        """Return what a function makes of its arguments, or INVALID if it refuses them."""
        try:
            return make(*arguments)
        except (TypeError, ValueError) as error:
            return self.refuse(path, message_about(path[-1], error))

    def refuse(self, path: Path, message: str) -> _Invalid:
        """Note a problem and return INVALID."""
        if len(self.problems) == _MOST_PROBLEMS:
            raise _TooManyProblemsError
        where = ".".join(path)
        self.problems.append(Problem(_cut(where), _cut(message)))
        return INVALID

    def schedule(self, data: Any, path: Path, within: str) -> Any:
        """Return the schedule at a path within a kind of schedule, or INVALID."""
        if is_number(data):
            return self.make(path, lambda: Constant(finite_number(data, "")))
        if data is None and UNCHANGED in kinds_within(self.kinds, within):
            return None
        name = self._kind(data, within)
        if name is None:
            return self.refuse(path, self._no_schedule(data, within))
        kind = self.kinds[name]
        values = {}
        for key, one in kind.fields.items():
            if key in data:
                values[key] = one.read(data[key], self, (*path, key))
            elif key in kind.needed:
                needed = f"is missing; {name} needs {', '.join(kind.needed)}"
                values[key] = self.refuse((*path, key), needed)
        allowed = ["kind", *kind.fields]
        for key in map(str, data):
            if key not in allowed:
                unknown = f"unknown key; {suggestion(key, allowed)}allowed: {', '.join(allowed)}"
                values[key] = self.refuse((*path, key), unknown)
        if any(value is INVALID for value in values.values()):
            return INVALID
        return self.make(path, kind.make or (lambda given: kind.record(**given)), values)

    def _kind(self, data: Any, within: str) -> str | None:
        """Return the kind of schedule that data describe, if one may stand here."""
        if not isinstance(data, Mapping):
            return None
        kind = data.get("kind", next((name for key, name in _TOLD_BY if key in data), "cycle"))
        return kind if kind in kinds_within(self.kinds, within) else None

    def _no_schedule(self, data: Any, within: str) -> str:
        kinds = kinds_within(self.kinds, within)
        if not isinstance(data, Mapping) or "kind" not in data:
            return f"must be a table that describes a schedule, or a number, got {data!r:.60}"
        kind, known = str(data["kind"]), ", ".join(kinds)
        if not self.from_file:
            return (
                f"a schedule of kind {kind!r:.60} cannot be rebuilt from its description; known "
                f"kinds: {known}"
            )
        if kind == "function":
            return (
                f"is the function {data.get('function')}, which a file cannot hold: build it of "
                f"{known}"
            )
        return f"unknown kind {kind!r:.60}; {suggestion(kind, kinds)}known: {known}"

    def named(self, name: str, path: Path) -> Any:
        """Return the schedule of the entry that the data at a path refer to, or INVALID."""
        if name not in self.entries:
            return self.refuse(path, self._no_entry(name, path))
        circle = self.order.circle(name, start=".".join(path[:-1]))
        if circle:
            return self.refuse(path, f"is circular: {' → '.join(circle):.300}")
        found = self.known[name]
        if found is INVALID:  # what is wrong with it is noted at its own place
            return INVALID
        if not isinstance(found, Record):
            kind = type(found).__name__
            return self.refuse(path, f"must name a schedule, and {name!r} has {kind}: write it out")
        left = MOST_SCHEDULES - sum(self._counts)
        count = self.make(path, count_within, found, left)
        if count is INVALID:
            return INVALID
        self._counts.append(count)
        return found

    def _no_entry(self, name: str, path: Path) -> str:
        others = sorted({*self.entries} - {".".join(path[:-1])})
        close = suggestion(name, others) if len(others) <= _MOST_NAMES else ""
        more = [f"and {len(others) - _MOST_NAMES} more"] if len(others) > _MOST_NAMES else []
        listed = ", ".join([*others[:_MOST_NAMES], *more]) or "nothing else"
        return f"the plan has no {name!r}; {close}available: {listed}"


@dataclass(frozen=True)
class Writer:
    """Makes plain data of schedules; ``for_file`` as in :class:`Reader`.

    ``complete``: with all that may be said, also what is at its default. ``entries``: the plan's
    schedules, to which references refer by name.
    """

    kinds: Mapping[str, Kind]
    for_file: bool
    complete: bool = False
    entries: Mapping[str, Any] = field(default_factory=dict)

    def has(self, reference: Reference) -> bool:
        """Return whether a reference is to what the plan's entry of that name follows."""
        return self.for_file and self.entries.get(reference.name) == reference.schedule

    def schedule(self, schedule: Any) -> Any:
        """Return a schedule as plain data."""
        if schedule is None and not self.for_file:
            return None
        if isinstance(schedule, Reference) and not self.has(schedule):
            return self.schedule(schedule.written_out)
        for name, kind in self.kinds.items():
            if type(schedule) is kind.record:
                implied = self.for_file and kind.implied and not self.complete
                given = dict(kind.given(schedule))
                if self.complete:
                    given = {key: given.get(key, kind.defaults.get(key)) for key in kind.fields}
                described = {} if implied else {"kind": name}
                return described | {
                    key: kind.fields[key].write(one, self) for key, one in given.items()
                }
        own = schedule.function if isinstance(schedule, Function) else schedule
        return {"kind": "function", **describe_function(own)}


def describe_function(function: Any) -> dict[str, str]:
    """Return what a user's own function, waveform or scale policy is compared by."""
    named = function if hasattr(function, "__qualname__") else type(function)
    text = f"{named.__module__}:{named.__qualname__}"
    if dataclasses.is_dataclass(function) and not isinstance(function, type):
        text = f"{named.__module__}:{function!r}"
    return {"function": text}


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_MESSAGE else f"{text[:_LONGEST_MESSAGE]}…"
