"""
What do the policies of the literature look like?
=================================================

.. currentmodule:: hypercycle

Each over 12,000 steps, with the line that makes it. :doc:`/policies` has their formulas, papers and
uses.
"""

from matplotlib import pyplot as plt

import hypercycle as hc

steps = 12_000
lr = hc.triangular(0.001, 0.006, 2000)
one_cycle = hc.one_cycle(0.006, total_steps=steps)

policies = {
    "triangular(0.001, 0.006, 2000)": lr,
    "triangular2(0.001, 0.006, 2000)": hc.triangular2(0.001, 0.006, 2000),
    "exp_range(…, gamma=0.9998)": hc.exp_range(0.001, 0.006, 2000, gamma=0.9998),
    "exp_range(…, scale_of='bounds')": hc.exp_range(
        0.001, 0.006, 2000, gamma=0.9998, scale_of="bounds"
    ),
    "Cycle(…, waveform='hann')": hc.Cycle(0.001, 0.006, 2000, waveform="hann"),
    "lr.opposite(0.85, 0.95)": lr.opposite(0.85, 0.95),
    "sgdr(0.0, 0.05, 4000)": hc.sgdr(0.0, 0.05, 4000),
    "sgdr(0.0, 0.05, 1000, cycle_mult=2)": hc.sgdr(0.0, 0.05, 1000, cycle_mult=2),
    "one_cycle(0.006, 12_000)['lr']": one_cycle["lr"],
    "one_cycle(0.006, 12_000)['momentum']": one_cycle["momentum"],
    "warmup(1000, sgdr(0.0, 0.05, 11_000))": hc.warmup(1000, hc.sgdr(0.0, 0.05, 11_000)),
    "warmup_stable_decay(0.001, 1000, 8600, 2400)": hc.warmup_stable_decay(0.001, 1000, 8600, 2400),
    "inverse_sqrt(0.001, 1000)": hc.inverse_sqrt(0.001, 1000),
    "polynomial(0.001, 12_000, power=2, …)": hc.polynomial(
        0.001, 12_000, power=2, warmup_steps=1000
    ),
    "Cycle(0.0, 1.0, 3000, 0, waveform='hold')": hc.Cycle(0.0, 1.0, 3000, 0, waveform="hold"),
    "Cycle(1e-5, 8e-5, 3000, 9000)": hc.Cycle(1e-5, 8e-5, 3000, 9000, cycles=1),
}

figure = plt.figure(figsize=(8.0, 1.55 * len(policies) / 2))
panels = figure.subplots(len(policies) // 2, 2, sharex=True)
for axes, (line, policy) in zip(panels.flat, policies.items(), strict=True):
    axes.plot(range(steps), [policy(step) for step in range(steps)])
    axes.set_title(line, fontsize=8, family="monospace", loc="left")
    axes.set_xticks([0, 4000, 8000, 12_000])
    axes.tick_params(labelsize=8)
for axes in panels[-1]:
    axes.set_xlabel("step")
plt.show()
