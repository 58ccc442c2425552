"""Every waveform × scale policy × composition in JAX beside the same in NumPy's float64.

``python tests/support/optax_ulps.py`` prints the largest differences, in units in the last place of
float32.
"""

import sys

import jax
import jax.numpy as jnp
import numpy as np

import hypercycle as hc
from hypercycle.namespaces import on_jax
from hypercycle.shapes.waveforms import WAVEFORMS

SCALES = {
    "constant": "constant",
    "halving": "halving",
    "γ^step": hc.Exponential(0.99994),
    "γ^cycle": hc.Exponential(0.9, per="cycle"),
}
CLOCKS = {
    "symmetric": {"step_size_up": 700},
    "700/1300": {"step_size_up": 700, "step_size_down": 1300, "phase": 0.3},
    "saw-tooth": {"step_size_up": 1000, "step_size_down": 0},
    "growing": {"step_size_up": 50, "cycle_mult": 1.5},
    "five cycles": {"step_size_up": 300, "step_size_down": 200, "cycles": 5},
}


def cycles(scale, clock):
    for waveform in WAVEFORMS:
        for kind in ({}, {"inverted": True}, {"scale_of": "bounds"}):
            options = CLOCKS[clock] | {"waveform": waveform, "scale": SCALES[scale]} | kind
            yield hc.Cycle(1e-4, 1e-2, **options)


def compositions():
    wave = hc.Cycle(1e-4, 1e-2, 700, 1300, waveform=("hann", "sqrt"), scale="halving")
    ended = hc.Cycle(0.1, 0.9, 100, cycles=3, waveform="blackman")
    return {
        "Constant": hc.Constant(0.3),
        "Ramp": hc.Ramp(0.0, 0.1, 900, waveform="hann"),
        "Chain": hc.Chain(hc.Ramp(0.0, 0.1, 900), ended, (hc.Constant(0.2), 50), wave),
        "Product": hc.Product(hc.Ramp(0.0, 1.0, 900), wave),
        "log": hc.Cycle(1e-5, 0.1, 700, 1300, waveform="hann", scale="halving", space="log"),
        "log1m": hc.Chain(hc.Ramp(0.1, 0.999, 900, space="log1m"), hc.Ramp(0.999, 0.9, 900)),
        "opposite": wave.opposite(0.85, 0.95),
        "one_cycle lr": hc.one_cycle(0.01, total_steps=9000)["lr"],
        "one_cycle momentum": hc.one_cycle(0.01, total_steps=9000)["momentum"],
        "warmup_stable_decay": hc.warmup_stable_decay(0.01, 500, 3000, 700),
        "sgdr": hc.sgdr(0.0, 0.1, 10, cycle_mult=2.0),
    }


def spread(count):
    """Steps from all over the int32 range, with runs of neighbours."""
    starts = np.array([0, 10**4, 2**20, 2**24, 10**8, 2 * 10**9, 2**31 - 1 - count])
    return np.concatenate([start + np.arange(count) for start in starts]).astype(np.int32)


def ulps(schedule, steps):
    """Return the largest distance, in units of the last place of what float64 rounds to."""
    exact = schedule(steps.astype(np.int64)).astype(np.float32)
    ours = np.asarray(jax.jit(schedule)(jnp.asarray(steps)))
    assert ours.dtype == np.float32
    # Towards the smallest normal number nothing is promised: XLA takes what is below for 0.
    promised = np.abs(exact) > 1e-30
    assert np.abs(ours[~promised]).max(initial=0.0) < 2e-30
    exact, ours = exact[promised], ours[promised]
    unit = np.spacing(np.abs(exact))
    return float(
        np.max(np.abs(ours.astype(np.float64) - exact.astype(np.float64)) / unit, initial=0.0)
    )


if __name__ == "__main__":
    if "--float32" in sys.argv:
        on_jax.lowers_float64 = lambda _: False
    steps = spread(2000)
    table = {
        f"{scale}, {clock}": max(ulps(cycle, steps) for cycle in cycles(scale, clock))
        for scale in SCALES
        for clock in CLOCKS
    }
    table |= {name: ulps(schedule, steps) for name, schedule in compositions().items()}
    for name, worst in table.items():
        print(f"| {name} | {worst:g} |")  # noqa: T201
