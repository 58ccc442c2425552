"""The recorded sweeps as files: one each, with how it was made and what training really does."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hypercycle.range_test import RangeTest, Sweep

FOLDER = Path(__file__).parent / "sweeps"
BUILD, HELD_OUT = "build", "held out"

# What a cycle or a rate must make of the best fixed rate's descent to be a good answer.
GOOD = 0.8


@dataclass(frozen=True)
class Spec:
    """How a sweep is made: everything but the versions.

    Attributes
    ----------
    data, model, optimizer
        Names in ``data.py`` and in the module of the framework.
    batch_size
        Of the updates; in PyTorch, the last batch of an epoch may be smaller.
    order
        "shuffled" anew each epoch, "fixed", or "fresh": batches that never come again.
    steps, start, end
        Of the sweep, exponential.
    learnable
        False where no rate can lower the loss: the right answer is that there are no bounds.
    framework
        "torch", "jax" or "keras".
    precision
        "float32", or "bf16" for autocast to bfloat16.
    metric
        "accuracy" where that was measured as well, on the evaluation set; else empty.
    seed
        Of the weights; batches of the sweep and of the trainings have others.
    """

    data: str
    model: str
    optimizer: str
    batch_size: int
    order: str
    steps: int
    start: float
    end: float
    learnable: bool = True
    framework: str = "torch"
    precision: str = "float32"
    metric: str = ""
    seed: int = 0

    @property
    def name(self) -> str:
        """What the sweep and its file are called."""
        parts = [self.framework, self.data, self.model, self.optimizer, f"b{self.batch_size}"]
        parts += [self.order, str(self.steps)]
        parts += [] if self.precision == "float32" else [self.precision]
        parts += [f"seed{self.seed}"] if self.seed else []
        return "-".join(parts).replace(" ", "_")

    @property
    def split(self) -> str:
        """Half of the sweeps are never looked at while a reader is built: a hash decides."""
        odd = hashlib.sha256(self.name.encode()).digest()[-1] % 2
        return HELD_OUT if odd else BUILD


@dataclass(frozen=True)
class Recorded:
    """A sweep and the truth about it.

    Attributes
    ----------
    spec
        How it was made.
    test
        What ``range_test`` returned, losses to six significant digits.
    stopped
        "end" of the sweep, "diverged", or "not finite".
    updates
        Of each training that tells the truth.
    initial
        The loss of the evaluation set before any training.
    fixed
        The same after ``updates`` updates at each of these rates; NaN where it diverged.
    versions
        Of the packages.
    """

    spec: Spec
    test: RangeTest
    stopped: str
    updates: int
    initial: float
    fixed: dict[float, float]
    versions: dict[str, str]

    @property
    def best(self) -> float:
        """The lowest loss that any fixed rate reaches."""
        return min(loss for loss in self.fixed.values() if math.isfinite(loss))

    def descent(self, final: float) -> float:
        """Return the part of the best fixed rate's descent; −inf where training diverged."""
        if not math.isfinite(final):
            return -math.inf
        return (self.initial - final) / (self.initial - self.best)


def write(recorded: Recorded) -> Path:
    """Write the file of a sweep and return its path."""
    test = recorded.test
    content = {
        "split": recorded.spec.split,
        **asdict(recorded.spec),
        "stopped": recorded.stopped,
        "losses": [_rounded(loss) for loss in test.losses],
        "metrics": {
            name: {str(i): _rounded(curve[i]) for i in np.nonzero(np.isfinite(curve))[0].tolist()}
            for name, curve in test.metrics.items()
        },
        "updates": recorded.updates,
        "initial": _rounded(recorded.initial),
        "fixed": {f"{rate:.6g}": _rounded(loss) for rate, loss in recorded.fixed.items()},
        "versions": recorded.versions,
    }
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{recorded.spec.name}.json"
    lines = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in content.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    return path


def read(path: Path) -> Recorded:
    """Return what a file holds."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    spec = Spec(**{key: content[key] for key in Spec.__dataclass_fields__})
    losses = [_number(loss) for loss in content["losses"]]
    values = Sweep(spec.start, spec.end, spec.steps).values[: len(losses)]
    metrics = {}
    for name, points in content["metrics"].items():
        metrics[name] = np.full(len(losses), np.nan)
        for index, value in points.items():
            metrics[name][int(index)] = value
    return Recorded(
        spec,
        RangeTest(values, losses, metrics),
        content["stopped"],
        content["updates"],
        content["initial"],
        {float(rate): _number(loss) for rate, loss in content["fixed"].items()},
        content["versions"],
    )


def read_all(split: str | None = None) -> Iterator[Recorded]:
    """Yield all sweeps, or those of a split, in the order of their names."""
    for path in sorted(FOLDER.glob("*.json")):
        recorded = read(path)
        if split in (None, recorded.spec.split):
            yield recorded


def _rounded(number: float) -> float | None:
    """Return six significant digits; None for what is not finite, which JSON does not know."""
    return float(f"{number:.6g}") if math.isfinite(number) else None


def _number(value: float | None) -> float:
    return math.nan if value is None else value
