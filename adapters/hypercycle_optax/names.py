"""Which argument of a factory a name in a plan stands for, and which values it accepts."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

from hypercycle.driving.interval import Interval
from hypercycle.numbers.spelling import suggestion

_SAYS_NOTHING = (inspect.Parameter.empty, Any, "Any", "typing.Any")
_MEMBER = re.compile(r"(?P<name>\w+)\[(?P<index>\d+)\]")
_BETAS = {"beta1": 0, "beta2": 1, "beta3": 2}
_NEUTRAL = {
    "lr": ("learning_rate",),
    "beta1": ("b1",),
    "beta2": ("b2",),
    "beta3": ("b3",),
    "weight_decay": ("weight_decay_rate",),
}
# Factories whose b1 averages gradients, as momentum does. Adan's and Lion's mean something else,
# and so does that of the schedule-free methods.
_ADAM_LIKE = re.compile(
    r"adam|adabelief|adopt|acprop|amsgrad|lamb|novograd|prodigy|sophia|yogi", re.IGNORECASE
)
_NOT_ADAM_LIKE = re.compile(r"schedule_free|lion", re.IGNORECASE)

_FROM_ZERO = Interval(least=0.0)
_BETA = Interval(least=0.0, most=1.0, most_included=False)
_INTERVALS = {
    "learning_rate": _FROM_ZERO,
    "momentum": Interval(least=0.0, most=1.0),
    "b1": _BETA,
    "b2": _BETA,
    "b3": _BETA,
    "betas": _BETA,
    "weight_decay": _FROM_ZERO,
    "eps": _FROM_ZERO,
}


@dataclass(frozen=True)
class Argument:
    """An argument of a factory, or a member of the tuple that is its default."""

    name: str
    index: int | None = None

    def __str__(self) -> str:
        return self.name if self.index is None else f"{self.name}[{self.index}]"

    @property
    def interval(self) -> Interval:
        """What Optax means the argument to be."""
        return _INTERVALS.get(self.name, Interval())


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
        If it is not callable, or does not tell its parameters.
    """
    if not callable(factory) or isinstance(factory, tuple):
        raise TypeError(
            "the factory must be a function that makes an optax.GradientTransformation from its "
            f"hyperparameters, such as optax.adamw, got {factory!r}"
        )
    try:
        return inspect.signature(factory).parameters
    except ValueError as error:
        raise TypeError(f"{name_of(factory)} does not tell its arguments: {error}") from error


def find(factory: Callable[..., Any], name: str, *, cycles: bool = True) -> Argument:
    """Return the argument that a neutral or an own name stands for.

    Unless it ``cycles``, it may be a switch or a whole number.

    Raises
    ------
    ValueError
        If the name is unknown (the numeric arguments are listed), or is not what ``momentum``
        means here, or the argument is a switch or a whole number by meaning.
    """
    parameters = parameters_of(factory)
    found = _find(factory, parameters, name)
    parameter = parameters.get(found.name)
    if parameter is None:  # one of **keywords
        return found
    kind = name_of(factory)
    if parameter.kind is parameter.POSITIONAL_ONLY:
        raise ValueError(f"{kind} takes {found} by position only: wrap it in a function")
    if not cycles:
        return found
    default = parameter.default if found.index is None else parameter.default[found.index]
    if isinstance(default, bool) or parameter.annotation in (bool, "bool"):
        raise ValueError(f"{found} of {kind} is a switch: it cannot cycle, give it as fixed")
    if _is_whole(parameter):
        raise ValueError(
            f"{found} of {kind} is a whole number by meaning: it cannot cycle, give it as fixed"
        )
    numbers = numeric_arguments(factory)
    if str(found) not in numbers:
        raise ValueError(
            f"{found} of {kind} is no number: it cannot cycle, give it as fixed; its numbers are "
            f"{', '.join(numbers)}"
        )
    return found


def _find(
    factory: Callable[..., Any], parameters: Mapping[str, inspect.Parameter], name: str
) -> Argument:
    kind = name_of(factory)
    own_name = _own_name(parameters, name, kind)
    if own_name is not None:
        return own_name
    for own in _NEUTRAL.get(name, ()):
        if own in parameters:
            return Argument(own)
    beta = _beta(parameters, name)
    if beta is not None:
        if name != "momentum" or (_ADAM_LIKE.search(kind) and not _NOT_ADAM_LIKE.search(kind)):
            return beta
        raise ValueError(
            f"{kind} has no momentum of its own, and its betas may mean something else than "
            "Adam's: say 'beta1' or 'beta2'"
        )
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return Argument(_NEUTRAL.get(name, (name,))[0])
    known = numeric_arguments(factory)
    if not known:
        raise ValueError(f"{kind} has no numeric argument, so nothing of it can follow {name!r}")
    neutral = [alias for alias, owns in _NEUTRAL.items() if set(owns) & set(parameters)]
    hint = suggestion(name, [*known, *neutral])
    raise ValueError(f"{kind} has no hyperparameter {name!r}; {hint}it has {', '.join(known)}")


def _own_name(parameters: Mapping[str, inspect.Parameter], name: str, kind: str) -> Argument | None:
    if name in parameters and parameters[name].kind not in _VARIABLE:
        members = _members(parameters[name])
        if members:
            names = ", ".join(f"{name}[{index}]" for index in range(members))
            raise ValueError(f"{name} of {kind} has {members} members: name one, {names}")
        return Argument(name)
    member = _MEMBER.fullmatch(name)
    if member is not None and member["name"] in parameters:
        index = int(member["index"])
        if index < _members(parameters[member["name"]]):
            return Argument(member["name"], index)
    return None


def _beta(parameters: Mapping[str, inspect.Parameter], name: str) -> Argument | None:
    """Return the decay rate that ``beta1`` and so on, or ``momentum``, may stand for."""
    index = 0 if name == "momentum" else _BETAS.get(name, -1)
    if "betas" in parameters and 0 <= index < _members(parameters["betas"]):
        return Argument("betas", index)
    return Argument("b1") if name == "momentum" and "b1" in parameters else None


_WHOLE = (int, "int", "int | None", "Optional[int]", int | None)
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
        if parameter.kind in _VARIABLE or parameter.name in _NO_NUMBERS or _is_whole(parameter):
            continue
        if _members(parameter):
            names += [f"{parameter.name}[{i}]" for i in range(_members(parameter))]
        elif _is_number(default) or (
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


def _is_whole(parameter: inspect.Parameter) -> bool:
    """Return whether a parameter counts something: it says int, or it says array and has an int.

    An int alone says nothing: people write ``weight_decay=0``.
    """
    if parameter.annotation in _WHOLE:
        return True
    may_be_any = parameter.annotation in (*_SAYS_NOTHING, float, "float")
    return type(parameter.default) is int and not may_be_any


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _members(parameter: inspect.Parameter) -> int:
    default = parameter.default
    plain = isinstance(default, (tuple, list)) and all(map(_is_number, default))
    return len(default) if plain else 0


def with_values(
    parameters: Mapping[str, inspect.Parameter],
    fixed: Mapping[str, Any],
    values: Mapping[Argument, Any],
) -> dict[str, Any]:
    """Return the keywords for a factory: what is fixed, and these values."""
    keywords = dict(fixed)
    for argument, value in values.items():
        if argument.index is None:
            keywords[argument.name] = value
        else:
            members = list(keywords.get(argument.name, parameters[argument.name].default))
            members[argument.index] = value
            keywords[argument.name] = tuple(members)
    return keywords


def like_default(
    parameters: Mapping[str, inspect.Parameter], argument: Argument, value: float
) -> float:
    """Return a constant as an int where the factory's own value is one."""
    parameter = parameters.get(argument.name)
    whole = parameter is not None and _is_whole(parameter)
    return int(value) if whole and value.is_integer() else value
