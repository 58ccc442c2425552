"""Which steps of a plan the commands look at."""

import numpy as np
import pytest
from commands import error, run

import hypercycle as hc
from hypercycle.command_line.plans import at_most, steps_of
from hypercycle.numbers.lengths import Units

CYCLE = hc.Cycle(0.1, 0.5, 10)


@pytest.mark.parametrize(
    ("schedules", "last"),
    [
        ({"lr": CYCLE}, 80),
        ({"lr": hc.Cycle(0.1, 0.5, 10, cycles=2)}, 40),
        ({"lr": hc.Cycle(0.1, 0.5, 0, 10, cycle_mult=2)}, 150),
        ({"lr": CYCLE, "eps": hc.Ramp(0.0, 1.0, 500)}, 500),
        ({"lr": hc.Chain(hc.Ramp(0.0, 1.0, 7), CYCLE)}, 87),
        ({"lr": hc.Chain(hc.Ramp(0.0, 1.0, 7), (CYCLE, 5))}, 12),
        ({"lr": hc.Chain(CYCLE)}, 80),
        ({"lr": hc.Product(hc.Ramp(0.0, 1.0, 7), CYCLE)}, 80),
        ({"lr": 0.1}, 100),
        ({"lr": hc.Groups({0: CYCLE, 1: None})}, 80),
        ({"lr": hc.Groups({0: None})}, 100),
    ],
)
def test_a_plan_is_shown_to_its_end_or_for_four_cycles(schedules, last):
    assert steps_of(None, hc.Plan(**schedules), Units()) == range(last + 1)


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("30", range(31)),
        ("0", range(1)),
        ("10:30", range(10, 30)),
        ("10:30:5", range(10, 30, 5)),
        (":30", range(30)),
        ("10:", range(10, 81)),
        ("::40", range(0, 81, 40)),
        ("1ep:2.5ep", range(8, 20)),
        ("50%", range(14)),  # 12.5, rounded half up
    ],
)
def test_steps_are_a_number_or_a_slice_with_units(text, steps):
    units = Units(8, 25 if "%" in text else None)
    assert steps_of(text, hc.Plan(lr=CYCLE), units) == steps


def test_steps_that_are_given_need_no_end_of_the_plan():
    endless = hc.Plan(lr=hc.Cycle(0.1, 0.5, 10**11, cycle_mult=100))
    assert steps_of("5", endless, Units()) == range(6)
    with pytest.raises(ValueError, match="are not computed"):
        steps_of("5:", endless, Units())


def test_the_whole_run_is_shown_where_its_length_is_given():
    assert steps_of(None, hc.Plan(lr=CYCLE), Units(total_steps=25)) == range(26)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "--steps is N, START:STOP or START:STOP:STEP, got ''"),
        ("1:2:3:4", "--steps is N, START:STOP or START:STOP:STEP, got '1:2:3:4'"),
        ("5:2", "--steps 5:2 holds no step: STOP must be above START"),
        ("1:5:0", "--steps needs a STEP of at least 1, got '1:5:0'"),
        (
            "2ep",
            (
                "--steps='2ep' cannot be turned into steps without steps_per_epoch: give "
                "--steps-per-epoch"
            ),
        ),
        (
            "-5",
            (
                "--steps must be a whole number of steps or a number with a unit such as '2000it', "
                "'4ep' or '30%', got --steps='-5'"
            ),
        ),
        ("99999999999999999999", "--steps must be at most 2**53"),
    ],
)
def test_other_steps_are_refused(text, message):
    assert error("values", "plan.toml", "--steps", text).startswith(message)


def test_of_too_many_steps_those_are_taken_that_show_a_cycle_of_any_length():
    steps = at_most(range(5, 10**12, 5), 1000)
    assert len(steps) == 1000
    assert (steps[0], steps[-1]) == (5, 10**12 - 5)
    assert np.all(np.diff(steps) > 0)
    assert np.all(steps % 5 == 0)
    # evenly spaced, all of them would be at the same place of some cycles
    stride = (len(range(5, 10**12, 5)) - 1) // 999 * 5
    heights = hc.Cycle(0.0, 1.0, stride // 2)(steps)
    assert heights.min() < 0.01
    assert heights.max() > 0.99
    assert at_most(range(10), 10) == range(10)


def test_what_updates_hold_is_told_by_options(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    hc.Plan(lr=hc.Ramp(0.0, 1.0, "2ktok+30s"), eps=hc.Ramp(0.0, 1.0, "40samples")).save("plan.json")
    told = ["--tokens-per-step", "1000", "--seconds-per-step", "1.5", "--samples-per-step", "8"]
    assert run("check", "plan.json", *told).out == "plan.json: ok (lr, eps)\n"
    assert run("values", "plan.json", *told, "--steps", "22:23").out.split() == [
        *("step,lr,eps", "22,1.0,1.0"),
    ]
    assert error("show", "plan.json", *told[2:]).splitlines()[0] == (
        "plan.json: lr: steps='2ktok+30s' cannot be turned into steps without tokens_per_step: "
        "give --tokens-per-step"
    )
