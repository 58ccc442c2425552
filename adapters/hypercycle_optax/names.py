"""Which argument of a factory a name in a plan stands for, and which values it accepts."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

from hypercycle.driving.interval import ACCEPTED, UNLIMITED, Interval
from hypercycle.driving.names import (
    BETAS,
    Place,
    ambiguous_momentum,
    averages_gradients,
    beta_index,
    is_a_count,
    is_a_switch,
    is_a_tuple,
    is_not_a_number,
    is_number,
    is_unknown,
    member_of,
)

# What Optax calls what has a neutral name.
_OPTAX_NAMES = {
    "lr": "learning_rate",
    "beta1": "b1",
    "beta2": "b2",
    "beta3": "b3",
    "weight_decay": "weight_decay_rate",
}
_NEUTRAL_NAMES = {own: neutral for neutral, own in _OPTAX_NAMES.items()}
_NEUTRAL_MEMBERS = {Place("betas", index): neutral for neutral, index in BETAS.items()}


def name_of(factory: Callable[..., Any]) -> str:
    """Return what to call a factory in messages."""
    while isinstance(factory, functools.partial):
        factory = factory.func
    return str(getattr(factory, "__qualname__", type(factory).__name__))


def parameters_of(factory: Any) -> Mapping[str, inspect.Parameter]:
    """Return the parameters of a factory; those that ``functools.partial`` has bound as it says.

    Raises
    ------
    TypeError
        If it is not callable, or its parameters cannot be read.
    """
    if not callable(factory) or isinstance(factory, tuple):
        is_made = hasattr(factory, "init") and hasattr(factory, "update")
        got = (
            "one that is made already: a chain is given as a function too, lambda learning_rate: "
            "optax.chain(…, optax.adamw(learning_rate))"
        )
        raise TypeError(
            "the factory must be a function that makes an optax.GradientTransformation from its "
            f"hyperparameters, such as optax.adamw, got {got if is_made else repr(factory)}"
        )
    try:
        return inspect.signature(factory).parameters
    except ValueError as error:
        raise TypeError(f"the arguments of {name_of(factory)} cannot be read: {error}") from error


def find(factory: Callable[..., Any], name: str, *, cycles: bool = True) -> Place:
    """Return the argument that a neutral or an own name stands for.

    Unless it ``cycles``, it may be a switch or a count.

    Raises
    ------
    TypeError
        If the argument is a switch, a count or not a number at all.
    ValueError
        If the name is unknown (the numeric arguments are listed), is not what ``momentum`` means
        here, or the argument is taken by position only.
    """
    parameters = parameters_of(factory)
    found = _find(factory, parameters, name)
    parameter = parameters.get(found.key)
    if parameter is None:  # one of **keywords
        return found
    kind = name_of(factory)
    if parameter.kind is parameter.POSITIONAL_ONLY:
        raise ValueError(
            f"{kind} takes {found} by position only: wrap it in a function that takes it by name"
        )
    if not cycles:
        return found
    default = parameter.default if found.index is None else parameter.default[found.index]
    if isinstance(default, bool) or parameter.annotation in (bool, "bool"):
        raise _to_be_fixed(is_a_switch(found, kind))
    if _is_count(parameter) or (found.key in _NO_NUMBERS and is_number(default)):
        raise _to_be_fixed(is_a_count(found, kind))
    numbers = numeric_arguments(factory)
    if str(found) not in numbers:
        shown = parameter.annotation if default is parameter.empty else default
        error = _to_be_fixed(is_not_a_number(found, kind, shown))
        raise TypeError(f"{error}; the numbers of {kind}: {', '.join(numbers)}")
    return found


def _to_be_fixed(error: TypeError) -> TypeError:
    return TypeError(f"{error}; give it as fixed")


def interval_of(place: Place) -> Interval:
    """Return the values that Optax means an argument to have.

    >>> str(interval_of(Place("b1"))), str(interval_of(Place("betas", 1)))
    ('[0, 1)', '[0, 1)')
    """
    neutral = _NEUTRAL_MEMBERS.get(place) or _NEUTRAL_NAMES.get(place.key, place.key)
    return ACCEPTED.get(neutral, UNLIMITED)


def _find(
    factory: Callable[..., Any], parameters: Mapping[str, inspect.Parameter], name: str
) -> Place:
    kind = name_of(factory)
    own_place = _own_place(parameters, name, kind)
    if own_place is not None:
        return own_place
    if _OPTAX_NAMES.get(name) in parameters:
        return Place(_OPTAX_NAMES[name])
    beta = _beta(parameters, name)
    if beta is not None:
        if name != "momentum" or averages_gradients(kind):
            return beta
        raise ambiguous_momentum(kind)
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return Place(_OPTAX_NAMES.get(name, name))
    known = numeric_arguments(factory)
    if not known:
        raise ValueError(f"{kind} has no numeric argument, so nothing of it can follow {name!r}")
    neutral = [alias for alias, own in _OPTAX_NAMES.items() if own in parameters]
    raise is_unknown(kind, name, known, neutral)


def _own_place(parameters: Mapping[str, inspect.Parameter], name: str, kind: str) -> Place | None:
    if name in parameters and parameters[name].kind not in _VARIABLE:
        members = _members(parameters[name])
        if members:
            raise is_a_tuple(name, kind, members)
        return Place(name)
    member = member_of(name)
    if member is None or member.key not in parameters or member.index is None:
        return None
    return member if member.index < _members(parameters[member.key]) else None


def _beta(parameters: Mapping[str, inspect.Parameter], name: str) -> Place | None:
    """Return the decay rate that ``beta1`` and so on, or ``momentum``, may stand for."""
    index = beta_index(name)
    if "betas" in parameters and index is not None and index < _members(parameters["betas"]):
        return Place("betas", index)
    return Place("b1") if name == "momentum" and "b1" in parameters else None


_SAYS_NOTHING = (inspect.Parameter.empty, Any, "Any", "typing.Any")
_SAYS_COUNT = (int, "int", "int | None", "Optional[int]", int | None)
_VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_NUMBER_WORDS = re.compile(r"float|Scalar|ArrayLike|Numeric")
_NO_NUMBER_WORDS = re.compile(
    r"^(typing\.|collections\.abc\.)?(Callable|Union\[typing\.Any|Union\[bool)"
    r"|GradientTransformation|DimensionNumbers|dtype"
)
# Seeds are arrays to the eye.
_NO_NUMBERS = {"key", "seed", "mask"}


def numeric_arguments(factory: Callable[..., Any]) -> list[str]:
    """Return the names of the arguments that are numbers, members of tuples one by one."""
    names = []
    for parameter in parameters_of(factory).values():
        default, annotation = parameter.default, parameter.annotation
        if parameter.kind in _VARIABLE or parameter.name in _NO_NUMBERS or _is_count(parameter):
            continue
        if _members(parameter):
            names += [f"{parameter.name}[{i}]" for i in range(_members(parameter))]
        elif is_number(default) or (
            default in (None, parameter.empty) and _says_number(annotation)
        ):
            names.append(parameter.name)
    return names


def _says_number(annotation: Any) -> bool:
    if annotation in _SAYS_NOTHING:
        return True
    text = getattr(annotation, "__name__", None) if isinstance(annotation, type) else None
    text = text or str(annotation)
    return bool(_NUMBER_WORDS.search(text)) and not _NO_NUMBER_WORDS.search(text)


def _is_count(parameter: inspect.Parameter) -> bool:
    """Return whether a parameter counts something: it says int, or it says array and has an int.

    An int alone says nothing: people write ``weight_decay=0``.
    """
    if parameter.annotation in _SAYS_COUNT:
        return True
    may_be_any = parameter.annotation in (*_SAYS_NOTHING, float, "float")
    return type(parameter.default) is int and not may_be_any


def _members(parameter: inspect.Parameter) -> int:
    default = parameter.default
    plain = isinstance(default, (tuple, list)) and all(map(is_number, default))
    return len(default) if plain else 0


def with_values(
    parameters: Mapping[str, inspect.Parameter],
    fixed: Mapping[str, Any],
    values: Mapping[Place, Any],
) -> dict[str, Any]:
    """Return the keywords for a factory: what is fixed, and these values."""
    keywords = dict(fixed)
    for place, value in values.items():
        if place.index is None:
            keywords[place.key] = value
        else:
            members = list(keywords.get(place.key, parameters[place.key].default))
            members[place.index] = value
            keywords[place.key] = tuple(members)
    return keywords


def like_default(parameters: Mapping[str, inspect.Parameter], place: Place, value: float) -> float:
    """Return a constant as an int where the factory's own value is one."""
    parameter = parameters.get(place.key)
    counts = parameter is not None and _is_count(parameter)
    return int(value) if counts and value.is_integer() else value
