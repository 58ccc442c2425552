"""What the runners of all frameworks share: their arguments, their batches, repeated runs."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Container, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, Literal

import numpy as np

from hypercycle.namespaces.namespace import Floats
from hypercycle.numbers.checks import whole_number
from hypercycle.range_test.recorded import RangeTest
from hypercycle.range_test.sweep import Sweep

Metrics = Mapping[str, Callable[[Any], Any]]


@dataclass(frozen=True)
class Runs:
    """The runs that a runner is to make: its arguments, which mean the same in all frameworks.

    Parameters
    ----------
    sweep
        The values of each run.
    repeats
        The number of runs.
    accumulate
        Batches per update.
    metrics
        ``{name: function}``; None for none.
    metrics_every
        Updates from one measurement to the next.
    metrics_of
        What the functions take, as the framework calls it.

    Raises
    ------
    TypeError, ValueError
        If a number is not whole or below 1, or the metrics are not functions by name.

    Examples
    --------
    >>> runs = Runs(Sweep(1e-6, 1.0, steps=100), metrics={"one": lambda model: 1.0})
    >>> [update for update in range(1, 31) if runs.measures_after(update, loss=0.5)]
    [10, 20, 30]
    """

    sweep: Sweep
    _: KW_ONLY
    repeats: int = 1
    accumulate: int = 1
    metrics: Any = None
    metrics_every: int = 10
    metrics_of: str = "model"

    def __post_init__(self) -> None:
        for name in ("repeats", "accumulate", "metrics_every"):
            object.__setattr__(self, name, whole_number(getattr(self, name), name, minimum=1))
        metrics = {} if self.metrics is None else self.metrics
        if not isinstance(metrics, Mapping) or not all(map(callable, metrics.values())):
            raise TypeError(
                f"metrics must be {{name: function({self.metrics_of})}}, got {metrics!r:.80}"
            )
        check_metric_names(metrics)
        if metrics and self.metrics_every > len(self.sweep):
            raise ValueError(
                f"metrics_every={self.metrics_every} is more than the {len(self.sweep)} steps of "
                "the sweep: nothing would be measured"
            )
        object.__setattr__(self, "metrics", metrics)

    def measures_after(self, update: int, loss: float) -> bool:
        """Return whether metrics are measured after so many updates, the last of this loss.

        A run ends at a loss that is not finite, and what is left of the model is not measured.
        """
        return bool(self.metrics) and update % self.metrics_every == 0 and math.isfinite(loss)


def check_metric_names(names: Container[str]) -> None:
    """Refuse a metric that is called as the losses are."""
    if "loss" in names:
        raise ValueError(
            "a metric cannot be called 'loss', which names the training losses: call it "
            "'validation_loss'"
        )


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


def endless(
    batches: Iterable[Any] | Callable[[], Iterable[Any]], name: str
) -> Generator[Any, None, None]:
    """Return batches for ever, restarted when they are used up; ``name`` is for the errors.

    To ask a loader for an iterator may draw random numbers and start processes. So that happens at
    the first batch, not here, and once per epoch. A function is called for it, without arguments.

    Raises
    ------
    TypeError
        If the batches cannot be iterated; at the first batch, if they are an iterator.
    ValueError
        At the first batch, if there is none; later, if there is none when it is restarted.
    """
    _check_batches(batches, name)
    return _endless(batches, name)


def once(batches: Iterable[Any] | Callable[[], Iterable[Any]], name: str) -> Iterator[Any]:
    """Begin one pass over batches; the same errors as from :func:`endless`, but for no batches."""
    _check_batches(batches, name)
    return _begun(batches, name)


def _check_batches(batches: Any, name: str) -> None:
    if not _is_iterable(batches) and not _needs_no_arguments(batches):
        raise TypeError(
            f"{name} must be a loader, a list or another iterable of batches, got {batches!r:.80}"
        )


def _is_iterable(batches: Any) -> bool:
    return hasattr(batches, "__iter__") or hasattr(batches, "__getitem__")


def _needs_no_arguments(function: Any) -> bool:
    try:
        inspect.signature(function).bind()
    except (TypeError, ValueError):
        return False
    return True


def _begun(batches: Any, name: str) -> Iterator[Any]:
    iterator: Iterator[Any] = iter(batches if _is_iterable(batches) else batches())
    if iterator is batches:
        raise TypeError(
            f"{name} must give new batches each time it is iterated, got the iterator "
            f"{batches!r:.80}: its batches would be consumed, pass the loader, a list or the "
            "function that makes it"
        )
    return iterator


def _endless(batches: Any, name: str) -> Generator[Any, None, None]:
    given = 0
    while True:
        before = given
        for batch in _begun(batches, name):
            given += 1
            yield batch
        if given == 0:
            raise ValueError(f"{name} is empty: there are no batches to train on")
        if given == before:
            raise ValueError(
                f"{name} gave {given} batches, and none when iterated again: pass what begins "
                "anew, or take no more steps than there are batches"
            )


def average(tests: Sequence[RangeTest]) -> RangeTest:
    """Return the range test of repeated runs, which may have stopped at different values."""
    if len(tests) == 1:
        return tests[0]
    longest = max(tests, key=lambda test: len(test.values))
    size = len(longest.values)

    def padded(array: Floats) -> Floats:
        return np.concatenate([array, np.full(size - len(array), np.nan)])

    # A run that stopped early may have measured nothing yet.
    metrics = {
        name: np.stack([padded(test.metrics.get(name, np.empty(0))) for test in tests])
        for name in longest.metrics
    }
    losses = np.stack([padded(test.losses) for test in tests])
    return replace(longest, losses=losses, metrics=metrics)
