"""on_event and observers: what is told, when, and which values have taken effect by then."""

import pytest
import reference
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_models import LR, sgd, update, values_of

import hypercycle as hc

CYCLES = strategies.cycles(
    of=strategies.short_lengths, bounds=st.floats(0.01, 0.9), scale=st.just("constant")
)
BOTH = pytest.mark.parametrize("advance", ["step", "optimizer"])


class Listener:
    """Notes events with the value that has taken effect when they come."""

    def __init__(self, made):
        self.made, self.heard, self.in_force = made, [], []

    def __call__(self, name, cycle, step):
        self.heard.append((name, cycle, step))
        self.in_force.append(self.made.param_groups[0]["lr"])


@settings(max_examples=80)
@given(CYCLES, st.integers(0, 60), st.sampled_from(["step", "optimizer"]))
def test_events_are_those_of_an_exact_walk(cycle, start, advance):
    made = sgd()
    listener = Listener(made)
    cycler = hc.attach(
        made, lr=cycle, momentum=0.5, on_event=listener, start_step=start, advance=advance
    )
    for _ in range(60):
        update(made)
        cycler.step()
    expected = [
        event for step in range(start + 1, start + 61) for event in reference.events(cycle, step)
    ]
    assert listener.heard == expected
    assert listener.in_force == [cycle(step) for _, _, step in expected]


@settings(max_examples=60)
@given(strategies.schedules(of=strategies.short_lengths, bounds=st.floats(0.01, 0.9)))
def test_events_of_any_schedule_are_told_once(schedule):
    made = sgd()
    listener = Listener(made)
    cycler = hc.attach(made, momentum=0.5, lr=0.1, on_event=listener, events_of=schedule)
    for _ in range(40):
        cycler.step()
    assert listener.heard == [tuple(e) for s in range(1, 41) for e in hc.Plan(x=schedule).events(s)]


@given(CYCLES, st.lists(st.integers(0, 200), min_size=1, max_size=10))
@settings(max_examples=60)
def test_events_follow_the_step_wherever_it_goes(cycle, jumps):
    made = sgd()
    listener = Listener(made)
    cycler = hc.attach(made, lr=cycle, on_event=listener)
    expected = []
    for number, jump in enumerate(jumps):
        if number % 2:
            cycler.last_epoch = jump
        else:
            cycler.load_state_dict(cycler.state_dict() | {"step": jump})
        for step in range(jump + 1, jump + 8):
            cycler.step()
            expected += reference.events(cycle, step)
    assert listener.heard == expected
    assert listener.in_force == [cycle(step) for _, _, step in expected]


@BOTH
def test_attaching_and_loading_tell_no_events(advance):
    made = sgd()
    listener = Listener(made)
    cycler = hc.attach(made, lr=LR, on_event=listener, start_step=4, advance=advance)
    cycler.load_state_dict(cycler.state_dict() | {"step": 8})
    assert listener.heard == []
    update(made)
    cycler.step()
    assert listener.heard == []


def test_events_are_of_the_learning_rate_or_of_the_only_schedule_or_of_what_is_said():
    def heard(plan, of=None):
        made = sgd()
        listener = Listener(made)
        cycler = hc.attach(made, plan, on_event=listener, events_of=of)
        for _ in range(8):
            cycler.step()
        return listener.heard

    short = hc.Cycle(0.5, 0.9, 1)
    assert heard({"lr": LR, "momentum": short}) == [("peak", 0, 4), ("cycle_end", 0, 8)]
    assert heard({"momentum": LR}) == heard({"lr": LR})
    assert len(heard({"lr": LR, "momentum": short}, "momentum")) == 8
    assert len(heard({"lr": LR}, short)) == 8
    assert heard({"lr": 0.1}) == []


def test_whose_events_must_be_clear():
    with pytest.raises(ValueError, match=r"events follow the plan's 'lr', which is not among"):
        hc.attach(sgd(), momentum=0.5, weight_decay=0.1, on_event=print)
    with pytest.raises(ValueError, match=r"has one schedule per group.* ambiguous"):
        hc.attach(sgd(), lr=hc.Groups({0: LR}), on_event=print)
    with pytest.raises(TypeError, match="on_event must be a function"):
        hc.attach(sgd(), lr=LR, on_event="print")


def test_an_error_in_on_event_leaves_the_step_made():
    made = sgd()

    def on_event(name, cycle, step):
        raise RuntimeError(name)

    cycler = hc.attach(made, lr=hc.Cycle(0.1, 0.5, 1), on_event=on_event)
    with pytest.raises(RuntimeError, match="peak"):
        cycler.step()
    assert (cycler.last_epoch, values_of(made, "lr")) == (1, [0.5])
    with pytest.raises(RuntimeError, match="cycle_end"):
        cycler.step()
    assert (cycler.last_epoch, values_of(made, "lr")) == (2, [0.1])


def test_weights_may_be_kept_at_the_end_of_cycles():
    made = sgd()
    snapshots = []

    def on_event(name, cycle, step):
        if name == "cycle_end":
            snapshots.append(made.state_dict()["param_groups"][0]["lr"])
            cycler.load_state_dict(cycler.state_dict())

    cycler = hc.attach(made, lr=LR, on_event=on_event)
    for _ in range(24):
        cycler.step()
    assert snapshots == [0.1] * 3
    assert cycler.last_epoch == 24


class Observer:
    def __init__(self):
        self.seen = []

    @hc.hookimpl
    def hypercycle_step(self, step, values, target):
        self.seen.append((step, values, target, values_of(target, "lr")))


@pytest.fixture
def observer():
    one = Observer()
    hc.register_plugin(one)
    yield one
    hc.unregister_plugin(one)


@BOTH
def test_observers_see_every_step(observer, advance):
    made = sgd(2)
    cycler = hc.attach(made, lr=LR, momentum=hc.Groups({0: 0.5, 1: None}), advance=advance)
    steps = list(range(12))
    for _ in steps[1:]:
        update(made)
        cycler.step()
    cycler.load_state_dict(cycler.state_dict() | {"step": 30})
    update(made)
    cycler.step()
    assert [step for step, *_ in observer.seen] == [*steps, 30, 31]
    for step, values, target, in_force in observer.seen:
        assert values == {"lr": LR(step), "momentum": {0: 0.5}}
        assert target is made
        assert in_force == [LR(step)] * 2


def test_events_come_before_observers(observer):
    made = sgd()
    order = []

    def on_event(name, cycle, step):
        order.append((name, [seen[0] for seen in observer.seen]))

    cycler = hc.attach(made, lr=hc.Cycle(0.1, 0.5, 1), on_event=on_event)
    cycler.step()
    assert order == [("peak", [0])]


def test_who_is_registered_later_sees_what_is_attached_later():
    made = sgd()
    cycler = hc.attach(made, lr=LR)
    late = Observer()
    hc.register_plugin(late)
    try:
        cycler.step()
        assert late.seen == []
        del cycler
        hc.attach(made, lr=LR)
        assert [step for step, *_ in late.seen] == [0]
    finally:
        hc.unregister_plugin(late)
