"""advance="optimizer": real steps of the optimizer count, and nothing else does."""

import copy
import linecache
import warnings

import pytest
import torch
from torch_models import (
    LR,
    adamw,
    give_gradients,
    optimizer,
    sgd,
    snapshot,
    update,
    values_of,
    weights,
)

import hypercycle as hc

PLAN = hc.Plan(lr=LR, momentum=hc.Cycle(0.5, 0.9, 3))
OVERFLOWS = [False, True, False, False, True, True, False, False]


def scaled_loop(made, scaler, cycler):
    """Train with a gradient scaler; True in OVERFLOWS is an infinite gradient."""
    real = []
    for step, overflow in enumerate(OVERFLOWS):
        made.zero_grad()
        parameters = [p for group in made.param_groups for p in group["params"]]
        loss = sum((p**2).sum() for p in parameters)
        scaler.scale(loss).backward()
        if overflow:
            parameters[0].grad.fill_(float("inf"))
        before = weights(made)
        scaler.step(made)
        scaler.update()
        cycler.step()
        moved = not all(map(torch.equal, before, weights(made)))
        assert moved is not overflow
        real.append(moved)
        assert cycler.last_epoch == sum(real), step
        assert values_of(made, "lr") == [LR(sum(real))] * len(made.param_groups)
    return real


KINDS = [
    (torch.optim.SGD, {"lr": 0.1, "momentum": 0.5}),
    (torch.optim.SGD, {"lr": 0.1, "momentum": 0.5, "fused": True}),
    (torch.optim.AdamW, {"fused": True}),
    (torch.optim.AdamW, {"foreach": True}),
]


@pytest.mark.parametrize(("kind", "options"), KINDS)
def test_steps_that_a_gradient_scaler_skips_do_not_count(kind, options):
    made = optimizer(kind, {}, {}, **options)
    cycler = hc.attach(made, PLAN, advance="optimizer")
    scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
    assert sum(scaled_loop(made, scaler, cycler)) == OVERFLOWS.count(False)
    # Without a scaler everything counts again.
    update(made)
    assert cycler.last_epoch == OVERFLOWS.count(False) + 1


def test_accumulated_gradients_are_one_step():
    made = sgd()
    cycler = hc.attach(made, PLAN, advance="optimizer")
    (parameter,) = made.param_groups[0]["params"]
    for micro_batch in range(24):
        (parameter.sum() / 4).backward()
        cycler.step()  # as a trainer does after every batch
        if micro_batch % 4 == 3:
            made.step()
            made.zero_grad()
    assert cycler.last_epoch == 6
    assert cycler.values == PLAN(6)


@pytest.mark.parametrize("make", [sgd, adamw])
def test_the_same_weights_as_with_steps_by_hand(make):
    following, stepped = make(2), make(2)
    hc.attach(following, PLAN, advance="optimizer")
    cycler = hc.attach(stepped, PLAN)
    for step in range(30):
        update(following, step)
        update(stepped, step)
        cycler.step()
    assert all(map(torch.equal, weights(following), weights(stepped)))
    assert values_of(following, "lr") == values_of(stepped, "lr")


def test_step_does_nothing():
    made = sgd()
    cycler = hc.attach(made, PLAN, advance="optimizer")
    for argument in ((), (7,)):
        assert cycler.step(*argument) is None
    assert cycler.last_epoch == 0
    assert cycler.values == PLAN(0)
    assert values_of(made, "lr") == [LR(0)]


def test_an_error_in_the_optimizers_step_does_not_count():
    made = sgd()
    cycler = hc.attach(made, PLAN, advance="optimizer")

    def closure():
        raise RuntimeError("no batch")

    with pytest.raises(RuntimeError, match="no batch"):
        made.step(closure)
    assert cycler.last_epoch == 0


@pytest.mark.parametrize("others", [0, 1])
def test_an_event_may_detach_while_pytorch_goes_through_its_hooks(others):
    made = sgd()
    cycler = hc.attach(
        made, lr=hc.Cycle(0.1, 0.2, 1), advance="optimizer", on_event=lambda *_: cycler.detach()
    )
    told = []
    for _ in range(others):
        made.register_step_post_hook(lambda *_: told.append("another"))
    for _ in range(3):
        update(made)
    assert values_of(made, "lr") == [0.2]
    assert (cycler.last_epoch, cycler.detached, len(told)) == (1, True, 3 * others)
    cycler.detach()
    assert len(made._optimizer_step_post_hooks) == others
    assert not made._optimizer_state_dict_post_hooks


def test_detach_leaves_the_values_as_they_are():
    made = sgd()
    cycler = hc.attach(made, PLAN, advance="optimizer")
    update(made)
    cycler.detach()
    update(made)
    cycler.detach()
    assert values_of(made, "lr") == [LR(1)]
    assert cycler.last_epoch == 1
    assert not made._optimizer_step_post_hooks
    copied = copy.deepcopy(cycler)
    update(copied.optimizer)
    assert values_of(copied.optimizer, "lr") == [LR(1)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        hc.attach(made, PLAN, advance="optimizer")


def test_other_hooks_stay():
    made = sgd()
    called = []
    made.register_step_post_hook(lambda *_: called.append("theirs"))
    hc.attach(made, PLAN, advance="optimizer").detach()
    update(made)
    assert called == ["theirs"]


def test_a_second_attach_replaces_the_first_and_says_so():
    made = sgd()
    first = hc.attach(made, lr=LR, advance="optimizer")
    update(made)
    with pytest.warns(
        UserWarning, match="an earlier attach.* drove lr too; it is detached"
    ) as told:
        second = hc.attach(made, lr=hc.Cycle(0.5, 0.6, 2), advance="optimizer")
    assert "second = hc.attach(" in linecache.getline(told[0].filename, told[0].lineno)
    update(made)
    assert (first.last_epoch, second.last_epoch) == (1, 1)
    assert values_of(made, "lr") == [hc.Cycle(0.5, 0.6, 2)(1)]
    assert len(made._optimizer_step_post_hooks) == 1


def test_what_the_second_attach_does_not_drive_goes_on_by_the_first():
    made = sgd()
    first = hc.attach(made, PLAN, advance="optimizer")
    update(made)
    with pytest.warns(UserWarning, match="drove lr too; it goes on with momentum alone"):
        second = hc.attach(made, lr=hc.Cycle(0.5, 0.6, 2), advance="optimizer")
    for step in range(1, 6):
        update(made)
        assert (first.last_epoch, second.last_epoch) == (step + 1, step)
        assert values_of(made, "lr") == [hc.Cycle(0.5, 0.6, 2)(step)]
        assert values_of(made, "momentum") == [PLAN["momentum"](step + 1)]
    with pytest.warns(UserWarning, match="it is detached") as told:
        hc.attach(made, PLAN, advance="optimizer")
    assert [str(one.message) for one in told] == [
        "an earlier attach(advance='optimizer') drove lr too; it is detached",
        "an earlier attach(advance='optimizer') drove momentum too; it is detached",
    ]
    assert len(made._optimizer_step_post_hooks) == 1


def test_of_two_followers_only_shared_groups_change_hands():
    made, other = sgd(2), hc.Cycle(0.6, 0.7, 2)
    hc.attach(made, lr=LR, advance="optimizer")
    with pytest.warns(UserWarning, match="drove lr too; it goes on with lr alone"):
        hc.attach(made, lr=hc.Groups({0: None, 1: other}), advance="optimizer")
    update(made)
    assert values_of(made, "lr") == [LR(1), other(1)]


def test_a_second_attach_that_fails_leaves_the_first():
    made = sgd()
    first = hc.attach(made, lr=LR, advance="optimizer")
    before = snapshot(made)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="it is detached"):
            hc.attach(made, lr=hc.Cycle(0.5, 0.6, 2), advance="optimizer")
    assert snapshot(made) == before
    update(made)
    assert (first.last_epoch, values_of(made, "lr")) == (1, [LR(1)])


def test_a_second_attach_by_another_name_replaces_too():
    made = adamw()
    first = hc.attach(made, momentum=LR, advance="optimizer")
    with pytest.warns(UserWarning, match="drove beta1 too"):
        hc.attach(made, beta1=hc.Cycle(0.6, 0.7, 2), advance="optimizer")
    update(made)
    assert first.last_epoch == 0
    assert values_of(made, "betas") == [(hc.Cycle(0.6, 0.7, 2)(1), 0.999)]


def test_what_two_followers_drive_may_be_told_apart():
    made = sgd(2)
    other = hc.Cycle(0.6, 0.7, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        followers = [
            hc.attach(made, lr=hc.Groups({0: LR, 1: None}), advance="optimizer"),
            hc.attach(made, lr=hc.Groups({0: None, 1: other}), advance="optimizer"),
            hc.attach(made, momentum=LR, advance="optimizer"),
        ]
    update(made)
    assert [cycler.last_epoch for cycler in followers] == [1, 1, 1]
    assert values_of(made, "lr") == [LR(1), other(1)]
    assert values_of(made, "momentum") == [LR(1)] * 2


def test_the_optimizer_keeps_the_follower():
    made = sgd()
    hc.attach(made, PLAN, advance="optimizer")
    for step in range(1, 5):
        update(made)
        assert values_of(made, "lr") == [LR(step)]


def test_the_optimizers_state_may_be_loaded_between_steps():
    made = sgd(2)
    cycler = hc.attach(made, PLAN, advance="optimizer")
    for step in range(1, 9):
        update(made)
        made.load_state_dict(made.state_dict())
        assert values_of(made, "lr") == [LR(step)] * 2
    cycler.last_epoch = 100
    update(made)
    assert values_of(made, "lr") == [LR(101)] * 2


def test_events_come_with_the_optimizers_steps():
    made = sgd()
    heard = []

    def on_event(name, cycle, step):
        heard.append((name, cycle, step, values_of(made, "lr")))

    hc.attach(made, PLAN, advance="optimizer", on_event=on_event)
    for _ in range(16):
        give_gradients(made)
        made.step()
    assert heard == [
        ("peak", 0, 4, [0.5]),
        ("cycle_end", 0, 8, [0.1]),
        ("peak", 1, 12, [0.5]),
        ("cycle_end", 1, 16, [0.1]),
    ]


def test_a_following_cycler_fails_at_its_step_too():
    made = sgd()
    cycler = hc.attach(made, lr=lambda step: -1.0 if step == 2 else 0.1, advance="optimizer")
    update(made)
    give_gradients(made)
    with pytest.raises(ValueError, match="its schedule gives -1"):
        made.step()
    assert cycler.last_epoch == 1


def test_a_copy_of_the_optimizer_alone_is_not_driven():
    made = sgd()
    cycler = hc.attach(made, PLAN, advance="optimizer")
    other = copy.deepcopy(made)
    update(other)
    assert (values_of(other, "lr"), cycler.last_epoch) == ([LR(0)], 0)


def test_a_follower_without_its_optimizer_says_so():
    cycler = hc.attach(sgd(), lr=LR, advance="optimizer")
    with pytest.raises(
        ReferenceError, match="optimizer that this cycler followed no longer exists"
    ):
        cycler.get_last_lr()
    cycler.step()
