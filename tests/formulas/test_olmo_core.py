"""OLMo-core's rates, each as one description.

Read: allenai/OLMo-core, src/olmo_core/optim/scheduler.py at 014c4c6200ac (WSD, LinearWithWarmup,
InvSqrtWithWarmup, CosWithWarmup, CosWithWarmupAndLinearDecay, SequentialScheduler), and of a later
version WSDS, HalfCosWithWarmup and ExponentialScheduler. The formulas are written again here. Their
linear decays fall on below their ends after the last step, and are compared up to it.
"""

import itertools
import math

import pytest
from beside import cases, rates, same, steps

import hypercycle as hc

# Recipes.


def olmo_wsd(*, lr, first, last, warmup, decay, total):
    parts = hc.Ramp(first, lr, warmup), (lr, "rest"), hc.Ramp(lr, last, decay)
    return hc.Chain(*parts).resolve(total_steps=total)


def olmo_wsds(*, lr, first, last, warmup, periods, decays):
    # The end of a period belongs to its decay: the plateau that follows is a step shorter.
    parts = [hc.Ramp(first, lr, warmup), (lr, periods[0] - warmup - decays[0])]
    for period, decay, before in zip(periods[1:], decays[1:], decays[:-1], strict=True):
        parts += [(hc.Ramp(lr, last, before), before + 1), (lr, period - decay - 1)]
    return hc.Chain(*parts, hc.Ramp(lr, last, decays[-1]))


def olmo_wsds_of_equal_periods(*, lr, first, last, warmup, period, decay):
    again = hc.Chain((hc.Ramp(lr, last, decay), decay + 1), (lr, period - decay - 1))
    return hc.Chain(hc.Ramp(first, lr, warmup), (lr, period - warmup - decay), hc.Repeat(again))


def olmo_inv_sqrt(*, lr, first, low, warmup):
    law = hc.PowerLaw(lr - low, -0.5, unit=warmup, shift=warmup, offset=low)
    return hc.Chain(hc.Ramp(first, lr, warmup), law)


def olmo_annealed(shape, *, lr, first, low, warmup, total):
    return hc.Chain(hc.Ramp(first, lr, warmup), hc.Ramp(lr, low, total - warmup, shape))


def olmo_half_cosine(*, lr, first, low, warmup, total):
    half = low + (lr - low) / 2
    return hc.Chain(hc.Ramp(first, half, warmup), hc.Ramp(half, low, total - warmup, "sine"))


def olmo_cosine_cut_short(*, lr, first, low, last, warmup, decay, total):
    cosine = hc.Ramp(lr, low, total - warmup, "cosine")
    cut = total - warmup - decay
    cooldown = hc.Ramp(cosine(cut), last, decay)
    return hc.Chain(hc.Ramp(first, lr, warmup), (cosine, cut), cooldown)


def olmo_sequential(*, lr, part, warmup, lengths):
    # A warm-up and a cosine, then a line that starts where the cosine ended.
    first, second = lengths
    return hc.Chain(
        hc.Ramp(0.0, lr, warmup),
        hc.Ramp(lr, part * lr, first - warmup, "cosine"),
        hc.Ramp(part * lr, part * part * lr, second),
    )


def olmo_exponential(*, lr, first, total):
    return hc.Ramp(first, lr, total, space="log")


# Their formulas.


def line(y, low, done, of):
    return low + (y - low) * min(done, of) / of


def wsd(n, *, lr, first, last, warmup, decay, total):
    if n <= warmup:
        return line(lr, first, n, warmup)
    return line(lr, last, total - n, decay) if n >= total - decay else lr


def wsds(n, *, lr, first, last, warmup, periods, decays):
    if n < warmup:
        return line(lr, first, n, warmup)
    ends = list(itertools.accumulate(periods))
    if n >= ends[-1]:
        return last
    which = next(number for number, end in enumerate(ends) if n <= end)
    left = ends[which] - n
    return lr if left > decays[which] else line(lr, last, left, decays[which])


def inv_sqrt(n, *, lr, first, low, warmup):
    if n < warmup:
        return line(lr, first, n, warmup)
    return low + (lr - low) * math.sqrt(warmup / n)


def cosine(n, *, lr, first, low, warmup, total):
    if n < warmup:
        return line(lr, first, n, warmup)
    if n >= total:
        return low
    return low + (lr - low) * (1 + math.cos(math.pi * (n - warmup) / (total - warmup))) / 2


def linear(n, *, lr, first, low, warmup, total):
    if n < warmup:
        return line(lr, first, n, warmup)
    return low if n >= total else lr - (lr - low) * ((n - warmup) / (total - warmup))


def half_cosine(n, *, lr, first, low, warmup, total):
    if n < warmup:
        return line(low + (lr - low) / 2, first, n, warmup)
    length = total - warmup
    return cosine(n - warmup + length, lr=lr, first=first, low=low, warmup=0, total=2 * length)


def cosine_cut_short(n, *, last, decay, **whole):
    total = whole["total"]
    if n < total - decay:
        return cosine(n, **whole)
    return line(cosine(total - decay, **whole), last, total - n, decay)


def sequential(n, *, lr, part, warmup, lengths):
    first, second = lengths
    before = {"lr": lr, "first": 0.0, "low": lr * part, "warmup": warmup, "total": first}
    if n <= first:
        return cosine(n, **before)
    end = cosine(first, **before)
    return linear(n - first, lr=end, first=0.0, low=end * part, warmup=0, total=second)


def exponential(n, *, lr, first, total):
    return first * (lr / first) ** (min(n, total) / total)


def test_wsd():
    for rng in cases():
        first, last, lr = rates(rng, 3)
        warmup, decay = steps(rng), steps(rng)
        total = warmup + decay + steps(rng, 0)
        args = {"lr": lr, "first": first, "last": last}
        args |= {"warmup": warmup, "decay": decay, "total": total}
        same(olmo_wsd(**args), wsd, range(total + 1), **args)


def test_wsds():
    for rng in cases():
        first, last, lr = rates(rng, 3)
        warmup, part = steps(rng, 0, 9), float(rng.uniform(0.1, 0.8))
        periods = [10 * warmup + steps(rng, 10), steps(rng, 10), steps(rng, 10)]
        decays = [round(part * period) for period in periods]
        args = {"lr": lr, "first": first, "last": last, "warmup": warmup}
        several = {"periods": periods, "decays": decays}
        ours = olmo_wsds(**args, **several)
        same(ours, wsds, range(sum(periods) + 9), **args, **several)

        period, decay = periods[0], decays[0]
        several = {"periods": [period] * 4, "decays": [decay] * 4}
        ours = olmo_wsds_of_equal_periods(**args, period=period, decay=decay)
        same(ours, wsds, range(4 * period + 1), **args, **several)


def test_inverse_square_root():
    for rng in cases():
        first, low, lr = rates(rng, 3)
        args = {"lr": lr, "first": first, "low": low, "warmup": steps(rng)}
        same(olmo_inv_sqrt(**args), inv_sqrt, range(10 * args["warmup"]), **args)


@pytest.mark.parametrize(("shape", "theirs"), [("cosine", cosine), ("linear", linear)])
def test_annealed(shape, theirs):
    for rng in cases():
        first, low, lr = rates(rng, 3)
        warmup = steps(rng, 0)
        args = {"lr": lr, "first": first, "low": low, "warmup": warmup}
        args["total"] = warmup + steps(rng)
        same(olmo_annealed(shape, **args), theirs, range(args["total"] + 9), **args)


def test_half_cosine():
    for rng in cases():
        first, low, lr = rates(rng, 3)
        warmup = steps(rng, 0)
        args = {"lr": lr, "first": first, "low": low, "warmup": warmup}
        args["total"] = warmup + steps(rng)
        same(olmo_half_cosine(**args), half_cosine, range(args["total"] + 9), **args)


def test_cosine_cut_short():
    for rng in cases():
        first, last, low, lr = rates(rng, 4)
        warmup, decay = steps(rng, 0), steps(rng)
        total = warmup + decay + steps(rng, 0)
        args = {"lr": lr, "first": first, "low": low, "last": last}
        args |= {"warmup": warmup, "decay": decay, "total": total}
        same(olmo_cosine_cut_short(**args), cosine_cut_short, range(total + 1), **args)


def test_sequential():
    for rng in cases():
        warmup = steps(rng, 0)
        args = {"lr": rates(rng, 1)[0], "part": float(rng.uniform(0.0, 1.0)), "warmup": warmup}
        args["lengths"] = warmup + steps(rng), steps(rng)
        same(olmo_sequential(**args), sequential, range(sum(args["lengths"]) + 9), **args)


def test_exponential():
    for rng in cases():
        first, lr = rates(rng, 2)
        args = {"lr": lr, "first": first, "total": steps(rng)}
        # What is wrong with an exponent is multiplied by the logarithm of the quotient, ≤ 14.
        same(olmo_exponential(**args), exponential, range(args["total"] + 9), units=20, **args)


def test_parts_of_the_run_are_rounded_a_step_apart_at_most():
    # Theirs, and torchtitan's: round(total · part), a half to the even one; levanter's and NeMo's:
    # int(part · total). Ours: the boundaries to the nearest step, of an exact percentage.
    for rng in cases():
        warm, cool, total = steps(rng), steps(rng), steps(rng, 200, 100_000)
        parts = hc.Ramp(0.0, 1.0, f"{warm}%"), (1.0, "rest"), hc.Ramp(1.0, 0.0, f"{cool}%")
        (first, (_, rest), last) = hc.Chain(*parts).resolve(total_steps=total).parts
        assert first.steps + rest + last.steps == total
        for percent, ours in ((warm, first.steps), (cool, last.steps)):
            rounded, down = round(total * (percent / 100)), int(percent / 100 * total)
            assert abs(ours - rounded) <= (total * percent % 100 == 50)
            assert 0 <= ours - down <= 1
