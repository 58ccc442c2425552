"""The bounds of the range test beside the rate that the Hessian allows, and what training stands.

``cd benchmarks && python -m range_test_sweeps.second_opinion [--write docs/benchmarks.md]``
"""

from __future__ import annotations

import math
import warnings

import numpy as np
import torch
from timing import machine, page_to_write, report, section, table
from torch.nn import functional

from hypercycle.range_test.running import endless
from hypercycle_torch import sharpness

from .data import load
from .record import task_of
from .records import Spec
from .tasks import TRAINING_SEED, batches_of
from .torch_models import MODELS, OPTIMIZERS

STEPS, UPDATES, BATCH_SIZE = 300, 300, 32
MOMENTA = {"sgd": 0.0, "momentum": 0.9}
RATES = np.geomspace(1e-3, 10.0, 33).tolist()  # eight a decade
TASKS = {
    "planted, linear": ("planted", "linear"),
    "digits, MLP": ("digits", "mlp"),
    "digits, MLP with BatchNorm": ("digits", "batchnorm_mlp"),
    "diabetes, MLP": ("diabetes", "mlp"),
}


def rows_of(label: str, data_name: str, model_name: str) -> list[list[str]]:
    rows = []
    for optimizer, momentum in MOMENTA.items():
        spec = Spec(data_name, model_name, optimizer, BATCH_SIZE, "shuffled", STEPS, 1e-6, 10.0)
        task = task_of(spec, None)
        bounds = task.sweep().bounds()
        standing = [rate for rate in RATES if task.train([rate] * UPDATES) < task.initial]
        numbers = [
            bounds.high,
            bounds.best,
            largest_before_a_gap(standing),
            *limits(spec, momentum, bounds.high),
        ]
        name = "SGD" if momentum == 0.0 else f"momentum {momentum}"
        rows.append([f"{label}, {name}", *(f"{number:.2g}" for number in numbers)])
    return rows


def largest_before_a_gap(standing: list[float]) -> float:
    """Return the largest rate up to which all learn."""
    learns = [rate in standing for rate in RATES]
    return RATES[learns.index(False) - 1] if False in learns else math.inf


def limits(spec: Spec, momentum: float, rate: float) -> tuple[float, float]:
    """Return the rate that the Hessian allows, before and after training at a rate."""
    data = load(spec.data, None)
    whole = [(torch.from_numpy(data.x), torch.from_numpy(data.y))]
    criterion = functional.cross_entropy if data.classes else functional.mse_loss
    torch.manual_seed(spec.seed)
    model = MODELS[spec.model](data)
    made = OPTIMIZERS[spec.optimizer](model.parameters(), rate)
    before = sharpness(model, criterion, whole)
    stream = endless(batches_of(spec, data, TRAINING_SEED), "batches")
    for _, (x, y) in zip(range(UPDATES), stream, strict=False):
        made.zero_grad()
        criterion(model(torch.from_numpy(x)), torch.from_numpy(y)).backward()
        made.step()
    after = sharpness(model, criterion, whole)
    return before.max_lr(momentum), after.max_lr(momentum)


def main() -> None:
    page = page_to_write(__doc__.splitlines()[0])
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    rows = [row for label, task in TASKS.items() for row in rows_of(label, *task)]
    heads = ["model", "high", "best", "stands", "by Hessian", "after"]
    text = (
        f"Learning rates, batches of {BATCH_SIZE}. *high*, *best*: of a range test of {STEPS} "
        f"steps. *stands*: the largest up to which all of a grid, eight a decade, end below the "
        f"initial loss after {UPDATES} updates. *by Hessian*: (2 + 2β)/λ of the whole training "
        f"set before training, and *after* {UPDATES} updates at `high`."
    )
    sections = [
        machine("hypercycle", "numpy", "torch", "scikit-learn") + "\n",
        section("A second opinion", text, table(heads, rows)),
    ]
    report("second_opinion", sections, page)


if __name__ == "__main__":
    main()
