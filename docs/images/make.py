"""Draw the pictures of README and docs: python docs/images/make.py."""

from pathlib import Path

import numpy as np

import hypercycle as hc
from hypercycle.sweep import Recorder, Sweep

HERE = Path(__file__).parent

lr = hc.Cycle(low=1e-4, high=1e-2, step_size_up=2000)
plan = hc.Plan(
    lr=lr,
    momentum=lr.opposite(low=0.85, high=0.95),
    weight_decay=hc.Cycle(1e-5, 1e-3, 2000, waveform="hann", scale=hc.Exponential(0.99994)),
)
hc.plot(plan, 16_000).savefig(HERE / "plan.png", dpi=120)

# The plan of start.md.
lr = hc.Cycle(low=0.02, high=0.5, step_size_up=100)
plan = hc.Plan(
    lr=lr,
    momentum=lr.opposite(low=0.85, high=0.95),
    weight_decay=hc.Ramp(0.0, 5e-4, steps=400),
)
hc.plot(plan, 600).savefig(HERE / "start.png", dpi=120)


# The range test of range-test.md: two layers, trained by SGD on what another network labels.
rng = np.random.default_rng(0)
teacher, out = rng.normal(size=(20, 30)) / 4, rng.normal(size=30)
inputs = rng.normal(size=(6000, 20))
labels = np.sign(np.tanh(inputs @ teacher) @ out)
first, second = rng.normal(size=(20, 64)) * 0.2, rng.normal(size=64) * 0.01


def accuracy() -> float:
    """Return the part of the inputs that training does not see which is labelled rightly."""
    return float(np.mean(np.sign(np.tanh(inputs[5000:] @ first) @ second) == labels[5000:]))


recorder = Recorder(Sweep(1e-4, 100.0, steps=400))
for step, rate in enumerate(recorder.sweep.values):
    batch = rng.integers(5000, size=64)
    hidden = np.tanh(inputs[batch] @ first)
    margin = labels[batch] * (hidden @ second)
    pull = -labels[batch] / (1 + np.exp(np.clip(margin, -500, 500))) / 64
    back = np.outer(pull, second) * (1 - hidden**2)
    loss = np.mean(np.logaddexp(0, -margin))
    second -= rate * (hidden.T @ pull)
    first -= rate * (inputs[batch].T @ back)
    if recorder.record(loss, **({"accuracy": accuracy()} if step % 8 == 0 else {})):
        break
figure = recorder.range_test().plot(suggestions=["steepest", "valley", "minimum/10"])
figure.savefig(HERE / "range-test.png", dpi=120)
