"""Draw the pictures of README and docs: python docs/images/make.py."""

from pathlib import Path

import hypercycle as hc

lr = hc.Cycle(low=1e-4, high=1e-2, step_size_up=2000)
plan = hc.Plan(
    lr=lr,
    momentum=lr.opposite(low=0.85, high=0.95),
    weight_decay=hc.Cycle(1e-5, 1e-3, 2000, waveform="hann", scale=hc.Exponential(0.99994)),
)
hc.plot(plan, 16_000).savefig(Path(__file__).parent / "plan.png", dpi=120)
