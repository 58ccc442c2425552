"""``attach``: make a target's hyperparameters follow a plan."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, overload

from hypercycle import plugins
from hypercycle.driving.clocks import on_its_clock
from hypercycle.driving.objects import ObjectCycler, attach_object
from hypercycle.driving.options import (
    AtEnd,
    OnEvent,
    OnMismatch,
    Options,
    PlanLike,
    Relative,
    check_multiples,
)
from hypercycle.driving.several import attach_several, is_several
from hypercycle.numbers.lengths import Length, Units
from hypercycle.numbers.marks import checked_marks
from hypercycle.plans.plan import Plan
from hypercycle.schedules.groups import Groups
from hypercycle.schedules.schedule import Schedule

if TYPE_CHECKING:
    from torch.nn import Module
    from torch.optim import Optimizer

    from hypercycle_torch import OptimizerCycler, OptimizerFollower


@overload
def attach(
    target: Optimizer,
    plan: PlanLike | None = None,
    /,
    *,
    steps_per_epoch: int | None = None,
    total_steps: Length | None = None,
    tokens_per_step: int | None = None,
    samples_per_step: int | None = None,
    seconds_per_step: float | None = None,
    start_step: int = 0,
    relative: Relative = False,
    advance: Literal["optimizer"],
    on_mismatch: OnMismatch = "error",
    on_event: OnEvent | None = None,
    events_of: str | Schedule | None = None,
    marks: Mapping[str, float] | None = None,
    at_end: AtEnd = "hold",
    **schedules: Schedule | Groups | float,
) -> OptimizerFollower: ...


@overload
def attach(
    target: Optimizer,
    plan: PlanLike | None = None,
    /,
    *,
    steps_per_epoch: int | None = None,
    total_steps: Length | None = None,
    tokens_per_step: int | None = None,
    samples_per_step: int | None = None,
    seconds_per_step: float | None = None,
    start_step: int = 0,
    relative: Relative = False,
    advance: Literal["step"] = "step",
    on_mismatch: OnMismatch = "error",
    on_event: OnEvent | None = None,
    events_of: str | Schedule | None = None,
    marks: Mapping[str, float] | None = None,
    at_end: AtEnd = "hold",
    **schedules: Schedule | Groups | float,
) -> OptimizerCycler: ...


@overload
def attach(
    target: Module,
    plan: PlanLike | None = None,
    /,
    *,
    steps_per_epoch: int | None = None,
    total_steps: Length | None = None,
    tokens_per_step: int | None = None,
    samples_per_step: int | None = None,
    seconds_per_step: float | None = None,
    start_step: int = 0,
    relative: Relative = False,
    advance: Literal["step"] = "step",
    on_mismatch: OnMismatch = "error",
    on_event: OnEvent | None = None,
    events_of: str | Schedule | None = None,
    marks: Mapping[str, float] | None = None,
    at_end: AtEnd = "hold",
    **schedules: Schedule | Groups | float,
) -> ObjectCycler: ...


@overload
def attach(
    target: Any,
    plan: PlanLike | None = None,
    /,
    *,
    steps_per_epoch: int | None = None,
    total_steps: Length | None = None,
    tokens_per_step: int | None = None,
    samples_per_step: int | None = None,
    seconds_per_step: float | None = None,
    start_step: int = 0,
    relative: Relative = False,
    advance: Literal["step", "optimizer"] = "step",
    on_mismatch: OnMismatch = "error",
    on_event: OnEvent | None = None,
    events_of: str | Schedule | None = None,
    marks: Mapping[str, float] | None = None,
    at_end: AtEnd = "hold",
    **schedules: Schedule | Groups | float,
) -> Any: ...
def attach(
    target: Any,
    plan: PlanLike | None = None,
    /,
    *,
    steps_per_epoch: int | None = None,
    total_steps: Length | None = None,
    tokens_per_step: int | None = None,
    samples_per_step: int | None = None,
    seconds_per_step: float | None = None,
    start_step: int = 0,
    relative: Relative = False,
    advance: Literal["step", "optimizer"] = "step",
    on_mismatch: OnMismatch = "error",
    on_event: OnEvent | None = None,
    events_of: str | Schedule | None = None,
    marks: Mapping[str, float] | None = None,
    at_end: AtEnd = "hold",
    **schedules: Schedule | Groups | float,
) -> Any:
    """Make the hyperparameters of ``target`` follow schedules.

    The plugins are asked who can drive the target: a PyTorch optimizer gives a cycler that is an
    ``LRScheduler``; a Keras optimizer, an optimizer for ``model.compile``; a factory of Optax's, a
    transformation; any other object with numeric attributes, such as ``torch.nn.Dropout``, a
    cycler that sets these. The values of ``start_step`` are assigned when the call returns, and
    everything is checked before anything is changed.

    Parameters
    ----------
    target
        What has the hyperparameters. Or several of these, driven by one clock and with one state: a
        list, to each of which the whole plan applies; or a mapping such as ``{"optimizer": …,
        "loss": …}``, for names such as ``"loss.beta"`` (those without a dot belong to the first).
    plan
        A :class:`Plan`; the path of a plan file; or a mapping of names to schedules, or to what
        they are in a plan file, in plain data. More may follow as keywords.
    steps_per_epoch, total_steps
        Optimizer updates per epoch and in the whole run, for lengths such as ``"4ep"``, ``"30%"``,
        ``"rest"``. The run may be as long as a length is: ``total_steps="100Btok"``.
    tokens_per_step, samples_per_step, seconds_per_step
        How much there is in an update, for lengths such as ``"2Btok"``, ``"10Msamples"``, ``"3h"``.
        Without it, a plan whose lengths are all in tokens counts them as they come, and
        ``step(tokens=…)`` moves it on; so with samples and seconds.
    start_step
        Continue at this step: the number of updates already made, or of what is counted.
    relative
        The schedules multiply each parameter group's own initial value, instead of replacing it;
        or the names of those that do, as in ``relative="lr"``.
    advance
        ``"step"``: the cycler's ``step()`` moves it on. ``"optimizer"``: each real step of the
        optimizer does, skipped ones of a gradient scaler excepted, and ``step()`` does nothing.
    on_mismatch
        What loading a state whose description differs from the present plan does: ``"error"``
        refuses, ``"saved"`` takes the saved schedules, ``"current"`` keeps the present ones at the
        saved step, ``"rescale"`` at the same place of the run, where its epochs have another number
        of steps by now; the last three warn and list the differences.
    on_event
        Called as ``on_event(name, cycle, step)`` when training moves onto a ``"peak"`` (x = 1) or
        a ``"cycle_end"``, or a mark, after the values of that step are assigned.
    events_of
        Whose events: a name in the plan or a schedule; the plan's ``lr`` (or only schedule) if not
        given.
    marks
        More events, by name: parts of a cycle from 0 to below 1, each told at the first step at or
        after it, as in ``{"sample": 0.9}``.
    at_end
        What happens where every schedule has ended: ``"hold"`` keeps assigning the last values,
        ``"detach"`` lets go of the target once they are assigned, so that another scheduler, such
        as ``ReduceLROnPlateau`` after a warm-up, can take over.
    **schedules
        Names and their schedules, as in :class:`Plan`. A number means a constant.

    Raises
    ------
    TypeError
        If no plugin can drive the target, or an argument is of the wrong type.
    ValueError
        If a name is unknown, a value is outside what the target accepts, or one schedule would
        flatten parameter groups whose values differ.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from hypercycle import Cycle
    >>> dropout = SimpleNamespace(p=0.5)
    >>> cycler = attach(dropout, p=Cycle(0.1, 0.3, step_size_up=2))
    >>> dropout.p
    0.1
    >>> cycler.step()
    >>> dropout.p
    0.2
    """
    merged = merge(plan, schedules, "attach")
    check_multiples(merged, relative)
    per_step = tokens_per_step, samples_per_step, seconds_per_step
    resolved, units = on_its_clock(merged, Units(steps_per_epoch, total_steps, *per_step))
    wishes = start_step, relative, advance, on_mismatch, on_event, events_of, at_end
    options = Options(
        *wishes, units.total, steps_per_epoch, units.clock, marks=checked_marks(marks)
    )
    if options.marks and on_event is None:
        raise ValueError("marks are told through on_event: give attach() both")
    if on_event is not None or events_of is not None:
        owner = resolved.clock_owner(events_of)
        if options.marks and not owner.has_cycles:
            raise ValueError(f"marks are parts of a cycle, and {owner!r:.80} has none")
    if is_several(target):
        return attach_several(target, resolved, options, _attach_one)
    return _attach_one(target, resolved, options)


def _attach_one(target: Any, plan: Plan, options: Options) -> Any:
    asked = plugins.for_target(target)
    driver = _ask(asked, target, plan, options)
    if driver is None:
        plugins.load_all()
        others = [one for one in plugins.implementations("hypercycle_attach") if one not in asked]
        driver = _ask_others(others, target, plan, options)
    if driver is None:
        driver = attach_object(target, plan, options)
    return driver


_ARGUMENTS_ELSEWHERE = {
    "param_labels": "hypercycle_optax.cycled(factory, plan, param_labels=…)",
    "external_step": "hypercycle_optax.cycled(factory, plan, external_step=True)",
    "replace": "hypercycle_keras.cycled(optimizer, plan, replace=True)",
}


def merge(plan: PlanLike | None, schedules: Mapping[str, Any], caller: str) -> Plan:
    """Return the plan of a function that takes one, keywords, or both; nothing is said twice."""
    for name, instead in _ARGUMENTS_ELSEWHERE.items():
        if name in schedules:
            raise TypeError(f"{caller}() has no argument {name!r}: use {instead}")
    if plan is None:
        if not schedules:
            raise ValueError(
                f"{caller}() needs at least one schedule, such as lr=Cycle(…), or a Plan"
            )
        return Plan(**schedules)
    given = as_plan(plan, caller)
    twice = sorted(set(given) & set(schedules))
    if twice:
        raise ValueError(f"{', '.join(twice)} given twice: in the plan and as a keyword")
    return Plan(**given, **schedules)


def as_plan(plan: PlanLike, caller: str) -> Plan:
    """Return the plan that is given as one, in a file, or as a mapping, of plain data too.

    >>> as_plan({"lr": {"low": 0.1, "high": 0.5, "step_size_up": 4}}, "attach")
    Plan(lr=Cycle(0.1, 0.5, 4))
    """
    if isinstance(plan, Plan):
        return plan
    if isinstance(plan, (str, os.PathLike)):
        return Plan.load(plan)
    if not isinstance(plan, Mapping):
        raise TypeError(
            f"the second argument of {caller}() is a Plan, or a plan file; say which "
            f"hyperparameter a schedule is for, as in {{'lr': Cycle(…)}}, got {plan!r:.80}"
        )
    schedules = {name: one for name, one in plan.items() if callable(one)}
    tables = [name for name, one in plan.items() if isinstance(one, Mapping)]
    data = [name for name in tables if name not in schedules]
    if not data:
        return Plan(**plan)
    for name, one in schedules.items():
        raise TypeError(
            f"{data[0]} is plain data, as in a plan file, and {name} is not, got {one!r:.80}: give "
            "all of the plan as plain data (Plan(…).to_dict() shows how), or all as schedules"
        )
    return Plan.from_dict(plan)


def _ask(implementations: Any, target: Any, plan: Plan, options: Options) -> Any:
    """Return what the first plugin makes of the target; None if none can drive it."""
    for implementation in implementations:
        try:
            driver = plugins.call(implementation, target=target, plan=plan, options=options)
        except Exception as error:
            if not plugins.is_ours(implementation.plugin_name):
                error.add_note(f"(raised by {plugins.describe(implementation.plugin_name)})")
            raise
        if driver is not None:
            return driver
    return None


def _ask_others(implementations: Any, target: Any, plan: Plan, options: Options) -> Any:
    """Do the same with plugins that are not named after the target's packages.

    They may refuse the target. But any other error of somebody else's is its own fault, and shall
    not keep the target from those who can drive it.
    """
    for implementation in implementations:
        name = implementation.plugin_name
        try:
            driver = _ask([implementation], target, plan, options)
        except (TypeError, ValueError):
            raise
        except Exception:
            if plugins.is_ours(name):
                raise
            with plugins.warn_of_failure(name):
                raise
        else:
            if driver is not None:
                return driver
    return None
