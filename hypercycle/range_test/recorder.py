"""``Recorder``: what happens in a range test, update by update."""

from __future__ import annotations

import math
from types import TracebackType
from typing import Any, Self

import numpy as np

from hypercycle.numbers.checks import is_number
from hypercycle.range_test.divergence import Divergence
from hypercycle.range_test.progress import (
    DRAWINGS,
    Progress,
    checked_progress,
    live_curve,
    progress_bar,
)
from hypercycle.range_test.recorded import RangeTest
from hypercycle.range_test.stopping import BEFORE_ANY, diverged, not_finite, reached_end
from hypercycle.range_test.sweep import Sweep


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
        installed, on a terminal and in a notebook. ``"plot"``: beside that, in a notebook, the
        losses so far as a curve, which Matplotlib draws twenty times in a sweep.

    Raises
    ------
    ImportError
        If ``progress=True`` and tqdm is missing, or a curve is wanted and Matplotlib is missing.
    TypeError
        If progress is anything else.

    Examples
    --------
    >>> recorder = Recorder(Sweep(1e-3, 1.0, steps=100))
    >>> [recorder.record(loss) for loss in (2.3, 2.2, float("inf"))]
    [False, False, True]
    >>> recorder.stopped_because
    'the loss of update 3 is inf, at lr=0.00115'
    >>> recorder.range_test().losses.tolist()
    [2.3, 2.2, inf]
    """

    def __init__(self, sweep: Sweep, *, stop_early: bool = True, progress: Progress = None) -> None:
        self.sweep = sweep
        self.stopped_because: str | None = None
        self._stop_early = stop_early
        self._values = sweep.values
        self._losses: list[float] = []
        self._metrics: dict[str, list[tuple[int, float]]] = {}
        self._divergence = Divergence()
        progress = checked_progress(progress)
        self._draw = live_curve(sweep, progress)
        self._bar = progress_bar(sweep, progress)

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
        if self._bar is None:
            return
        if self.stopped_because is not None:
            # A bar that is closed before its end is red in a notebook, as after an error.
            self._bar.total = self._bar.n
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
            If it is not a number.
        RuntimeError
            If it has already said stop.
        """
        if self.stopped_because is not None:
            raise RuntimeError(f"the sweep is over: {self.stopped_because}")
        number = _as_float(loss, "loss")
        measured = {name: _as_float(value, name) for name, value in metrics.items()}
        index = len(self._losses)
        name, value = self.sweep.name, self._values[index].item()
        self._losses.append(number)
        for metric, one in measured.items():
            self._metrics.setdefault(metric, []).append((index, one))
        if not math.isfinite(number):
            self.stopped_because = not_finite(number, index + 1, name, value)
        elif self._divergence.after(number) and self._stop_early:
            self.stopped_because = diverged(name, value)
        elif len(self._losses) == len(self._values):
            self.stopped_because = reached_end(name, value)
        if self._bar is not None:
            self._bar.set_postfix_str(
                f"{name}={value:.3g}, loss={self._divergence.smoothed:.4g}", False
            )
            self._bar.update()
        if self._draw is not None:
            every = max(1, len(self._values) // DRAWINGS)
            if len(self._losses) % every == 0 or self.stopped_because is not None:
                self._draw(self._losses)
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
            because = "record() has not been called"
            if self.stopped_because is not None:
                because = f"{self.stopped_because}, {BEFORE_ANY}"
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
