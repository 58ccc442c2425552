"""Clocks of tokens, samples and seconds: the values of a count, however it was reached."""

import copy
import pickle
import re
from itertools import accumulate
from types import SimpleNamespace

import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st

import hypercycle as hc
from hypercycle.driving.clocks import amount_of, on_its_clock
from hypercycle.numbers.lengths import Units

P = hc.Cycle(0.1, 0.5, "2ktok")
COUNTED = hc.Cycle(0.1, 0.5, 2000)


def attached(**options):
    target = SimpleNamespace(p=0.0)
    return target, hc.attach(target, p=P, **options)


# Which clock a plan has.


@pytest.mark.parametrize(
    ("schedule", "facts", "resolved", "clock"),
    [
        (P, {}, COUNTED, "tokens"),
        (P, {"tokens_per_step": 20}, hc.Cycle(0.1, 0.5, 100), "steps"),
        (hc.Ramp(0, 1, "3samples"), {"total_steps": "9samples"}, hc.Ramp(0, 1, 3), "samples"),
        (hc.Ramp(0, 1, "1.5s"), {}, hc.Ramp(0, 1, 1_500_000), "seconds"),
        (hc.Ramp(0, 1, "5%"), {"total_steps": "2ktok"}, hc.Ramp(0, 1, 100), "tokens"),
        (hc.sgdr(0, 1, "2ktok"), {}, hc.sgdr(0, 1, 2000), "tokens"),  # whose other length is 0
        (
            hc.Ramp(0, 1, "5%"),
            {"total_steps": "2ep", "steps_per_epoch": 50},
            hc.Ramp(0, 1, 5),
            "steps",
        ),
        (
            hc.Ramp(0, 1, "5%+3ktok"),
            {"total_steps": 200, "tokens_per_step": 1000},
            hc.Ramp(0, 1, 13),
            "steps",
        ),
    ],
)
def test_a_plan_counts_what_its_lengths_do(schedule, facts, resolved, clock):
    plan, units = on_its_clock(hc.Plan(p=schedule), Units(**facts))
    assert plan == hc.Plan(p=resolved)
    assert units.clock == clock
    cycler = hc.attach(SimpleNamespace(p=0.0), p=schedule, **facts)
    assert (cycler.plan, cycler.clock) == (plan, units.clock)


@pytest.mark.parametrize(
    ("schedules", "facts", "got"),
    [
        ({"p": P, "q": hc.Ramp(0, 1, 100)}, {}, "steps=100"),
        ({"p": hc.Ramp(0, 1, "2ep"), "q": P}, {"steps_per_epoch": 5}, "steps='2ep'"),
        ({"p": P, "q": hc.Ramp(0, 1, "1h")}, {}, "steps='1h'"),
        ({"p": P}, {"total_steps": 100}, "total_steps=100"),
    ],
)
def test_a_plan_has_one_clock(schedules, facts, got):
    target = SimpleNamespace(p=0.3, q=0.4)
    message = f"{got} does not count tokens, as other lengths of the plan do, and a plan has one cl"
    with pytest.raises(ValueError, match=re.escape(message)):
        hc.attach(target, schedules, **facts)
    assert vars(target) == {"p": 0.3, "q": 0.4}
    constant = facts | {"tokens_per_step": 20, "seconds_per_step": 1}
    assert hc.attach(target, schedules, **constant).clock == "steps"


# Moving it on.

TOLD = "the plan's lengths are in tokens, and step() must be told how many there were in this upda"


@pytest.mark.parametrize(
    ("unnamed", "given", "error", "message"),
    [
        (
            (),
            {},
            TypeError,
            f"{TOLD}te: step(tokens=…), got step(); where it is always as many, gi",
        ),
        ((5,), {}, TypeError, f"{TOLD}te: step(tokens=…), got step(5); where"),
        ((), {"samples": 8}, TypeError, f"{TOLD}te: step(tokens=…), got step(samples=8); where"),
        ((), {"tokens": 8, "samples": 8}, TypeError, "got step(tokens=8, samples=8); where"),
        ((), {"tokens": -1}, ValueError, "tokens must be at least 0, got tokens=-1"),
        ((), {"tokens": 0.5}, ValueError, "tokens must be a whole number, got tokens=0.5"),
        ((), {"tokens": True}, TypeError, "tokens must be a whole number, got True (bool)"),
        ((), {"tokens": "9"}, TypeError, "tokens must be a whole number, got '9' (str)"),
    ],
)
def test_a_step_that_says_something_else_moves_nothing(unnamed, given, error, message):
    target, cycler = attached(on_event=lambda *_: pytest.fail("told"))
    cycler.step(tokens=1000)
    with pytest.raises(error, match=re.escape(message)):
        cycler.step(*unnamed, **given)
    assert (target.p, cycler.plan_step) == (COUNTED(1000), 1000)


def test_seconds_are_counted_in_microseconds():
    assert amount_of("seconds", {"seconds": 0.25}) == 250_000
    assert amount_of("seconds", {"seconds": 3}) == 3_000_000
    for wrong in (-0.5, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="seconds must be"):
            amount_of("seconds", {"seconds": wrong})
    target = SimpleNamespace(p=0.0)
    cycler = hc.attach(target, p=hc.Ramp(0.0, 1.0, "1min"))
    cycler.step(seconds=15.0)
    assert target.p == 0.25


def test_nothing_counted_is_a_step_that_tells_nothing():
    heard = []
    target, cycler = attached(on_event=lambda *event: heard.append(event))
    cycler.step(tokens=4000)
    target.p = 0.0
    cycler.step(tokens=0)
    assert (target.p, cycler.plan_step) == (COUNTED(4000), 4000)
    assert heard == [("peak", 0, 2000), ("cycle_end", 0, 4000)]


@strategies.examples(40)
@given(st.lists(st.integers(0, 50), max_size=9), st.lists(st.integers(1, 50), max_size=9))
def test_the_value_is_that_of_the_count(first, second):
    heard, short = [], hc.Cycle(0.1, 0.5, 7, 5)

    def begun():
        target = SimpleNamespace(p=0.0)
        told = {"on_event": lambda *event: heard.append(event)}
        return target, hc.attach(target, p=hc.Cycle(0.1, 0.5, "7tok", "5tok"), **told)

    target, cycler = begun()
    for count, tokens in zip(accumulate(first), first, strict=True):
        cycler.step(tokens=tokens)
        assert target.p == short(count)
    other, resumed = begun()
    resumed.load_state_dict(cycler.state_dict())
    for tokens in second:
        resumed.step(tokens=tokens)
    total = sum(first) + sum(second)
    assert other.p == short(total)
    assert resumed.plan_step == total
    expected = [event for step in range(1, total + 1) for event in short.events(step)]
    assert heard == [tuple(event) for event in expected]


def test_a_jump_tells_its_events_after_its_values_are_assigned_then_observers_once():
    heard = []
    target = SimpleNamespace(p=0.0)
    plan = hc.Plan(p=hc.Chain(hc.Cycle(0.0, 1.0, "1ktok", cycles=2), hc.Cycle(0.0, 1.0, "2ktok")))
    cycler = hc.attach(target, plan, on_event=lambda *event: heard.append((*event, target.p)))
    cycler.step(tokens=9000)
    assert heard == [
        ("peak", 0, 1000, 0.5),
        ("cycle_end", 0, 2000, 0.5),
        ("peak", 1, 3000, 0.5),
        ("cycle_end", 1, 4000, 0.5),
        ("peak", 0, 6000, 0.5),
        ("cycle_end", 0, 8000, 0.5),
    ]


def test_the_end_of_a_plan_lets_go_wherever_the_count_is_then():
    target = SimpleNamespace(p=0.0)
    cycler = hc.attach(target, p=hc.Ramp(0.0, 1.0, "1ktok"), at_end="detach")
    cycler.step(tokens=900)
    assert not cycler.detached
    cycler.step(tokens=900)
    assert (target.p, cycler.detached) == (1.0, True)
    target.p = 0.3
    cycler.step(tokens=900)
    assert target.p == 0.3


def test_copies_and_pickles_count_on():
    _, cycler = attached(start_step=500)
    cycler.step(tokens=100)
    for other in (copy.deepcopy(cycler), pickle.loads(pickle.dumps(cycler))):
        other.step(tokens=50)
        assert (other.clock, other.plan_step, other.target.p) == ("tokens", 650, COUNTED(650))
    assert cycler.plan_step == 600


def test_several_targets_have_one_clock():
    first, second = SimpleNamespace(p=0.0), SimpleNamespace(q=0.0)
    plan = {"first.p": P, "second.q": hc.Ramp(0.0, 1.0, "4ktok")}
    cycler = hc.attach({"first": first, "second": second}, plan)
    cycler.step(tokens=1000)
    assert (first.p, second.q) == (COUNTED(1000), 0.25)
    with pytest.raises(TypeError, match="got step\\(\\)"):
        cycler.step()
    assert cycler.plan_step == 1000


def test_the_state_of_another_clock_is_refused_whatever_is_said():
    target, cycler = attached()
    cycler.step(tokens=1000)
    updates = hc.attach(SimpleNamespace(p=0.0), p=COUNTED)
    assert updates.plan == cycler.plan
    message = (
        "the saved step counts 'steps', and the clock of this plan counts 'tokens': attach a p"
    )
    for choice in ("error", "saved", "current", "rescale"):
        with pytest.raises(ValueError, match=re.escape(message)):
            cycler.load_state_dict(updates.state_dict(), choice)
    with pytest.raises(ValueError, match="counts 'tokens', and the clock of this plan counts 'ste"):
        updates.load_state_dict(cycler.state_dict())
    assert (target.p, cycler.plan_step) == (COUNTED(1000), 1000)
