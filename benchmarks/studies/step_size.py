"""S4: how long a cycle is to be, where to stop, and what networks of its ends make together.

L. N. Smith, arXiv:1506.01186, section 3.2: step sizes of 2 to 10 epochs do about equally well, and
training is to stop where a cycle ends. G. Huang et al., arXiv:1704.00109, average the networks of
the ends; I. Loshchilov and F. Hutter, arXiv:1608.03983, found that such a number of them elsewhere
gives nothing. All arms run between the bounds that tuning chose for a step size of 5 epochs, for
20 epochs, and end where a cycle ends.
"""

from __future__ import annotations

import hypercycle as hc

from .cifar10 import CONSTANTS, GRID, HALF
from .comparing import Curve
from .plans import BASE
from .study import Arm, Ensembles, Grid, Study

EPOCH = 450  # of the 45,000 images that are left to train on, in batches of 100
EPOCHS = 20
STEP_SIZES = (1, 2, 5, 10)
TUNED = 5
MEMBERS = 3


def ensembles(step_size: int) -> Ensembles:
    """Return the last ends of cycles, the last peaks, and the last epochs, three or what there is.

    >>> ensembles(5)
    (('ends', (4500, 9000)), ('peaks', (2250, 6750)), ('last epochs', (8550, 9000)))
    """
    ends = range(2 * step_size, EPOCHS + 1, 2 * step_size)[-MEMBERS:]
    chosen = {
        "ends": tuple(ends),
        "peaks": tuple(end - step_size for end in ends),
        "last epochs": tuple(range(EPOCHS + 1 - len(ends), EPOCHS + 1)),
    }
    return tuple((name, tuple(EPOCH * one for one in epochs)) for name, epochs in chosen.items())


def arm(step_size: int) -> Arm:
    def plan(peak: float, iterations: int) -> hc.Plan:
        lr = hc.triangular(BASE * peak, peak, iterations * step_size // EPOCHS)
        return hc.Plan(lr=lr, **CONSTANTS)

    return Arm(
        f"epochs_{step_size}",
        HALF,
        plan,
        Grid(GRID.rates, EPOCH * EPOCHS // 4),
        EPOCH * EPOCHS,
        seeds=3,
        evaluations=EPOCHS,
        keeps_validation=True,
        tuned_as=f"epochs_{TUNED}",
        ensembles=ensembles(step_size),
    )


STUDY = Study(
    "step_size",
    "Do step sizes from 1 to 10 epochs do equally well, and are the ends of cycles where to stop?",
    tuple(map(arm, STEP_SIZES)),
)


def stopped(validation: Curve, patience: int, cycle: int = 1) -> int:
    """Return where early stopping ends a run: iterations without a new best, at a cycle's end.

    Parameters
    ----------
    validation
        The accuracy by iteration.
    patience
        Iterations since the best one, at least.
    cycle
        The length of a cycle, whose end is waited for; 1 to wait for none.

    Examples
    --------
    >>> validation = {100: 0.5, 200: 0.6, 300: 0.55, 400: 0.58, 500: 0.7}
    >>> stopped(validation, 100), stopped(validation, 100, cycle=400), stopped(validation, 300)
    (300, 400, 500)
    """
    best, best_at = -1.0, 0
    for iteration in sorted(validation):
        if validation[iteration] > best:
            best, best_at = validation[iteration], iteration
        if iteration - best_at >= patience and iteration % cycle == 0:
            return iteration
    return max(validation)
