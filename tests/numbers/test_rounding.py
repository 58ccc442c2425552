"""Boundaries that are rounded, against exact fractions."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hypercycle.numbers.rounding import rounded_parts

HALF = Fraction(1, 2)


def half_up(exact):
    return math.floor(exact + HALF)


@given(st.lists(st.fractions(1, 500), min_size=1, max_size=6), st.fractions(0, 3))
def test_each_boundary_is_the_exact_one_rounded_half_up(exact, start):
    lengths = rounded_parts(exact, [True] * len(exact), start)
    for number in range(len(exact) + 1):
        boundary = half_up(start) + sum(lengths[:number])
        assert boundary == half_up(start + sum(exact[:number]))


@given(
    st.lists(st.fractions(0, 40, max_denominator=999), min_size=1, max_size=6),
    st.integers(1, 2000),
)
def test_parts_of_a_run_take_up_all_of_it(shares, total):
    whole = sum(shares)
    if whole == 0:
        return
    exact = [share / whole * total for share in shares]
    lengths = rounded_parts(exact, [True] * len(exact), most=total)
    assert sum(lengths) == total
    positive = sum(1 for one in exact if one)
    if total >= positive:  # there is room for all
        assert all(length >= 1 for length, one in zip(lengths, exact, strict=True) if one)
    assert all(length == 0 for length, one in zip(lengths, exact, strict=True) if not one)


@pytest.mark.parametrize(
    ("exact", "gives", "most", "lengths"),
    [
        # The longest that may gives a step, never one whose steps were counted out.
        ([Fraction(1, 9), 5, Fraction(1, 9)], [True, False, True], None, [1, 5, 1]),
        ([Fraction(1, 9), 5, Fraction(19, 9)], [True, False, True], None, [1, 5, 1]),
        # Nobody can give: the whole is longer, but not longer than the run.
        ([Fraction(1, 3), Fraction(1, 3), Fraction(1, 3)], [True] * 3, 1, [0, 1, 0]),
        ([Fraction(1, 3), Fraction(1, 3), Fraction(1, 3)], [True] * 3, 9, [1, 1, 1]),
        ([0, 0], [True] * 2, 5, [0, 0]),
    ],
)
def test_what_would_be_nothing_takes_a_step(exact, gives, most, lengths):
    assert rounded_parts([Fraction(one) for one in exact], gives, most=most) == lengths
