"""Megatron-LM's rates, weight decay and batch sizes, each as one description.

Read: NVIDIA/Megatron-LM at 00caa53af309, megatron/core/optimizer_param_scheduler.py (get_lr,
get_wd) and megatron/core/num_microbatches_calculator.py (the ramp-up of the batch size; its steps
are those of pull request 4411). The formulas are written again here. A step of theirs is a sample:
``step(increment)`` is told the batch size, and lengths are updates times the batch size.
"""

import itertools
import math

import numpy as np
import pytest
from beside import cases, rates, same, steps

import hypercycle as hc

# Recipes.


def megatron(style, *, init, peak, low, warmup, decay):
    warm = hc.Ramp(init, peak, warmup)
    if style == "constant":
        return hc.Chain(warm, peak)
    if style == "inverse-square-root":
        law = hc.PowerLaw(peak, -0.5, unit=max(warmup, 1), shift=warmup, low=low)
        return hc.Chain(warm, (law, decay - warmup + 1), low)
    return hc.Chain(warm, hc.Ramp(peak, low, decay - warmup, style))


def megatron_wsd(style, *, init, peak, low, warmup, decay, wsd):
    span = peak - low
    cooldown = {
        "linear": hc.Ramp(peak, low, wsd),
        "cosine": hc.Ramp(peak, low, wsd, "cosine"),
        "minus_sqrt": hc.Ramp(peak, low, wsd, "sqrt"),
        "exponential": hc.Sum(hc.Ramp(2 * span, span, wsd, space="log"), low - span),
    }
    return hc.Chain(hc.Ramp(init, peak, warmup), (peak, decay - warmup - wsd), cooldown[style])


def megatron_wsd_without_plateau(style, *, init, peak, low, warmup, decay, wsd):
    # A cooldown longer than what the warm-up leaves of the run: its beginning is left out.
    options = {"cycles": 1, "inverted": True, "phase": (warmup + 1 - (decay - wsd)) / wsd}
    if style == "exponential":
        span = peak - low
        fall = hc.Sum(hc.Cycle(span, 2 * span, wsd, 0, space="log", **options), low - span)
    else:
        shape = "sqrt" if style == "minus_sqrt" else style
        fall = hc.Cycle(low, peak, wsd, 0, waveform=shape, **options)
    return hc.Chain((hc.Ramp(init, peak, warmup), warmup + 1), fall)


def megatron_warmup_fraction(*, init, peak, low, percent, decay):
    parts = hc.Ramp(init, peak, f"{percent}%"), hc.Ramp(peak, low, "rest")
    return hc.Chain(*parts).resolve(total_steps=decay)


def megatron_weight_decay(style, *, start, end, increase, times):
    return hc.Product(times, hc.Ramp(start, end, increase, style))


def megatron_rampup_batch_size(*, first, increment, last, samples):
    increments = (last - first) // increment
    begins = {k: -(-k * samples // increments) for k in range(1, increments + 1)}
    sizes = {f"{start}samples": first + k * increment for k, start in begins.items()}
    return hc.Points({0: first, **sizes}, between="hold")


def megatron_step_batch_size(schedule):
    # "0:768 250B:1536" of tokens
    pairs = (pair.split(":") for pair in schedule.split())
    return hc.Points({f"{start}tok": int(size) for start, size in pairs}, between="hold")


# Their formulas.

TO_0 = {
    "linear": lambda x: 1.0 - x,
    "cosine": lambda x: 0.5 * (math.cos(math.pi * x) + 1.0),
    "exponential": lambda x: 2.0 * 0.5**x - 1.0,
    "minus_sqrt": lambda x: 1.0 - math.sqrt(x),
}


def their_lr(n, style, *, init, peak, low, warmup, decay, wsd=None):
    if warmup > 0 and n <= warmup:
        return init + (peak - init) * n / warmup
    if style == "constant":
        return peak
    if n > decay:
        return low
    if style == "inverse-square-root":
        return max(low, peak * max(warmup, 1) ** 0.5 / max(n, 1) ** 0.5)
    start = warmup if wsd is None else decay - wsd
    return low + TO_0[style](max(n - start, 0) / (decay - start)) * (peak - low)


def their_weight_decay(n, style, *, start, end, increase, times):
    if n > increase:
        return end * times
    x = n / increase
    part = x if style == "linear" else 0.5 * (math.cos(math.pi * (1 - x)) + 1.0)
    return (start + part * (end - start)) * times


def their_rampup(n, *, first, increment, last, samples):
    if n > samples:
        return last
    each = samples / ((last - first) // increment)
    return first + int(n / each) * increment


@pytest.mark.parametrize("style", ["constant", "linear", "cosine", "inverse-square-root"])
def test_rates(style):
    for rng in cases():
        init, low, peak = rates(rng, 3)
        warmup = steps(rng, 0)
        args = {"init": init, "peak": peak, "low": low, "warmup": warmup}
        args["decay"] = warmup + steps(rng)
        ours = megatron(style, **args)
        same(ours, their_lr, range(args["decay"] + 9), style=style, **args)


@pytest.mark.parametrize("style", TO_0)
def test_warmup_stable_decay(style):
    for rng in cases():
        init, low, peak = rates(rng, 3)
        warmup, stable, wsd = steps(rng, 0), steps(rng, 0), steps(rng)
        args = {"init": init, "peak": peak, "low": low, "warmup": warmup, "wsd": wsd}
        args["decay"] = warmup + stable + wsd
        ours = megatron_wsd(style, **args)
        same(ours, their_lr, range(args["decay"] + 9), style=style, **args)


@pytest.mark.parametrize("style", TO_0)
def test_warmup_stable_decay_without_a_plateau(style):
    for rng in cases():
        init, low, peak = rates(rng, 3)
        warmup = steps(rng)
        args = {"init": init, "peak": peak, "low": low, "warmup": warmup}
        args["decay"] = warmup + steps(rng, 2)
        args["wsd"] = args["decay"] - warmup + steps(rng, 0, warmup)
        ours = megatron_wsd_without_plateau(style, **args)
        same(ours, their_lr, range(args["decay"] + 9), style=style, **args)


def test_a_warmup_that_is_no_whole_number_of_steps():
    # lr_warmup_fraction is multiplied by the length and not rounded. Ours ends at a step, half of
    # one away at most: a value is less than one of the greatest steps between two off.
    for rng in cases():
        init, low, peak = rates(rng, 3)
        args = {"init": init, "peak": peak, "low": low, "decay": steps(rng, 100, 999)}
        percent = steps(rng, 1, 90)
        ours = megatron_warmup_fraction(percent=percent, **args)
        args["warmup"] = percent / 100 * args["decay"]
        values = ours(np.arange(args["decay"] + 9)).tolist()
        most = max(abs(after - before) for before, after in itertools.pairwise(values))
        far = [abs(value - their_lr(n, "linear", **args)) for n, value in enumerate(values)]
        assert max(far) < most
        if percent * args["decay"] % 100 == 0:
            assert max(far) < 1e-15


@pytest.mark.parametrize("style", ["linear", "cosine"])
def test_weight_decay(style):
    for rng in cases():
        start, end, times = rates(rng, 3)
        args = {"start": start, "end": end, "times": times, "increase": steps(rng)}
        ours = megatron_weight_decay(style, **args)
        same(ours, their_weight_decay, range(args["increase"] + 9), style=style, **args)


def test_ramp_up_of_the_batch_size():
    for rng in cases():
        first, increment, increments = 8 * steps(rng), 8 * steps(rng), steps(rng, 1, 9)
        args = {"first": first, "increment": increment, "last": first + increments * increment}
        args["samples"] = increments * steps(rng, 1, 100)
        ours = megatron_rampup_batch_size(**args).resolve(samples_per_step=1)
        same(ours, their_rampup, range(args["samples"] + 9), units=0, **args)


def test_ramp_up_whose_increments_are_no_whole_samples():
    # Theirs divides by a rounded quotient: where a boundary is a whole sample all the same, it may
    # come one sample late.
    late = 0
    for rng in cases():
        increments, samples = steps(rng, 1, 9), steps(rng, 9, 900)
        args = {"first": 8, "increment": 8, "last": 8 + 8 * increments, "samples": samples}
        ours = megatron_rampup_batch_size(**args).resolve(samples_per_step=1)
        for n, value in enumerate(ours(np.arange(samples + 9)).tolist()):
            if value != their_rampup(n, **args):
                assert value == their_rampup(n + 1, **args)
                assert n * increments % samples == 0
                late += 1
    assert 0 < late < 20


def test_steps_of_the_batch_size():
    ours = megatron_step_batch_size("0:768 250B:1536 500B:3072 750B:6144")
    ours = ours.resolve(tokens_per_step=1)
    before_and_at = [ours(billions * 10**9 + n) for billions in (250, 500, 750) for n in (-1, 0)]
    assert [ours(0), *before_and_at, ours(10**13)] == [768, 768, 1536, 1536, 3072, 3072, 6144, 6144]


def test_everything_by_the_samples_that_were_seen():
    class Run:
        lr = weight_decay = 0.0
        batch_size = 0

    for rng in list(cases())[:20]:
        init, low, peak = rates(rng, 3)
        rate = {"init": init, "peak": peak, "low": low, "warmup": 64 * steps(rng)}
        rate["decay"] = rate["warmup"] + 64 * steps(rng)
        size = {"first": 8, "increment": 8, "last": 64, "samples": 64 * steps(rng)}
        decay = {"start": 0.01, "end": 0.1, "increase": rate["decay"], "times": 1.0}

        run = Run()
        cycler = hc.attach(
            run,
            lr=hc.Chain(
                hc.Ramp(init, peak, f"{rate['warmup']}samples"),
                hc.Ramp(peak, low, f"{rate['decay'] - rate['warmup']}samples", "cosine"),
            ),
            weight_decay=hc.Ramp(0.01, 0.1, f"{rate['decay']}samples"),
            batch_size=megatron_rampup_batch_size(**size),
        )
        seen = 0
        while seen <= rate["decay"]:
            assert run.lr == pytest.approx(their_lr(seen, "cosine", **rate), abs=1e-15)
            assert run.weight_decay == pytest.approx(
                their_weight_decay(seen, "linear", **decay), abs=1e-15
            )
            assert run.batch_size == their_rampup(seen, **size)
            assert isinstance(run.batch_size, int)
            seen += run.batch_size
            cycler.step(samples=run.batch_size)
