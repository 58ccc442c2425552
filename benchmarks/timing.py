"""What the benchmarks share: interleaved timing, tables, and writing them into a document.

Times are CPU time of the thread, so that other work on the machine does not count. In each round
every contender has one turn, in random order, in the same process; what is reported is the median
over the rounds of a contender's time divided by the reference's time in the same round. Before
each turn the garbage is collected; during it the collector is on, as in training.
"""

from __future__ import annotations

import argparse
import gc
import math
import platform
import random
import statistics
import textwrap
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

WIDTH = 80


@dataclass(frozen=True)
class Contender:
    """Somebody to be timed.

    Attributes
    ----------
    label
        How the table calls it.
    run
        Called with a number: does its work that often.
    count
        How often it does it in a turn; None for as often as fills a turn.
    multiple_of
        What that number is a multiple of: work that is done ahead has to be paid in full.
    """

    label: str
    run: Callable[[int], object]
    count: int | None = None
    multiple_of: int = 1


@dataclass(frozen=True)
class Effort:
    """How long to measure."""

    rounds: int
    turn_seconds: float


THOROUGH = Effort(rounds=25, turn_seconds=0.02)
BRIEF = Effort(rounds=9, turn_seconds=0.02)
QUICK = Effort(rounds=2, turn_seconds=0.0)


@dataclass(frozen=True)
class Times:
    """Seconds for doing it once, one number per round, for each label."""

    seconds: dict[str, list[float]]

    def median(self, label: str) -> float:
        """Return the seconds that doing it once takes."""
        return statistics.median(self.seconds[label])

    def ratio(self, label: str, reference: str) -> float:
        """Return how many times as long as the reference it takes."""
        pairs = zip(self.seconds[label], self.seconds[reference], strict=True)
        return statistics.median(own / other for own, other in pairs)


def measure(contenders: Sequence[Contender], effort: Effort) -> Times:
    """Return the times of all contenders, in interleaved turns."""
    counts = {contender.label: _count(contender, effort) for contender in contenders}
    seconds: dict[str, list[float]] = {label: [] for label in counts}
    order = list(contenders)
    shuffle = random.Random(0).shuffle  # noqa: S311
    gc.collect()
    gc.freeze()  # so that a collection before each turn is quick
    for _ in range(effort.rounds):
        shuffle(order)
        for contender in order:
            count = counts[contender.label]
            gc.collect()
            start = time.thread_time()
            contender.run(count)
            seconds[contender.label].append((time.thread_time() - start) / count)
    gc.unfreeze()
    return Times(seconds)


def by_process(works: Mapping[str, Callable[[], object]], effort: Effort) -> Times:
    """Time work of JAX in turns, after one that does not count: it compiles, and fills caches.

    What is taken is the CPU time of the process: XLA works on threads of its own too, the more so
    the more operations there are.
    """
    seconds: dict[str, list[float]] = {label: [] for label in works}
    order = list(works)
    shuffle = random.Random(0).shuffle  # noqa: S311
    for work in works.values():
        work()
    gc.collect()
    gc.freeze()  # so that a collection before each turn is quick
    for _ in range(effort.rounds):
        shuffle(order)
        for label in order:
            gc.collect()
            begin = time.process_time()
            works[label]()
            seconds[label].append(time.process_time() - begin)
    gc.unfreeze()
    return Times(seconds)


def _count(contender: Contender, effort: Effort) -> int:
    count = contender.count or (16 if effort is QUICK else max(64, contender.multiple_of))
    start = time.thread_time()
    contender.run(count)  # warms it up too
    seconds = max(time.thread_time() - start, 1e-6)
    if contender.count is not None or effort is QUICK:
        return count
    wanted = effort.turn_seconds / seconds * count
    return math.ceil(wanted / contender.multiple_of) * contender.multiple_of


def installed(*packages: str) -> bool:
    """Return whether these peers are there to be measured; tell the reader if not."""
    missing = [package for package in packages if util.find_spec(package) is None]
    if missing:
        print(f"(left out, not installed: {', '.join(missing)})")
    return not missing


def number(value: float) -> str:
    """Return a ratio or time with three significant digits, at most three decimals."""
    decimals = 2 - math.floor(math.log10(value)) if value > 0 else 0
    return f"{value:,.{min(max(decimals, 0), 3)}f}"


def reached(ratio: float, target: float) -> str:
    """Return whether a ratio is what was to be reached, as far as it is printed."""
    return "yes" if float(number(ratio).replace(",", "")) <= target else "no"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table, the first column to the left and the others to the right."""
    columns = list(zip(heads, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]

    def line(cells: Sequence[str]) -> str:
        first, *others = zip(cells, widths, strict=True)
        padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
        return f"| {' | '.join(padded)} |"

    rule = [":" + "-" * (widths[0] - 1), *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([line(heads), line(rule), *map(line, rows)])


def section(title: str, text: str, body: str) -> str:
    """Return a heading, a paragraph and a table."""
    return f"### {title}\n\n{textwrap.fill(text, WIDTH)}\n\n{body}\n"


def processor() -> str:
    """Return the processor's name, the number of cores, the architecture."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        lines = information.read_text(encoding="utf-8").splitlines()
        models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        if models:
            return f"{models[0]}, {len(models)} cores, {platform.machine()}"
    return platform.machine()


def versions(*distributions: str) -> str:
    """Return the versions of Python and of those of the distributions that are installed."""
    found = [f"Python {platform.python_version()}"]
    for name in distributions:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return ", ".join(found)


def machine(*distributions: str) -> str:
    """Return the machine's kind and the versions of what was measured."""
    return textwrap.fill(
        f"Measured on {processor()}, {platform.system()}; {versions(*distributions)}.",
        WIDTH,
        break_on_hyphens=False,
    )


def arguments(description: str) -> tuple[Effort, Path | None]:
    """Return what the command line asks for: the effort, the document to write into."""
    parser = argparse.ArgumentParser(description=description)
    shorter = parser.add_mutually_exclusive_group()
    shorter.add_argument("--quick", action="store_true", help="a smoke run; its times mean nothing")
    shorter.add_argument(
        "--brief", action="store_true", help="fewer rounds, as for make bench-check"
    )
    _add_page(parser)
    options = parser.parse_args()
    effort = QUICK if options.quick else BRIEF if options.brief else THOROUGH
    return effort, options.write


def page_to_write(description: str) -> Path | None:
    """Return the document to write into, for what takes no other arguments."""
    parser = argparse.ArgumentParser(description=description)
    _add_page(parser)
    page: Path | None = parser.parse_args().write
    return page


def _add_page(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--write", type=Path, metavar="FILE", help="put the tables between this script's markers"
    )


def report(script: str, sections: Sequence[str], document: Path | None) -> None:
    """Print the sections and, if told, write them between the markers of the document."""
    body = "\n".join(sections)
    print(body)
    if document is not None:
        begin, end = f"<!-- {script}: begin -->", f"<!-- {script}: end -->"
        text = document.read_text(encoding="utf-8")
        before, found, rest = text.partition(begin)
        _, found_too, after = rest.partition(end)
        if not (found and found_too):
            raise SystemExit(f"{document} has no lines {begin!r} and {end!r} to write between")
        document.write_text(f"{before}{begin}\n\n{body}\n{end}{after}", encoding="utf-8")
