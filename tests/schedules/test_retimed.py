"""What has the values of another schedule has its bounds."""

import pytest

import hypercycle as hc

WHOLE = hc.Chain((8, 5), (16, 3))


@pytest.mark.parametrize("make", [lambda one: hc.Held(one, 2), hc.Repeat], ids=["held", "repeat"])
@pytest.mark.parametrize("schedule", [WHOLE, hc.Ramp(0.5, 0.1, 7), hc.Chain((lambda s: s, 4))])
def test_its_bounds_are_those_of_the_schedule(make, schedule):
    one = make(schedule)
    assert one.schedules == (schedule,)
    assert one.reached() == schedule.reached()
    assert one.known_range() == schedule.known_range()
    assert one.whole is schedule.whole
