"""A Keras learning rate schedule made of any schedule of hypercycle's."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from hypercycle.numbers.checks import whole_number
from hypercycle.schedules.description import describe, schedule_from
from hypercycle.schedules.function import as_schedule
from hypercycle_keras.checking import check_step
from hypercycle_keras.in_step import traceable_form, traced_tensor


@keras.saving.register_keras_serializable("hypercycle_keras")
class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """A ``LearningRateSchedule`` for those who want nothing but that.

    The value at Keras's step is that of ``schedule`` at
    ``step // gradient_accumulation_steps + start_step``: Keras calls schedules with the count of
    batches, and a cycle counts updates. :func:`hypercycle.attach` does more: it drives any
    hyperparameter, and checkpoints stay interchangeable with those of a plain optimizer.

    Parameters
    ----------
    schedule
        A :class:`hypercycle.Cycle` or any other schedule; lengths in steps.
    gradient_accumulation_steps
        As given to the optimizer.
    start_step
        The step of the first update.
    total_steps
        For how many steps a table is made where the backend cannot trace the schedule.

    Examples
    --------
    >>> import hypercycle as hc
    >>> rate = Schedule(hc.Cycle(0.1, 0.5, step_size_up=4))
    >>> [round(float(rate(step)), 3) for step in (0, 2, 4)]
    [0.1, 0.3, 0.5]
    >>> optimizer = keras.optimizers.SGD(rate)
    """

    def __init__(
        self,
        schedule: Any,
        *,
        gradient_accumulation_steps: int | None = None,
        start_step: int = 0,
        total_steps: int | None = None,
    ) -> None:
        self.schedule = as_schedule(schedule, "schedule")
        self.gradient_accumulation_steps = (
            None
            if gradient_accumulation_steps is None
            else whole_number(gradient_accumulation_steps, "gradient_accumulation_steps", minimum=1)
        )
        self.start_step = whole_number(start_step, "start_step")
        check_step(self.start_step, "start_step")
        self.total_steps = (
            None if total_steps is None else whole_number(total_steps, "total_steps", minimum=1)
        )
        self.schedule(self.start_step)  # refuses lengths that are not in steps
        self._traced = traceable_form(self.schedule, "learning_rate", total_steps)

    def __call__(self, step: Any) -> Any:
        """Return the value at a count of batches as a tensor of Keras's float dtype."""
        every = self.gradient_accumulation_steps or 1
        dtype = keras.config.floatx()
        if isinstance(step, (int, np.integer)):
            value = self.schedule(int(step) // every + self.start_step)
            return keras.ops.convert_to_tensor(value, dtype=dtype)
        updates = keras.ops.convert_to_tensor(step) // every + self.start_step
        return traced_tensor(self._traced, updates, dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments as plain data."""
        return {
            "schedule": describe(self.schedule),
            "gradient_accumulation_steps": self.gradient_accumulation_steps,
            "start_step": self.start_step,
            "total_steps": self.total_steps,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Schedule:
        """Return the schedule that a config describes. Runs no code of the config's.

        Raises
        ------
        TypeError, ValueError
            If it holds a user's own function, a name that is not registered here, or what is no
            argument.
        """
        own = dict(config)
        return cls(schedule_from(own.pop("schedule", None)), **own)
