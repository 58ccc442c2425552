"""Saving, loading and resuming."""

import copy
import io
import json
import linecache
import pickle
import warnings

import pytest
import strategies
import torch
from hypothesis import given, settings
from torch_models import LR, adamw, optimizer, sgd, snapshot, update, values_of, weights

import hypercycle as hc

PLAN = hc.Plan(
    lr=hc.Cycle(0.1, 0.5, 4, scale=hc.Exponential(0.99)),
    momentum=hc.Cycle(0.5, 0.9, 3, waveform=("hann", "welch"), inverted=True),
    weight_decay=hc.Chain(hc.Ramp(0.0, 0.1, 6), (0.05, 3), hc.Cycle(0.01, 0.1, 5)),
)
GROUPS = hc.Plan(lr=hc.Groups({0: LR, 1: None}), momentum=hc.Product(LR, 0.5))


def through_torch(state):
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


def through_json(state):
    return json.loads(json.dumps(state))


def through_pickle(state):
    return pickle.loads(pickle.dumps(state))


def plain(value):
    if isinstance(value, dict):
        return all(type(k) in (str, int) and plain(v) for k, v in value.items())
    if isinstance(value, list):
        return all(map(plain, value))
    return value is None or type(value) in (str, int, float, bool)


@pytest.mark.parametrize("travel", [through_torch, through_json, through_pickle, copy.deepcopy])
@pytest.mark.parametrize("plan", [PLAN, GROUPS], ids=["shared", "groups"])
@pytest.mark.parametrize("relative", [False, True])
def test_a_state_survives_any_journey(travel, plan, relative):
    made = sgd(2, momentum=0.9, weight_decay=0.1)
    cycler = hc.attach(made, plan, relative=relative)
    for _ in range(7):
        cycler.step()
    state = cycler.state_dict()
    other = sgd(2, momentum=0.9, weight_decay=0.1)
    resumed = hc.attach(other, plan, relative=relative)
    resumed.load_state_dict(travel(state))
    assert resumed.last_epoch == 7
    for _ in range(20):
        assert resumed.values == cycler.values
        assert other.state_dict()["param_groups"] == made.state_dict()["param_groups"]
        cycler.step()
        resumed.step()
    assert resumed.state_dict() == cycler.state_dict()


@settings(max_examples=50)
@given(strategies.schedules(of=strategies.short_lengths, bounds=strategies.positive_values))
def test_states_hold_plain_types_alone(schedule):
    made = sgd(2)
    for group in made.param_groups:
        group["own"] = 1.0
    cycler = hc.attach(made, own=hc.Groups({0: schedule, 1: None}))
    state = cycler.state_dict()
    assert plain(state)
    cycler.load_state_dict(through_torch(state))
    cycler.load_state_dict(through_json(state))


def test_states_are_small_and_new_every_time():
    cycler = hc.attach(sgd(100), PLAN, start_step=5000)
    for _ in range(300):
        cycler.step()
    state = cycler.state_dict()
    assert len(pickle.dumps(state)) < 2000
    assert plain(state)
    state["step"] = 99
    assert cycler.state_dict()["step"] == 5300


def test_an_assigned_step_is_saved_as_a_python_int():
    import numpy as np

    cycler = hc.attach(sgd(), lr=LR)
    cycler.last_epoch = np.int64(6)
    assert type(cycler.state_dict()["step"]) is int
    cycler.step()
    cycler.load_state_dict(through_torch(cycler.state_dict()))
    assert cycler.last_epoch == 7


def test_loading_changes_no_state_and_works_twice():
    made = sgd(2)
    cycler = hc.attach(made, lr=LR, relative=True)
    cycler.step()
    state = cycler.state_dict()
    kept = copy.deepcopy(state)
    for _ in range(2):
        resumed = hc.attach(sgd(2), lr=LR, relative=True)
        for _ in range(2):
            resumed.load_state_dict(state)
            for _ in range(3):
                resumed.step()
            assert resumed.values == {"lr": 0.1 * LR(4)}
    resumed.optimizer.add_param_group({"params": [torch.nn.Parameter(torch.ones(1))]})
    resumed.step()
    assert state == kept


def test_values_are_in_force_at_once():
    made = adamw(2)
    cycler = hc.attach(made, lr=LR, momentum=hc.Cycle(0.8, 0.9, 3))
    state = cycler.state_dict() | {"step": 123_456}
    cycler.load_state_dict(state)
    assert values_of(made, "lr") == [LR(123_456)] * 2
    assert values_of(made, "betas") == [(hc.Cycle(0.8, 0.9, 3)(123_456), 0.999)] * 2
    assert cycler.values["lr"] == LR(123_456) == cycler.get_last_lr()[0]
    cycler.step()
    assert values_of(made, "lr") == [LR(123_457)] * 2


def test_start_step_continues():
    for start in (1, 4095, 10**9 + 7):
        made = sgd(2)
        cycler = hc.attach(made, PLAN, start_step=start)
        assert cycler.last_epoch == start
        assert values_of(made, "lr") == [PLAN(start)["lr"]] * 2
        cycler.step()
        assert cycler.values == PLAN(start + 1)


CHECKPOINTED = ["optimizer first", "cycler first", "attached after"]


@pytest.mark.parametrize("order", CHECKPOINTED)
@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("advance", ["step", "optimizer"])
def test_a_resumed_run_is_the_uninterrupted_one(order, relative, advance):
    def start():
        made = optimizer(torch.optim.SGD, {"lr": 0.1}, {"lr": 0.3}, lr=1.0, momentum=0.9)
        groups = hc.Groups({0: LR, 1: hc.Cycle(0.2, 0.3, 3)})
        plan = hc.Plan(lr=groups, momentum=hc.Cycle(0.5, 0.9, 3))
        return made, lambda: hc.attach(made, plan, relative=relative, advance=advance)

    made, attach = start()
    cycler = attach()
    for step in range(13):
        update(made, step)
        cycler.step()
    saved = through_torch({"optimizer": made.state_dict(), "cycler": cycler.state_dict()})
    saved_weights = weights(made)
    for step in range(13, 30):
        update(made, step)
        cycler.step()

    again, attach = start()
    with torch.no_grad():
        for group, weight in zip(again.param_groups, saved_weights, strict=True):
            group["params"][0].copy_(weight)
    if order == "attached after":
        again.load_state_dict(saved["optimizer"])
        resumed = attach()
        resumed.load_state_dict(saved["cycler"])
    else:
        resumed = attach()
        if order == "optimizer first":
            again.load_state_dict(saved["optimizer"])
        resumed.load_state_dict(saved["cycler"])
        if order == "cycler first":
            again.load_state_dict(saved["optimizer"])
    for step in range(13, 30):
        update(again, step)
        resumed.step()
    assert all(map(torch.equal, weights(made), weights(again)))
    assert resumed.state_dict() == cycler.state_dict()


# Where the saved schedules are not the present ones.


def longer():
    """Return the state of a run of 100 steps, and a cycler for one of 200."""
    lr = hc.Cycle(0.1, 0.5, "30%", "20%")
    saved = hc.attach(sgd(), lr=lr, total_steps=100, start_step=40).state_dict()
    made = sgd()
    return saved, made, hc.attach(made, lr=lr, total_steps=200)


def test_another_schedule_is_an_error_that_lists_the_differences():
    saved, made, cycler = longer()
    before, state = snapshot(made), cycler.state_dict()
    with pytest.raises(
        ValueError,
        match=r"(?s)differ from the present ones:\n  lr.step_size_up: saved 30, present 60\n"
        r"  lr.step_size_down: saved 20, present 40\n.*on_mismatch='saved'.*'current'",
    ):
        cycler.load_state_dict(saved)
    assert (snapshot(made), cycler.state_dict()) == (before, state)


@pytest.mark.parametrize("where", ["attach", "load"])
def test_current_keeps_the_present_schedules_at_the_saved_step(where):
    saved, made, cycler = longer()
    options = {"on_mismatch": "current"}
    if where == "attach":
        plan = cycler.plan
        del cycler
        cycler = hc.attach(made, plan, **options)
        options = {}
    with pytest.warns(
        UserWarning, match="going on with the current schedules.*\n  lr.step_size_up"
    ):
        cycler.load_state_dict(saved, **options)
    assert values_of(made, "lr") == [hc.Cycle(0.1, 0.5, 60, 40)(40)]
    assert cycler.plan == hc.Plan(lr=hc.Cycle(0.1, 0.5, 60, 40))


def test_saved_takes_the_saved_schedules():
    saved, made, cycler = longer()
    with pytest.warns(UserWarning, match="going on with the saved schedules") as told:
        cycler.load_state_dict(saved, on_mismatch="saved")
    assert "cycler.load_state_dict(" in linecache.getline(told[0].filename, told[0].lineno)
    assert values_of(made, "lr") == [hc.Cycle(0.1, 0.5, 30, 20)(40)]
    cycler.step()
    assert values_of(made, "lr") == [hc.Cycle(0.1, 0.5, 30, 20)(41)]
    assert cycler.state_dict() == saved | {"step": 41, "run": cycler.state_dict()["run"]}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cycler.load_state_dict(saved)


def test_saved_schedules_of_any_kind_are_rebuilt():
    made = sgd(2)
    saved = hc.attach(made, GROUPS, start_step=5).state_dict()
    for travel in (through_torch, through_json):
        other = sgd(2)
        cycler = hc.attach(other, lr=0.1)
        with pytest.warns(UserWarning, match="momentum: saved {.*}, present '\\(not there\\)'"):
            cycler.load_state_dict(travel(saved), on_mismatch="saved")
        for step in range(5, 20):
            assert values_of(other, "lr") == [LR(step), 0.1]
            assert values_of(other, "momentum") == [GROUPS(step)["momentum"]] * 2
            cycler.step()


def test_saved_schedules_must_fit_this_optimizer():
    def refuse(made, saved, text):
        cycler = hc.attach(made, lr=0.1)
        before, state = snapshot(made), cycler.state_dict()
        with pytest.raises(ValueError, match=text), pytest.warns(UserWarning, match="differences"):
            cycler.load_state_dict(saved.state_dict(), on_mismatch="saved")
        assert (snapshot(made), cycler.state_dict()) == (before, state)

    refuse(sgd(), hc.attach(adamw(), beta1=0.5), "SGD has no hyperparameter 'beta1'")
    named = optimizer(torch.optim.SGD, {"name": "head"}, lr=0.1)
    refuse(sgd(), hc.attach(named, lr=hc.Groups({"head": LR})), "no parameter group 'head'")
    refuse(sgd(), hc.attach(sgd(2), lr=hc.Groups({0: LR, 1: LR})), "no parameter group '1'")
    refuse(sgd(3), hc.attach(sgd(2), lr=hc.Groups({0: LR, 1: LR})), "does not mention group 2")
    refuse(
        sgd(2), hc.attach(sgd(3), lr=LR, relative=True), "are of 3 parameter groups, but .* has 2"
    )
    split = optimizer(torch.optim.SGD, {}, {"weight_decay": 0.1}, lr=0.1)
    refuse(split, hc.attach(sgd(), weight_decay=0.1), "different values of weight_decay")
    own = hc.attach(sgd(), lr=lambda step: 0.1)
    refuse(sgd(), own, "kind 'function' cannot be rebuilt")


@pytest.mark.parametrize("choice", ["saved", "current"])
def test_relative_is_told_from_absolute(choice):
    relative = hc.attach(sgd(2, lr=0.2), lr=LR, relative=True)
    relative.step()
    made = sgd(2, lr=0.2)
    absolute = hc.attach(made, lr=LR)
    with pytest.raises(ValueError, match="the plan was saved as relative and is now absolute"):
        absolute.load_state_dict(relative.state_dict())
    with pytest.raises(ValueError, match="the plan was saved as absolute and is now relative"):
        relative.load_state_dict(absolute.state_dict())
    with pytest.warns(UserWarning, match="relative"):
        absolute.load_state_dict(relative.state_dict(), on_mismatch=choice)
    factor = 0.2 if choice == "saved" else 1.0
    assert values_of(made, "lr") == [factor * LR(1)] * 2
    absolute.step()
    assert values_of(made, "lr") == [factor * LR(2)] * 2


def test_relative_resume_multiplies_the_very_first_values():
    made = sgd(2, lr=0.2)
    cycler = hc.attach(made, lr=LR, relative=True)
    cycler.step()
    # The optimizer brings the driven values; only the cycler's state knows the first ones.
    again = sgd(2, lr=0.2)
    again.load_state_dict(made.state_dict())
    resumed = hc.attach(again, lr=LR, relative=True)
    resumed.load_state_dict(cycler.state_dict())
    assert values_of(again, "lr") == [0.2 * LR(1)] * 2


def test_current_relative_schedules_keep_the_saved_first_values():
    saved = hc.attach(sgd(1, lr=0.2), lr=LR, relative=True).state_dict()
    made = sgd(1, lr=0.7, momentum=0.5)
    other = hc.Cycle(0.5, 0.6, 2)
    cycler = hc.attach(made, lr=other, momentum=LR, relative=True)
    with pytest.warns(UserWarning, match="going on with the current"):
        cycler.load_state_dict(saved | {"step": 3}, on_mismatch="current")
    assert values_of(made, "lr") == [0.2 * other(3)]


# What is not a state.


def foreign():
    cycler = hc.attach(sgd(), lr=LR)
    state = cycler.state_dict()
    relative = hc.attach(sgd(), lr=LR, relative=True).state_dict()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cyclic = torch.optim.lr_scheduler.CyclicLR(sgd(momentum=0.9), 0.1, 0.5)
    expected = "not a hypercycle cycler state"
    initial = "saved initial values must be None or a list of numbers for each name"
    return {
        "None": (None, expected),
        "list": ([], expected),
        "empty": ({}, expected),
        "CyclicLR": (cyclic.state_dict(), expected),
        "optimizer": (sgd().state_dict(), expected),
        "one key more": (state | {"more": 1}, expected),
        "another version": (
            state | {"version": 3},
            "has version 3, this hypercycle reads versions 1 and 2",
        ),
        "negative": (state | {"step": -1}, "the saved step must be at least 0"),
        "fraction": (state | {"step": 0.5}, "the saved step must be a whole number"),
        "text": (state | {"step": "5"}, "the saved step must be a whole number"),
        "no plan": (state | {"plan": None}, "saved plan must be the description"),
        "empty plan": (state | {"plan": {}}, "saved plan must be the description"),
        "initial": (relative | {"initial": 5}, initial),
        "no initial": (relative | {"initial": {}}, initial),
        "initial of others": (relative | {"initial": {"momentum": [0.1]}}, initial),
        "no list": (relative | {"initial": {"lr": 0.1}}, initial),
        "words": (relative | {"initial": {"lr": ["0.1"]}}, initial),
        "not finite": (relative | {"initial": {"lr": [float("nan")]}}, initial),
        "more groups": (
            relative | {"initial": {"lr": [0.1, 0.1]}},
            "initial values of lr are of 2 parameter groups, but the optimizer has 1",
        ),
        "word": (state | {"plan": {"lr": "wave"}}, "differ from the present|describes a schedule"),
        "kind": (state | {"plan": {"lr": {"kind": "x"}}}, "differ from|cannot be rebuilt"),
        "number": (state | {"plan": 5}, "saved plan must be the description"),
    }


@pytest.mark.parametrize("on_mismatch", ["error", "saved"])
@pytest.mark.parametrize("name", foreign())
def test_what_is_no_state_is_refused_and_nothing_is_changed(name, on_mismatch):
    state, text = foreign()[name]
    made = sgd()
    relative = isinstance(state, dict) and state.get("initial") is not None
    cycler = hc.attach(made, lr=LR, relative=relative)
    cycler.step()
    before, own = snapshot(made), cycler.state_dict()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises((ValueError, TypeError), match=text):
            cycler.load_state_dict(state, on_mismatch=on_mismatch)
    assert (snapshot(made), cycler.state_dict()) == (before, own)
    cycler.step()
    assert cycler.last_epoch == 2


def test_an_unknown_word_for_on_mismatch_is_refused():
    cycler = hc.attach(sgd(), lr=LR)
    state = cycler.state_dict()
    for word in ("", "newest", "Saved"):
        with pytest.raises(ValueError, match="on_mismatch must be 'error', 'saved', 'current' or"):
            cycler.load_state_dict(state, on_mismatch=word)


def test_a_step_whose_value_cannot_be_had_is_refused():
    made = sgd()
    growing = hc.Cycle(0.1, 0.5, 4, scale=hc.Exponential(2.0))
    cycler = hc.attach(made, lr=growing)
    before, state = snapshot(made), cycler.state_dict()
    with pytest.raises(OverflowError, match="gives nan at step=5001; a scale that grows"):
        cycler.load_state_dict(state | {"step": 5001})
    assert (snapshot(made), cycler.state_dict()) == (before, state)


def test_functions_are_compared_by_their_names():
    cycler = hc.attach(sgd(), lr=strategies.every_third)
    state = through_torch(cycler.state_dict())
    assert state["plan"] == '{"lr": {"kind": "function", "function": "strategies:every_third"}}'
    cycler.load_state_dict(state)
    with pytest.raises(ValueError, match=r"lr.function: saved 'strategies:every_third', present"):
        hc.attach(sgd(), lr=plain_function).load_state_dict(state)


def plain_function(step):
    return 0.1


def test_a_state_of_the_other_way_to_advance_is_taken():
    made = sgd()
    following = hc.attach(made, lr=LR, advance="optimizer")
    stepped = hc.attach(sgd(), lr=LR)
    for _ in range(5):
        stepped.step()
    following.load_state_dict(stepped.state_dict())
    assert values_of(made, "lr") == [LR(5)]
    update(made)
    assert values_of(made, "lr") == [LR(6)]
