"""NeMo's rates, each as one description.

Read: NVIDIA/NeMo, nemo/core/optim/lr_scheduler.py at 0165f08f52d9: WarmupPolicy, WarmupHoldPolicy,
WarmupAnnealHoldPolicy, SquareRootConstantPolicy and what is made of them. The formulas are written
again here. ``NoamAnnealing`` is in tests/plans/test_decays.py. Floors are those of the decay alone:
a warm-up starts below them.
"""

import math

import pytest
from beside import cases, rates, same, steps

import hypercycle as hc

# Recipes. The warm-up has lr/(warmup + 1) at the first update and the peak at step ``warmup``.


def nemo_warmup(lr, warmup):
    return hc.Ramp(lr / (warmup + 1), lr, warmup)


def nemo_square(*, lr, low, warmup, total):
    fall = hc.polynomial(lr, total - warmup, power=2.0)
    return hc.Chain(nemo_warmup(lr, warmup), hc.Maximum(fall, low))


def nemo_square_root(*, lr, low, warmup, total):
    # The decay counts from step 0, and appears after the warm-up: what is left is a root too.
    begin = warmup + 1
    left = total - begin
    fall = hc.polynomial(lr * math.sqrt(left / total), left, power=0.5)
    return hc.Chain((nemo_warmup(lr, warmup), begin), hc.Maximum(fall, low))


def nemo_cosine(*, lr, low, warmup, total):
    return hc.Chain(nemo_warmup(lr, warmup), hc.Ramp(lr, low, total - warmup, "cosine"))


def nemo_cosine_with_constant(*, lr, low, warmup, total, constant):
    # With constant_steps the warm-up is another: from 0, which is Megatron-LM's.
    fall = hc.Ramp(lr, low, total - warmup - constant, "cosine")
    return hc.Chain(hc.Ramp(0.0, lr, warmup), fall)


def nemo_linear(*, lr, low, warmup, total):
    return hc.Chain(nemo_warmup(lr, warmup), hc.Ramp(lr, low, total - warmup))


def nemo_polynomial(*, lr, low, warmup, total, power):
    fall = hc.polynomial(lr, total - warmup, power=power, end=low)
    return hc.Chain(nemo_warmup(lr, warmup), fall)


def nemo_polynomial_hold(*, lr, low, warmup, total, power, hold):
    fall = hc.polynomial(lr, total - warmup - hold, power=power, end=low)
    return hc.Chain(nemo_warmup(lr, warmup), (lr, hold), fall)


def nemo_inverse_square_root(*, lr, low, warmup, total):
    law = hc.PowerLaw(lr, -0.5, unit=warmup + 1, shift=warmup + 1)
    return hc.Chain(nemo_warmup(lr, warmup), (law, total - warmup + 1), low)


def nemo_t5(*, low, constant, total):
    return hc.Chain((hc.PowerLaw(1.0, -0.5, high=constant**-0.5), total + 1), low)


def nemo_noam_hold(*, lr, low, warmup, total, hold, decay_rate):
    law = hc.PowerLaw(lr, -decay_rate, unit=warmup, shift=warmup, low=low)
    length = total - warmup - hold + 1
    return hc.Chain(nemo_warmup(lr, warmup), (lr, hold), (law, length), low)


# Their formulas: after the warm-up (and hold), up to the last step.


def square(n, *, lr, low, warmup, total):
    return max(lr * ((total - n) / (total - warmup)) ** 2, low)


def square_root(n, *, lr, low, warmup, total):
    del warmup
    return max(lr * ((total - n) / total) ** 0.5, low)


def cosine(n, *, lr, low, warmup, total):
    return (lr - low) * 0.5 * (1 + math.cos(math.pi * (n - warmup) / (total - warmup))) + low


def linear(n, *, lr, low, warmup, total):
    return low + (1 - (n - warmup) / (total - warmup)) * (lr - low)


def inverse_square_root(n, *, lr, low, warmup, total):
    del low, total
    return lr / ((n + 1) / (warmup + 1)) ** 0.5


def polynomial(n, *, lr, low, warmup, total, power, hold=0):
    p = (n - warmup - hold) / (total - warmup - hold)
    return lr if p < 0 else (lr - low) * (1.0 - p) ** power + low


def noam_hold(n, *, lr, low, warmup, total, hold, decay_rate):
    del total
    if n < warmup + hold:
        return lr
    return max(lr * max(1, warmup**decay_rate) / max(1, (n - hold) ** decay_rate), low)


def warmed(n, after, *, lr, low, warmup, total, **more):
    if warmup > 0 and n <= warmup:
        return lr * (n + 1) / (warmup + 1)
    if n > total:
        return low
    return after(n, lr=lr, low=low, warmup=warmup, total=total, **more)


@pytest.mark.parametrize(
    ("recipe", "after"),
    [
        (nemo_square, square),
        (nemo_square_root, square_root),
        (nemo_cosine, cosine),
        (nemo_linear, linear),
        (nemo_inverse_square_root, inverse_square_root),
    ],
)
def test_rates(recipe, after):
    for rng in cases():
        low, lr = rates(rng, 2)
        warmup = steps(rng, 0)
        args = {"lr": lr, "low": low, "warmup": warmup, "total": warmup + steps(rng, 2)}
        same(recipe(**args), warmed, range(args["total"] + 9), after=after, **args)


def test_polynomials():
    for rng in cases():
        low, lr = rates(rng, 2)
        warmup, hold = steps(rng, 0), steps(rng)
        args = {"lr": lr, "low": low, "warmup": warmup, "power": float(rng.uniform(0.3, 3.0))}
        args["total"] = warmup + hold + steps(rng)
        # 1 − p is rounded, and its power wrong by as much times the slope.
        theirs = {"after": polynomial, "units": 8, **args}
        same(nemo_polynomial(**args), warmed, range(args["total"] + 9), **theirs)
        ours = nemo_polynomial_hold(**args, hold=hold)
        same(ours, warmed, range(args["total"] + 9), **theirs, hold=hold)


def test_cosine_with_constant_steps():
    def theirs(n, *, lr, low, warmup, total, constant):
        if warmup > 0 and n <= warmup:
            return lr * n / warmup
        last = total - constant
        return low if n > last else cosine(n, lr=lr, low=low, warmup=warmup, total=last)

    for rng in cases():
        low, lr = rates(rng, 2)
        warmup, constant = steps(rng, 0), steps(rng)
        args = {"lr": lr, "low": low, "warmup": warmup, "constant": constant}
        args["total"] = warmup + constant + steps(rng)
        same(nemo_cosine_with_constant(**args), theirs, range(args["total"] + 9), **args)


def test_noam_hold():
    for rng in cases():
        low, lr = rates(rng, 2)
        args = {"lr": lr, "low": low, "warmup": steps(rng), "hold": steps(rng, 0)}
        args |= {"decay_rate": float(rng.uniform(0.2, 1.0))}
        args["total"] = args["warmup"] + args["hold"] + steps(rng, 1, 100)
        same(nemo_noam_hold(**args), warmed, range(args["total"] + 9), after=noam_hold, **args)


def test_t5():
    def theirs(n, *, low, constant, total):
        if n <= constant:
            return 1 / constant**0.5
        return low if n > total else 1 / n**0.5

    for rng in cases():
        args = {"low": rates(rng, 1)[0], "constant": steps(rng)}
        args["total"] = args["constant"] + steps(rng)
        same(nemo_t5(**args), theirs, range(args["total"] + 9), **args)
