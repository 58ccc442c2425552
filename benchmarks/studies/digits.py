"""A study of seconds, to see how studies go: the digits of scikit-learn, a small network."""

from __future__ import annotations

from typing import Any

import hypercycle as hc

from .plans import fixed, one_cycle, with_constants
from .study import Arm, Grid, Setting, Study, Sweep

SETTING = Setting("digits", "dropout_mlp", batch_size=32)
GRID = Grid((0.01, 0.1), 60)
ITERATIONS = 200


def between_bounds(found: Any, iterations: int) -> hc.Plan:
    return hc.Plan(lr=hc.Cycle(found.low, found.high, iterations // 4), momentum=0.9)


def arm(name: str, plan: Any, rate: Grid | Sweep) -> Arm:
    return Arm(
        name, SETTING, plan, rate, ITERATIONS, 2, evaluations=4, ensembles=(("two", (100, 200)),)
    )


STUDY = Study(
    "digits",
    "Does the harness work? It takes seconds, and nothing is learnt from it.",
    (
        arm("fixed", with_constants(fixed, momentum=0.9), GRID),
        arm("one_cycle", with_constants(one_cycle), GRID),
        arm("range_test", between_bounds, Sweep(1e-4, 3.0, 100)),
    ),
)
