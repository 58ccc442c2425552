"""Nothing is read ahead that may look at training: one rule for all functions of the user's."""

from types import SimpleNamespace

import numpy as np
import pytest

import hypercycle as hc
from hypercycle.shapes import registry
from hypercycle.shapes.scales import Unscaled

LOOKS = {"factor": 1.0}


def looking_scale(cycle, step, xp):
    return LOOKS["factor"] + 0.0 * step


def looking_waveform(x, xp):
    return xp.where((x > 0.0) & (x < 1.0), x * LOOKS["factor"], x)


def looking_schedule(step):
    return 0.5 * LOOKS["factor"]


LOOKING = {
    "scale": hc.Cycle(0.0, 1.0, 4, scale=looking_scale),
    "waveform": hc.Cycle(0.0, 1.0, 4, waveform=looking_waveform),
    "one half": hc.Cycle(0.0, 1.0, 4, waveform=("linear", looking_waveform)),
    "ramp": hc.Ramp(0.0, 1.0, 8, looking_waveform),
    "part of a chain": hc.Chain((hc.Constant(0.5), 1), hc.Ramp(0.0, 1.0, 8, looking_waveform)),
    "factor": hc.Product(0.5, hc.Cycle(0.0, 1.0, 4, scale=looking_scale)),
    "schedule": looking_schedule,
}


@pytest.mark.parametrize("name", LOOKING)
def test_a_function_is_asked_when_its_step_has_come(name):
    schedule, target = LOOKING[name], SimpleNamespace(p=0.0)
    LOOKS["factor"] = 1.0
    try:
        cycler = hc.attach(target, p=schedule)
        changed = False
        for step in range(1, 12):
            LOOKS["factor"] = 1.0 / step
            cycler.step()
            now = schedule(step)
            LOOKS["factor"] = 1.0
            assert target.p == now
            changed = changed or now != schedule(step)
        assert changed  # the test would see values that were read ahead
    finally:
        LOOKS["factor"] = 1.0


@pytest.mark.parametrize("name", [name for name in LOOKING if name != "schedule"])
def test_a_function_has_no_way_to_be_computed_alone(name):
    assert LOOKING[name].at_one_step is None


@pytest.mark.parametrize(
    "schedule",
    [
        hc.Cycle(0.0, 1.0, 4, waveform="hann", scale="halving"),
        hc.Cycle(0.0, 1.0, 4, waveform=(registry.WAVEFORMS["welch"], "hann"), scale=Unscaled()),
        hc.Cycle(0.0, 1.0, 4, scale=hc.Exponential(0.9)),
        hc.Ramp(0.0, 1.0, 4, registry.WAVEFORMS["sqrt"]),
    ],
    ids=["names", "functions", "record", "ramp"],
)
def test_what_has_a_name_is_computed_ahead(schedule):
    assert schedule.precomputable


def test_registering_a_name_promises_that_it_looks_at_nothing(monkeypatch):
    monkeypatch.delitem(registry._WAVEFORMS.registered, "cube", raising=False)
    cubic = hc.Cycle(0.0, 1.0, 4, waveform=cube)
    assert not cubic.precomputable
    hc.register_waveform("cube", cube)
    assert cubic.precomputable
    assert hc.Cycle(0.0, 1.0, 4, waveform="cube").precomputable
    assert cubic(np.arange(3)).tolist() == [0.0, 1 / 64, 1 / 8]
    del registry._WAVEFORMS.registered["cube"]


def cube(x, xp):
    return x * x * x
