"""S3: momentum that moves opposite to the learning rate, in phase with it, or not at all.

L. N. Smith, arXiv:1803.09820, on CIFAR-10 with a network of three layers: opposite 81.3 ± 0.1 %, in
phase 80.2 ± 0.1, constant 0.85 79.5, 0.9 80.2, 0.95 81.2: a gain over untuned momentum, and none
over the best constant. Here one triangle of the learning rate over nearly the whole run, as there;
each arm's peak is tuned over the same grid.
"""

from __future__ import annotations

from collections.abc import Callable

import hypercycle as hc

from .study import Arm, Grid, Setting, Study

SETTINGS = {
    "mnist": Setting("mnist", "lenet", batch_size=100),
    "digits": Setting("digits", "mlp", batch_size=32),
}
# About 15 epochs of MNIST's 3,250 samples that are trained on, and of the digits.
ITERATIONS = {"mnist": 480, "digits": 540}
GRIDS = {"mnist": (0.003, 0.01, 0.03, 0.1), "digits": (0.03, 0.1, 0.3, 1.0)}
LOW, HIGH = 0.85, 0.95
WEIGHT_DECAY = 0.0005
# Of the run that the triangle takes; afterwards the rate stays at its base, a tenth of the peak.
PART, BASE = 0.9, 0.1

Momentum = Callable[[hc.Cycle], hc.Cycle | float]

MOMENTA: dict[str, Momentum] = {
    "opposite": lambda lr: lr.opposite(LOW, HIGH),
    "in_phase": lambda lr: hc.Cycle(LOW, HIGH, lr.step_size_up, cycles=1),
    "constant_0.85": lambda _: 0.85,
    "constant_0.9": lambda _: 0.9,
    "constant_0.95": lambda _: 0.95,
}


def arm(data: str, name: str, momentum: Momentum) -> Arm:
    iterations = ITERATIONS[data]

    def plan(peak: float, iterations: int) -> hc.Plan:
        lr = hc.triangular(BASE * peak, peak, round(PART * iterations / 2), cycles=1)
        return hc.Plan(lr=lr, momentum=momentum(lr), weight_decay=WEIGHT_DECAY)

    grid = Grid(GRIDS[data], iterations)
    return Arm(f"{data}_{name}", SETTINGS[data], plan, grid, iterations, seeds=10, evaluations=6)


STUDY = Study(
    "momentum",
    "Does it help to move momentum opposite to the learning rate?",
    tuple(arm(data, *one) for data in SETTINGS for one in MOMENTA.items()),
)
