"""``Waves``: a cycle's height between 0 and 1, from its place."""

from __future__ import annotations

from typing import Any

import numpy as np

from hypercycle.namespaces.namespace import (
    NUMPY,
    ONE_STEP,
    Floats,
    Namespace,
    Scale,
    Waveform,
    apply,
)
from hypercycle.numbers.caching import computed_once
from hypercycle.numbers.clock import Clock, Place
from hypercycle.shapes.scales import Exponential, Halving, Unscaled
from hypercycle.shapes.waveforms import triangular


class Waves:
    """The waves of a clock and their heights, which all cycles of one shape have.

    Where NumPy computes more steps than there are in a cycle, or a factor for each of them, those
    that are equal are computed once and looked up ("A million values" of ``benchmarks/values.py``).
    They have the same bits: a place is a whole number, and equal numbers have equal results.

    Attributes
    ----------
    alike
        Whether every wave is as high as the first.
    """

    def __init__(
        self, clock: Clock, halves: tuple[Waveform, Waveform], scale: Scale, *, named: bool
    ) -> None:
        self.alike = isinstance(scale, Unscaled)
        self._clock, self._halves, self._scale = clock, halves, scale
        # A user's function without a name is asked for each step.
        self._may_repeat = named and clock.cycle_mult == 1.0
        self._by_cycle = type(scale) is Halving or (
            type(scale) is Exponential and scale.per == "cycle"
        )

    def repeat(self, place: Place, xp: Namespace) -> bool:
        """Return whether these are more steps than in a cycle, of which all are alike."""
        if xp is not NUMPY or not self._may_repeat:
            return False
        if not isinstance(place.step_size_up, int) or not isinstance(place.step_size_down, int):
            return False  # of cycles of many lengths, evaluated together
        return bool(place.step_in_cycle.size > self._clock.first_period)

    @computed_once
    def in_cycle(self) -> Floats:
        """``w(x)`` at each step of a cycle and at its end."""
        up, down = self._clock.step_size_up, self._clock.step_size_down
        steps = np.arange(up + down + 1)
        waves: Floats = self._computed(Place(steps, 0, steps, up, down), NUMPY)
        return waves

    def height(self, place: Place, xp: Namespace) -> Any:
        """Return ``scale · w(x)``."""
        w = self.wave(place, xp)
        return w if self.alike else self.factor(place, xp) * w

    def factor(self, place: Place, xp: Namespace) -> Any:
        """Return the factor of the scale policy."""
        if xp is NUMPY and self._by_cycle and place.cycle.size:
            first, last = place.cycle.min(), place.cycle.max()
            if last - first < place.cycle.size // 4:
                cycles = np.arange(first, last + 1).astype(np.float64)
                return self._scale(cycles, None, xp).take(place.cycle - first)
        return apply(self._scale, xp, xp.to_float(place.cycle), xp.to_float(place.step))

    def wave(self, place: Place, xp: Namespace) -> Any:
        """Return ``w(x)`` by the waveform of the half that a step is in."""
        if self.repeat(place, xp):
            return self.in_cycle.take(place.step_in_cycle)
        return self._computed(place, xp)

    def _computed(self, place: Place, xp: Namespace) -> Any:
        x = self._clock.height(place, xp)
        rise, fall = self._halves
        if rise is fall is triangular:
            return x  # as it would, but for one step without a detour through arrays
        if rise is fall or self._clock.step_size_down == 0:
            return apply(rise, xp, x)
        if self._clock.step_size_up == 0:
            return apply(fall, xp, x)
        rising = self._clock.rising(place)
        if xp is ONE_STEP:
            return apply(rise if rising else fall, xp, x)
        return xp.where(rising, rise(x, xp), fall(x, xp))
