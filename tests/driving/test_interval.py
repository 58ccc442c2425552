"""Interval: what it holds, and the first value that it does not."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import examples

from hypercycle.driving.interval import ACCEPTED, UNLIMITED, Interval

ENDS = st.sampled_from([-math.inf, -1.0, 0.0, 0.5, 1.0, math.inf])
INTERVALS = st.builds(Interval, ENDS, ENDS, st.booleans(), st.booleans())
VALUES = st.one_of(ENDS, st.just(math.nan), st.floats(-2.0, 2.0))


def inside(value, interval):
    return math.isfinite(value) and (
        interval.least < value < interval.most
        or (interval.least_included and value == interval.least <= interval.most)
        or (interval.most_included and value == interval.most >= interval.least)
    )


@examples(200)
@given(INTERVALS, st.lists(VALUES, max_size=5))
def test_it_holds_what_is_finite_and_inside(interval, values):
    # One point is inside only if both ends say so.
    point = interval.least == interval.most
    if point and interval.least_included is not interval.most_included:
        return
    good = [inside(value, interval) for value in values]
    assert interval.holds(np.array(values)) is all(good)
    least, most = interval.ends
    assert [least <= value <= most for value in values] == good
    if all(good):
        interval.check(np.array(values), "p")
        return
    first = values[good.index(False)]
    message = f"p accepts values in {interval}, its schedule gives {first!r}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        interval.check(np.array(values), "p")


def test_rows_are_held_as_well():
    assert UNLIMITED.holds(np.zeros((3, 4)))
    assert not Interval(least=0.0).holds(np.array([[0.0, 1.0], [0.5, -0.1]]))


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        (UNLIMITED, "(-inf, inf)"),
        (Interval(least=0.0), "[0, inf)"),
        (Interval(least=0.0, least_included=False), "(0, inf)"),
        (Interval(most=1.0), "(-inf, 1]"),
        (Interval(least=1e-7, most=0.5, most_included=False), "[1e-07, 0.5)"),
    ],
)
def test_it_prints_as_in_books(interval, text):
    assert str(interval) == text


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("lr", [0.0, 1e6], [-1e-9]),
        ("momentum", [0.0, 1.0], [-0.1, 1.0 + 1e-15]),
        ("beta1", [0.0, 1.0 - 1e-15], [-0.1, 1.0]),
        ("beta2", [0.0, 0.999], [1.0]),
        ("beta3", [0.0, 0.999], [1.0]),
        ("weight_decay", [0.0, 1e6], [-1e-9]),
        ("eps", [0.0, 1.0], [-1e-9]),
    ],
)
def test_what_optimizers_of_all_frameworks_accept(name, good, bad):
    assert ACCEPTED[name].holds(np.array(good))
    assert not any(ACCEPTED[name].holds(np.array([value])) for value in bad)
