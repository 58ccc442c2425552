"""Schedules of every kind on every library, spread so that each two things meet somewhere."""

import numpy as np
import strategies

import hypercycle as hc
from hypercycle.shapes.waveforms import WAVEFORMS

NAMES = sorted(set(WAVEFORMS) - {"linear", "cosine"})

SCALES = [
    "constant",
    "halving",
    hc.Exponential(0.99994),
    hc.Exponential(0.9, "cycle"),
    strategies.harmonic,
]

STEPS = np.concatenate(
    [np.arange(s, s + 400) for s in (0, 99_900, 10**6, 2 * 10**9, 2**31 - 401)]
).astype(np.int32)
"""Around 0, around a cycle of 100,000, near the end of int32."""

LAST_PLACES = {"rtol": 1e-15, "atol": 1e-15}
"""How far the libraries' sin, exp and pow are apart.

They differ in the last places of what is at most 1, before it is taken between bounds that may lie
far below 1.
"""


def cycles(name):
    """Return a cycle of each kind, each with another scale; over all names, with every scale."""
    first = NAMES.index(name)
    scales = [SCALES[(first + kind) % len(SCALES)] for kind in range(5)]
    return [
        hc.Cycle(1e-4, 1e-2, 130, 70, waveform=name, scale=scales[0]),
        hc.Cycle(0.85, 0.95, 50, waveform=(name, "hann"), scale=scales[1], inverted=True),
        hc.Cycle(0.1, 0.5, 40, 0, waveform=name, scale=scales[2], scale_of="bounds", phase=0.3),
        hc.Cycle(0.1, 0.5, 0, 40, waveform=name, scale=scales[3], cycle_mult=1.5),
        hc.Cycle(0.1, 0.5, 40, 60, waveform=name, scale=scales[4], cycle_mult=0.5, cycles=30),
    ]


def compositions(name):
    """Return schedules of every other kind."""
    cycle = hc.Cycle(0.1, 0.5, 20, 30, waveform=name, cycles=2)
    ramp = hc.Ramp(0.01, 0.1, 50, name)
    decay = hc.Cycle(0.9, 0.999, 130, 70, waveform=name, space="log1m", scale="halving")
    chain = hc.Chain(ramp, cycle, (hc.Cycle(0.1, 0.5, 9), 33), (0.2, 0), hc.sgdr(0.1, 0.5, 40))
    return [
        ramp,
        hc.Constant(0.1),
        hc.Chain(ramp, (0.5, 0), cycle),
        chain,
        hc.Product(hc.Product(ramp, 0.5), hc.Chain((chain, 300), chain)),
        hc.Chain((chain, 170), hc.Chain(ramp, cycle)),
        hc.warmup_stable_decay(0.5, 40, 60, 100, end=0.01, waveform=name),
        hc.Ramp(0.5, 0.1, 0),
        hc.Chain((hc.Ramp(1e-5, 0.1, 50, name, "log"), 40), decay),
        hc.Repeat(hc.Chain(ramp, cycle)),
        hc.Points({3: 0.1, 70: 0.5, 100_000: 0.2, 2 * 10**9: 0.3}),
        hc.Maximum(hc.Sum(ramp, -0.02), hc.Held(cycle, 7), 0.15),
        hc.Quotient(hc.Minimum(ramp, 0.05), hc.Repeat(hc.Chain((cycle, 30), ramp), times=900)),
        hc.Chain(ramp, cycle).opposite(0.85, 0.95),
        hc.Points({0: 0.1, 70: 0.5, 100_100: 0.2}, between="hold"),
    ]


def schedules(name):
    """Return cycles of every kind and some compositions; over all names, all of them."""
    some = compositions(name)
    first = NAMES.index(name)
    return cycles(name) + [some[(first + more) % len(some)] for more in (0, 3, 6, 10)]


def a_third(name):
    """Return a third of these, another one for each name."""
    return schedules(name)[NAMES.index(name) % 3 :: 3]


class EveryFunction:
    """A schedule whose value is a function of the namespace, by its name."""

    def __init__(self, name):
        self.name = name

    def evaluate(self, step, xp):
        x = xp.to_float(step) / 64.0
        return {
            "abs": lambda: xp.abs(x - 0.5),
            "cos": lambda: xp.cos(x),
            "exp": lambda: xp.exp(-x),
            "floor": lambda: xp.floor(8.0 * x),
            "log": lambda: xp.log(x + 0.125),
            "maximum": lambda: xp.maximum(x, 0.3) + xp.maximum(0.6, x),
            "minimum": lambda: xp.minimum(x, 0.3) + xp.minimum(0.6, x),
            "sin": lambda: xp.sin(x),
            "sqrt": lambda: xp.sqrt(x) + x * xp.sqrt(2.0),
            "where": lambda: xp.where(x < 0.5, x, 0.1) + xp.where(x < 0.3, 0.2, x),
            "lesser": lambda: xp.to_float(xp.lesser(step, step // 2 + 5)),
            "clip": lambda: xp.to_float(xp.clip(step, 3, 40)),
            "take": lambda: xp.to_float(xp.take(np.arange(64) ** 2, step)),
            "search": lambda: xp.to_float(xp.search(np.array([0, 5, 5, 17]), step)),
        }[self.name]()


FUNCTIONS = [
    *("abs", "cos", "exp", "floor", "log", "maximum", "minimum", "sin", "sqrt", "where"),
    *("lesser", "clip", "take", "search"),
]
"""What every namespace has."""
