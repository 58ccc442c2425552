"""The same values as PyTorch's own schedulers, stepped one by one on an optimizer.

CyclicLR finds its place by ``1 + t/T − floor(1 + t/T)``, which cancels: its error grows with the
number of cycles. Periods of thousands of steps keep that below the tolerance over 10⁵ steps, and
the bounds within a factor of 10 of each other keep ``(1 + cos) / 2`` near 0 from counting.
"""

import numpy as np
import pytest
import torch

import hypercycle as hc

STEPS = 100_000
SAME = {"rtol": 1e-12, "atol": 0.0}
LOW, HIGH, BASE, MAX = 0.1, 0.7, 0.83, 0.96


def sgd():
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=HIGH, momentum=0.9)


def adam():
    return torch.optim.Adam([torch.zeros(1, requires_grad=True)], lr=HIGH)


def recorded(optimizer, scheduler, steps):
    """Return lr and momentum (or beta1) at each of the steps."""
    group = optimizer.param_groups[0]
    optimizer.step()
    values = np.empty((2, steps))
    for step in range(steps):
        if step > 0:
            scheduler.step()
        values[:, step] = (
            group["lr"],
            group["momentum"] if "momentum" in group else group["betas"][0],
        )
    return values


def per_cycle(x):
    return 1.0 / (1.0 + 0.25 * (x - 1.0))  # PyTorch's first cycle is number 1


def per_step(x):
    return 1.0 / (1.0 + 1e-4 * x)


def our_per_cycle(cycle, step, xp):
    return 1.0 / (1.0 + 0.25 * cycle)


def our_per_step(cycle, step, xp):
    return 1.0 / (1.0 + 1e-4 * step)


@pytest.mark.parametrize(("optimizer", "halves"), [(sgd, (2000, 2000)), (adam, (1000, 4000))])
@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ({"mode": "triangular"}, "constant"),
        ({"mode": "triangular2"}, "halving"),
        ({"mode": "exp_range", "gamma": 0.99994}, hc.Exponential(0.99994)),
        ({"scale_fn": per_cycle, "scale_mode": "cycle"}, our_per_cycle),
        ({"scale_fn": per_step, "scale_mode": "iterations"}, our_per_step),
    ],
)
def test_cyclic_lr(optimizer, halves, theirs, ours):
    up, down = halves
    opt = optimizer()
    scheduler = torch.optim.lr_scheduler.CyclicLR(
        opt, LOW, HIGH, up, down, base_momentum=BASE, max_momentum=MAX, **theirs
    )
    lr = hc.Cycle(LOW, HIGH, up, down, scale=ours)
    plan = hc.Plan(lr=lr, momentum=lr.opposite(BASE, MAX))
    values = plan(np.arange(STEPS))
    theirs_lr, theirs_momentum = recorded(opt, scheduler, STEPS)
    np.testing.assert_allclose(values["lr"], theirs_lr, **SAME)
    np.testing.assert_allclose(values["momentum"], theirs_momentum, **SAME)


@pytest.mark.parametrize(("optimizer", "three_phase"), [(sgd, False), (adam, True)])
@pytest.mark.parametrize("shape", [("cos", "hann"), ("linear", "linear")])
@pytest.mark.parametrize("run", [(10_000, 0.3), (1000, 0.25), (10, 0.2), (16, 0.375)])
def test_one_cycle_lr(optimizer, three_phase, shape, run):
    (strategy, waveform), (total, part) = shape, run
    # Boundaries at whole steps: part · total is one.
    opt = optimizer()
    options = {"pct_start": part, "div_factor": 5.0, "final_div_factor": 10.0}
    options |= {"three_phase": three_phase, "base_momentum": BASE, "max_momentum": MAX}
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        opt, HIGH, total_steps=total, anneal_strategy=strategy, **options
    )
    values = hc.one_cycle(HIGH, total, waveform=waveform, **options)(np.arange(total))
    theirs_lr, theirs_momentum = recorded(opt, scheduler, total)
    np.testing.assert_allclose(values["lr"], theirs_lr, **SAME)
    np.testing.assert_allclose(values["momentum"], theirs_momentum, **SAME)


@pytest.mark.parametrize("t_mult", [1, 2, 3])
@pytest.mark.parametrize("t_0", [10, 977])
def test_cosine_annealing_warm_restarts(t_0, t_mult):
    opt = sgd()
    scheduler = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(
        opt, t_0, T_mult=t_mult, eta_min=LOW
    )
    lr = hc.sgdr(LOW, HIGH, t_0, cycle_mult=t_mult)
    steps = 40_000
    theirs, _ = recorded(opt, scheduler, steps)
    np.testing.assert_allclose(lr(np.arange(steps)), theirs, **SAME)
    restarts = np.flatnonzero(theirs == HIGH)
    exact = [t_0 * k if t_mult == 1 else t_0 * (t_mult**k - 1) // (t_mult - 1) for k in range(4001)]
    exact = [start for start in exact if start < steps]
    assert restarts.tolist() == exact
    assert lr.boundaries(len(exact)).tolist() == exact


def test_restarts_are_the_same_from_any_step():
    # PyTorch's step(epoch) takes the number of restarts from a logarithm of floats.
    lr = hc.sgdr(LOW, HIGH, 10, cycle_mult=3)
    opt = sgd()
    scheduler = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(opt, 10, T_mult=3, eta_min=LOW)
    opt.step()
    for step in (0, 7, 12, 39, 41, 100, 129, 131, 1000, 3000, 50_000, 1_000_003):
        scheduler.step(step)
        np.testing.assert_allclose(lr(step), opt.param_groups[0]["lr"], rtol=1e-10)
    for k in range(20):
        start = 10 * (3**k - 1) // 2
        assert lr(start) == HIGH
        assert lr.locate(start).cycle == k
