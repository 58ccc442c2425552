"""``Plan``: which hyperparameter follows which schedule; ``Groups``: one schedule per group."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from hypercycle.namespaces.namespace import Waveform
from hypercycle.numbers.clock import Event
from hypercycle.numbers.lengths import FACTS, Length, Units
from hypercycle.numbers.marks import checked_marks
from hypercycle.plans.findings import Finding
from hypercycle.plans.plan_data import PlanData
from hypercycle.schedules.function import as_schedule
from hypercycle.schedules.groups import Groups
from hypercycle.schedules.schedule import Record, Schedule


class Plan(PlanData):
    """Names of hyperparameters and the schedules that they follow.

    Names are neutral and mean the same in every framework: ``lr``, ``momentum``, ``beta1``,
    ``beta2``, ``weight_decay``, ``eps``; anything else is the framework's own name. A number means
    :class:`~hypercycle.Constant`. A plan is read-only and hashable, and prints, compares and
    pickles as the record that it is.

    Raises
    ------
    TypeError, ValueError
        If there is no schedule, or a value is neither a schedule, nor Groups, nor a number.

    Examples
    --------
    >>> from hypercycle import Cycle
    >>> lr = Cycle(0.1, 0.5, 4)
    >>> plan = Plan(lr=lr, momentum=lr.opposite(0.85, 0.95), weight_decay=1e-4)
    >>> plan(4)
    {'lr': 0.5, 'momentum': 0.85, 'weight_decay': 0.0001}
    >>> Plan(lr=Cycle(0.1, 0.5, "2ep")).resolve(steps_per_epoch=10)
    Plan(lr=Cycle(0.1, 0.5, 20))
    """

    def __init__(self, /, **schedules: Any) -> None:
        if not schedules:
            raise ValueError("Plan needs at least one schedule, such as Plan(lr=Cycle(…))")
        for name in FACTS:
            if name in schedules:
                raise ValueError(
                    f"{name} is a fact of the run, not a hyperparameter: give it to attach(…, "
                    f"{name}=…) or plan.resolve({name}=…)"
                )
        self._schedules = {
            name: value if isinstance(value, Groups) else as_schedule(value, name)
            for name, value in schedules.items()
        }

    def __getattr__(self, name: str) -> Any:
        known = name in vars(self).get("_schedules", ())
        hint = f": a plan is a mapping, plan[{name!r}]" if known else ""
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{hint}")

    def __getitem__(self, name: str) -> Any:
        return self._schedules[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._schedules)

    def __len__(self) -> int:
        return len(self._schedules)

    def __hash__(self) -> int:
        return hash(frozenset(self._schedules.items()))

    def __repr__(self) -> str:
        if all(name.isidentifier() for name in self):
            return f"Plan({', '.join(f'{name}={value!r}' for name, value in self.items())})"
        return f"Plan(**{self._schedules!r})"

    def __call__(self, step: Any) -> dict[str, Any]:
        """Return ``{name: value}`` at a step: floats for an int, arrays for an array of steps.

        The value of a name with :class:`Groups` is a dict ``{group: value}``, and that of a
        :class:`~hypercycle.Mixture` a dict by the names of its weights.

        Raises
        ------
        ValueError
            If a length has a unit that is not resolved yet.
        """
        return {name: schedule(step) for name, schedule in self._schedules.items()}

    @property
    def resolved(self) -> bool:
        """Whether all lengths are in steps."""
        return all(one.resolved for one in self.values())

    def resolve(
        self,
        *,
        steps_per_epoch: int | None = None,
        total_steps: Length | None = None,
        tokens_per_step: int | None = None,
        samples_per_step: int | None = None,
        seconds_per_step: float | None = None,
    ) -> Plan:
        """Return the plan with all lengths in steps.

        Parameters
        ----------
        steps_per_epoch
            Optimizer updates per epoch, for lengths such as ``"4ep"``.
        total_steps
            Optimizer updates of the whole run, for lengths such as ``"30%"`` and ``"rest"``. It may
            be a length itself, as in ``"100Btok"``.
        tokens_per_step, samples_per_step, seconds_per_step
            How much there is in an update, where it is always as much: for lengths such as
            ``"2Btok"``, ``"10Msamples"`` and ``"90s"``, ``"5min"``, ``"3h"``.

        Raises
        ------
        ValueError
            If a length needs one that is not given, or is below 0 in steps.
        """
        per_step = tokens_per_step, samples_per_step, seconds_per_step
        return self.resolved_in(Units(steps_per_epoch, total_steps, *per_step))

    def resolved_in(self, units: Units) -> Plan:
        """Return the plan with all lengths in steps of a clock, which may count other things."""
        return Plan(**{name: schedule.resolve(**units.facts) for name, schedule in self.items()})

    def explain(
        self,
        *,
        total_steps: Length | None = None,
        steps_per_epoch: int | None = None,
        tokens_per_step: int | None = None,
        samples_per_step: int | None = None,
        seconds_per_step: float | None = None,
        ignore: Iterable[str] = (),
    ) -> tuple[Finding, ...]:
        """Return what is probably not meant, each with what to write instead.

        What is known of the run is as in :meth:`resolve`: what is not given is not looked at.
        ``ignore`` names rules that are passed over.

        Raises
        ------
        TypeError, ValueError
            If a length needs what is not given while the other is, or there is no such rule.

        Examples
        --------
        >>> from hypercycle import Cycle
        >>> for finding in Plan(lr=Cycle(0.1, 0.5, 300)).explain(total_steps=1000):
        ...     print(finding.rule, finding.where, finding.instead, sep=": ")
        mid-cycle: lr: write total_steps=1200, where a cycle ends, or 600
        """
        from hypercycle.plans.explaining import explain

        per_step = tokens_per_step, samples_per_step, seconds_per_step
        return explain(self, Units(steps_per_epoch, total_steps, *per_step), ignore)

    def branch(
        self,
        at: int,
        decay: Length = "20%",
        to: float = 0.0,
        waveform: str | Waveform = "sqrt",
        names: str | Collection[str] | None = None,
    ) -> Plan:
        """Return the plan of a run that leaves this one at a step and comes to its end.

        Up to ``at`` it is this one, the trunk. From there each of ``names`` (the learning rates if
        not given), in all groups, goes from exactly the value that it has there ``to`` another in
        ``decay`` steps, by ``waveform``; a percentage is that of all steps of the branch:
        ``at = 8000`` with ``"20%"`` makes 10,000. A :class:`Reference` to one of them follows it;
        what else is not named goes on. The state of a trunk
        that is saved at ``at`` or before loads into the branch; a later one, or another plan's, is
        refused. "1-sqrt" is the cooldown of A. Hägele et al., arXiv:2405.18392.

        Raises
        ------
        TypeError, ValueError
            If a length has a unit that is not resolved, there is no such name, or a function of
            yours would be decayed, whose value at the step is not known.

        Examples
        --------
        >>> from hypercycle import warmup
        >>> Plan(lr=warmup(500, 0.1), momentum=0.9).branch(8000)["lr"].parts[-1]
        Ramp(0.1, 0.0, 2000, waveform='sqrt')
        """
        from hypercycle.plans.branching import branch

        return Plan(**branch(self, at, decay, to, waveform, names))

    def fingerprint(self) -> str:
        """Return 16 hexadecimal digits that tell this plan from any other.

        For states that hold a count and no plan, such as Optax's and Keras's weights: store it
        beside them, and ask :meth:`check_fingerprint` before they are loaded. It is the start of
        the SHA-256 of the plan's description: the same in every process, and for a plan that is
        read from a file or pickled. A function of your own counts by its name.

        Examples
        --------
        >>> from hypercycle import Cycle
        >>> Plan(lr=Cycle(0.1, 0.5, 4)).fingerprint()
        'a9518300bdef2432'
        """
        from hypercycle.plans.descriptions import describe_plan, fingerprint

        return fingerprint(describe_plan(self))

    def check_fingerprint(self, saved: str) -> None:
        """Raise ValueError if a fingerprint is that of another plan.

        A branch takes that of its trunk too: what was saved where it left.

        >>> plan = Plan(lr=0.1)
        >>> plan.check_fingerprint(plan.fingerprint())
        """
        from hypercycle.plans.descriptions import belongs, describe_plan

        if not belongs(saved, describe_plan(self)):
            present = self.fingerprint()
            raise ValueError(
                f"what was saved belongs to another plan: its fingerprint is {saved!r:.40}, and "
                f"{present!r} is that of {self!r:.200}"
            )

    def events(
        self,
        step: int,
        of: str | Schedule | None = None,
        marks: Mapping[str, float] | None = None,
    ) -> list[Event]:
        """Return what happens when training moves onto ``step``.

        Events are those of the plan's ``lr`` (or its only schedule) unless ``of`` names another,
        or is a schedule itself. ``marks`` names parts of a cycle, from 0 to below 1, that are
        events too, at the first step at or after them.

        >>> from hypercycle import Cycle
        >>> Plan(lr=Cycle(0.1, 0.5, 4)).events(8)
        [Event(name='cycle_end', cycle=0, step=8)]
        """
        return self.clock_owner(of).events(step, checked_marks(marks))

    def clock_owner(self, of: str | Schedule | None = None) -> Record:
        """Return the schedule whose peaks and cycle ends are the plan's.

        Raises
        ------
        ValueError
            If it is not clear which one, with what to say.
        """
        if callable(of):
            return as_schedule(of, "events_of")
        if of is None:
            of = next(iter(self)) if len(self) == 1 else "lr"
        owner = self._schedules.get(of)
        if owner is None:
            raise ValueError(
                f"events follow the plan's {of!r}, which is not among {sorted(self)}: name one of "
                "these, or give a schedule"
            )
        if isinstance(owner, Groups):
            raise ValueError(
                f"{of!r} has one schedule per group, so its events are ambiguous: give the "
                "schedule whose events are meant"
            )
        schedule: Record = owner
        return schedule


def plan_from(description: Mapping[str, Any]) -> Plan:
    """Return the plan that a description describes.

    Raises
    ------
    ValueError
        If it holds a user's own function, or something that is not a description; each problem
        has a line.
    """
    from hypercycle.schedules.description import schedules_from

    return Plan(**schedules_from(description))
