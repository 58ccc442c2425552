"""The value of a schedule at one step, as small functions of an int that are made once.

Arrays of one element cost a microsecond for each call of NumPy, which made one value as dear as
hundreds in an array ("One value" of ``benchmarks/values.py``). Here whole numbers and + − · / are
Python's, which are exact and IEEE's. Sines, exponentials and logarithms are NumPy's, which give a
number the same bits alone and in an array; those of ``math`` do not on every processor. Powers go
through an array of one element all the same: NumPy squares two numbers in another way.

Functions of users are not for here: they are called with arrays, and when their step has come.
"""

from __future__ import annotations

import bisect
import dataclasses
import math
from collections.abc import Callable, Sequence

import numpy as np

from hypercycle.namespaces.namespace import ONE_NUMBER, ONE_STEP, Scale, Waveform, apply
from hypercycle.numbers.checks import is_traced
from hypercycle.numbers.clock import Clock
from hypercycle.shapes.parametrised import Polynomial
from hypercycle.shapes.scales import Exponential, Halving, Unscaled
from hypercycle.shapes.waveforms import WAVEFORMS, triangular

OneValue = Callable[[int], float]
"""The value at a step from 0, a finite float; ArithmeticError or ValueError where it has none."""

_Factor = Callable[[int, int], float]
# The logarithm of a power that is a normal number: of others NumPy may tell (``numpy.seterr``).
_LEAST_LOGARITHM = -700.0


def cycle_at(  # noqa: C901  (one formula, three clocks)
    clock: Clock,
    halves: tuple[Waveform, Waveform],
    scale: Scale,
    bounds: Sequence[float],
    *,
    bounds_shrink: bool = False,
    curve: Callable[[float], float] | None = None,
) -> OneValue | None:
    """Return the value of a cycle; None if a waveform or a scale policy is a user's own.

    ``bounds`` are the anchor and the other bound, then the lower and the higher of them. ``curve``
    is the way between them, from a height, if it is no straight line.
    """
    anchor, other, least, most = bounds
    if is_traced(least) or is_traced(most) or not all(map(_is_ours, halves)):
        return None
    factor = _factor(scale)
    if factor is None:
        return None
    rise, fall = map(_of_number, halves)
    up, down, end, offset = clock.step_size_up, clock.step_size_down, clock.end, clock.offset
    period = up + down

    # Each in one piece, and without min and max: a call more is a tenth of what they cost.

    def plain(step: int) -> float:
        t = (step + offset) % period
        if t < up:
            y, wave = t / up, rise
        else:
            y, wave = (period - t) / down, fall
        if wave is not None:
            y = float(wave(y, ONE_NUMBER))
        result = anchor * (1.0 - y) + other * y
        return least if result <= least else most if result > most else result  # noqa: FURB136

    def alike(step: int) -> float:
        if end is not None and step > end:
            step = end
        cycle = (step + offset) // period
        if step == end:
            cycle -= 1
        t = step + offset - cycle * period
        if t < up or down == 0:
            y, wave = t / up, rise
        else:
            y, wave = (period - t) / down, fall
        if wave is not None:
            y = float(wave(y, ONE_NUMBER))
        return finished(y, cycle, step)

    def different(step: int) -> float:
        step, cycle, t, up, down = clock.place(step, ONE_STEP)
        if t < up or down == 0:
            y, wave = float(t) / float(up), rise
        else:
            y, wave = float(up + down - t) / float(down), fall
        if wave is not None:
            y = float(wave(y, ONE_NUMBER))
        return finished(y, cycle, step)

    def finished(y: float, cycle: int, step: int) -> float:
        shrunk = factor(cycle, step)
        if not bounds_shrink:
            y *= shrunk
        if curve is not None:
            result = curve(y)
        else:
            result = anchor * (1.0 - y) + other * y
            result = least if result <= least else most if result > most else result  # noqa: FURB136
        return shrunk * result if bounds_shrink else result

    if clock.cycle_mult != 1.0:
        return different
    return plain if end is None and type(scale) is Unscaled and curve is None else alike


def ramp_at(
    start: float,
    end: float,
    steps: int,
    waveform: Waveform,
    *,
    curve: Callable[[float], float] | None = None,
) -> OneValue | None:
    """Return the value of a ramp; None if its waveform is a user's own."""
    if is_traced(start) or is_traced(end) or not _is_ours(waveform):
        return None
    least, most = min(start, end), max(start, end)
    wave = _of_number(waveform)

    def value(step: int) -> float:
        if step >= steps:
            return end
        y = step / steps
        if wave is not None:
            y = float(wave(y, ONE_NUMBER))
        if curve is not None:
            return curve(y)
        result = start * (1.0 - y) + end * y
        return least if result <= least else most if result > most else result  # noqa: FURB136

    return value


_OURS = {id(one) for one in WAVEFORMS.values()}
_OUR_TYPES = {type(one) for one in WAVEFORMS.values() if dataclasses.is_dataclass(one)}


def _is_ours(waveform: Waveform) -> bool:
    return id(waveform) in _OURS or type(waveform) in _OUR_TYPES


def _of_number(waveform: Waveform) -> Waveform | None:
    """Return one of our waveforms as a function of a number; None for the one that returns it."""
    if waveform is triangular:
        return None
    if type(waveform) is Polynomial:
        return lambda x, _: apply(waveform, ONE_STEP, x)
    return waveform


def _factor(scale: Scale) -> _Factor | None:
    """Return a scale policy of factors from 0 to 1, of a cycle and a step; None for another."""
    if type(scale) is Unscaled:
        return lambda _, __: 1.0
    if type(scale) is Halving:
        return lambda cycle, _: math.ldexp(1.0, -cycle)
    if type(scale) is not Exponential or scale.gamma > 1.0:
        return None
    # Two arrays of one element each: of a number NumPy would make an array again each time, and
    # numpy.power with an array for its result squares, as it does with two numbers.
    array, base = np.array, np.array([scale.gamma])
    most = _LEAST_LOGARITHM / math.log(scale.gamma) if scale.gamma < 1.0 else math.inf

    def by_step(_: int, step: int) -> float:
        if step < most:
            return (base ** array([float(step)])).item()  # type: ignore[no-any-return]
        with np.errstate(all="ignore"):
            return (base ** array([float(step)])).item()  # type: ignore[no-any-return]

    if scale.per == "step":
        return by_step
    return lambda cycle, _: by_step(cycle, cycle)


def chain_at(
    starts: Sequence[int], lengths: Sequence[int | None], parts: Sequence[OneValue | None]
) -> OneValue | None:
    """Return the value of parts that follow each other, from where and for how long."""
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    number_of = bisect.bisect_right

    def value(step: int) -> float:
        number = number_of(starts, step) - 1
        local, length = step - starts[number], lengths[number]
        if length is not None and local > length:
            local = length
        return known[number](local)

    return value


def product_at(first: OneValue | None, second: OneValue | None) -> OneValue | None:
    """Return the product of two values."""
    if first is None or second is None:
        return None

    def value(step: int) -> float:
        product = first(step) * second(step)
        if not math.isfinite(product):
            raise OverflowError
        return product

    return value
