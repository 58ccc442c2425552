"""Plan: names and their schedules."""

import math
import pickle
import re

import numpy as np
import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st

import hypercycle as hc

SOME = strategies.examples(60)

LR = hc.Cycle(0.1, 0.5, 4)


@SOME
@given(strategies.plans(), st.lists(strategies.near_steps, min_size=1, max_size=5))
def test_a_plan_gives_what_its_schedules_give(plan, steps):
    for step in steps:
        values = plan(step)
        assert list(values) == list(plan)
        for name, schedule in plan.items():
            if isinstance(schedule, hc.Groups):
                expected = {k: one(step) for k, one in schedule.items() if one is not None}
                assert values[name] == expected
            else:
                assert values[name] == schedule(step)


def test_a_plan_of_arrays():
    plan = hc.Plan(
        lr=LR, weight_decay=hc.Groups({0: LR, 1: None, 2: 0.5}), eps=lambda step: 2 * step
    )
    values = plan(np.array([[0, 4], [2, 8]]))
    assert values["lr"].tolist() == [[0.1, 0.5], [0.3, 0.1]]
    assert list(values["weight_decay"]) == [0, 2]
    assert values["weight_decay"][2].tolist() == [[0.5, 0.5], [0.5, 0.5]]
    assert values["eps"].tolist() == [[0, 8], [4, 16]]


def test_numbers_are_constants_and_none_leaves_a_group_alone():
    plan = hc.Plan(momentum=0.9, lr=hc.Groups({"head": 1, "backbone": None}))
    assert plan["momentum"] == hc.Constant(0.9)
    assert plan["lr"]["head"] == hc.Constant(1.0)
    assert plan(7) == {"momentum": 0.9, "lr": {"head": 1.0}}


def test_a_plan_is_a_mapping_that_cannot_be_changed():
    plan = hc.Plan(lr=LR, momentum=0.9)
    assert (list(plan), len(plan), "lr" in plan, "eps" in plan) == (
        ["lr", "momentum"],
        2,
        True,
        False,
    )
    assert dict(**plan) == {"lr": LR, "momentum": hc.Constant(0.9)}
    assert plan == {"lr": LR, "momentum": hc.Constant(0.9)}
    assert plan != hc.Plan(lr=LR)
    assert {plan: 1}[hc.Plan(momentum=0.9, lr=LR)] == 1
    with pytest.raises(KeyError, match="eps"):
        plan["eps"]


def test_a_plan_prints_as_it_is_written():
    plan = hc.Plan(lr=LR, momentum=LR.opposite(0.85, 0.95))
    assert repr(plan) == (
        "Plan(lr=Cycle(0.1, 0.5, 4), momentum=Cycle(0.85, 0.95, 4, inverted=True))"
    )
    odd = hc.Plan(**{"weight-decay": 1})
    assert repr(odd) == "Plan(**{'weight-decay': Constant(1.0)})"


@SOME
@given(strategies.with_units(), strategies.with_units())
def test_lengths_are_resolved_everywhere(one, other):
    def plan(index):
        return hc.Plan(lr=one[index], momentum=hc.Groups({0: other[index], 1: None}), eps=1e-8)

    resolved = plan(0).resolve(steps_per_epoch=391, total_steps=31_280)
    assert resolved == plan(1)
    assert resolved.resolved
    assert plan(0).resolved is (one[0].resolved and other[0].resolved)
    assert resolved.resolve() == resolved
    assert resolved(3) == plan(1)(3)


def test_what_is_not_resolved_yet_says_what_to_do():
    plan = hc.Plan(lr=hc.Cycle(0.1, 0.5, "4ep"))
    message = r"step_size_up='4ep' has a unit that is not resolved yet: call Plan\(…\)\.resolve\("
    with pytest.raises(ValueError, match=message):
        plan(3)
    with pytest.raises(ValueError, match="pass steps_per_epoch=… to attach"):
        plan.resolve(total_steps=3)
    assert not hc.Plan(lr=hc.Groups({0: plan["lr"]})).resolved


def test_a_fingerprint_tells_plans_apart_and_nothing_else(tmp_path):
    wave = hc.Cycle(0.1, 0.5, 4, waveform=hc.waveforms()["hann"])
    plan = hc.Plan(lr=wave, wd=hc.Groups({0: 0.1, "a": hc.Ramp(0.0, 1.0, 3)}), beta1=0.9)
    same = [
        hc.Plan(beta1=0.9, wd=hc.Groups({"a": hc.Ramp(0, 1, 3), 0: 0.1}), lr=wave),
        pickle.loads(pickle.dumps(plan)),
        hc.Plan.from_dict(plan.to_dict()),
    ]
    for one in same:
        assert one.fingerprint() == plan.fingerprint()
        one.check_fingerprint(plan.fingerprint())
    others = [
        hc.Plan(lr=0.1, wd=plan["wd"], beta1=0.9),
        hc.Plan(lr=wave, wd=plan["wd"]),
        hc.Plan(lr=wave, wd=plan["wd"], beta2=0.9),
        hc.Plan(lr=wave, wd=hc.Groups({1: 0.1, "a": hc.Ramp(0.0, 1.0, 3)}), beta1=0.9),
        hc.Plan(lr=wave, wd=plan["wd"], beta1=math.nextafter(0.9, 1.0)),
    ]
    assert len({one.fingerprint() for one in [plan, *others]}) == 1 + len(others)
    for one in others:
        with pytest.raises(ValueError, match="what was saved belongs to another plan: its finge"):
            one.check_fingerprint(plan.fingerprint())


NO_SCHEDULE = "must be a schedule (such as Cycle, Ramp, or a function of the step) or a number, got"


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (hc.Plan, ValueError, "Plan needs at least one schedule, such as Plan(lr=Cycle"),
        (lambda: hc.Plan(lr="0.1"), TypeError, f"lr {NO_SCHEDULE} '0.1'"),
        (lambda: hc.Plan(lr=None), TypeError, f"lr {NO_SCHEDULE} None"),
        (lambda: hc.Plan(lr=hc.Cycle), TypeError, f"lr {NO_SCHEDULE} <class"),
        (lambda: hc.Plan(lr=hc.Plan(lr=1)), TypeError, f"lr {NO_SCHEDULE} Plan"),
        (lambda: hc.Plan(lr={"low": 1}), TypeError, f"lr {NO_SCHEDULE} {{'low'"),
        (lambda: hc.Plan(lr=[1, 2]), TypeError, f"lr {NO_SCHEDULE} [1, 2]"),
        (lambda: hc.Plan(lr=float("nan")), ValueError, "must be finite, got"),
        (
            lambda: hc.Plan(lr=0.1, steps_per_epoch=10),
            ValueError,
            "not a hyperparameter: give it to attach(…, steps_per_epoch=…) or plan.resolve(steps",
        ),
        (lambda: hc.Plan(lr=0.1, total_steps=10), ValueError, "total_steps is a fact of the run"),
        (lambda: hc.Plan(lr=0.1).lr, AttributeError, "a plan is a mapping, plan['lr']"),
        (lambda: hc.Plan(lr=0.1).rl, AttributeError, "'Plan' object has no attribute 'rl'"),
        (lambda: hc.Plan(lr=True), TypeError, "must be a number, got True (bool)"),
    ],
)
def test_what_is_no_plan_is_refused(make, error, message):
    with pytest.raises(error, match=re.escape(message)):
        make()
