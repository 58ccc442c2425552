"""PowerLaw: the formula to the last places, far out too, and the laws that people write with it."""

import math
import re
from decimal import Decimal, localcontext

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import strategies
import tensorflow as tf
import torch
from hypothesis import given

import hypercycle as hc

STEPS = [0, 1, 2, 9, 1000, 4000, 10**6, 10**9, 10**12, 10**12 + 1, 2**53 - 5000]
LAWS = {
    "inverse square root": hc.PowerLaw(0.001, -0.5, unit=4000, shift=4000),
    "T5": hc.PowerLaw(1.0, -0.5, high=0.01),
    "Adafactor's beta2": hc.PowerLaw(-1.0, -0.8, shift=1, offset=1.0),
    "power scheduler": hc.PowerLaw(4 * 2**20**-0.51, -0.51, high=0.02),
    "falling to": hc.PowerLaw(0.5, -2.0, unit=3, shift=1, offset=0.1),
    "growing": hc.PowerLaw(1e-6, 1.0, unit=7, high=0.1),
    "growing slowly": hc.PowerLaw(-0.01, 0.3, offset=1.0, low=0.5),
}


def exact(law, step):
    """Return the value to 40 digits, by the formula of the documentation."""
    with localcontext(prec=40):
        count = Decimal(step + law.shift)
        if law.exponent < 0:
            count = max(count, Decimal(1))
        power = (count / law.unit) ** Decimal(law.exponent) if count else Decimal(0)
        value = Decimal(law.offset) + Decimal(law.factor) * power
        if law.low is not None:
            value = max(value, Decimal(law.low))
        return value if law.high is None else min(value, Decimal(law.high))


@pytest.mark.parametrize("name", LAWS)
def test_a_value_is_the_exact_one_to_some_units_in_the_last_place(name):
    law = LAWS[name]
    for step in STEPS:
        wanted = exact(law, step)
        unit = math.ulp(max(abs(law.offset), float(abs(wanted))))
        assert abs(Decimal(law(step)) - wanted) <= Decimal(4 * unit), step
    assert law(np.array(STEPS)).tolist() == [law(step) for step in STEPS]


@pytest.mark.parametrize("name", LAWS)
def test_every_library_has_its_values(name):
    law, steps = LAWS[name], np.array([*range(3000), *range(10**9, 10**9 + 1000)], np.int32)
    values = law(steps)
    single = values.astype(np.float32)
    for theirs in (
        law(torch.from_numpy(steps)).numpy(),
        law(tf.constant(steps)).numpy(),
    ):
        np.testing.assert_allclose(theirs, values, rtol=2e-15, atol=4e-16)
        np.testing.assert_array_equal(theirs.astype(np.float32), single)
    np.testing.assert_array_equal(np.asarray(jax.jit(law)(jnp.asarray(steps))), single)


def test_in_float32_alone_too(monkeypatch):
    monkeypatch.setattr("hypercycle.namespaces.on_jax.lowers_float64", lambda _: False)
    steps = np.array([*range(300), *range(10**9, 10**9 + 100), 2**31 - 1], np.int32)
    law = LAWS["Adafactor's beta2"]
    theirs = np.asarray(jax.jit(law)(jnp.asarray(steps)))
    np.testing.assert_array_equal(theirs, law(steps).astype(np.float32))


def test_nothing_is_divided_by_zero():
    law = hc.PowerLaw(0.5, -0.5)
    assert (law(0), law(1)) == (0.5, 0.5)
    assert law(torch.arange(2)).tolist() == [0.5, 0.5]
    assert hc.PowerLaw(0.5, 0.5)(0) == 0.0
    assert hc.PowerLaw(0.5, -0.5, low=0.6, high=0.7)(0) == 0.6


def adafactor_beta2(step):
    t = step + 1.0  # counted before it is used
    return 1.0 - t**-0.8


def power_scheduler(step, *, batch, length, a=4.0, b=-0.51, most=0.02):
    tokens = step * batch * length
    return most if tokens == 0 else min(most, batch * a * tokens**b)


def levanter(step, lr=3e-4, warmup_steps=1000, timescale=10_000, min_lr=1e-4):
    decay = min(1.0, 1.0 / math.sqrt(max(step + warmup_steps, 1) / timescale))
    return max(lr * decay, min_lr)


def t5(step):
    return 1.0 / math.sqrt(max(step, 10_000))


WRITTEN = {
    "Adafactor": (adafactor_beta2, LAWS["Adafactor's beta2"]),
    "power scheduler": (
        lambda step: power_scheduler(step, batch=128, length=4096),
        hc.PowerLaw(128 * 4.0 * (128 * 4096) ** -0.51, -0.51, high=0.02),
    ),
    "levanter": (levanter, hc.PowerLaw(3e-4, -0.5, unit=10_000, shift=1000, low=1e-4, high=3e-4)),
    "T5": (t5, hc.PowerLaw(1.0, -0.5, high=0.01)),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_others_compute_is_said_by_it(name):
    theirs, ours = WRITTEN[name]
    for step in [*range(200), 9_000, 10_000, 11_000, 123_456, 10**7, 10**12]:
        assert ours(step) == pytest.approx(theirs(step), rel=1e-13, abs=1e-16)


@strategies.examples(100)
@given(strategies.power_laws())
def test_it_keeps_its_bounds_and_says_what_it_reaches(law):
    values = law(np.array([*range(50), 10**6, 2**53]))
    if law.low is not None:
        assert values.min() >= law.low
    if law.high is not None:
        assert values.max() <= law.high
    reached = law.reached()
    grows_to = law.high if law.factor > 0 else law.low
    if law.exponent > 0 and grows_to is None:
        assert reached == []
    else:
        assert reached[0] == law(0)
        assert min(reached) <= values.min()
        assert max(reached) >= values.max()


def test_lengths_with_units():
    law = hc.PowerLaw(0.1, -0.5, unit="2ep", shift="10%", low=0.01)
    assert not law.resolved
    assert law.reached() == [0.01]
    assert law.resolve(steps_per_epoch=5, total_steps=300) == hc.PowerLaw(
        0.1, -0.5, unit=10, shift=30, low=0.01
    )
    with pytest.raises(ValueError, match="shift='10%' has a unit that is not resolved yet"):
        law(3)


def test_what_it_is_beside_its_values():
    law = hc.PowerLaw(0.001, -0.5, unit=4000, shift=100)
    assert repr(law) == "PowerLaw(0.001, -0.5, unit=4000, shift=100)"
    assert law.length is None
    assert law.precomputable
    assert not law.has_cycles
    assert law.events(4000) == []
    assert law.shown_in(3) == 40_000
    assert hc.PowerLaw(1.0, -0.8).shown_in(3) == 100
    chain = hc.Chain((law, 10), 0.5)
    assert [chain(step) for step in (0, 9, 10)] == [law(0), law(9), 0.5]


def test_bounds_and_factors_may_be_traced():
    def made(factor, high):
        return hc.PowerLaw(factor, -0.5, shift=1, high=high)

    values = jax.jit(lambda factor, high: made(factor, high)(np.arange(9)))(2.0, 1.5)
    np.testing.assert_array_equal(
        np.asarray(values), made(2.0, 1.5)(np.arange(9)).astype(np.float32)
    )


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: hc.PowerLaw(math.nan, 1), ValueError, "factor must be finite, got factor=nan"),
        (lambda: hc.PowerLaw(1, "2"), TypeError, "exponent must be a number, got '2' (str)"),
        (lambda: hc.PowerLaw(1, 2, unit=0), ValueError, "unit must be at least 1, got unit=0"),
        (lambda: hc.PowerLaw(1, 2, shift=-1), ValueError, "shift must be at least 0, got shift=-1"),
        (
            lambda: hc.PowerLaw(1, 2, low=2, high=1),
            ValueError,
            "low must not be above high, got low=2.0, high=1.0",
        ),
    ],
)
def test_what_makes_no_power_law_is_refused(make, error, message):
    with pytest.raises(error, match=re.escape(message)):
        make()


def test_what_grows_without_a_bound_overflows_as_an_error():
    with pytest.raises(OverflowError, match="gives inf at step=10"):
        hc.PowerLaw(1.0, 400.0)(10)


def test_the_opposite_of_a_law_with_units_is_asked_when_these_are_known():
    for law in (
        hc.PowerLaw(0.1, -0.5, unit="1%", shift="1%"),
        hc.PowerLaw(0.1, -0.5, unit="1%", shift="1%", high=0.5),
    ):
        opposite = law.opposite(0.85, 0.95)
        assert opposite.known_range() == (0.85, 0.95)
        assert opposite.resolve(total_steps=1000)(0) == 0.85
        assert hc.Plan.from_dict(hc.Plan(b1=opposite).to_dict())["b1"] == opposite
    growing = hc.PowerLaw(0.1, 0.5, unit="1%").opposite(0.85, 0.95)
    with pytest.raises(ValueError, match="it is not known between which bounds it moves"):
        growing.resolve(total_steps=1000)
