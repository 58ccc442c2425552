"""From two bounds to the plan of a whole run, by the rules of the literature."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from hypercycle.numbers.checks import positive_number, whole_number
from hypercycle.plans.plan import Plan
from hypercycle.schedules.cycle import Cycle

# L. N. Smith, arXiv:1506.01186, section 3.2. A cycle is twice a step size of 2 to 10 epochs.
_SHORTEST_CYCLE, _LONGEST_CYCLE = 4, 20
_FEWEST_CYCLES, _BEST_CYCLES = 3, 4


class ExplainedPlan(Plan):
    """A :class:`~hypercycle.Plan` with the ``explanation`` of how it was made."""

    def __init__(self, explanation: str, **schedules: Any) -> None:
        super().__init__(**schedules)
        self.explanation = explanation


def plan_run(
    name: str,
    bounds: tuple[float, float],
    epochs: float,
    steps_per_epoch: int,
    *,
    cycles: int | None,
    momentum: tuple[float, float] | None,
    options: dict[str, Any],
) -> ExplainedPlan:
    """Return whole cycles of ``name`` between the bounds, as :meth:`Bounds.plan` says."""
    per_epoch = whole_number(steps_per_epoch, "steps_per_epoch", minimum=1)
    asked = positive_number(epochs, "epochs")
    total = round(asked * per_epoch)
    hint = ""
    if cycles is None:
        cycles, hint = _number_of_cycles(asked)
    else:
        cycles = whole_number(cycles, "cycles", minimum=1)
    step_size = total // (2 * cycles)
    if step_size == 0:
        raise ValueError(
            f"{total} steps ({epochs=}, {steps_per_epoch=}) are too few for {_counted(cycles)} of "
            "at least 2 steps"
        )
    low, high = bounds
    cycle = Cycle(low, high, step_size, cycles=cycles, **options)
    schedules = {name: cycle}
    if name == "lr" and momentum is not None:
        schedules["momentum"] = cycle.opposite(*_pair(momentum))

    each = f"{step_size / per_epoch:.3g}"
    explanation = (
        f"{_counted(cycles)} of 2 × {step_size} steps "
        f"({each} epochs up, {each} down) in {asked:.6g} epochs of {per_epoch} steps"
    )
    rest = total - 2 * cycles * step_size
    if rest:
        explanation += f"; the last {rest} of {total} steps stay where the last cycle ends"
    return ExplainedPlan(explanation + hint, **schedules)


def _number_of_cycles(epochs: float) -> tuple[int, str]:
    """Return the number next to four that the length of a cycle allows, and what is wrong then."""
    fewest = max(1, math.ceil(epochs / _LONGEST_CYCLE))
    most = max(1, int(epochs // _SHORTEST_CYCLE), fewest)
    cycles = min(max(_BEST_CYCLES, fewest), most)
    if epochs < _SHORTEST_CYCLE:
        return cycles, "; step sizes below 2 epochs are short: train for longer"
    if cycles < _FEWEST_CYCLES:
        return cycles, "; at least 3 cycles are better: they need 12 epochs"
    return cycles, ""


def _pair(momentum: Any) -> tuple[float, float]:
    if not isinstance(momentum, Sequence) or len(momentum) != 2:
        raise TypeError(f"momentum must be its bounds (low, high), or None, got {momentum!r}")
    low, high = momentum
    return low, high


def _counted(cycles: int) -> str:
    return f"{cycles} {'cycle' if cycles == 1 else 'cycles'}"
