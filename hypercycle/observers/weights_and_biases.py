"""The values in a run of Weights & Biases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypercycle.observers.observer import Observer, flat


class WeightsAndBiases(Observer):
    """Adds the values to a run of Weights & Biases.

    They join the row that you log next, by ``run.log(…)``, without moving W&B's step on: what you
    log is left as it is, and the values are there as often as you log. With ``commit=True`` they
    are rows of their own.

    Parameters
    ----------
    run
        What ``wandb.init(…)`` returned. It is not finished.
    commit
        Log a row at W&B's step ``step`` for each update: for a run in which nothing else logs. (W&B
        drops, with a warning of its own, whatever is logged for a step that it has passed.)
    prefix
        What the names in W&B start with, such as ``"generator/"``.
    target
        What to log: the optimizer, or other object, that the plan is attached to. If not given, the
        first one, and a second one is an error.
    every
        Log each step that is a multiple of this.
    """

    def __init__(
        self,
        run: Any,
        *,
        commit: bool = False,
        prefix: str = "",
        target: Any = None,
        every: int = 1,
    ) -> None:
        super().__init__(target, every)
        if not callable(getattr(run, "log", None)):
            raise TypeError(f"run is what wandb.init(…) returns, got {run!r}")
        self._run = run
        self._commit = commit
        self._prefix = prefix

    def write(self, step: int, values: Mapping[str, Any]) -> None:
        """Write a row at once, where no cycler calls observers, as beside a compiled Optax step."""
        row = {f"{self._prefix}{name}": value for name, value in flat(values).items()}
        self._run.log(row, step=step if self._commit else None, commit=self._commit)

    def __repr__(self) -> str:
        return f"WeightsAndBiases({getattr(self._run, 'name', self._run)!r})"
