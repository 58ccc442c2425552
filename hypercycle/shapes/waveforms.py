r"""Waveforms: the shape of one half of a cycle.

A waveform is a plain function ``w(x, xp)`` from the unit interval to itself with ``w(0) = 0`` and
``w(1) = 1``: a window function of signal processing, read from its edge (``x = 0``) to its centre
(``x = 1``). A cycle runs it forwards while it rises and backwards while it falls. One with
parameters is a frozen record, :mod:`hypercycle.shapes.parametrised`.

``x`` is a float64 array in [0, 1] of any of the supported libraries and ``xp`` the small namespace
of functions that each of them has (see :mod:`hypercycle.namespaces`). The formulas are written so
that nothing cancels near ``x = 0`` and both ends are hit exactly.

Sources: S. W. Smith, *The Scientist and Engineer's Guide to DSP*; F. J. Harris, "On the use of
windows for harmonic analysis with the discrete Fourier transform", Proc. IEEE 66 (1978); L. N.
Smith, "Cyclical Learning Rates for Training Neural Networks", arXiv:1506.01186, section 3.1, for
the triangular, Welch and Hann windows as learning-rate policies.
"""

from __future__ import annotations

import math
from typing import Any

from hypercycle.namespaces.namespace import Namespace, Waveform
from hypercycle.shapes.parametrised import Hold, Kaiser, Polynomial, Rex, Tukey

_HALF_PI = 0.5 * math.pi


def triangular(x: Any, xp: Namespace) -> Any:
    """``w(x) = x``: the triangular (Bartlett) window, a straight line.

    >>> from hypercycle.namespaces import NUMPY
    >>> triangular(0.25, NUMPY)
    0.25
    """
    del xp
    return x


def welch(x: Any, xp: Namespace) -> Any:
    """``w(x) = 1 − (1 − x)²``, computed as ``x·(2 − x)``: the Welch (parabolic) window.

    >>> from hypercycle.namespaces import NUMPY
    >>> welch(0.5, NUMPY)
    0.75
    """
    del xp
    return x * (2.0 - x)


def hann(x: Any, xp: Namespace) -> Any:
    """``w(x) = (1 − cos πx) / 2``, computed as ``sin²(πx/2)``: the Hann (raised cosine) window.

    >>> import numpy as np
    >>> from hypercycle.namespaces import NUMPY
    >>> hann(np.array([0.0, 0.5, 1.0]), NUMPY).round(12).tolist()
    [0.0, 0.5, 1.0]
    """
    s = xp.sin(x * _HALF_PI)
    return s * s


def sine(x: Any, xp: Namespace) -> Any:
    """``w(x) = sin(πx/2)``: the sine window, fast at the bottom and round at the top.

    >>> import numpy as np
    >>> from hypercycle.namespaces import NUMPY
    >>> sine(np.array([0.0, 1 / 3, 1.0]), NUMPY).round(12).tolist()
    [0.0, 0.5, 1.0]
    """
    return xp.sin(x * _HALF_PI)


def blackman(x: Any, xp: Namespace) -> Any:
    """``w(x) = 0.42 − 0.5 cos πx + 0.08 cos 2πx``: the Blackman window.

    Computed as ``s·(0.36 + 0.64·s)`` with ``s = sin²(πx/2)``.

    >>> import numpy as np
    >>> from hypercycle.namespaces import NUMPY
    >>> blackman(np.array([0.0, 0.5, 1.0]), NUMPY).round(12).tolist()
    [0.0, 0.34, 1.0]
    """
    s = hann(x, xp)
    return s * (0.36 + 0.64 * s)


def bartlett_hann(x: Any, xp: Namespace) -> Any:
    """``w(x) = 0.38 + 0.24·x − 0.38 cos πx``: the Bartlett–Hann window.

    Computed as ``0.24·x + 0.76·sin²(πx/2)``.

    >>> import numpy as np
    >>> from hypercycle.namespaces import NUMPY
    >>> bartlett_hann(np.array([0.0, 0.5, 1.0]), NUMPY).round(12).tolist()
    [0.0, 0.5, 1.0]
    """
    return 0.24 * x + 0.76 * hann(x, xp)


def parzen(x: Any, xp: Namespace) -> Any:
    """``w(x) = 2x³`` up to ``x = ½``, then ``1 − 6(1 − x)²·x``: the Parzen window.

    >>> import numpy as np
    >>> from hypercycle.namespaces import NUMPY
    >>> parzen(np.array([0.0, 0.5, 1.0]), NUMPY).tolist()
    [0.0, 0.25, 1.0]
    """
    rest = 1.0 - x
    return xp.where(x < 0.5, 2.0 * x * x * x, 1.0 - 6.0 * rest * rest * x)


def lanczos(x: Any, xp: Namespace) -> Any:
    """``w(x) = sin(πu) / (πu)`` with ``u = 1 − x``: the Lanczos (sinc) window.

    >>> import numpy as np
    >>> from hypercycle.namespaces import NUMPY
    >>> lanczos(np.array([0.0, 0.5, 1.0]), NUMPY).round(4).tolist()
    [0.0, 0.6366, 1.0]
    """
    rest = 1.0 - x
    # sin(π·min(x, 1 − x)) = sin(πx), without the rounding of πx near π.
    safe = xp.where(rest > 0.0, rest, 1.0)
    sinc = xp.sin(math.pi * xp.minimum(x, rest)) / (math.pi * safe)
    return xp.where(rest > 0.0, xp.minimum(sinc, 1.0), 1.0)


def exponential(x: Any, xp: Namespace) -> Any:
    """``w(x) = (e^(5x) − 1) / (e⁵ − 1)``: slow at the bottom, a spike at the top.

    >>> import numpy as np
    >>> from hypercycle.namespaces import NUMPY
    >>> exponential(np.array([0.0, 0.5, 1.0]), NUMPY).round(4).tolist()
    [0.0, 0.0759, 1.0]
    """
    # e^u − 1 without cancellation, by W. Kahan: (e^u − 1)·u / log(e^u). The choice inside the
    # logarithm keeps compilers from simplifying log(exp(u)) to u.
    u = 5.0 * x
    e = xp.exp(u)
    flat = e == 1.0
    accurate = (e - 1.0) * u / xp.log(xp.where(flat, 2.0, e))
    rise = xp.where(flat, u, accurate) / math.expm1(5.0)
    return xp.where(x < 1.0, xp.minimum(rise, 1.0), 1.0)


def sqrt(x: Any, xp: Namespace) -> Any:
    """``w(x) = √x``; falling it is the "1-sqrt" cooldown of Hägele et al., arXiv:2405.18392.

    >>> import numpy as np
    >>> from hypercycle.namespaces import NUMPY
    >>> sqrt(np.array([0.0, 0.25, 1.0]), NUMPY).tolist()
    [0.0, 0.5, 1.0]
    """
    return xp.sqrt(x)


hold, tukey = Hold(), Tukey()

WAVEFORMS: dict[str, Waveform] = {
    "triangular": triangular,
    "linear": triangular,
    "welch": welch,
    "hann": hann,
    "cosine": hann,
    "sine": sine,
    "blackman": blackman,
    "bartlett_hann": bartlett_hann,
    "parzen": parzen,
    "lanczos": lanczos,
    "exponential": exponential,
    "sqrt": sqrt,
    "hold": hold,
    "tukey": tukey,
    "polynomial": Polynomial(),
    "kaiser": Kaiser(),
    "rex": Rex(),
}
"""The built-in waveforms by name; ``linear`` is ``triangular`` and ``cosine`` is ``hann``.

Those with parameters are here with the default ones.
"""
