"""Every waveform and scale policy of ours in every kind of schedule, between two bounds."""

import hypercycle as hc
from hypercycle.shapes.waveforms import WAVEFORMS

SHAPES = sorted(set(WAVEFORMS) - {"linear", "cosine"})
SCALES = {
    "constant": "constant",
    "halving": "halving",
    "by step": hc.Exponential(0.99),
    "by cycle": hc.Exponential(0.7, per="cycle"),
}
LOW, HIGH = 0.001, 0.006


def cycle(waveform, scale, up=7, down=None, **options):
    return hc.Cycle(LOW, HIGH, up, down, waveform=waveform, scale=scale, **options)


COMPOSED = {
    "cycle": cycle,
    "uneven, two waveforms": lambda w, s: cycle((w, "hann"), s, 5, 9),
    "opposite, with a phase": lambda w, s: cycle(w, s, phase=0.37, inverted=True),
    "growing": lambda w, s: cycle(w, s, cycle_mult=1.7, cycles=12),
    "shrinking": lambda w, s: cycle(w, s, cycle_mult=0.6),
    "bounds shrink": lambda w, s: cycle(w, s, 5, 9, scale_of="bounds", phase=0.6),
    "ends": lambda w, s: cycle(w, s, cycles=2, phase=0.2),
    "geometric": lambda w, s: cycle(w, s, 5, 9, space="log", phase=0.2),
    "geometric, bounds shrink": lambda w, s: cycle(w, s, space="log", scale_of="bounds"),
    "geometric from 1": lambda w, s: hc.Chain(
        (hc.Ramp(0.5, 0.99, 9, w, "log1m"), 7),
        hc.Cycle(0.8, 0.999, 8, waveform=w, scale=s, inverted=True, space="log1m"),
    ),
    "saw-tooth": lambda w, s: cycle(w, s, 8, 0, cycles=2),
    "warm restarts": lambda w, s: cycle(w, s, 0, 8),
    "long": lambda w, s: cycle(w, s, 2**40 + 1, 10**9 + 7, phase=0.1),
    "chain": lambda w, s: hc.Chain(
        (hc.Ramp(0.0, HIGH, 4, w), 3), (cycle(w, s), 11), cycle(w, s, 3, 2)
    ),
    "product": lambda w, s: hc.Product(hc.Ramp(0.2, 1.0, 9, w), cycle(w, s)),
}
