"""
How do I start from the top?
============================

.. currentmodule:: hypercycle

A model that has been trained before, or a warm-up that has just ended, wants to begin at the high
bound. Three ways lead there, and they differ in what comes next.
"""

from matplotlib import pyplot as plt

import hypercycle as hc

ways = {
    "phase=0.5": hc.Cycle(0.001, 0.006, 2000, phase=0.5),
    "inverted": hc.Cycle(0.001, 0.006, 2000, inverted=True),
    "restarts": hc.Cycle(0.001, 0.006, 0, 2000),
}
hc.plot(ways, 11_000)

# %%
# * ``phase=0.5`` starts in the middle of a cycle. It is complete after ``step_size_down`` steps, at
#   the *low* bound: the place for a snapshot.
# * ``inverted=True`` starts a cycle that goes down first. It is complete where it began, at the
#   *high* bound. This is what :meth:`Cycle.opposite` gives momentum.
# * ``step_size_up=0`` has no rising half: at the low bound it jumps back. :func:`sgdr` is this with
#   ``waveform="hann"``.
#
# So for a learning rate, take the first or the third. Where each is complete:

for way, lr in ways.items():
    end = lr.steps_to_cycle_end(1) + 1
    print(f"{way:10} starts at {lr(0)}, ends at step {end} near {lr(end - 1):.3f}")

# %%
# With halves of different length
# -------------------------------
#
# ``phase`` counts from the start of the rise, in parts of the whole cycle. So the top is at
# ``step_size_up / period``: here a quarter.

lr = hc.Cycle(0.001, 0.006, 1000, 3000, phase=0.25)
print(lr(0), lr(3000))

# %%
# After a warm-up
# ---------------
#
# :func:`warmup` goes to the first value of what follows, wherever that starts:

warm = hc.warmup(1000, hc.Cycle(0.001, 0.006, 2000, phase=0.5))
hc.plot(warm, 11_000)
plt.show()

# %%
# To go on with a run that is in the middle of a cycle, no phase is needed:
# ``hc.attach(optimizer, plan, start_step=7000)``.
