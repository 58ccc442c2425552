"""inverse_sqrt and polynomial: the values of the frameworks' own, from their formulas."""

import math
import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import examples

import hypercycle as hc

rates = st.floats(1e-5, 10.0)


def transformers_inverse_sqrt(step, lr, warmup, timescale=None):
    timescale = timescale or warmup or 10_000
    if step < warmup:
        return lr * step / max(1, warmup)
    return lr / math.sqrt((step + timescale - warmup) / timescale)


def transformers_polynomial(step, lr, *, warmup, total, end, power):
    if step < warmup:
        return lr * step / max(1, warmup)
    if step > total:
        return end
    remaining = 1 - (step - warmup) / (total - warmup)
    return (lr - end) * remaining**power + end


def nemo_noam(step, lr, d_model, warmup, min_lr):
    step = max(1, step)
    value = lr * d_model**-0.5 * min(step**-0.5, step * warmup**-1.5)
    return max(value, min_lr) if step > warmup else value


def noam(step, d_model, warmup):
    n = step + 1
    return d_model**-0.5 * min(n**-0.5, n * warmup**-1.5)


def some_steps(*near):
    return sorted({s + more for s in (2, *near, 10**6, 10**12) for more in range(-2, 30) if s > 1})


@examples(60)
@given(rates, st.integers(0, 5000), st.one_of(st.none(), st.integers(1, 20_000)))
def test_inverse_sqrt_is_transformers(lr, warmup, timescale):
    ours = hc.inverse_sqrt(lr, warmup, timescale=timescale)
    for step in some_steps(warmup):
        theirs = transformers_inverse_sqrt(step, lr, warmup, timescale)
        assert ours(step) == pytest.approx(theirs, rel=1e-14)
    assert ours(warmup) == lr


@examples(30)
@given(rates, st.integers(1, 5000), st.sampled_from([64, 512]), st.sampled_from([0.0, 1e-6]))
def test_inverse_sqrt_is_nemo_s_noam_from_step_1_on(lr, warmup, d_model, min_lr):
    peak = lr * (d_model * warmup) ** -0.5
    ours = hc.inverse_sqrt(peak, warmup, min_lr=min(min_lr, peak))
    for step in some_steps(warmup)[1:]:
        theirs = nemo_noam(step, lr, d_model, warmup, min(min_lr, peak))
        assert ours(step) == pytest.approx(theirs, rel=1e-13)


@examples(30)
@given(st.integers(2, 5000), st.sampled_from([64, 512]))
def test_inverse_sqrt_is_the_paper_s(warmup, d_model):
    peak = (d_model * warmup) ** -0.5
    ours = hc.inverse_sqrt(peak, warmup - 1, timescale=warmup, start=peak / warmup)
    for step in some_steps(warmup):
        assert ours(step) == pytest.approx(noam(step, d_model, warmup), rel=1e-13)


@examples(60)
@given(
    rates,
    st.integers(1, 5000),
    st.integers(0, 4999),
    st.sampled_from([0.0, 1e-7, 1e-5]),
    st.sampled_from([0.5, 0.9, 1.0, 2.0, 3.0]),
)
def test_polynomial_is_transformers(lr, total, warmup, end, power):
    warmup %= total
    ours = hc.polynomial(lr, total, power=power, end=end, warmup_steps=warmup)
    for step in some_steps(warmup, total):
        theirs = transformers_polynomial(step, lr, warmup=warmup, total=total, end=end, power=power)
        # 1 − t cancels near the end, where ours does not.
        assert ours(step) == pytest.approx(theirs, rel=1e-9, abs=1e-12 * lr)
    assert ours(warmup) == lr
    assert ours(total) == ours(10**12) == end
    assert ours.length == total


@pytest.mark.parametrize("power", [1.0, 0.9, 2.0])
def test_polynomial_is_pytorch_s(power):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    peer = torch.optim.lr_scheduler.PolynomialLR(optimizer, 50, power=power)
    ours = hc.polynomial(0.1, 50, power=power)
    for step in range(60):
        assert ours(step) == pytest.approx(peer.get_last_lr()[0], rel=1e-12, abs=1e-18)
        optimizer.step()
        peer.step()


def test_lengths_with_units_and_values_far_out():
    ours = hc.inverse_sqrt(0.1, "5%", min_lr=1e-3).resolve(total_steps=2000)
    assert ours == hc.inverse_sqrt(0.1, 100, min_lr=1e-3)
    assert ours(10**12) == 1e-3
    assert hc.inverse_sqrt(0.1, 100)(10**12) == pytest.approx(1e-6, rel=1e-15)
    assert hc.inverse_sqrt(0.1, 0) == hc.PowerLaw(0.1, -0.5, unit=10_000, shift=10_000)
    steps = np.arange(300)
    assert ours(steps).tolist() == [ours(step) for step in range(300)]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: hc.inverse_sqrt(0, 5), ValueError, "max_lr must be greater than 0, got max_lr=0"),
        (lambda: hc.inverse_sqrt(1, -5), ValueError, "warmup_steps must be at least 0, got"),
        (lambda: hc.inverse_sqrt(1, "5 %s"), ValueError, "warmup_steps must be a whole number"),
        (
            lambda: hc.inverse_sqrt(1, 5, timescale=0),
            ValueError,
            "timescale must be at least 1, got timescale=0",
        ),
        (
            lambda: hc.inverse_sqrt(0.1, 5, min_lr=0.2),
            ValueError,
            "min_lr must be from 0 to max_lr=0.1, got min_lr=0.2",
        ),
        (
            lambda: hc.polynomial(0.1, 5, end=0.2),
            ValueError,
            "end must not be above max_lr, got end=0.2, max_lr=0.1",
        ),
        (
            lambda: hc.polynomial(0.1, 5, warmup_steps=5),
            ValueError,
            "warmup_steps must be below total_steps, got 5 of 5",
        ),
        (lambda: hc.polynomial(0.1, 5, power=-1), ValueError, "power must be from 0.001 to 1000"),
        (lambda: hc.polynomial(0.1, "90%"), TypeError, "total_steps must be a whole number, got"),
    ],
)
def test_what_makes_no_decay_is_refused(make, error, message):
    with pytest.raises(error, match=re.escape(message)):
        make()
