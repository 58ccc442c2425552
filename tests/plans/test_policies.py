"""The literature's policies are the cycles and chains that their papers describe."""

import re

import numpy as np
import pytest

import hypercycle as hc

STEPS = np.arange(300)


def test_smith_s_three_policies():
    assert hc.triangular(0.1, 0.5, 20) == hc.Cycle(0.1, 0.5, 20)
    assert hc.triangular2(0.1, 0.5, 20, 30) == hc.Cycle(0.1, 0.5, 20, 30, scale=hc.Halving())
    assert hc.exp_range(0.1, 0.5, 20, gamma=0.9) == hc.Cycle(
        0.1, 0.5, 20, scale=hc.Exponential(0.9)
    )
    per_cycle = hc.exp_range(0.1, 0.5, 20, gamma=0.9, per="cycle", scale_of="bounds")
    assert per_cycle.scale == hc.Exponential(0.9, "cycle")
    assert per_cycle(40) == 0.9 * 0.1
    assert hc.triangular(0.1, 0.5, 20, waveform="hann", phase=0.5).waveform == "hann"


def test_smith_s_own_formula():
    # arXiv:1506.01186, section 3.2, as its Torch listing computes it.
    step_size, low, high = 20, 0.001, 0.006
    cycle = np.floor(1 + STEPS / (2 * step_size))
    x = np.abs(STEPS / step_size - 2 * cycle + 1)
    w = np.maximum(0, 1 - x)
    tight = {"rtol": 1e-13}
    ours = hc.triangular(low, high, step_size)
    np.testing.assert_allclose(ours(STEPS), low + (high - low) * w, **tight)
    ours = hc.triangular2(low, high, step_size)
    np.testing.assert_allclose(ours(STEPS), low + (high - low) * w / 2 ** (cycle - 1), **tight)
    ours = hc.exp_range(low, high, step_size, gamma=0.99)
    np.testing.assert_allclose(ours(STEPS), low + (high - low) * w * 0.99**STEPS, **tight)


def test_sgdr_is_equation_5_of_its_paper():
    low, high = 0.001, 0.05
    lr = hc.sgdr(low, high, 10, cycle_mult=2)
    for restart, length in ((0, 10), (10, 20), (30, 40), (70, 80)):
        t = np.arange(length)
        expected = low + 0.5 * (high - low) * (1 + np.cos(np.pi * t / length))
        np.testing.assert_allclose(lr(restart + t), expected, rtol=1e-12)
        assert lr(restart) == high


def test_one_cycle_rises_to_its_peak_and_falls_to_its_end():
    plan = hc.one_cycle(0.1, 100, pct_start=0.3, div_factor=25, final_div_factor=100)
    lr, momentum = plan["lr"], plan["momentum"]
    assert (lr(0), lr(29), lr(99), lr(10**6)) == (0.1 / 25, 0.1, 0.1 / 25 / 100, 0.1 / 25 / 100)
    assert (momentum(0), momentum(29), momentum(99), momentum(100)) == (0.95, 0.85, 0.95, 0.95)
    values = lr(np.arange(100))
    assert np.argmax(values) == 29
    assert (np.diff(values[:30]) > 0).all()
    assert (np.diff(values[29:]) < 0).all()


def test_one_cycle_in_three_phases():
    plan = hc.one_cycle(1.0, 100, pct_start=0.3, three_phase=True, waveform="linear")
    lr, momentum = plan["lr"], plan["momentum"]
    assert [lr(s) for s in (0, 29, 58, 99, 100)] == [0.04, 1.0, 0.04, 4e-6, 4e-6]
    assert [momentum(s) for s in (0, 29, 58, 80, 99)] == [0.95, 0.85, 0.95, 0.95, 0.95]


@pytest.mark.parametrize("pct_start", [0.001, 0.3, 0.999])
@pytest.mark.parametrize("total_steps", [2, 3, 10])
def test_one_cycle_is_defined_for_the_shortest_runs(total_steps, pct_start):
    lr = hc.one_cycle(1.0, total_steps, pct_start=pct_start)["lr"]
    values = lr(np.arange(total_steps + 2))
    assert values.max() == 1.0
    assert values[-3:].tolist() == [4e-6] * 3
    assert np.isfinite(values).all()


def test_warmup_leads_to_the_first_value():
    after = hc.sgdr(0.1, 0.5, 10)
    lr = hc.warmup(4, after)
    assert lr == hc.Chain(hc.Ramp(0.0, 0.5, 4), after)
    assert [lr(s) for s in (0, 2, 4, 14)] == [0.0, 0.25, 0.5, 0.5]
    assert hc.warmup(4, 0.5, start=0.1, waveform="hann")(0) == 0.1
    assert hc.warmup(0, after)(0) == after(0)
    assert hc.warmup("1ep", 0.5).resolve(steps_per_epoch=4)(2) == 0.25


def test_warmup_stable_decay():
    lr = hc.warmup_stable_decay(0.5, 4, 6, 4, start=0.1, end=0.05)
    assert [lr(s) for s in (0, 4, 9, 10, 14, 99)] == [0.1, 0.5, 0.5, 0.5, 0.05, 0.05]
    assert lr.length == 14
    # Hägele et al.: 1 − √x of the way.
    assert lr(11) == 0.5 * (1 - 0.25**0.5) + 0.05 * 0.25**0.5
    assert hc.warmup_stable_decay(0.5, "1ep", "2ep", "10%").resolve(
        steps_per_epoch=5, total_steps=50
    ) == hc.warmup_stable_decay(0.5, 5, 10, 5)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((0, 10), {}, ValueError, "max_lr must be greater than 0, got max_lr=0"),
        ((-1, 10), {}, ValueError, "max_lr must be greater than 0, got max_lr=-1"),
        ((True, 10), {}, TypeError, "max_lr must be a number, got True (bool)"),
        ((1, 1), {}, ValueError, "total_steps must be at least 2, got total_steps=1"),
        ((1, 9.5), {}, ValueError, "total_steps must be a whole number, got total_steps=9.5"),
        (
            (1, "9ep"),
            {},
            TypeError,
            "total_steps must be a whole number, got '9ep' (str)",
        ),
        ((1, 10), {"pct_start": 0}, ValueError, "pct_start must be in (0, 1), got pct_start=0"),
        ((1, 10), {"pct_start": 1.0}, ValueError, "pct_start must be in (0, 1), got pct_start=1.0"),
        (
            (1, 10),
            {"pct_start": 0.5, "three_phase": True},
            ValueError,
            "pct_start must be in (0, 0.5) with three_phase, got pct_start=0.5",
        ),
        ((1, 10), {"div_factor": 0}, ValueError, "div_factor must be greater than 0, got"),
        ((1, 10), {"final_div_factor": -1}, ValueError, "final_div_factor must be greater than 0"),
        (
            (1, 10),
            {"base_momentum": 0.9, "max_momentum": 0.8},
            ValueError,
            "base_momentum=0.9 must not be above max_momentum=0.8",
        ),
        ((1, 10), {"waveform": "cos"}, ValueError, "unknown waveform 'cos'"),
    ],
)
def test_one_cycle_checks_its_arguments(arguments, options, error, message):
    with pytest.raises(error, match=re.escape(message)):
        hc.one_cycle(*arguments, **options)


def test_warmup_says_which_comes_first():
    with pytest.raises(TypeError, match=r"the steps come first: warmup\(steps, schedule\)"):
        hc.warmup(hc.Cycle(0.1, 0.5, 4), 100)


def test_warmup_needs_a_first_value():
    message = r"warmup\(\) needs the first value of the schedule, whose lengths have units: resolve"
    with pytest.raises(ValueError, match=message):
        hc.warmup(4, hc.Cycle(0, 1, "2ep"))
    with pytest.raises(TypeError, match=r"schedule must be a schedule .* got 'hann'"):
        hc.warmup(4, "hann")
