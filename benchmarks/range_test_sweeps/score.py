"""Score what the recorded sweeps are read as, by training: ours beside every peer.

``cd benchmarks && python -m range_test_sweeps.score [--split build] [--cifar FILE] [--cache FILE]``

Whoever gets two bounds trains with four triangular cycles between them; whoever gets one value
trains at it, or with cycles from a quarter of it. All have the updates that the trainings at fixed
rates had. Trainings are kept in the cache, by sweep and rates to two digits.
"""

from __future__ import annotations

import argparse
import functools
import json
import logging
import math
import os
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from range_test import PEERS, averaged
from timing import installed, machine, report, section, table

import hypercycle as hc

from .data import AbsentError, load
from .record import CYCLES, task_of
from .records import BUILD, GOOD, HELD_OUT, Recorded, read_all

DISTRIBUTIONS = ("hypercycle", "numpy", "fastai", "lightning", "pytorch-ignite", "torch-lr-finder")

Rule = Callable[[np.ndarray, np.ndarray], float]
# (low, high) of the cycle; the same twice is a fixed rate, None is no answer.
Answer = tuple[float, float] | None


@dataclass(frozen=True)
class Tool:
    """What reads a sweep, and what a user then does."""

    label: str
    answer: Callable[[Recorded], Answer]


def own_bounds(recorded: Recorded) -> Answer:
    bounds = recorded.test.bounds()
    return (bounds.low, bounds.high) if bounds else None


def own_best(recorded: Recorded, factor: float) -> Answer:
    """Return what our bounds would be with another factor; high stays as far above low."""
    bounds = recorded.test.bounds()
    if not bounds:
        return None
    return bounds.low, max(bounds.best / factor, math.sqrt(bounds.low * bounds.best))


def own_high(rates: np.ndarray, losses: np.ndarray) -> float:
    return hc.RangeTest(rates, losses).bounds().high


def single(suggest: Rule, part: float) -> Callable[[Recorded], Answer]:
    """Return cycles from a part of one suggested value to it; a part of 1 is the value alone."""

    def answer(recorded: Recorded) -> Answer:
        losses = recorded.test.losses
        count = len(losses) if math.isfinite(losses[-1]) else len(losses) - 1
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                value = float(suggest(recorded.test.values[:count], losses[:count]))
        except (RuntimeError, ValueError, IndexError, TypeError):
            return None
        return (part * value, value) if math.isfinite(value) and value > 0 else None

    return answer


def lowest(rates: np.ndarray, losses: np.ndarray) -> float:
    """Return where the losses, averaged as fastai and Lightning do, are lowest."""
    return float(rates[averaged(losses, 0.02).argmin()])


def tenth_of_lowest(rates: np.ndarray, losses: np.ndarray) -> float:
    return lowest(rates, losses) / 10.0


def tools() -> list[Tool]:
    """Return ours, what is installed of the peers', and the rule of arXiv:1506.01186.

    That takes a third or a fourth of the maximum as the base; the maximum is ours, or where the
    loss is lowest.
    """
    found = [Tool("ours", own_bounds)]
    found += [
        Tool(f"ours, best / {factor:g}", functools.partial(own_best, factor=factor))
        for factor in (1.0, 1.5, 2.0)
    ]
    for part in (3, 4):
        found.append(Tool(f"ours, base max/{part}", single(own_high, 1 / part)))
        found.append(Tool(f"lowest, base max/{part}", single(lowest, 1 / part)))
    rules: list[tuple[str, Rule]] = [("lowest/10", tenth_of_lowest)]
    for package, label, make, _ in PEERS:
        if not package:
            continue
        if not installed(package):
            print(f"{label} is left out: {package} is not installed")
            continue
        rules.append((label, make()))
    for label, suggest in rules:
        found.append(Tool(f"{label}, fixed", single(suggest, 1.0)))
        found.append(Tool(f"{label}, cycles", single(suggest, 0.25)))
    return found


# Trainings.


class Trainings:
    """What training between bounds leads to; each is done once and kept in a file."""

    def __init__(self, cache: Path, cifar: Path | None) -> None:
        self._cache, self._cifar = cache, cifar
        self._known: dict[str, float | None] = {}
        if cache.exists():
            self._known = json.loads(cache.read_text(encoding="utf-8"))

    def final(self, recorded: Recorded, low: float, high: float) -> float:
        """Return the loss after the cycles; NaN where training diverged."""
        low, high = float(f"{low:.1e}"), float(f"{high:.1e}")
        key = f"{recorded.spec.name} {low:.1e} {high:.1e}"
        if key not in self._known:
            rates = [low] * recorded.updates
            if low != high:
                cycle = hc.Cycle(low, high, recorded.updates // (2 * CYCLES))
                rates = cycle(np.arange(recorded.updates)).tolist()
            final = task_of(recorded.spec, self._cifar).train(rates)
            self._known[key] = final if math.isfinite(final) else None
            self._keep()
        final = self._known[key]
        return math.nan if final is None else final

    def _keep(self) -> None:
        part = self._cache.with_suffix(f".{os.getpid()}")
        part.write_text(json.dumps(self._known, indent=0), encoding="utf-8")
        part.replace(self._cache)


# The table.


@dataclass(frozen=True)
class Outcome:
    """What a tool said of a sweep; the part of the best descent that came of it, else NaN."""

    learnable: bool
    answer: Answer
    part: float = math.nan

    def __str__(self) -> str:
        if self.answer is None:
            return "no answer"
        part = f"{self.part:.2f}" if self.learnable else "there is nothing to learn"
        return f"{self.answer[0]:<8.2g} {self.answer[1]:<8.2g} {part}"


def outcome_of(tool: Tool, recorded: Recorded, trainings: Trainings) -> Outcome:
    answer, learnable = tool.answer(recorded), recorded.spec.learnable
    if answer is None or not learnable:
        return Outcome(learnable, answer)
    return Outcome(learnable, answer, recorded.descent(trainings.final(recorded, *answer)))


def row_of(label: str, outcomes: list[Outcome]) -> list[str]:
    learnable = [one for one in outcomes if one.learnable]
    parts = np.array([one.part for one in learnable if one.answer is not None])
    refused = [one.answer is None for one in outcomes if not one.learnable]
    good = int(np.sum(parts >= GOOD))
    return [
        label,
        percent(parts.size, len(learnable)),
        percent(good, parts.size),
        percent(good, len(learnable)),
        percent(int(np.sum(parts < 0.0)), parts.size),
        f"{np.median(parts):.2f}" if parts.size else "–",
        percent(sum(refused), len(refused)),
    ]


def has_data(recorded: Recorded, cifar: Path | None) -> bool:
    try:
        load(recorded.spec.data, cifar)
    except AbsentError as error:
        print(f"{recorded.spec.name} is left out: {error}")
        return False
    return True


def percent(part: float, whole: int) -> str:
    return f"{100 * part / whole:.0f}" if whole else "–"


HEADS = ["percent", "answered", "good", "of all", "worse", "median", "refused"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--split", choices=("build", "held-out"), help="half of the sweeps")
    parser.add_argument("--cifar", type=Path, metavar="FILE", help="CIFAR-10 as .npz")
    parser.add_argument("--only", default="", metavar="TEXT", help="tools whose label has it")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the tables into a page")
    parser.add_argument("--each", action="store_true", help="a line for each sweep as well")
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path(tempfile.gettempdir()) / "range_test_sweeps.json",
        help="where trainings are kept",
    )
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.ERROR)  # of suggestions that fail
    trainings = Trainings(options.cache, options.cifar)
    halves = [options.split.replace("-", " ")] if options.split else [BUILD, HELD_OUT]
    chosen = [tool for tool in tools() if options.only in tool.label]
    if not chosen:
        parser.error(f"no tool's label has {options.only!r}")
    sections = [machine(*DISTRIBUTIONS) + "\n"]
    for half in halves:
        outcomes: dict[str, list[Outcome]] = {tool.label: [] for tool in chosen}
        for recorded in read_all(half):
            if not has_data(recorded, options.cifar):
                continue
            if options.each:
                print(recorded.spec.name)
            for tool in chosen:
                found = outcome_of(tool, recorded, trainings)
                outcomes[tool.label].append(found)
                if options.each:
                    print(f"  {tool.label:<24} {found}", flush=True)
        first = outcomes[chosen[0].label]
        learnable = sum(one.learnable for one in first)
        text = (
            f"{learnable} sweeps from which something can be learnt, {len(first) - learnable} "
            "from which nothing can. Answered: of the former, those with an answer. Good: of "
            f"these, those whose training makes {100 * GOOD:.0f} % of the best fixed rate's "
            "descent or more; of all: the same of all that can be learnt. Worse: those that "
            "diverge or end above where they began. Median: of that part of the descent. Refused: "
            "of the sweeps from which nothing can be learnt."
        )
        rows = [row_of(label, found) for label, found in outcomes.items()]
        sections.append(section(f"Sweeps: {half}", text, table(HEADS, rows)))
    report("range_test_sweeps", sections, options.write)


if __name__ == "__main__":
    main()
