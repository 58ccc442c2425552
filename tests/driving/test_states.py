"""The state of a cycler: two numbers and three texts; the first version is read too."""

import json
import re

import pytest

import hypercycle as hc
from hypercycle.driving.states import read_state, rescaled_step, state_of, without_lengths
from hypercycle.plans.descriptions import describe_plan

PLAN = describe_plan(hc.Plan(lr=hc.Cycle(0.1, 0.5, 4, waveform=("hann", "sine")), momentum=0.9))
INITIAL = {"lr": [0.1, 1e-300], "momentum": [0.5, 2.0**-1074]}


@pytest.mark.parametrize("initial", [None, INITIAL])
def test_what_is_written_is_read(initial):
    run = {"total_steps": None, "steps_per_epoch": 10}
    state = state_of(2**53 - 1, PLAN, initial, run)
    assert {key: type(value) for key, value in state.items()} == {
        "version": int, "step": int, "plan": str, "initial": str, "run": str
    }  # fmt: skip
    assert read_state(state) == (
        2**53 - 1,
        json.loads(json.dumps(PLAN)),
        initial,
        {"steps_per_epoch": 10},
    )
    assert read_state(json.loads(json.dumps(state))) == read_state(state)


@pytest.mark.parametrize("initial", [None, INITIAL])
def test_the_first_version_held_the_data_itself(initial):
    assert read_state({"version": 1, "step": 3, "plan": PLAN, "initial": initial}) == (
        3,
        PLAN,
        initial,
        {},
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"plan": "{"}, "the saved plan must be a text of JSON, got '{'"),
        ({"plan": "[" * 100_000}, "the saved plan must be a text of JSON, got '[[["),
        ({"plan": "null"}, "the saved plan must be the description of a plan, got None"),
        ({"initial": "nul"}, "the saved initial values must be a text of JSON, got 'nul'"),
        ({"initial": '{"lr": [NaN], "momentum": [1]}'}, "must be None or a list of numbers"),
        ({"initial": "{}"}, "must be None or a list of numbers for each name in the plan"),
        ({"run": "[]"}, "the saved run must be a mapping, got []"),
        ({"version": 3}, "the state has version 3, this hypercycle reads versions 1 and 2: use"),
    ],
)
def test_what_is_no_state_is_refused(change, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        read_state(state_of(3, PLAN, INITIAL, {}) | change)


# Another number of steps in an epoch, or in the run.


@pytest.mark.parametrize(
    ("step", "saved", "present", "expected"),
    [
        (30, {"steps_per_epoch": 10}, {"steps_per_epoch": 20}, 60),
        (30, {"steps_per_epoch": 10}, {"steps_per_epoch": 5, "total_steps": 50}, 15),
        (7, {"total_steps": 100}, {"total_steps": 50, "steps_per_epoch": None}, 4),
        (2**53 - 2, {"total_steps": 2}, {"total_steps": 1}, 2**52 - 1),
        (5, {"steps_per_epoch": 3, "total_steps": 9}, {"total_steps": 18}, 10),
    ],
)  # fmt: skip
def test_the_same_place_of_the_run(step, saved, present, expected):
    assert rescaled_step(step, saved, present) == expected


@pytest.mark.parametrize(
    ("saved", "present", "message"),
    [
        ({}, {"steps_per_epoch": 5}, "nothing tells how the number of steps has changed"),
        ({"total_steps": 5}, {"steps_per_epoch": 5, "total_steps": None}, "nothing tells how"),
        (
            {"steps_per_epoch": 5, "total_steps": 10},
            {"steps_per_epoch": 10, "total_steps": 10},
            "steps_per_epoch and total_steps tell differently how the number",
        ),
    ],
)
def test_where_the_run_is_not_told_nothing_is_rescaled(saved, present, message):
    with pytest.raises(ValueError, match=f"on_mismatch='rescale': {message}"):
        rescaled_step(3, saved, present)


def test_what_differs_in_lengths_alone():
    def plan(length, high=0.5):
        return describe_plan(
            hc.Plan(
                lr=hc.Chain((hc.Ramp(0.0, high, length), length), hc.Cycle(0.1, high, length, 3)),
                beta=hc.Groups({"a": hc.Product(hc.Cycle(0.1, 0.2, length), 0.5), "b": None}),
            )
        )

    assert plan(4) != plan(8)
    assert without_lengths(plan(4)) == without_lengths(plan(8))
    assert without_lengths(plan(4)) != without_lengths(plan(4, high=0.6))


def test_two_factors_are_no_schedule_and_its_steps():
    one, other = (
        describe_plan(hc.Plan(lr=hc.Product(hc.Ramp(0, 1, 9), hc.Ramp(0, end, 9))))
        for end in (1, 2)
    )
    assert without_lengths(one) != without_lengths(other)


def test_the_steps_of_points_are_lengths():
    def described(steps, value):
        return without_lengths(describe_plan(hc.Plan(lr=hc.Points({0: 0.1, steps: value}))))

    assert described(10, 0.5) == described(20, 0.5) != described(10, 0.6)


def test_lengths_of_power_laws_are_left_out_and_names_are_not():
    def described(one, other, ramp):
        law = hc.PowerLaw(0.1, -0.5, unit=one, shift=other)
        groups = hc.Groups({"steps": law, "points": 0.5})
        return describe_plan(hc.Plan(lr=groups, shift=hc.Ramp(0.1, ramp, one), steps=ramp))

    assert without_lengths(described(1, 0, 0.5)) == without_lengths(described(20, 10, 0.5))
    assert without_lengths(described(1, 0, 0.5)) != without_lengths(described(1, 0, 0.6))
    left = without_lengths(described(1, 0, 0.5))
    assert set(left) == {"lr", "shift", "steps"}
    assert set(left["lr"]["groups"]) == {"steps", "points"}
