"""What all cyclers share, shown with plain objects: steps, events, the state."""

import copy
import pickle
import re
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import strategies
import torch
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch_models import sgd, update

import hypercycle as hc

P = hc.Cycle(0.1, 0.5, 4)

NESTED: object = 1
for _ in range(3_000):
    NESTED = {"kind": "product", "factors": [1, NESTED]}


class Layer:
    def __init__(self):
        self.p = 0.5


def test_moving_by_hand_and_on_from_there():
    target = SimpleNamespace(p=0.0)
    cycler = hc.attach(target, p=P)
    cycler.last_epoch = 10**6
    cycler.step()
    assert target.p == P(10**6 + 1)
    cycler.last_epoch = 2
    assert cycler.values == {"p": P(2)}
    cycler.step()
    assert target.p == P(3)


def test_more_steps_than_a_block_holds():
    target = SimpleNamespace(p=0.0)
    cycler = hc.attach(target, p=hc.Cycle(0.1, 0.5, 700, waveform="hann"))
    seen = []
    for _ in range(2100):
        seen.append(target.p)
        cycler.step()
    assert seen == cycler.plan["p"](np.arange(2100)).tolist()


def test_a_user_s_function_is_asked_at_its_step_only():
    target, asked = SimpleNamespace(p=0.0), []
    cycler = hc.attach(target, p=lambda step: asked.append(step) or float(step))
    assert set(asked) == {0}
    cycler.step()
    assert set(asked) == {0, 1}
    assert target.p == 1.0


def test_a_value_that_overflows_is_an_error_of_its_step():
    target = SimpleNamespace(p=0.0)
    cycler = hc.attach(target, p=hc.Cycle(0, 1, 1, 0, scale=hc.Exponential(2.0)), start_step=1022)
    cycler.step()
    for _ in range(2):
        with pytest.raises(OverflowError, match="at step=1024; a scale that grows"):
            cycler.step()
    assert cycler.last_epoch == 1023


def test_events_are_told_after_the_values_are_in_force():
    target, told = SimpleNamespace(p=0.0, lr=0.0), []

    def on_event(name, cycle, step):
        told.append((name, cycle, step, target.p))

    other = hc.sgdr(0, 1, 3)
    cycler = hc.attach(target, lr=P, p=other, on_event=on_event)
    assert told == []
    for _ in range(12):
        cycler.step()
    assert told == [
        ("peak", 0, 4, other(4)), ("cycle_end", 0, 8, other(8)), ("peak", 1, 12, other(12))
    ]  # fmt: skip
    told.clear()
    del cycler
    cycler = hc.attach(target, lr=P, p=other, on_event=on_event, events_of="p", start_step=2)
    cycler.step()
    assert told == [("cycle_end", 0, 3, 1.0), ("peak", 1, 3, 1.0)]
    del cycler
    again = copy.deepcopy(hc.attach(target, p=P, on_event=SaveEvents(), events_of=other))
    for _ in range(3):
        again.step()
    assert again._options.on_event.told == [("cycle_end", 0, 3), ("peak", 1, 3)]


def test_marks_are_told_in_order_with_other_events():
    target, told = SimpleNamespace(p=0.0, lr=0.0), []
    plan = hc.Plan(lr=hc.Cycle(0.0, 1.0, 5), p=hc.Ramp(0.0, 1.0, 5))
    marks = {"sample": 0.9, "middle": 0.5, "start": 0}

    def on_event(*event):
        told.append(event)

    cycler = hc.attach(target, plan, on_event=on_event, marks=marks)
    for _ in range(10):
        cycler.step()
    names = [("middle", 0, 5), ("peak", 0, 5), ("sample", 0, 9), ("cycle_end", 0, 10)]
    assert told == [*names, ("start", 1, 10)]
    told.clear()
    both = hc.attach(
        [SimpleNamespace(lr=0.0), SimpleNamespace(lr=0.0)],
        lr=plan["lr"],
        on_event=on_event,
        marks=marks,
    )
    both.load_state_dict({label: dict(both.state_dict()[label], step=8) for label in ("0", "1")})
    both.step()
    assert told == [("sample", 0, 9)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"marks": {"sample": 0.9}}, "marks are told through on_event: give attach() both"),
        (
            {"marks": {"sample": 1}, "on_event": print},
            "the mark 'sample' must be in [0, 1), a part",
        ),
        ({"marks": {"a": 0}, "on_event": print, "events_of": "q"}, "parts of a cycle, and Ramp("),
    ],
)
def test_marks_that_nobody_would_be_told_of_are_refused(arguments, message):
    target = SimpleNamespace(p=0.0, q=0.0)
    with pytest.raises(ValueError) as caught:  # noqa: PT011  (below)
        hc.attach(target, p=P, q=hc.Ramp(0.0, 1.0, 3), **({"events_of": "p"} | arguments))
    assert message in str(caught.value)
    assert target.p == 0.0


class SaveEvents:
    def __init__(self):
        self.told = []

    def __call__(self, *event):
        self.told.append(event)


def test_state_is_plain_and_brings_back_the_step():
    target = SimpleNamespace(p=0.0)
    cycler = hc.attach(target, p=P, start_step=3)
    state = cycler.state_dict()
    assert state == {
        "version": 2,
        "step": 3,
        "plan": '{"p": {"kind": "cycle", "low": 0.1, "high": 0.5, "step_size_up": 4}}',
        "initial": "null",
        "run": '{"total_steps": null, "steps_per_epoch": null}',
    }
    kept = copy.deepcopy(state)
    other = SimpleNamespace(p=0.0)
    again = hc.attach(other, p=P)
    for _ in range(2):  # a second time too: nothing is popped from it
        again.load_state_dict(state)
        assert (again.last_epoch, other.p) == (3, P(3))
        again.step()
        assert other.p == P(4)
    assert state == kept


def test_the_state_of_a_relative_plan_keeps_the_initial_values():
    target = SimpleNamespace(p=0.5)
    cycler = hc.attach(target, p=P, relative=True)
    cycler.step()
    state = cycler.state_dict()
    assert state["initial"] == '{"p": [0.5]}'
    other = SimpleNamespace(p=8.0)
    again = hc.attach(other, p=P, relative=True)
    again.load_state_dict(state)
    assert other.p == target.p == 0.5 * P(1)


def test_a_mismatch_is_an_error_or_a_choice_with_a_warning():
    changed = hc.Cycle(0.1, 0.9, 4)
    state = hc.attach(SimpleNamespace(p=0.0), p=P, start_step=4).state_dict()
    target = SimpleNamespace(p=0.0)
    cycler = hc.attach(target, p=changed)
    told = (
        "the saved schedules differ from the present ones:\n  p.high: saved 0.5, present 0.9\nPass"
    )
    with pytest.raises(ValueError, match=re.escape(told)):
        cycler.load_state_dict(state)
    assert (target.p, cycler.last_epoch) == (0.1, 0)
    with pytest.warns(
        UserWarning, match="going on with the current schedules; the differences are"
    ):
        cycler.load_state_dict(state, on_mismatch="current")
    assert (target.p, cycler.last_epoch, cycler.plan) == (0.9, 4, hc.Plan(p=changed))
    with pytest.warns(
        UserWarning, match=r"going on with the saved schedules; .*\n  p\.high: saved"
    ):
        cycler.load_state_dict(state, on_mismatch="saved")
    assert (target.p, cycler.plan) == (0.5, hc.Plan(p=P))
    with warnings.catch_warnings(record=True) as none:
        warnings.simplefilter("always")
        cycler.load_state_dict(state)
    assert none == []
    del cycler
    lenient = hc.attach(target, p=changed, on_mismatch="saved")
    with pytest.warns(UserWarning, match="saved 0.5, present 0.9"):
        lenient.load_state_dict(state)
    assert lenient.plan == hc.Plan(p=P)


def test_relative_and_absolute_do_not_match():
    state = hc.attach(SimpleNamespace(p=0.5), p=P, relative=True).state_dict()
    target = SimpleNamespace(p=0.25)
    cycler = hc.attach(target, p=P)
    message = "the plan was saved as relative and is now absolute"
    with pytest.raises(ValueError, match=message):
        cycler.load_state_dict(state)
    with pytest.warns(UserWarning, match=message):
        cycler.load_state_dict(state, on_mismatch="current")
    assert target.p == 0.1
    with pytest.warns(UserWarning, match=message):
        cycler.load_state_dict(state, on_mismatch="saved")
    assert target.p == 0.05


def test_a_user_s_function_can_be_kept_but_not_brought_back():
    target = SimpleNamespace(p=0.0)
    cycler = hc.attach(target, p=strategies.every_third, start_step=2)
    cycler.load_state_dict(cycler.state_dict())
    assert target.p == 0.5
    state = cycler.state_dict()
    del cycler
    other = hc.attach(target, p=P)
    with (
        pytest.warns(UserWarning, match="going on with the saved"),
        pytest.raises(ValueError, match="p: a schedule of kind 'function' cannot be rebuilt"),
    ):
        other.load_state_dict(state, on_mismatch="saved")
    assert (target.p, other.plan) == (0.1, hc.Plan(p=P))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"version": 3},
            "the state has version 3, this hypercycle reads versions 1 and 2: use the ",
        ),
        ({"step": -1}, "the saved step must be at least 0, got the saved step=-1"),
        ({"step": 1.5}, "the saved step must be a whole number"),
        ({"plan": {}}, "the saved plan must be the description of a plan, got {}"),
        ({"plan": 3}, "the saved plan must be the description of a plan, got 3"),
        ({"version": [2]}, "the state has version [2], this hypercycle reads versions 1 and 2"),
        ({"step": "3"}, "the saved step must be a whole number, got '3'"),
        ({"step": True}, "the saved step must be a whole number, got True"),
        ({"step": 10**400}, "the saved step must be at most 2**53"),
        ({"step": np.array(3)}, "numbers and None, got array(3) (ndarray)"),
        ({"plan": {"p": {"low": {b"x"}}}}, "lists, texts, numbers and None, got {b'x'} (set)"),
        ({"plan": {1: 0.5}}, "the saved plan must be the description of a plan, got {1: 0.5}"),
        ({"plan": {"p": {"kind": "groups", "groups": [1]}}}, "p.groups: saved [1], present"),
        ({"plan": {"p": None}}, "p: saved None, present"),
        ({"initial": {"p": [10**400]}}, "must be None or a list of numbers for each name"),
        (
            {"step": NESTED},
            "the saved step must be a whole number, got {'factors': [1, {'factors': ",
        ),
        ({"version": NESTED}, "the state has version {'factors': [1, {'factors': "),
        ({"plan": NESTED}, "are nested too deeply to be compared"),
        ({"plan": {"p": NESTED}}, "are nested too deeply to be compared"),
        ({"initial": {"p": [NESTED]}}, "must be None or a list of numbers for each name"),
        ({"extra": 1}, "not a hypercycle cycler state: expected the keys ['initial', "),
    ],
)
def test_what_is_no_state_is_refused_and_changes_nothing(change, message):
    target = SimpleNamespace(p=0.0)
    cycler = hc.attach(target, p=P, start_step=2)
    state = {**cycler.state_dict(), **change}
    with pytest.raises(ValueError, match=re.escape(message)):
        cycler.load_state_dict(state)
    with pytest.raises(ValueError, match=r"not a hypercycle cycler state: .* got list"):
        cycler.load_state_dict([state])
    assert (target.p, cycler.last_epoch) == (P(2), 2)


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({1: 0.5}, "the saved plan must be the description of a plan"),
        ({"p": None}, "p: must be a table that describes a schedule"),
        ({"p": {"kind": ["x"]}}, "p: a schedule of kind "),
        ({"p": NESTED}, "nested too deeply"),
        ({"p": {"kind": "groups", "groups": [1]}}, "p.groups: must be a table of groups"),
        ({"q": 0.5}, "SimpleNamespace has no attribute 'q'"),
        ({"name": 0.5}, "do not fit the target: name of SimpleNamespace must be a number"),
    ],
)
@pytest.mark.filterwarnings("ignore:going on with the saved schedules")
def test_a_saved_plan_that_cannot_be_taken_changes_nothing(plan, message):
    target = SimpleNamespace(p=0.0, name="x")
    cycler = hc.attach(target, p=P, start_step=2)
    state = {**cycler.state_dict(), "plan": plan}
    with pytest.raises(ValueError, match=re.escape(message)):
        cycler.load_state_dict(state, on_mismatch="saved")
    assert (vars(target), cycler.last_epoch) == ({"p": P(2), "name": "x"}, 2)
    assert cycler.plan == hc.Plan(p=P)


@pytest.mark.parametrize("copied", [lambda c: pickle.loads(pickle.dumps(c)), copy.deepcopy])
def test_a_copy_goes_on_by_itself(copied):
    cycler = hc.attach(Layer(), p=P, start_step=3)
    again = copied(cycler)
    again.step()
    assert (again.last_epoch, again.target.p, again.values) == (4, 0.5, {"p": 0.5})
    assert (cycler.last_epoch, cycler.target.p) == (3, P(3))
    assert repr(again) == "ObjectCycler(step=4, Plan(p=Cycle(0.1, 0.5, 4)))"
    cycler.load_state_dict(again.state_dict())
    assert cycler.target.p == 0.5


def epochs(steps_per_epoch, high=0.5, **options):
    target = SimpleNamespace(p=0.0)
    plan = hc.Cycle(0.1, high, "4ep")
    return target, hc.attach(target, p=plan, steps_per_epoch=steps_per_epoch, **options)


@pytest.mark.parametrize("where", ["attach", "load"])
def test_a_run_with_other_epochs_goes_on_at_the_same_place(where):
    _, saved = epochs(10, start_step=30)
    options = {"on_mismatch": "rescale"}
    target, cycler = epochs(20, **(options if where == "attach" else {}))
    with pytest.warns(UserWarning, match=r"at step 60, for the saved one 30; .*\n  p.step_size_up"):
        cycler.load_state_dict(saved.state_dict(), **({} if where == "attach" else options))
    assert (cycler.last_epoch, target.p) == (60, saved.values["p"])
    cycler.load_state_dict(cycler.state_dict())
    assert cycler.last_epoch == 60


def test_rescaling_is_for_lengths_alone():
    _, saved = epochs(10, start_step=30)
    target, cycler = epochs(20, high=0.6)
    with pytest.raises(ValueError, match=r"differ from the present.*\n.*p.high.*\n.*p.step_size"):
        cycler.load_state_dict(saved.state_dict(), on_mismatch="rescale")
    other = hc.attach(SimpleNamespace(p=0.0), p=hc.Cycle(0.1, 0.5, 80))
    with pytest.raises(ValueError, match="nothing tells how the number of steps has changed"):
        other.load_state_dict(saved.state_dict(), on_mismatch="rescale")
    assert (cycler.last_epoch, other.last_epoch, target.p) == (0, 0, 0.1)


# Letting go.


@pytest.mark.parametrize("restore", [False, True])
@pytest.mark.parametrize("kind", ["an object", "groups", "tensors", "optimizer"])
def test_a_detached_cycler_lets_go(kind, restore):
    target = {
        "an object": lambda: SimpleNamespace(lr=1.5),
        "groups": lambda: sgd(2, lr=0.3),
        "tensors": lambda: sgd(2, lr=torch.tensor(0.3)),
        "optimizer": lambda: sgd(lr=0.3),
    }[kind]()
    holders = getattr(target, "param_groups", None) or [vars(target)]
    before = [(one["lr"], float(one["lr"])) for one in holders]
    options = {"advance": "optimizer"} if kind == "optimizer" else {}
    cycler = hc.attach(target, lr=P, **options)
    assert not cycler.detached
    for _ in range(3):
        update(target) if kind == "optimizer" else cycler.step()
    cycler.detach(restore=restore)
    assert cycler.detached
    if restore:
        assert [(one["lr"], float(one["lr"])) for one in holders] == before
        assert all(one["lr"] is rate for one, (rate, _) in zip(holders, before, strict=True))
    else:
        assert [float(one["lr"]) for one in holders] == pytest.approx([P(3)] * len(holders))
    for one in holders:
        one["lr"] = 0.77
    for _ in range(10):
        cycler.step()
    again = pickle.loads(pickle.dumps(cycler)) if kind != "an object" else copy.copy(cycler)
    again.step()
    assert [one["lr"] for one in holders] == [0.77] * len(holders)
    assert (cycler.last_epoch, cycler.values) == (3, {"lr": P(3)})
    hc.attach(target, lr=P)  # which tells of no other cycler
    with pytest.raises(RuntimeError, match="a copy of a cycler does not know the values from"):
        copy.deepcopy(hc.attach(SimpleNamespace(lr=1.5), lr=P)).detach(restore=True)


WARM_UP = hc.Plan(lr=hc.Ramp(0.01, 0.1, 5), momentum=0.8)


def warming_up(advance, **options):
    """Return an optimizer with a warm-up that lets go, and the plateau that takes over."""
    made = sgd(2, lr=0.3, momentum=0.9)
    cycler = hc.attach(made, WARM_UP, advance=advance, at_end="detach", **options)
    return made, cycler, ReduceLROnPlateau(made, factor=0.5, patience=0)


def go_on(made, cycler, plateau, steps):
    """Return the rate of each update; from the end of the warm-up on nothing gets better."""
    rates = []
    for _ in range(steps):
        rates.append(made.param_groups[1]["lr"])
        update(made)
        cycler.step()
        if cycler.detached:
            plateau.step(1.0)
    return rates


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("advance", ["step", "optimizer"])
def test_a_plan_that_has_ended_lets_go_where_told(advance):
    expected = [WARM_UP(step)["lr"] for step in range(6)] + [0.05, 0.025, 0.0125]
    made, cycler, plateau = warming_up(advance)
    states = []
    rates = []
    for steps in (3, 5, 1):  # saved in the warm-up, and behind it
        rates += go_on(made, cycler, plateau, steps)
        parts = made, cycler, plateau
        states.append(copy.deepcopy([one.state_dict() for one in parts]))
    assert rates == expected
    assert (cycler.last_epoch, cycler.detached) == (5, True)
    for saved, done in ((states[0], 3), (states[1], 8)):
        parts = warming_up(advance)
        for part, state in zip(parts, saved, strict=True):
            part.load_state_dict(state)
        assert parts[1].detached == (done > 5)
        assert go_on(*parts, 9 - done) == expected[done:]
    # Back to the warm-up with what has let go, and on from there.
    for part, state in zip((made, cycler, plateau), states[0], strict=True):
        part.load_state_dict(state)
    assert not cycler.detached
    assert go_on(made, cycler, plateau, 6) == expected[3:]
    copied = pickle.loads(pickle.dumps(cycler))
    assert (copied.detached, copied.values) == (True, {"lr": 0.1, "momentum": 0.8})


def test_letting_go_at_the_end_tells_all_events_before():
    target, told = SimpleNamespace(p=0.0), []

    def on_event(*event):
        told.append((*event, target.p))

    wave = hc.Cycle(0.1, 0.5, 2, cycles=1)
    cycler = hc.attach(target, p=wave, at_end="detach", on_event=on_event)
    for _ in range(7):
        cycler.step()
    assert told == [("peak", 0, 2, 0.5), ("cycle_end", 0, 4, 0.1)]
    assert (cycler.last_epoch, cycler.detached) == (4, True)
    started_behind = hc.attach(SimpleNamespace(p=0.0), p=wave, at_end="detach", start_step=9)
    assert (started_behind.detached, started_behind.target.p) == (True, 0.1)


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({"lr": P}, "needs schedules that end, and that of lr goes on for ever: say how long, as"),
        ({"lr": hc.Groups({0: None, 1: P})}, "and that of lr goes on for ever"),
        ({"lr": 0.1}, "needs a schedule that ends, and the plan has constants"),
    ],
)
def test_letting_go_at_the_end_needs_one(plan, message):
    made = sgd(2, lr=0.3)
    with pytest.raises(ValueError, match=message):
        hc.attach(made, plan, at_end="detach")
    assert made.param_groups[0]["lr"] == 0.3
