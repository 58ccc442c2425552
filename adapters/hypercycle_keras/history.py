"""A callback that records what a cycled optimizer does, tells its events, ends at a cycle's end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from hypercycle import plugins
from hypercycle.driving.options import OnEvent
from hypercycle.driving.warning import warn
from hypercycle.numbers.marks import checked_marks
from hypercycle.observers import flat
from hypercycle.schedules.schedule import Record, Schedule
from hypercycle_keras.in_step import value_of_variable
from hypercycle_keras.optimizer import optimizers_with_plans


class CycleHistory(keras.callbacks.Callback):
    """Records every hyperparameter, tells events, and can end training where a cycle ends.

    The values are computed on the host, at the end of each epoch: the training step does nothing
    for it. The last value of each epoch goes into ``logs`` under the plan's names, where
    ``History``, ``CSVLogger`` and ``TensorBoard`` find it if they come after this callback. (With
    the backend's own asynchronous callbacks off, which events and observers need, Keras waits for
    each batch.)

    Parameters
    ----------
    on_event
        Called as ``on_event(name, cycle, step)`` after the batch with which training moved onto a
        ``"peak"`` (x = 1) or a ``"cycle_end"``. Batches are counted: where a
        ``LossScaleOptimizer`` skips one, events come that much too early until the epoch ends.
        With ``steps_per_execution=n``, they come after the n batches.
    events_of
        Whose events: a name in the plan or a schedule; the plan's ``lr`` (or only schedule) if not
        given.
    marks
        More events, by name: parts of a cycle, as in :func:`hypercycle.attach`.
    stop_at_cycle_end
        Put off a stop that another callback asks for at the end of an epoch, such as
        ``EarlyStopping``, to the end of the cycle, in mid-epoch too. This callback must come after
        the other in the list. A stop in mid-epoch, such as that of ``TerminateOnNaN``, is not put
        off.
    optimizer
        Which optimizer, if several follow plans, as in a ``MultiOptimizer``: its name comes before
        those of its values in Keras's logs, as in ``"sgd/lr"``.

    Attributes
    ----------
    steps
        The plan's step of every update made so far, an int64 array.
    values
        The values of these updates, a float64 array for each name in the plan; a dict of arrays by
        pattern where variables differ.

    Raises
    ------
    ValueError
        When training begins, if no optimizer of the model follows a plan, or several do, or there
        are no cycles to wait for; at the end of an epoch in which a scale policy that grows led to
        a value that the optimizer does not accept, which a compiled step cannot refuse.
    OverflowError
        At the end of an epoch in which a value was not finite.
    """

    def __init__(
        self,
        on_event: OnEvent | None = None,
        *,
        events_of: str | Schedule | None = None,
        marks: Mapping[str, float] | None = None,
        stop_at_cycle_end: bool = False,
        optimizer: keras.optimizers.Optimizer | None = None,
    ) -> None:
        super().__init__()
        if on_event is not None and not callable(on_event):
            raise TypeError(
                f"on_event must be a function on_event(name, cycle, step), got {on_event!r}"
            )
        self.on_event = on_event
        self.events_of = events_of
        self.marks = checked_marks(marks)
        if self.marks and on_event is None:
            raise ValueError("marks are told through on_event: give CycleHistory() both")
        self.stop_at_cycle_end = stop_at_cycle_end
        self._chosen = optimizer
        self._steps: list[np.ndarray] = []
        self._stops = False

    @property
    def async_safe(self) -> bool:
        """Whether Keras may go on without waiting for the batch; it asks before training begins."""
        tells = self.on_event is not None or self.stop_at_cycle_end or plugins.observers()
        return not tells

    @property
    def steps(self) -> np.ndarray:
        """The plan's step of every update made so far."""
        return np.concatenate([np.empty(0, np.int64), *self._steps])

    @property
    def values(self) -> dict[str, Any]:
        """The values of every update made so far, by name."""
        return {} if not self._steps else self._optimizer.plan(self.steps)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Find the optimizer, and whose events are told."""
        self._optimizer = self._find()
        self._owner: Record | None = None
        if self.on_event is not None or self.stop_at_cycle_end:
            self._owner = self._optimizer.plan.clock_owner(self.events_of)
        if self.stop_at_cycle_end and not (self._owner and self._owner.has_cycles):
            raise ValueError(
                f"stop_at_cycle_end waits for the end of a cycle, and {self._owner!r} has none: "
                "name a schedule with cycles as events_of"
            )
        self._observers = plugins.observers()
        self._stops = self._cut_short = self._stop_seen = False
        several = len(optimizers_with_plans(self.model.optimizer)) > 1
        self._prefix = f"{self._optimizer.name}/" if several else ""
        self._begins = True

    def on_epoch_begin(
        self,
        epoch: int,  # noqa: ARG002
        logs: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> None:
        """Look where the plan stands, which BackupAndRestore may have moved after this callback."""
        if self._begins:
            self._look()
            self._told = self._recorded
            self._begins = False
            self._observe(self._recorded)

    def on_train_batch_end(
        self,
        batch: int,
        logs: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> None:
        """Tell what happened in this batch, or these batches."""
        if self._owner is not None or self._observers:
            # With several steps per execution, Keras counts on past the end of an epoch.
            steps = self.params.get("steps") or batch + 1
            in_epoch = min(batch + 1, steps)
            every = self._optimizer.gradient_accumulation_steps or 1
            self._tell(self._optimizer._step_after((self._batches + in_epoch) // every))  # noqa: SLF001
            self._cut_short = in_epoch < steps or self._model.stop_training

    def on_epoch_end(
        self,
        epoch: int,  # noqa: ARG002
        logs: dict[str, Any] | None = None,
    ) -> None:
        """Record the epoch's updates, and put off a stop that was asked for."""
        before = self._recorded
        _ = self.model  # with JAX, what brings the variables up to date
        self._look()
        if self._owner is not None or self._observers:
            self._tell(self._recorded)
        if self._recorded > before:
            self._optimizer._following.on_host.check(before, self._recorded)  # noqa: SLF001
            self._steps.append(np.arange(before, self._recorded))
            if logs is not None:
                values = flat(self._optimizer.plan(self._recorded - 1))
                logs.update({f"{self._prefix}{name}": value for name, value in values.items()})
        self._stop_seen = self.model.stop_training
        stops = self.stop_at_cycle_end and self.model.stop_training and not self._cut_short
        if stops and self._has_more_cycles():
            self._stops = True
            self.model.stop_training = False

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Say so if a stop came that this callback could not put off."""
        late = self.model.stop_training and not (self._stop_seen or self._stops)
        if self.stop_at_cycle_end and late and self._has_more_cycles():
            warn(
                "training was stopped in mid-cycle by a callback that comes after CycleHistory in "
                "the list: put CycleHistory(stop_at_cycle_end=True) after it",
                beyond=("keras",),
            )

    def _find(self) -> Any:
        chosen = self.model.optimizer if self._chosen is None else self._chosen
        found = optimizers_with_plans(chosen)
        if not found:
            raise ValueError(
                "CycleHistory found no optimizer that follows a plan: "
                "model.compile(optimizer=hc.attach(optimizer, …)) first"
            )
        if len(found) > 1:
            names = ", ".join(one.name for one in found)
            raise ValueError(
                f"several optimizers of this model follow plans, {names}: give "
                "CycleHistory(optimizer=…) for each of them"
            )
        return found[0]

    def _look(self) -> None:
        """Read off how many batches and updates were made."""
        iterations = self._optimizer._iterations  # noqa: SLF001  (counts accumulated batches too)
        self._batches = int(value_of_variable(iterations))
        self._recorded = self._optimizer.plan_step

    def _tell(self, step: int) -> None:
        """Tell the events of the steps that training has moved onto since the last time."""
        for reached in range(self._told + 1, step + 1):
            self._observe(reached)
            if self._owner is None:
                continue
            for event in self._owner.events(reached, self.marks):
                if self.on_event is not None:
                    self.on_event(*event)
                if self._stops and event.name == "cycle_end":
                    self._model.stop_training = True
        self._told = max(self._told, step)

    def _observe(self, step: int) -> None:
        for observer in self._observers:
            values = self._optimizer.plan(step)
            plugins.call(observer, step=step, values=values, target=self._optimizer)

    def _has_more_cycles(self) -> bool:
        """Return whether a cycle has to be waited for; not at a cycle's end, nor after the last."""
        assert self._owner is not None  # noqa: S101  (on_train_begin has found it)
        step = self._recorded
        length = self._owner.length
        if length is not None and step >= length:
            return False
        return all(event.name != "cycle_end" for event in self._owner.events(step))
