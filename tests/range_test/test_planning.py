"""From bounds to the plan of a whole run."""

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from range_test_curves import swept

import hypercycle as hc
from hypercycle.range_test import ExplainedPlan


def some_bounds(name="lr"):
    test = swept("one descent")
    return hc.RangeTest(test.values, test.losses, name=name).bounds()


FOUND = some_bounds()


@given(
    epochs=st.integers(1, 300),
    steps_per_epoch=st.integers(2, 5000),
    cycles=st.none() | st.integers(1, 4),
)
@settings(max_examples=100)
def test_a_plan_fills_the_run_with_whole_cycles(epochs, steps_per_epoch, cycles):
    if epochs * steps_per_epoch < 8:
        return
    bounds = FOUND
    plan = bounds.plan(epochs, steps_per_epoch, cycles=cycles)
    lr = plan["lr"]
    total = epochs * steps_per_epoch
    rest = total - lr.cycles * lr.period
    assert 0 <= rest < 2 * lr.cycles
    assert lr.is_cycle_end(lr.cycles * lr.period)
    assert lr(total) == lr.low == bounds.low
    assert (f"the last {rest} of {total} steps stay" in plan.explanation) == (rest > 0)
    assert plan["momentum"] == lr.opposite(0.85, 0.95)
    if cycles is None and epochs >= 4:
        assert 2 - 1 / steps_per_epoch <= lr.step_size_up / steps_per_epoch <= 10


@pytest.mark.parametrize(
    ("epochs", "cycles", "hint"),
    [
        (1, 1, "step sizes below 2 epochs are short"),
        (3, 1, "step sizes below 2 epochs are short"),
        (4, 1, "they need 12 epochs"),
        (8, 2, "they need 12 epochs"),
        (12, 3, ""),
        (16, 4, ""),
        (80, 4, ""),
        (100, 5, ""),
        (200, 10, ""),
    ],
)
def test_the_rule_gives_four_cycles_where_the_step_size_allows(epochs, cycles, hint):
    plan = FOUND.plan(epochs, 100)
    assert plan["lr"].cycles == cycles
    assert hint in plan.explanation
    assert ("; " in plan.explanation) == bool(hint)


def test_the_plan_says_how_it_was_rounded_and_is_a_plan():
    plan = FOUND.plan(epochs=30, steps_per_epoch=391, waveform="hann")
    assert plan.explanation == (
        "4 cycles of 2 × 1466 steps (3.75 epochs up, 3.75 down) in 30 epochs of 391 steps; the "
        "last 2 of 11730 steps stay where the last cycle ends"
    )
    assert isinstance(plan, ExplainedPlan)
    assert isinstance(plan, hc.Plan)
    assert plan == hc.Plan(**plan)
    assert plan["lr"].waveform == "hann"
    assert pickle.loads(pickle.dumps(plan)).explanation == plan.explanation
    assert list(FOUND.plan(30, 391, momentum=None)) == ["lr"]
    assert list(some_bounds("weight_decay").plan(30, 391)) == ["weight_decay"]


def test_what_makes_no_plan_is_refused():
    with pytest.raises(ValueError, match=r"3 steps \(epochs=1, steps_per_epoch=3\) are too few"):
        FOUND.plan(1, 3, cycles=2)
    with pytest.raises(ValueError, match="too few for 1 cycle of at least 2 steps"):
        FOUND.plan(1, 1)
    with pytest.raises(ValueError, match="epochs must be greater than 0, got epochs=0"):
        FOUND.plan(0, 100)
    with pytest.raises(ValueError, match="steps_per_epoch must be at least 1"):
        FOUND.plan(10, 0)
    with pytest.raises(ValueError, match="cycles must be at least 1"):
        FOUND.plan(10, 100, cycles=0)
    for momentum in (0.9, (0.8, 0.9, 0.95)):
        with pytest.raises(TypeError, match=r"momentum must be its bounds \(low, high\), or None"):
            FOUND.plan(10, 100, momentum=momentum)
