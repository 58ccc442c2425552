r"""Scale policies: the factor that shrinks (or grows) a cycle as training goes on.

A scale policy is a callable ``scale(cycle, step, xp)``: ``cycle`` is the number of the cycle from
0, ``step`` the number of updates made, both as float64 arrays, ``xp`` the namespace of
:mod:`hypercycle.namespaces`. What the factor multiplies is said by ``Cycle(scale_of=…)``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from hypercycle.namespaces.namespace import NUMPY, Namespace, Scale
from hypercycle.numbers.checks import positive_number


@dataclass(frozen=True)
class Unscaled:
    """``scale = 1``: every cycle is as high as the first. By name: ``"constant"``.

    >>> Unscaled()(3.0, 7.0, None)
    1.0
    """

    def __call__(self, cycle: Any, step: Any, xp: Namespace) -> Any:
        """Return 1."""
        del cycle, step, xp
        return 1.0


@dataclass(frozen=True)
class Halving:
    """``scale = 2^(−cycle)``: each cycle half as high, the "triangular2" of arXiv:1506.01186.

    Underflows to 0 after 1,074 cycles and never overflows.

    >>> [Halving()(float(cycle), 0.0, None) for cycle in range(4)]
    [1.0, 0.5, 0.25, 0.125]
    """

    def __call__(self, cycle: Any, step: Any, xp: Namespace) -> Any:
        """Return ``0.5 ** cycle``."""
        del step, xp
        return 0.5**cycle


@dataclass(frozen=True)
class Exponential:
    """``scale = γ^step`` or ``γ^cycle``: the "exp_range" of arXiv:1506.01186.

    Parameters
    ----------
    gamma
        The factor per step or cycle, > 0. With γ > 1 the wave grows; a value that overflows is an
        error where it is computed.
    per
        ``"step"`` counts the updates since the very first one, ``"cycle"`` the cycles.

    Raises
    ------
    ValueError
        If γ is not a finite number above zero, or ``per`` is neither of the two words.

    Examples
    --------
    >>> Exponential(0.5)(0.0, 3.0, None), Exponential(0.5, per="cycle")(1.0, 3.0, None)
    (0.125, 0.5)
    """

    gamma: float
    per: Literal["step", "cycle"] = "step"

    def __post_init__(self) -> None:
        object.__setattr__(self, "gamma", positive_number(self.gamma, "gamma"))
        if self.per not in ("step", "cycle"):
            raise ValueError(f"per must be 'step' or 'cycle', got {self.per!r}")

    def __call__(self, cycle: Any, step: Any, xp: Namespace) -> Any:
        """Return ``gamma ** step`` or ``gamma ** cycle``."""
        del xp
        return self.gamma ** (step if self.per == "step" else cycle)


SCALES: dict[str, Callable[..., Scale]] = {
    "constant": Unscaled,
    "halving": Halving,
    "exponential": Exponential,
}
"""The built-in scale policies by name: factories that take the policy's parameters."""


def validated_scale(scale: Any) -> Scale:
    """Return a user's own scale policy after one call of it.

    Raises
    ------
    TypeError
        If it cannot be called as ``scale(cycle, step, xp)``.
    ValueError
        If the factor at the first step is not a finite number.
    """
    help_text = "a scale policy is called as scale(cycle, step, xp) and returns the factor"
    if not callable(scale):
        raise TypeError(
            f"scale must be a registered name or a function, got {scale!r}; {help_text}"
        )
    start = np.zeros(1)
    try:
        with np.errstate(all="ignore"):
            factor = np.asarray(scale(start, start, NUMPY), dtype=np.float64)
    except Exception as error:
        raise TypeError(f"calling scale={scale!r} failed: {error}; {help_text}") from error
    if not np.isfinite(factor).all():
        raise ValueError(f"scale={scale!r} gives {factor.tolist()} at step 0; {help_text}")
    return scale  # type: ignore[no-any-return]
