"""Decays of the learning rate after a warm-up, by powers."""

from __future__ import annotations

from hypercycle.numbers.checks import finite_number, positive_number, whole_number
from hypercycle.numbers.lengths import Length, checked_length
from hypercycle.numbers.spelling import answers_other_words
from hypercycle.schedules.chain import Chain
from hypercycle.schedules.cycle import Cycle
from hypercycle.schedules.power_law import PowerLaw
from hypercycle.schedules.ramp import Ramp
from hypercycle.shapes.parametrised import Polynomial

# The time scale of a decay without a warm-up, as in Transformers and T5.
_TIMESCALE = 10_000


@answers_other_words()
def inverse_sqrt(
    max_lr: float,
    warmup_steps: Length,
    *,
    timescale: Length | None = None,
    start: float = 0.0,
    min_lr: float = 0.0,
) -> Chain | PowerLaw:
    r"""Return the inverse square root: a linear warm-up, then a decay that knows no end.

    .. math::

        value = max\_lr \cdot \sqrt{\frac{timescale}{step - warmup\_steps + timescale}}

    after the warm-up from ``start``. With ``timescale = warmup_steps``, the default, it is
    ``max_lr·√(warmup_steps/step)``: the values of Transformers' ``get_inverse_sqrt_schedule``, and
    from step 1 on those of NeMo's ``NoamAnnealing``. A. Vaswani et al., arXiv:1706.03762, section
    5.3, count from 1: ``d^(−½)·min(n^(−½), n·w^(−3/2))`` with n = step + 1 is ``inverse_sqrt(peak,
    w − 1, timescale=w, start=peak/w)`` with ``peak = (d·w)^(−½)``.

    Parameters
    ----------
    max_lr
        The peak, > 0.
    warmup_steps
        Whole steps, or a length with a unit. 0 begins at the peak.
    timescale
        Steps after which the peak is divided by √2: the warm-up, or 10,000 without one.
    start, min_lr
        What the warm-up begins at, and what the decay does not go below.

    Raises
    ------
    TypeError, ValueError
        If a number is out of these ranges.

    Examples
    --------
    >>> lr = inverse_sqrt(0.001, warmup_steps=4000)
    >>> lr(2000), lr(4000), lr(16_000), lr(400_000)
    (0.0005, 0.001, 0.0005, 0.0001)
    """
    peak = positive_number(max_lr, "max_lr")
    steps = checked_length(warmup_steps, "warmup_steps")
    given = (steps or _TIMESCALE) if timescale is None else timescale
    scale = checked_length(given, "timescale", minimum=1)
    least = finite_number(min_lr, "min_lr")
    if not 0.0 <= least <= peak:
        raise ValueError(f"min_lr must be from 0 to {max_lr=}, got {min_lr=}")
    decay = PowerLaw(peak, -0.5, unit=scale, shift=scale, low=least or None)
    return decay if steps == 0 else Chain(Ramp(start, peak, steps), decay)


@answers_other_words()
def polynomial(
    max_lr: float,
    total_steps: int,
    *,
    power: float = 1.0,
    end: float = 0.0,
    warmup_steps: int = 0,
    start: float = 0.0,
) -> Chain | Cycle:
    r"""Return the polynomial decay from ``max_lr`` to ``end``, after a linear warm-up.

    .. math::

        value = end + (max\_lr - end) \left(1 - \frac{step - warmup\_steps}{total\_steps -
        warmup\_steps}\right)^{power}

    These are the values of Transformers' ``get_polynomial_decay_schedule_with_warmup`` (whose
    ``end`` is 1e-7), and without a warm-up and with ``end=0`` those of PyTorch's ``PolynomialLR``.
    ``power=1`` is the linear decay. "Poly" of DeepLab, arXiv:1606.00915, has ``power=0.9``.

    Parameters
    ----------
    max_lr, end
        The peak, and the value from ``total_steps`` on.
    total_steps, warmup_steps
        Updates of the whole run, and those of its warm-up, fewer. For lengths with units write
        ``Chain(Ramp(start, max_lr, "5%"), Cycle(end, max_lr, 0, "95%",
        waveform=Polynomial(power), cycles=1))``.
    power
        From 0.001 to 1000.
    start
        What the warm-up begins at.

    Raises
    ------
    TypeError, ValueError
        If a number is out of these ranges, or ``end`` is above ``max_lr``.

    Examples
    --------
    >>> lr = polynomial(1.0, 100, power=2.0, warmup_steps=20)
    >>> lr(10), lr(20), lr(60), lr(100), lr(101)
    (0.5, 1.0, 0.25, 0.0, 0.0)
    """
    peak, last = finite_number(max_lr, "max_lr"), finite_number(end, "end")
    if last > peak:
        raise ValueError(f"end must not be above max_lr, got {end=}, {max_lr=}")
    total = whole_number(total_steps, "total_steps", minimum=1)
    warm = whole_number(warmup_steps, "warmup_steps")
    if warm >= total:
        raise ValueError(f"warmup_steps must be below total_steps, got {warm} of {total}")
    shape = Polynomial(power)
    decay = Cycle(last, peak, 0, total - warm, waveform=shape, cycles=1)
    return decay if warm == 0 else Chain(Ramp(start, peak, warm), decay)
