"""Schedules as plain data and back."""

import json
import re

import numpy as np
import pytest
import strategies
from hypothesis import given

import hypercycle as hc
from hypercycle.plans.descriptions import describe_plan
from hypercycle.plans.plan import plan_from
from hypercycle.schedules.description import (
    describe,
    differences,
    schedule_from,
)
from hypercycle.shapes.scales import Unscaled
from hypercycle.shapes.waveforms import WAVEFORMS

SOME = strategies.examples(100)
NAMED = {
    "waveform": strategies.waveform_names,
    "scale": strategies.st.one_of(
        strategies.st.sampled_from(["constant", "halving"]),
        strategies.st.builds(hc.Exponential, strategies.st.sampled_from([0.5, 0.999])),
    ),
}
NAMED_SCHEDULES = strategies.schedules(**NAMED)
PLANS = strategies.plans(strategies.schedules(depth=1, **NAMED))


def plain(data):
    kinds = (str, float, int, bool, type(None))
    if isinstance(data, dict):
        return all(plain(key) and plain(one) for key, one in data.items())
    return all(map(plain, data)) if isinstance(data, list) else type(data) in kinds


@SOME
@given(NAMED_SCHEDULES)
def test_a_description_is_plain_data_that_rebuilds_the_schedule(schedule):
    description = describe(schedule)
    assert plain(description)
    assert schedule_from(description) == schedule
    assert schedule_from(json.loads(json.dumps(description))) == schedule


def test_what_is_nested_too_deeply_is_refused_as_any_other():
    nested = 1
    for _ in range(3_000):
        nested = {"kind": "product", "factors": [1, nested]}
    with pytest.raises(ValueError, match="is nested too deeply"):
        schedule_from(nested)
    with pytest.raises(ValueError, match="are nested too deeply to be compared"):
        differences({"lr": nested}, {"lr": nested})


@strategies.examples(50)
@given(PLANS)
def test_a_plan_is_rebuilt_from_its_description(plan):
    description = describe_plan(plan)
    assert plain(description)
    assert plan_from(description) == plan
    assert differences(description, describe_plan(plan)) == []
    # JSON and TOML have no int keys: the index of a group comes back as a string.
    assert differences(json.loads(json.dumps(description)), description) == []


@SOME
@given(strategies.schedules(), strategies.schedules())
def test_equal_descriptions_are_equal_schedules(one, other):
    assert plain(describe(one))
    same = not differences(describe(one), describe(other))
    assert same is (describe(one) == describe(other))
    if one == other:
        assert same


@SOME
@given(strategies.with_units(**NAMED))
def test_lengths_keep_their_units(pair):
    written, _ = pair
    assert schedule_from(describe(written)) == written


def test_only_what_differs_from_the_defaults_is_written():
    assert describe(hc.Cycle(0.1, 0.5, 4)) == {
        "kind": "cycle",
        "low": 0.1,
        "high": 0.5,
        "step_size_up": 4,
    }
    everything = hc.Cycle(
        0.1,
        0.5,
        4,
        6,
        waveform=("hann", "sine"),
        scale=hc.Exponential(0.5, "cycle"),
        scale_of="bounds",
        inverted=True,
        phase=0.25,
        cycle_mult=2,
        cycles=3,
    )
    assert describe(everything) == {
        "kind": "cycle",
        "low": 0.1,
        "high": 0.5,
        "step_size_up": 4,
        "step_size_down": 6,
        "waveform": ["hann", "sine"],
        "scale": {"name": "exponential", "gamma": 0.5, "per": "cycle"},
        "scale_of": "bounds",
        "inverted": True,
        "phase": 0.25,
        "cycle_mult": 2.0,
        "cycles": 3,
    }
    assert schedule_from(describe(everything)) == everything


def test_the_kinds_of_compositions():
    chain = hc.Chain(hc.Ramp(0, 1, "2ep", "hann"), (hc.Constant(1), 5), hc.Product(1, 2))
    assert describe(chain) == {
        "kind": "chain",
        "parts": [
            {"kind": "ramp", "start": 0.0, "end": 1.0, "steps": "2ep", "waveform": "hann"},
            [{"kind": "constant", "value": 1.0}, 5],
            {
                "kind": "product",
                "factors": [{"kind": "constant", "value": v} for v in (1.0, 2.0)],
            },
        ],
    }
    groups = hc.Groups({0: hc.Constant(1), "head": None})
    description = {
        "kind": "groups",
        "groups": {0: {"kind": "constant", "value": 1.0}, "head": None},
    }
    assert describe(groups) == description
    assert schedule_from(description) == groups


def test_functions_and_instances_that_have_a_name_are_written_by_it():
    steps = np.arange(40)
    cycle = hc.Cycle(0.1, 0.5, 4, waveform=WAVEFORMS["welch"], scale=hc.Halving())
    assert describe(cycle)["waveform"] == "welch"
    assert describe(cycle)["scale"] == {"name": "halving"}
    again = schedule_from(describe(cycle))
    assert again(steps).tobytes() == cycle(steps).tobytes()
    assert describe(again) == describe(cycle)
    assert describe(hc.Cycle(0, 1, 4, scale=Unscaled()))["scale"] == {"name": "constant"}


def test_the_name_of_a_scale_and_its_instance_are_no_difference():
    named, instance = (describe(hc.Cycle(0, 1, 4, scale=s)) for s in ("halving", hc.Halving()))
    assert named != instance
    assert differences(named, instance) == []


def test_a_user_s_function_is_compared_but_not_rebuilt():
    cycle = hc.Cycle(0, 1, 4, waveform=strategies.cubic, scale=strategies.harmonic)
    description = describe(cycle)
    assert description["waveform"] == {"function": "strategies:cubic"}
    assert description["scale"] == {"function": "strategies:harmonic"}
    with pytest.raises(
        TypeError, match=r"waveform=\{'function': 'strategies:cubic'\} must be a fun"
    ):
        hc.Cycle(0, 1, 4, waveform=description["waveform"])
    with pytest.raises(ValueError, match=r"lr\.waveform: is the function strategies:cubic, which"):
        schedule_from(description, "lr")
    # Parameters belong to the description of a record.
    power = describe(hc.Cycle(0, 1, 4, waveform=strategies.Power(2.0)))["waveform"]
    assert power == {"function": "strategies:Power(exponent=2.0)"}
    function = describe(strategies.every_third)
    assert function == {"kind": "function", "function": "strategies:every_third"}
    with pytest.raises(ValueError, match="lr: a schedule of kind 'function' cannot be rebuilt"):
        schedule_from(function, "lr")


def test_differences_say_where_and_what():
    one = describe_plan(hc.Plan(lr=hc.Cycle(0.1, 0.5, 4), momentum=0.9))
    other = describe_plan(hc.Plan(lr=hc.Cycle(0.1, 0.7, 4, phase=0.5), eps=0.1))
    assert differences(one, other) == [
        "lr.high: saved 0.5, present 0.7",
        "lr.phase: saved '(default)', present 0.5",
        "eps: saved '(not there)', present {'kind': 'constant', 'value': 0.1}",
        "momentum: saved {'kind': 'constant', 'value': 0.9}, present '(not there)'",
    ]
    one, other = (describe_plan(hc.Plan(lr=hc.Chain((1, n), 2))) for n in (3, 4))
    assert differences(one, other) == ["lr.parts.0.1: saved 3, present 4"]
    assert differences([1], [1, 2]) == [": saved [1], present [1, 2]"]


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ([3], "lr: must be a table that describes a schedule, or a number, got [3]"),
        ({"low": 0, "high": 1}, "lr.step_size_up: is missing; cycle needs low, high, step_size_up"),
        ({"low": 1, "high": 0, "step_size_up": 4}, "lr: low must not be above high"),
        (
            {"kind": "ramp", "start": 0, "end": 1, "step": 4},
            "lr.steps: is missing; ramp needs start, end, steps\nlr.step: unknown key; did you",
        ),
        ({"kind": "wave"}, "lr: a schedule of kind 'wave' cannot be rebuilt from its description"),
        ({"kind": "chain", "parts": [{"low": 0}]}, "lr.parts.0.high: is missing; cycle needs"),
        ({"kind": "chain"}, "lr.parts: is missing; chain needs parts"),
        ({"kind": "groups", "groups": {0: {"kind": "ramp"}}}, "lr.groups.0.start: is missing"),
        (
            {"low": 0, "high": 1, "step_size_up": 4, "scale": {"name": "exponential"}},
            "lr.scale: scale 'exponential' takes",
        ),
    ],
)
def test_what_describes_nothing_is_refused_with_its_place(description, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        plan_from({"lr": description})
