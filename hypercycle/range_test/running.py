"""What the runners of all frameworks share: their arguments, their batches, repeated runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from hypercycle.range_test.recorded import Array, RangeTest
from hypercycle.range_test.sweep import Sweep

Metrics = Mapping[str, Callable[[Any], Any]]


def sweep_of(
    name: str,
    start: float | None,
    end: float | None,
    steps: int,
    spacing: Literal["exponential", "linear"],
) -> Sweep:
    """Return the sweep that a runner's arguments mean: a learning rate may do without bounds.

    >>> sweep_of("lr", None, None, 300, "exponential")
    Sweep(start=1e-06, end=10.0, steps=300, spacing='exponential', name='lr')
    """
    if name in ("lr", "learning_rate"):
        start, end = 1e-6 if start is None else start, 10.0 if end is None else end
    elif start is None or end is None:
        raise ValueError(
            f"a range test of {name!r} needs its start and end: only a learning rate has usual ones"
        )
    return Sweep(start, end, steps, spacing, name)


def checked_metrics(metrics: Any, argument: str, every: int, steps: int) -> Metrics:
    """Return a runner's metrics, functions of the ``argument``, if they are that."""
    metrics = {} if metrics is None else metrics
    if not isinstance(metrics, Mapping) or not all(map(callable, metrics.values())):
        raise TypeError(f"metrics must be {{name: function({argument})}}, got {metrics!r:.80}")
    if "loss" in metrics:
        raise ValueError(
            "a metric cannot be called 'loss', which names the training losses: call it "
            "'validation_loss'"
        )
    if metrics and every > steps:
        raise ValueError(
            f"metrics_every={every} is more than the {steps} steps of the sweep: nothing would be "
            "measured"
        )
    return metrics


def endless(batches: Iterable[Any], name: str) -> Iterator[Any]:
    """Yield batches for ever, begun again when they are used up; ``name`` is for the error."""
    while True:
        empty = True
        for batch in batches:
            empty = False
            yield batch
        if empty:
            raise ValueError(f"there are no batches: {name} is empty")


def averaged(tests: Sequence[RangeTest]) -> RangeTest:
    """Return the range test of repeated runs, which may have stopped at different values."""
    if len(tests) == 1:
        return tests[0]
    longest = max(tests, key=lambda test: len(test.values))
    size = len(longest.values)

    def padded(array: Array) -> Array:
        return np.concatenate([array, np.full(size - len(array), np.nan)])

    # A run that stopped early may have measured nothing yet.
    metrics = {
        name: np.stack([padded(test.metrics.get(name, np.empty(0))) for test in tests])
        for name in longest.metrics
    }
    losses = np.stack([padded(test.losses) for test in tests])
    return RangeTest(longest.values, losses, metrics, longest.name)
