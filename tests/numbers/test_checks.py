"""What numbers are taken, and as what; the guesses at a name that was meant."""

import math
import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hypercycle.numbers.checks import (
    finite_number,
    is_number,
    is_traced,
    positive_number,
    shown,
    whole_number,
)


@given(st.one_of(st.integers(-(2**60), 2**60), st.floats(allow_nan=False), st.fractions()))
@example(Fraction(3370701344492560501, 619))  # a whole number as a float
def test_a_whole_number_is_one_exactly(value):
    if math.isfinite(value) and value == int(value) and 0 <= value <= 2**53:
        number = whole_number(value, "n")
        assert type(number) is int
        assert number == value
    else:
        message = r"n must be (a whole number|at least 0|at most 2\*\*53), got n="
        with pytest.raises(ValueError, match=message):
            whole_number(value, "n")


@given(st.floats())
def test_a_finite_and_a_positive_number(value):
    for check, good in (
        (finite_number, math.isfinite(value)),
        (positive_number, math.isfinite(value) and value > 0),
    ):
        if good:
            assert check(value, "x") == value
        else:
            with pytest.raises(ValueError, match=r"x must be (finite|greater than 0), got x="):
                check(value, "x")


NUMBERS = [3, 0.5, np.float32(0.5), np.int16(3), Fraction(1, 2)]
OTHERS = ["0.5", None, 1j, [0.5], np.array([0.5])]


@pytest.mark.parametrize("value", NUMBERS, ids=repr)
def test_a_number_of_any_library_becomes_a_float(value):
    assert is_number(value)
    number = finite_number(value, "x")
    assert type(number) is float
    assert number == value


@pytest.mark.parametrize("value", OTHERS, ids=repr)
def test_what_is_no_number(value):
    assert not is_number(value)
    with pytest.raises(TypeError, match="x must be a number, got "):
        finite_number(value, "x")
    with pytest.raises(TypeError, match="x must be a whole number, got "):
        whole_number(value, "x")


def test_the_scalars_of_jax_are_numbers():
    jnp = pytest.importorskip("jax.numpy")
    for value in (jnp.float32(0.5), jnp.int32(3)):
        test_a_number_of_any_library_becomes_a_float(value)
    for value in (jnp.array([0.5]), jnp.array(True), jnp.array(1j)):
        test_what_is_no_number(value)


@pytest.mark.parametrize("switch", [True, np.False_])
def test_a_switch_is_no_number_to_check(switch):
    for check in (finite_number, positive_number, whole_number):
        with pytest.raises(TypeError, match=r"x must be a .*number, got "):
            check(switch, "x")


def test_a_number_to_come_is_left_as_it_is():
    jax = pytest.importorskip("jax")
    seen = []

    def program(x):
        seen.append((finite_number(x, "x") is x, is_number(x), is_traced(x)))
        return x

    jax.jit(program)(0.5)
    assert seen == [(True, True, True)]
    assert not any(map(is_traced, [0.5, jax.numpy.array(0.5), None]))


def test_what_is_at_least_something_else():
    assert whole_number(1, "n", minimum=1) == 1
    assert whole_number(-3, "n", minimum=-3) == -3
    with pytest.raises(ValueError, match="n must be at least 2, got n="):
        whole_number(1.0, "n", minimum=2)


@pytest.mark.parametrize("loader", [[np.zeros(1000)] * 50, {"a": 1}, np.zeros(3), range(8)])
def test_what_has_a_length_is_answered_by_its_length(loader):
    kind = type(loader).__name__
    message = f"steps_per_epoch must be a whole number, got a {kind}: give len(…) of it"
    with pytest.raises(TypeError, match=re.escape(message) + "$"):
        whole_number(loader, "steps_per_epoch")


def test_values_are_shown_in_one_short_line():
    assert shown("a\nb") == r"'a\nb'"
    assert shown(np.zeros((3, 2))) == "array([[0., 0.], [0., 0.], [0., 0.]])"
    assert shown([[1.0] * 9] * 99).endswith(" …")
    assert len(shown([[1.0] * 9] * 99)) <= 80
    assert len(shown("x" * 500)) <= 80
    with pytest.raises(TypeError, match=r"x must be a number, got .{60,76} … \(list\)$"):
        finite_number([0.5] * 1000, "x")


def test_an_error_shows_what_it_can():
    nested = [1]
    for _ in range(100_000):
        nested = [nested]
    assert (shown([0.5]), shown(nested), shown(16**5000)) == ("[0.5]", "…", "…")
    with pytest.raises(TypeError, match=r"x must be a whole number, got … \(list\)"):
        whole_number(nested, "x")
    with pytest.raises(ValueError, match="x must be finite, got x=…"):
        finite_number(16**5000, "x")
