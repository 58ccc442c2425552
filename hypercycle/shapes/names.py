"""``Names``: what of one kind has which name, and from whom.

Built-in names come first, then those registered at run time, then those of plugins, which are
loaded only for a name that is otherwise unknown. Nobody can take a name that is taken.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from hypercycle import plugins
from hypercycle.numbers.spelling import suggestion


@dataclass(frozen=True)
class Entry:
    """Something that has a name, and whose it is."""

    value: Callable[..., Any]
    owner: str
    distribution: str | None = None


@dataclass(frozen=True)
class Names:
    """The names of one kind of thing."""

    kind: str
    hook: str
    built_in: dict[str, Callable[..., Any]]
    validated: Callable[[Any, str], Any]
    registered: dict[str, Entry] = field(default_factory=dict)

    def find(self, name: str) -> Callable[..., Any]:
        """Return what has a name; ValueError if nothing has, or two plugins claim it."""
        _check_name(name, self.kind)
        if name in self.built_in:
            return self.built_in[name]
        if name in self.registered:
            return self.registered[name].value
        plugins.load_all()
        entries, clashes = self.gather()
        if name in clashes:
            raise ValueError(clashes[name])
        if name in entries:
            return entries[name].value
        raise ValueError(
            f"unknown {self.kind} {name!r}; {suggestion(name, entries)}known: "
            f"{', '.join(sorted(entries))}"
            f"{plugins.problems()}"
        )

    def register(self, name: str, value: Callable[..., Any]) -> None:
        """Give a value a name until the process ends."""
        _check_name(name, self.kind)
        self.validated(value, f"{self.kind} {name!r}")
        mine = Entry(value, f"register_{self.kind} ({_origin(value)})")
        entries, _ = self.gather()
        earlier = entries.get(name, mine)
        if not _same(earlier.value, value):
            raise ValueError(self.clash(name, earlier, mine))
        self.registered[name] = mine

    def everything(self) -> Mapping[str, Callable[..., Any]]:
        """Return all values by name, those of all plugins included."""
        plugins.load_all()
        entries, clashes = self.gather()
        if clashes:
            raise ValueError("\n".join(clashes.values()))
        return MappingProxyType({name: entries[name].value for name in sorted(entries)})

    def has(self, value: Callable[..., Any]) -> bool:
        """Return whether a value has a name by now. Loads no plugins."""
        return self.known_name(value) is not None

    def known_name(self, value: Any) -> str | None:
        """Return the first name of a value, if it has one by now. Loads no plugins."""
        if isinstance(value, str):
            return None
        for name, one in self.built_in.items():
            if _equal(one, value):
                return name
        entries, clashes = self.gather()
        for name, entry in entries.items():
            if name not in clashes and _equal(entry.value, value):
                return name
        return None

    def name_of(self, value: Callable[..., Any]) -> str | None:
        """Return the first name of a value, or None. May load plugins."""
        known = self.built_in | {name: one.value for name, one in self.registered.items()}
        for name, one in known.items():
            if _equal(one, value):
                return name
        plugins.load_all()
        entries, clashes = self.gather()
        for name, entry in entries.items():
            if name not in clashes and _equal(entry.value, value):
                return name
        return None

    def distribution(self, name: str) -> str | None:
        """Return the distribution whose plugin offers a name, or None: ours, or registered."""
        if name in self.built_in or name in self.registered:
            return None
        self.find(name)
        return self.gather()[0][name].distribution

    def gather(self) -> tuple[dict[str, Entry], dict[str, str]]:
        """Return the entries of everybody loaded by now, and a text for each contested name."""
        entries = {name: Entry(value, "hypercycle") for name, value in self.built_in.items()}
        entries |= self.registered
        clashes = {}
        for implementation in plugins.implementations(self.hook):
            owner = plugins.describe(implementation.plugin_name)
            distribution = plugins.distribution_of(implementation.plugin_name)
            with plugins.warn_of_failure(implementation.plugin_name):
                offered = plugins.call(implementation)
                if not isinstance(offered, Mapping):
                    raise TypeError(f"{self.hook} must return a mapping, got {offered!r}")
                for name, value in offered.items():
                    _check_name(name, self.kind)
                    self.validated(value, f"{self.kind} {name!r}")
                for name, value in offered.items():
                    theirs = Entry(value, owner, distribution)
                    earlier = entries.setdefault(name, theirs)
                    if not _equal(earlier.value, value):
                        clashes[name] = self.clash(name, earlier, theirs)
        return entries, clashes

    def clash(self, name: str, earlier: Entry, later: Entry) -> str:
        """Return what to say where two claim a name."""
        return (
            f"{self.kind} {name!r} is claimed by {earlier.owner} and by {later.owner}; choose "
            "another name, or leave one of two plugins out: uninstall it or name the others in "
            f"{plugins.ENVIRONMENT_VARIABLE}"
        )


def _check_name(name: str, kind: str) -> None:
    if not isinstance(name, str):
        raise TypeError(f"the name of a {kind} must be a str, got {name!r} ({type(name).__name__})")
    if not name or any(character.isspace() for character in name):
        raise ValueError(f"the name of a {kind} must be one word without white space, got {name!r}")


def _origin(value: Any) -> str:
    """Return ``module.qualname`` of a function, or of the type of a callable object."""
    while isinstance(value, functools.partial):
        value = value.func
    named = value if hasattr(value, "__qualname__") else type(value)
    return f"{named.__module__}.{named.__qualname__}"


def _equal(one: Any, other: Any) -> bool:
    return one is other or (type(one) is type(other) and bool(one == other))


def _same(one: Any, other: Any) -> bool:
    return _equal(one, other) or _origin(one) == _origin(other)
