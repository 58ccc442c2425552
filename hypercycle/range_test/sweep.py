"""``Sweep``: the values that a hyperparameter takes in a range test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from hypercycle.namespaces.namespace import Floats
from hypercycle.numbers.checks import finite_number, whole_number
from hypercycle.range_test.divergence import points_to_keep
from hypercycle.range_test.reading import FEWEST_POINTS
from hypercycle.range_test.recorded import RangeTest


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
        Number of updates, at least 10; a hundred to three hundred serve. With twice as many, half
        of the rate has learnt as much, so that all bounds are lower.
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
    def values(self) -> Floats:
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
            If there is no loss or there are more than ``steps``, or one is not a number.
        """
        runs = _runs(losses)
        longest = max(map(len, runs))
        if not 1 <= longest <= self.steps:
            raise ValueError(
                f"a sweep of {self.steps} steps has 1 to {self.steps} losses per run, got {longest}"
            )
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


def _runs(losses: Any) -> list[Floats]:
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
