"""What the digits demos share: images, plans, the comparison, tables and plots. No framework.

1. A range test gives the bounds that the learning rate's cycles run between. They are read off the
   accuracy on validation images, as in L. N. Smith's paper. Where it shows none, the demo ends.
2. The fixed learning rate is the best of a grid, by accuracy on validation images.
3. Each policy trains the same small network from the same seeds. The cycled ones also move
   momentum, opposite to the learning rate, and weight decay; the fixed one and the range test keep
   both in the middle of their ranges. Training ends where a cycle ends.
4. Early stopping whose patience runs out in mid-cycle waits for the end of the cycle, where the
   learning rate is low.
"""

import argparse
import sys
import textwrap
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.ticker import PercentFormatter
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from tqdm import tqdm

import hypercycle as hc

FIXED_RATES = (0.01, 0.02, 0.05, 0.1, 0.2)
MOMENTUM = (0.85, 0.95)
WEIGHT_DECAY = (1e-4, 1e-3)
MIDDLE = {"momentum": float(np.mean(MOMENTUM)), "weight_decay": float(np.mean(WEIGHT_DECAY))}
BATCH_SIZE = 16
SWEEP = {"steps": 300, "metrics_every": 5}  # of the range test, in iterations
MEASURE_EVERY = 10


def fixed_plan(lr: float) -> hc.Plan:
    """Return the plan with nothing cycled: a number is a constant."""
    return hc.Plan(lr=lr, **MIDDLE)


def cycled_plans(bounds: hc.Bounds, half_cycle: int) -> dict[str, hc.Plan]:
    """Return the plans with all three cycled, by the name of the learning rate's policy."""
    rates = {
        "triangular": bounds.cycle(half_cycle),
        "triangular2": bounds.cycle(half_cycle, scale=hc.Halving()),
        "exp_range": bounds.cycle(half_cycle, scale=hc.Exponential(0.998)),
    }
    weight_decay = hc.Cycle(*WEIGHT_DECAY, half_cycle, waveform="hann")
    return {
        name: hc.Plan(lr=lr, momentum=lr.opposite(*MOMENTUM), weight_decay=weight_decay)
        for name, lr in rates.items()
    }


class Split(NamedTuple):
    """Some of the images."""

    images: np.ndarray  # (n, 8, 8), float32 in [0, 1]
    digits: np.ndarray  # (n,), integers


def load_splits() -> dict[str, Split]:
    """Return the 1,797 digits: 900 to train on, 297 for validation, 600 for the test."""
    images, digits = load_digits(return_X_y=True)
    images = images.astype(np.float32).reshape(-1, 8, 8) / 16
    rest, test = train_test_split(
        np.arange(len(digits)), test_size=600, stratify=digits, random_state=0
    )
    train, validation = train_test_split(rest, test_size=297, stratify=digits[rest], random_state=0)
    parts = {"train": train, "validation": validation, "test": test}
    return {name: Split(images[rows], digits[rows]) for name, rows in parts.items()}


class Measurement(NamedTuple):
    """How good a network is by now."""

    accuracy: float  # on the test images, as the loss
    loss: float
    validation: float  # accuracy


# What a framework brings. Given the images, the range test of a network: losses on batches of the
# training images, and its "accuracy" on the validation images now and then.
RangeTesting = Callable[[dict[str, Split]], hc.RangeTest]
# Given a plan, a seed and the images, train a network for ever, the plan's values in force at every
# iteration, and measure it after every MEASURE_EVERY of them.
Training = Callable[[hc.Plan, int, dict[str, Split]], Iterator[Measurement]]


class Run(NamedTuple):
    """One training. The arrays hold what was measured at ``steps``."""

    steps: np.ndarray
    accuracy: np.ndarray  # on the test images, as the loss
    loss: np.ndarray
    validation: np.ndarray  # accuracy
    best_step: int  # of the highest validation accuracy

    def accuracy_at(self, step: int) -> float:
        """Return the test accuracy after that many iterations."""
        return float(self.accuracy[np.searchsorted(self.steps, step)])

    def steps_to(self, accuracy: float) -> float:
        """Return when the test accuracy was first that high; infinity if never."""
        return min(self.steps[self.accuracy >= accuracy], default=np.inf)


def train(
    training: Training,
    plan: hc.Plan,
    seed: int,
    iterations: int,
    *,
    splits: dict[str, Split],
    bar: tqdm,
    patience: int | None = None,
) -> Run:
    """Train a network, at most that many iterations."""
    measured, best, best_step = [], 0.0, 0
    steps = range(MEASURE_EVERY, iterations + 1, MEASURE_EVERY)
    for step, now in zip(steps, training(plan, seed, splits), strict=False):
        measured.append((step, *now))
        if now.validation > best:
            best, best_step = now.validation, step
        bar.update(MEASURE_EVERY)
        values = plan(step)
        bar.set_postfix(lr=f"{values['lr']:.3f}", momentum=f"{values['momentum']:.3f}")
        # Early stopping waits for the end of the cycle, where the learning rate is low.
        out_of_patience = patience is not None and step - best_step >= patience
        if out_of_patience and plan["lr"].is_cycle_end(step):
            break
    return Run(*np.array(measured).T, best_step)


def print_table(results: dict[str, list[Run]], half_cycle: int, iterations: int) -> None:
    """Compare the policies on the test images."""
    after = (2 * half_cycle, iterations // 2, iterations)
    print(f"\nTest accuracy in %, mean ± standard deviation of {len(results['fixed'])} seeds;")
    print("first iteration (median of the seeds, - if never) at 97 and 98 %\n")
    heads = "".join(f"after {step}".rjust(14) for step in after)
    print(f"{'policy':12}{heads}{'97 % at':>12}{'98 % at':>12}")
    for name, runs in results.items():
        line = f"{name:12}"
        for step in after:
            percent = [100 * run.accuracy_at(step) for run in runs]
            line += f"{np.mean(percent):.1f} ± {np.std(percent, ddof=1):.1f}".rjust(14)
        for accuracy in (0.97, 0.98):
            median = np.median([run.steps_to(accuracy) for run in runs])
            line += (f"{median:.0f}" if np.isfinite(median) else "-").rjust(12)
        print(line)
    final = 100 * np.array([[run.accuracy[-1] for run in runs] for runs in results.values()])
    apart, between_seeds = np.ptp(final.mean(axis=1)), final.std(axis=1, ddof=1).max()
    print(f"\nAt the end the policies are at most {apart:.1f} points apart, and the seeds of one")
    # Two standard errors of the difference between two means.
    clear = apart > 2 * between_seeds * np.sqrt(2 / final.shape[1])
    ahead = list(results)[final.mean(axis=1).argmax()]
    verdict = f" {ahead} is ahead." if clear else " No clear winner."
    print(f"policy have a standard deviation of up to {between_seeds:.1f}.{verdict}")


def print_early_stopping(runs: list[Run], patience: int) -> None:
    """Compare the accuracy where patience ran out with that where training stopped."""
    print(f"\nEarly stopping, triangular: patience of {patience} iterations without a new best")
    print("validation accuracy, then on to the end of the cycle; test accuracy in %\n")
    print("seed     patience over at     accuracy     stopped at     accuracy")
    rows = []
    for run in runs:
        end = int(run.steps[-1])
        over = min(run.best_step + patience, end)
        rows.append((over, 100 * run.accuracy_at(over), end, 100 * run.accuracy_at(end)))
    for label, row in zip([*range(len(runs)), "mean"], [*rows, np.mean(rows, axis=0)], strict=True):
        over, accuracy_over, end, accuracy_end = row
        print(f"{label:>4}{over:21.0f}{accuracy_over:13.1f}{end:15.0f}{accuracy_end:13.1f}")


def save_range_test(test: hc.RangeTest, folder: Path) -> None:
    """Plot the losses and accuracies of the range test, with the bounds."""
    figure = plt.figure(figsize=(11, 5.5), layout="constrained")
    test.plot("accuracy", figure=figure)
    figure.savefig(folder / "range-test.png", dpi=120)


def save_curves(results: dict[str, list[Run]], cycle: hc.Cycle, folder: Path) -> None:
    """Plot each cycled policy beside the fixed one: means, and bands of ± 1 standard deviation."""
    names = [name for name in results if name != "fixed"]
    steps = results["fixed"][0].steps
    for quantity, corner in (("accuracy", "lower right"), ("loss", "upper right")):
        figure, panels = plt.subplots(1, 3, sharey=True, figsize=(11, 3.8), layout="constrained")
        lowest, highest = [], []
        for axes, name in zip(panels, names, strict=True):
            for shown, color in (("fixed", "#666666"), (name, "#0072B2")):
                curves = np.array([getattr(run, quantity) for run in results[shown]])
                mean, deviation = curves.mean(axis=0), curves.std(axis=0, ddof=1)
                band = np.array([mean - deviation, mean + deviation])
                axes.plot(steps, mean, color=color, label=shown)
                axes.fill_between(steps, *band, color=color, alpha=0.2, linewidth=0)
                lowest.append(band[:, steps >= cycle.period].min())
                highest.append(band[:, steps >= cycle.period].max())
            for end in steps[[cycle.is_cycle_end(step) for step in steps]]:
                axes.axvline(end, color="#999999", linewidth=0.7, zorder=0)
            axes.set(title=name, xlabel="iteration (lines: cycle ends)", xlim=(0, steps[-1]))
            axes.spines[["top", "right"]].set_visible(False)
            axes.legend(loc=corner)
        # Zoomed to what comes after the first cycle.
        panels[0].set(ylabel=f"test {quantity}", ylim=(min(lowest), max(highest)))
        seeds = len(results["fixed"])
        figure.suptitle(f"Test {quantity}: mean ± standard deviation of {seeds} seeds")
        if quantity == "accuracy":
            panels[0].yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        figure.savefig(folder / f"{quantity}.png", dpi=120)


def save_schedules(plans: dict[str, hc.Plan], iterations: int, folder: Path) -> None:
    """Plot what each plan does, side by side on the same scales."""
    figure = plt.figure(figsize=(13, 5), layout="constrained")
    parts = figure.subfigures(1, len(plans))
    for part, (name, plan) in zip(parts, plans.items(), strict=True):
        part.suptitle(name)
        hc.plot(plan, iterations, figure=part)
    for row in zip(*(part.axes for part in parts), strict=True):
        lows, highs = zip(*(axes.get_ylim() for axes in row), strict=True)
        for axes in row:
            axes.set_ylim(min(lows), max(highs))
    figure.savefig(folder / "schedules.png", dpi=120)


def main(description: str, range_test: RangeTesting, training: Training) -> None:
    """Find the bounds, choose the fixed rate, compare the policies, stop early."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--seeds", type=int, default=5, help="trainings of each policy, at least 2")
    parser.add_argument("--out", type=Path, default=Path("demo-output"), help="folder of the plots")
    parser.add_argument("--quick", action="store_true", help="seconds, and nothing learned from it")
    options = parser.parse_args()
    if options.seeds < 2:
        parser.error(f"--seeds must be at least 2 for a standard deviation, got {options.seeds}")
    options.out.mkdir(parents=True, exist_ok=True)
    half_cycle, cycles, seeds, rates = 50, 6, options.seeds, FIXED_RATES
    if options.quick:
        half_cycle, cycles, seeds, rates = 5, 4, 2, FIXED_RATES[2:4]
    iterations = 2 * half_cycle * cycles
    progress = partial(
        tqdm,
        bar_format="{desc} {percentage:3.0f}% |{bar}| {elapsed}<{remaining}{postfix}",
        leave=False,
        disable=None,  # where the output is no terminal
    )
    splits = load_splits()
    trained = partial(train, training, splits=splits)

    test = range_test(splits)
    save_range_test(test, options.out)
    bounds = test.bounds("accuracy")
    if not bounds:
        plot = options.out.resolve() / "range-test.png"
        sys.exit(f"{textwrap.fill(f'Range test: {bounds}.', 80)}\nSee {plot}")
    print(f"Range test, {test.values.size} iterations, learning rates up to {test.values[-1]:.2g}:")
    print(bounds)

    with progress(desc="fixed rates", total=len(rates) * 2 * iterations) as bar:
        validation = {
            lr: np.mean(
                [
                    trained(fixed_plan(lr), seed, iterations, bar=bar).validation[-10:]
                    for seed in (100, 101)
                ]
            )
            for lr in rates
        }
    best_rate = max(validation, key=validation.get)
    print("\nFixed learning rate: validation accuracy")
    for lr, accuracy in validation.items():
        print(f"{lr:10} {accuracy:10.1%}{'   <- best' if lr == best_rate else ''}")
    print(f"Cycles: {2 * half_cycle} iterations, between {bounds.low:.3g} and {bounds.high:.3g}")

    plans = {"fixed": fixed_plan(best_rate)} | cycled_plans(bounds, half_cycle)
    results = {}
    with progress(total=len(plans) * seeds * iterations) as bar:
        for name, plan in plans.items():
            bar.set_description(name)
            results[name] = [trained(plan, seed, iterations, bar=bar) for seed in range(seeds)]
    print_table(results, half_cycle, iterations)

    patience = 3 * half_cycle
    with progress(desc="early stopping", total=seeds * 2 * iterations) as bar:
        stopped = [
            trained(plans["triangular"], seed, 2 * iterations, bar=bar, patience=patience)
            for seed in range(seeds)
        ]
    print_early_stopping(stopped, patience)

    save_schedules(plans, iterations, options.out)
    save_curves(results, plans["triangular"]["lr"], options.out)
    print(f"\nPlots: {options.out.resolve()}/")
