"""Constant: the same value at every step."""

import math
import re

import numpy as np
import pytest

import hypercycle as hc


def test_a_constant_is_its_value_everywhere():
    assert hc.Constant(3)(10**12) == 3.0
    assert hc.Constant(3)(np.arange(4).reshape(2, 2)).tolist() == [[3.0, 3.0], [3.0, 3.0]]
    assert hc.Constant(3).reached() == [3.0]
    assert hc.Constant(np.float32(0.5)) == hc.Constant(0.5)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: hc.Constant(math.nan), ValueError, "value must be finite, got value=nan"),
        (lambda: hc.Constant(True), TypeError, "value must be a number, got True (bool)"),
    ],
)
def test_what_is_no_finite_number_is_refused(make, error, message):
    with pytest.raises(error, match=re.escape(message)):
        make()
