"""S1, the headline: a triangular policy and a fixed rate, and what else there is, on CIFAR-10.

L. N. Smith, arXiv:1506.01186, table 1: 81.4 % after 25,000 iterations instead of 70,000, with
Caffe's "full" network. Here it is the "quick" one: batches of 100, momentum 0.9, weight decay
0.004, the mean subtracted, no augmentation.

At full width there are two settings, each with rates as published. Caffe's own has pixels from 0
to 255, its initial weights, and biases that learn at twice the rate; fixed at the 0.001 of Caffe's
example, triangular between the paper's 0.001 and 0.006. The ported one is that of a reproduction
(github.com/coxy1989/clr): pixels from 0 to 1, PyTorch's initial weights; fixed at the same 0.001,
triangular from 0.0025 to 0.01, where it has 63.16 ± 0.84 % after 4,000 and 71.46 ± 0.43 % after
8,000 iterations, and 63.09 % after 20,000 at the fixed rate. With pixels 255 times smaller, 0.001
is a much slower rate than it is in Caffe. Caffe's momentum has the rate in it, PyTorch's has not:
they differ while the rate changes.

At half width each arm's rate, for cycles the peak, is tuned over the same grid, with a quarter of
the iterations of a run. A shorter trial favours higher fixed rates than a long run does.
"""

from __future__ import annotations

from typing import Any

import hypercycle as hc

from . import plans
from .study import Arm, Grid, Setting, Study

CAFFE = Setting("cifar10", "caffe_quick", bias_rate=2.0)
PORTED = Setting("cifar10", "ported_quick")
HALF = Setting("cifar10", "half_caffe_quick", bias_rate=2.0)

ITERATIONS = 8000
GRID = Grid((0.0005, 0.001, 0.002, 0.005, 0.01), 2000)
CONSTANTS = {"momentum": 0.9, "weight_decay": 0.004}

FIXED_RATE = 0.001
STEP_SIZE = 2000

RATES: dict[str, plans.Rates] = {
    "fixed": plans.fixed,
    "exponential": plans.exponential,
    "linear": plans.linear,
    "one_cycle": plans.one_cycle,
    "triangular": plans.triangular,
    "triangular2": plans.triangular2,
    "exp_range": plans.exp_range,
}


def arm(name: str, setting: Setting, rates: plans.Rates, rate: float | Grid, **more: Any) -> Arm:
    return Arm(name, setting, plans.with_constants(rates, **CONSTANTS), rate, ITERATIONS, **more)


def at_full_width(name: str, setting: Setting, low: float, high: float) -> tuple[Arm, ...]:
    def triangular(peak: float, _: int) -> hc.Cycle:
        return hc.triangular(low, peak, STEP_SIZE)

    return (
        arm(f"{name}_fixed", setting, plans.fixed, FIXED_RATE, seeds=3),
        arm(f"{name}_triangular", setting, triangular, high, seeds=3),
    )


STUDY = Study(
    "cifar10",
    "Does a triangular policy reach a fixed rate's accuracy in a third of the iterations?",
    (
        *at_full_width("caffe", CAFFE, 0.001, 0.006),
        *at_full_width("ported", PORTED, 0.0025, 0.01),
        *(arm(f"half_{name}", HALF, rates, GRID) for name, rates in RATES.items()),
    ),
)
