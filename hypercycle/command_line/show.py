"""``hypercycle show``: every hyperparameter, drawn with characters."""

from __future__ import annotations

import math
from pathlib import Path

import click
import numpy as np

from hypercycle.command_line.errors import Failure, failing_on
from hypercycle.command_line.output import can_show, height, style_text, width
from hypercycle.command_line.plans import (
    at_most,
    load_plan,
    plan_argument,
    resolve_plan,
    schedules_of,
    steps_of,
    steps_option,
    unit_options,
)
from hypercycle.drawing.schedules import boundaries_by_name, line_points
from hypercycle.numbers.lengths import Units
from hypercycle.plans.plan import Plan

# Rows of a panel, without its title and its axis.
_LEAST_ROWS, _MOST_ROWS = 4, 12
# More points change nothing that a terminal can show.
_MOST_STEPS = 100_000

_END = "┊"
_CURVE = "hd"
_ASCII = str.maketrans("┤│─└┴┬┊", "+|-++-:")


@click.command()
@plan_argument
@steps_option
@unit_options
def show(path: Path, steps: str | None, units: Units) -> None:
    """Draw a plan in the terminal.

    A panel for each hyperparameter, or for each of its groups. Dotted lines mark the steps at which
    a cycle, or a part of a chain, ends: those of lr, or of the hyperparameter itself where the plan
    has no lr.
    """
    plan = resolve_plan(load_plan(path), path, units)
    with failing_on(OverflowError, ValueError):
        lines = draw_plan(plan, steps_of(steps, plan, units))
    click.echo(lines)


def draw_plan(plan: Plan, steps: range) -> str:
    """Return the lines that show what a plan does over these steps."""
    schedules = schedules_of(plan)
    if not schedules:
        raise Failure("the plan leaves every group alone: there is nothing to show")
    rows = min(_MOST_ROWS, max(_LEAST_ROWS, (height() - 4) // len(schedules) - 2))
    sampled = at_most(steps, _MOST_STEPS)
    curves = {name: line_points(schedule, sampled) for name, schedule in schedules.items()}
    for name, (_, values) in curves.items():
        least, most = float(values.min()), float(values.max())
        if not math.isfinite(most - least):
            raise Failure(f"{name}: values from {least:g} to {most:g} are too far apart to draw")
    ticks = {name: _value_ticks(values) for name, (_, values) in curves.items()}
    margin = max(len(label) for labels in ticks.values() for label in labels)
    ends = boundaries_by_name(plan, None, sampled)
    lines: list[str] = []
    for name, curve in curves.items():
        lines.append(style_text(name, bold=True))
        panel = _panel(
            curve,
            {label.rjust(margin): value for label, value in ticks[name].items()},
            next(ends[one] for one in plan if name == one or name.startswith(f"{one}/")),
            rows=rows,
            labelled=name == next(reversed(curves)),
        )
        lines += [line.replace(_END, style_text(_END, dim=True)) for line in panel]
    if any(ends.values()):
        lines.append(f"{' ' * margin} {style_text(_END, dim=True)} a cycle or part ends")
    text = "\n".join(lines)
    return text if can_show(text) else text.translate(_ASCII)


def _panel(
    curve: tuple[np.ndarray, np.ndarray],
    value_ticks: dict[str, float],
    ends: list[int],
    *,
    rows: int,
    labelled: bool,
) -> list[str]:
    try:
        import plotext  # type: ignore[import-untyped]
    except ImportError as error:
        raise Failure("show needs plotext: pip install 'hypercycle[cli]'") from error

    steps, values = curve
    plotext.terminal.limit(width=False, height=False)
    figure = plotext.figure
    figure.clear()
    figure.theme("colorless")
    figure.plot_size(width(), rows + 1 + labelled)
    figure.axes(active=False, axis="x", side="upper")
    figure.axes(active=False, axis="y", side="right")
    # Counted from the first, so that they are exact in whatever plotext computes with.
    first, last = int(steps[0]), int(steps[-1])
    for step in ends:
        figure.line(step - first, "vertical", style="dotted")
    marker = _CURVE if can_show("▚") else "*"
    figure.draw(figure.signal((steps - first).tolist(), values.tolist(), marker=marker).lines())
    low, high = float(values.min()), float(values.max())
    margin = 0.0 if low < high else abs(low) / 2 or 1.0
    vertical = figure.ruler("y")
    vertical.lim(low - margin, high + margin)
    vertical.ticks(list(value_ticks.values()), list(value_ticks))
    horizontal = figure.ruler("x")
    horizontal.lim(0, max(last - first, 1))
    step_ticks = _step_ticks(first, last) if labelled else {}
    horizontal.ticks([step - first for step in step_ticks.values()], list(step_ticks))
    text: str = plotext.uncolorize(figure.build())
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def _value_ticks(values: np.ndarray) -> dict[str, float]:
    """Return the lowest and the highest value by labels that differ."""
    low, high = float(values.min()), float(values.max())
    if low == high:
        return {f"{low:.6g}": low}
    for digits in range(3, 18):
        labels = [f"{value:.{digits}g}" for value in (low, high)]
        if labels[0] != labels[1]:
            break
    return dict(zip(labels, (low, high), strict=True))


def _step_ticks(first: int, last: int) -> dict[str, int]:
    """Return some round steps by their labels."""
    most = max(1, min(6, width() // (len(f"{last:,}") + 6)))
    span = max(last - first, 1)
    distance = 1
    while span // distance > most:
        # 1, 2, 5, 10, 20, 50, …
        distance = distance * 5 // 2 if str(distance)[0] == "2" else distance * 2
    round_steps = range(-(-first // distance) * distance, last + 1, distance)
    return {f"{step:,}": step for step in round_steps}
