"""Entries of a plan's data that refer to others: in which order they are read, and how much it is.

An entry refers to another by ``{ of = "lr" }`` or ``{ opposite = "lr" }``, anywhere in it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from hypercycle.schedules.schedule import Record

# What a file can stand for in few lines, if each entry refers to the one before it twice.
MOST_SCHEDULES = 10_000
DEEPEST = 50

_KEYS = ("of", "opposite")


def names_in(data: Any) -> list[str]:
    """Return the names that data refer to, each once.

    >>> names_in({"kind": "maximum", "parts": [{"of": "lr", "times": 0.1}, 1e-5]})
    ['lr']
    """
    names: dict[str, None] = {}
    waiting, seen = [data], set()  # data of a state may go round in a circle
    while waiting:
        one = waiting.pop()
        if isinstance(one, (Mapping, list, tuple)):
            if id(one) in seen:
                continue
            seen.add(id(one))
        if isinstance(one, Mapping):
            names |= {one[key]: None for key in _KEYS if isinstance(one.get(key), str)}
            waiting += one.values()
        elif isinstance(one, (list, tuple)):
            waiting += one
    return list(names)


class Order:
    """In which order entries can be read, each after those that it refers to.

    >>> order = Order({"decay": {"of": "lr"}, "lr": 0.1, "a": {"of": "b"}, "b": {"of": "a"}})
    >>> list(order), order.circle("a", start="b"), order.circle("lr", start="decay")
    (['lr', 'decay', 'a', 'b'], ['b', 'a', 'b'], [])
    >>> order.that_follow({"lr"})
    {'decay'}
    """

    def __init__(self, entries: Mapping[str, Any]) -> None:
        self._names = list(entries)
        self._refers_to = {
            name: [one for one in names_in(data) if one in entries]
            for name, data in entries.items()
        }
        self._followers: dict[str, list[str]] = {name: [] for name in entries}
        for name, others in self._refers_to.items():
            for other in others:
                self._followers[other].append(name)
        waits_for = {name: len(others) for name, others in self._refers_to.items()}
        ready = deque(name for name, count in waits_for.items() if count == 0)
        self._order: list[str] = []
        while ready:
            name = ready.popleft()
            self._order.append(name)
            for follower in self._followers[name]:
                waits_for[follower] -= 1
                if waits_for[follower] == 0:
                    ready.append(follower)
        self._circular = set(self._names) - set(self._order)

    def __iter__(self) -> Iterator[str]:
        yield from self._order
        yield from (name for name in self._names if name in self._circular)

    def circle(self, name: str, start: str) -> list[str]:
        """Return the names that lead from a start into a circle, to the first that comes twice."""
        if name not in self._circular:
            return []
        walk, seen = [start], {start}
        while name not in seen:
            walk.append(name)
            seen.add(name)
            name = next(one for one in self._refers_to[name] if one in self._circular)
        return [*walk, name]

    def that_follow(self, names: set[str]) -> set[str]:
        """Return the entries that refer to one of these, or to one that does."""
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            for follower in self._followers[waiting.pop()]:
                if follower not in found:
                    found.add(follower)
                    waiting.append(follower)
        return found


def count_within(schedule: Record, most: int) -> int:
    """Return of how many schedules one is made, each counted as often as it is asked for.

    Raises
    ------
    ValueError
        If there are more than ``most``, or they are nested too deeply.
    """
    count, waiting = 0, [(schedule, 1)]
    while waiting:
        one, depth = waiting.pop()
        count += 1
        if count > most:
            raise ValueError(f"references stand for more than {MOST_SCHEDULES:,} schedules")
        if depth > DEEPEST:
            raise ValueError(f"references are nested more than {DEEPEST} deep")
        waiting += [(part, depth + 1) for part in one.schedules]
    return count
