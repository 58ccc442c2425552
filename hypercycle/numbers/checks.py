"""The checks on numbers and names that all records share, with one wording."""

from __future__ import annotations

import math
import sys
from numbers import Integral, Real
from typing import Any

import numpy as np

# Float64 holds every whole number up to here: the clock's conversions stay exact.
LARGEST_LENGTH = 2**53


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
        raise TypeError(f"{name} must be a number, got {value!r} ({type(value).__name__})")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{name} must be finite, got {name}={value!r}")
    return number


def positive_number(value: Any, name: str) -> float:
    """Return ``value`` as a float; refuse what is not finite and above zero."""
    number = finite_number(value, name)
    if number <= 0.0:
        raise ValueError(f"{name} must be greater than 0, got {name}={value!r}")
    return number


def whole_number(value: Any, name: str, minimum: int = 0) -> int:
    """Return ``value`` as an int; refuse bools, fractions and what is below ``minimum``."""
    if _is_bool(value) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a whole number, got {value!r} ({type(value).__name__})")
    if not isinstance(value, Integral) and not float(value).is_integer():
        raise ValueError(f"{name} must be a whole number, got {name}={value!r}")
    number = int(value) if isinstance(value, Integral) else int(float(value))
    if number < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {name}={value!r}")
    if number > LARGEST_LENGTH:
        raise ValueError(f"{name} must be at most 2**53, got {name}={value!r}")
    return number
