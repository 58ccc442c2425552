"""What a plan's data hold, under dotted keys: for loggers of parameters, and for sweeps."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from hypercycle.numbers.spelling import suggestion
from hypercycle.plan_files.files import PlanFileError, file_data
from hypercycle.plan_files.limits import check_size
from hypercycle.schedules.kinds import KINDS
from hypercycle.schedules.plain_data import Problem, Reader, Writer, plain
from hypercycle.schedules.referring import Order

# The keys and indices from a plan's data to something in them.
Place = tuple[str | int, ...]


def flat(schedules: Mapping[str, Any]) -> dict[str, str | float]:
    """Return the values in a plan's data by their dotted keys; see :meth:`hypercycle.Plan.flat`."""
    values: dict[str, str | float] = {}
    for place, value in _within(file_data(schedules)):
        if isinstance(value, (dict, list)):
            continue
        key = _dotted(place)
        if key in values:
            raise ValueError(f"two values of the plan are called {key!r}: names have dots in them")
        values[key] = value
    return values


def override(schedules: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return schedules with other values in them; see :meth:`hypercycle.Plan.override`."""
    if not isinstance(changes, Mapping):
        raise TypeError(
            f"override() takes a mapping such as {{'lr.high': 0.3}}, got {changes!r:.80}"
        )
    writer = Writer(KINDS, for_file=True, complete=True, entries=schedules)
    before = {name: writer.schedule(one) for name, one in schedules.items()}
    data = copy.deepcopy(before)
    problems = _replace(data, {str(key): value for key, value in changes.items()})
    if problems:
        raise PlanFileError("override", problems)
    # What is as it was stays the schedule that it was: it may be a function, which data cannot be.
    changed = {name for name, entry in data.items() if _differs(entry, before[name])}
    changed |= Order(data).that_follow(changed)
    known = {name: one for name, one in schedules.items() if name not in changed}
    reader = Reader(KINDS, data, from_file=True, known=known)
    read = reader.schedules()
    if reader.problems:
        raise PlanFileError("override", reader.problems)
    return read


def _differs(one: Any, other: Any) -> bool:
    try:
        return bool(one != other)
    except (TypeError, ValueError, RuntimeError):  # an array, which the schedule will refuse
        return True


def _replace(data: dict[str, Any], changes: Mapping[str, Any]) -> list[Problem]:
    """Replace what is under dotted keys, and return what keeps it from being replaced."""
    places: dict[str, list[Place]] = {}
    for place, _ in _within(data):
        places.setdefault(_dotted(place), []).append(place)
    problems = []
    changed = {place for key in changes for place in places.get(key, ())}
    for key, value in changes.items():
        found = places.get(key, [])
        wrong = _why_not(data, key, found, changed) or _why_too_large(value)
        if wrong:
            problems.append(Problem(key, wrong))
    if not problems:
        for key, value in changes.items():
            *way, last = places[key][0]
            _at(data, way)[last] = plain(value)
    return problems


def _why_not(data: Any, key: str, found: list[Place], changed: set[Place]) -> str | None:
    """Return why there is not one value under a key that may be replaced, or None if there is."""
    if not found:
        return _unknown(data, key)
    if len(found) > 1:
        return "may be two values of the plan, whose names have dots in them"
    outer = [found[0][:n] for n in range(1, len(found[0])) if found[0][:n] in changed]
    return f"is within {_dotted(outer[0])!r}, which is replaced too" if outer else None


def _unknown(data: Any, key: str) -> str:
    """Return that there is no such key, and what there is where it leaves what there is."""
    holder, rest = data, key
    way: Place = ()
    while inner := [
        (place, one)
        for place, one in _children(holder, ())
        if rest.startswith(f"{place[0]}.") and isinstance(one, (dict, list))
    ]:
        (place, holder) = inner[0]
        way, rest = (*way, *place), rest.removeprefix(f"{place[0]}.")
    names = [str(place[0]) for place, _ in _children(holder, ())]
    meant = suggestion(rest, names) or suggestion(rest.partition(".")[0], names)
    return f"unknown key; {meant}{_dotted(way) or 'the plan'} has: {', '.join(names)}"


def _why_too_large(value: Any) -> str | None:
    try:
        check_size(value)
    except ValueError as error:
        return str(error)
    return None


def _within(data: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Yield all that is in data, each with its place."""
    for inner, one in _children(data, place):
        yield inner, one
        yield from _within(one, inner)


def _children(data: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    pairs: Any = data.items() if isinstance(data, dict) else ()
    for key, one in enumerate(data) if isinstance(data, list) else pairs:
        yield (*place, key), one


def _at(data: Any, place: list[str | int]) -> Any:
    for key in place:
        data = data[key]
    return data


def _dotted(place: Place) -> str:
    return ".".join(map(str, place))
