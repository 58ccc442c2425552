"""An exact model of the schedules, in fractions, written from the documentation.

It walks from cycle to cycle and from part to part, shares no code with the library, and gives the
rational number that a value rounds.
"""

import math
from decimal import Context, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import hypercycle as hc

SHAPES = {
    "triangular": lambda x: x,
    "linear": lambda x: x,
    "welch": lambda x: 1 - (1 - x) ** 2,
    "hold": lambda x: min(2 * x, Fraction(1)),
}
"""The waveforms that are polynomials with rational coefficients."""

JOINED = (hc.Sum, hc.Maximum, hc.Minimum)

LARGEST = Decimal("1e306")
_DIGITS = Context(prec=60, Emin=-(10**9), Emax=10**9)


class Spot(NamedTuple):
    """Where a step lies, exactly."""

    cycle: int
    step_in_cycle: int
    x: Fraction
    rising: bool
    step: int
    up: int
    down: int


@lru_cache(10_000)  # powers of a fraction get long
def half_length(length, cycle_mult, number):
    """Return round-half-up(length · mult^number); at least 1 unless the length is 0."""
    exact = length * Fraction(str(cycle_mult)) ** number
    return max(math.floor(exact + Fraction(1, 2)), min(length, 1))


def phase_in_steps(cycle):
    period = sum(half_length(h, cycle.cycle_mult, 0) for h in halves(cycle))
    return round(cycle.phase * period) % period


def halves(cycle):
    return cycle.step_size_up, cycle.step_size_down


def spot(cycle, step):
    """Return the place of a step of a Cycle by walking there."""
    number, start, alike = 0, -phase_in_steps(cycle), False
    while True:
        if not alike:
            up, down = (half_length(h, cycle.cycle_mult, number) for h in halves(cycle))
            alike = cycle.cycle_mult == 1 or (cycle.cycle_mult < 1 and max(up, down) == 1)
        length = up + down
        to_go = None if cycle.cycles is None else cycle.cycles - 1 - number
        if step < start + length or to_go == 0:
            break
        jump = 1
        if alike:
            jump = (step - start) // length
            jump = jump if to_go is None else min(jump, to_go)
        number, start = number + jump, start + jump * length
    t = min(step - start, length)
    rising = t < up or down == 0
    x = Fraction(t, up) if rising else Fraction(length - t, down)
    return Spot(number, t, x, rising, start + t, up, down)


def boundaries(cycle, n):
    """Return the first n steps at which a cycle starts."""
    starts, start = [0], -phase_in_steps(cycle)
    while len(starts) < min(n, cycle.cycles or n):
        start += sum(half_length(h, cycle.cycle_mult, len(starts) - 1) for h in halves(cycle))
        starts.append(start)
    return starts[:n]


def events(cycle, step):
    """Return (name, cycle, step) of what happens on a step, in order."""
    here, before = spot(cycle, step), spot(cycle, step - 1) if step > 0 else None
    if here.step < step:
        return []  # it holds since an earlier step
    found = []
    # The step before was the last of its cycle: this update completed it.
    if before is not None and before.step_in_cycle == before.up + before.down - 1:
        if cycle.step_size_down == 0:
            found.append(("peak", before.cycle, step))
        found.append(("cycle_end", before.cycle, step))
    if here.x == 1 and cycle.step_size_down != 0:
        found.append(("peak", here.cycle, step))
    return found


def factor(cycle, at):
    """Return the scale at a spot, exactly or to 60 digits."""
    if cycle.scale == "constant":
        return Fraction(1)
    gamma, exponent = Decimal("0.5"), at.cycle
    if cycle.scale not in ("halving", hc.Halving()):
        gamma = Decimal(cycle.scale.gamma)
        exponent = at.step if cycle.scale.per == "step" else at.cycle
    power = _DIGITS.power(gamma, exponent)
    # Far outside the floats, where the fraction would fill the memory.
    return Fraction(min(power, LARGEST)) if power.adjusted() > -400 else Fraction(0)


def value(schedule, step):
    """Return the exact value of a schedule made of the shapes above."""
    return _VALUES[type(schedule)](schedule, step)


def _ramp_value(ramp, step):
    x = min(Fraction(step, ramp.steps), Fraction(1)) if ramp.steps else Fraction(1)
    start, end = Fraction(ramp.start), Fraction(ramp.end)
    return start + (end - start) * SHAPES[ramp.waveform](x)


def _cycle_value(cycle, step):
    at = spot(cycle, step)
    shapes = cycle.waveform if isinstance(cycle.waveform, tuple) else (cycle.waveform,) * 2
    w = SHAPES[shapes[0] if at.rising else shapes[1]](at.x)
    anchor, other = Fraction(cycle.low), Fraction(cycle.high)
    if cycle.inverted:
        anchor, other = other, anchor
    if cycle.scale_of == "bounds":
        return factor(cycle, at) * (anchor + (other - anchor) * w)
    return anchor + (other - anchor) * w * factor(cycle, at)


def length(part):
    """Return the steps of a part of a chain; None without an end."""
    if isinstance(part, tuple):
        return part[1]
    if isinstance(part, hc.Constant):
        return None
    if type(part) in _LENGTHS:
        return _LENGTHS[type(part)](part)
    lengths = [length(one) for one in part.schedules if not isinstance(one, hc.Constant)]
    return None if None in lengths else max(lengths, default=None)


def _length_of_chain(chain):
    lengths = [length(one) for one in chain.parts]
    return None if lengths[-1] is None else sum(lengths)


def _length_of_cycle(cycle):
    return None if cycle.cycles is None else boundaries(_endless(cycle), cycle.cycles + 1)[-1]


def _length_of_held(held):
    inner = length(held.schedule)
    return None if inner is None else math.ceil(Fraction(inner, held.steps)) * held.steps


def _length_of_repeat(repeat):
    return None if repeat.times is None else repeat.times * length(repeat.schedule)


def _points_value(schedule, step):
    before = [(at, number) for at, number in schedule.points if at <= step]
    after = [(at, number) for at, number in schedule.points if at > step]
    if not before or not after or schedule.between == "hold":
        return Fraction((before[-1:] or after[:1])[0][1])
    (start, first), (end, last) = before[-1], after[0]
    first, last = Fraction(first), Fraction(last)
    return first + (last - first) * Fraction(step - start, end - start)


def _repeat_value(schedule, step):
    period = length(schedule.schedule)
    time = step // period
    if schedule.times is not None and time >= schedule.times:
        return value(schedule.schedule, period)
    return value(schedule.schedule, step - time * period)


def _endless(cycle):
    options = {name: getattr(cycle, name) for name in ("phase", "cycle_mult", "waveform")}
    return hc.Cycle(cycle.low, cycle.high, cycle.step_size_up, cycle.step_size_down, **options)


def _chain_value(chain, step):
    for number, part in enumerate(chain.parts):
        schedule = part[0] if isinstance(part, tuple) else part
        steps = length(part)
        last = number == len(chain.parts) - 1
        if last or step < steps:
            return value(schedule, step if steps is None else min(step, steps))
        step -= steps
    raise AssertionError("a chain has a last part")


def _rounded_value(schedule, step):
    scaled = value(schedule.schedule, step) / schedule.multiple_of
    return math.floor(scaled + Fraction(1, 2) + Fraction(1, 2**30)) * schedule.multiple_of


def _all(function):
    return lambda schedule, step: function([value(part, step) for part in schedule.schedules])


_VALUES = {
    hc.Constant: lambda schedule, _: Fraction(schedule.value),
    hc.Chain: _chain_value,
    hc.Cycle: _cycle_value,
    hc.Held: lambda schedule, step: value(
        schedule.schedule, step // schedule.steps * schedule.steps
    ),
    hc.Maximum: _all(max),
    hc.Minimum: _all(min),
    hc.Points: _points_value,
    hc.Product: _all(math.prod),
    hc.Quotient: _all(lambda two: two[0] / two[1]),
    hc.Ramp: _ramp_value,
    hc.Repeat: _repeat_value,
    hc.Rounded: _rounded_value,
    hc.Sum: _all(sum),
}
_LENGTHS = {
    hc.Chain: _length_of_chain,
    hc.Cycle: _length_of_cycle,
    hc.Held: _length_of_held,
    hc.Points: lambda points: max(step for step, _ in points.points),
    hc.Ramp: lambda ramp: ramp.steps,
    hc.Repeat: _length_of_repeat,
}


def ulps(number, exact, of=None):
    """Return the distance of a float from an exact number in units of the last place of ``of``."""
    unit = math.ulp(float(exact if of is None else of))
    return float(abs(Fraction(number) - exact) / Fraction(unit))
