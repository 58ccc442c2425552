"""
The clock of a cycle
=====================

.. currentmodule:: hypercycle

Beside the step sizes, four arguments say when a cycle is where: ``phase``, ``inverted``,
``cycle_mult`` and ``cycles``. Whatever they are, its boundaries are whole steps.
"""

from matplotlib import pyplot as plt

import hypercycle as hc

# %%
# Phase
# -----
#
# ``phase`` says how far into the first cycle to start, as a part of it: 0.5 of a symmetric one is
# its top. The first cycle is then shorter, and counts as cycle 0.

phases = {
    "phase 0": hc.Cycle(0.001, 0.006, 2000),
    "phase 0.25": hc.Cycle(0.001, 0.006, 2000, phase=0.25),
    "phase 0.5": hc.Cycle(0.001, 0.006, 2000, phase=0.5),
}
hc.plot(phases, 12_000, events_of="phase 0.5")

# %%
# The lines are the ends of the last one's cycles: steps 2000, 6000 and 10000.
#
# Opposite phase
# --------------
#
# Where the learning rate is high, momentum is low (L. N. Smith, arXiv:1803.09820). ``opposite``
# gives the same clock, waveform and scale between other bounds, ``inverted``:

lr = hc.Cycle(0.001, 0.006, 2000, waveform="hann")
momentum = lr.opposite(low=0.85, high=0.95)
print(momentum)
hc.plot(hc.Plan(lr=lr, momentum=momentum), 12_000)

# %%
# Inverted is not ``phase=0.5``: an inverted cycle begins with ``step_size_up`` steps *down*, is
# complete where it began, at ``high``, and shrinks toward it.
#
# Cycles of growing length
# ------------------------
#
# With ``cycle_mult=2`` each cycle is twice as long as the one before: the ``T_mult`` of warm
# restarts (I. Loshchilov and F. Hutter, arXiv:1608.03983).

restarts = hc.sgdr(low=0.0, high=0.05, steps=1000, cycle_mult=2)
print(restarts)
print(restarts.boundaries(5))
hc.plot(restarts, 14_000)

# %%
# A number of cycles
# ------------------
#
# After ``cycles`` cycles the value stays as it is: at the bound where the last one ended, or, of a
# saw-tooth, at the top.

limited = {
    "for ever": hc.Cycle(0.001, 0.006, 2000),
    "cycles=2": hc.Cycle(0.001, 0.006, 2000, cycles=2),
    "saw-tooth": hc.Cycle(0.001, 0.006, 4000, 0, cycles=2),
}
hc.plot(limited, 12_000, events_of="for ever")
plt.show()
# sphinx_gallery_thumbnail_number = 2
