"""The cycler in place of CyclicLR, in every interface that takes a scheduler and is installed.

Each is given one of PyTorch's ``CyclicLR`` and one of ours that says the same; the values of each
update must be the same. Where an interface overwrites a closed form, both are overwritten.
"""

import copy
import importlib.util

import pytest
import torch
from torch.optim.lr_scheduler import (
    ChainedScheduler,
    ConstantLR,
    CyclicLR,
    ExponentialLR,
    LinearLR,
    SequentialLR,
)
from torch_models import sgd, update, values_of

import hypercycle as hc

CYCLE = hc.Cycle(0.1, 1.0, 5)
PLAN = hc.Plan(lr=CYCLE, momentum=CYCLE.opposite(0.8, 0.9))
UPDATES = 23


def ours(made):
    return hc.attach(made, PLAN)


def theirs(made):
    return CyclicLR(made, 0.1, 1.0, 5, base_momentum=0.8, max_momentum=0.9)


def by_hand(make, made):
    scheduler = make(made)
    return scheduler.step, "after"


def by_epoch(make, made):
    scheduler = make(made)
    steps = iter(range(1, 2 * UPDATES))

    def step():
        scheduler.step(next(steps))

    return step, "after"


def alone_in_a_sequence(make, made):
    sequence = SequentialLR(made, [make(made)], [])
    return sequence.step, "after"


def after_a_warm_up(make, made):
    sequence = SequentialLR(made, [LinearLR(made, 0.1, total_iters=4), make(made)], [4])
    return sequence.step, "after"


def before_a_constant(make, made):
    sequence = SequentialLR(made, [make(made), ConstantLR(made, 0.5, 100)], [7])
    return sequence.step, "after"


def chained_with_a_decay(make, made):
    chained = ChainedScheduler([make(made), ExponentialLR(made, 0.9)], made)
    return chained.step, "after"


def moved_and_asked(make, made):
    """What ignite's handlers do: they count, ask, and assign the rate themselves."""
    scheduler = make(made)

    def step():
        scheduler._get_lr_called_within_step = True
        for group, rate in zip(made.param_groups, scheduler.get_lr(), strict=True):
            group["lr"] = rate
        scheduler._get_lr_called_within_step = False
        scheduler.last_epoch += 1

    return step, "before"


def of_ignite(make, made):
    from ignite.handlers.param_scheduler import LRScheduler

    handler = LRScheduler(make(made))
    return lambda: handler(None), "before"


def of_ignite_with_a_warm_up(make, made):
    from ignite.handlers.param_scheduler import create_lr_scheduler_with_warmup

    handler = create_lr_scheduler_with_warmup(make(made), 0.0, 4, 0.1)
    return lambda: handler(None), "before"


IGNITE = pytest.mark.skipif(
    importlib.util.find_spec("ignite") is None, reason="ignite is not installed"
)
INTERFACES = [
    by_hand,
    pytest.param(by_epoch, marks=pytest.mark.filterwarnings("ignore:The epoch parameter:")),
    alone_in_a_sequence,
    after_a_warm_up,
    before_a_constant,
    chained_with_a_decay,
    moved_and_asked,
    pytest.param(of_ignite, marks=IGNITE),
    pytest.param(of_ignite_with_a_warm_up, marks=IGNITE),
]


def used(make, interface):
    """Return the values that each update is made with."""
    made = sgd(2, momentum=0.9)
    step, when = interface(make, made)
    values = []
    for number in range(UPDATES):
        if when == "before":
            step()
        values.append([values_of(made, "lr"), values_of(made, "momentum")])
        update(made, number)
        if when == "after":
            step()
    return values


# CyclicLR warns where its get_lr is called, and SequentialLR of PyTorch 2.6 what it deprecates.
@pytest.mark.filterwarnings("ignore::UserWarning:torch", "ignore::DeprecationWarning")
@pytest.mark.parametrize("interface", INTERFACES)
def test_the_updates_are_those_of_cyclic_lr(interface):
    for ours_now, theirs_now in zip(used(ours, interface), used(theirs, interface), strict=True):
        for one, other in zip(ours_now, theirs_now, strict=True):
            assert one == pytest.approx(other, rel=1e-12)


@pytest.mark.filterwarnings("ignore::UserWarning:torch")
def test_a_sequence_of_cyclers():
    first, second = hc.Ramp(0.0, 0.1, 4), CYCLE
    made = sgd(2)
    warming = hc.attach(made, lr=first)
    with pytest.warns(UserWarning, match="an earlier attach"):
        cycling = hc.attach(made, lr=second)
    sequence = SequentialLR(made, [warming, cycling], [4])
    for step in range(20):
        expected = first(step) if step < 4 else second(step - 4)
        assert values_of(made, "lr") == [expected] * 2
        update(made, step)
        sequence.step()
    assert (warming.last_epoch, cycling.last_epoch) == (3, 16)


def test_simulating_leaves_everything_as_it_was():
    """What ignite's simulate_values does, without ignite."""
    made = sgd(2)
    cycler = ours(made)
    cycler.step()
    saved = copy.deepcopy((cycler.state_dict(), made.state_dict()))
    seen = []
    for _ in range(5):
        seen.append(cycler.get_lr())
        cycler.last_epoch += 1
    cycler.load_state_dict(saved[0])
    made.load_state_dict(saved[1])
    assert seen == [[CYCLE(step)] * 2 for step in range(1, 6)]
    assert (cycler.state_dict(), made.state_dict()["param_groups"]) == (
        saved[0],
        saved[1]["param_groups"],
    )
    cycler.step()
    assert values_of(made, "lr") == [CYCLE(2)] * 2


def test_rates_are_those_of_the_step_where_only_some_groups_are_driven():
    made = sgd(3)
    cycler = hc.attach(made, lr=hc.Groups({0: None, 1: CYCLE, 2: 0.3}), momentum=CYCLE)
    cycler.last_epoch = 4
    assert cycler.get_lr() == [0.1, CYCLE(4), 0.3]
    assert values_of(made, "lr") == [0.1, CYCLE(0), 0.3]  # who asks, assigns
    assert values_of(made, "momentum") == [CYCLE(4)] * 3


def test_a_follower_is_not_driven_by_a_handler_too():
    made = sgd()
    cycler = hc.attach(made, PLAN, advance="optimizer")
    assert cycler.get_lr() == [CYCLE(0)]
    cycler._get_lr_called_within_step = True
    with pytest.raises(RuntimeError, match="attach without advance='optimizer' for it"):
        cycler.get_lr()


def test_timms_calls():
    made = sgd()
    cycler = ours(made)
    with pytest.raises(TypeError, match=r"call step_update\(num_updates\) after each update"):
        cycler.step(1, 0.9)
    updates = 0
    for epoch in range(3):
        for _ in range(4):
            update(made, updates)
            updates += 1
            cycler.step_update(num_updates=updates, metric=0.5)
            assert values_of(made, "lr") == [CYCLE(updates)]
        cycler.step(epoch + 1, 0.9)
        assert cycler.last_epoch == updates
    assert hc.attach(sgd(), PLAN, advance="optimizer").step_update(3) is None


def test_base_lrs_are_those_before_any_scheduler():
    made = sgd(2)
    LinearLR(made, 0.1, total_iters=4)
    assert values_of(made, "lr") == [0.1 * 0.1] * 2
    cycler = ours(made)
    assert cycler.base_lrs == [0.1, 0.1]
    assert cycler._last_lr == cycler.get_last_lr() == [0.1, 0.1]
    assert hc.attach(sgd(lr=torch.tensor(0.25)), lr=CYCLE).base_lrs == [0.25]
