"""
Scales
======

.. currentmodule:: hypercycle

The **scale** is a factor that makes a cycle smaller (or larger) as training goes on. ``"constant"``
is none; :class:`Halving` halves from cycle to cycle, L. N. Smith's "triangular2";
:class:`Exponential` multiplies by ``gamma`` at each step, his "exp_range", or at each cycle.
"""

from matplotlib import pyplot as plt

import hypercycle as hc

per_cycle = hc.Exponential(0.7, per="cycle")
scales = {
    "constant": hc.Cycle(0.001, 0.006, 2000),
    "halving": hc.Cycle(0.001, 0.006, 2000, scale=hc.Halving()),
    "per step": hc.Cycle(0.001, 0.006, 2000, scale=hc.Exponential(0.9999)),
    "per cycle": hc.Cycle(0.001, 0.006, 2000, scale=per_cycle),
}
hc.plot(scales, 20_000, events_of="constant")

# %%
# Of the amplitude, or of the bounds
# ----------------------------------
#
# By default the amplitude shrinks: the wave keeps its **anchor**, the bound it starts at. With
# ``scale_of="bounds"`` both bounds shrink. The paper describes the latter and every implementation
# we know does the former, its own code included; so it has to be said which one is meant.

scale = hc.Exponential(0.9999)
two = {
    "amplitude": hc.Cycle(0.001, 0.006, 2000, scale=scale),
    "bounds": hc.Cycle(0.001, 0.006, 2000, scale=scale, scale_of="bounds"),
}
hc.plot(hc.Groups(two), 20_000)

# %%
# A momentum in opposite phase is anchored at its upper bound, so that it calms down there while the
# learning rate calms down below.

lr = hc.Cycle(0.001, 0.006, 2000, scale=hc.Halving())
hc.plot(hc.Plan(lr=lr, momentum=lr.opposite(0.85, 0.95)), 20_000)

# %%
# A scale of your own
# -------------------
#
# It is a function of the cycle's number and the step:


def every_other(cycle, step, xp):
    """Halve every other cycle."""
    return 0.5 ** xp.floor((cycle + 1) / 2)


hc.plot(hc.Cycle(0.001, 0.006, 2000, scale=every_other), 20_000)
plt.show()
