"""What the plugin promises; it must be installed: ``pip install -e .[test]``."""

from fractions import Fraction

import hypercycle as hc
import numpy as np
import pytest
import torch
from hypercycle.testing import check_waveform

from hypercycle_example import InverseTime, poly


def test_poly_is_a_waveform_on_every_framework():
    report = check_waveform(poly)
    assert report["numpy"] == report["torch"] == "checked"


def test_poly_gives_the_values_of_an_independent_implementation():
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.01)
    peer = torch.optim.lr_scheduler.PolynomialLR(optimizer, 100, power=0.9)
    cycle = hc.Cycle(0.0, 0.01, 0, step_size_down=100, waveform="poly")
    for step in range(100):
        assert cycle(step) == pytest.approx(peer.get_last_lr()[0], rel=1e-12)
        optimizer.step()
        peer.step()


def test_inverse_time_is_exact_far_out():
    cycles = np.array([0.0, 1.0, 7.0, 1e12])
    exact = [float(1 / (1 + Fraction(0.5) * Fraction(cycle))) for cycle in cycles]
    np.testing.assert_allclose(InverseTime(0.5)(cycles, None, None), exact, rtol=1e-15)


@pytest.mark.parametrize("rate", [-1.0, float("nan"), float("inf")])
def test_inverse_time_refuses_what_would_divide_by_zero_or_grow(rate):
    with pytest.raises(ValueError, match="rate must be finite, 0 or above, got rate="):
        InverseTime(rate)


def test_both_are_found_by_their_names():
    assert hc.waveforms()["poly"] is poly
    assert hc.scales()["inverse_time"] is InverseTime
    cycle = hc.Cycle(0.0, 1.0, 10, waveform="poly", scale=InverseTime(0.5))
    assert cycle(10 + 2 * 20) == 0.5  # the top of cycle 2: 1 / (1 + 0.5 · 2)
