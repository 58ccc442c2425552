"""Waveforms and scale policies by name: built in, registered at run time, of plugins.

What is registered for a name is a waveform itself, or the class of one that has parameters: a
frozen dataclass of which each field has a default, so that the plain name is a waveform too.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import is_dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from hypercycle.namespaces.namespace import NUMPY, Scale, Waveform
from hypercycle.shapes.names import Names
from hypercycle.shapes.scales import SCALES, validated_scale
from hypercycle.shapes.waveforms import WAVEFORMS

WaveformLike = str | Waveform | tuple[str | Waveform, str | Waveform]
"""What may be given as a waveform: a name, a function, or one of these for each half."""

# How far from 0 and 1 a user's own function may start and end.
_ENDPOINT_TOLERANCE = 1e-9


def waveform(name: str, /, **parameters: Any) -> Waveform:
    """Return the waveform with this name and these parameters, its own defaults for the others.

    Raises
    ------
    ValueError
        If no waveform has the name, or if two plugins claim it.
    TypeError
        If the waveform does not take the parameters.

    Examples
    --------
    >>> waveform("hann").__name__
    'hann'
    >>> waveform("tukey", alpha=0.3)
    Tukey(alpha=0.3)
    """
    found = _WAVEFORMS.find(name)
    if isinstance(found, type):
        made: Waveform = _made("waveform", name, found, parameters)
        return made
    if parameters:
        raise TypeError(
            f"waveform {name!r} takes no parameters, got {', '.join(map(repr, parameters))}"
        )
    return found


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
    policy = _made("scale", name, factory, parameters)
    if not callable(policy):
        raise TypeError(
            f"scale {name!r} must be a factory of functions scale(cycle, step, xp), but "
            f"{factory!r} returned {policy!r}"
        )
    result: Scale = policy
    return result


def _made(kind: str, name: str, factory: Callable[..., Any], parameters: Mapping[str, Any]) -> Any:
    try:
        inspect.signature(factory).bind(**parameters)
    except TypeError as error:
        takes = parameters_of(factory)
        raise TypeError(f"{kind} {name!r} takes ({takes}), got {parameters}: {error}") from error
    return factory(**parameters)


def parameters_of(factory: Callable[..., Any]) -> str:
    """Return what a factory takes, as it is written in a call.

    >>> parameters_of(SCALES["exponential"])
    "gamma, per='step'"
    """
    return ", ".join(
        one.name if one.default is one.empty else f"{one.name}={one.default!r}"
        for one in inspect.signature(factory).parameters.values()
    )


def register_waveform(name: str, fn: Waveform | type[Waveform]) -> None:
    """Give the waveform ``fn`` a name until the process ends.

    ``fn`` is a function ``waveform(x, xp)``, or the class of waveforms with parameters: a frozen
    dataclass with ``__call__(self, x, xp)`` of which each field has a default. Plans and files then
    have it with any parameters. The same function or class, or one of the same module and qualified
    name, as when a notebook cell runs again, replaces the earlier one.

    Raises
    ------
    TypeError
        If ``fn`` cannot be called as ``fn(x, xp)``, or is a class that is no such dataclass.
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
    """Return all waveforms by name, those of all plugins included; ValueError if two share one.

    Those with parameters have their defaults.

    >>> waveforms()["tukey"]
    Tukey(alpha=0.5)
    """
    known = _WAVEFORMS.everything()
    return MappingProxyType(
        {name: one() if isinstance(one, type) else one for name, one in known.items()}
    )


def parameters_of_waveform(name: str) -> str:
    """Return what a waveform takes, as it is written in a call; nothing if it takes nothing.

    >>> parameters_of_waveform("tukey"), parameters_of_waveform("hann")
    ('alpha=0.5', '')
    """
    found = _WAVEFORMS.find(name)
    return parameters_of(found) if isinstance(found, type) else ""


def scales() -> Mapping[str, Callable[..., Scale]]:
    """Return all factories of scale policies by name, those of all plugins included."""
    return _SCALES.everything()


def name_of_waveform(fn: Waveform) -> str | None:
    """Return the name under which ``waveform(name, …)`` finds ``fn``, or None. May load plugins."""
    return _WAVEFORMS.name_of(fn) or _WAVEFORMS.name_of(type(fn))


def name_of_scale(policy: Scale) -> str | None:
    """Return the name whose factory is the type of ``policy``, or None. May load plugins."""
    return _SCALES.name_of(type(policy))


def is_named_waveform(given: WaveformLike) -> bool:
    """Return whether this is a name, or a waveform (or two) that has one by now. Loads no plugins.

    What has a name is computed ahead. A function without one may look at what training does.
    """
    if isinstance(given, tuple):
        return all(map(is_named_waveform, given))
    return isinstance(given, str) or _WAVEFORMS.has(given) or _WAVEFORMS.has(type(given))


def by_name(given: WaveformLike) -> WaveformLike:
    """Return the name of a waveform that a plain name says, if it has one by now; else it."""
    if isinstance(given, tuple):
        rise, fall = map(_one_by_name, given)
        return rise, fall
    return _one_by_name(given)


def _one_by_name(given: str | Waveform) -> str | Waveform:
    if isinstance(given, str):
        return given
    kind: Any = type(given)
    of_defaults = _WAVEFORMS.known_name(kind)
    if of_defaults is not None and given == kind():
        return of_defaults
    return _WAVEFORMS.known_name(given) or given


def registered_among(values: Iterable[Any]) -> Iterator[tuple[str, str, Callable[..., Any]]]:
    """Yield the kind, the name and the value of each of these that was registered at run time."""
    for given in values:
        for one in given if isinstance(given, tuple) else (given,):
            for names in (_WAVEFORMS, _SCALES):
                for name, entry in names.registered.items():
                    if one == name if isinstance(one, str) else type(one) is entry.value:
                        yield names.kind, name, entry.value


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


def validated_entry(given: Any, label: str) -> Any:
    """Return a waveform, or a class of such, that may have a name; refuse what may not.

    Raises
    ------
    TypeError
        If it cannot be called as ``waveform(x, xp)``; if it is a class, and no frozen dataclass or
        one that needs arguments.
    ValueError
        If it does not run from 0 to 1.
    """
    if not isinstance(given, type):
        return validated_waveform(given, label)
    parameters = getattr(given, "__dataclass_params__", None)
    if parameters is None or not parameters.frozen:
        raise TypeError(
            f"{label} is a class, and must be a frozen dataclass with __call__(self, x, xp), so "
            f"that equal parameters are equal waveforms; got {given!r}"
        )
    try:
        of_defaults = given()
    except TypeError as error:
        raise TypeError(
            f"{label} takes ({parameters_of(given)}): give each parameter a default, so that the "
            f"plain name is a waveform too ({error})"
        ) from error
    validated_waveform(of_defaults, label)
    return given


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


_BUILT_IN = {name: type(one) if is_dataclass(one) else one for name, one in WAVEFORMS.items()}
_WAVEFORMS = Names("waveform", "hypercycle_waveforms", _BUILT_IN, validated_entry)
_SCALES = Names("scale", "hypercycle_scales", SCALES, _validated_factory)
