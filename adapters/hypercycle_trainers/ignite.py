"""For PyTorch Ignite: a handler that drives an optimizer."""

from __future__ import annotations

from typing import Any

from ignite.engine import Events

import hypercycle as hc
from hypercycle.driving.attaching import as_plan
from hypercycle.driving.options import PlanLike
from hypercycle.observers import flat


class CycleHandler:
    """Attaches a plan when an engine starts; each update of the optimizer moves it on.

    ``handler.attach(trainer)`` sets it up. The values of an iteration are in
    ``trainer.state.metrics``, where the loggers of Ignite find them. It goes into ``to_save`` of a
    ``Checkpoint``.

    Parameters
    ----------
    optimizer
        What to drive.
    plan
        Whatever :func:`hypercycle.attach` takes as a plan.
    **options
        Of :func:`hypercycle.attach`. If not given, ``steps_per_epoch`` and ``total_steps`` are the
        engine's iterations, an update each.

    Attributes
    ----------
    cycler
        What drives the optimizer; there is none before the engine starts.
    """

    def __init__(self, optimizer: Any, plan: PlanLike, **options: Any) -> None:
        self.optimizer = optimizer
        self.plan = as_plan(plan, "CycleHandler")
        self.options = options
        self.cycler: Any = None
        self._state: dict[str, Any] | None = None

    def attach(self, engine: Any) -> None:
        """Add the handlers to an engine."""
        engine.add_event_handler(Events.STARTED, self._start)
        engine.add_event_handler(Events.ITERATION_STARTED, self._show)

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the cycler, which is empty before the engine has started."""
        return {} if self.cycler is None else dict(self.cycler.state_dict())

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where the state was saved, as soon as the engine starts."""
        self._state = state_dict or None

    def _start(self, engine: Any) -> None:
        state, self._state = self._state, None
        if self.cycler is not None:
            state = state or (self.cycler.state_dict() if engine.state.iteration else None)
            self.cycler.detach(restore=True)
        if state is None and engine.state.iteration and "start_step" not in self.options:
            raise ValueError(
                f"the engine goes on at iteration {engine.state.iteration}, but no state was "
                "loaded into this CycleHandler: load its checkpoint too, or pass start_step"
            )
        lengths = {}
        if engine.state.epoch_length:
            lengths["steps_per_epoch"] = engine.state.epoch_length
            if engine.state.max_epochs:
                lengths["total_steps"] = engine.state.epoch_length * engine.state.max_epochs
        options = lengths | self.options
        self.cycler = hc.attach(self.optimizer, self.plan, advance="optimizer", **options)
        if state is not None:
            self.cycler.load_state_dict(state)

    def _show(self, engine: Any) -> None:
        engine.state.metrics.update(flat(self.cycler.values))
