"""Weight decay, momentum and dropout swept on the digits, before training and after.

``cd benchmarks && python -m range_test_sweeps.other_hyperparameters [--write docs/benchmarks.md]``
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable

import torch
from timing import machine, page_to_write, report, section, table
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import hypercycle_torch
from hypercycle.range_test import RangeTest, Recorder, Sweep

from .data import load
from .torch_models import mlp

STEPS, BATCH_SIZE, EPOCHS, ORDERS = 300, 32, 40, 5
SGD = functools.partial(torch.optim.SGD, momentum=0.9)


class Scene:
    """A model of the digits, trained for so many epochs."""

    def __init__(
        self, optimizer: Callable[..., torch.optim.Optimizer], lr: float, epochs: int
    ) -> None:
        data = load("digits", None)
        torch.manual_seed(0)
        self.model = mlp(data, layer=lambda: nn.Dropout(0.0))
        self.optimizer = optimizer(self.model.parameters(), lr=lr)
        samples = TensorDataset(torch.from_numpy(data.x), torch.from_numpy(data.y))
        self.batches = DataLoader(samples, BATCH_SIZE, shuffle=True)
        for _ in range(epochs):
            for batch in self.batches:
                self.update(*batch)

    def update(self, x: torch.Tensor, y: torch.Tensor) -> float:
        self.optimizer.zero_grad()
        loss = nn.functional.cross_entropy(self.model(x), y)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def sweep(self, name: str, start: float, end: float) -> RangeTest:
        return hypercycle_torch.range_test(
            self.model,
            self.optimizer,
            nn.CrossEntropyLoss(),
            self.batches,
            name=name,
            start=start,
            end=end,
            steps=STEPS,
            spacing="linear" if name == "momentum" else "exponential",
            progress=False,
        )

    def sweep_dropout(self) -> RangeTest:
        dropouts = [one for one in self.model.modules() if isinstance(one, nn.Dropout)]
        recorder = Recorder(Sweep(0.0, 0.95, STEPS, "linear", "dropout"), progress=False)
        values = iter(recorder.sweep.values.tolist())
        while True:
            for batch in self.batches:
                for one, value in zip(dropouts, [next(values)] * len(dropouts), strict=True):
                    one.p = value
                if recorder.record(self.update(*batch)):
                    return recorder.range_test()


WEIGHT_DECAY, MOMENTUM = ("weight_decay", 1e-6, 100.0), ("momentum", 0.0, 0.999)
SWEEPS: dict[str, tuple[Callable[..., torch.optim.Optimizer], float, Callable[..., RangeTest]]] = {
    "weight decay, momentum 0.9": (SGD, 0.02, lambda scene: scene.sweep(*WEIGHT_DECAY)),
    "weight decay, AdamW": (torch.optim.AdamW, 0.003, lambda scene: scene.sweep(*WEIGHT_DECAY)),
    "momentum, rate 0.1": (torch.optim.SGD, 0.1, lambda scene: scene.sweep(*MOMENTUM)),
    "momentum, rate 0.3": (torch.optim.SGD, 0.3, lambda scene: scene.sweep(*MOMENTUM)),
    "dropout, momentum 0.9": (SGD, 0.02, lambda scene: scene.sweep_dropout()),
}


def row_of(label: str, epochs: int) -> list[str]:
    optimizer, lr, sweep = SWEEPS[label]
    scene = Scene(optimizer, lr, epochs)
    tests = []
    for seed in range(ORDERS):
        torch.manual_seed(seed)
        tests.append(sweep(copy.deepcopy(scene)))
    found = [bounds for test in tests if (bounds := test.bounds())]
    return [
        label,
        str(epochs),
        str(len(found)),
        between([bounds.low for bounds in found]),
        between([bounds.best for bounds in found]),
        between([float(test.values[-1]) for test in tests]),
    ]


def between(values: list[float]) -> str:
    """Return the least and the greatest."""
    if not values:
        return ""
    least, greatest = f"{min(values):.2g}", f"{max(values):.2g}"
    return least if least == greatest else f"{least} to {greatest}"


def main() -> None:
    page = page_to_write(__doc__.splitlines()[0])
    torch.set_num_threads(1)
    rows = [row_of(label, epochs) for label in SWEEPS for epochs in (0, EPOCHS)]
    heads = ["swept", "epochs", "answered", "low", "best", "ended at"]
    text = (
        f"An MLP, the digits, batches of {BATCH_SIZE}, {STEPS} steps. *epochs*: trained before the "
        f"sweep. *answered*: with bounds, of {ORDERS} sweeps with the batches in other orders. "
        "*ended at*: the last value, where the sweep or the divergence of the loss ended it."
    )
    sections = [
        machine("hypercycle", "numpy", "torch", "scikit-learn") + "\n",
        section("Other hyperparameters", text, table(heads, rows)),
    ]
    report("other_hyperparameters", sections, page)


if __name__ == "__main__":
    main()
