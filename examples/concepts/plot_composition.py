"""
Ramps, chains, products
=======================

.. currentmodule:: hypercycle

Not everything cycles. A :class:`Ramp` goes from one value to another and stays there, a
:class:`Constant` stays where it is; a number means a constant wherever a schedule is expected.
Schedules are put together by construction: a :class:`Chain` runs one after the other, a
:class:`Product` multiplies two.
"""

from matplotlib import pyplot as plt

import hypercycle as hc

ramps = {
    "linear": hc.Ramp(0.0, 1.0, steps=5000),
    "hann": hc.Ramp(0.0, 1.0, steps=5000, waveform="hann"),
    "down": hc.Ramp(1.0, 0.2, steps=5000, waveform="sqrt"),
}
hc.plot(hc.Groups(ramps), 8000)

# %%
# One after the other
# -------------------
#
# Each part of a chain counts its steps from 0. All but the last need an end: a ramp has one, a
# cycle with ``cycles`` too, and a pair ``(schedule, steps)`` gives one to anything. The lines in
# the picture are the ends of parts and of cycles.

chain = hc.Chain(
    hc.Ramp(0.0, 0.001, 1000),
    hc.Cycle(0.001, 0.006, 1000, cycles=3),
    (hc.Constant(0.001), 1500),
    hc.Ramp(0.001, 0.0, 2500, waveform="hann"),
)
hc.plot(chain, 12_000)

# %%
# Two chains have names of their own: :func:`warmup` before any schedule, and
# :func:`warmup_stable_decay`. So has one that takes momentum with it: :func:`one_cycle` is a
# whole plan.

named = {
    "warmup": hc.warmup(1000, hc.sgdr(0.0, 0.006, 3000)),
    "stable decay": hc.warmup_stable_decay(0.006, 1000, 8000, 3000),
    "one cycle": hc.one_cycle(0.006, total_steps=12_000)["lr"],
}
hc.plot(named, 12_000)

# %%
# One times the other
# -------------------
#
# A warm-up during which the cycle already runs is a product, and so are cycles below an
# envelope:

cycle = hc.Cycle(0.001, 0.006, 1000)
products = {
    "warm-up": hc.Product(hc.Ramp(0.0, 1.0, 3000), cycle),
    "envelope": hc.Product(hc.Ramp(1.0, 0.0, 12_000, "hann"), cycle),
}
hc.plot(products, 12_000)

# %%
# A function of yours is a schedule, too
# --------------------------------------
#
# Whatever takes a step and returns a number will do. It is called once per step, when that step has
# come, so it may look at what training does.


def inverse_square_root(step):
    """Return the first Transformer's rate, A. Vaswani et al., arXiv:1706.03762."""
    return 0.1 * min((step + 1) ** -0.5, (step + 1) * 1000**-1.5)


hc.plot(hc.Plan(lr=inverse_square_root), 12_000)
plt.show()
# sphinx_gallery_thumbnail_number = 2
