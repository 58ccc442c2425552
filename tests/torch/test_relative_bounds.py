"""From the bounds of groups with rates of their own to a plan that keeps the ratio."""

import pickle
import re

import numpy as np
import pytest
import torch
from torch import nn

import hypercycle as hc
import hypercycle_torch

TOP = 0.1


def scene(*rates):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 16), nn.Linear(16, 1))
    groups = [
        {"params": list(layer.parameters()), "lr": rate}
        for layer, rate in zip(model, rates, strict=True)
    ]
    return model, torch.optim.SGD(groups, lr=1.0, momentum=0.9)


def bounds_of(*rates):
    model, optimizer = scene(*rates)
    inputs = torch.randn(256, 8, generator=torch.Generator().manual_seed(0))
    data = list(zip(inputs.split(32), inputs.sum(dim=1, keepdim=True).split(32), strict=True))
    options = {"start": 1e-5, "end": 10.0, "steps": 150}
    test = hypercycle_torch.range_test(model, optimizer, nn.MSELoss(), data, **options)
    return test.bounds()


@pytest.fixture(scope="module")
def bounds():
    found = bounds_of(TOP, TOP / 10)
    assert found, found
    return found


def rates_of(optimizer):
    return [group["lr"] for group in optimizer.param_groups]


def test_the_sweep_tells_the_rate_of_the_largest_group(bounds):
    assert bounds.reference == TOP
    assert bounds_of(1.0, 1.0).reference == 1.0
    assert bounds_of(0.0, 0.0).reference is None


def test_each_group_keeps_its_rate_in_the_same_proportion(bounds):
    _, optimizer = scene(TOP, TOP / 10)
    cycler = hc.attach(optimizer, lr=bounds.cycle(10, relative=True), relative="lr")
    assert rates_of(optimizer) == pytest.approx([bounds.low, bounds.low / 10], rel=1e-12)
    for _ in range(10):
        cycler.step()
    assert rates_of(optimizer) == pytest.approx([bounds.high, bounds.high / 10], rel=1e-12)


def test_the_plan_of_a_run_is_relative_in_its_rate_alone(bounds):
    _, optimizer = scene(TOP / 10, TOP)
    plan = bounds.plan(epochs=16, steps_per_epoch=5, relative=True)
    cycler = hc.attach(optimizer, plan, relative="lr")
    assert optimizer.param_groups[0]["momentum"] == 0.95
    for _ in range(10):
        cycler.step()
    assert rates_of(optimizer) == pytest.approx([bounds.high / 10, bounds.high], rel=1e-12)
    assert optimizer.param_groups[0]["momentum"] == 0.85


def test_one_cycle_for_all_names_what_to_do(bounds):
    _, optimizer = scene(TOP, TOP / 10)
    message = (
        "or pass relative='lr' to multiply each group's own value; of a range test's bounds that "
        "takes bounds.cycle(…, relative=True)"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        hc.attach(optimizer, lr=bounds.cycle(10))
    assert rates_of(optimizer) == [TOP, TOP / 10]


VALUES_MULTIPLIED = (
    "lr is the cycle of a range test's bounds, which are values of lr themselves, and relative "
    "multiplies the present ones by it: make it of multiples, by bounds.cycle(…, relative=True)"
)
MULTIPLES_ASSIGNED = (
    "lr is a cycle of multiples, by bounds.cycle(…, relative=True): attach it with "
    "relative='lr', or make it of values, by bounds.cycle(…)"
)


@pytest.mark.parametrize("relative", [True, "lr"])
@pytest.mark.parametrize(
    "plan_of",
    [
        lambda bounds: hc.Plan(lr=bounds.cycle(10)),
        lambda bounds: bounds.plan(8, 10, momentum=None),
        lambda bounds: hc.Plan(lr=hc.Groups({0: bounds.cycle("2ep"), 1: None})),
        lambda bounds: hc.Plan(lr=hc.warmup(5, bounds.cycle(10))),
        lambda bounds: hc.Plan(lr=hc.Maximum(hc.Repeat(hc.Chain((bounds.cycle(10), 30))), 1e-6)),
    ],
)
def test_bounds_are_not_multiplied_by_rates(bounds, plan_of, relative):
    _, optimizer = scene(TOP, TOP / 10)
    with pytest.raises(ValueError, match=re.escape(VALUES_MULTIPLIED)):
        hc.attach(optimizer, plan_of(bounds), relative=relative, steps_per_epoch=10)
    assert rates_of(optimizer) == [TOP, TOP / 10]


@pytest.mark.parametrize("relative", [False, "momentum"])
def test_multiples_are_not_assigned(bounds, relative):
    _, optimizer = scene(TOP, TOP)
    momentum = hc.Constant(1.0)
    with pytest.raises(ValueError, match=re.escape(MULTIPLES_ASSIGNED)):
        hc.attach(
            optimizer, lr=bounds.cycle(10, relative=True), momentum=momentum, relative=relative
        )
    assert rates_of(optimizer) == [TOP, TOP]


def test_rates_of_1_may_be_multiplied_by_bounds():
    bounds = bounds_of(1.0, 0.1)
    assert bounds.cycle(10) == bounds.cycle(10, relative=True)
    _, optimizer = scene(1.0, 0.1)
    hc.attach(optimizer, lr=bounds.cycle(10), relative=True)
    assert rates_of(optimizer) == [bounds.low, 0.1 * bounds.low]


def test_a_cycle_of_bounds_is_like_any_other(bounds):
    cycle = bounds.cycle(10)
    plain = hc.Cycle(bounds.low, bounds.high, 10)
    assert cycle == plain
    assert (hash(cycle), repr(cycle)) == (hash(plain), repr(plain))
    assert pickle.loads(pickle.dumps(cycle)) == plain
    _, optimizer = scene(TOP, TOP)
    momentum = cycle.opposite(0.85, 0.95)
    hc.attach(optimizer, lr=cycle, momentum=momentum)
    hc.attach(scene(TOP, TOP)[1], momentum=momentum, relative=True)


def test_bounds_that_belong_to_no_rate_are_not_relative():
    values = np.geomspace(1e-6, 1.0, 100)
    losses = 2.3 - 1.5 / (1 + (1e-3 / values) ** 1.5) + 5 * values**2
    message = (
        "relative=True gives multiples of the lr from before the sweep, which was not recorded, or "
        "was 0: RangeTest(…, reference=0.1) tells it"
    )
    bounds = hc.RangeTest(values, losses).bounds()
    for make in (bounds.cycle, lambda n, **options: bounds.plan(n, n, **options)):
        with pytest.raises(ValueError, match=re.escape(message)):
            make(10, relative=True)
    assert hc.RangeTest(values, losses, reference=0) == hc.RangeTest(values, losses)
    known = hc.RangeTest(values, losses, reference=0.5)
    assert known != hc.RangeTest(values, losses)
    assert pickle.loads(pickle.dumps(known)).reference == 0.5
    assert known.bounds().cycle(10, relative=True).low == 2 * bounds.low
    with pytest.raises(TypeError, match="reference must be a number"):
        hc.RangeTest(values, losses, reference="0.1")
