"""Function: a user's own function of the step; and what is taken for a schedule."""

import re

import numpy as np
import pytest

import hypercycle as hc
from hypercycle.schedules.function import Function, as_schedule


def test_a_user_s_function_may_be_a_part():
    chain = hc.Chain((lambda step: 10.0 + step, 3), lambda step: 20.0 + step)
    assert [chain(s) for s in range(6)] == [10.0, 11.0, 12.0, 20.0, 21.0, 22.0]
    assert chain(np.arange(6)).tolist() == [10.0, 11.0, 12.0, 20.0, 21.0, 22.0]
    assert not chain.precomputable
    assert hc.Chain((hc.Constant(1), 3), hc.Product(1, 2)).precomputable
    assert not hc.Product(1, hc.Chain(every_step)).precomputable


def every_step(step):
    return float(step)


def test_nothing_is_known_of_it():
    function = Function(every_step)
    assert (function.schedules, function.reached(), function.length) == ((), [], None)
    assert (function.repeats_every, function.least_count, function.shown_in(4)) == (None, 0, 0)
    assert (function.precomputable, function.has_cycles, function.resolved) == (False, False, True)
    assert function.events(3) == list(function.ends(0, 100)) == []


def test_it_is_equal_to_its_function_and_prints_as_it():
    function = Function(every_step)
    assert function == every_step == function
    assert function == Function(every_step)
    assert hash(function) == hash(every_step)
    assert repr(function) == repr(every_step)
    assert function != Function(len)


def test_it_is_asked_for_one_step_after_the_other():
    asked = []
    function = Function(lambda step: asked.append((type(step), step)) or step)
    steps = np.arange(6, dtype=np.int32).reshape(2, 3)
    values = function(steps)
    assert (values.dtype, values.tolist()) == (np.float64, [[0, 1, 2], [3, 4, 5]])
    assert asked == [(int, step) for step in range(6)]


@pytest.mark.parametrize("value", ["high", None, [0.1, 0.2]])
def test_what_returns_no_number_is_told_so_with_the_step(value):
    def broken(step):
        return 0.5 if step < 3 else value

    schedule = hc.Chain((broken, 9), 0.0)
    assert Function(broken)(2) == schedule(2) == 0.5
    for use in (Function(broken), schedule):
        for step in (3, np.arange(9)):
            with pytest.raises(TypeError, match=r"broken.* must return a number, got .* at step 3"):
                use(step)


def test_what_is_a_schedule():
    cycle = hc.Cycle(0.1, 0.5, 4)
    assert as_schedule(cycle, "it") is cycle
    assert as_schedule(3, "it") == hc.Constant(3.0)
    assert as_schedule(np.float32(0.5), "it") == hc.Constant(0.5)
    function = as_schedule(every_step, "it")
    assert isinstance(function, Function)
    assert function.function is every_step


@pytest.mark.parametrize(
    "value", ["0.1", None, [1, 2], hc.Cycle, hc.Plan(lr=1), hc.Groups({0: 1}), {"low": 1}], ids=repr
)
def test_what_is_no_schedule_is_refused(value):
    message = "it must be a schedule (such as Cycle, Ramp, or a function of the step) or a number, "
    with pytest.raises(TypeError, match=re.escape(f"{message}got {value!r}")):
        as_schedule(value, "it")
