"""Schedules in float32 and int32 alone, for JAX programs where float64 cannot be had.

A number is the unevaluated sum of two float32 numbers, ``high + low``, which together carry 48
bits: more than enough to round to the right float32 at the end. Waveforms and scale policies are
the same functions as everywhere; they are handed pairs in place of arrays.

Products are formed from halves of 12 bits whose products are exact, so that it makes no difference
whether a compiler fuses multiplications with additions.

Sources: T. J. Dekker, "A floating-point technique for extending the available precision",
Numer. Math. 18 (1971); Y. Hida, X. S. Li, D. H. Bailey, "Algorithms for quad-double precision
floating point arithmetic", ARITH-15 (2001), section 3.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from hypercycle.namespaces.namespace import Evaluates, Namespace

LARGEST_STEP = 2**31 - 1

_LN2, _HALF_PI = math.log(2.0), 0.5 * math.pi


def evaluate(schedule: Evaluates, step: Any) -> Any:
    """Return float32 values at integer steps.

    Raises
    ------
    ValueError
        If a length in the schedule does not fit into int32.
    """
    steps = jnp.clip(jnp.asarray(step), 0, LARGEST_STEP).astype(jnp.int32)
    try:
        value = _pair(schedule.evaluate(steps, _namespace()))
    except OverflowError as error:
        raise ValueError(
            f"{schedule!r} has a length above 2**31 - 1 steps, which this platform of JAX cannot "
            "count (it has no 64-bit numbers here)"
        ) from error
    return value.high + value.low


class Pair:
    """``high + low`` with ``|low|`` at most half a unit in the last place of ``high``."""

    # Python numbers and NumPy arrays leave the operators to this class.
    __array_ufunc__ = None
    __array_priority__ = 1000

    def __init__(self, high: Any, low: Any) -> None:
        self.high = high
        self.low = low

    def __getitem__(self, index: Any) -> Pair:
        return Pair(self.high[index], self.low[index])

    def __add__(self, other: Any) -> Pair:
        other = _pair(other)
        total, error = _sum(self.high, other.high)
        low, low_error = _sum(self.low, other.low)
        total, error = _ordered_sum(total, error + low)
        return Pair(*_ordered_sum(total, error + low_error))

    def __mul__(self, other: Any) -> Pair:
        other = _pair(other)
        product, error = _product(self.high, other.high)
        return Pair(*_ordered_sum(product, error + (self.high * other.low + self.low * other.high)))

    def __truediv__(self, other: Any) -> Pair:
        other = _pair(other)
        quotient = _whole(self.high / other.high)
        for _ in range(2):
            rest = self - quotient * other
            quotient = quotient + _whole(rest.high / other.high)
        return quotient

    def __pow__(self, exponent: Any) -> Pair:
        if isinstance(exponent, (int, float)) and float(exponent).is_integer():
            times = abs(int(exponent))
            if times <= 64:
                power = _pair(1.0)
                for _ in range(times):
                    power = power * self
                return power if exponent >= 0 else 1.0 / power
        zero = self.high == 0.0
        power = exp(_pair(exponent) * log(where(zero, 1.0, self)))
        at_zero = jnp.power(jnp.float32(0.0), _pair(exponent).high)
        return where(zero, _whole(at_zero), power)

    def __rpow__(self, base: Any) -> Pair:
        if isinstance(base, (int, float)) and base > 0:
            return exp(self * _pair(math.log(base)))
        return _pair(base) ** self

    def __neg__(self) -> Pair:
        return Pair(-self.high, -self.low)

    def __pos__(self) -> Pair:
        return self

    def __abs__(self) -> Pair:
        return where(self < 0.0, -self, self)

    def __sub__(self, other: Any) -> Pair:
        return self + -_pair(other)

    def __rsub__(self, other: Any) -> Pair:
        return (-self).__add__(other)

    def __rtruediv__(self, other: Any) -> Pair:
        return _pair(other) / self

    __radd__ = __add__
    __rmul__ = __mul__

    def __floordiv__(self, other: Any) -> Pair:
        return floor(self / other)

    def __mod__(self, other: Any) -> Pair:
        return self - floor(self / other) * _pair(other)

    def __lt__(self, other: Any) -> Any:
        other = _pair(other)
        return (self.high < other.high) | ((self.high == other.high) & (self.low < other.low))

    def __le__(self, other: Any) -> Any:
        other = _pair(other)
        return (self.high < other.high) | ((self.high == other.high) & (self.low <= other.low))

    def __gt__(self, other: Any) -> Any:
        return _pair(other) < self

    def __ge__(self, other: Any) -> Any:
        return _pair(other) <= self

    def __eq__(self, other: object) -> Any:
        other = _pair(other)
        return (self.high == other.high) & (self.low == other.low)

    def __ne__(self, other: object) -> Any:
        return ~(self == other)

    __hash__ = None  # type: ignore[assignment]


def _whole(high: Any) -> Pair:
    return Pair(high, jnp.zeros_like(high))


def _pair(value: Any) -> Pair:
    if isinstance(value, Pair):
        return value
    if isinstance(value, jax.Array):
        if jnp.issubdtype(value.dtype, jnp.integer):
            return _of_integers(value)
        return _whole(value.astype(jnp.float32))
    number = np.asarray(value, dtype=np.float64)
    high = number.astype(np.float32)
    with np.errstate(invalid="ignore"):
        low = np.where(np.isfinite(high), number - high, 0.0).astype(np.float32)
    return Pair(jnp.asarray(high), jnp.asarray(low))


def _of_integers(steps: Any) -> Pair:
    steps = jnp.asarray(steps, jnp.int32)
    coarse = (steps >> 12).astype(jnp.float32) * 4096.0  # exact: 19 bits
    return Pair(*_ordered_sum(coarse, (steps & 0xFFF).astype(jnp.float32)))


def _sum(a: Any, b: Any) -> tuple[Any, Any]:
    """Return the rounded sum and its error; a constant must come second.

    XLA takes ``(constant + b) − constant`` for ``b``.
    """
    total = a + b
    of_b = total - a
    return total, (a - (total - of_b)) + (b - of_b)


def _ordered_sum(a: Any, b: Any) -> tuple[Any, Any]:
    """Return the rounded sum and its error where ``|a| >= |b|``."""
    total = a + b
    return total, b - (total - a)


def _split(a: Any) -> tuple[Any, Any]:
    bits = jax.lax.bitcast_convert_type(a, jnp.int32) & ~0xFFF
    coarse = jax.lax.bitcast_convert_type(bits, jnp.float32)
    return coarse, a - coarse


def _product(a: Any, b: Any) -> tuple[Any, Any]:
    (a1, a2), (b1, b2) = _split(a), _split(b)
    total, error = _sum(a1 * b1, a1 * b2)
    total, more = _sum(total, a2 * b1)
    return _ordered_sum(total, error + more + a2 * b2)


def where(condition: Any, a: Any, b: Any) -> Pair:
    """Return ``a`` where the condition holds, else ``b``."""
    a, b = _pair(a), _pair(b)
    return Pair(jnp.where(condition, a.high, b.high), jnp.where(condition, a.low, b.low))


def floor(x: Any) -> Pair:
    """Return the largest whole number not above ``x``."""
    x = _pair(x)
    whole = jnp.floor(x.high)
    return Pair(*_ordered_sum(whole, jnp.where(whole == x.high, jnp.floor(x.low), 0.0)))


def sqrt(x: Any) -> Pair:
    """Return the square root: one step of Newton's on the float32 one."""
    x = _pair(x)
    root = jnp.sqrt(x.high)
    safe = jnp.where(root > 0.0, root, 1.0)
    rest = (x - Pair(*_product(root, root))).high
    return Pair(*_ordered_sum(root, jnp.where(root > 0.0, rest / (2.0 * safe), 0.0)))


def _series(r: Pair, coefficients: Sequence[float]) -> Pair:
    total = _pair(coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        total = total * r + coefficient
    return total


_EXP = [1.0 / math.factorial(n) for n in range(14)]
_SIN = [(-1.0) ** n / math.factorial(2 * n + 1) for n in range(8)]
_ARTANH = [1.0 / (2 * n + 1) for n in range(7)]
_COS = [(-1.0) ** n / math.factorial(2 * n) for n in range(9)]


def exp(x: Any) -> Pair:
    """Return e to the power ``x``: 2^k · e^r with ``|r|`` at most half of log 2."""
    x = _pair(x)
    k = jnp.round(jnp.clip(x.high, -150.0, 130.0) / np.float32(_LN2))
    result = _series(x - _whole(k) * _LN2, _EXP)
    whole = k.astype(jnp.int32)
    scaled = [jnp.ldexp(part, whole) for part in (result.high, result.low)]
    plain = (x.high > -88.0) & (x.high < 88.0)
    return where(plain, Pair(*scaled), _whole(jnp.exp(x.high)))


def log(x: Any) -> Pair:
    """Return the natural logarithm: one step of Newton's on the float32 one."""
    x = _pair(x)
    first = jnp.log(x.high)
    usual = (x.high > 0.0) & jnp.isfinite(x.high)
    start = _whole(jnp.where(usual, first, 0.0))
    better = start + (where(usual, x, 1.0) * exp(-start) - 1.0)
    # Near 1, where that cancels: log(1 + d) = 2·artanh(d / (2 + d)).
    near = (x.high > 0.9) & (x.high < 1.1)
    d = where(near, x, 1.0) - 1.0
    s = d / (d + 2.0)
    better = where(near, 2.0 * s * _series(s * s, _ARTANH), better)
    return where(usual, better, _whole(first))


def _turned(x: Any, quarters: int) -> Pair:
    """Return sin(x + quarters·π/2)."""
    x = _pair(x)
    k = jnp.round(x.high / np.float32(_HALF_PI))
    r = x - _whole(k) * _HALF_PI
    square = r * r
    sine, cosine = r * _series(square, _SIN), _series(square, _COS)
    turn = (k.astype(jnp.int32) + quarters) & 3
    value = where((turn & 1) == 0, sine, cosine)
    return where(turn >= 2, -value, value)


def _choose(compare: Callable[[Pair, Pair], Any]) -> Callable[[Any, Any], Pair]:
    def choose(a: Any, b: Any) -> Pair:
        first, second = _pair(a), _pair(b)
        return where(compare(first, second), first, second)

    return choose


@functools.cache
def _namespace() -> Namespace:
    largest = LARGEST_STEP
    minimum = _choose(lambda a, b: a <= b)

    def table(numbers: Any) -> Any:
        return jnp.asarray(np.minimum(numbers, largest).astype(np.int32))

    def take(numbers: Any, index: Any) -> Any:
        if np.issubdtype(np.asarray(numbers).dtype, np.integer):
            return table(numbers)[..., index]
        return _pair(numbers)[..., index]

    def lesser(a: Any, b: Any) -> Any:
        if isinstance(a, Pair) or isinstance(b, Pair):
            return minimum(a, b)
        return jnp.minimum(a, b)

    return Namespace(
        abs=lambda x: abs(_pair(x)),
        cos=functools.partial(_turned, quarters=1),
        exp=exp,
        floor=floor,
        log=log,
        maximum=_choose(lambda a, b: a >= b),
        minimum=minimum,
        sin=functools.partial(_turned, quarters=0),
        sqrt=sqrt,
        where=where,
        to_float=_pair,
        lesser=lesser,
        clip=lambda steps, least, most: jnp.clip(steps, least, min(most, largest)),
        take=take,
        search=lambda numbers, steps: jnp.searchsorted(table(numbers), steps, side="right").astype(
            jnp.int32
        ),
        largest_step=largest,
    )
