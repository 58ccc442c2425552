"""axolotl's rates, each as one description.

Read: axolotl-ai-cloud/axolotl, src/axolotl/utils/schedulers.py at 01a75fd027c3
(InterpolatingLogScheduler), and its later versions, with RexLR (pull request 2380), the cosines
with a quadratic warm-up and with a constant end (pull request 1273), and JaggedLRRestartScheduler.
The formulas are written again here.
"""

import math

import pytest
from beside import cases, rates, same, steps

import hypercycle as hc

# Recipes.


def axolotl_log_sweep(*, low, high, length):
    # Their power is last_epoch − 1: the first value is there twice, and the last at ``length``.
    return hc.Chain((low, 1), hc.Ramp(low, high, length - 1, space="log"))


def axolotl_rex(*, lr, low, warmup, total):
    fall = hc.Cycle(low, lr, 0, total - warmup, waveform=hc.Rex(0.9), cycles=1)
    return hc.Chain(hc.Ramp(0.0, lr, warmup), fall)


def axolotl_quadratic_warmup(*, lr, warmup, total):
    fall = hc.Ramp(lr, 0.0, total - warmup, "cosine")
    return hc.Chain(hc.Ramp(0.0, lr, warmup, "polynomial"), fall)


def axolotl_constant_end(*, lr, part, warmup, constant):
    fall = hc.Ramp(lr, part * lr, constant - warmup, "cosine")
    return hc.Chain(hc.Ramp(0.0, lr, warmup), fall)


def axolotl_jagged(inner, *, part, restart, warmup, anneal):
    # From a little before each restart: down, jump, up again.
    again = hc.Chain(
        (hc.Ramp(1.0, part, anneal), anneal),
        hc.Ramp(part, 1.0, warmup),
        (1.0, restart - anneal - warmup),
    )
    return hc.Product(inner, hc.Chain((1.0, restart - anneal), hc.Repeat(again)))


# Their formulas.


def log_sweep(n, *, low, high, length):
    if n <= 0:
        return low
    q = (high / low) ** (1 / (length - 1))
    return low * q ** (n - 1) if n < length else high


def rex(n, *, lr, low, warmup, total):
    if 1 <= n <= warmup:
        return lr * n / warmup
    after, left = n - warmup, total - warmup
    if after >= left or after == -1 or left <= 0:
        return low
    z = (left - after % left) / left
    return lr * (low / lr + (1.0 - low / lr) * (z / (0.1 + 0.9 * z)))


def quadratic_warmup(n, *, lr, warmup, total):
    if n < warmup:
        return lr * (n / warmup) ** 2
    return lr * 0.5 * (1.0 + math.cos(math.pi * (n - warmup) / (total - warmup)))


def constant_end(n, *, lr, part, warmup, constant):
    if n < warmup:
        return lr * (n / warmup)
    x = (min(n, constant) - warmup) / (constant - warmup)
    return lr * ((1 - part) * 0.5 * (1.0 + math.cos(math.pi * x)) + part)


def jagged(n, inner, *, part, restart, warmup, anneal):
    if n < restart - anneal:
        return inner(n)
    within = n % restart
    if within < warmup:
        x = within / warmup
    elif within > restart - anneal:
        x = (restart - within) / anneal
    else:
        x = 1
    return inner(n) * (x * (1 - part) + part)


def test_log_sweep():
    for rng in cases():
        low, high = rates(rng, 2)
        args = {"low": low, "high": high, "length": steps(rng, 2)}
        # Their root is rounded, and then raised to the power of the step.
        ours = axolotl_log_sweep(**args)
        same(ours, log_sweep, range(args["length"] + 9), units=8 + args["length"], **args)


def test_rex():
    for rng in cases():
        low, lr = rates(rng, 2)
        warmup = steps(rng, 2)
        args = {"lr": lr, "low": low, "warmup": warmup, "total": warmup + steps(rng)}
        ours = axolotl_rex(**args)
        same(ours, rex, range(1, args["total"] + 9), **args)
        # Theirs has a value of the decay at step 0, where its warm-up has not begun.
        left = args["total"] - warmup
        assert ours(0) == 0.0
        assert rex(0, **args) == pytest.approx(ours(warmup + -warmup % left))


def test_cosines():
    for rng in cases():
        part, lr = rates(rng, 2)
        warmup = steps(rng, 0)
        args = {"lr": lr, "warmup": warmup, "total": warmup + steps(rng)}
        # Their cosine rises again after the last step.
        same(axolotl_quadratic_warmup(**args), quadratic_warmup, range(args["total"] + 1), **args)
        args = {"lr": lr, "part": part, "warmup": warmup, "constant": args["total"]}
        same(axolotl_constant_end(**args), constant_end, range(args["constant"] + 9), **args)


def test_jagged_restarts():
    for rng in cases():
        low, lr = rates(rng, 2)
        warmup, anneal = steps(rng), steps(rng)
        args = {"part": low, "warmup": warmup, "anneal": anneal}
        args["restart"] = warmup + anneal + steps(rng, 0)
        inner = hc.Ramp(lr, low, 4 * args["restart"])
        ours = axolotl_jagged(inner, **args)
        same(ours, jagged, range(5 * args["restart"]), inner=inner, **args)
