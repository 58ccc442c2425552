"""``PowerLaw``: a power of the step, as in decays that know no end of the run."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, Unpack

from hypercycle.namespaces.namespace import ONE_STEP, Namespace, apply
from hypercycle.numbers.caching import computed_once
from hypercycle.numbers.checks import LARGEST_LENGTH, finite_number, is_traced
from hypercycle.numbers.lengths import (
    Facts,
    Length,
    Units,
    checked_length,
    in_steps,
    resolved_length,
)
from hypercycle.schedules.printing import record_repr
from hypercycle.schedules.scalars import OneValue
from hypercycle.schedules.schedule import Record

# How many of its units or shifts show what it does.
_SHOWN = 10


@dataclass(frozen=True, repr=False)
class PowerLaw(Record):
    r"""A power of the step, for ever.

    .. math::

        value = offset + factor \cdot \left(\frac{step + shift}{unit}\right)^{exponent}

    held between ``low`` and ``high`` where these are given. With an exponent below 0 the count
    ``step + shift`` is at least 1: nothing is divided by 0, and step 0 has the value of step 1
    where nothing is shifted. The count is exact, the power float64: step 10¹² is as exact as step
    10.

    Parameters
    ----------
    factor, exponent
        Finite numbers.
    unit, shift
        Whole steps, ``unit`` at least 1, or lengths with a unit (``"5%"``).
    offset
        What a falling power comes down to. With ``factor=-1``, ``offset=1`` it is 1 − power.
    low, high
        Bounds of the value, or None.

    Raises
    ------
    TypeError, ValueError
        If a number is not finite, a length is no length, or ``low`` is above ``high``.

    Notes
    -----
    The inverse square root of A. Vaswani et al., arXiv:1706.03762, section 5.3, is
    :func:`~hypercycle.inverse_sqrt`. The power scheduler of Y. Shen et al., arXiv:2408.13359,
    ``min(η_max, β·a·n^b)`` with n tokens, T of them in an update, is ``PowerLaw(β·a·T**b, b,
    high=η_max)``. β₂ of N. Shazeer and M. Stern's Adafactor, arXiv:1804.04235, section 7.1,
    ``1 − t^(−0.8)`` with t from 1, is ``PowerLaw(-1.0, -0.8, shift=1, offset=1.0)``.

    Examples
    --------
    >>> lr = PowerLaw(0.001, -0.5, unit=4000, shift=4000)
    >>> lr(0), lr(12_000)
    (0.001, 0.0005)
    >>> beta2 = PowerLaw(-1.0, -0.8, shift=1, offset=1.0)
    >>> [round(beta2(step), 4) for step in (0, 9, 99, 999)]
    [0.0, 0.8415, 0.9749, 0.996]
    >>> PowerLaw(4.0, -0.51, high=0.02)(0)
    0.02
    """

    factor: float
    exponent: float
    _: KW_ONLY
    unit: Length = 1
    shift: Length = 0
    offset: float = 0.0
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        for name in ("factor", "exponent", "offset", "low", "high"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, finite_number(value, name))
        object.__setattr__(self, "unit", checked_length(self.unit, "unit", minimum=1))
        object.__setattr__(self, "shift", checked_length(self.shift, "shift"))
        low, high = self._bounds
        known = not any(bound is None or is_traced(bound) for bound in self._bounds)
        if known and low > high:
            raise ValueError(f"low must not be above high, got {low=}, {high=}")

    @property
    def _bounds(self) -> tuple[Any, Any]:
        return self.low, self.high

    def __repr__(self) -> str:
        return record_repr(self, positional=("factor", "exponent"))

    def evaluate(self, step: Any, xp: Namespace) -> Any:
        """Return float64 values at int64 steps in the namespace ``xp``."""
        count = xp.to_float(step) + float(in_steps(self.shift, "shift"))
        if self.exponent < 0.0:
            count = xp.maximum(count, 1.0)
        exponent = self.exponent
        power = apply(lambda x, _: x**exponent, xp, count / float(in_steps(self.unit, "unit")))
        value = self.offset + self.factor * power
        if self.low is not None:
            value = xp.maximum(value, self.low)
        return value if self.high is None else xp.minimum(value, self.high)

    @computed_once
    def at_one_step(self) -> OneValue | None:
        """The value at one step as a function; None where JAX is tracing a number of it."""
        if any(map(is_traced, (self.factor, self.offset, *self._bounds))):
            return None

        def value(step: int) -> float:
            result = float(self.evaluate(step, ONE_STEP))
            if not math.isfinite(result):
                raise OverflowError
            return result

        return value

    def reached(self) -> list[float]:
        """Return the first value and the last, or the bound that it grows to; [] without one."""
        if not self.resolved or self.at_one_step is None:
            return [bound for bound in self._bounds if bound is not None]
        if self.exponent < 0.0:
            return [self(0), self(LARGEST_LENGTH)]
        bound = self.high if self.factor > 0.0 else self.low
        return [] if bound is None else [self(0), bound]

    def known_range(self) -> tuple[float, float] | None:
        """Return the least and the greatest bound; None without both, or with an open length."""
        return super().known_range() if len(self.reached()) > 1 else None

    def shown_in(self, cycles: int) -> int:
        """Return some of its units and shifts."""
        del cycles
        longest = max(in_steps(self.unit, "unit"), in_steps(self.shift, "shift"), _SHOWN)
        return min(_SHOWN * longest, LARGEST_LENGTH)

    @property
    def resolved(self) -> bool:
        """Whether both lengths are in steps."""
        return isinstance(self.unit, int) and isinstance(self.shift, int)

    def resolve(self, **facts: Unpack[Facts]) -> PowerLaw:
        """Return the power law with both lengths in steps.

        >>> PowerLaw(0.1, -0.5, unit="1%", shift="1%").resolve(total_steps=1000)
        PowerLaw(0.1, -0.5, unit=10, shift=10)
        """
        units = Units(**facts)
        unit = resolved_length(self.unit, "unit", units)
        return replace(self, unit=unit, shift=resolved_length(self.shift, "shift", units))
