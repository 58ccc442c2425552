"""``Interval``: the values that a target accepts for a hyperparameter."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hypercycle.namespaces.namespace import Floats


@dataclass(frozen=True)
class Interval:
    """The values that a target accepts for a hyperparameter."""

    least: float = -np.inf
    most: float = np.inf
    most_included: bool = True
    least_included: bool = True

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the greatest float inside."""
        least_inside = self.least_included and self.least > -np.inf
        most_inside = self.most_included and self.most < np.inf
        return (
            self.least if least_inside else math.nextafter(self.least, np.inf),
            self.most if most_inside else math.nextafter(self.most, -np.inf),
        )

    def holds(self, values: Floats) -> bool:
        """Return whether all values are finite and inside."""
        if values.size == 0:
            return True
        least, most = values.min(), values.max()  # NaN compares false
        above = self.least <= least if self.least_included else self.least < least
        below = most <= self.most if self.most_included else most < self.most
        return bool(above and below and np.isfinite(least) and np.isfinite(most))

    def check(self, values: Floats, what: str) -> None:
        """Raise ValueError with the first value that is not finite and inside."""
        for value in values.tolist():
            if not self.holds(np.array([value])):
                raise ValueError(f"{what} accepts values in {self}, its schedule gives {value!r}")

    def __str__(self) -> str:
        left = "(-inf" if self.least == -np.inf else f"{'(['[self.least_included]}{self.least:g}"
        right = "inf)" if self.most == np.inf else f"{self.most:g}{'])'[not self.most_included]}"
        return f"{left}, {right}"


UNLIMITED = Interval()
"""Every finite number."""

_FROM_ZERO = Interval(least=0.0)
_BETA = Interval(least=0.0, most=1.0, most_included=False)
ACCEPTED = {
    "lr": _FROM_ZERO,
    "momentum": Interval(least=0.0, most=1.0),
    "beta1": _BETA,
    "beta2": _BETA,
    "beta3": _BETA,
    "weight_decay": _FROM_ZERO,
    "eps": _FROM_ZERO,
}
"""What optimizers of all frameworks accept, by the neutral name of the hyperparameter."""
