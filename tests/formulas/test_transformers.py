"""Transformers' rates, each as one description.

Read: huggingface/transformers, src/transformers/optimization.py at 005edacb6b5d. The formulas are
written again here: factors that ``LambdaLR`` multiplies the rate by. The inverse square root and
the polynomial decay are in tests/plans/test_decays.py.
"""

import math

import pytest
from beside import cases, rates, same, steps

import hypercycle as hc

# Recipes.


def cosine_with_min_lr(*, lr, part, warmup, total):
    return hc.Chain(hc.Ramp(0.0, lr, warmup), hc.Ramp(lr, part * lr, total - warmup, "cosine"))


def cosine_warmup_with_min_lr(*, lr, part, warmup, total, first):
    # A step ahead: the warm-up and the decay are at their ends at the last update of each.
    if warmup == 0:
        ahead = {"phase": 1 / total, "cycles": 1}
        return hc.Cycle(part * lr, lr, 0, total, waveform="cosine", **ahead)
    start = lr / warmup if first is None else first * lr
    fall = hc.Ramp(lr, part * lr, total - warmup, "cosine")
    return hc.Chain(hc.Ramp(start, lr, warmup - 1), fall)


def cosine_with_restarts(*, lr, warmup, period, cycles):
    falls = hc.Cycle(0.0, lr, 0, period, waveform="cosine", cycles=cycles)
    return hc.Chain(hc.Ramp(0.0, lr, warmup), falls)


def warmup_stable_decay(rise, fall, *, lr, part, warmup, stable, decay):
    low = part * lr
    falls = {shape: hc.Ramp(lr, low, decay, ours) for shape, ours in OURS.items()}
    rises = {shape: hc.Ramp(low, lr, warmup, ours) for shape, ours in OURS.items()}
    # Up by 1 − √(1 − x), the fall by √ upside down.
    root = hc.Cycle(low, lr, 0, max(warmup, 1), waveform="sqrt", cycles=1)
    rises["1-sqrt"] = root.opposite(low, lr)
    return hc.Chain((rises[rise], warmup), (lr, stable), falls[fall])


OURS = {"linear": "linear", "cosine": "cosine", "1-sqrt": "sqrt"}


# Their formulas.


def theirs_with_min_lr(n, *, lr, part, warmup, total):
    if n < warmup:
        return lr * (n / warmup)
    x = (n - warmup) / (total - warmup)
    return lr * (0.5 * (1.0 + math.cos(math.pi * x)) * (1 - part) + part)


def theirs_warmup_with_min_lr(n, *, lr, part, warmup, total, first):
    if n < warmup:
        line = (n + 1.0) / warmup
        return lr * (line if first is None else first + (1 - first) * n / max(1, warmup - 1))
    x = (n - warmup + 1.0) / (total - warmup)
    return lr * (0.5 * (1.0 + math.cos(math.pi * x)) * (1 - part) + part)


def theirs_with_restarts(n, *, lr, warmup, period, cycles):
    if n < warmup:
        return lr * (n / warmup)
    x = (n - warmup) / (period * cycles)
    return 0.0 if x >= 1.0 else lr * 0.5 * (1.0 + math.cos(math.pi * ((cycles * x) % 1.0)))


def theirs_wsd(n, *, rise, fall, lr, part, warmup, stable, decay):
    if n < warmup:
        x = n / warmup
        rises = {
            "linear": x,
            "cosine": 0.5 * (1 - math.cos(math.pi * x)),
            "1-sqrt": 1 - (1 - x) ** 0.5,
        }
        return lr * (rises[rise] * (1 - part) + part)
    if n < warmup + stable:
        return lr
    x = (n - warmup - stable) / decay
    if x >= 1:
        return lr * part
    falls = {"linear": 1 - x, "cosine": 0.5 * (1 + math.cos(math.pi * x)), "1-sqrt": 1 - x**0.5}
    return lr * (falls[fall] * (1 - part) + part)


def test_cosines_with_min_lr():
    # Their cosines rise again after the last step, and are compared up to it.
    for rng in cases():
        part, lr = rates(rng, 2)
        warmup = steps(rng, 0)
        args = {"lr": lr, "part": part, "warmup": warmup, "total": warmup + steps(rng, 2)}
        length = args["total"]
        same(cosine_with_min_lr(**args), theirs_with_min_lr, range(length + 1), **args)
        # One step of warm-up has no line from the first value to the peak.
        args["first"] = None if warmup <= 1 or rng.integers(2) else float(rng.uniform())
        same(cosine_warmup_with_min_lr(**args), theirs_warmup_with_min_lr, range(length), **args)


def test_cosine_with_restarts():
    low_at_a_restart = 0
    for rng in cases():
        args = {"lr": rates(rng, 1)[0], "warmup": steps(rng, 0)}
        args |= {"period": steps(rng, 1, 9), "cycles": steps(rng, 1, 60)}
        ours, end = cosine_with_restarts(**args), args["warmup"] + args["period"] * args["cycles"]
        restarts = range(args["warmup"], end, args["period"])
        others = sorted(set(range(end + 9)) - set(restarts))
        # Their place in the cycle is known to a unit of the number of cycles.
        same(ours, theirs_with_restarts, others, units=4 + 2 * args["cycles"], **args)
        # Where it is just below a whole number, a restart has the lowest value, not the highest.
        for step in restarts:
            theirs = theirs_with_restarts(step, **args)
            low_at_a_restart += theirs < 1e-15
            assert ours(step) == args["lr"]
            assert theirs == pytest.approx(args["lr"]) or theirs < 1e-15
    assert 0 < low_at_a_restart < 300


@pytest.mark.parametrize("fall", OURS)
@pytest.mark.parametrize("rise", OURS)
def test_warmup_stable_decay(rise, fall):
    for rng in cases():
        part, lr = rates(rng, 2)
        args = {"lr": lr, "part": part}
        args |= {"warmup": steps(rng, 0), "stable": steps(rng, 0), "decay": steps(rng)}
        length = args["warmup"] + args["stable"] + args["decay"]
        ours = warmup_stable_decay(rise, fall, **args)
        same(ours, theirs_wsd, range(length + 9), rise=rise, fall=fall, **args)
