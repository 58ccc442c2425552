"""The checks on numbers and names that all records share, with one wording."""

from __future__ import annotations

import math
import sys
from collections.abc import Sized
from numbers import Rational, Real
from typing import Any, TypeVar

import numpy as np

_Error = TypeVar("_Error", bound=Exception)

# Float64 holds every whole number up to here: the clock's conversions stay exact.
LARGEST_LENGTH = 2**53
_COUNTS_OF_BATCHES = {"steps_per_epoch", "total_steps"}  # for which people give their loader
_MOST_SHOWN = 80


def _is_bool(value: Any) -> bool:
    return isinstance(value, (bool, np.bool_))


def is_number(value: Any) -> bool:
    """Return whether this is a real number, or a scalar array of JAX that holds one."""
    return isinstance(value, Real) or _is_jax_number(value)


def is_traced(value: Any) -> bool:
    """Return whether JAX is tracing a program in which this stands for a number to come."""
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(value, jax.core.Tracer)


def _is_jax_number(value: Any) -> bool:
    jax = sys.modules.get("jax")
    if jax is None or not isinstance(value, jax.Array):
        return False
    jnp = jax.numpy
    kinds = (jnp.floating, jnp.integer)
    return value.shape == () and any(jnp.issubdtype(value.dtype, kind) for kind in kinds)


def finite_number(value: Any, name: str) -> float:
    """Return ``value`` as a float; refuse what is not a finite real number.

    A number that JAX is tracing is returned as it is: only its shape and kind are known.
    """
    if _is_jax_number(value):
        if is_traced(value):
            return value  # type: ignore[no-any-return]
        value = float(value)
    if _is_bool(value) or not isinstance(value, Real):
        raise wrong_type(value, name, "must be a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise wrong_value(value, name, "must be finite")
    return number


def positive_number(value: Any, name: str) -> float:
    """Return ``value`` as a float; refuse what is not finite and above zero."""
    number = finite_number(value, name)
    if number <= 0.0:
        raise wrong_value(value, name, "must be greater than 0")
    return number


def whole_number(value: Any, name: str, minimum: int = 0) -> int:
    """Return ``value`` as an int; refuse bools, fractions and what is below ``minimum``."""
    if _is_bool(value) or not isinstance(value, Real):
        if name in _COUNTS_OF_BATCHES and isinstance(value, Sized) and not isinstance(value, str):
            kind = type(value).__name__
            raise _about(
                TypeError, name, f"must be a whole number, got a {kind}: give len(…) of it"
            )
        raise wrong_type(value, name, "must be a whole number")
    # A fraction of great numbers is none as a float.
    exact = value if isinstance(value, Rational) else float(value)
    is_whole = exact.denominator == 1 if isinstance(exact, Rational) else exact.is_integer()
    if not is_whole:
        raise wrong_value(value, name, "must be a whole number")
    number = int(exact.numerator if isinstance(exact, Rational) else exact)
    if number < minimum:
        raise wrong_value(value, name, f"must be at least {minimum}")
    if number > LARGEST_LENGTH:
        raise wrong_value(value, name, "must be at most 2**53")
    return number


def wrong_type(value: Any, name: str, expected: str) -> TypeError:
    """Return the error about a value of the wrong kind."""
    return _about(TypeError, name, f"{expected}, got {shown(value)} ({type(value).__name__})")


def shown(value: Any) -> str:
    """Return what a message shows of a value: its repr in one line, the start of a long one.

    >>> shown([0.0] * 50)
    '[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, …'
    """
    try:
        line = " ".join(repr(value).split())
    except (RecursionError, ValueError):  # too deep, or of too many digits
        return "…"
    return line if len(line) <= _MOST_SHOWN else f"{line[: _MOST_SHOWN - 5].rsplit(' ', 1)[0]} …"


def wrong_value(value: Any, name: str, expected: str) -> ValueError:
    """Return the error about a value that is out of what is allowed."""
    got = f"{name}={shown(value)}" if name else shown(value)
    return _about(ValueError, name, f"{expected}, got {got}")


def _about(kind: type[_Error], name: str, message: str) -> _Error:
    error = kind(f"{name} {message}" if name else message)
    # Apart too, for those who say in another way what the message is about.
    vars(error).update(name=name, message=message)
    return error


def message_about(name: str, error: Exception) -> str:
    """Return what an error says, without the name of its value if it is this one.

    >>> message_about("low", wrong_value(-1, "low", "must be positive"))
    'must be positive, got low=-1'
    """
    parts = vars(error)
    return str(parts["message"]) if parts.get("name") == name else str(error)
