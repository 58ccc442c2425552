"""S2: the triangular, the Welch and the Hann waveform, equivalent or not.

L. N. Smith, arXiv:1506.01186, section 3.1, found them "equivalent"; the odd one is Blackman's,
which stays low for long and rises late. All run between the bounds that tuning chose for the
triangular one. The question is one for a test of equivalence, with a margin of one point of
accuracy: that no difference is found says nothing.
"""

from __future__ import annotations

from functools import partial

from . import plans
from .cifar10 import CONSTANTS, GRID, HALF, ITERATIONS
from .study import Arm, Study

WAVEFORMS = ("triangular", "welch", "hann", "blackman")


def arm(waveform: str) -> Arm:
    rates = partial(plans.triangular, waveform=waveform)
    plan = plans.with_constants(rates, **CONSTANTS)
    return Arm(waveform, HALF, plan, GRID, ITERATIONS, tuned_as="triangular")


STUDY = Study(
    "waveforms",
    "Are triangular, Welch and Hann waveforms equivalent?",
    tuple(map(arm, WAVEFORMS)),
)
