r"""Waveforms: the shape of one half of a cycle.

A waveform is a plain function ``w(x, xp)`` from the unit interval to itself with ``w(0) = 0`` and
``w(1) = 1``: a window function of signal processing, read from its edge (``x = 0``) to its centre
(``x = 1``). A cycle runs it forwards while it rises and backwards while it falls.

``x`` is a float64 array in [0, 1] of any of the supported libraries and ``xp`` the small namespace
of functions that each of them has (see :mod:`hypercycle.namespaces`). The formulas are written so
that nothing cancels near ``x = 0`` and both ends are hit exactly.

Sources: S. W. Smith, *The Scientist and Engineer's Guide to DSP*; F. J. Harris, "On the use of
windows for harmonic analysis with the discrete Fourier transform", Proc. IEEE 66 (1978); L. N.
Smith, "Cyclical Learning Rates for Training Neural Networks", arXiv:1506.01186, section 3.1, for
the triangular, Welch and Hann windows as learning-rate policies.
"""

from hypercycle.shapes.waveforms import (
    WAVEFORMS,
    bartlett_hann,
    blackman,
    exponential,
    hann,
    hold,
    lanczos,
    parzen,
    sine,
    sqrt,
    triangular,
    tukey,
    welch,
)

__all__ = [
    "WAVEFORMS",
    "bartlett_hann",
    "blackman",
    "exponential",
    "hann",
    "hold",
    "lanczos",
    "parzen",
    "sine",
    "sqrt",
    "triangular",
    "tukey",
    "welch",
]
