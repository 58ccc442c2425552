"""How far off the bounds of a range test are, beside the peers' suggestions, on known curves.

``OMP_NUM_THREADS=1 python benchmarks/range_test.py [--quick] [--write docs/benchmarks.md]``
"""

from __future__ import annotations

import contextlib
import functools
import io
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from timing import QUICK, Effort, arguments, installed, machine, report, section, table

import hypercycle as hc
from hypercycle.range_test.divergence import points_to_keep

FIRST, LAST = -7.0, 1.0  # of the sweep, in decades
AIMS = ("low", "steepest", "best")
ACCURACY_AIMS = ("low", "steepest", "high")
HALF_A_DECADE = 0.5

Curve = Callable[[np.ndarray], np.ndarray]
Noise = Callable[[np.ndarray, np.random.Generator], np.ndarray]
Setting = tuple[int, float, Noise]  # points, standard deviation, kind


def step(x: np.ndarray, middle: float, steepness: float) -> np.ndarray:
    """Return a smooth step from 1 to 0 over the decades."""
    return 1.0 / (1.0 + np.exp(np.clip(steepness * (x - middle), -500, 500)))


def wall(x: np.ndarray, middle: float, steepness: float) -> np.ndarray:
    """Return the loss that divergence adds, without end."""
    return np.exp(np.minimum(steepness * (x - middle), 50.0))


CURVES: dict[str, Curve] = {
    "one descent": lambda x: 0.8 + 1.5 * step(x, -2.5, 3) + 0.16 * wall(x, -0.3, 6),
    "slow descent": lambda x: 0.8 + 1.5 * step(x, -2.5, 1.6) + 0.2 * wall(x, -0.3, 8),
    "early divergence": lambda x: 1.4 + 0.9 * step(x, -3.2, 4) + 0.1 * wall(x, -2.2, 10),
    "flat start": lambda x: 0.3 + 2.0 * step(x, -0.8, 4) + 0.1 * wall(x, 0.25, 9),
    "later slope greater": lambda x: (
        0.5 + 0.6 * step(x, -4.2, 4) + 1.3 * step(x, -1.8, 4) + 0.1 * wall(x, -0.3, 8)
    ),
    "first slope greater": lambda x: (
        0.5 + 1.3 * step(x, -4.2, 4) + 0.6 * step(x, -1.8, 4) + 0.1 * wall(x, -0.3, 8)
    ),
    "wall": lambda x: 30.8 + 1.5 * step(x, -2.5, 3) - 30.0 * step(x, -0.6, 30),
    "flat valley": lambda x: 0.8 + 1.5 * step(x, -4.0, 4) + 0.2 * wall(x, 0.2, 4),
    "straight descent": lambda x: (
        2.3 - 1.2 * np.logaddexp(0.0, 2.5 * (x + 3)) / 2.5 + 0.3 * wall(x, -0.8, 5)
    ),
}


CHANCE = 0.1


def accuracy(middle: float, steepness: float, top: float, collapse: float) -> Curve:
    """Return an accuracy that rises from chance and falls back to it."""
    return lambda x: (
        CHANCE + (top - CHANCE) * (1 - step(x, middle, steepness)) * step(x, collapse, 10)
    )


ACCURACIES: dict[str, Curve] = {
    "without end": accuracy(-2.5, 3, 0.9, 9.0),
    "collapse": accuracy(-2.5, 3, 0.9, -0.3),
    "slow rise": accuracy(-2.5, 1.8, 0.85, -0.2),
    "early collapse": accuracy(-3.0, 3, 0.7, -1.2),
    "late rise": accuracy(-1.5, 3.5, 0.9, 0.2),
}


def white(y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal(y.size)


def relative(y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.maximum(y, 0.2) * rng.standard_normal(y.size)


def correlated(y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    noise = rng.standard_normal(y.size)
    for i in range(1, y.size):
        noise[i] = 0.7 * noise[i - 1] + math.sqrt(1 - 0.7**2) * noise[i]
    return noise


def spiky(y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rng.standard_t(2, y.size)


def above_chance(y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return what makes a network's accuracy ragged: none before it has learned something."""
    return (y - CHANCE) * rng.standard_normal(y.size)


SETTINGS: list[Setting] = [
    (30, 0.02, white),
    (100, 0.02, white),
    (300, 0.02, white),
    (1000, 0.02, white),
    (4000, 0.02, white),
    (100, 0.1, white),
    (1000, 0.2, white),
    (300, 0.05, relative),
    (300, 0.05, correlated),
    (300, 0.03, spiky),
]
ACCURACY_SETTINGS: list[Setting] = [
    (30, 0.1, above_chance),
    (30, 0.2, above_chance),
    (100, 0.1, above_chance),
    (100, 0.2, above_chance),
    (300, 0.1, above_chance),
]


def truth(curve: Curve) -> dict[str, float]:
    """Return what the curve shows without noise, in decades."""
    x = np.linspace(FIRST, LAST, 80_001)
    y = curve(x)
    best = int(y.argmin())
    descent = y[: best + 1]
    low = np.argmax(descent <= y[0] - 0.1 * (y[0] - y[best]))
    slowed = np.argmax(descent <= y[0] - 0.9 * (y[0] - y[best]))
    steepest = np.gradient(descent, x[: best + 1]).argmin()
    return {"low": x[low], "steepest": x[steepest], "slowed": x[slowed], "best": x[best]}


def recorded(
    curve: Curve, points: int, deviation: float, noise: Any, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the decades and the losses of a sweep with noise, not stopped."""
    x = np.linspace(FIRST, LAST, points)
    y = curve(x)
    return x, y + deviation * noise(y, np.random.default_rng(seed))


def analysed(x: np.ndarray, losses: np.ndarray) -> hc.RangeTest:
    kept = points_to_keep(losses)
    return hc.RangeTest(10.0 ** x[:kept], losses[:kept])


def compared(
    bounds: hc.Bounds | hc.NoBounds, true: dict[str, float], aims: tuple[str, ...]
) -> list[tuple[float, bool]]:
    """Return the error of each bound in decades, and whether its interval holds the truth."""
    if not bounds:
        return []
    pairs = []
    for aim in aims:
        first, last = np.log10(getattr(bounds, f"{aim}_interval"))
        error = abs(math.log10(getattr(bounds, aim)) - true[aim])
        pairs.append((error, bool(first <= true[aim] <= last)))
    return pairs


def row_of(setting: Setting, pairs: list[tuple[float, bool]], sweeps: int) -> list[str]:
    points, deviation, noise = setting
    errors, held = np.array(pairs).T
    return [
        f"{points}, {deviation} {noise.__name__.replace('_', ' ')}",
        *errors_of(errors),
        percent(np.mean(held)),
        percent(len(pairs) / sweeps),
    ]


def own_errors(effort: Effort) -> list[str]:
    seeds = 2 if effort is QUICK else 200
    settings = SETTINGS[1:3] if effort is QUICK else SETTINGS
    rows: dict[str, list[list[str]]] = {aim: [] for aim in AIMS}
    by_curve: dict[str, list[list[float]]] = {name: [] for name in CURVES}
    for setting in settings:
        found = []
        for name, curve in CURVES.items():
            true = truth(curve)
            for seed in range(seeds):
                test = analysed(*recorded(curve, *setting, seed))
                if pairs := compared(test.bounds(), true, AIMS):
                    found.append(pairs)
                    by_curve[name].append([error for error, _ in pairs])
        for aim, pairs in zip(AIMS, zip(*found, strict=True), strict=True):
            rows[aim].append(row_of(setting, list(pairs), seeds * len(CURVES)))
    meaning = {
        "low": "where a tenth of the descent is done",
        "steepest": "where the slope is greatest",
        "best": "where the loss is lowest",
    }
    sections = [
        section(
            f"Errors of {aim}",
            f"In decades from {meaning[aim]} without noise, over {len(CURVES)} curves × {seeds} "
            "seeds: median and 95th percentile; percent within half a decade; percent of the "
            "90 % intervals that hold the truth; percent of sweeps that show bounds.",
            table(HEADS, rows[aim]),
        )
        for aim in AIMS
    ]
    lines = [
        [
            name,
            *(f"{value:.3f}" for value in np.median(found, 0)),
            *(percent(value) for value in np.mean(np.array(found) <= HALF_A_DECADE, 0)),
        ]
        for name, found in by_curve.items()
    ]
    heads = ["", *AIMS, *(f"{aim} ½" for aim in AIMS)]
    text = "Median errors of each curve over all these settings, and percent within half a decade."
    return [*sections, section("Errors by curve", text, table(heads, lines))]


HEADS = ["points, noise", "median", "95 %", "within ½", "held", "answered"]


def accuracy_errors(effort: Effort) -> list[str]:
    seeds = 2 if effort is QUICK else 200
    settings = ACCURACY_SETTINGS[2:3] if effort is QUICK else ACCURACY_SETTINGS
    rows: dict[str, list[list[str]]] = {aim: [] for aim in ACCURACY_AIMS}
    for setting in settings:
        found = []
        for curve in ACCURACIES.values():
            true = truth(lambda x, curve=curve: -curve(x))
            true["high"] = true["slowed"]
            for seed in range(seeds):
                x, y = recorded(curve, *setting, seed)
                test = hc.RangeTest(10.0**x, np.ones_like(y), {"accuracy": np.clip(y, 0.0, 1.0)})
                if pairs := compared(test.bounds("accuracy"), true, ACCURACY_AIMS):
                    found.append(pairs)
        for aim, pairs in zip(ACCURACY_AIMS, zip(*found, strict=True), strict=True):
            rows[aim].append(row_of(setting, list(pairs), seeds * len(ACCURACIES)))
    meaning = {
        "low": "where a tenth of the rise is done",
        "steepest": "where the slope is greatest",
        "high": "where nine tenths of the rise are done",
    }
    return [
        section(
            f"Accuracy: errors of {aim}",
            f"In decades from {meaning[aim]} without noise, over {len(ACCURACIES)} curves × "
            f"{seeds} seeds. The noise is so many parts of the accuracy above chance.",
            table(HEADS, rows[aim]),
        )
        for aim in ACCURACY_AIMS
    ]


def errors_of(errors: list[float]) -> list[str]:
    near = np.mean(np.array(errors) <= HALF_A_DECADE)
    return [f"{np.median(errors):.3f}", f"{np.percentile(errors, 95):.3f}", percent(near)]


def percent(part: float) -> str:
    return f"{100 * part:.1f}"


# Peers: their smoothing and stop rules imitated, their own code for the suggestion called.


def averaged(losses: np.ndarray, weight: float) -> np.ndarray:
    """Return the bias-corrected exponential average (fastai, Lightning)."""
    average, smoothed = 0.0, []
    for i, loss in enumerate(losses.tolist(), start=1):
        average = (1 - weight) * average + weight * loss
        smoothed.append(average / (1 - (1 - weight) ** i))
    return np.array(smoothed)


def blended(losses: np.ndarray, weight: float) -> np.ndarray:
    """Return the average that starts at the first loss (ignite, torch-lr-finder)."""
    smoothed = [float(losses[0])]
    for loss in losses[1:].tolist():
        smoothed.append(weight * loss + (1 - weight) * smoothed[-1])
    return np.array(smoothed)


def stopped(smoothed: np.ndarray, factor: float) -> int:
    over = np.nonzero(smoothed > factor * np.minimum.accumulate(smoothed))[0]
    return int(over[0]) + 1 if over.size else smoothed.size


def fastai_rule(name: str) -> Callable[[np.ndarray, np.ndarray], float]:
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fastai's own, about torch.jit
        from fastai.callback import schedule

    def suggest(rates: np.ndarray, losses: np.ndarray) -> float:
        smoothed = averaged(losses, 0.02)
        count = stopped(smoothed, 4.0)
        kept = slice(losses.size // 10, count - 5)
        rule = getattr(schedule, name)
        found = rule(torch.tensor(rates[kept]), torch.tensor(smoothed[kept]), losses.size)
        return float(found[0])

    return suggest


def lightning_suggestion() -> Callable[[np.ndarray, np.ndarray], float]:
    from lightning.pytorch.tuner.lr_finder import _LRFinder

    def suggest(rates: np.ndarray, losses: np.ndarray) -> float:
        smoothed = averaged(losses, 0.02)
        count = stopped(smoothed, 4.0)
        finder = _LRFinder("exponential", rates[0], rates[-1], losses.size)
        finder.results = {"lr": rates[:count].tolist(), "loss": smoothed[:count].tolist()}
        return float(finder.suggestion())

    return suggest


def ignite_suggestion() -> Callable[[np.ndarray, np.ndarray], float]:
    from ignite.handlers import FastaiLRFinder

    def suggest(rates: np.ndarray, losses: np.ndarray) -> float:
        smoothed = blended(losses, 0.05)
        count = stopped(smoothed, 5.0)
        finder = FastaiLRFinder()
        finder._history = {"lr": rates[:count].tolist(), "loss": smoothed[:count].tolist()}  # noqa: SLF001
        return float(finder.lr_suggestion())

    return suggest


def torch_lr_finder_suggestion() -> Callable[[np.ndarray, np.ndarray], float]:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt
    from torch_lr_finder import LRFinder

    axes = plt.figure().subplots()

    def suggest(rates: np.ndarray, losses: np.ndarray) -> float:
        smoothed = blended(losses, 0.05)
        count = stopped(smoothed, 5.0)
        finder = object.__new__(LRFinder)
        finder.history = {"lr": rates[:count].tolist(), "loss": smoothed[:count].tolist()}
        axes.clear()
        with contextlib.redirect_stdout(io.StringIO()):
            return float(finder.plot(ax=axes)[1])

    return suggest


def own_rule(method: str) -> Callable[[np.ndarray, np.ndarray], float]:
    return lambda rates, losses: analysed(np.log10(rates), losses).suggest(method)


PEERS: list[tuple[str, str, Callable[[], Callable[[np.ndarray, np.ndarray], float]], str]] = [
    ("", "ours, steepest", lambda: own_rule("steepest"), "steepest"),
    ("fastai", "fastai steep", lambda: fastai_rule("steep"), "steepest"),
    ("fastai", "fastai valley", lambda: fastai_rule("valley"), "steepest"),
    ("fastai", "fastai slide", lambda: fastai_rule("slide"), "steepest"),
    ("ignite", "ignite", ignite_suggestion, "steepest"),
    ("torch_lr_finder", "torch-lr-finder", torch_lr_finder_suggestion, "steepest"),
    ("lightning", "Lightning", lightning_suggestion, "steepest"),
    ("", "ours, minimum/10", lambda: own_rule("minimum/10"), "minimum/10"),
    ("fastai", "fastai minimum", lambda: fastai_rule("minimum"), "minimum/10"),
]


def peers(effort: Effort) -> str:
    seeds = 1 if effort is QUICK else 25
    points, deviation, noise = SETTINGS[1]
    lines = []
    there = functools.cache(installed)
    for package, label, make, aim in PEERS:
        if package and not there(package):
            continue
        suggest = make()
        errors = []
        for curve in CURVES.values():
            true = truth(curve)
            wanted = true["steepest"] if aim == "steepest" else true["best"] - 1.0
            for seed in range(seeds):
                x, losses = recorded(curve, points, deviation, noise, seed)
                try:
                    errors.append(abs(math.log10(suggest(10.0**x, losses)) - wanted))
                except (RuntimeError, ValueError, IndexError):
                    errors.append(LAST - FIRST)  # none: as far off as can be
        lines.append([label, *errors_of(errors)])
    text = (
        f"{points} points, noise {deviation}, {len(CURVES)} curves × {seeds} seeds: decades from "
        "the steepest place (minimum: from a tenth of the lowest) without noise. The same losses "
        "go through each library's smoothing and stop rule, then into its own code for the "
        "suggestion. A suggestion that fails counts as 8 decades."
    )
    return section(
        "Beside the peers", text, table(["suggestion", "median", "95 %", "within ½"], lines)
    )


def main() -> None:
    effort, document = arguments("Errors of the bounds of a range test.")
    names = ("hypercycle", "numpy", "fastai", "lightning", "pytorch-ignite", "torch-lr-finder")
    parts = [*own_errors(effort), *accuracy_errors(effort), peers(effort)]
    report("range_test.py", [machine(*names) + "\n", *parts], document)


if __name__ == "__main__":
    main()
