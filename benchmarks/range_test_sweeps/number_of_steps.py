"""What the number of steps of a sweep does to its bounds, and to what a cycle between them learns.

``cd benchmarks && python -m range_test_sweeps.number_of_steps [--write docs/benchmarks.md]``
"""

from __future__ import annotations

import warnings

import numpy as np
from timing import machine, page_to_write, report, section, table

import hypercycle as hc

from .record import CYCLES, task_of
from .records import Spec

STEPS = (50, 100, 200, 300, 500, 1000, 2000)
UPDATES = 400  # of the training between the bounds
TASKS = {
    "digits MLP SGD": ("digits", "mlp", "sgd", 64, 1e-6, 10.0),
    "digits dropout momentum": ("digits", "dropout_mlp", "momentum", 64, 1e-6, 10.0),
    "digits MLP AdamW": ("digits", "mlp", "adamw", 64, 1e-7, 1.0),
    "cancer MLP momentum": ("breast_cancer", "mlp", "momentum", 32, 1e-6, 10.0),
    "planted linear SGD": ("planted", "linear", "sgd", 16, 1e-6, 10.0),
}


def rows_of(label: str, data: str, model: str, optimizer: str, *sizes: float) -> list[list[str]]:
    batch_size, start, end = sizes
    rows = []
    for steps in STEPS:
        spec = Spec(data, model, optimizer, int(batch_size), "shuffled", steps, start, end)
        task = task_of(spec, None)
        bounds = task.sweep().bounds()
        if not bounds:
            rows.append([label, str(steps), "none", "", "", "", ""])
            continue
        cycle = hc.Cycle(bounds.low, bounds.high, UPDATES // (2 * CYCLES))
        final = task.train(cycle(np.arange(UPDATES)).tolist())
        numbers = bounds.low, bounds.sum_to_low, bounds.best, bounds.high, final
        rows.append([label, str(steps), *(f"{number:.2g}" for number in numbers)])
    return rows


def main() -> None:
    page = page_to_write(__doc__.splitlines()[0])
    warnings.simplefilter("ignore")
    rows = [row for label, task in TASKS.items() for row in rows_of(label, *task)]
    heads = ["model", "steps", "low", "sum to low", "best", "high", "loss"]
    text = (
        "Bounds of sweeps over seven decades, and the loss of the training set after "
        f"{UPDATES} updates with {CYCLES} cycles between them."
    )
    sections = [
        machine("hypercycle", "numpy", "torch", "scikit-learn") + "\n",
        section("The number of steps", text, table(heads, rows)),
    ]
    report("number_of_steps", sections, page)


if __name__ == "__main__":
    main()
