"""For skorch: a callback that drives the optimizer of a net."""

from __future__ import annotations

from typing import Any

from skorch.callbacks import Callback

import hypercycle as hc
from hypercycle.driving.attaching import as_plan
from hypercycle.driving.options import PlanLike
from hypercycle.observers import flat


class CycleCallback(Callback):
    """Attaches a plan when training begins; each update of the optimizer moves it on.

    Its state is in that of the optimizer, which ``Checkpoint`` saves and ``LoadInitState`` loads;
    this callback stands before that one. ``partial_fit`` and unpickled nets go on where they were.
    The values of each update are in the net's history; the cycler is the net's ``cycler_``.

    Parameters
    ----------
    plan
        What to drive: whatever :func:`hypercycle.attach` takes as a plan.
    options
        Of :func:`hypercycle.attach`. If not given, ``steps_per_epoch`` and ``total_steps`` are the
        net's batches, an update each.
    """

    def __init__(self, plan: PlanLike, options: dict[str, Any] | None = None) -> None:
        # As they are, or scikit-learn could not clone them.
        self.plan = plan
        self.options = options

    def on_train_begin(self, net: Any, X: Any = None, y: Any = None, **_: Any) -> None:  # noqa: N803
        """Attach, and go on where the net was."""
        before = getattr(net, "cycler_", None) if net.history else None
        if before is not None:
            before.detach()
        plan, options = as_plan(self.plan, "CycleCallback"), self.options or {}
        if not (plan.resolved or {"steps_per_epoch", "total_steps"} & set(options)):
            data, _validation = net.get_split_datasets(X, y)
            updates = len(net.get_iterator(data, training=True))
            lengths = {"steps_per_epoch": updates, "total_steps": updates * net.max_epochs}
            options = lengths | options
        net.cycler_ = hc.attach(net.optimizer_, plan, advance="optimizer", **options)
        if before is not None:
            net.cycler_.load_state_dict(before.state_dict())

    def on_epoch_begin(self, net: Any, *_: Any, **__: Any) -> None:
        """Refuse to begin anew in the middle, where no state of the optimizer was loaded."""
        if len(net.history) > 1 and net.cycler_.plan_step == 0:
            raise ValueError(
                f"the net has {len(net.history) - 1} epochs behind it and its plan none: let "
                "CycleCallback stand before LoadInitState in the list of callbacks, and save the "
                'optimizer while it is driven; or pass options={"start_step": …}'
            )

    def on_batch_begin(self, net: Any, *_: Any, training: bool, **__: Any) -> None:
        """Record the values that the update is made with."""
        if training:
            for name, value in flat(net.cycler_.values).items():
                net.history.record_batch(name, value)
