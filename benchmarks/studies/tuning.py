"""From arms to runs: where rates come from, the same effort for each arm."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .results import Results
from .study import Arm, Grid, Run, Study, Sweep, evaluation_points

# Of the trainings that tune; the final ones count from 0.
TUNING_SEED = 1000
KNOWN = ("train", "validation")


@dataclass(frozen=True)
class Found:
    """The bounds that a range test found; see ``hypercycle.Bounds``."""

    low: float
    high: float
    best: float


def tuning_runs(study: Study, arm: Arm, seeds: int) -> Iterator[Run]:
    """Yield what comes before an arm's final runs: its grid, its range tests, or nothing."""
    if isinstance(arm.rate, Grid):
        # An arm that takes another's rate has that one's plans tried.
        owner = next((one for one in study.arms if one.name == arm.tuning_name), arm)
        yield from (_trial(study, owner, arm.rate, rate) for rate in arm.rate.rates)
    elif isinstance(arm.rate, Sweep):
        for seed in range(seeds):
            yield Run(
                study.name,
                arm.tuning_name,
                "range test",
                seed,
                arm.setting,
                None,
                math.nan,
                arm.rate.steps,
                (),
                ("train",),
                (),
                arm.rate,
            )


def _trial(study: Study, arm: Arm, grid: Grid, rate: float) -> Run:
    return Run(
        study.name,
        arm.name,
        "tuning",
        TUNING_SEED,
        arm.setting,
        arm.plan(rate, grid.iterations),
        rate,
        grid.iterations,
        (grid.iterations,),
        ("train",),
        ("validation",),
    )


def final_runs(study: Study, arm: Arm, seeds: int, results: Results) -> Iterator[Run]:
    """Yield an arm's final runs, when its tuning is in the results.

    There is none for a seed whose range test found no bounds.
    """
    before = list(tuning_runs(study, arm, seeds))
    for seed in range(seeds):
        rate: Any = arm.rate
        if isinstance(arm.rate, Grid):
            rate = best_rate(before, results)
        elif isinstance(arm.rate, Sweep):
            bounds = results.bounds(before[seed])
            if bounds is None:
                continue
            rate = Found(**bounds)
        yield Run(
            study.name,
            arm.name,
            "final",
            seed,
            arm.setting,
            arm.plan(rate, arm.iterations),
            math.nan if isinstance(rate, Found) else rate,
            arm.iterations,
            evaluation_points(arm.iterations, arm.evaluations),
            ("train",) if arm.keeps_validation else KNOWN,
            ("validation", "test") if arm.keeps_validation else ("test",),
            ensembles=arm.ensembles,
        )


def best_rate(trials: list[Run], results: Results) -> float:
    """Return the rate with the highest accuracy on validation samples; of equals, the lowest."""
    accuracies = [results.trial(run.name) for run in trials]
    rates = [run.rate for run in trials]
    highest = max(accuracies)
    return min(rate for rate, one in zip(rates, accuracies, strict=True) if one == highest)
