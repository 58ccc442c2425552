"""torchtitan's rates, each as one description.

Read: pytorch/torchtitan, torchtitan/components/optimizer/lr_scheduler.py at 26291926f92b, and
torchtitan/components/lr_scheduler.py at 0e1381185387, as it was before: linear_warmup_stable_decay
in both. The formula is written again here.
"""

import math

import pytest
from beside import cases, rates, same, steps

import hypercycle as hc

# Recipes.


def torchtitan(shape, *, lr, factor, warmup, decay, total):
    # The first update has lr/warmup; the last of the warm-up's is the first at the peak.
    warm = hc.Ramp(lr / max(warmup, 1), lr, max(warmup - 1, 0))
    parts = warm, (lr, "rest"), hc.Ramp(lr, factor * lr, decay, shape)
    return hc.Chain(*parts).resolve(total_steps=total)


def torchtitan_before(shape, *, lr, factor, warmup, stable, decay):
    # Without a plateau no update has the peak: the decay begins a step before the warm-up ends.
    warm = hc.Ramp(lr / (warmup + 1), lr, warmup)
    fall = hc.Ramp(lr, factor * lr, decay + 1, shape)
    return hc.Minimum(warm, hc.Chain((lr, warmup + stable - 1), fall))


# Their formulas.

FALLS = {
    "linear": lambda x: 1 - x,
    "sqrt": lambda x: 1 - math.sqrt(x),
    "cosine": lambda x: 0.5 * (1.0 + math.cos(math.pi * x)),
}


def theirs(n, shape, *, lr, factor, warmup, decay, total):
    stable = total + 1 - warmup - decay
    if n < warmup:
        return lr * ((n + 1) / warmup)
    if n < warmup + stable:
        return lr
    return lr * (factor + (1 - factor) * FALLS[shape]((n + 1 - warmup - stable) / decay))


def theirs_before(n, shape, *, lr, factor, warmup, stable, decay):
    n = min(n, warmup + stable + decay)
    if n < warmup:
        return lr * ((n + 1) / (warmup + 1))
    if n < warmup + stable:
        return lr
    return lr * (factor + (1 - factor) * FALLS[shape]((n + 1 - warmup - stable) / (decay + 1)))


@pytest.mark.parametrize("shape", FALLS)
def test_rates(shape):
    for rng in cases():
        factor, lr = rates(rng, 2)
        warmup, decay = steps(rng, 0), steps(rng)
        total = warmup + decay + steps(rng, 0)
        args = {"lr": lr, "factor": factor, "warmup": warmup, "decay": decay, "total": total}
        same(torchtitan(shape, **args), theirs, range(total), shape=shape, **args)


@pytest.mark.parametrize("shape", FALLS)
def test_rates_before(shape):
    for rng in cases():
        factor, lr = rates(rng, 2)
        args = {"lr": lr, "factor": factor}
        args |= {"warmup": steps(rng), "stable": steps(rng, 0), "decay": steps(rng)}
        length = args["warmup"] + args["stable"] + args["decay"]
        ours = torchtitan_before(shape, **args)
        same(ours, theirs_before, range(length + 9), shape=shape, **args)
