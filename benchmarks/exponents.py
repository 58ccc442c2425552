"""How a cost grows with a size: measuring it, its exponent, and the table.

The exponent is the slope of the logarithm of the cost over that of the size between the two largest
sizes: there a constant part counts least, and hides least of what is steep. 0 is no growth, 1 is
proportional.
"""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from timing import QUICK, Effort, number, section, table

SIZES = (1, 10, 100, 1_000, 10_000)
QUICK_SIZES = (1, 2)
MICROSECONDS, MILLISECONDS, KIBIBYTES = ("µs", 1e6), ("ms", 1e3), ("KiB", 1 / 1024)

# A row ends where the next size may take longer than this.
LONGEST_SECONDS = 10.0
# Over a tenfold, 1.4 times the cost of what is proportional; larger data leave the caches too.
SUPERLINEAR = 1.15

Work = Callable[[], object]


def one(size: int) -> int:
    del size
    return 1


@dataclass(frozen=True)
class Row:
    """A line of a table.

    Attributes
    ----------
    label
        How the table calls it.
    prepare
        Called with a size before each turn, returns the work; what it does itself is not timed.
    pieces
        Called with a size: of how many pieces the work is. The table shows one.
    clock
        What is read before and after: the time of the process where others work on threads.
    """

    label: str
    prepare: Callable[[int], Work]
    pieces: Callable[[int], int] = one
    clock: Callable[[], float] = time.thread_time


def seconds(row: Row, size: int, effort: Effort) -> float:
    """Return the median time of a piece, over the rounds or as many as fit into a second."""
    taken: list[float] = []
    while not taken or (sum(taken) < 1.0 and len(taken) < effort.rounds):
        work = row.prepare(size)
        gc.collect()
        start = row.clock()
        work()
        taken.append(row.clock() - start)
    return statistics.median(taken) / row.pieces(size)


def exponent(sizes: Sequence[int], costs: Sequence[float]) -> float:
    """Return the slope of log(cost) over log(size) between the two largest sizes."""
    return math.log(costs[-1] / costs[-2]) / math.log(sizes[-1] / sizes[-2])


def grown(
    title: str,
    text: str,
    rows: Sequence[Row],
    effort: Effort,
    *,
    unit: tuple[str, float],
    by: str,
    sizes: Sequence[int] = SIZES,
) -> str:
    """Return the section of a table of times."""
    sizes = sizes if effort is not QUICK else QUICK_SIZES

    def costs(row: Row) -> list[float]:
        found: list[float] = []
        for size in sizes:
            # Going by how it grew last.
            if len(found) > 1 and found[-1] ** 2 / found[-2] > LONGEST_SECONDS:
                break
            found.append(seconds(row, size, effort))
        return found

    gc.collect()
    gc.freeze()  # so that a collection before each turn is quick
    measured = {row.label: costs(row) for row in rows}
    gc.unfreeze()
    return shown(title, text, measured, unit=unit, by=by, sizes=sizes)


def shown(
    title: str,
    text: str,
    costs: dict[str, list[float]],
    *,
    unit: tuple[str, float],
    by: str,
    sizes: Sequence[int],
) -> str:
    """Return the section of a table of costs by size, which may end early."""
    name, factor = unit
    lines, steep = [], []
    for label, own in costs.items():
        slope = exponent(sizes[: len(own)], own)
        cells = [number(cost * factor) for cost in own]
        lines.append([label, *cells, *["–"] * (len(sizes) - len(cells)), f"{slope:.2f}"])
        if slope > SUPERLINEAR:
            steep.append(label)
    verdict = f"Superlinear: {'; '.join(steep)}." if steep else "Nothing is superlinear."
    heads = [f"{name}, by {by}", *map("{:,}".format, sizes), "exponent"]
    return section(title, f"{text} {verdict}", table(heads, lines))
