"""Several targets that one plan drives: two optimizers, or an optimizer and a loss."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from numbers import Number
from typing import Any

from hypercycle.driving.cycler import Cycler
from hypercycle.driving.options import OnMismatch, Options, names_in
from hypercycle.plans.plan import Plan

Attach = Callable[[Any, Plan, Options], Any]


def is_several(target: Any) -> bool:
    """Return whether these are targets by name, or one after the other."""
    # A transformation of Optax is a tuple too, with names.
    if type(target) not in (list, tuple) and not isinstance(target, Mapping):
        return False
    members = list(target.values() if isinstance(target, Mapping) else target)
    return bool(members) and not any(isinstance(one, (str, Number)) for one in members)


def attach_several(targets: Any, plan: Plan, options: Options, attach_one: Attach) -> Several:
    """Return the cyclers of several targets as one; see :func:`hypercycle.attach`.

    Raises
    ------
    ValueError
        If a name of the plan belongs to none of the targets, or a target has no name in it. Where
        one of them is refused, those before it are as they were.
    """
    by_name = isinstance(targets, Mapping)
    named = dict(targets) if by_name else {str(i): one for i, one in enumerate(targets)}
    parts = _parts(plan, list(named)) if by_name else {label: dict(plan) for label in named}
    relative = set(names_in(plan, options.relative))
    owner = _owner_of_events(options.events_of, parts)
    cyclers: dict[str, Cycler] = {}
    try:
        for label, target in named.items():
            prefix = f"{label}." if by_name else ""
            own = Plan(**parts[label])
            of = options.events_of
            told = replace(
                options,
                relative=frozenset(n for n in own if {n, prefix + n} & relative),
                on_event=options.on_event if label == owner else None,
                marks=options.marks if label == owner else (),
                events_of=of.removeprefix(prefix) if isinstance(of, str) else of,
            )
            if label != owner:
                told = replace(told, events_of=None)
            cyclers[label] = _checked(attach_one(target, own, told), target)
    except BaseException:
        for cycler in cyclers.values():
            cycler.detach(restore=True)
        raise
    return Several(plan, cyclers)


def _checked(driver: Any, target: Any) -> Cycler:
    if isinstance(driver, Cycler):
        return driver
    raise TypeError(
        f"a {type(target).__name__} is not driven step by step, so it cannot be one of several "
        "targets: attach to it alone"
    )


def _parts(plan: Plan, labels: list[str]) -> dict[str, dict[str, Any]]:
    """Return the schedules of each target; names without one belong to the first."""
    parts: dict[str, dict[str, Any]] = {label: {} for label in labels}
    for name, schedule in plan.items():
        label, dot, own = name.partition(".")
        if dot and label not in parts:
            raise ValueError(
                f"{name!r} belongs to none of the targets: names begin with one of "
                f"{', '.join(labels)}, as in '{labels[-1]}.{own}', or belong to {labels[0]}"
            )
        parts[label if dot else labels[0]][own if dot else name] = schedule
    empty = [label for label, schedules in parts.items() if not schedules]
    if empty:
        raise ValueError(f"the plan drives nothing of {', '.join(empty)}: leave it out")
    return parts


def _owner_of_events(events_of: Any, parts: Mapping[str, Any]) -> str:
    """Return the label of the target whose cycler tells events."""
    first = next(iter(parts))
    if isinstance(events_of, str):
        label, dot, _ = events_of.partition(".")
        return label if dot and label in parts else first
    return next((label for label, schedules in parts.items() if "lr" in schedules), first)


class Several:
    """The cyclers of several targets: one clock, one state.

    Attributes
    ----------
    plan
        The schedules, lengths in steps.
    cyclers
        By the targets' names, or by their numbers as texts.
    """

    def __init__(self, plan: Plan, cyclers: Mapping[str, Cycler]) -> None:
        self.plan = plan
        self.cyclers = dict(cyclers)

    def __iter__(self) -> Iterator[Cycler]:
        return iter(self.cyclers.values())

    def step(self, **given: Any) -> None:
        """Move all of them on by one update; ``given`` is what a clock of tokens is told."""
        for cycler in self:
            cycler.step(**given)

    @property
    def plan_step(self) -> int:
        """Updates made."""
        return next(iter(self)).plan_step

    @property
    def last_epoch(self) -> int:
        """Updates made, by PyTorch's name."""
        return self.plan_step

    @property
    def values(self) -> dict[str, dict[str, Any]]:
        """The values of the present step, by target and name."""
        return {label: cycler.values for label, cycler in self.cyclers.items()}

    def state_dict(self) -> dict[str, Any]:
        """Return a new dict with the state of each."""
        return {label: cycler.state_dict() for label, cycler in self.cyclers.items()}

    def load_state_dict(
        self, state_dict: Mapping[str, Any], on_mismatch: OnMismatch | None = None
    ) -> None:
        """Continue where a state was saved; see :meth:`hypercycle.driving.Cycler.load_state_dict`.

        Raises
        ------
        ValueError
            If it is the state of other targets, or one of the states is refused. Nothing is
            changed then.
        """
        got: Any = state_dict
        if isinstance(got, Mapping):
            got = sorted(map(str, got))
        if got != sorted(self.cyclers):
            raise ValueError(
                f"expected the states of the targets {', '.join(self.cyclers)}, got {got!r:.80}"
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # told below, when they are loaded
            for label, cycler in self.cyclers.items():
                cycler.read(state_dict[label], on_mismatch)
        for label, cycler in self.cyclers.items():
            cycler.load_state_dict(state_dict[label], on_mismatch)

    def detach(self, *, restore: bool = False) -> None:
        """Let go of all targets; see :meth:`hypercycle.driving.Cycler.detach`."""
        for cycler in self:
            cycler.detach(restore=restore)

    def __repr__(self) -> str:
        return f"Several(step={self.plan_step}, {', '.join(self.cyclers)}: {self.plan!r})"
