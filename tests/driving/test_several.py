"""Several targets and one plan: two optimizers, an optimizer and a loss."""

from types import SimpleNamespace

import keras
import pytest
from torch_models import LR, adamw, sgd, update, values_of

import hypercycle as hc

PLAN = hc.Plan(lr=LR, momentum=LR.opposite(0.85, 0.95))
BETA = hc.Cycle(0.0, 1.0, 3)


def both(**options):
    targets = {"optimizer": sgd(2), "loss": SimpleNamespace(beta=0.5)}
    plan = {"lr": LR, "optimizer.momentum": 0.9, "loss.beta": BETA}
    return targets, hc.attach(targets, plan, **options)


def test_one_plan_drives_two_optimizers():
    muon, adam = sgd(2), adamw()
    cycler = hc.attach([muon, adam], PLAN)
    for step in range(7):
        assert values_of(muon, "lr") == [LR(step)] * 2
        assert values_of(muon, "momentum") == [PLAN["momentum"](step)] * 2
        assert values_of(adam, "lr") == [LR(step)]
        assert values_of(adam, "betas") == [(PLAN["momentum"](step), 0.999)]
        assert cycler.values == {"0": PLAN(step), "1": PLAN(step)}
        assert cycler.plan_step == cycler.last_epoch == step
        cycler.step()
    assert cycler.plan == PLAN


def test_followers_count_their_own_steps():
    muon, adam = sgd(), adamw()
    cycler = hc.attach((muon, adam), lr=LR, advance="optimizer")
    update(muon)
    update(muon)
    update(adam)
    assert [one.plan_step for one in cycler] == [2, 1]


def test_names_with_a_dot_belong_to_their_target():
    targets, cycler = both()
    for step in range(9):
        assert values_of(targets["optimizer"], "lr") == [LR(step)] * 2
        assert values_of(targets["optimizer"], "momentum") == [0.9] * 2
        assert targets["loss"].beta == BETA(step)
        cycler.step()
    assert cycler.values["loss"] == {"beta": BETA(9)}


def test_options_reach_the_targets():
    heard = []
    targets, cycler = both(
        start_step=3,
        relative=["lr", "loss.beta"],
        on_event=lambda *event: heard.append(event),
        events_of="loss.beta",
    )
    assert values_of(targets["optimizer"], "lr") == [0.1 * LR(3)] * 2
    assert values_of(targets["optimizer"], "momentum") == [0.9] * 2
    assert targets["loss"].beta == 0.5 * BETA(3)
    for _ in range(6):
        cycler.step()
    assert [(name, step) for name, _, step in heard] == [("cycle_end", 6), ("peak", 9)]
    heard.clear()
    _, cycler = both(on_event=lambda *event: heard.append(event))
    for _ in range(5):
        cycler.step()
    assert [(name, step) for name, _, step in heard] == [("peak", 4)]


def test_one_state_goes_on_or_changes_nothing():
    _, saved = both()
    for _ in range(5):
        saved.step()
    targets, cycler = both()
    cycler.load_state_dict(saved.state_dict())
    assert (cycler.plan_step, targets["loss"].beta) == (5, BETA(5))
    state = saved.state_dict()
    other = hc.attach(SimpleNamespace(beta=0.5), beta=0.3).state_dict()
    before = cycler.state_dict()
    with pytest.raises(ValueError, match="differ from the present ones"):
        cycler.load_state_dict(
            state | {"optimizer": saved.state_dict()["optimizer"], "loss": other}
        )
    with pytest.raises(ValueError, match=r"states of the targets optimizer, loss, got \['loss'\]"):
        cycler.load_state_dict({"loss": state["loss"]})
    assert cycler.state_dict() == before
    with pytest.warns(UserWarning, match="going on with the current schedules"):
        cycler.load_state_dict(state | {"loss": other}, on_mismatch="current")


def test_all_are_let_go():
    targets, cycler = both()
    cycler.step()
    cycler.detach(restore=True)
    cycler.step()
    assert (values_of(targets["optimizer"], "lr"), targets["loss"].beta) == ([0.1, 0.1], 0.5)
    assert repr(cycler).startswith("Several(step=1, optimizer, loss: Plan(")


@pytest.mark.parametrize(
    ("plan", "error", "message"),
    [
        ({"lr": LR, "los.beta": 0.1}, ValueError, "'los.beta' belongs to none of the targets: na"),
        ({"lr": LR}, ValueError, "the plan drives nothing of loss: leave it out"),
        ({"lr": LR, "loss.gamma": 0.1}, ValueError, "SimpleNamespace has no attribute 'gamma'"),
        ({"loss.beta": 0.1, "rate": LR}, ValueError, "SGD has no hyperparameter 'rate'"),
    ],
)
def test_what_is_refused_changes_nothing(plan, error, message):
    targets = {"optimizer": sgd(2), "loss": SimpleNamespace(beta=0.5)}
    with pytest.raises(error, match=message):
        hc.attach(targets, plan)
    assert (values_of(targets["optimizer"], "lr"), targets["loss"].beta) == ([0.1, 0.1], 0.5)
    hc.attach(targets, {"lr": LR, "loss.beta": 0.2})  # nobody else drives them


def test_what_is_not_stepped_is_attached_to_alone():
    made = sgd()
    with pytest.raises(TypeError, match="a SGD is not driven step by step, so it cannot be one of"):
        hc.attach([made, keras.optimizers.SGD()], lr=LR)
    assert values_of(made, "lr") == [0.1]
