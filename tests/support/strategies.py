"""The whole space of descriptions, for hypothesis.

What is drawn from here is valid; tests have what is not beside them. The functions at the top
stand for users' own waveforms, scale policies and schedules.
"""

import math
from dataclasses import dataclass, replace
from fractions import Fraction

import reference
from hypothesis import settings
from hypothesis import strategies as st

import hypercycle as hc
from hypercycle.shapes.waveforms import WAVEFORMS


def examples(count):
    """Ask for so many examples, or a part of them in a profile that has less than 100."""
    return settings(max_examples=max(count * settings().max_examples // 100, 1))


def cubic(x, xp):
    del xp
    return x * x * x


@dataclass(frozen=True)
class Power:
    exponent: float

    def __call__(self, x, xp):
        del xp
        return x**self.exponent


def harmonic(cycle, step, xp):
    del step, xp
    return 1.0 / (1.0 + cycle)


@dataclass(frozen=True)
class StepDecay:
    rate: float

    def __call__(self, cycle, step, xp):
        del cycle
        return xp.exp(-self.rate * xp.sqrt(step))


def every_third(step):
    return 0.25 * (step % 3)


NAMES = {**{name: getattr(hc, name) for name in hc.__all__}, "Power": Power, "StepDecay": StepDecay}
"""What the repr of a drawn schedule needs to be evaluated, where it holds no plain function."""

MOST_CYCLES = 12

values = st.one_of(
    st.sampled_from([0.0, 0.1, 0.5, 1.0, 1e-4, 1e-2, 0.85, 0.95, -1.0]),
    st.floats(1e-9, 1e3),
    st.floats(-1e3, -1e-9),
)
positive_values = st.one_of(st.sampled_from([0.1, 0.5, 1.0, 1e-4, 1e-2]), st.floats(1e-6, 1e3))

short_lengths = st.integers(1, 9)
long_lengths = st.one_of(st.integers(1, 5000), st.sampled_from([10**6, 10**9 + 7, 2**40]))
lengths = st.one_of(short_lengths, long_lengths)

near_steps = st.integers(0, 300)
steps = st.one_of(
    near_steps,
    *(st.integers(centre - 10_000, centre + 10_000) for centre in (10**6, 2 * 10**9, 10**12)),
)

multipliers = st.one_of(
    st.sampled_from([1.0, 2.0, 3.0, 1.5, 1.1, 1.7, 0.5, 0.75]),
    st.floats(1.05, 4.0).map(lambda number: round(number, 3)),
    st.floats(0.2, 0.9),
)

waveform_names = st.sampled_from(sorted(WAVEFORMS))
records = st.sampled_from(
    [
        Power(2.0),
        Power(1.5),
        hc.Polynomial(0.9),
        hc.Hold(0.8),
        hc.Tukey(0.3),
        hc.Kaiser(14.0),
        hc.Rex(),
    ]
)
functions = st.sampled_from([cubic, WAVEFORMS["hann"]])


def waveforms(*, printable=False):
    return st.one_of(waveform_names, records, *([] if printable else [functions]))


def scales(*, printable=False):
    gammas = st.sampled_from([0.5, 0.99, 0.9999, 1.0])
    exponential = st.builds(hc.Exponential, gammas, st.sampled_from(["step", "cycle"]))
    named = st.sampled_from(["constant", "halving", hc.Halving(), StepDecay(0.01)])
    own = [] if printable else [st.just(harmonic)]
    return st.one_of(named, exponential, *own)


@st.composite
def spaces(draw, *bounds):
    """Draw a space in which these bounds are numbers, and no value is near 0."""
    low, high = min(bounds), max(bounds)
    allowed = ["log"] * (low > 0.0) + ["log1m"] * (low >= 0.05 and high < 1.0)
    return draw(st.sampled_from(["linear", *allowed]))


EXACT = {
    "space": st.just("linear"),
    "waveform": st.sampled_from(sorted(reference.SHAPES)),
    "bounds": st.sampled_from([0.0, 0.1, 0.5, 1.0, 0.85, -1.0, 1e-4]),
    "scale": st.one_of(
        st.sampled_from(["constant", "halving"]),
        st.builds(hc.Exponential, st.sampled_from([0.5, 0.99]), st.sampled_from(["step", "cycle"])),
    ),
}
"""Options of schedules whose values ``reference`` has."""


def halves(of=lengths):
    """Return pairs of half lengths, of which one may be 0."""
    return st.one_of(st.tuples(of, of), st.tuples(of, st.just(0)), st.tuples(st.just(0), of))


@st.composite
def cycles(
    draw,
    *,
    of=lengths,
    bounds=values,
    waveform=None,
    scale=None,
    multiplier=multipliers,
    ends=None,
    printable=False,
    space=None,
):
    """Draw a Cycle with every field; ``ends`` says whether it has ``cycles``."""
    half = waveforms(printable=printable) if waveform is None else waveform
    low, high = sorted((draw(bounds), draw(bounds)))
    up, down = draw(halves(of))
    cycle_mult = draw(multiplier)
    if (up + down) * cycle_mult**MOST_CYCLES > 2**52:
        cycle_mult = 1.0  # cycles beyond 2**53 steps are refused
    counts = st.integers(1, MOST_CYCLES)
    ends = draw(st.booleans()) if ends is None else ends
    return hc.Cycle(
        low,
        high,
        up,
        draw(st.sampled_from([down, None])) if down == up else down,
        waveform=draw(st.one_of(half, st.tuples(half, half))),
        scale=draw(scales(printable=printable) if scale is None else scale),
        scale_of=draw(st.sampled_from(["amplitude", "bounds"])),
        inverted=draw(st.booleans()),
        phase=draw(st.one_of(st.sampled_from([0.0, 0.5, 0.25]), st.floats(0.0, 0.999))),
        cycle_mult=cycle_mult,
        cycles=draw(counts) if ends else None,
        space=draw(spaces(low, high) if space is None else space),
    )


@st.composite
def ramps(draw, *, of=lengths, bounds=values, waveform=None, printable=False, space=None):
    shape = draw(waveforms(printable=printable) if waveform is None else waveform)
    start, end = draw(bounds), draw(bounds)
    way = draw(spaces(start, end) if space is None else space)
    return hc.Ramp(start, end, draw(st.one_of(st.just(0), of)), shape, way)


def constants(bounds=values):
    return st.builds(hc.Constant, bounds)


@st.composite
def power_laws(draw):
    """Draw a PowerLaw, of which products of some stay in the range of float32."""
    low, high = sorted((draw(positive_values), draw(positive_values)))
    return hc.PowerLaw(
        draw(st.one_of(positive_values, positive_values.map(lambda number: -number))),
        draw(st.sampled_from([-0.5, -0.8, -0.51, -1.0, -2.0, 0.5, 0.3])),
        unit=draw(st.one_of(st.just(1), short_lengths, st.just(4000))),
        shift=draw(st.sampled_from([0, 1, 7, 4000])),
        offset=draw(st.sampled_from([0.0, 1.0, 0.1])),
        low=draw(st.sampled_from([None, low])),
        high=draw(st.sampled_from([None, high])),
    )


def _truncated(schedule, of):
    return st.tuples(schedule, st.one_of(st.just(0), of))


@st.composite
def chains(draw, *, depth=1, of=short_lengths, ends=None, **options):
    """Draw a Chain: parts that end, truncated parts, parts of no length, a last one of any kind."""
    ramp = ramps(of=of, **_of_ramps(options))
    finite = [ramp, cycles(of=of, ends=True, **options)]
    endless = [cycles(of=of, **options), constants(options.get("bounds", values))]
    if depth > 0:
        finite.append(chains(depth=depth - 1, of=of, ends=True, **options))
        endless.append(products(depth=depth - 1, of=of, **options))
    part = st.one_of(*finite, _truncated(st.one_of(*endless, ramp), of))
    first = draw(st.lists(part, max_size=4))
    return hc.Chain(*first, draw(part if ends else st.one_of(part, *endless)))


def _of_ramps(options):
    return {
        name: one
        for name, one in options.items()
        if name in ("bounds", "waveform", "printable", "space")
    }


def products(*, depth=1, of=lengths, **options):
    part = schedules(depth=depth - 1, of=of, **options) if depth > 0 else cycles(of=of, **options)
    return st.builds(hc.Product, part, st.one_of(part, options.get("bounds", values)))


def finite(*, depth=1, of=short_lengths, **options):
    """Return schedules of at least one step that end."""
    kinds = [
        ramps(of=of, **_of_ramps(options)).filter(lambda ramp: ramp.length > 0),
        cycles(of=of, ends=True, **options),
        points(options.get("bounds", values), of).filter(lambda one: one.length > 0),
    ]
    if depth > 0:
        chain = chains(depth=depth - 1, of=of, ends=True, **options)
        kinds.append(chain.filter(lambda one: 0 < one.length < 2**40))
    return st.one_of(*kinds).filter(lambda one: one.length < 2**50)


def repeats(*, depth=1, of=short_lengths, **options):
    times = st.one_of(st.none(), st.integers(1, 5))
    return st.builds(hc.Repeat, finite(depth=depth, of=of, **options), times)


def points(bounds=values, of=lengths):
    steps = st.integers(0, 60)
    if of is not short_lengths:
        steps = st.one_of(steps, st.sampled_from([10**6, 10**9 + 7, 10**12, 2**40]))
    pairs = st.dictionaries(steps, bounds, min_size=1, max_size=9)
    in_order = pairs.map(lambda one: dict(sorted(one.items())))
    return st.builds(hc.Points, in_order, st.sampled_from(["linear", "hold"]))


JOINED = (hc.Sum, hc.Maximum, hc.Minimum)


def joined(part, kinds=JOINED):
    """Return sums, maxima or minima of up to three."""
    several = st.lists(part, min_size=1, max_size=3)
    return st.sampled_from(kinds).flatmap(lambda kind: several.map(lambda parts: kind(*parts)))


def amplifying(part):
    """Return schedules in which a last place of a part is more, or decides."""
    divisor = st.one_of(positive_values, ramps(bounds=positive_values, waveform=waveform_names))
    bounds = st.lists(positive_values, min_size=2, max_size=2, unique=True).map(sorted)
    return st.one_of(
        st.builds(hc.Quotient, part, divisor),
        st.builds(hc.Rounded, part, st.sampled_from([1, 2, 8])),
        st.builds(lambda one, pair: _opposite(one, *pair), part, bounds),
    )


def _opposite(schedule, low, high):
    least, most = schedule.known_range()
    return schedule.opposite(low, high) if least < most else schedule


def schedules(*, depth=2, of=lengths, **options):
    """Return schedules of every kind, nested up to ``depth`` deep."""
    kinds = [
        cycles(of=of, **options),
        ramps(of=of, **_of_ramps(options)),
        constants(options.get("bounds", values)),
    ]
    # Other waveforms are those whose exact values the reference has; bounds are to be kept.
    if not {"waveform", "bounds"} & set(options):
        kinds.append(power_laws())
    if depth > 0:
        kinds += [
            chains(depth=depth - 1, of=of, **options),
            products(depth=depth - 1, of=of, **options),
            repeats(depth=depth - 1, of=of, **options),
            points(options.get("bounds", values), of),
            joined(cycles(of=of, **options), JOINED[1:]),
            st.builds(hc.Held, cycles(of=of, **options), of),
        ]
        if "bounds" not in options:  # else they are to be kept, and a last place not to be more
            kinds += [joined(cycles(of=of, **options)), amplifying(cycles(of=of, **options))]
    return st.one_of(*kinds)


def groups(schedule=None):
    one = schedules(depth=1) if schedule is None else schedule
    keys = st.one_of(st.integers(0, 3), st.sampled_from(["backbone", "head", "*.bias"]))
    return st.builds(
        hc.Groups, st.dictionaries(keys, st.one_of(st.none(), one), min_size=1, max_size=3)
    )


def plans(schedule=None):
    one = schedules(depth=1) if schedule is None else schedule
    names = st.sampled_from(["lr", "momentum", "weight_decay", "beta1", "eps"])
    entries = st.dictionaries(names, st.one_of(one, groups(one)), min_size=1, max_size=3)
    return entries.map(lambda schedules: hc.Plan(**schedules))


@st.composite
def lengths_with_units(draw):
    """Draw (text, steps, a fraction) where an epoch has 391 updates and the run has 31,280."""
    unit = draw(st.sampled_from(["it", "ep", "%"]))
    if unit == "it":
        number = draw(st.integers(1, 9999))
        return f"{number}it", number
    if unit == "ep":
        number = draw(st.integers(1, 40))
        return f"{number} ep", 391 * number
    number = draw(st.integers(1, 100))
    return f"{number}%", Fraction(31_280 * number, 100)


def half_up(steps):
    """Return the nearest whole number of steps."""
    return math.floor(steps + Fraction(1, 2))


@st.composite
def with_units(draw, **options):
    """Draw a schedule twice: with units, and in steps."""
    cycle = draw(cycles(multiplier=st.just(1.0), **options))
    up, down, ramp, cut = (draw(lengths_with_units()) for _ in range(4))
    written = replace(cycle, step_size_up=up[0], step_size_down=down[0])
    counted = replace(cycle, step_size_up=half_up(up[1]), step_size_down=half_up(down[1]))
    if not draw(st.booleans()):
        return written, counted
    end = half_up(ramp[1] + cut[1])  # boundaries are rounded, not lengths
    ramp = ramp[0], half_up(ramp[1])
    cut = cut[0], end - ramp[1]
    return tuple(
        hc.Product(hc.Chain(hc.Ramp(0.0, 1.0, ramp[i]), (one, cut[i]), one), hc.Constant(0.5))
        for i, one in enumerate((written, counted))
    )
