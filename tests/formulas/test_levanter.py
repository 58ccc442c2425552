"""levanter's rates, each as one description.

Read: marin-community/marin, lib/levanter/src/levanter/optim/config.py at 0f45aa1c6914
(lr_scheduler, _inv_sqrt_decay_schedule, _inv_decay_schedule, InvSqrtDecayLrSchedule,
AdamConfig.build), and stanford-crfm/levanter, src/levanter/optim/config.py at 00816d0f2d49, where a
cooldown follows. The formulas are written again here; their parts are optax's linear_schedule,
cosine_decay_schedule, polynomial_schedule and join_schedules, in float32 there and float64 here.
"""

import math

import pytest
from beside import cases, rates, same, steps

import hypercycle as hc

# Recipes.


def levanter(shape, *, lr, low, cycles):
    parts, before = [], 0.0
    for warmup, stable, decay in cycles:
        parts += [hc.Ramp(before, lr, warmup), (lr, stable), hc.Ramp(lr, low, decay, shape)]
        before = low
    return hc.Chain(*parts)


def levanter_polynomial(*, lr, low, decay, power):
    return hc.polynomial(lr, decay, power=power, end=low)


def levanter_inv(*, lr, low, decay):
    rate = hc.Ramp(1 / lr, 1 / low, decay)
    return hc.Quotient(1.0, hc.Maximum(rate, rate(1)))  # step 0 has the value of step 1


def levanter_inv_sqrt_decay(*, lr, low, decay, constant):
    # Where decay/constant is a whole number of steps, as lengths are.
    whole = round(decay / constant)
    return hc.PowerLaw(lr, -0.5, unit=whole, shift=whole, low=low)


def levanter_inv_sqrt(*, lr, low, warmup, timescale):
    return hc.PowerLaw(lr, -0.5, unit=timescale, shift=warmup, low=low, high=lr)


def levanter_cooldown(main, *, lr, low, warmup, stable, decay, cooldown):
    parts = hc.Ramp(0.0, lr, warmup), (lr, stable), (main, decay)
    return hc.Chain(*parts, hc.Ramp(main(decay), low, cooldown))


def levanter_adamc(lr, *, peak, weight_decay):
    return hc.Plan(lr=lr, weight_decay=hc.Reference("lr", lr, times=weight_decay / peak))


# Their formulas.


def linear(n, start, end, length, power=1.0):
    return (start - end) * (1 - min(n, length) / length) ** power + end


def cosine(n, start, end, length):
    part = 0.5 * (1 + math.cos(math.pi * min(n, length) / length))
    return start * ((1 - end / start) * part + end / start)


def joined(n, fall, *, lr, low, cycles):
    for number, (warmup, stable, decay) in enumerate(cycles):
        if n < warmup:
            return linear(n, low if number else 0.0, lr, warmup)
        n -= warmup + stable
        if n < decay:
            return lr if n < 0 else fall(n, lr, low, decay)
        n -= decay
    return fall(n + decay, lr, low, decay)


def inverse(n, *, lr, low, decay):
    return max(lr * min(1.0, 1.0 / ((lr / low - 1) * max(n, 1) / decay + 1)), low)


def inv_sqrt_decay(n, *, lr, low, decay, constant):
    return max(low, lr / math.sqrt(1.0 + constant * n / decay))


def root(n, *, lr, low, warmup, timescale):
    return max(lr * min(1.0, 1.0 / math.sqrt(max(n + warmup, 1) / timescale)), low)


def cooled(n, main, *, lr, low, warmup, stable, decay, cooldown):
    if n < warmup:
        return linear(n, 0.0, lr, warmup)
    n -= warmup + stable
    if n < decay:
        return lr if n < 0 else main(n)
    return linear(n - decay, main(decay), low, cooldown)


@pytest.mark.parametrize(("shape", "fall"), [("linear", linear), ("cosine", cosine)])
def test_cycles(shape, fall):
    for rng in cases():
        low, lr = rates(rng, 2)
        cycles = [(steps(rng, 0), steps(rng, 0), steps(rng)) for _ in range(3)]
        args = {"lr": lr, "low": low, "cycles": cycles}
        same(levanter(shape, **args), joined, range(sum(map(sum, cycles)) + 9), fall=fall, **args)


def test_powers():
    for rng in cases():
        low, lr = rates(rng, 2)
        args = {"lr": lr, "low": low, "decay": steps(rng)}
        same(levanter_inv(**args), inverse, range(args["decay"] + 9), **args)

        args["constant"] = args["decay"] / steps(rng)
        ours = levanter_inv_sqrt_decay(**args)
        same(ours, inv_sqrt_decay, range(9 * args["decay"]), **args)

        del args["constant"]
        args |= {"power": float(rng.uniform(0.3, 3.0))}
        line = {"start": lr, "end": low, "length": args["decay"], "power": args["power"]}
        # 1 − t is rounded, and its power then wrong by as much times the slope.
        ours = levanter_polynomial(**args)
        same(ours, linear, range(args["decay"] + 9), units=8, **line)

        args = {"lr": lr, "low": low, "warmup": steps(rng, 0), "timescale": steps(rng)}
        same(levanter_inv_sqrt(**args), root, range(9 * args["timescale"]), **args)


def test_cooldown():
    for rng in cases():
        low, lr = rates(rng, 2)
        args = {"lr": lr, "low": low, "warmup": steps(rng), "stable": steps(rng, 0)}
        law = {"lr": lr, "low": low, "warmup": args["warmup"], "timescale": steps(rng)}
        args |= {"decay": steps(rng), "cooldown": steps(rng)}
        length = sum(args[name] for name in ("warmup", "stable", "decay", "cooldown"))

        ours = levanter_cooldown(levanter_inv_sqrt(**law), **args)
        same(ours, cooled, range(length + 9), main=lambda n, law=law: root(n, **law), **args)
        ours = levanter_cooldown(hc.Constant(lr), **args)
        same(ours, cooled, range(length + 9), main=lambda n, lr=lr: lr, **args)


def test_adamc_s_weight_decay():
    for rng in cases():
        weight_decay, low, peak = rates(rng, 3)
        cycles = [(steps(rng, 0), steps(rng, 0), steps(rng))]
        lr = levanter("cosine", lr=peak, low=low, cycles=cycles)
        plan = levanter_adamc(lr, peak=peak, weight_decay=weight_decay)
        theirs = lambda n, lr=lr, peak=peak, wd=weight_decay: wd * (lr(n) / peak)  # noqa: E731
        same(plan["weight_decay"], theirs, range(sum(cycles[0]) + 9))
