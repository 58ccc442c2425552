"""The half of a range test that every framework shares: values, recording, and when to stop."""

from __future__ import annotations

import bisect
import math
import statistics
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np

from hypercycle.range_test import FEWEST_POINTS, Array, RangeTest
from hypercycle.validation import finite_number, is_number, whole_number

Metrics = Mapping[str, Callable[[Any], Any]]

# The median of five outlives two spikes in a row and lags two updates behind.
WINDOW = 5
# A median of five losses hardly ever strays this many times their noise.
NOISES = 10.0


@dataclass(frozen=True)
class Sweep:
    r"""The values that a hyperparameter takes in a range test, one for each update.

    .. math:: value_i = start \cdot (end / start)^{i / (steps - 1)}

    or, with ``spacing="linear"``, :math:`start + (end - start) \cdot i / (steps - 1)`.

    Parameters
    ----------
    start, end
        The first and the last value; ``start`` below ``end``.
    steps
        Number of updates, at least 10. A hundred are enough for a look, a few epochs for bounds
        to train with.
    spacing
        ``"exponential"``: every decade gets the same number of updates. ``"linear"``: as in L. N.
        Smith, arXiv:1506.01186, section 3.3.
    name
        The hyperparameter, by its neutral name.

    Raises
    ------
    TypeError, ValueError
        If a number is not finite, the bounds are reversed or equal, an exponential sweep starts
        at 0 or below, or there are fewer than 10 steps.

    Examples
    --------
    >>> Sweep(1e-6, 1.0, steps=13).values[[0, 6, 12]].tolist()
    [1e-06, 0.001, 1.0]
    >>> Sweep(0.0, 0.02, steps=11, spacing="linear").values[5].item()
    0.01
    """

    start: float
    end: float
    steps: int
    spacing: Literal["exponential", "linear"] = "exponential"
    name: str = "lr"

    def __post_init__(self) -> None:
        start, end = finite_number(self.start, "start"), finite_number(self.end, "end")
        steps = whole_number(self.steps, "steps")
        if self.spacing not in ("exponential", "linear"):
            raise ValueError(f"spacing must be 'exponential' or 'linear', got {self.spacing!r}")
        if not isinstance(self.name, str):
            raise TypeError(f"name must be a string such as 'lr', got {self.name!r}")
        if start >= end:
            raise ValueError(
                f"a sweep goes up: start must be below end, got start={self.start!r}, "
                f"end={self.end!r}"
            )
        if self.spacing == "exponential" and start <= 0.0:
            raise ValueError(
                f"an exponential sweep cannot start at 0 or below, got start={self.start!r}: "
                "start higher, or use spacing='linear'"
            )
        if steps < FEWEST_POINTS:
            raise ValueError(
                f"a sweep needs at least {FEWEST_POINTS} steps to show a curve, got steps={steps}"
            )
        for field, value in (("start", start), ("end", end), ("steps", steps)):
            object.__setattr__(self, field, value)

    def __len__(self) -> int:
        return self.steps

    @property
    def values(self) -> Array:
        """The values as a float64 array of shape ``(steps,)``, ends exact."""
        if self.spacing == "linear":
            return np.linspace(self.start, self.end, self.steps)
        return np.geomspace(self.start, self.end, self.steps)

    def range_test(
        self,
        losses: Any,
        metrics: Mapping[str, Any] | None = None,
        *,
        stop_early: bool = True,
    ) -> RangeTest:
        """Return the range test that losses recorded at once make, such as those of a scan.

        Points after the one at which :class:`Recorder` would have stopped are left out.

        Parameters
        ----------
        losses
            One number per update, at most ``steps`` of them; or one such sequence per repeated
            run, which may differ in length.
        metrics
            ``{name: one number per update}``, NaN where not measured.
        stop_early
            As in :class:`Recorder`.

        Raises
        ------
        TypeError, ValueError
            If there is no loss or there are more than ``steps``, or what is recorded is no number.
        """
        runs = _runs(losses)
        longest = max(map(len, runs))
        if not 1 <= longest <= self.steps:
            raise ValueError(f"a sweep of {self.steps} steps has 1 to {self.steps} losses per run, "
                             f"got {longest}")  # fmt: skip
        kept = [points_to_keep(run, stop_early=stop_early) for run in runs]
        n = max(kept)
        recorded = np.full((len(runs), n), np.nan)
        for row, run, count in zip(recorded, runs, kept, strict=True):
            row[:count] = run[:count]
        if not np.isfinite(recorded).any():
            raise ValueError("no loss of any run is finite at the start of the sweep")
        cut = {name: np.asarray(one)[..., :n] for name, one in (metrics or {}).items()}
        return RangeTest(
            self.values[:n], recorded if len(runs) > 1 else recorded[0], cut, self.name
        )


def _runs(losses: Any) -> list[Array]:
    """Return each run's losses as an array."""
    if isinstance(losses, Sequence) and losses and np.ndim(losses[0]) == 1:
        return [np.asarray(run, dtype=np.float64) for run in losses]
    array = np.asarray(losses, dtype=np.float64)
    if array.ndim not in (1, 2) or array.size == 0:
        raise ValueError(
            "losses must be of shape (steps,) or (runs, steps) and not empty, got shape "
            f"{array.shape}"
        )
    return list(np.atleast_2d(array))


class _Divergence:
    """Whether a loss has left for good; see :class:`Recorder` for the rule."""

    def __init__(self) -> None:
        self._recent: list[float] = []
        self._changes: list[float] = []  # sizes of the changes from loss to loss, sorted
        self._start: float | None = None
        self._lowest = math.inf
        self.smoothed = math.nan

    def after(self, loss: float) -> bool:
        """Return whether it has, after one more finite loss."""
        if self._recent:
            bisect.insort(self._changes, abs(loss - self._recent[-1]))
        self._recent = [*self._recent[1 - WINDOW :], loss]
        self.smoothed = statistics.median(self._recent)
        if len(self._recent) < WINDOW:
            return False
        if self._start is None:
            self._start = self.smoothed
        self._lowest = min(self._lowest, self.smoothed)
        # Of normal noise, half of the changes are below 0.954 standard deviations.
        noise = self._changes[len(self._changes) // 2] / 0.954
        allowed = max(self._start - self._lowest, NOISES * noise, abs(self._start))
        return self.smoothed > self._start + allowed


def points_to_keep(losses: Any, *, stop_early: bool = True) -> int:
    """Return how many of the losses of a run there are when it stops, by the rule of `Recorder`.

    The loss that ends the run is counted.

    >>> points_to_keep([2.3, 2.3, 2.0, float("nan"), 2.0])
    4
    """
    divergence = _Divergence()
    for index, loss in enumerate(np.asarray(losses, dtype=np.float64).tolist()):
        if not math.isfinite(loss) or (divergence.after(loss) and stop_early):
            return index + 1
    return len(losses)


class Recorder:
    r"""What happens in a range test, update by update, and when to stop.

    .. code-block:: python

        with Recorder(Sweep(1e-6, 1.0, steps=300)) as recorder:
            for value in recorder.sweep.values:
                ...  # set the hyperparameter, train on one batch
                if recorder.record(loss):
                    break
        bounds = recorder.range_test().bounds()

    It says stop after the last value of the sweep; at the first loss that is not finite; and on
    divergence: when the median of the last five losses is above

    .. math:: start + \max(start - lowest, \; 10 \, noise, \; |start|),

    *start* being that median after five updates, *lowest* the least so far, and *noise* the
    median size of the change from loss to loss / 0.954. A spike does not reach it, and neither
    does noise; losses may be near 0 or below.

    Parameters
    ----------
    sweep
        What is recorded.
    stop_early
        Whether to stop on divergence. On what is not finite it always stops.
    progress
        Whether to show a bar with the value and the smoothed loss, by tqdm. None: if tqdm is
        installed and the output is a terminal.

    Raises
    ------
    ImportError
        If ``progress=True`` and tqdm is missing.

    Examples
    --------
    >>> recorder = Recorder(Sweep(1e-3, 1.0, steps=100))
    >>> [recorder.record(loss) for loss in (2.3, 2.2, float("inf"))]
    [False, False, True]
    >>> recorder.stopped_because
    'the loss was inf at lr=0.00115'
    >>> recorder.range_test().losses.tolist()
    [2.3, 2.2, inf]
    """

    def __init__(
        self, sweep: Sweep, *, stop_early: bool = True, progress: bool | None = None
    ) -> None:
        self.sweep = sweep
        self.stopped_because: str | None = None
        self._stop_early = stop_early
        self._values = sweep.values
        self._losses: list[float] = []
        self._metrics: dict[str, list[tuple[int, float]]] = {}
        self._divergence = _Divergence()
        self._bar = _progress_bar(sweep, progress)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Finish the progress bar."""
        if self._bar is not None:
            self._bar.close()

    def record(self, loss: Any, **metrics: Any) -> bool:
        """Take the loss of the next update and return whether to stop.

        Parameters
        ----------
        loss
            The training loss at the sweep's next value: a number, or an array of one (of any
            framework that ``float()`` understands).
        metrics
            What was measured after this update, where it was: ``accuracy=0.81``.

        Raises
        ------
        TypeError
            If it is no number.
        RuntimeError
            If it has already said stop.
        """
        if self.stopped_because is not None:
            raise RuntimeError(f"the sweep is over: {self.stopped_because}")
        number = _as_float(loss, "loss")
        measured = {name: _as_float(value, name) for name, value in metrics.items()}
        index = len(self._losses)
        value = f"{self.sweep.name}={self._values[index]:.3g}"
        self._losses.append(number)
        for name, one in measured.items():
            self._metrics.setdefault(name, []).append((index, one))
        if not math.isfinite(number):
            self.stopped_because = f"the loss was {number} at {value}"
        elif self._divergence.after(number) and self._stop_early:
            self.stopped_because = f"the loss diverged at {value}"
        elif len(self._losses) == len(self._values):
            self.stopped_because = f"the sweep reached its end at {value}"
        if self._bar is not None:
            self._bar.set_postfix_str(f"{value}, loss={self._divergence.smoothed:.4g}", False)
            self._bar.update()
        return self.stopped_because is not None

    def range_test(self) -> RangeTest:
        """Return what has been recorded so far.

        Raises
        ------
        ValueError
            If no finite loss was recorded.
        """
        n = len(self._losses)
        if not any(map(math.isfinite, self._losses)):
            because = self.stopped_because or "record() has not been called"
            raise ValueError(f"nothing was recorded: {because}")
        metrics = {}
        for name, points in self._metrics.items():
            column = metrics[name] = np.full(n, np.nan)
            for index, value in points:
                column[index] = value
        return RangeTest(self._values[:n], self._losses, metrics, self.sweep.name)


def _as_float(value: Any, name: str) -> float:
    if not is_number(value):
        try:
            return float(value.item() if hasattr(value, "item") else value)
        except (TypeError, ValueError, RuntimeError):
            raise TypeError(f"{name} must be a number, got {value!r:.80}") from None
    return float(value)


def _progress_bar(sweep: Sweep, progress: bool | None) -> Any:
    if progress is None and not sys.stderr.isatty():
        return None
    if progress is False:
        return None
    try:
        from tqdm import tqdm  # type: ignore[import-untyped]
    except ImportError as error:
        if progress is None:
            return None
        raise ImportError("progress=True needs tqdm: pip install tqdm") from error
    return tqdm(total=len(sweep), desc=f"{sweep.name} range test", leave=True)


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
