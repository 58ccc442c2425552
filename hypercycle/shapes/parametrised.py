"""Waveforms with parameters: frozen records that are called as waveforms are, ``w(x, xp)``.

Every parameter has a default, so that a plain name is a waveform too. The formulas are written so
that nothing cancels near ``x = 0`` and both ends are hit exactly.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from hypercycle.namespaces.namespace import Namespace
from hypercycle.numbers.checks import finite_number, wrong_value

_HALF_PI = 0.5 * math.pi
# The shortest part of a half that is told from none, also where JAX has float32 alone.
_SHORTEST = 1e-9


@dataclass(frozen=True)
class Polynomial:
    """``w(x) = x^power``: slow at the bottom for powers above 1, at the top for those below.

    Falling it is the polynomial decay ``(1 − t)^power`` of TensorFlow, PyTorch and Transformers.
    By name: ``"polynomial"``, a parabola.

    Parameters
    ----------
    power
        From 0.001 to 1000.

    Raises
    ------
    TypeError, ValueError
        If the power is no number, or out of this range.

    Examples
    --------
    >>> import numpy as np
    >>> from hypercycle.namespaces import NUMPY
    >>> Polynomial(3.0)(np.array([0.0, 0.5, 1.0]), NUMPY).tolist()
    [0.0, 0.125, 1.0]
    """

    power: float = 2.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "power", _in_range(self.power, "power", 1e-3, 1e3))

    def __call__(self, x: Any, xp: Namespace) -> Any:
        """Return ``x ** power``."""
        del xp
        return x**self.power


@dataclass(frozen=True)
class Hold:
    """``w(x) = min(x/part, 1)``: rises over the first ``part`` of the half and holds over the rest.

    With ``step_size_down=0`` it is the cyclical annealing of a KL weight of Fu et al.,
    arXiv:1903.10145, with their ``R = part``. By name: ``"hold"``.

    Parameters
    ----------
    part
        From 1e-9, nearly a jump, to 1, which is triangular.

    Raises
    ------
    TypeError, ValueError
        If the part is no number, or out of this range.

    Examples
    --------
    >>> import numpy as np
    >>> from hypercycle.namespaces import NUMPY
    >>> Hold()(np.array([0.0, 0.25, 0.75, 1.0]), NUMPY).tolist()
    [0.0, 0.5, 1.0, 1.0]
    >>> Hold(0.75)(np.array([0.0, 0.375, 0.75, 1.0]), NUMPY).tolist()
    [0.0, 0.5, 1.0, 1.0]
    """

    part: float = 0.5

    def __post_init__(self) -> None:
        object.__setattr__(self, "part", _in_range(self.part, "part", _SHORTEST, 1.0))

    def __call__(self, x: Any, xp: Namespace) -> Any:
        """Return ``min(x / part, 1)``."""
        return xp.minimum(x / self.part, 1.0)


@dataclass(frozen=True)
class Tukey:
    """``w(x) = sin²(π·min(x/α, 1)/2)``: the Tukey (tapered cosine) window, a smooth ``Hold``.

    By name: ``"tukey"``.

    Parameters
    ----------
    alpha
        The part of the window that is tapered, as in ``scipy.signal.windows.tukey``: from 1e-9,
        nearly a jump, to 1, which is the Hann window.

    Raises
    ------
    TypeError, ValueError
        If alpha is no number, or out of this range.

    Examples
    --------
    >>> import numpy as np
    >>> from hypercycle.namespaces import NUMPY
    >>> Tukey(0.25)(np.array([0.0, 0.125, 0.25, 1.0]), NUMPY).round(12).tolist()
    [0.0, 0.5, 1.0, 1.0]
    """

    alpha: float = 0.5

    def __post_init__(self) -> None:
        object.__setattr__(self, "alpha", _in_range(self.alpha, "alpha", _SHORTEST, 1.0))

    def __call__(self, x: Any, xp: Namespace) -> Any:
        """Return ``sin²(π·min(x/α, 1)/2)``."""
        s = xp.sin(xp.minimum(x / self.alpha, 1.0) * _HALF_PI)
        return s * s


@dataclass(frozen=True)
class Kaiser:
    r"""The Kaiser window on its pedestal's height: from 0, where the window starts at 1/I₀(β).

    .. math:: w(x) = \frac{I_0(\beta\sqrt{x (2 - x)}) - 1}{I_0(\beta) - 1}

    with the modified Bessel function :math:`I_0`; by its series a polynomial in ``x·(2 − x)`` with
    positive coefficients, in which nothing cancels. By name: ``"kaiser"``. J. F. Kaiser and R. W.
    Schafer, "On the use of the I0-sinh window for spectrum analysis", IEEE Trans. ASSP 28 (1980).

    Parameters
    ----------
    beta
        The shape, from 0 (the Welch window) to 50, as in ``scipy.signal.windows.kaiser``: 6 is
        close to the Hann window, 8.6 to Blackman's.

    Raises
    ------
    TypeError, ValueError
        If beta is no number, or out of this range.

    Examples
    --------
    >>> import numpy as np
    >>> from hypercycle.namespaces import NUMPY
    >>> Kaiser(14.0)(np.array([0.0, 0.5, 1.0]), NUMPY).round(4).tolist()
    [0.0, 0.1649, 1.0]
    """

    beta: float = 8.6

    def __post_init__(self) -> None:
        object.__setattr__(self, "beta", _in_range(self.beta, "beta", 0.0, 50.0))

    def __call__(self, x: Any, xp: Namespace) -> Any:
        """Return the polynomial's value."""
        s = x * (2.0 - x)
        *others, total = _kaiser_coefficients(self.beta)
        for coefficient in reversed(others):
            total = total * s + coefficient
        return xp.where(x < 1.0, xp.minimum(total * s, 1.0), 1.0)


@dataclass(frozen=True)
class Rex:
    """``w(x) = x / (1 − d·(1 − x))``: falling it is REX, ``(1 − t) / (1 − d·t)``.

    J. Chen, C. Wolfe and A. Kyrillidis, "REX: Revisiting budgeted training with an improved
    schedule", arXiv:2107.04197, have ``d = ½``. For the decay of the paper let a cycle fall,
    ``Cycle(end, peak, 0, steps, waveform=Rex(), cycles=1)``. A ramp runs a waveform forwards, and
    has the decay with ``Ramp(peak, end, steps, Rex(-1.0))``: ``−d/(1 − d)`` reads it from the other
    end. By name: ``"rex"``.

    Parameters
    ----------
    d
        From −999 to 0.999: above 0 fast at the bottom, below 0 at the top, 0 is triangular.

    Raises
    ------
    TypeError, ValueError
        If d is no number, or out of this range.

    Examples
    --------
    >>> import numpy as np
    >>> from hypercycle.namespaces import NUMPY
    >>> Rex()(np.array([0.0, 0.5, 1.0]), NUMPY).round(4).tolist()
    [0.0, 0.6667, 1.0]
    """

    d: float = 0.5

    def __post_init__(self) -> None:
        object.__setattr__(self, "d", _in_range(self.d, "d", -999.0, 0.999))

    def __call__(self, x: Any, xp: Namespace) -> Any:
        """Return ``x / (1 − d·(1 − x))``."""
        d = self.d
        # Sums of what is positive: nothing cancels.
        below = (1.0 - d) + d * x if d >= 0.0 else 1.0 - d * (1.0 - x)
        return xp.where(x < 1.0, xp.minimum(x / below, 1.0), 1.0)


@functools.lru_cache(maxsize=64)
def _kaiser_coefficients(beta: float) -> tuple[float, ...]:
    """Return the coefficients of s, s², … of which the sum is 1; what is below 2^−60 is left out.

    I₀(z) − 1 = Σ (z²/4)^k / (k!)² over k from 1.
    """
    quarter = Fraction(beta) ** 2 / 4
    terms, k = [Fraction(1)], 1
    while k <= beta or terms[-1] * 2**60 > 1:  # they rise up to about k = β/2
        k += 1
        terms.append(terms[-1] * quarter / k**2)
    total = sum(terms)
    return tuple(float(term / total) for term in terms)


def _in_range(value: Any, name: str, least: float, most: float) -> float:
    number = finite_number(value, name)
    if not least <= number <= most:
        raise wrong_value(value, name, f"must be from {least:g} to {most:g}")
    return number
