"""For Hugging Face Transformers: what makes a ``Trainer`` follow a plan."""

from __future__ import annotations

from typing import Any

from transformers import TrainerCallback

import hypercycle as hc
from hypercycle.driving.attaching import as_plan
from hypercycle.driving.options import PlanLike
from hypercycle.observers import flat


class CycleMixin:
    """Gives any ``Trainer`` a plan: ``class CycledTrainer(CycleMixin, Trainer): pass``.

    The cycler is made where the trainer would make its own scheduler, and stands in its place. So
    it is saved and loaded with the checkpoints. Whatever the plan drives is in the trainer's log
    beside ``learning_rate``, with the values of the update that the row is of.

    A callback could do neither: the trainer's own scheduler would write the learning rate after
    each update, and reports are written before a callback of ours hears of them.

    Parameters
    ----------
    plan
        What to drive: whatever :func:`hypercycle.attach` takes as a plan.
    attach_options
        Of :func:`hypercycle.attach`. ``total_steps`` is the trainer's own; ``steps_per_epoch`` for
        lengths in epochs is to be given.
    *arguments, **keywords
        Of the trainer.
    """

    # the trainer's
    add_callback: Any
    callback_handler: Any
    lr_scheduler: Any
    optimizer: Any

    def __init__(
        self,
        *arguments: Any,
        plan: PlanLike,
        attach_options: dict[str, Any] | None = None,
        **keywords: Any,
    ) -> None:
        self.plan = as_plan(plan, "CycleMixin")
        self.attach_options = attach_options or {}
        super().__init__(*arguments, **keywords)
        if self.lr_scheduler is not None:
            raise ValueError(
                f"the trainer is given a {type(self.lr_scheduler).__name__}, which would drive the "
                "learning rate too: pass optimizers=(optimizer, None)"
            )
        self._used = _ValuesUsed()
        self.add_callback(self._used)

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """Attach the plan; the trainer calls this once for each training."""
        if self.lr_scheduler is None:
            before = self.callback_handler.lr_scheduler  # of an earlier train()
            if before is not None:
                before.detach(restore=True)
            options = {"total_steps": num_training_steps} | self.attach_options
            self.lr_scheduler = hc.attach(optimizer or self.optimizer, self.plan, **options)
            self._created_lr_scheduler = True  # else a second train() would go on with it
        return self.lr_scheduler

    def log(self, logs: dict[str, float], *arguments: Any, **keywords: Any) -> None:
        """Log the values of the update beside its loss."""
        if "learning_rate" in logs:
            logs.update(self._used.values)
        super().log(logs, *arguments, **keywords)  # type: ignore[misc]


class _ValuesUsed(TrainerCallback):
    """The values of the last update, which the trainer logs after it has moved on."""

    values: dict[str, float]

    def on_pre_optimizer_step(self, *_: Any, lr_scheduler: Any, **__: Any) -> None:
        self.values = flat(lr_scheduler.values)
