"""What a step of the schedules pays for being observed, in PyTorch.

``python benchmarks/observers.py [--quick] [--write docs/benchmarks.md]``
"""

from __future__ import annotations

import inspect
import tempfile
import textwrap
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import MethodType
from typing import Any

import torch
from timing import (
    Contender,
    Effort,
    arguments,
    installed,
    machine,
    measure,
    number,
    report,
    section,
    table,
)

import hypercycle as hc
import hypercycle_torch.cycler
from hypercycle import observers
from hypercycle.driving.tracks import BLOCK_STEPS
from hypercycle_torch.cycler import OptimizerCycler

Step = Callable[[], object]

WITHOUT = "without the question"
NOBODY = "no observer"
TRAINING = "a training step"
QUESTION = "    if self._watched:\n        self._tell(step)\n"


class Deaf:
    """An observer that does nothing: what is left is telling it."""

    @hc.hookimpl
    def hypercycle_step(self, step: int, values: Any, target: Any) -> None:
        """Do nothing."""


def step_without_the_question() -> Step:
    """Return a cycler's ``step()`` that does not ask whether somebody observes."""
    source = textwrap.dedent(inspect.getsource(OptimizerCycler.step))
    if source.count(QUESTION) != 1:
        raise SystemExit(f"step() has changed; this is to be left out of it:\n{QUESTION}")
    namespace: dict[str, Any] = {}
    exec(source.replace(QUESTION, ""), vars(hypercycle_torch.cycler), namespace)  # noqa: S102
    return MethodType(namespace["step"], attached())


def attached() -> OptimizerCycler:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1, momentum=0.9)
    lr = hc.Cycle(0.001, 0.006, 2000)
    cycler = hc.attach(optimizer, lr=lr, momentum=lr.opposite(0.85, 0.95))
    optimizer.step()  # or PyTorch warns about the order
    return cycler


def observed(observer: object) -> Step:
    """Return the ``step()`` of a cycler that tells this observer alone."""
    hc.register_plugin(observer)
    cycler = attached()
    hc.unregister_plugin(observer)
    return cycler.step


def stepping(label: str, step: Step) -> Contender:
    def run(count: int) -> None:
        for _ in range(count):
            step()

    return Contender(label, run, multiple_of=BLOCK_STEPS)


def training() -> Contender:
    """Return the training of a small network: 64 rows of 784 numbers, 128 hidden units."""
    model = torch.nn.Sequential(
        torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    inputs, labels = torch.randn(64, 784), torch.randint(0, 10, (64,))

    def run(count: int) -> None:
        for _ in range(count):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(inputs), labels).backward()
            optimizer.step()

    return Contender(TRAINING, run)


def nobody(effort: Effort) -> str:
    times = measure(
        [stepping(WITHOUT, step_without_the_question()), stepping(NOBODY, attached().step)], effort
    )
    text = (
        "One step with nobody to tell, in multiples of a step from which the question whether "
        "somebody observes is taken out."
    )
    rows = [
        [label, number(times.median(label) * 1e6), number(times.ratio(label, WITHOUT))]
        for label in (WITHOUT, NOBODY)
    ]
    return section("Without an observer", text, table(["step()", "µs", "ratio"], rows))


def somebody(effort: Effort, open_here: ExitStack, folder: Path) -> str:
    watching: list[tuple[str, Any]] = [
        ("an empty one", Deaf()),
        ("CSV", observers.CSV(folder / "values.csv")),
        ("CSV, every hundredth", observers.CSV(folder / "some.csv", every=100)),
    ]
    if installed("tensorboard"):
        watching += [
            ("TensorBoard", observers.TensorBoard(folder / "events")),
            ("TensorBoard, every hundredth", observers.TensorBoard(folder / "some", every=100)),
        ]
    if installed("wandb"):
        import wandb

        settings = wandb.Settings(console="off", silent=True, mode="offline")
        open_here.callback(wandb.teardown)  # waits for what it writes into the folder
        run = open_here.enter_context(wandb.init(dir=folder, settings=settings))
        watching += [
            ("W&B", observers.WeightsAndBiases(run)),
            ("W&B, every hundredth", observers.WeightsAndBiases(run, every=100)),
        ]
    for _, observer in watching[1:]:
        open_here.callback(observer.close)
    contenders = [stepping(label, observed(observer)) for label, observer in watching]
    times = measure([stepping(NOBODY, attached().step), training(), *contenders], effort)
    rows = [
        [
            label,
            number(times.median(label) * 1e6),
            number(times.ratio(label, NOBODY)),
            number(100 * times.ratio(label, TRAINING)),
        ]
        for label in (NOBODY, *(label for label, _ in watching))
    ]
    microseconds = number(times.median(TRAINING) * 1e6)
    text = (
        "One step of lr and momentum that tells an observer, in multiples of one that tells "
        f"nobody, and in percent of a training step of a small network ({microseconds} µs). What "
        "W&B, offline, does in a process of its own is not in it."
    )
    heads = ["observer", "µs", "ratio", "% of training"]
    return section("With an observer", text, table(heads, rows))


def main() -> None:
    effort, document = arguments("Cost of observers in PyTorch.")
    torch.set_num_threads(1)
    with ExitStack() as open_here:
        folder = Path(open_here.enter_context(tempfile.TemporaryDirectory()))
        sections: list[str] = [
            machine("hypercycle", "torch", "tensorboard", "wandb") + "\n",
            nobody(effort),
            somebody(effort, open_here, folder),
        ]
    report("observers.py", sections, document)


if __name__ == "__main__":
    main()
