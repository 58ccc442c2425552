"""What is probably not meant, seen in the first steps of a cycler and where its plan ends.

A cycler asks for it where it computes values ahead, so that the steps in between pay nothing. How
often the optimizer has stepped is read off the versions of its parameters, which PyTorch counts up
wherever one is written in place: no hook and no wrapper is needed. Where they stay as they are, as
with CUDA graphs, nothing is said.
"""

from __future__ import annotations

import gc
import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import torch
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from hypercycle.driving.cycler import Cycler
from hypercycle.driving.tracks import Track
from hypercycle.driving.warning import MisuseWarning, warn
from hypercycle_torch.names import as_float, is_far
from hypercycle_torch.wrappers import innermost

# How many steps are looked at one by one, and how many parameters.
_STEPS = 24
_PARAMETERS = 8
# More writes to one parameter than an update makes, with an average of the weights beside it.
_MANY_WRITES = 40
# A rate that is less than this part of its largest is as good as 0.
_NEARLY_NOTHING = 0.01
_FOR_EVER = 2**62
_BEGINS_LATE = (
    "the optimizer goes on with the state of a run whose learning rate was driven, and this cycler "
    "began at step 0: load its own state too, or attach with start_step; that of "
    "advance='optimizer' is in the optimizer's, and comes with it if attached before that is loaded"
)
# Tensors of a rate may be of half precision.
_ROUNDING = 2.0**-7


class Watch:
    """Looks at a cycler's steps, and warns once of each thing that is probably not meant.

    Attributes
    ----------
    begins_late
        Whether the optimizer goes on in mid-run, of which the cycler was told nothing.
    """

    def __init__(self, cycler: Cycler, *, begins_late: bool = False) -> None:
        self.begins_late = begins_late
        optimizer = cycler.target
        every = [p for group in optimizer.param_groups for p in group["params"] if p.requires_grad]
        # From all over the model: a layer may be left out now and then.
        self._parameters = every[:: max(len(every) // _PARAMETERS, 1)]
        # LBFGS tries many points in an update.
        self._may_write_often = isinstance(innermost(optimizer), torch.optim.LBFGS)
        self._versions = self._read_versions()
        # The most writes to one parameter before each step.
        self._writes: list[int] = []
        self._skipped_first = False
        self._end, self._holds = _end_of(cycler)

    def look(self, cycler: Cycler, step: int) -> int:
        """Look at a step that is being made; return how many more to make before the next look."""
        if len(self._writes) < _STEPS:
            before, self._versions = self._versions, self._read_versions()
            changes = [now - old for now, old in zip(self._versions, before, strict=True)]
            self._writes.append(max(changes, default=0))
            if len(self._writes) == 1 and self._writes[0] == 0:
                self._skipped_first = self._has_infinite_gradients()
            message = self._of_order(cycler)
            if message:
                _tell(message)
        if self.begins_late and cycler.last_epoch == 0:
            _tell(_BEGINS_LATE)
        if step > self._end:
            _tell(self._holds)
            self._end = _FOR_EVER
        return self.next_look(step) - step

    def next_look(self, step: int) -> int:
        """Return the step to look at next, after one that was looked at."""
        return step + 1 if len(self._writes) < _STEPS else self._end + 1

    def _of_order(self, cycler: Cycler) -> str | None:
        writes = self._writes
        if len(writes) == 2 and min(writes) >= _MANY_WRITES and not self._may_write_often:
            return (
                f"step() is called once in many updates (parameters were written {writes[0]} times "
                "before the first call): a cycler counts updates, so call it after each "
                "optimizer.step(); in Lightning, with interval='step'"
            )
        if len(writes) == 3 and writes[0] == 0 < min(writes[1:]) and not self._skipped_first:
            return (
                "step() was called before the first optimizer.step(), so that the values of step 0 "
                "were never used: call it after optimizer.step()"
            )
        if len(writes) == _STEPS:
            idle = [number == 0 for number in writes[4:]]
            again = sum(now and not before for before, now in pairwise(idle))
            if again >= 2 and sum(idle) * 2 >= len(idle):
                updates = len(idle) - sum(idle)
                return (
                    f"step() is called {len(idle)} times in {updates} updates: call it once for "
                    "each, after optimizer.step(); with gradient accumulation or several processes "
                    "of Accelerate, attach with advance='optimizer'"
                )
            other = _other_driver(cycler)
            if other is not None:
                return (
                    f"{other} drives the learning rate of this optimizer too, and whichever steps "
                    "last decides: put both into one schedule, as in Product(lr, Ramp(1, 0, steps))"
                )
        return None

    def _read_versions(self) -> list[int]:
        return [p._version for p in self._parameters]  # noqa: SLF001  (there is no other name)

    def _has_infinite_gradients(self) -> bool:
        # Then a gradient scaler has skipped the optimizer's step.
        gradients = [p.grad for p in self._parameters if p.grad is not None]
        return any(not bool(torch.isfinite(grad).all()) for grad in gradients)


def _tell(message: str) -> None:
    warn(message, category=MisuseWarning, beyond=("torch", "lightning", "pytorch_lightning"))


def _end_of(cycler: Cycler) -> tuple[int, str]:
    """Return the last step that the plan was made for, and what to say of one after it."""
    total = cycler._options.total_steps  # noqa: SLF001
    if total is not None:
        return total, f"the plan was made for total_steps={total}, and the run goes on"
    for name, schedule in cycler.plan.items():
        length = getattr(schedule, "length", None)
        if name != "lr" or length is None:
            continue
        last = schedule(length)
        largest = max((abs(value) for value in schedule.reached()), default=0.0)
        if abs(last) <= _NEARLY_NOTHING * largest:
            # The last update of one_cycle is made at its length; what follows it is not.
            return length + 1, (
                f"the schedule of lr has ended at step {length} and holds {last!r} from there on, "
                "and the run goes on"
            )
    return _FOR_EVER, ""


def _other_driver(cycler: Cycler) -> str | None:
    """Return what else drives the learning rate: it was changed, or a plateau will change it."""
    written = [track for track in cycler._tracks.tracks if track.place.hyperparameter.key == "lr"]  # noqa: SLF001
    if not written:
        return None
    schedulers: list[Any] = list(_schedulers_of(cycler.target))
    found = [one for one in schedulers if not isinstance(one, Cycler)]
    if _was_changed(cycler, written[0]):
        names = [type(one).__name__ for one in found if not hasattr(one, "_schedulers")]
        return f"a {names[0]}" if names else "something else"
    plateaus = [one for one in found if isinstance(one, ReduceLROnPlateau)]
    return "a ReduceLROnPlateau" if plateaus else None


def _was_changed(cycler: Cycler, track: Track) -> bool:
    """Return whether all groups have other rates than those of the cycler's present step."""
    if not track.schedules or not all(one.precomputable for one in track.schedules):
        return False  # a function is asked once for each step
    groups = cycler.target.param_groups
    if track.place.groups is not None:
        groups = [groups[index] for index in track.place.groups]
    if any(is_far(group["lr"]) for group in groups):
        return False
    factors = track.factors or (1.0,) * len(track.schedules)
    values = [
        factor * schedule(int(cycler.last_epoch))
        for factor, schedule in zip(factors, track.schedules, strict=True)
    ]
    expected = values * len(groups) if track.keys is None else values
    # A group that has just come has its own.
    return all(
        not math.isclose(as_float(group["lr"]), value, rel_tol=_ROUNDING)
        for group, value in zip(groups, expected, strict=True)
    )


def _schedulers_of(optimizer: Any) -> Iterator[LRScheduler]:
    """Yield who refers to an optimizer: it does not know its schedulers, but they know it."""
    for owner in gc.get_referrers(optimizer):
        # Attributes may be in a dict of their own.
        is_dict = isinstance(owner, dict) and owner.get("optimizer") is optimizer
        for one in gc.get_referrers(owner) if is_dict else [owner]:
            if isinstance(one, LRScheduler):
                yield one
