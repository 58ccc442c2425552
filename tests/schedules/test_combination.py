"""What is computed of other schedules' values: when it holds, what happens, how it is resolved."""

import re

import pytest
import strategies
from hypothesis import given

import hypercycle as hc

RAMP, CYCLE = hc.Ramp(1, 2, 3), hc.Cycle(1, 3, 4, cycles=1)
JOINED = pytest.mark.parametrize("kind", strategies.JOINED)


@pytest.mark.parametrize(
    "make", [*strategies.JOINED, hc.Product, hc.Quotient], ids=lambda make: make.__name__
)
def test_it_holds_when_all_hold_and_tells_what_all_tell(make):
    for first, second in ((RAMP, CYCLE), (CYCLE, RAMP)):
        both = make(first, second)
        assert both.length == 8
        assert both.schedules == (first, second)
        assert both.events(4) == CYCLE.events(4) != []
        assert both.has_cycles
    assert make(RAMP, hc.Cycle(1, 3, 4)).length is None
    assert make(CYCLE, CYCLE).events(8) == CYCLE.events(8)
    written = make(hc.Ramp(1, 2, "2ep"), hc.Cycle(1, 3, "50%"))
    assert not written.resolved
    resolved = written.resolve(steps_per_epoch=7, total_steps=30)
    assert resolved == make(hc.Ramp(1, 2, 14), hc.Cycle(1, 3, 15))


@JOINED
def test_there_may_be_one_or_many(kind):
    assert kind(RAMP)(2) == RAMP(2)
    assert kind(*[RAMP] * 300)(0) in (1, 300)
    assert kind(1, 2) != kind(2, 1)
    assert repr(kind(1, RAMP)) == f"{kind.__name__}(Constant(1.0), {RAMP!r})"


def test_kinds_of_the_same_parts_differ():
    assert len({kind(1, 2) for kind in strategies.JOINED}) == 3
    assert hc.Maximum(1, 2) != hc.Minimum(1, 2)


@strategies.examples(30)
@given(strategies.joined(strategies.schedules(depth=1)))
def test_it_is_pickled_by_its_parts(joined):
    assert type(joined)(*joined.parts) == joined
    assert hash(type(joined)(*joined.parts)) == hash(joined)


@JOINED
def test_what_is_no_schedule_is_refused(kind):
    name = kind.__name__
    with pytest.raises(ValueError, match=f"{name} needs at least one schedule"):
        kind()
    message = f"part 1 of {name} must be a schedule (such as Cycle, Ramp, or a function of the step"
    with pytest.raises(TypeError, match=re.escape(message)):
        kind(1, "x")
    with pytest.raises(TypeError, match=re.escape(f"part 0 of {name} must be a schedule")):
        kind([RAMP, 1])


def test_bounds_are_unknown_if_those_of_a_part_are():
    for kind in strategies.JOINED:
        assert kind(RAMP, lambda step: 1.0).reached() == []
        assert not kind(RAMP, lambda step: 1.0).precomputable
    assert hc.Quotient(1, lambda step: 1.0).reached() == []
