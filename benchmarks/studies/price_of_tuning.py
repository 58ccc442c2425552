"""S5: what a good rate costs, by a range test and a cycle, and by grids of fixed rates.

L. N. Smith, arXiv:1506.01186, says that cycles practically eliminate the need to find the best
fixed rate, and takes a third or a fourth of the maximum as the base. Here everybody's iterations
are counted, those of the tuning too: a grid of n rates takes n trainings, of which the best one on
validation samples is kept; a range test takes up to 100 updates, for each seed its own.

All train on the same samples. Grids are what people type: decades (3), 1 and 3 of each decade in
the same range (5), and further ones above (8). They are chosen from the fixed arms afterwards, by
``prices()``. After a range test there are our bounds, a third and a fourth of its upper bound as
the base, and, with no cycle, a straight line to zero and one_cycle, from and to that upper bound.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import hypercycle as hc

from .comparing import chosen
from .results import Results
from .study import Arm, Setting, Study, Sweep
from .tuning import Found

SETTINGS = {
    "digits": Setting("digits", "mlp", batch_size=32),
    "mnist": Setting("mnist", "cnn", batch_size=64),
    "italy_power": Setting("italy_power", "mlp", batch_size=32),
    "text": Setting("text", "character_gru", batch_size=16),
}
# Long before the best accuracy, and near it.
BUDGETS = (150, 600)
SEEDS = {"digits": 10, "mnist": 10, "italy_power": 10, "text": 3}
# The lowest rate of the grids by the optimizer.
LOWEST = {"momentum": 1e-3, "nesterov": 1e-3, "adam": 1e-4}
SWEEPS = {
    "momentum": Sweep(1e-5, 10.0, 100),
    "nesterov": Sweep(1e-5, 10.0, 100),
    "adam": Sweep(1e-6, 1.0, 100),
}
EVALUATIONS = 4
STEP_SIZE = 75  # one cycle in the shorter runs, four in the longer ones
# Places in the row of fixed rates.
GRIDS = {"grid of 3": (0, 2, 4), "grid of 5": (0, 1, 2, 3, 4), "grid of 8": tuple(range(8))}


def cycle(low: float, high: float) -> hc.Plan:
    return hc.Plan(lr=hc.triangular(low, high, STEP_SIZE))


POLICIES: dict[str, Callable[[Found, int], hc.Plan]] = {
    "cycle": lambda found, _: cycle(found.low, found.high),
    "third": lambda found, _: cycle(found.high / 3, found.high),
    "fourth": lambda found, _: cycle(found.high / 4, found.high),
    "linear": lambda found, iterations: hc.Plan(lr=hc.Ramp(found.high, 0.0, iterations)),
    "one_cycle": lambda found, iterations: hc.one_cycle(found.high, iterations),
}


def rates(optimizer: str) -> tuple[float, ...]:
    """Return the fixed rates of all grids.

    >>> rates("momentum")
    (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
    """
    lowest = LOWEST[optimizer]
    return tuple(
        float(f"{first * lowest * 10**decade:.0e}") for decade in range(4) for first in (1, 3)
    )


def fixed(rate: float, _: int) -> hc.Plan:
    return hc.Plan(lr=rate)


def arms(data: str, optimizer: str, budget: int) -> Iterator[Arm]:
    """Yield the arms of a data set, an optimizer and a length: fixed rates, and all policies."""
    setting = replace(SETTINGS[data], optimizer=optimizer)
    ways: dict[str, tuple[Callable[[Any, int], hc.Plan], float | Sweep]] = {
        f"fixed_{rate:g}": (fixed, rate) for rate in rates(optimizer)
    }
    ways |= {name: (plan, SWEEPS[optimizer]) for name, plan in POLICIES.items()}
    for name, (plan, rate) in ways.items():
        yield Arm(
            f"{data}_{optimizer}_{budget}_{name}",
            setting,
            plan,
            rate,
            budget,
            SEEDS[data],
            EVALUATIONS,
            keeps_validation=True,
            tuned_as=f"{data}_{optimizer}",
        )


STUDY = Study(
    "price_of_tuning",
    "Do a range test and a cycle reach what grids of fixed rates reach, for fewer iterations?",
    tuple(
        arm
        for data in SETTINGS
        for optimizer in LOWEST
        for budget in BUDGETS
        for arm in arms(data, optimizer, budget)
    ),
)


@dataclass(frozen=True)
class Price:
    """What a policy reaches, and what it takes, for one seed.

    Attributes
    ----------
    accuracy
        On the test samples; NaN where a range test found no bounds.
    iterations
        All that were spent, on tuning too.
    """

    accuracy: float
    iterations: int


def prices(results: Results, data: str, optimizer: str, budget: int, seed: int) -> dict[str, Price]:
    """Return what each grid and each policy reaches with runs of a length.

    Of a grid it is the run that is best on validation samples at its end.
    """
    of = f"{data}_{optimizer}"

    def last(name: str, part: str) -> float:
        curve: dict[int, float] = results.curve(f"{of}_{budget}_{name}", seed, f"{part}_accuracy")
        return curve[max(curve)] if curve else math.nan

    found = {}
    for grid, places in GRIDS.items():
        names = [f"fixed_{rates(optimizer)[place]:g}" for place in places]
        _, accuracy = chosen({one: (last(one, "validation"), last(one, "test")) for one in names})
        found[grid] = Price(accuracy, len(places) * budget)
    swept = next(
        int(row["iterations"])
        for row in results.runs.values()
        if (row["arm"], row["kind"], row["seed"]) == (of, "range test", str(seed))
    )
    policies = {name: Price(last(name, "test"), swept + budget) for name in POLICIES}
    return found | policies
