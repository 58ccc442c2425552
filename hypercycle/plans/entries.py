"""What a plan is made of, as the rules of :meth:`hypercycle.Plan.explain` look at it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from hypercycle.namespaces.namespace import Floats
from hypercycle.schedules.chain import Chain
from hypercycle.schedules.cycle import Cycle
from hypercycle.schedules.groups import Groups
from hypercycle.schedules.product import Product
from hypercycle.schedules.schedule import Record

_RATES = {"lr", "learning_rate"}
_MOMENTA = {"momentum", "beta1", "beta_1", "b1", "mom", "betas[0]"}
_DECAYS = {"weight_decay", "weight_decay_rate", "wd"}
# Enough to see a rise and a fall; fewer than the steps of a run.
_SAMPLES = 1025


class Entry(NamedTuple):
    """One schedule of a plan: that of a name, or of one of its groups."""

    name: str
    group: Any
    where: str
    schedule: Record

    @property
    def is_rate(self) -> bool:
        """Whether it is a learning rate, of whichever target."""
        return is_rate(self.name)

    @property
    def is_momentum(self) -> bool:
        """Whether it is a momentum, or the first beta."""
        return self._own in _MOMENTA

    @property
    def is_decay(self) -> bool:
        """Whether it is a weight decay."""
        return self._own in _DECAYS

    @property
    def _own(self) -> str:
        return self.name.rpartition(".")[2]


def is_rate(name: str) -> bool:
    """Return whether a name is that of a learning rate.

    >>> is_rate("lr"), is_rate("optimizer.lr"), is_rate("lr_decay")
    (True, True, False)
    """
    return name.rpartition(".")[2] in _RATES


class Within(NamedTuple):
    """A schedule within an entry's: where, from which step on, and for how many steps."""

    where: str
    schedule: Record
    start: int | None
    steps: int | None


def entries_of(schedules: Mapping[str, Any]) -> Iterator[Entry]:
    """Yield every schedule of a plan whose values may be computed now."""
    for name, one in schedules.items():
        if isinstance(one, Groups):
            for key, part in one.items():
                if part is not None and part.precomputable:
                    yield Entry(name, key, f"{name}.groups.{key}", part)
        elif isinstance(one, Record) and one.precomputable:
            yield Entry(name, None, name, one)


def within(
    schedule: Record, where: str, start: int | None = 0, steps: int | None = None
) -> Iterator[Within]:
    """Yield a schedule, and those that it goes through one after the other or multiplies."""
    yield Within(where, schedule, start, steps)
    if isinstance(schedule, Product):
        for index, factor in enumerate(schedule.schedules):
            yield from within(factor, f"{where}.factors.{index}", start, steps)
    if isinstance(schedule, Chain):
        for index, part in enumerate(schedule.parts):
            pair = isinstance(part, tuple)
            one = part[0] if pair else part
            length = _length(part[1] if pair else one)
            last = index == len(schedule.parts) - 1
            room = steps if last and length is None else length
            path = f"{where}.parts.{index}"
            yield from within(one, f"{path}.0" if pair else path, start, room)
            start = None if start is None or length is None else start + length


def _length(of: Any) -> int | None:
    if isinstance(of, Record):
        return of.length if of.resolved else None
    return of if isinstance(of, int) else None


def at(schedule: Record, where: str, step: int) -> Iterator[Within]:
    """Yield the cycles within a schedule that give its value at a step."""
    for one in within(schedule, where):
        if not isinstance(one.schedule, Cycle) or one.start is None or step < one.start:
            continue
        if one.steps is None or step < one.start + one.steps:
            yield one


def sampled(schedule: Record, steps: int) -> Floats | None:
    """Return values of the first so many steps, the first and the last among them.

    None where they cannot be computed: a scale has grown beyond all numbers.
    """
    chosen = np.unique(np.linspace(0, max(steps - 1, 0), _SAMPLES).astype(np.int64))
    try:
        values: Floats = schedule(chosen)
    except (OverflowError, ValueError):
        return None
    return values if values.ndim == 1 else None


def likeness(one: Record, other: Record, steps: int) -> float:
    """Return how alike two schedules rise and fall: their correlation.

    0 if one of them does not do both.
    """
    first, second = sampled(one, steps), sampled(other, steps)
    if first is None or second is None or not (_turns(first) and _turns(second)):
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def _turns(values: Floats) -> bool:
    changes = np.diff(values)
    return bool((changes > 0.0).any() and (changes < 0.0).any())
