"""What is probably not meant, seen in the first steps of a cycler and where its plan ends.

A cycler asks for it where it computes values ahead, so that the steps in between pay nothing. How
often the optimizer has stepped is read off the versions of its parameters, which PyTorch counts up
wherever one is written in place: no hook and no wrapper is needed. Where they stay as they are, as
with CUDA graphs, nothing is said.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import torch
from torch.optim.lr_scheduler import LRScheduler, SequentialLR

from hypercycle.driving.cycler import Cycler
from hypercycle.driving.warning import MisuseWarning, warn

# How many steps are looked at one by one, and how many parameters.
_STEPS = 24
_PARAMETERS = 8
# More writes to one parameter than an update makes, with an average of the weights beside it.
_MANY_WRITES = 40
# A rate that is less than this part of its largest is as good as 0.
_NEARLY_NOTHING = 0.01
_FOR_EVER = 2**62


class Watch:
    """Looks at a cycler's steps, and warns once of each thing that is probably not meant."""

    def __init__(self, cycler: Cycler) -> None:
        optimizer = cycler.target
        every = (p for group in optimizer.param_groups for p in group["params"])
        self._parameters = [p for p in every if p.requires_grad][:_PARAMETERS]
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
        if step > self._end:
            _tell(self._holds)
            self._end = _FOR_EVER
        return 1 if len(self._writes) < _STEPS else self._end - step + 1

    def _of_order(self, cycler: Cycler) -> str | None:
        writes = self._writes
        if len(writes) == 2 and min(writes) >= _MANY_WRITES:
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
            others = _other_schedulers(cycler) if _drives_rate(cycler) else []
            if others:
                return (
                    f"a {others[0]} drives the learning rate of this optimizer too, and whichever "
                    "steps last decides: put both into one schedule, as in Product(lr, Ramp(1, 0, "
                    "steps))"
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


def _drives_rate(cycler: Cycler) -> bool:
    return any(track.place.hyperparameter.key == "lr" for track in cycler._tracks.tracks)  # noqa: SLF001


def _other_schedulers(cycler: Cycler) -> list[str]:
    """Return the classes of PyTorch's schedulers that drive the same optimizer at the same time."""
    found = list(_schedulers_of(cycler.target))
    sequences: list[list[Any]] = [
        one._schedulers  # noqa: SLF001
        for one in found
        if isinstance(one, SequentialLR)
    ]
    in_turns = [
        one for members in sequences if any(m is cycler for m in members) for one in members
    ]
    return [
        type(one).__name__
        for one in found
        if not hasattr(one, "_schedulers")
        and not type(one).__module__.startswith("hypercycle")  # which are told when they attach
        and all(one is not other for other in in_turns)
    ]


def _schedulers_of(optimizer: Any) -> Iterator[LRScheduler]:
    """Yield who refers to an optimizer: it does not know its schedulers, but they know it."""
    for owner in gc.get_referrers(optimizer):
        # Attributes may be in a dict of their own.
        is_dict = isinstance(owner, dict) and owner.get("optimizer") is optimizer
        for one in gc.get_referrers(owner) if is_dict else [owner]:
            if isinstance(one, LRScheduler):
                yield one
