"""A plugin of hypercycle: the waveform ``poly``, the scale ``inverse_time``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from hypercycle import hookimpl


def poly(x: Any, xp: Any) -> Any:
    """``w(x) = x^0.9``: falling it is ``(1 − step / total_steps)^0.9``.

    Source: L.-C. Chen et al., "DeepLab", arXiv:1606.00915, where it is called "poly".

    >>> import hypercycle as hc
    >>> lr = hc.Cycle(0.0, 0.01, 0, step_size_down=1000, waveform=poly)
    >>> [round(lr(step), 5) for step in (0, 500, 999)]
    [0.01, 0.00536, 2e-05]
    """
    del xp
    return x**0.9


@dataclass(frozen=True)
class InverseTime:
    """``scale = 1 / (1 + rate · cycle)``: each cycle lower than the one before.

    These are the step sizes ``a / n`` of H. Robbins and S. Monro, "A Stochastic
    Approximation Method", Ann. Math. Statist. 22 (1951): their sum is infinite, that
    of their squares is not.

    Raises
    ------
    ValueError
        If ``rate`` is not a finite number, 0 or above.

    Examples
    --------
    >>> [InverseTime()(float(cycle), 0.0, None) for cycle in range(4)]
    [1.0, 0.5, 0.3333333333333333, 0.25]
    """

    rate: float = 1.0

    def __post_init__(self) -> None:
        if not (isfinite(self.rate) and self.rate >= 0.0):
            raise ValueError(f"rate must be finite, 0 or above, got rate={self.rate!r}")

    def __call__(self, cycle: Any, step: Any, xp: Any) -> Any:
        """Return ``1 / (1 + rate · cycle)``."""
        del step, xp
        return 1.0 / (1.0 + self.rate * cycle)


@hookimpl
def hypercycle_waveforms() -> Mapping[str, Callable[..., Any]]:
    """Return the waveforms by the names that users write."""
    return {"poly": poly}


@hookimpl
def hypercycle_scales() -> Mapping[str, Callable[..., Any]]:
    """Return the scale policies by the names that users write."""
    return {"inverse_time": InverseTime}
