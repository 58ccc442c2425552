"""Run the studies, go on with them, say how far they are.

In benchmarks/::

    python -m studies list
    python -m studies run cifar10 --data cifar10.tar.xz
    python -m studies status
    python -m studies show cifar10 --against half_fixed
"""

from __future__ import annotations

import argparse
import importlib
import os
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from range_test_sweeps.data import AbsentError
from tqdm import tqdm

from .data import splits
from .results import FOLDER, Results
from .spreading import Spread, by_ray, in_processes, in_this_process
from .study import Arm, Place, Run, Study
from .summary import means
from .tuning import final_runs, tuning_runs

STUDIES = ("cifar10", "waveforms", "price_of_tuning", "momentum", "step_size", "digits")


def study_of(name: str) -> Study:
    """Return the study of this name."""
    found: Study = importlib.import_module(f".{name}", __package__).STUDY
    return found


def run(study: Study, options: argparse.Namespace) -> None:
    """Do what is left of a study: first what tunes, then the final runs."""
    try:
        arms = study.chosen(options.only)
        for data in {arm.setting.data for arm in arms}:
            splits(data, options.data)  # decoded once, before several processes want it
    except (AbsentError, ValueError) as error:
        raise SystemExit(str(error)) from error
    results = Results(options.results, study.name)
    results.repair()
    place = Place(
        options.results.resolve() / "runs" / study.name,
        options.data and options.data.resolve(),
        options.device,
        options.checkpoint_seconds,
    )
    if options.ray is not None:
        workers = by_ray(place, options.processes, options.ray or None)
    elif options.processes:
        workers = in_processes(place, options.processes)
    else:
        workers = in_this_process(place)
    with workers as spread:
        for runs_of in (tuning_runs, partial(final_runs, results=results)):
            runs = [one for arm in arms for one in runs_of(study, arm, seeds_of(arm, options))]
            # What is there before all is done is of all arms.
            do_all(sorted(runs, key=lambda one: one.seed), results, spread)


def seeds_of(arm: Arm, options: argparse.Namespace) -> int:
    """Return the number of an arm's final runs."""
    return arm.seeds if options.seeds is None else int(options.seeds)


def do_all(runs: Sequence[Run], results: Results, spread: Spread) -> None:
    """Do the runs that are not in the results, with a bar for all of them together."""
    left = list({one.name: one for one in runs if one.name not in results.runs}.values())
    if not left:
        return
    reached = dict.fromkeys((one.name for one in left), 0)
    total, began = sum(one.iterations for one in left), time.monotonic()
    with tqdm(
        total=total,
        unit="it",
        smoothing=0,  # runs of several kinds at a time: the mean so far is the best guess
        disable=None,  # where the output is no terminal
    ) as bar:

        def progress(name: str, iteration: int) -> None:
            if name not in reached:  # the last word of a run that ended before these began
                return
            bar.update(max(iteration - reached[name], 0))
            reached[name] = max(iteration, reached[name])

        for done, (one, result) in enumerate(spread(left, progress), start=1):
            results.add(one, result)
            progress(one.name, one.iterations)
            seconds = time.monotonic() - began
            remaining = seconds * (total / sum(reached.values()) - 1)
            bar.write(
                f"{done} of {len(left)}: {one.name}, {result.ended}; "
                f"{tqdm.format_interval(remaining)} left"
            )


def show_status(study: Study, options: argparse.Namespace) -> None:
    """Print how many runs of a study are done; of each arm, if it is asked for."""
    results = Results(options.results, study.name)
    lines, all_done = [], 0
    for arm in study.arms:
        seeds = seeds_of(arm, options)
        tuning = list(tuning_runs(study, arm, seeds))
        tuned = sum(one.name in results.runs for one in tuning)
        counted = "waits for its tuning"
        if tuned == len(tuning):
            final = list(final_runs(study, arm, seeds, results))
            done = sum(one.name in results.runs for one in final)
            all_done += done
            counted = f"{done} of {len(final)}"
        tunes = f"; tuning {tuned} of {len(tuning)}" if tuning else ""
        lines.append(f"  {arm.name}: {counted}{tunes}")
    wanted = sum(seeds_of(arm, options) for arm in study.arms)
    print(f"{study.name}: {all_done} of {wanted} runs")
    if options.study:
        print("\n".join(lines))


def show_means(study: Study, options: argparse.Namespace) -> None:
    """Print a table of the arms at the end of their runs."""
    results = Results(options.results, study.name)
    print(f"{study.name}: {study.question}\n\n{means(study, results, options.against)}")


def show(study: Study, options: argparse.Namespace) -> None:
    """Print a study's question, and how much it takes; each arm, if it is asked for."""
    print(f"{study.name}: {study.question}")
    all_tuning: dict[str, Run] = {}
    lines = []
    for arm in study.arms:
        tuning = {one.name: one for one in tuning_runs(study, arm, arm.seeds)}
        all_tuning |= tuning
        takes = f"{arm.seeds} seeds x {arm.iterations:,} iterations"
        tunes = sum(one.iterations for one in tuning.values())
        lines.append(f"  {arm.name}: {takes}" + (f", tuning {tunes:,}" if tunes else ""))
    runs = sum(arm.seeds for arm in study.arms)
    iterations = sum(arm.seeds * arm.iterations for arm in study.arms)
    tunes = sum(one.iterations for one in all_tuning.values())
    print(f"  {len(lines)} arms, {runs} runs, {iterations:,} iterations, tuning {tunes:,}")
    if options.study:
        print("\n".join(lines))


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m studies", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    listing = commands.add_parser("list", help="the studies, and how much they take")
    asked = commands.add_parser("status", help="what is done")
    showing = commands.add_parser("show", help="a table of a study's arms")
    doing = commands.add_parser("run", help="do what is left of a study")
    for one in (listing, asked):
        one.add_argument("study", nargs="?", choices=STUDIES, help="with each of its arms")
    for one in (showing, doing):
        one.add_argument("study", choices=STUDIES)
    showing.add_argument("--against", metavar="ARM", help="the others' differences from this one")
    for one in (asked, doing):
        one.add_argument("--seeds", type=int, help="final runs of each arm, instead of its own")
    for one in (asked, showing, doing):
        one.add_argument("--results", type=Path, default=FOLDER, metavar="FOLDER")
    doing.add_argument("--data", type=Path, metavar="PATH", help="of CIFAR-10: archive or .npz")
    doing.add_argument("--only", nargs="+", metavar="ARM", help="these arms")
    doing.add_argument(
        "--processes",
        type=int,
        default=os.cpu_count() or 1,
        help="of one thread each; 0 for none but this",
    )
    doing.add_argument(
        "--ray", nargs="?", const="", metavar="ADDRESS", help="spread by Ray; of a cluster"
    )
    doing.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1, ...")
    doing.add_argument(
        "--checkpoint-seconds",
        type=float,
        default=20.0,
        metavar="SECONDS",
        help="from one checkpoint to the next",
    )
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    options = options_of(arguments)
    shown = {"list": show, "status": show_status, "show": show_means}.get(options.command)
    if shown is None:
        run(study_of(options.study), options)
        return
    for name in [options.study] if options.study else STUDIES:
        shown(study_of(name), options)


if __name__ == "__main__":
    main()
