"""The cycler as the LRScheduler that trainers expect."""

import copy
import gc
import pickle
import weakref

import pytest
import strategies
import torch
from torch.optim.lr_scheduler import (
    ChainedScheduler,
    ConstantLR,
    LinearLR,
    LRScheduler,
    SequentialLR,
)
from torch_models import LR, adamw, give_gradients, optimizer, sgd, update, values_of, weights

import hypercycle as hc
from hypercycle.driving.tracks import BLOCK_STEPS
from hypercycle_torch import OptimizerCycler, OptimizerFollower

PLAN = hc.Plan(lr=LR, momentum=hc.Cycle(0.5, 0.9, 3, waveform="hann"))
BOTH = pytest.mark.parametrize("advance", ["step", "optimizer"])


@BOTH
def test_it_is_an_lr_scheduler(advance):
    made = sgd(2)
    cycler = hc.attach(made, PLAN, advance=advance)
    assert isinstance(cycler, LRScheduler)
    assert type(cycler) is (OptimizerFollower if advance == "optimizer" else OptimizerCycler)
    assert cycler.optimizer is made
    assert cycler.last_epoch == 0
    assert cycler.base_lrs == [0.1, 0.1]
    assert cycler.get_last_lr() == cycler.get_lr() == [LR(0)] * 2
    update(made)
    cycler.step()
    assert cycler.last_epoch == 1
    assert cycler.get_last_lr() == cycler.get_lr() == [LR(1)] * 2
    assert cycler.state_dict()["step"] == 1
    assert repr(cycler) == f"{type(cycler).__name__}(step=1, {PLAN!r})"
    assert [float(lr) for lr in cycler.get_last_lr()] == values_of(made, "lr")


def test_the_last_lr_is_what_stands_in_the_groups():
    made = sgd(2)
    cycler = hc.attach(made, momentum=LR)
    made.param_groups[1]["lr"] = torch.tensor(0.5)
    assert cycler.get_last_lr() == [0.1, 0.5]
    assert all(type(lr) is float for lr in cycler.get_last_lr())
    cycler.get_last_lr()[0] = 7.0
    assert cycler.get_last_lr() == [0.1, 0.5]


def test_a_training_loop_with_a_scheduler_inside():
    """Trainers call these and nothing else; a plain scheduler does the same beside it."""

    def train(scheduler, made):
        seen = []
        for step in range(12):
            update(made, step)
            scheduler.step()
            seen.append(scheduler.get_last_lr())
            if step == 6:
                state = scheduler.state_dict()
                made.load_state_dict(made.state_dict())
                scheduler.load_state_dict(state)
        return seen, weights(made)

    made, reference = sgd(2), sgd(2)
    ours = train(hc.attach(made, lr=LR), made)
    theirs = train(
        torch.optim.lr_scheduler.LambdaLR(reference, lambda step: LR(step) / 0.1), reference
    )
    for a, b in zip(ours[0], theirs[0], strict=True):
        assert a == pytest.approx(b, rel=1e-12)
    for a, b in zip(ours[1], theirs[1], strict=True):
        torch.testing.assert_close(a, b)


def test_chained_with_another_hyperparameters_cycler():
    made = sgd(2)
    chained = ChainedScheduler([hc.attach(made, lr=LR), hc.attach(made, momentum=LR)], made)
    update(made)
    chained.step()
    assert values_of(made, "lr") == values_of(made, "momentum") == [LR(1)] * 2
    state = copy.deepcopy(chained.state_dict())
    chained.step()
    chained.load_state_dict(state)
    assert values_of(made, "lr") == values_of(made, "momentum") == [LR(1)] * 2


@pytest.mark.parametrize("plan", [hc.Plan(lr=LR), PLAN])
def test_after_a_warm_up_of_torchs_own(plan):
    made, alone = sgd(2), sgd(2)
    warm = [LinearLR(one, start_factor=0.1, total_iters=3) for one in (made, alone)]
    cycler = hc.attach(made, plan)
    sequence = SequentialLR(made, [warm[0], cycler], milestones=[3])
    for step in range(20):
        expected = values_of(alone, "lr")[0] if step < 3 else LR(step - 3)
        assert values_of(made, "lr") == sequence.get_last_lr() == [expected] * 2
        if step >= 3:
            assert cycler.values == plan(step - 3)
            assert [values_of(made, name)[1] for name in plan] == list(plan(step - 3).values())
        for one in (made, alone):
            update(one, step)
        sequence.step()
        warm[1].step()


# SequentialLR of PyTorch 2.6 calls what PyTorch deprecates
@pytest.mark.filterwarnings("ignore:The epoch parameter in `scheduler.step:UserWarning:torch")
def test_before_a_scheduler_of_torchs_own():
    made = sgd(1)
    decay = ConstantLR(made, factor=0.5, total_iters=100)
    cycler = hc.attach(made, lr=LR)
    sequence = SequentialLR(made, [cycler, decay], milestones=[6])
    for step in range(9):
        assert values_of(made, "lr") == [LR(step) if step < 6 else 0.05]
        update(made, step)
        sequence.step()


def test_swa_beside_it():
    model = torch.nn.Linear(2, 1)
    made = torch.optim.SGD(model.parameters(), lr=0.1)
    averaged = torch.optim.swa_utils.AveragedModel(model)
    cycler = hc.attach(made, lr=LR)
    for _ in range(5):
        model(torch.ones(1, 2)).sum().backward()
        made.step()
        cycler.step()
        averaged.update_parameters(model)
    swa = torch.optim.swa_utils.SWALR(made, swa_lr=0.05)
    made.step()
    swa.step()
    assert 0.05 <= made.param_groups[0]["lr"] <= LR(5)


@BOTH
@pytest.mark.parametrize("how", ["deepcopy", "pickle"])
def test_a_copy_steps_its_own_optimizer(advance, how):
    made = optimizer(
        torch.optim.SGD,
        {"lr": torch.tensor(0.1).double()},
        {},
        lr=torch.tensor(0.1).double().item(),
    )
    cycler = hc.attach(made, PLAN, advance=advance)
    for step in range(3):
        update(made, step)
        cycler.step()
    copied = copy.deepcopy(cycler) if how == "deepcopy" else pickle.loads(pickle.dumps(cycler))
    other = copied.optimizer
    assert other is not made
    assert copied.values == cycler.values == PLAN(3)
    for step in range(3, 8):
        update(other, step)
        copied.step()
    assert (copied.last_epoch, cycler.last_epoch) == (8, 3)
    assert [float(lr) for lr in values_of(made, "lr")] == [LR(3)] * 2
    assert [float(lr) for lr in values_of(other, "lr")] == [LR(8)] * 2
    for step in range(3, 8):
        update(made, step)
        cycler.step()
    assert all(map(torch.equal, weights(made), weights(other)))


@BOTH
def test_a_copy_together_with_its_optimizer_keeps_them_together(advance):
    made = sgd()
    cycler = hc.attach(made, PLAN, advance=advance)
    for copied in (
        copy.deepcopy({"made": made, "cycler": cycler}),
        copy.deepcopy({"cycler": cycler, "made": made}),
        pickle.loads(pickle.dumps({"made": made, "cycler": cycler})),
    ):
        assert copied["cycler"].optimizer is copied["made"]
        update(copied["made"])
        copied["cycler"].step()
        assert values_of(copied["made"], "lr") == [LR(1)]
    assert values_of(made, "lr") == [LR(0)]


def test_a_copy_is_not_stale_after_its_step_was_assigned():
    cycler = hc.attach(sgd(), PLAN)
    cycler.last_epoch = 5000
    copied = copy.deepcopy(cycler)
    assert copied.values == PLAN(5000)
    copied.step()
    assert values_of(copied.optimizer, "lr") == [LR(5001)]
    assert cycler.values == PLAN(5000)


@BOTH
def test_functions_of_modules_travel_and_lambdas_are_copied(advance):
    made = sgd()
    cycler = hc.attach(made, lr=strategies.every_third, momentum=0.5, advance=advance)
    pickle.loads(pickle.dumps(cycler))
    rate = 0.3
    held = sgd()
    cycler = hc.attach(held, lr=lambda step: rate, advance=advance)
    assert copy.deepcopy(cycler).values == {"lr": 0.3}


@BOTH
@pytest.mark.parametrize("relative", [False, True])
def test_everything_is_freed_without_the_garbage_collector(advance, relative):
    gc.collect()
    gc.disable()
    try:
        made = optimizer(torch.optim.AdamW, {}, {}, lr=torch.tensor(0.1))
        heard = []
        cycler = hc.attach(
            made,
            lr=LR,
            momentum=hc.Cycle(0.5, 0.9, 3),
            advance=advance,
            relative=relative,
            on_event=lambda *event: heard.append(event),
        )
        for step in range(10):
            update(made, step)
            cycler.step()
        cycler.load_state_dict(cycler.state_dict())
        alive = weakref.ref(made), weakref.ref(cycler)
        if advance == "optimizer":
            del cycler
            assert alive[1]() is not None
            del made
        else:
            del made
            assert alive[0]() is not None
            del cycler
        assert [one() for one in alive] == [None, None]
    finally:
        gc.enable()


def test_the_order_of_step_calls_does_not_warn():
    made = adamw()
    cycler = hc.attach(made, lr=LR)
    cycler.step()
    give_gradients(made)
    made.step()
    assert cycler.last_epoch == 1


def test_a_closure_is_passed_through():
    made = optimizer(torch.optim.LBFGS, {}, lr=0.1)
    cycler = hc.attach(made, lr=LR, advance="optimizer")
    parameter = made.param_groups[0]["params"][0]

    def closure():
        made.zero_grad()
        loss = (parameter**2).sum()
        loss.backward()
        return loss

    for step in range(1, 5):
        made.step(closure)
        assert (cycler.last_epoch, values_of(made, "lr")) == (step, [LR(step)])


# PyTorch's count of the calls of step().


@BOTH
def test_calls_of_step_are_counted_as_pytorch_counts_them(advance):
    made, reference = sgd(), sgd()
    ours = hc.attach(made, PLAN, advance=advance)
    theirs = torch.optim.lr_scheduler.LambdaLR(reference, lambda step: 1.0)
    for step in range(5):
        assert ours._step_count == theirs._step_count == step + 1
        for one, scheduler in ((made, ours), (reference, theirs)):
            update(one, step)
            scheduler.step()
    assert "_step_count" not in ours.state_dict()


def test_a_run_that_starts_later_begins_its_count_with_one():
    cycler = hc.attach(sgd(), PLAN, start_step=100)
    assert cycler._step_count == 1
    cycler.step()
    assert cycler._step_count == 2
    for copied in (copy.deepcopy(cycler), pickle.loads(pickle.dumps(cycler))):
        assert copied._step_count == 2


def test_a_state_restores_the_count_as_pytorchs_does():
    def states(scheduler, made):
        for step in range(6):
            update(made, step)
            scheduler.step()
        return scheduler.state_dict()

    made, reference = sgd(), sgd()
    ours, theirs = hc.attach(made, PLAN), LinearLR(reference)
    saved, saved_theirs = states(ours, made), states(theirs, reference)
    resumed, resumed_theirs = hc.attach(sgd(), PLAN), LinearLR(sgd())
    resumed.load_state_dict(saved)
    resumed_theirs.load_state_dict(saved_theirs)
    assert resumed._step_count == resumed_theirs._step_count == 7
    resumed.step()
    assert resumed._step_count == 8


def test_the_count_follows_a_step_that_is_assigned():
    cycler = hc.attach(sgd(), PLAN)
    cycler.last_epoch = 9
    assert cycler._step_count == 10
    cycler.step(3)
    assert cycler._step_count == 4


def test_in_a_sequence_the_count_is_pytorchs():
    def sequence(made, second):
        return SequentialLR(made, [LinearLR(made, total_iters=3), second], milestones=[3])

    made, reference = sgd(), sgd()
    ours, theirs = hc.attach(made, PLAN), LinearLR(reference, total_iters=9)
    both = sequence(made, ours), sequence(reference, theirs)
    for step in range(7):
        for one, scheduler in zip((made, reference), both, strict=True):
            update(one, step)
            scheduler.step()
    assert ours._step_count == theirs._step_count


def test_what_trainers_count_themselves():
    cycler = hc.attach(sgd(), lr=LR)
    for _ in range(2 * BLOCK_STEPS):
        cycler._step_count += 1  # accelerate, where gradients are accumulated
        cycler.step()
    assert cycler.last_epoch == 2 * BLOCK_STEPS
    assert cycler.get_last_lr() == [LR(2 * BLOCK_STEPS)]
    assert cycler._step_count == 1 + 4 * BLOCK_STEPS
