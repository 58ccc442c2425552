"""``Cycle``: a waveform between two bounds, the central record of the library."""

from __future__ import annotations

import functools
from collections.abc import Hashable, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, ClassVar, Literal, Unpack

from hypercycle.namespaces.namespace import NUMPY, Floats, Namespace, Scale, Waveform
from hypercycle.numbers.caching import computed_once
from hypercycle.numbers.checks import finite_number, is_traced, whole_number
from hypercycle.numbers.clock import Clock, Place, checked_cycle_mult, checked_phase
from hypercycle.numbers.lengths import (
    Facts,
    Length,
    Units,
    checked_length,
    in_steps,
    resolved_length,
)
from hypercycle.numbers.spelling import answers_other_words
from hypercycle.schedules.between import (
    Space,
    bounds_in,
    checked_space,
    curve_between,
    traced_between,
    value_between,
)
from hypercycle.schedules.clocked import Clocked
from hypercycle.schedules.printing import record_repr
from hypercycle.schedules.scalars import OneValue, cycle_at
from hypercycle.schedules.schedule import Record
from hypercycle.schedules.waves import Waves
from hypercycle.shapes import registry
from hypercycle.shapes.registry import WaveformLike
from hypercycle.shapes.scales import Exponential, Halving, Unscaled


@dataclass(frozen=True, repr=False)
class Cycle(Clocked, Record):
    r"""A value that cycles between two bounds, as a function of the step.

    .. math::

        y = \mathrm{scale}(cycle, step) \cdot w(x), \qquad
        value = anchor \cdot (1 - y) + other \cdot y

    with ``anchor, other = low, high``, exchanged if ``inverted``. ``x`` rises from 0 to 1 over
    ``step_size_up`` steps and falls back over ``step_size_down``. The step is the number of
    optimizer updates already made: 0 for the first. A value is computed from its step and never
    accumulated, in whole-number arithmetic up to ``x`` and float64 from there: step 10¹² is as
    exact as step 10, and both bounds are hit exactly.

    Parameters
    ----------
    low, high
        The bounds, ``low <= high``, in the hyperparameter's own unit. Numbers that JAX is tracing
        are taken too: their order and finiteness cannot be checked.
    step_size_up, step_size_down
        Lengths of the rising and the falling half: whole steps, or a string with a unit
        (``"2000it"``, ``"4ep"``, ``"30%"``) that ``attach`` or ``Plan.resolve`` turns into steps.
        ``step_size_down`` is ``step_size_up`` if not given; 0 jumps back (saw-tooth), and
        ``step_size_up=0`` starts at the top (warm restarts).
    waveform
        Shape of a half: a registered name (:func:`hypercycle.waveforms` lists them), a function
        ``w(x, xp)`` with w(0) = 0 and w(1) = 1, or a pair of those for rise and fall. A function
        of your own, and a scale policy, is asked when its step has come; what is registered by a
        name is computed ahead, in blocks of steps.
    scale
        Scale policy: ``"constant"``, ``"halving"``, an instance such as ``Exponential(0.9999)``,
        or a function ``scale(cycle, step, xp)``.
    scale_of
        ``"amplitude"``: the wave shrinks toward its anchor. ``"bounds"``: both bounds shrink,
        ``value = scale·(anchor·(1 − w) + other·w)``, to 0 where the scale is below 5e-324. In
        another space too it is the value, not 1 − value, that is multiplied.
    space
        What moves along the wave: ``"linear"``, the value; ``"log"``, its logarithm, so that it is
        geometric between the bounds, ``anchor^(1 − y)·other^y``; ``"log1m"``, the logarithm of
        1 − value, for β and the decay of an average, ``1 − (1 − anchor)^(1 − y)·(1 − other)^y``.
    inverted
        Start at ``high`` and fall first: opposite phase.
    phase
        Start round(phase · period) steps into the first cycle, 0 <= phase < 1. The first cycle is
        then partial and is cycle 0.
    cycle_mult
        Half ``k`` is round-half-up(length · cycle_mult^k) steps long, at least 1 unless it is 0.
    cycles
        Number of cycles after which the value holds what it had reached; None never ends.

    Raises
    ------
    TypeError, ValueError
        If a bound is not a finite number or the two are reversed, a length is negative or not a
        whole number, both halves are 0, a name is unknown, a waveform misses 0 at 0 or 1 at 1, or a
        bound is not above 0 in the space ``"log"`` or not below 1 in ``"log1m"``.

    Notes
    -----
    The triangular wave, its name and ``step_size`` are L. N. Smith's, arXiv:1506.01186, section
    3; the opposite phase of the momentum his, arXiv:1803.09820, section 4.3; warm restarts I.
    Loshchilov and F. Hutter's, arXiv:1608.03983.

    Examples
    --------
    >>> import numpy as np
    >>> lr = Cycle(low=0.1, high=0.5, step_size_up=4)
    >>> lr(0), lr(4), lr(8)
    (0.1, 0.5, 0.1)
    >>> lr(np.arange(9)).round(3).tolist()
    [0.1, 0.2, 0.3, 0.4, 0.5, 0.4, 0.3, 0.2, 0.1]
    >>> momentum = lr.opposite(low=0.85, high=0.95)
    >>> momentum(0), momentum(4)
    (0.95, 0.85)
    >>> lr(8 * 10**12 + 4)
    0.5
    >>> [round(Cycle(1e-4, 1e-2, 10, space="log")(step), 12) for step in (0, 5, 10)]
    [0.0001, 0.001, 0.01]
    """

    low: float
    high: float
    step_size_up: Length
    step_size_down: Length | None = None
    _: KW_ONLY
    waveform: WaveformLike = "triangular"
    scale: str | Scale = "constant"
    scale_of: Literal["amplitude", "bounds"] = "amplitude"
    inverted: bool = False
    phase: float = 0.0
    cycle_mult: float = 1.0
    cycles: int | None = None
    space: Space = "linear"
    # Whether the values are multiples of what is there, and not to be assigned; None: whoever
    # attaches it knows. Only a range test's bounds say so, and no other cycle made of this one.
    multiplies: ClassVar[bool | None] = None

    def __post_init__(self) -> None:
        assign = functools.partial(object.__setattr__, self)
        low, high = finite_number(self.low, "low"), finite_number(self.high, "high")
        if not (is_traced(low) or is_traced(high)) and low > high:
            raise ValueError(
                f"low must not be above high, got {low=}, {high=}; to start at the top use "
                "inverted=True or phase=0.5"
            )
        assign("low", low)
        assign("high", high)
        assign("space", checked_space(self.space, low=low, high=high))
        up = checked_length(self.step_size_up, "step_size_up")
        down = up
        if self.step_size_down is not None:
            down = checked_length(self.step_size_down, "step_size_down")
        if up == 0 and down == 0:
            raise ValueError("step_size_up and step_size_down must not both be 0")
        assign("step_size_up", up)
        assign("step_size_down", down)
        if isinstance(self.waveform, (tuple, list)):
            assign("waveform", tuple(self.waveform))
        _ = self._halves, self._scale  # refuses unknown names, and what is not a waveform or scale
        assign("waveform", registry.by_name(self.waveform))
        if self.scale_of not in ("amplitude", "bounds"):
            raise ValueError(f"scale_of must be 'amplitude' or 'bounds', got {self.scale_of!r}")
        if not isinstance(self.inverted, bool):
            raise TypeError(f"inverted must be True or False, got {self.inverted!r}")
        self._check_clock()

    def _check_clock(self) -> None:
        assign = functools.partial(object.__setattr__, self)
        assign("phase", checked_phase(self.phase))
        assign("cycle_mult", checked_cycle_mult(self.cycle_mult))
        if self.cycles is not None:
            assign("cycles", whole_number(self.cycles, "cycles", minimum=1))
        if self.resolved:
            # Refuses what is too long to be computed.
            _ = self.clock.end, self.clock.offset

    def __repr__(self) -> str:
        symmetric = self.step_size_down == self.step_size_up
        return record_repr(
            self,
            positional=("low", "high", "step_size_up"),
            hidden=("step_size_down",) if symmetric else (),
        )

    def check_names(self) -> None:
        """Raise ValueError if a waveform or scale policy has no such name here."""
        _ = self._halves, self._scale

    def evaluate(self, step: Any, xp: Namespace) -> Any:
        """Return float64 values at int64 steps in the namespace ``xp``."""
        place, waves = self.clock.place(step, xp), self._waves
        if waves.alike and waves.repeat(place, xp) and not self._is_traced:
            return self._values.take(place.step_in_cycle)
        return self.value_at(place, self.bounds, xp)

    def value_at(self, place: Place, bounds: Sequence[Any], xp: Namespace) -> Any:
        """Return values at places between ``bounds``, which may be others of the same formula."""
        waves = self._waves
        if self.scale_of == "amplitude":
            return self._between(waves.height(place, xp), bounds, xp, within=self.stays_within)
        return waves.factor(place, xp) * self._between(
            waves.wave(place, xp), bounds, xp, within=True
        )

    @computed_once
    def at_one_step(self) -> OneValue | None:
        """The value at one step as a function; None if a waveform or the scale is a user's own."""
        shrink, curve = self.scale_of == "bounds", curve_between(self.bounds, self.space)
        return cycle_at(
            self.clock,
            self._halves,
            self._scale,
            self.bounds[:4],
            bounds_shrink=shrink,
            curve=curve,
        )

    def _between(self, y: Any, bounds: Sequence[Any], xp: Namespace, *, within: bool) -> Any:
        if self._is_traced:
            return traced_between(y, self.anchor, self.other, self.space, xp)
        return value_between(y, bounds, self.space, xp, within=within)

    @property
    def _is_traced(self) -> bool:
        return is_traced(self.low) or is_traced(self.high)

    def height(self, step: Any, xp: Namespace) -> Any:
        """Return ``y = scale · w(x)``, which equal ``shape`` s have in common."""
        return self._waves.height(self.clock.place(step, xp), xp)

    @property
    def formula(self) -> Hashable:
        """What equal ones differ from in their bounds and the lengths of their cycles alone."""
        up, down = self.clock.step_size_up, self.clock.step_size_down
        halves = (up == 0, down == 0, up == down)
        clock = halves if self.cycle_mult == 1.0 else self.clock
        return self._halves, self._scale, self.scale_of, self.space, clock

    @property
    def shape(self) -> tuple[Clock, tuple[Waveform, Waveform], Scale] | None:
        """Everything but the bounds; None where they are not all that equal waves differ in.

        ``scale_of="bounds"`` has no one ``y``, and in another space than ``"linear"`` the value is
        not ``anchor·(1 − y) + other·y``.
        """
        if self.scale_of == "bounds" or self.space != "linear":
            return None
        return self.clock, self._halves, self._scale

    def reached(self) -> list[float]:
        """Return both bounds."""
        return [self.low, self.high]

    @property
    def stays_within(self) -> bool:
        """Whether the scale policy is known to give factors from 0 to 1."""
        scale = self._scale
        if isinstance(scale, Exponential):
            return scale.gamma <= 1.0
        return isinstance(scale, (Unscaled, Halving))

    @property
    def bounds(self) -> tuple[float, ...]:
        """The bound that the wave starts at, the other one, the lower and the higher.

        In another space than ``"linear"`` also what it computes with.
        """
        if self._is_traced:
            return self.anchor, self.other, self.low, self.high
        return bounds_in(self.space, self.anchor, self.other)

    @property
    def anchor(self) -> float:
        """The bound that the wave starts at, and shrinks toward."""
        return self.high if self.inverted else self.low

    @property
    def other(self) -> float:
        """The bound that the wave reaches at its peak."""
        return self.low if self.inverted else self.high

    @property
    def precomputable(self) -> bool:
        """Whether its waveforms and scale policy are named ones; others may look at training."""
        return registry.is_named_waveform(self.waveform) and registry.is_named_scale(self.scale)

    @computed_once
    def _waves(self) -> Waves:
        return Waves(self.clock, self._halves, self._scale, named=self.precomputable)

    @computed_once
    def _values(self) -> Floats:
        values: Floats = self._between(self._waves.in_cycle, self.bounds, NUMPY, within=True)
        return values

    @computed_once
    def _halves(self) -> tuple[Waveform, Waveform]:
        return registry.waveform_pair(self.waveform)

    @computed_once
    def _scale(self) -> Scale:
        return registry.scale_function(self.scale)

    def opposite(self, low: float, high: float, *, space: Space = "linear") -> Cycle:
        """Return the cycle with the same clock and shape between other bounds, in opposite phase.

        The scale shrinks it toward its own anchor, whatever ``scale_of`` this cycle has. The space
        belongs to the bounds, and is that of the new ones.

        >>> Cycle(0.001, 0.006, 2000).opposite(0.85, 0.95)
        Cycle(0.85, 0.95, 2000, inverted=True)
        """
        return replace(
            self,
            low=low,
            high=high,
            inverted=not self.inverted,
            scale_of="amplitude",
            space=space,
        )

    @property
    def resolved(self) -> bool:
        """Whether both lengths are in steps."""
        return isinstance(self.step_size_up, int) and isinstance(self.step_size_down, int)

    def resolve(self, **facts: Unpack[Facts]) -> Cycle:
        """Return the cycle with both lengths in steps.

        >>> Cycle(0.001, 0.006, "4ep").resolve(steps_per_epoch=500)
        Cycle(0.001, 0.006, 2000)
        """
        units = Units(**facts)
        up = resolved_length(self.step_size_up, "step_size_up", units)
        down = resolved_length(self._down, "step_size_down", units)
        # A range test's cycle stays one.
        return self if self.resolved else replace(self, step_size_up=up, step_size_down=down)

    @property
    def own_length(self) -> Length | None:
        """The half that is not 0, of one cycle that has one: a rise or a decay, as of a Ramp."""
        halves = self.step_size_up, self._down
        is_one = self.cycles == 1 and self.phase == 0.0 and 0 in halves
        return (halves[1] if halves[0] == 0 else halves[0]) if is_one else None

    def with_length(self, steps: int) -> Cycle:
        """Return the cycle with that half of so many steps, at least one."""
        if self.own_length is None:
            return super().with_length(steps)
        length = max(steps, 1)
        if self.step_size_up == 0:
            return replace(self, step_size_down=length)
        return replace(self, step_size_up=length)

    @property
    def _down(self) -> Length:
        return self.step_size_up if self.step_size_down is None else self.step_size_down

    @computed_once
    def clock(self) -> Clock:
        """The whole-number arithmetic behind this cycle."""
        return Clock(
            in_steps(self.step_size_up, "step_size_up"),
            in_steps(self._down, "step_size_down"),
            self.phase,
            self.cycle_mult,
            self.cycles,
        )

    @property
    def period(self) -> int:
        """Steps in a cycle.

        Raises
        ------
        ValueError
            If the length varies (``cycle_mult`` is not 1).

        Examples
        --------
        >>> Cycle(0.001, 0.006, 2000).period
        4000
        """
        if self.cycle_mult != 1.0:
            raise ValueError(
                f"the period varies with cycle_mult={self.cycle_mult}: cycles differ in "
                "length; use boundaries(n) or locate(step)"
            )
        return self.clock.first_period

    @property
    def repeats_every(self) -> int | None:
        """The period of a cycle that neither ends nor changes."""
        changes = self.cycle_mult != 1.0 or not isinstance(self._scale, Unscaled)
        return None if changes or self.cycles is not None else self.period


Cycle.__init__ = answers_other_words()(Cycle.__init__)  # type: ignore[method-assign]
