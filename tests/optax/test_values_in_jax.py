"""Values in JAX are NumPy's float64 values, rounded once."""

import jax
import jax.numpy as jnp
import numpy as np
import optax_ulps as ulps
import pytest
from hypothesis import given, settings
from strategies import schedules

import hypercycle as hc
from hypercycle.namespaces import float32_pairs, on_jax
from hypercycle.shapes.waveforms import WAVEFORMS

STEPS = ulps.spread(400)
COMPOSITIONS = ulps.compositions()


@pytest.fixture
def without_float64(monkeypatch):
    monkeypatch.setattr(on_jax, "lowers_float64", lambda _: False)


def test_this_jax_has_float64_inside_float32_programs():
    assert on_jax.lowers_float64(jax.default_backend())
    assert not jax.config.jax_enable_x64


def test_the_trial_works_while_jax_traces():
    on_jax.lowers_float64.cache_clear()
    jax.jit(hc.Cycle(0.1, 0.3, 7))(jnp.int32(3))
    assert on_jax.lowers_float64(jax.default_backend())


def test_without_float64_the_trial_says_so(monkeypatch):
    def no_float64():
        raise ValueError("Cannot lower jaxpr with verifier errors")

    monkeypatch.setattr(on_jax, "_float64", no_float64)
    on_jax.lowers_float64.cache_clear()
    assert not on_jax.lowers_float64(jax.default_backend())
    value = jax.jit(hc.Cycle(0.1, 0.3, 7))(jnp.int32(3))
    monkeypatch.undo()
    on_jax.lowers_float64.cache_clear()
    assert value == np.float32(hc.Cycle(0.1, 0.3, 7)(3))


@pytest.mark.parametrize("waveform", WAVEFORMS)
@pytest.mark.parametrize(("scale", "clock"), [("constant", "700/1300"), ("γ^step", "growing")])
def test_every_waveform_is_exact(waveform, scale, clock):
    options = ulps.CLOCKS[clock] | {"waveform": waveform, "scale": ulps.SCALES[scale]}
    assert ulps.ulps(hc.Cycle(1e-4, 1e-2, inverted=True, **options), STEPS) == 0


@pytest.mark.walk
@pytest.mark.parametrize("clock", ulps.CLOCKS)
@pytest.mark.parametrize("scale", ulps.SCALES)
def test_every_waveform_scale_and_clock_is_exact(scale, clock):
    for cycle in ulps.cycles(scale, clock):
        assert ulps.ulps(cycle, STEPS) == 0, cycle


@pytest.mark.parametrize("scale", ulps.SCALES)
@pytest.mark.parametrize("clock", ulps.CLOCKS)
def test_every_scale_and_clock_is_exact(scale, clock):
    options = ulps.CLOCKS[clock] | {"waveform": ("hann", "welch"), "scale": ulps.SCALES[scale]}
    assert ulps.ulps(hc.Cycle(1e-4, 1e-2, scale_of="bounds", **options), STEPS) == 0


@pytest.mark.parametrize("name", COMPOSITIONS)
def test_every_composition_is_exact(name):
    assert ulps.ulps(COMPOSITIONS[name], STEPS) == 0


def test_step_two_billion_is_as_good_as_step_0():
    cycle = hc.Cycle(0.001, 0.006, 2000)
    early = jax.jit(cycle)(jnp.arange(4000))
    late = jax.jit(cycle)(jnp.arange(4000) + 2_000_000_000)
    np.testing.assert_array_equal(early, late)


@given(schedules())
@settings(max_examples=15)
def test_whatever_can_be_described_is_exact(schedule):
    try:
        exact = schedule(STEPS.astype(np.int64))
    except (OverflowError, ValueError):
        return
    ours = np.asarray(jax.jit(schedule)(jnp.asarray(STEPS)))
    rounded = exact.astype(np.float32)
    # XLA takes numbers below the normal ones for 0.
    rounded = np.where(np.abs(rounded) < np.finfo(np.float32).tiny, 0.0, rounded)
    np.testing.assert_array_equal(ours, rounded)


def test_users_waveforms_scales_and_registered_ones_trace():
    def harmonic(cycle, step, xp):
        del step
        return 1.0 / xp.sqrt(1.0 + cycle)

    cycle = hc.Cycle(0.1, 0.9, 70, waveform=lambda x, xp: xp.exp(x * 0.0) * x**3, scale=harmonic)
    assert ulps.ulps(cycle, STEPS) == 0


# Without float64: pairs of float32.


@pytest.mark.usefixtures("without_float64")
class TestPairs:
    @pytest.mark.parametrize("waveform", WAVEFORMS)
    def test_every_waveform(self, waveform):
        cycle = hc.Cycle(1e-4, 1e-2, 700, 1300, phase=0.3, waveform=waveform, inverted=True)
        assert ulps.ulps(cycle, STEPS) <= 4

    @pytest.mark.parametrize("scale", ulps.SCALES)
    @pytest.mark.parametrize("clock", ulps.CLOCKS)
    def test_every_scale_and_clock(self, scale, clock):
        options = ulps.CLOCKS[clock] | {"scale": ulps.SCALES[scale]}
        assert ulps.ulps(hc.Cycle(1e-4, 1e-2, **options), STEPS) <= 4

    @pytest.mark.parametrize("name", COMPOSITIONS)
    def test_every_composition(self, name):
        assert ulps.ulps(COMPOSITIONS[name], STEPS) <= 4

    @pytest.mark.walk
    @pytest.mark.parametrize("clock", ulps.CLOCKS)
    @pytest.mark.parametrize("scale", ulps.SCALES)
    def test_every_waveform_scale_and_clock(self, scale, clock):
        for cycle in ulps.cycles(scale, clock):
            assert ulps.ulps(cycle, STEPS) <= 4, cycle

    def test_long_lengths(self):
        for phase in (0.0, 0.7):
            cycle = hc.Cycle(1e-4, 1e-2, 10**9 + 7, 10**9, phase=phase, waveform="exponential")
            assert ulps.ulps(cycle, STEPS) <= 4
        shrinking = hc.Cycle(0.1, 0.9, 10**6, cycle_mult=0.5, phase=0.9, waveform="hann")
        assert ulps.ulps(shrinking, STEPS) <= 4

    @pytest.mark.parametrize(
        "schedule",
        [
            hc.Cycle(0.1, 0.2, 2**31),
            hc.Cycle(0.1, 0.2, 10, cycle_mult=90.0),
            hc.Chain((hc.Constant(0.1), 2**32), hc.Constant(0.2)),
        ],
    )
    def test_lengths_that_do_not_fit_are_refused(self, schedule):
        with pytest.raises(ValueError, match=r"above 2\*\*31 - 1 steps, which this platform"):
            jax.jit(schedule)(jnp.int32(3))

    def test_traced_bounds_and_users_functions(self):
        steps = jnp.arange(30)
        chain = hc.Chain((lambda step: 0.25 * (step % 3), 10), hc.Cycle(0.1, 0.3, 7))
        np.testing.assert_allclose(
            jax.jit(chain)(steps), chain(np.arange(30)).astype(np.float32), rtol=3e-7
        )
        lows = jnp.array([0.1, 0.2])
        ours = jax.vmap(lambda low: hc.Cycle(low, 0.9, 7)(steps))(lows)
        theirs = [hc.Cycle(float(low), 0.9, 7)(np.arange(30)) for low in lows]
        np.testing.assert_allclose(ours, np.array(theirs, np.float32), rtol=1e-7)

    def test_every_function_and_operator(self):
        x = np.linspace(-3.0, 3.0, 1201)
        pair = float32_pairs._pair(jnp.asarray(x, jnp.float32))
        x = np.asarray(pair.high, np.float64)
        xp = float32_pairs._namespace()
        positive = np.abs(x) + 0.01
        cases = {
            "abs": (xp.abs(pair), np.abs(x)),
            "sin": (xp.sin(pair * 20.0), np.sin(x * 20)),
            "cos": (xp.cos(pair), np.cos(x)),
            "exp": (xp.exp(pair * 20.0), np.exp(x * 20)),
            "log": (xp.log(abs(pair) + 0.01), np.log(positive)),
            "sqrt": (xp.sqrt(abs(pair) + 0.01), np.sqrt(positive)),
            "floor": (xp.floor(pair), np.floor(x)),
            "maximum": (xp.maximum(pair, 0.3), np.maximum(x, 0.3)),
            "minimum": (xp.minimum(0.3, pair), np.minimum(x, 0.3)),
            "where": (xp.where(pair <= 0.5, 1.5, pair), np.where(x <= 0.5, 1.5, x)),
            "power": ((abs(pair) + 0.01) ** 1.7, positive**1.7),
            "cube": (pair**3, x**3),
            "inverse square": ((abs(pair) + 0.01) ** -2, positive**-2.0),
            "0.3 ** x": (0.3**pair, 0.3**x),
            "1 / x": (1.0 / (abs(pair) + 0.01), 1.0 / positive),
            "1 - x": (1.0 - pair, 1.0 - x),
            "x // 0.7": (pair // 0.7, x // 0.7),
            "x % 0.7": (pair % 0.7, x % 0.7),
            "-x": (+(-pair), -x),
        }
        for name, (ours, theirs) in cases.items():
            value = np.asarray(ours.high, np.float64) + np.asarray(ours.low, np.float64)
            scale = np.maximum(np.abs(theirs), 1e-3)
            assert np.max(np.abs(value - theirs) / scale) < 2.0**-30, name
        for compared in (pair > 0.5, pair >= 0.5, pair == 0.5, pair != 0.5, pair < 0.5):
            assert compared.dtype == bool
        assert float((0.0 * pair).high[0]) == 0.0
        zero = float32_pairs._pair(0.0)
        assert (float((zero**1.5).high), float(xp.sqrt(zero).high)) == (0.0, 0.0)


def test_without_float64_a_step_beyond_int32_has_no_value():
    cycle = hc.Cycle(0.1, 0.5, 7)
    steps = jnp.asarray([5, 2**31 - 1, 2**31, 2**32 - 1], jnp.uint32)
    got = np.asarray(float32_pairs.evaluate(cycle, steps))
    assert got[:2].tolist() == [np.float32(cycle(5)), np.float32(cycle(2**31 - 1))]
    assert np.isnan(got[2:]).all()
