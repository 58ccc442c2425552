"""Dotted keys: a plan's values by flat names, and plans with other values."""

import re
from collections import UserDict, UserList

import numpy as np
import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st
from plan_texts import PLANS

import hypercycle as hc
from hypercycle.plan_files import PlanFileError

SOME = strategies.examples(60)

LR = hc.Cycle(0.1, 0.5, 4)
WARM = hc.Chain((hc.Ramp(0.0, 0.1, 3), "2ep"), LR)
PLAN = hc.Plan(
    lr=WARM,
    momentum=LR.opposite(0.85, 0.95),
    weight_decay=hc.Groups({0: hc.Product(0.5, LR), "*.bias": None}),
    eps=1e-8,
)


def test_flat_names_every_value_by_the_path_that_errors_have():
    assert PLAN.flat() == {
        "lr.kind": "chain",
        "lr.parts.0.0.kind": "ramp",
        "lr.parts.0.0.start": 0.0,
        "lr.parts.0.0.end": 0.1,
        "lr.parts.0.0.steps": 3,
        "lr.parts.0.1": "2ep",
        "lr.parts.1.low": 0.1,
        "lr.parts.1.high": 0.5,
        "lr.parts.1.step_size_up": 4,
        "momentum.low": 0.85,
        "momentum.high": 0.95,
        "momentum.step_size_up": 4,
        "momentum.inverted": True,
        "weight_decay.kind": "groups",
        "weight_decay.groups.0.kind": "product",
        "weight_decay.groups.0.factors.0.kind": "constant",
        "weight_decay.groups.0.factors.0.value": 0.5,
        "weight_decay.groups.0.factors.1.low": 0.1,
        "weight_decay.groups.0.factors.1.high": 0.5,
        "weight_decay.groups.0.factors.1.step_size_up": 4,
        "weight_decay.groups.*.bias.kind": "unchanged",
        "eps.kind": "constant",
        "eps.value": 1e-8,
    }
    numbers = [key for key, value in PLAN.flat().items() if isinstance(value, float)]
    for key in numbers:
        with pytest.raises(PlanFileError) as caught:
            PLAN.override({key: "x"})
        assert [problem.path for problem in caught.value.problems] == [key]


@SOME
@given(strategies.plans())
def test_a_plan_with_its_own_values_is_the_same(plan):
    assert plan.override(plan.flat()) == plan
    assert all(isinstance(one, (str, int, float)) for one in plan.flat().values())


@SOME
@given(PLANS, st.data())
def test_one_value_is_replaced_and_no_other(plan, data):
    flat = plan.flat()
    free = ("start", "end", "value", "steps", "inverted")  # whose limits hang on no other value
    keys = [key for key in flat if key.endswith(free)]
    for key in data.draw(st.lists(st.sampled_from(keys), unique=True)) if keys else ():
        new = not flat[key] if key.endswith("inverted") else 7 if key.endswith("steps") else 0.7
        changed = plan.override({key: new})
        expected = flat | {key: new}
        if new is False:  # the default, which is left out
            del expected[key]
        assert changed.flat() == expected
        assert hc.Plan.from_dict(changed.to_dict()) == changed


def test_the_values_are_those_that_were_given():
    plan = PLAN.override(
        {
            "lr.parts.1.high": 0.3,
            "lr.parts.0.1": "3ep",
            "momentum.low": np.float64(0.8),
            "weight_decay.groups.0.factors.0.value": 2,
            "weight_decay.groups.*.bias": 0.25,
            "eps": 1e-6,
        }
    )
    cycle = hc.Cycle(0.1, 0.3, 4)
    assert plan == hc.Plan(
        lr=hc.Chain((hc.Ramp(0.0, 0.1, 3), "3ep"), cycle),
        momentum=LR.opposite(0.8, 0.95),
        weight_decay=hc.Groups({0: hc.Product(2.0, LR), "*.bias": 0.25}),
        eps=1e-6,
    )
    assert PLAN["lr"] is WARM
    assert list(plan) == list(PLAN)


def test_what_is_at_its_default_can_be_replaced_too():
    plan = hc.Plan(lr=LR).override(
        {
            "lr.waveform": ("hann", "sqrt"),
            "lr.scale": {"name": "exponential", "gamma": 0.9},
            "lr.step_size_down": 6,
            "lr.cycles": 3,
        }
    )
    expected = hc.Cycle(
        0.1, 0.5, 4, 6, waveform=("hann", "sqrt"), scale=hc.Exponential(0.9), cycles=3
    )
    assert plan == hc.Plan(lr=expected)
    changed = plan.override({"lr.scale.gamma": 0.8, "lr.waveform.1": "linear", "lr.cycles": None})
    assert changed["lr"] == hc.Cycle(
        0.1, 0.5, 4, 6, waveform=("hann", "linear"), scale=hc.Exponential(0.8)
    )
    assert hc.Plan(lr=LR).override({"lr.step_size_up": 9})["lr"] == hc.Cycle(0.1, 0.5, 9)


def test_values_may_be_mappings_and_sequences_of_other_libraries():
    values = {
        "lr.waveform": UserList(["hann", "sqrt"]),
        "eps": UserDict(kind="chain", parts=UserList([UserList([0.5, 3]), 0.25])),
    }
    plan = hc.Plan(lr=LR, eps=0.5).override(UserDict(values))
    expected = hc.Cycle(0.1, 0.5, 4, waveform=("hann", "sqrt"))
    assert plan == hc.Plan(lr=expected, eps=hc.Chain((0.5, 3), 0.25))


def test_a_whole_schedule_is_replaced_by_data_as_in_a_file():
    plan = hc.Plan(lr=LR, momentum=0.9)
    opposite = {"opposite": "lr", "low": 0.85, "high": 0.95}
    changed = plan.override({"momentum": opposite, "lr.step_size_up": 8})
    assert changed["momentum"] == hc.Cycle(0.1, 0.5, 8).opposite(0.85, 0.95)
    assert plan.override({}) == plan


def test_functions_that_are_left_alone_stay():
    cycle = hc.Cycle(0.1, 0.5, 4, waveform=strategies.cubic)
    plan = hc.Plan(lr=cycle, momentum=strategies.every_third, eps=0.5)
    changed = plan.override({**plan.flat(), "eps.value": 0.25})
    assert changed == hc.Plan(lr=cycle, momentum=strategies.every_third, eps=0.25)
    assert plan.flat()["momentum.function"] == "strategies:every_third"
    functions = "is the function strategies:cubic, which a file cannot hold: hypercycle.register_w"
    with pytest.raises(PlanFileError, match=f"override: lr.waveform: {functions}"):
        plan.override({"lr.high": 0.6})
    opposite = plan.override({"eps": {"opposite": "lr", "low": 0, "high": 1}})
    assert opposite["eps"] == cycle.opposite(0, 1)


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({"lr.parts.1.hihg": 1, "lrr.high": 2}, [
            ("lr.parts.1.hihg: unknown key; did you mean 'high'? lr.parts.1 has: kind, low, high, "
            "step_size_up, step_size_down, waveform, scale, scale_of, inverted, phase, cycle_mult, "
            "cycles, space"),
            ("lrr.high: unknown key; did you mean 'lr'? the plan has: lr, momentum, weight_decay, "
            "eps"),
        ]),
        ({"learning_rate": 1}, [
            ("learning_rate: unknown key; 'learning_rate' is called 'lr' here; the plan has: lr, "
            "momentum, weight_decay, eps")
        ]),
        ({"lr.parts.2": 1}, ["lr.parts.2: unknown key; lr.parts has: 0, 1"]),
        ({"lr.parts.-1.low": 1}, [
            "lr.parts.-1.low: unknown key; did you mean '1'? lr.parts has: 0, 1"
        ]),
        ({"eps.value.x": 1}, [
            "eps.value.x: unknown key; did you mean 'value'? eps has: kind, value"
        ]),
        ({"weight_decay.groups.*.bia": 1}, [
            ("weight_decay.groups.*.bia: unknown key; did you mean '*.bias'? weight_decay.groups "
            "has: 0, *.bias")
        ]),
        ({"eps.value": 1, "eps": 2}, ["eps.value: is within 'eps', which is replaced too"]),
        ({"momentum.low": 0.99}, [
            ("momentum: low must not be above high, got low=0.99, high=0.95; to start at the top "
            "use inverted=True or phase=0.5")
        ]),
        ({"momentum.waveform": "han", "eps": np.ones(2)}, [
            (f"momentum.waveform: unknown waveform 'han'; did you mean 'hann'? known: "
            f"{', '.join(sorted(hc.waveforms()))}"),
            "eps: must be a table that describes a schedule, or a number, got array([1., 1.])",
        ]),
        ({"momentum.low": np.ones(2)}, [
            "momentum.low: must be a number, got array([1., 1.]) (ndarray)"
        ]),
        ({"momentum.waveform": "h" * 2_000}, [
            f"momentum.waveform: holds a text of 2,000 characters, {'h' * 40!r}…"
        ]),
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_replaced_is_told_at_once(changes, problems):
    with pytest.raises(PlanFileError) as caught:
        PLAN.override(changes)
    assert list(map(str, caught.value.problems)) == problems
    assert str(caught.value).startswith("override: ")


def test_what_is_no_mapping_is_refused():
    message = "override() takes a mapping such as {'lr.high': 0.3}, got [('lr', 1)]"
    with pytest.raises(TypeError, match=re.escape(message)):
        PLAN.override([("lr", 1)])


def test_names_with_dots_are_told_apart_or_refused():
    groups = hc.Groups({"a": LR, "a.b": 0.5})
    plan = hc.Plan(**{"layer.1": groups})
    assert plan.override({"layer.1.groups.a.b.value": 0.75})["layer.1"]["a.b"] == hc.Constant(0.75)
    twice = hc.Plan(**{"lr": hc.Chain(0.5), "lr.parts.0": 0.5})
    with pytest.raises(ValueError, match=r"two values of the plan are called 'lr.parts.0.kind': n"):
        twice.flat()
    with pytest.raises(PlanFileError, match=r"lr.parts.0: may be two values of the plan, whose"):
        twice.override({"lr.parts.0": 1})


def test_what_refers_to_another_entry_follows_it():
    lr = hc.Chain(hc.Ramp(0, 0.1, 4), (0.1, 10))
    plan = hc.Plan.from_dict(
        {
            "lr": hc.Plan(lr=lr).to_dict()["lr"],
            "weight_decay": {"of": "lr", "times": 0.1},
            "beta1": {"opposite": "lr", "low": 0.85, "high": 0.95},
            "eps": {"kind": "maximum", "parts": [{"of": "weight_decay"}, 1e-8]},
            "rho": {"kind": "product", "factors": [0.1, hc.Plan(lr=lr).to_dict()["lr"]]},
        }
    )
    changed = plan.override({"lr.parts.0.end": 0.3, "lr.parts.1.0": 0.3})
    assert changed["lr"] == hc.Chain(hc.Ramp(0, 0.3, 4), (0.3, 10))
    assert changed["weight_decay"] == hc.Reference("lr", changed["lr"], 0.1)
    assert changed["beta1"](4) == plan["beta1"](4) == 0.85
    assert changed["eps"](4) == changed["weight_decay"](4) == 0.1 * 0.3
    assert changed["rho"] == plan["rho"] == hc.Product(0.1, lr)
    assert plan.override({"weight_decay.times": 0.5})["eps"](4) == 0.5 * 0.1
    assert plan.override(plan.flat()) == plan


def test_an_override_that_what_refers_to_it_cannot_follow_is_refused():
    plan = hc.Plan.from_dict(
        {
            "lr": {"kind": "ramp", "start": 0, "end": 1, "steps": 4},
            "beta1": {"opposite": "lr", "low": 0.85, "high": 0.95},
        }
    )
    message = "override: beta1: Constant(0.1) has no opposite: it does not move"
    with pytest.raises(PlanFileError, match=re.escape(message)):
        plan.override({"lr": 0.1})
    message = "lr.of: is circular: lr → beta1 → lr"
    with pytest.raises(PlanFileError, match=message):
        plan.override({"lr": {"of": "beta1"}})
