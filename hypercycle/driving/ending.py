"""Where a plan ends, for cyclers that let go of their target there."""

from __future__ import annotations

from hypercycle.plans.plan import Plan
from hypercycle.schedules.constant import Constant
from hypercycle.schedules.groups import Groups


def end_of(plan: Plan) -> int:
    """Return the step at which all schedules of a plan have ended; a constant has from the start.

    Raises
    ------
    ValueError
        If one goes on for ever, or there are constants alone.

    Examples
    --------
    >>> from hypercycle import Ramp
    >>> end_of(Plan(lr=Ramp(0.0, 0.1, 500), momentum=0.9))
    500
    """
    lengths = []
    for name, schedule in plan.items():
        for part in schedule.values() if isinstance(schedule, Groups) else [schedule]:
            if part is None or isinstance(part, Constant):
                continue
            if part.length is None:
                raise ValueError(
                    f"at_end='detach' needs schedules that end, and that of {name} goes on for "
                    f"ever: say how long, as in cycles=4 or Chain((schedule, 2000)), got {part!r}"
                )
            lengths.append(part.length)
    if not lengths:
        raise ValueError("at_end='detach' needs a schedule that ends, and the plan has constants")
    return int(max(lengths))
