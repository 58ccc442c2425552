"""States that the optimizer loads, before a cycler comes and after."""

import copy
import gc
import linecache
import pickle
import warnings
import weakref

import pytest
import torch
from torch_models import LR, adamw, sgd, update, values_of

import hypercycle as hc
from hypercycle_torch.follower import KEY

OTHER = hc.Cycle(0.6, 0.9, 5)
BOTH = pytest.mark.parametrize("advance", ["step", "optimizer"])
BEGINS_LATE = (
    "goes on with the state of a run whose learning rate was driven, and this cycler began"
)


def train(made, cycler, steps):
    """Return the rates that updates were made with."""
    used = []
    for step in range(steps):
        used.append(values_of(made, "lr")[0])
        update(made, step)
        cycler.step()
    return used


def saved(steps=7, lr=LR, **options):
    made = adamw()
    cycler = hc.attach(made, lr=lr, **options)
    train(made, cycler, steps)
    return copy.deepcopy((made.state_dict(), cycler.state_dict()))


def state_of_a_constant_rate():
    made = adamw()
    for step in range(3):
        update(made, step)
    return copy.deepcopy(made.state_dict())


def without_warnings():
    warnings.simplefilter("error", hc.MisuseWarning)


# The order of loading.


@pytest.mark.parametrize("tensor", [False, True])
@pytest.mark.parametrize("order", ["cycler first", "optimizer first", "attached after"])
def test_the_first_update_has_the_present_plans_value_in_every_order(order, tensor):
    optimizer_state, state = saved()
    made = adamw(lr=torch.tensor(0.1)) if tensor else adamw()
    if order == "attached after":
        made.load_state_dict(optimizer_state)
    cycler = hc.attach(made, lr=OTHER)
    if order == "optimizer first":
        made.load_state_dict(optimizer_state)
    with pytest.warns(UserWarning, match="going on with the current schedules"):
        cycler.load_state_dict(state, on_mismatch="current")
    if order == "cycler first":
        made.load_state_dict(optimizer_state)
    with warnings.catch_warnings():
        without_warnings()
        used = [float(lr) for lr in train(made, cycler, 4)]
    assert used == pytest.approx([OTHER(step) for step in range(7, 11)], rel=1e-6)


@BOTH
def test_a_step_to_start_at_holds_against_what_is_loaded(advance):
    made = adamw()
    cycler = hc.attach(made, lr=OTHER, start_step=4, advance=advance)
    made.load_state_dict(state_of_a_constant_rate())
    assert values_of(made, "lr") == [OTHER(4)]
    assert train(made, cycler, 2) == [OTHER(4), OTHER(5)]


def test_what_was_told_nothing_keeps_what_was_loaded():
    optimizer_state, _ = saved()
    made = adamw()
    cycler = hc.attach(made, lr=OTHER)
    made.load_state_dict(optimizer_state)
    assert values_of(made, "lr") == [LR(7)]
    cycler.last_epoch = 2
    assert train(made, cycler, 2) == [LR(7), OTHER(3)]


def test_a_state_that_is_loaded_later_in_the_run_is_taken_as_it_is():
    made = adamw()
    cycler = hc.attach(made, lr=LR, start_step=1)
    best = copy.deepcopy(made.state_dict())
    train(made, cycler, 3)
    made.load_state_dict(best)
    assert values_of(made, "lr") == [LR(1)]


def test_who_is_detached_or_gone_writes_nothing():
    optimizer_state, _ = saved()
    made = adamw()
    for let_go in (hc.attach(made, lr=OTHER, start_step=2), hc.attach(made, lr=OTHER)):
        let_go.detach()
    made.load_state_dict(optimizer_state)
    assert values_of(made, "lr") == [LR(7)]
    del let_go
    gc.collect()
    assert not made._optimizer_load_state_dict_post_hooks


def test_the_optimizer_keeps_no_cycler_alive_by_it():
    made = adamw()
    cycler = hc.attach(made, lr=LR)
    alive, optimizer_alive = weakref.ref(cycler), weakref.ref(made)
    gc.disable()
    try:
        del cycler
        assert alive() is None
        del made
        assert optimizer_alive() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_copy_hears_of_it_too(copied):
    optimizer_state, _ = saved()
    cycler = copied(hc.attach(adamw(), lr=OTHER, start_step=3))
    cycler.optimizer.load_state_dict(optimizer_state)
    assert values_of(cycler.optimizer, "lr") == [OTHER(3)]


@BOTH
def test_the_values_from_before_are_given_back_after_loading_too(advance):
    made = adamw(2)
    before = values_of(made, "lr"), values_of(made, "betas")
    cycler = hc.attach(made, lr=LR, momentum=0.8, advance=advance)
    train(made, cycler, 2)
    made.load_state_dict(made.state_dict())
    cycler.detach(restore=True)
    assert (values_of(made, "lr"), values_of(made, "betas")) == before


# A state that the cycler does not have.


@BOTH
@pytest.mark.parametrize("attached", ["before", "after"])
def test_a_cycler_that_begins_late_is_told(attached, advance):
    optimizer_state, _ = saved(advance="step" if attached == "before" else advance)
    made = adamw()
    if attached == "before":
        cycler = hc.attach(made, lr=LR, advance=advance)
    made.load_state_dict(optimizer_state)
    if attached == "after":
        cycler = hc.attach(made, lr=LR, advance=advance)
    with pytest.warns(hc.MisuseWarning, match=BEGINS_LATE) as caught:
        train(made, cycler, 4)
    assert len(caught) == 1
    line = linecache.getline(caught[0].filename, caught[0].lineno)
    assert ("cycler.step()" if advance == "step" else "made.step()") in line


@BOTH
def test_a_scheduler_of_pytorchs_has_driven_a_run_as_well(advance):
    made = adamw()
    scheduler = torch.optim.lr_scheduler.LinearLR(made)
    for step in range(3):
        update(made, step)
        scheduler.step()
    other = adamw()
    other.load_state_dict(made.state_dict())
    with pytest.warns(hc.MisuseWarning, match=BEGINS_LATE):
        train(other, hc.attach(other, lr=LR, advance=advance), 2)


def test_where_a_followers_state_lies_for_one_that_comes_late():
    optimizer_state, state = saved(advance="optimizer")
    made = adamw()
    made.load_state_dict(optimizer_state)
    cycler = hc.attach(made, lr=LR, advance="optimizer")
    (own,) = optimizer_state[KEY]
    assert own == state
    cycler.load_state_dict(own)
    with warnings.catch_warnings():
        without_warnings()
        assert train(made, cycler, 3) == [LR(step) for step in range(7, 10)]


def second_phase(made):
    train(made, hc.attach(made, lr=LR), 3)
    return hc.attach(made, lr=OTHER)


def after_pytorchs(made):
    scheduler = torch.optim.lr_scheduler.LinearLR(made)
    update(made)
    scheduler.step()
    del scheduler
    gc.collect()
    return hc.attach(made, lr=OTHER)


def after_a_constant_rate(made):
    made.load_state_dict(state_of_a_constant_rate())
    return hc.attach(made, lr=LR)


def put_back(made):
    before = copy.deepcopy(made.state_dict())
    cycler = hc.attach(made, lr=LR)
    made.load_state_dict(before)
    return cycler


def from_the_state_of_a_start(made):
    optimizer_state, state = saved(0)
    cycler = hc.attach(made, lr=LR)
    cycler.load_state_dict(state)
    made.load_state_dict(optimizer_state)
    return cycler


def put_at_a_step(made):
    made.load_state_dict(saved()[0])
    cycler = hc.attach(made, lr=LR)
    cycler.last_epoch = 7
    return cycler


def started_at_a_step(made):
    made.load_state_dict(saved()[0])
    return hc.attach(made, lr=LR, start_step=7)


@pytest.mark.parametrize(
    "begin",
    [
        second_phase,
        after_pytorchs,
        after_a_constant_rate,
        put_back,
        from_the_state_of_a_start,
        put_at_a_step,
        started_at_a_step,
    ],
)
def test_nothing_is_told_of_what_is_right(begin):
    made = adamw()
    cycler = begin(made)
    with warnings.catch_warnings():
        without_warnings()
        train(made, cycler, 3)


def test_a_wrapper_without_hooks_is_driven_all_the_same():
    class Shown:
        def __init__(self, inside):
            self.param_groups = inside.param_groups

    made = sgd()
    cycler = hc.attach(Shown(made), lr=LR)
    assert train(made, cycler, 2) == [LR(0), LR(1)]
