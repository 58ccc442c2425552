"""``Reference``: what another entry of the plan follows, times a number."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from hypercycle.namespaces.namespace import Namespace
from hypercycle.numbers.caching import computed_once
from hypercycle.numbers.checks import finite_number
from hypercycle.schedules.combination import Combination
from hypercycle.schedules.constant import Constant
from hypercycle.schedules.function import as_schedule
from hypercycle.schedules.printing import record_repr
from hypercycle.schedules.product import Product
from hypercycle.schedules.scalars import OneValue
from hypercycle.schedules.schedule import Record


@dataclass(frozen=True, repr=False)
class Reference(Combination):
    r"""What another entry of the plan follows, times a number: ``{ of = "lr", times = 0.1 }``.

    .. math:: value = times \\cdot schedule(step)

    Its values are those of ``Product(times, schedule)``. It also remembers whose schedule that is,
    so that a plan file says so again when it is written, and ``Plan.override`` of that entry
    changes this one too. In a plan whose entry ``name`` follows something else it is the product.

    Parameters
    ----------
    name
        The name of the other entry, such as ``"lr"``.
    schedule
        What that entry follows.
    times
        The factor, 1 if not given.

    Raises
    ------
    TypeError, ValueError
        If the name is no text, the schedule is none, or the factor is not a finite number.

    Examples
    --------
    >>> from hypercycle import Cycle, Plan
    >>> lr = Cycle(0.1, 0.5, 4)
    >>> plan = Plan(lr=lr, weight_decay=Reference("lr", lr, times=0.1))
    >>> plan.to_dict()["weight_decay"]
    {'of': 'lr', 'times': 0.1}
    >>> plan.override({"lr.high": 0.3})(4)["weight_decay"]
    0.03
    """

    name: str
    schedule: Any
    times: float = 1.0

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise TypeError(f"name must be a name in the plan such as 'lr', got {self.name!r:.60}")
        object.__setattr__(self, "schedule", as_schedule(self.schedule, "the schedule"))
        object.__setattr__(self, "times", finite_number(self.times, "times"))

    def __repr__(self) -> str:
        return record_repr(self, positional=("name", "schedule"))

    def of(self, *schedules: Record) -> Reference:
        """Return the reference to another schedule of the same name."""
        return replace(self, schedule=schedules[0])

    @computed_once
    def written_out(self) -> Record:
        """What it stands for, without the name."""
        schedule: Record = self.schedule
        return schedule if self.times == 1.0 else Product(Constant(self.times), schedule)

    @property
    def schedules(self) -> tuple[Record, ...]:
        """The schedule of the other entry."""
        return (self.schedule,)

    @property
    def whole(self) -> bool:
        """Whether the factor and the schedule are."""
        return self.written_out.whole

    def reached(self) -> list[float]:
        """Return the bounds of the schedule, times the factor."""
        return self.written_out.reached()

    def known_range(self) -> tuple[float, float] | None:
        """Return the least and the greatest of them; None if the schedule's are not known."""
        return self.written_out.known_range()

    @computed_once
    def at_one_step(self) -> OneValue | None:
        """The value at one step as a function; None if the schedule has none."""
        return self.written_out.at_one_step

    def evaluate(self, step: Any, xp: Namespace) -> Any:
        """Return float64 values at int64 steps in the namespace ``xp``."""
        return self.written_out.evaluate(step, xp)
