"""DeepSpeed's curriculum of sequence lengths, as one description.

Read: deepspeedai/DeepSpeed, deepspeed/runtime/data_pipeline/curriculum_scheduler.py at
5674e63b526a: fixed_linear, fixed_root, fixed_discrete. The formulas are written again here.
"""

import math

import numpy as np
from beside import cases, same, steps

import hypercycle as hc

# Recipes.


def deepspeed_root(*, low, high, total, multiple, degree):
    # Half a multiple less, as Rounded takes the nearest and they the one below.
    half, least = multiple / 2, -(-low // multiple) * multiple
    rise = hc.Ramp(low - half, high - half, total, hc.Polynomial(1 / degree))
    return hc.Maximum(hc.Rounded(rise, multiple_of=multiple), least)


def deepspeed_discrete(*, difficulties, last_steps):
    begins = [0, *(step + 1 for step in last_steps)]
    return hc.Points(list(zip(begins, difficulties, strict=True)), between="hold")


# Their formulas.


def root(n, *, low, high, total, multiple, degree):
    difficulty = math.floor((n / total) ** (1.0 / degree) * (high - low) + low)
    difficulty -= difficulty % multiple
    return min(max(difficulty, -(-low // multiple) * multiple), high)


def discrete(n, *, difficulties, last_steps):
    for difficulty, last in zip(difficulties, last_steps, strict=False):
        if n <= last:
            return difficulty
    return difficulties[-1]


def test_linear_and_roots():
    late = 0
    for rng in cases():
        multiple, degree = int(rng.choice([8, 16, 64])), steps(rng, 1, 3)
        args = {"multiple": multiple, "degree": degree, "total": steps(rng, 1, 400)}
        args |= {"low": steps(rng, 1, 200), "high": multiple * steps(rng, 30, 200)}
        if rng.integers(2):  # a multiple more at every step of the line
            args |= {"low": multiple, "high": multiple * (1 + args["total"]), "degree": 1}
        ours = deepspeed_root(**args)
        for n, value in enumerate(ours(np.arange(args["total"] + 9)).tolist()):
            theirs = root(n, **args)
            assert value % multiple == 0
            if value != theirs:
                # Their floor comes a multiple late where the exact value is one, but for roundings.
                exact = (n / args["total"]) ** (1 / args["degree"]) * (args["high"] - args["low"])
                off = (exact + args["low"]) / multiple
                assert abs(off - round(off)) < 1e-12
                assert value == theirs + multiple
                late += 1
    assert 0 < late < 1000


def test_discrete():
    for rng in cases():
        last_steps = sorted(rng.choice(300, steps(rng, 1, 9), replace=False).tolist())
        difficulties = [8 * steps(rng) for _ in range(len(last_steps) + 1)]
        args = {"difficulties": difficulties, "last_steps": last_steps}
        same(deepspeed_discrete(**args), discrete, range(310), units=0, **args)
