"""For Lightning: a callback that drives an optimizer of the module."""

from __future__ import annotations

import math
from typing import Any

import torch

import hypercycle as hc
from hypercycle.driving.attaching import as_plan
from hypercycle.driving.options import PlanLike
from hypercycle.observers import flat
from hypercycle.plans.plan import Plan

try:
    from lightning.pytorch import Callback
except ModuleNotFoundError:
    from pytorch_lightning import Callback


class CycleCallback(Callback):
    """Attaches a plan when training starts; each update of the optimizer moves it on.

    Lengths such as ``"30%"`` and ``"4ep"`` are of the trainer's own number of updates. The step is
    in the trainer's checkpoints, so that ``fit(…, ckpt_path=…)`` goes on in mid-cycle. The values
    that an update is made with go to all loggers, in the trainer's rhythm, and are metrics by
    their names.

    Parameters
    ----------
    plan
        What to drive: whatever :func:`hypercycle.attach` takes as a plan.
    optimizer
        The index of the optimizer, where the module has several. Each takes a callback of its own.
    prefix
        What the logged names begin with: ``"cycle/"`` logs ``cycle/lr``.
    **options
        Of :func:`hypercycle.attach`.

    Attributes
    ----------
    cycler
        What drives the optimizer; there is none before training.
    """

    def __init__(
        self, plan: PlanLike, *, optimizer: int = 0, prefix: str = "", **options: Any
    ) -> None:
        self.plan = as_plan(plan, "CycleCallback")
        self.optimizer = optimizer
        self.prefix = prefix
        self.options = options
        self.cycler: Any = None
        self._optimizer: Any = None
        self._state: dict[str, Any] | None = None

    @property
    def state_key(self) -> str:
        """The name of its state in a checkpoint: one for each optimizer."""
        return f"hypercycle.CycleCallback({self.optimizer})"

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the cycler, which is empty before training."""
        return {} if self.cycler is None else dict(self.cycler.state_dict())

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Keep the state until training starts, when there is an optimizer."""
        self._state = state_dict or None

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Attach, and go on where the checkpoint was saved."""
        del pl_module
        optimizer = trainer.optimizers[self.optimizer]
        _refuse_a_second_driver(trainer, optimizer, self.plan)
        state, self._state = self._state, None
        if state is None and self.cycler is not None and trainer.global_step:
            state = self.cycler.state_dict()  # fit() once more
        if state is None and trainer.global_step and "start_step" not in self.options:
            raise ValueError(
                f"training goes on at update {trainer.global_step}, but the checkpoint has no "
                "state of this CycleCallback: pass start_step, the updates that the plan has "
                "behind it"
            )
        lengths = {} if self.plan.resolved else _lengths(trainer, self.options)
        options = lengths | self.options
        self.cycler = hc.attach(optimizer, self.plan, advance="optimizer", **options)
        self._optimizer = optimizer  # which a cycler does not keep alive, for a second fit()
        if state is not None:
            self.cycler.load_state_dict(state)

    def on_before_optimizer_step(self, trainer: Any, pl_module: Any, optimizer: Any) -> None:
        """Log the values that the update is made with."""
        if optimizer is trainer.optimizers[self.optimizer]:
            for name, value in flat(self.cycler.values).items():
                # Lightning makes a float32 of a number.
                pl_module.log(self.prefix + name, torch.tensor(value, dtype=torch.float64))


def _refuse_a_second_driver(trainer: Any, optimizer: Any, plan: Plan) -> None:
    schedulers = [config.scheduler for config in trainer.lr_scheduler_configs]
    theirs = [one for one in schedulers if getattr(one, "optimizer", None) is optimizer]
    if theirs and "lr" in plan:
        raise ValueError(
            f"configure_optimizers() returns a {type(theirs[0]).__name__}, which drives the "
            "learning rate too: return the optimizer alone, or take lr out of the plan"
        )


def _lengths(trainer: Any, given: dict[str, Any]) -> dict[str, int]:
    """Return the updates in an epoch and in all, as far as the trainer knows and nobody says."""
    lengths: dict[str, int] = {}
    if "total_steps" not in given:
        total = trainer.estimated_stepping_batches
        if 0 < total < math.inf:
            lengths["total_steps"] = int(total)
    if "steps_per_epoch" not in given and trainer.num_training_batches < math.inf:
        updates = trainer.num_training_batches / trainer.accumulate_grad_batches
        lengths["steps_per_epoch"] = math.ceil(updates)
    return lengths
