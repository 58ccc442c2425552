"""Product: two schedules at the same step, multiplied."""

import re

import numpy as np
import pytest
import strategies
from hypothesis import given

import hypercycle as hc

NO_SCHEDULE = "must be a schedule (such as Cycle, Ramp, or a function of the step) or a number, got"


@strategies.examples(100)
@given(strategies.schedules(), strategies.schedules(), strategies.steps)
def test_a_product_is_the_product(first, second, step):
    product = hc.Product(first, second)
    assert product(step) == first(step) * second(step)


def test_a_product_holds_when_both_factors_hold():
    short, long = hc.Ramp(1, 2, 3), hc.Cycle(1, 3, 4, cycles=1)
    assert hc.Product(short, long).length == hc.Product(long, short).length == 8
    assert hc.Chain(hc.Product(short, long), 0.5)(7) == 2 * 1.5
    assert hc.Product(short, hc.Cycle(1, 3, 4)).length is None


def test_a_factor_is_a_schedule_or_a_number():
    product = hc.Product(2, np.float32(0.5))
    assert product.schedules == (product.first, product.second)
    assert product.schedules == (hc.Constant(2.0), hc.Constant(0.5))


def test_it_reaches_the_products_of_the_bounds():
    assert hc.Product(hc.Cycle(0.1, 0.5, 4), 2).reached() == [0.2, 1.0]
    assert hc.Product(hc.Cycle(-1, 2, 4), hc.Ramp(3, -4, 5)).reached() == [-3.0, 4.0, 6.0, -8.0]


def test_products_that_overflow_are_an_error_of_the_step():
    product = hc.Product(1e200, hc.Ramp(1.0, 1e200, 4))
    assert product(0) == 1e200
    for step in (4, np.array([0, 4])):
        with pytest.raises(OverflowError, match="gives inf at step=4;"):
            product(step)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: hc.Product(hc.Plan(lr=1), 1), TypeError, f"the first factor {NO_SCHEDULE} Plan"),
        (lambda: hc.Product(1, "x"), TypeError, f"the second factor {NO_SCHEDULE} 'x'"),
    ],
)
def test_what_makes_no_product_is_refused(make, error, message):
    with pytest.raises(error, match=re.escape(message)):
        make()


def test_products_of_many_products_reach_few_bounds():
    schedule = hc.Ramp(0.5, 1.0, 9)
    for _ in range(60):
        schedule = hc.Product(hc.Ramp(0.5, 1.0, 9), schedule)
    assert schedule.known_range() == (0.5**61, 1.0)
    assert schedule.reached() == [0.5**61, 0.5, 0.5**60, 1.0]
