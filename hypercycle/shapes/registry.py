"""Names of waveforms and scale policies.

Built-in names come first, then those registered at run time, then those of plugins, which are
loaded only for a name that is otherwise unknown. Nobody can take a name that is taken.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from hypercycle import plugins
from hypercycle.namespaces.namespace import NUMPY, Scale, Waveform
from hypercycle.numbers.spelling import suggestion
from hypercycle.shapes.scales import SCALES, validated_scale
from hypercycle.shapes.waveforms import WAVEFORMS

WaveformLike = str | Waveform | tuple[str | Waveform, str | Waveform]
"""What may be given as a waveform: a name, a function, or one of these for each half."""

# How far from 0 and 1 a user's own function may start and end.
_ENDPOINT_TOLERANCE = 1e-9


def waveform(name: str) -> Waveform:
    """Return the waveform with this name.

    Raises
    ------
    ValueError
        If no waveform has the name, or if two plugins claim it.

    Examples
    --------
    >>> waveform("hann").__name__
    'hann'
    """
    return _WAVEFORMS.find(name)


def scale(name: str, /, **parameters: Any) -> Scale:
    """Return the scale policy with this name and these parameters.

    Raises
    ------
    ValueError
        If no scale policy has the name, or if two plugins claim it.
    TypeError
        If the policy does not take the parameters.

    Examples
    --------
    >>> scale("exponential", gamma=0.5)
    Exponential(gamma=0.5, per='step')
    """
    factory = _SCALES.find(name)
    try:
        inspect.signature(factory).bind(**parameters)
    except TypeError as error:
        takes = parameters_of(factory)
        raise TypeError(f"scale {name!r} takes ({takes}), got {parameters}: {error}") from error
    policy = factory(**parameters)
    if not callable(policy):
        raise TypeError(
            f"scale {name!r} must be a factory of functions scale(cycle, step, xp), but "
            f"{factory!r} returned {policy!r}"
        )
    result: Scale = policy
    return result


def parameters_of(factory: Callable[..., Any]) -> str:
    """Return what a factory takes, as it is written in a call.

    >>> parameters_of(SCALES["exponential"])
    "gamma, per='step'"
    """
    return ", ".join(
        one.name if one.default is one.empty else f"{one.name}={one.default!r}"
        for one in inspect.signature(factory).parameters.values()
    )


def register_waveform(name: str, fn: Waveform) -> None:
    """Give the waveform ``fn`` a name until the process ends.

    The same function, or one of the same module and qualified name, as when a notebook cell runs
    again, replaces the earlier one.

    Raises
    ------
    TypeError
        If ``fn`` cannot be called as ``fn(x, xp)``.
    ValueError
        If the name is taken, has white space in it or is empty; if ``fn`` does not run from 0 to 1.
    """
    _WAVEFORMS.register(name, fn)


def register_scale(name: str, factory: Callable[..., Scale]) -> None:
    """Give a factory of scale policies a name until the process ends.

    ``factory(**parameters)`` returns a function ``scale(cycle, step, xp)``; a frozen dataclass
    with ``__call__`` is such a factory. Replaced and refused as by :func:`register_waveform`.
    """
    _SCALES.register(name, factory)


def waveforms() -> Mapping[str, Waveform]:
    """Return all waveforms by name, those of all plugins included; ValueError if two share one."""
    return _WAVEFORMS.everything()


def scales() -> Mapping[str, Callable[..., Scale]]:
    """Return all factories of scale policies by name, those of all plugins included."""
    return _SCALES.everything()


def name_of_waveform(fn: Waveform) -> str | None:
    """Return the name under which ``waveform(name)`` finds ``fn``, or None. May load plugins."""
    return _WAVEFORMS.name_of(fn)


def name_of_scale(policy: Scale) -> str | None:
    """Return the name whose factory is the type of ``policy``, or None. May load plugins."""
    return _SCALES.name_of(type(policy))


def is_named_waveform(given: WaveformLike) -> bool:
    """Return whether this is a name, or a waveform (or two) that has one by now. Loads no plugins.

    What has a name is computed ahead. A function without one may look at what training does.
    """
    if isinstance(given, tuple):
        return all(map(is_named_waveform, given))
    return isinstance(given, str) or _WAVEFORMS.has(given)


def by_name(given: WaveformLike) -> WaveformLike:
    """Return the name of a waveform that is given as its function and has one by now; else it."""
    if isinstance(given, tuple):
        rise, fall = given
        return _WAVEFORMS.known_name(rise) or rise, _WAVEFORMS.known_name(fall) or fall
    return _WAVEFORMS.known_name(given) or given


def registered_among(values: Iterable[Any]) -> Iterator[tuple[str, str, Callable[..., Any]]]:
    """Yield the kind, the name and the value of each of these that was registered at run time."""
    for given in values:
        for name in given if isinstance(given, tuple) else (given,):
            for names in (_WAVEFORMS, _SCALES):
                if isinstance(name, str) and name in names.registered:
                    yield names.kind, name, names.registered[name].value


def is_named_scale(given: str | Scale) -> bool:
    """Return whether this is a name, or a policy whose type has one by now. Loads no plugins."""
    return isinstance(given, str) or _SCALES.has(type(given))


def waveform_distribution(name: str) -> str | None:
    """Return the distribution whose plugin offers the waveform, or None: ours, or registered."""
    return _WAVEFORMS.distribution(name)


def scale_distribution(name: str) -> str | None:
    """Return the distribution whose plugin offers the scale policy, or None."""
    return _SCALES.distribution(name)


def endpoints(fn: Waveform, label: str) -> tuple[float, float]:
    """Return ``w(0)`` and ``w(1)``; TypeError unless ``fn`` is a function ``waveform(x, xp)``."""
    if not callable(fn):
        raise TypeError(
            f"{label} must be a function waveform(x, xp), got {fn!r} ({type(fn).__name__})"
        )
    try:
        with np.errstate(all="ignore"):
            ends = np.asarray(fn(np.array([0.0, 1.0]), NUMPY), dtype=np.float64)
    except Exception as error:
        raise TypeError(
            f"{label} failed at x = 0 and 1 with {type(error).__name__}: {error}; a waveform is "
            "called as waveform(x, xp) with an array x: compute with xp (xp.sin, not math.sin) "
            "and choose with xp.where (not if)"
        ) from error
    if ends.shape != (2,):
        raise ValueError(
            f"{label} must return an array of the shape of x, got shape {ends.shape} for (2,); "
            "a waveform is called as waveform(x, xp)"
        )
    return float(ends[0]), float(ends[1])


def validated_waveform(fn: Waveform, label: str) -> Waveform:
    """Return ``fn`` if it can be called as ``fn(x, xp)`` and runs from 0 to 1, within 1e-9.

    Raises
    ------
    TypeError
        If ``fn`` is not callable, or raises for an array.
    ValueError
        If it returns another shape, or does not run from 0 to 1.
    """
    bottom, top = endpoints(fn, label)
    # `not … <=` refuses NaN too.
    if not abs(bottom) <= _ENDPOINT_TOLERANCE or not abs(top - 1.0) <= _ENDPOINT_TOLERANCE:
        raise ValueError(
            f"{label} must run from waveform(0) = 0 to waveform(1) = 1, got {bottom!r} and "
            f"{top!r}; scale and shift it, and leave the bounds to low and high"
        )
    return fn


def waveform_function(given: str | Waveform) -> Waveform:
    """Return the function behind a name, or a user's own function after a check of its ends."""
    if isinstance(given, str):
        return waveform(given)
    return validated_waveform(given, f"waveform={given!r}")


def waveform_pair(given: WaveformLike) -> tuple[Waveform, Waveform]:
    """Return the functions of rise and fall."""
    pair = given if isinstance(given, tuple) else (given, given)
    if len(pair) != 2:
        raise ValueError(
            f"waveform must be one waveform or a pair (rise, fall), got {len(pair)} of them"
        )
    rise, fall = map(waveform_function, pair)
    return rise, fall


def scale_function(given: str | Scale) -> Scale:
    """Return the policy behind a name, or a user's own after a check of its first factor."""
    return scale(given) if isinstance(given, str) else validated_scale(given)


def _validated_factory(factory: Callable[..., Scale], label: str) -> Callable[..., Scale]:
    if not callable(factory):
        raise TypeError(
            f"{label} must be a factory of functions scale(cycle, step, xp), got {factory!r} "
            f"({type(factory).__name__})"
        )
    return factory


@dataclass(frozen=True)
class _Entry:
    value: Callable[..., Any]
    owner: str
    distribution: str | None = None


@dataclass(frozen=True)
class _Names:
    """The names of one kind of thing."""

    kind: str
    hook: str
    built_in: dict[str, Callable[..., Any]]
    validated: Callable[[Any, str], Any]
    registered: dict[str, _Entry] = field(default_factory=dict)

    def find(self, name: str) -> Callable[..., Any]:
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
        _check_name(name, self.kind)
        self.validated(value, f"{self.kind} {name!r}")
        mine = _Entry(value, f"register_{self.kind} ({_origin(value)})")
        entries, _ = self.gather()
        earlier = entries.get(name, mine)
        if not _same(earlier.value, value):
            raise ValueError(self.clash(name, earlier, mine))
        self.registered[name] = mine

    def everything(self) -> Mapping[str, Callable[..., Any]]:
        plugins.load_all()
        entries, clashes = self.gather()
        if clashes:
            raise ValueError("\n".join(clashes.values()))
        return MappingProxyType({name: entries[name].value for name in sorted(entries)})

    def has(self, value: Callable[..., Any]) -> bool:
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
        if name in self.built_in or name in self.registered:
            return None
        self.find(name)
        return self.gather()[0][name].distribution

    def gather(self) -> tuple[dict[str, _Entry], dict[str, str]]:
        """Return the entries of everybody loaded by now, and a text for each contested name."""
        entries = {name: _Entry(value, "hypercycle") for name, value in self.built_in.items()}
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
                    theirs = _Entry(value, owner, distribution)
                    earlier = entries.setdefault(name, theirs)
                    if not _equal(earlier.value, value):
                        clashes[name] = self.clash(name, earlier, theirs)
        return entries, clashes

    def clash(self, name: str, earlier: _Entry, later: _Entry) -> str:
        return (
            f"{self.kind} {name!r} is claimed by {earlier.owner} and by {later.owner}; choose "
            "another name, or leave one of two plugins out: uninstall it or name the others in "
            f"{plugins.ENVIRONMENT_VARIABLE}"
        )


_WAVEFORMS = _Names("waveform", "hypercycle_waveforms", WAVEFORMS, validated_waveform)
_SCALES = _Names("scale", "hypercycle_scales", SCALES, _validated_factory)


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
