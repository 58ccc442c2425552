"""What all frameworks' sweeps and trainings share."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hypercycle.range_test import RangeTest

from .data import Data, noise
from .records import Spec

# The whole training set where it is smaller: a loss to compare, not an estimate for new data.
EVALUATED = 1000
# Of the generators that order the batches.
SWEEP_SEED, TRAINING_SEED = 100, 200

Batch = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Task:
    """A model with its data: how a sweep is made, and how well training at given rates does.

    Attributes
    ----------
    initial
        The loss of the evaluation set before training.
    sweep
        Runs the product's range test.
    train
        Trains from the same weights with one update at each rate; returns the loss of the
        evaluation set, NaN where a loss on the way was not finite.
    packages
        The distributions used.
    """

    initial: float
    sweep: Callable[[], RangeTest]
    train: Callable[[Sequence[float]], float]
    packages: tuple[str, ...]


@dataclass(frozen=True)
class Batches:
    """The batches of a spec: iterable again and again, without end where they are fresh."""

    spec: Spec
    data: Data
    rng: np.random.Generator

    def __iter__(self) -> Iterator[Batch]:
        size = self.spec.batch_size
        while self.spec.order == "fresh":
            drawn = noise(self.spec.data, size, self.rng)
            yield drawn.x, drawn.y
        count = len(self.data.x)
        places = np.arange(count) if self.spec.order == "fixed" else self.rng.permutation(count)
        for first in range(0, count, size):
            chosen = places[first : first + size]
            # What is left over has no variance for batch normalisation where it is one sample,
            # and a shape of its own, for which JAX would compile again.
            if len(chosen) == size or (len(chosen) > 1 and self.spec.framework == "torch"):
                yield self.data.x[chosen], self.data.y[chosen]


def batches_of(spec: Spec, data: Data, seed: int) -> Batches:
    return Batches(spec, data, np.random.default_rng(seed + spec.seed))


def evaluation_set(data: Data) -> Batch:
    chosen = np.random.default_rng(0).permutation(len(data.x))[:EVALUATED]
    return data.x[chosen], data.y[chosen]


def finite_or_nan(loss: float) -> float:
    return loss if math.isfinite(loss) else math.nan
