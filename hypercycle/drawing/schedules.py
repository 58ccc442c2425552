"""``plot``: what a schedule, or every schedule of a plan, does over the steps of a run."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hypercycle.drawing.style import COLORS, GREY, LINE_STYLES, legend, panels
from hypercycle.numbers.checks import whole_number
from hypercycle.plans.plan import Plan
from hypercycle.schedules.groups import Groups
from hypercycle.schedules.schedule import Record, Schedule

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, FigureBase

# More than this, drawn side by side, is a grey area instead of lines.
MOST_BOUNDARIES = 100
# A line is drawn from four points per interval, so that at most 4,000 points.
INTERVALS = 1000


Steps = range | np.ndarray


def plot(
    schedule_or_plan: Schedule | Plan | Groups | Mapping[str, Any] | float,
    steps: int | range | Sequence[int] | np.ndarray,
    *,
    events_of: str | Schedule | None = None,
    figure: FigureBase | None = None,
) -> Figure:
    """Return a figure with one panel per hyperparameter over the same steps.

    A thin vertical line marks each step at which a cycle, or a part of a :class:`Chain`, ends:
    that of the plan's clock owner (its ``lr``, or its only schedule), or of the panel's own
    schedules where the plan has none. More than 100 of them are left out. Schedules of
    :class:`Groups` are lines of one panel.

    Above 4,000 steps, each line is drawn from the first, lowest, highest and last value of 1,000
    intervals, which looks the same as all of its values: no peak is lost.

    The background is transparent, text and lines are legible on light and dark pages. The figure
    is one of ``matplotlib.pyplot``, for ``plt.show()`` or ``figure.savefig("plan.png")``.

    Parameters
    ----------
    schedule_or_plan
        A plan, or a mapping of names to schedules; or one schedule, whose panel is named "value".
    steps
        Updates made: an int ``n`` for 0 … n, or increasing whole steps such as
        ``range(10_000, 20_000)``.
    events_of
        Whose cycles the vertical lines show: a name in the plan, or a schedule.
    figure
        Draw into this one, such as a subfigure, instead of a new one.

    Raises
    ------
    ImportError
        If Matplotlib is missing.
    TypeError, ValueError
        If the steps are not whole, increasing and at least 0, or a length has a unit that is not
        resolved yet.

    Examples
    --------
    >>> from hypercycle import Cycle, Plan
    >>> lr = Cycle(1e-4, 1e-2, 2000)
    >>> figure = plot(Plan(lr=lr, momentum=lr.opposite(0.85, 0.95)), 10_000)
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['lr', 'momentum']
    >>> line = figure.axes[0].get_lines()[0]
    >>> line.get_xdata().tolist()[-1], line.get_ydata().tolist()[-1]
    (10000, 0.01)
    """
    plan = _as_plan(schedule_or_plan)
    shown = _checked_steps(steps)
    drawn = {name: _lines(schedule, shown) for name, schedule in plan.items()}
    boundaries = boundaries_by_name(plan, events_of, shown)

    figure, rows = panels(len(drawn), height=1.7, margin=0.7, figure=figure)
    for axes, (name, lines) in zip(rows, drawn.items(), strict=True):
        _draw(axes, lines, boundaries[name])
        axes.set_ylabel(name, color=GREY)
        axes.set_xlim(shown[0], shown[-1])
    _label_steps(rows[-1])
    figure.align_ylabels(rows)
    return figure  # type: ignore[return-value]


def _as_plan(schedule_or_plan: Any) -> Plan:
    if isinstance(schedule_or_plan, Plan):
        return schedule_or_plan
    if isinstance(schedule_or_plan, Mapping) and not isinstance(schedule_or_plan, Groups):
        return Plan(**schedule_or_plan)
    return Plan(value=schedule_or_plan)


def _checked_steps(steps: Any) -> Steps:
    """Return increasing steps, a range as it is: it may be longer than memory."""
    if isinstance(steps, range):
        increasing = len(steps) > 0 and steps.step > 0
    elif np.ndim(steps) == 0:
        return range(whole_number(steps, "steps", minimum=1) + 1)
    else:
        steps = np.asarray(steps)
        if steps.ndim != 1 or steps.dtype.kind not in "iu":
            raise TypeError(
                "steps must be an int, a range or a sequence of ints, got an array of shape "
                f"{steps.shape} and {steps.dtype}"
            )
        increasing = steps.size > 0 and bool(np.all(steps[1:] > steps[:-1]))
    if not increasing or steps[0] < 0:
        raise ValueError(
            "steps must be increasing and at least 0, such as range(10_000, 20_000), got "
            f"{steps!r:.60}"
        )
    return steps  # type: ignore[no-any-return]


def _lines(schedule: Any, steps: Steps) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return the points of a panel's lines by label."""
    if not isinstance(schedule, Groups):
        return {"": line_points(schedule, steps)}
    return {
        f"group {key}" if isinstance(key, int) else key: line_points(part, steps)
        for key, part in schedule.items()
        if part is not None
    }


def line_points(schedule: Record, steps: Steps) -> tuple[np.ndarray, np.ndarray]:
    """Return all points, or those that draw the same line ("M4": U. Jugel et al., VLDB 2014)."""
    if len(steps) <= 4 * INTERVALS:
        all_steps = _array(steps)
        return all_steps, schedule(all_steps)
    interval = -(-len(steps) // INTERVALS)
    points = []
    for start in range(0, len(steps), interval):
        part = _array(steps[start : start + interval])
        values = schedule(part)
        kept = np.unique([0, values.argmin(), values.argmax(), len(values) - 1])
        points.append((part[kept], values[kept]))
    return tuple(map(np.concatenate, zip(*points, strict=True)))  # type: ignore[return-value]


def _array(steps: Steps) -> np.ndarray:
    if isinstance(steps, range):
        return np.arange(steps.start, steps.stop, steps.step)
    return steps


def boundaries_by_name(
    plan: Plan, events_of: str | Schedule | None, steps: Steps
) -> dict[str, list[int]]:
    """Return the steps at which vertical lines stand, for each panel: the clock owner's in all."""
    try:
        owner = plan.clock_owner(events_of)
    except ValueError:
        if events_of is not None:
            raise
        return {name: _boundaries(_schedules(part), steps) for name, part in plan.items()}
    return dict.fromkeys(plan, _boundaries([owner], steps))


def _schedules(part: Any) -> Iterable[Record]:
    return filter(None, part.values()) if isinstance(part, Groups) else [part]


def _boundaries(schedules: Iterable[Record], steps: Steps) -> list[int]:
    """Return the steps shown at which a cycle or a part of a chain ends; none if too many."""
    first, last = int(steps[0]), int(steps[-1])
    found: set[int] = set()
    for schedule in schedules:
        # Each step may come twice: as the end of a part and as that of its last cycle.
        ends = itertools.islice(schedule.ends(first, last), 2 * MOST_BOUNDARIES + 1)
        found.update(step for step in ends if first < step <= last)
    return sorted(found) if len(found) <= MOST_BOUNDARIES else []


def _draw(
    axes: Axes, lines: dict[str, tuple[np.ndarray, np.ndarray]], boundaries: list[int]
) -> None:
    from matplotlib.collections import LineCollection
    from matplotlib.ticker import MaxNLocator, ScalarFormatter

    looks = itertools.cycle(itertools.product(LINE_STYLES, COLORS))
    for (label, (steps, values)), (style, color) in zip(lines.items(), looks, strict=False):
        axes.plot(steps, values, linestyle=style, color=color, linewidth=1.5, label=label)
    axes.add_collection(
        LineCollection(
            [[(step, 0.0), (step, 1.0)] for step in boundaries],
            transform=axes.get_xaxis_transform(),
            colors=GREY,
            linewidths=0.6,
            alpha=0.6,
            zorder=0,
        ),
        autolim=False,
    )
    if "" not in lines and lines:
        legend(axes)
    axes.margins(y=0.08)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10], min_n_ticks=3))
    values_format = ScalarFormatter(useOffset=False, useMathText=True)
    values_format.set_powerlimits((-3, 4))
    axes.yaxis.set_major_formatter(values_format)
    axes.yaxis.get_offset_text().set_color(GREY)


def _label_steps(axes: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.tick_params(labelbottom=True)
    axes.set_xlabel("step", color=GREY)
    widest = len(f"{axes.get_xlim()[1]:,.0f}")
    ticks = max(2, min(6, 60 // widest))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=ticks, steps=[1, 2, 5, 10], integer=True))
    axes.xaxis.set_major_formatter("{x:,.0f}")
