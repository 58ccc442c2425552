"""The policies of the literature, by the names they have there."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Literal

from hypercycle.namespaces.namespace import Waveform
from hypercycle.numbers.checks import finite_number, positive_number, whole_number
from hypercycle.numbers.lengths import Length
from hypercycle.numbers.spelling import answers_other_words
from hypercycle.plans.plan import Plan
from hypercycle.schedules.chain import Chain
from hypercycle.schedules.constant import Constant
from hypercycle.schedules.cycle import Cycle
from hypercycle.schedules.function import as_schedule
from hypercycle.schedules.ramp import Ramp
from hypercycle.schedules.schedule import Record, Schedule
from hypercycle.shapes.scales import Exponential, Halving

_OPTIONS = tuple(field.name for field in fields(Cycle))


@answers_other_words(_OPTIONS)
def triangular(
    low: float,
    high: float,
    step_size_up: Length,
    step_size_down: Length | None = None,
    **options: Any,
) -> Cycle:
    """Return the "triangular" policy: a straight line up and down between fixed bounds.

    L. N. Smith, arXiv:1506.01186, section 3.1. ``options`` are those of :class:`Cycle`.

    >>> triangular(0.001, 0.006, 2000)
    Cycle(0.001, 0.006, 2000)
    """
    return Cycle(low, high, step_size_up, step_size_down, **options)


@answers_other_words(_OPTIONS)
def triangular2(
    low: float,
    high: float,
    step_size_up: Length,
    step_size_down: Length | None = None,
    **options: Any,
) -> Cycle:
    """Return the "triangular2" policy: the amplitude is halved from cycle to cycle.

    L. N. Smith, arXiv:1506.01186, section 3.1. ``options`` are those of :class:`Cycle`.

    >>> lr = triangular2(0.0, 1.0, 5)
    >>> lr(5), lr(15), lr(25)
    (1.0, 0.5, 0.25)
    """
    return Cycle(low, high, step_size_up, step_size_down, scale=Halving(), **options)


@answers_other_words(_OPTIONS)
def exp_range(
    low: float,
    high: float,
    step_size_up: Length,
    step_size_down: Length | None = None,
    *,
    gamma: float,
    per: Literal["step", "cycle"] = "step",
    **options: Any,
) -> Cycle:
    """Return the "exp_range" policy: the amplitude declines by γ per step (or per cycle).

    L. N. Smith, arXiv:1506.01186, section 3.1, says that *each boundary* declines by γ^iteration:
    that is ``scale_of="bounds"``. PyTorch, Keras' add-ons and the paper's own code shrink the
    amplitude above a fixed lower bound: that is the default here too. ``options`` are those of
    :class:`Cycle`.

    >>> exp_range(0.0, 1.0, 5, gamma=0.5, per="cycle")(15)
    0.5
    """
    scale = Exponential(gamma, per)
    return Cycle(low, high, step_size_up, step_size_down, scale=scale, **options)


@answers_other_words(_OPTIONS)
def sgdr(low: float, high: float, steps: Length, **options: Any) -> Cycle:
    r"""Return "SGDR": cosine decay with warm restarts.

    .. math:: value = low + (high - low) \\cdot (1 + \\cos(\\pi t / T_k)) / 2

    with ``T_0 = steps`` and ``T_k`` multiplied by ``cycle_mult`` from restart to restart (the
    paper's ``T_mult``). I. Loshchilov and F. Hutter, arXiv:1608.03983, equation 5. ``options`` are
    those of :class:`Cycle`.

    >>> lr = sgdr(0.0, 1.0, 10, cycle_mult=2)
    >>> [round(lr(step), 3) for step in (0, 5, 9, 10, 20, 29, 30)]
    [1.0, 0.5, 0.024, 1.0, 0.5, 0.006, 1.0]
    """
    return Cycle(low, high, 0, steps, waveform="hann", **options)


@answers_other_words()
def one_cycle(
    max_lr: float,
    total_steps: int,
    *,
    pct_start: float = 0.3,
    waveform: str | Waveform = "hann",
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
    three_phase: bool = False,
    base_momentum: float = 0.85,
    max_momentum: float = 0.95,
) -> Plan:
    """Return the 1cycle policy: a plan with ``lr`` and ``momentum``.

    The learning rate rises from ``max_lr / div_factor`` to ``max_lr``, which it reaches at step
    ``round(pct_start · total_steps) − 1``, and falls to ``max_lr / (div_factor ·
    final_div_factor)`` at the last step, ``total_steps − 1``. Momentum moves the other way between
    ``max_momentum`` and ``base_momentum``. With ``three_phase`` the learning rate first falls back
    to its start in as many steps as it rose, then on to its end.

    L. N. Smith, arXiv:1803.09820, section 4.1, with the phases of fastai and PyTorch's
    ``OneCycleLR``, whose values it reproduces where the boundaries are whole steps.

    Parameters
    ----------
    max_lr
        The peak, > 0.
    total_steps
        Updates of the whole run, >= 2. Later steps hold the last value.
    pct_start
        Part of the run that rises, in (0, 1); below ½ with ``three_phase``.
    waveform
        ``"hann"`` (cosine) or ``"linear"`` as in PyTorch, or any other.
    div_factor, final_div_factor
        Start and end below the peak, > 0.
    three_phase
        Add the phase that undoes the rise.
    base_momentum, max_momentum
        Bounds of the momentum.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of these ranges.

    Examples
    --------
    >>> plan = one_cycle(1.0, total_steps=10)
    >>> plan(2)
    {'lr': 1.0, 'momentum': 0.85}
    >>> plan(0)
    {'lr': 0.04, 'momentum': 0.95}
    """
    peak = positive_number(max_lr, "max_lr")
    first = peak / positive_number(div_factor, "div_factor")
    final = first / positive_number(final_div_factor, "final_div_factor")
    last = whole_number(total_steps, "total_steps", minimum=2) - 1
    part = finite_number(pct_start, "pct_start")
    if not 0.0 < part < (0.5 if three_phase else 1.0):
        allowed = "(0, 0.5) with three_phase" if three_phase else "(0, 1)"
        raise ValueError(f"pct_start must be in {allowed}, got {pct_start=}")
    up = min(max(round(part * (last + 1)) - 1, 0), last - 1)  # the last step is not a peak
    low_momentum = finite_number(base_momentum, "base_momentum")
    high_momentum = finite_number(max_momentum, "max_momentum")
    if low_momentum > high_momentum:
        raise ValueError(f"{base_momentum=} must not be above {max_momentum=}")
    if not three_phase:
        lr = Chain(Ramp(first, peak, up, waveform), Ramp(peak, final, last - up, waveform))
        momentum = Chain(
            Ramp(high_momentum, low_momentum, up, waveform),
            Ramp(low_momentum, high_momentum, last - up, waveform),
        )
        return Plan(lr=lr, momentum=momentum)
    lr = Chain(
        Ramp(first, peak, up, waveform),
        Ramp(peak, first, up, waveform),
        Ramp(first, final, last - 2 * up, waveform),
    )
    momentum = Chain(
        Ramp(high_momentum, low_momentum, up, waveform),
        Ramp(low_momentum, high_momentum, up, waveform),
        Constant(high_momentum),
    )
    return Plan(lr=lr, momentum=momentum)


def warmup(
    steps: Length,
    schedule: Schedule | float,
    *,
    start: float = 0.0,
    waveform: str | Waveform = "linear",
) -> Chain:
    """Return ``schedule`` after a warm-up: ``steps`` updates from ``start`` to its first value.

    The schedule begins when the warm-up is over; for one that runs during its own warm-up
    multiply: ``Product(Ramp(0, 1, steps), schedule)``. P. Goyal et al., arXiv:1706.02677, 2.2.

    Raises
    ------
    ValueError
        If the schedule has lengths with units, so that its first value is not known yet.

    Examples
    --------
    >>> lr = warmup(4, sgdr(0.0, 1.0, 10))
    >>> [round(lr(step), 3) for step in (0, 2, 4, 9, 14)]
    [0.0, 0.5, 1.0, 0.5, 1.0]
    """
    if isinstance(steps, Record):
        raise TypeError("the steps come first: warmup(steps, schedule)")
    after = as_schedule(schedule, "schedule")
    if not after.resolved:
        raise ValueError(
            "warmup() needs the first value of the schedule, whose lengths have units: resolve "
            "them first, or write Chain(Ramp(start, first_value, steps), schedule)"
        )
    return Chain(Ramp(start, after(0), steps, waveform), after)


def warmup_stable_decay(
    peak: float,
    warmup_steps: Length,
    stable_steps: Length,
    decay_steps: Length,
    *,
    start: float = 0.0,
    end: float = 0.0,
    waveform: str | Waveform = "sqrt",
) -> Chain:
    """Return "WSD": a linear warm-up, a plateau, a decay.

    ``waveform`` shapes the decay; ``"sqrt"`` is the "1-sqrt" cooldown of A. Hägele et al.,
    arXiv:2405.18392, ``"linear"`` the trapezoid. Lengths may have units; one of them, as a rule the
    plateau's, may be ``"rest"``: what the others leave of the run.

    >>> lr = warmup_stable_decay(1.0, 10, 80, 10, waveform="linear")
    >>> [lr(step) for step in (0, 5, 10, 89, 90, 95, 100)]
    [0.0, 0.5, 1.0, 1.0, 1.0, 0.5, 0.0]
    >>> warmup_stable_decay(1.0, 10, "rest", "20%").resolve(total_steps=100).length
    100
    """
    return Chain(
        Ramp(start, peak, warmup_steps),
        (Constant(peak), stable_steps),
        Ramp(peak, end, decay_steps, waveform),
    )
