"""Checkpoints as trainers make them: distributed ones, those of the optimizer alone."""

import copy
import warnings

import pytest
import torch
import torch.distributed.checkpoint as dcp
from torch.distributed.checkpoint.state_dict import get_state_dict, set_state_dict
from torch_models import LR, adamw, add_group, sgd, update, values_of, weights

import hypercycle as hc

PLAN = hc.Plan(lr=LR, momentum=LR.opposite(0.85, 0.95))
LOW_HIGH = {"low": 0.1, "high": 0.5, "step_size_up": 7}
OTHERS = {
    "high": {"lr": hc.Cycle(0.1, 0.6, 7)},
    "waveform": {"lr": hc.Cycle(**LOW_HIGH, waveform="hann")},
    "length": {"lr": hc.Cycle(**LOW_HIGH, step_size_down=3)},
    "scale": {"lr": hc.Cycle(**LOW_HIGH, scale=hc.Halving())},
    "names": {"lr": hc.Cycle(**LOW_HIGH), "momentum": hc.Cycle(0.8, 0.9, 7)},
    "kind": {"lr": 0.1},
    "relative": {"lr": hc.Cycle(**LOW_HIGH), "relative": True},
}


@pytest.fixture(autouse=True)
def no_talk():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="torch.distributed")
        yield


def attached(**options):
    made = sgd()
    return made, hc.attach(made, **options)


def through_distributed(saved, present, folder, *, stateful):
    """Save one cycler's state and load it into another, as the pages of PyTorch have it."""
    dcp.save({"cycler": saved.state_dict()}, checkpoint_id=folder, no_dist=True)
    if stateful:
        dcp.load({"cycler": present}, checkpoint_id=folder, no_dist=True)
        return
    states = {"cycler": present.state_dict()}
    dcp.load(states, checkpoint_id=folder, no_dist=True)
    present.load_state_dict(states["cycler"])


@pytest.mark.parametrize("stateful", [False, True])
@pytest.mark.parametrize("change", OTHERS)
@pytest.mark.parametrize("swapped", [False, True])
def test_a_changed_plan_is_noticed_in_a_distributed_checkpoint(tmp_path, change, stateful, swapped):
    plans = [{"lr": hc.Cycle(**LOW_HIGH)}, OTHERS[change]]
    if swapped:
        plans.reverse()
    (_, saved), (made, present) = (attached(**plan) for plan in plans)
    with pytest.raises(ValueError, match="the saved schedules differ from the present ones"):
        through_distributed(saved, present, tmp_path / "made", stateful=stateful)
    assert (present.last_epoch, values_of(made, "lr")) == (0, [0.1 if change != "relative" else
                                                              present.values["lr"]])  # fmt: skip


@pytest.mark.parametrize("stateful", [False, True])
@pytest.mark.parametrize("options", [{}, {"relative": True}, {"advance": "optimizer"}])
def test_a_distributed_checkpoint_goes_on(tmp_path, stateful, options):
    made, saved = attached(lr=LR, **options)
    for step in range(9):
        update(made, step)
        saved.step()
    other, present = attached(lr=LR, **options)
    through_distributed(saved, present, tmp_path / "made", stateful=stateful)
    assert present.last_epoch == 9
    assert values_of(other, "lr") == values_of(made, "lr")


@pytest.mark.parametrize("kind", [sgd, adamw])
@pytest.mark.parametrize("tensor", [False, True])
def test_making_an_optimizers_state_is_no_step(kind, tensor):
    model = torch.nn.Linear(2, 1)
    made = type(kind())(model.parameters(), lr=torch.tensor(0.3) if tensor else 0.3)
    cycler = hc.attach(made, lr=LR, advance="optimizer", start_step=5)
    before = copy.deepcopy(model.state_dict())
    parts = get_state_dict(model, made)
    set_state_dict(model, made, model_state_dict=parts[0], optim_state_dict=parts[1])
    assert cycler.last_epoch == 5
    assert [float(lr) for lr in values_of(made, "lr")] == pytest.approx([LR(5)])
    assert all(torch.equal(before[name], one) for name, one in model.state_dict().items())


def test_a_step_at_rate_0_with_gradients_counts():
    made = sgd()
    cycler = hc.attach(made, lr=hc.Ramp(0.0, 0.1, 4), advance="optimizer")
    for step in range(3):
        update(made, step)
    assert cycler.last_epoch == 3


# What rides in the optimizer's state.


def trained(steps, **options):
    made = adamw(2)
    cycler = hc.attach(made, PLAN, advance="optimizer", **options)
    for step in range(steps):
        update(made, step)
    return made, cycler


@pytest.mark.parametrize("relative", [False, True])
def test_who_saves_the_optimizer_alone_goes_on(tmp_path, relative):
    made, _ = trained(11, relative=relative)
    torch.save(made.state_dict(), tmp_path / "last.pt")
    other, cycler = trained(0, relative=relative)
    for p, now in zip(weights_of(other), weights_of(made), strict=True):
        p.data.copy_(now)
    other.load_state_dict(torch.load(tmp_path / "last.pt", weights_only=True))
    assert cycler.last_epoch == 11
    for step in range(11, 20):
        assert values_of(other, "lr") == values_of(made, "lr")
        assert values_of(other, "betas") == values_of(made, "betas")
        for one in (made, other):
            update(one, step)
    assert all(map(torch.equal, weights(made), weights(other)))


def weights_of(made):
    return [p for group in made.param_groups for p in group["params"]]


def test_another_plans_state_is_refused_before_the_optimizer_has_loaded_it():
    made, _ = trained(3)
    other = adamw(2)
    cycler = hc.attach(other, lr=LR, advance="optimizer")
    update(other)
    before = copy.deepcopy(other.state_dict())
    with pytest.raises(ValueError, match=r"differ from the present ones:\n  momentum: saved"):
        other.load_state_dict(made.state_dict())
    assert str(other.state_dict()) == str(before)
    lenient = adamw(2)
    cycler = hc.attach(lenient, lr=LR, advance="optimizer", on_mismatch="current")
    with pytest.warns(UserWarning, match="going on with the current schedules"):
        lenient.load_state_dict(made.state_dict())
    assert (cycler.last_epoch, values_of(lenient, "lr")) == (3, [LR(3)] * 2)


def test_optimizers_with_and_without_a_follower_exchange_states():
    made, _ = trained(3)
    plain = adamw(2)
    plain.load_state_dict(made.state_dict())
    update(plain)
    other, cycler = trained(0)
    other.load_state_dict(plain.state_dict())
    assert cycler.last_epoch == 0
    assert "hypercycle" not in plain.state_dict()
    cycler.detach()
    assert "hypercycle" not in other.state_dict()


def test_two_followers_find_their_own():
    def pair():
        made = sgd(2)
        first = hc.attach(made, lr=hc.Groups({0: LR, 1: None}), advance="optimizer", start_step=4)
        second = hc.attach(made, lr=hc.Groups({0: None, 1: LR}), advance="optimizer")
        return made, first, second

    made, *_ = pair()
    update(made)
    other, first, second = pair()
    other.load_state_dict(made.state_dict())
    assert (first.last_epoch, second.last_epoch) == (5, 1)
    assert values_of(other, "lr") == [LR(5), LR(1)]


@pytest.mark.parametrize("order", ["add, both", "add, cycler", "cycler, add, optimizer"])
@pytest.mark.parametrize("name", [{}, {"name": "backbone"}])
def test_a_group_that_was_left_alone_stays_so_in_every_order(order, name):
    own = {"lr": 7e-3, **name}
    made = sgd()
    cycler = hc.attach(made, lr=LR)
    add_group(made, **own)
    with pytest.warns(UserWarning, match="left alone"):
        cycler.step()
    states = copy.deepcopy((made.state_dict(), cycler.state_dict()))
    other = sgd()
    resumed = hc.attach(other, lr=LR)

    def go_on():
        if order.startswith("cycler"):
            resumed.load_state_dict(states[1])
            add_group(other, **own)
            other.load_state_dict(states[0])
        else:
            add_group(other, **own)
            if "both" in order:
                other.load_state_dict(states[0])
            resumed.load_state_dict(states[1])
        resumed.step()

    with pytest.warns(UserWarning, match="left alone"):
        go_on()
    assert values_of(other, "lr") == [LR(2), 7e-3]
