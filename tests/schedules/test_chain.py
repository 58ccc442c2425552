"""Chain: its parts one after the other, against exact fractions."""

import math
import re

import numpy as np
import pytest
import reference
import strategies
from hypothesis import example, given

import hypercycle as hc

NO_SCHEDULE = "must be a schedule (such as Cycle, Ramp, or a function of the step) or a number, got"


@strategies.examples(150)
@given(strategies.chains(**strategies.EXACT), strategies.near_steps)
@example(hc.Chain(hc.Ramp(0, 1, 0), (hc.Constant(1), 0), hc.Ramp(1, 0, 0)), 0)
@example(hc.Chain(hc.Ramp(0, 1, 4), (hc.Constant(0.5), 0), hc.Cycle(0.1, 0.5, 3)), 4)
@example(hc.Chain((hc.Cycle(0.1, 0.5, 4, 0), 8), hc.Constant(0.9)), 8)
@example(hc.Chain((hc.Cycle(0.1, 0.5, 4, 0), 8)), 8)
def test_a_chain_is_its_parts_one_after_the_other(chain, step):
    assert abs(chain(step) - float(reference.value(chain, step))) <= 32 * math.ulp(1.0)


@strategies.examples(100)
@given(strategies.chains())
def test_where_a_part_starts_the_next_one_is_in_force(chain):
    start = 0
    for number, part in enumerate(chain.parts):
        schedule, steps = part if isinstance(part, tuple) else (part, part.length)
        if steps != 0 or number == len(chain.parts) - 1:
            assert chain(start) == schedule(0)
        if steps is None:
            assert chain.length is None
            return
        if steps:
            assert chain(start + steps - 1) == schedule(steps - 1)
        start += steps
    assert chain.length == start
    last = chain.schedules[-1]
    held = last(reference.length(chain.parts[-1]))
    assert chain(start) == chain(start + 1) == chain(10**12) == held


def test_a_chain_of_a_thousand_parts_finds_its_part():
    chain = hc.Chain(*(hc.Ramp(k, k + 1, 7) for k in range(1000)))
    assert chain.length == 7000
    assert [chain(s) for s in (0, 6993, 6999, 7000, 10**9)] == [0, 999, 999 + 6 / 7, 1000, 1000]
    steps = np.random.default_rng(0).integers(0, 8000, 500)
    np.testing.assert_allclose(chain(steps), np.minimum(steps / 7, 1000), rtol=1e-14)


def test_a_part_is_a_schedule_a_number_or_a_pair():
    chain = hc.Chain((1, 3), 0.5)
    assert chain.parts == ((hc.Constant(1.0), 3), hc.Constant(0.5))
    assert chain.schedules == (hc.Constant(1.0), hc.Constant(0.5))
    assert hc.Chain([hc.Constant(1), 3], 2) == hc.Chain((1, 3), 2)
    assert repr(chain) == "Chain((Constant(1.0), 3), Constant(0.5))"


def test_it_reaches_what_its_parts_reach():
    cycle = hc.Cycle(0.1, 0.5, 4)
    assert hc.Chain((cycle, 3), hc.Ramp(1, 2, 3)).reached() == [0.1, 0.5, 1.0, 2.0]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (hc.Chain, ValueError, "Chain needs at least one part"),
        (lambda: hc.Chain(1, 2), ValueError, "part 0 of Chain never ends, so nothing can follow"),
        (lambda: hc.Chain((1, 2), hc.Cycle(0, 1, 3), 2), ValueError, "give its length as (schedu"),
        (lambda: hc.Chain((1, 2, 3)), TypeError, "a schedule or a pair (schedule, steps), got"),
        (lambda: hc.Chain((1,)), TypeError, "part 0 of Chain must be a schedule or a pair"),
        *(
            (lambda parts=parts: hc.Chain(parts), TypeError, "one by one, Chain(*parts), got")
            for parts in (
                [hc.Ramp(0, 1, 3), hc.Cycle(0, 1, 3)],
                [(hc.Cycle(0, 1, 3), 3), (0.1, 4)],
                ((0.1, 3), hc.Ramp(0, 1, 3), 0.1),
            )
        ),
        (lambda: hc.Chain((1, -2)), ValueError, "steps must be at least 0, got steps=-2"),
        (lambda: hc.Chain((1, 2.5)), ValueError, "steps must be a whole number, got steps=2.5"),
        (lambda: hc.Chain((1, True)), TypeError, "steps must be a whole number, got True (bool)"),
        (lambda: hc.Chain("x"), TypeError, f"part 0 of Chain {NO_SCHEDULE} 'x'"),
        (lambda: hc.Chain((1, 2), None), TypeError, f"part 1 of Chain {NO_SCHEDULE} None"),
        (lambda: hc.Chain(hc.Cycle), TypeError, f"part 0 of Chain {NO_SCHEDULE} <class"),
        (lambda: hc.Chain(hc.Groups({0: 1})), TypeError, f"part 0 of Chain {NO_SCHEDULE} Groups"),
    ],
)
def test_what_makes_no_chain_is_refused(make, error, message):
    with pytest.raises(error, match=re.escape(message)):
        make()
