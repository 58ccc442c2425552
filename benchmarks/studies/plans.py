"""The plans of the arms: learning rates by their peak and the length of the run, and constants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hypercycle as hc

Rates = Callable[[float, int], Any]
"""``rates(peak, iterations)``: a schedule of the learning rate, or a plan with it."""

# The base of a cycle: a quarter of its peak, as max/3 to max/4 in L. N. Smith, arXiv:1506.01186.
BASE = 1 / 4
CYCLES = 2
# The same paper's γ over the runs that it was taken for: exp, and exp_range.
EXP_FACTOR, EXP_RANGE_FACTOR = 0.99994**70_000, 0.99994**42_000


def fixed(peak: float, iterations: int) -> hc.Constant:  # noqa: ARG001
    return hc.Constant(peak)


def linear(peak: float, iterations: int) -> hc.Ramp:
    """Return a straight line to zero: arXiv:1905.04753."""
    return hc.Ramp(peak, 0.0, iterations)


def exponential(peak: float, iterations: int) -> hc.Cycle:
    gamma = EXP_FACTOR ** (1 / iterations)
    return hc.Cycle(peak, peak, 1, scale=hc.Exponential(gamma), scale_of="bounds")


def triangular(peak: float, iterations: int, **options: Any) -> hc.Cycle:
    """Return two cycles; ``options`` are those of ``Cycle``, such as the waveform."""
    return hc.Cycle(BASE * peak, peak, iterations // (2 * CYCLES), **options)


def triangular2(peak: float, iterations: int) -> hc.Cycle:
    return triangular(peak, iterations, scale=hc.Halving())


def exp_range(peak: float, iterations: int) -> hc.Cycle:
    gamma = EXP_RANGE_FACTOR ** (1 / iterations)
    return triangular(peak, iterations, scale=hc.Exponential(gamma))


def one_cycle(peak: float, iterations: int) -> hc.Plan:
    return hc.one_cycle(peak, iterations)


def with_constants(rates: Rates, **constants: float) -> Callable[[float, int], hc.Plan]:
    """Return what makes the plan of a run: the rates, and what they do not say of momentum.

    >>> with_constants(fixed, momentum=0.9)(0.1, 100)
    Plan(lr=Constant(0.1), momentum=Constant(0.9))
    """

    def plan(peak: float, iterations: int) -> hc.Plan:
        lr = rates(peak, iterations)
        said = dict(lr) if isinstance(lr, hc.Plan) else {"lr": lr}
        others = {name: one for name, one in constants.items() if name not in said}
        return hc.Plan(**said, **others)

    return plan
