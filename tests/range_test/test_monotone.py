"""Curves that never rise."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression

from hypercycle.range_test.monotone import falling


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40))
def test_curves_that_never_rise_are_those_of_isotonic_regression(curve):
    expected = isotonic_regression(np.array(curve), increasing=False).x
    np.testing.assert_allclose(falling(np.array([curve]))[0], expected, rtol=1e-9, atol=1e-6)
