r"""
Waveforms
=========

.. currentmodule:: hypercycle

The **waveform** is the shape of a half: a function ``w(x)`` with ``w(0) = 0`` and ``w(1) = 1``.
A cycle runs it forwards while it rises and backwards while it falls. Between the bounds,

.. math:: value = low \cdot (1 - w(x)) + high \cdot w(x)

where ``x`` goes from 0 to 1 in ``step_size_up`` steps and back in ``step_size_down``.

These are built in. Most are window functions of signal processing, from their edge to their
centre: :func:`waveforms` lists them, and :mod:`hypercycle.waveform_functions` has the formulas.
"""

import numpy as np
from matplotlib import pyplot as plt

import hypercycle as hc

figure, panels = plt.subplots(3, 5, figsize=(8, 5), sharex=True, sharey=True)
names = [name for name in hc.waveforms() if name not in ("linear", "cosine")]
steps = np.arange(401)
for axes, name in zip(panels.flat, names, strict=True):
    axes.plot(steps, hc.Cycle(0, 1, 100, waveform=name)(steps))
    axes.set_title(name, fontsize="medium")
    axes.set(xticks=(0, 200, 400), yticks=(0, 1))

# %%
# ``linear`` is another name of ``triangular``, ``cosine`` of ``hann``.
#
# With parameters
# ---------------
#
# Five have a parameter, and are in the picture above with its default:

figure, panels = plt.subplots(1, 5, figsize=(8, 2.8), sharey=True, layout="constrained")
for axes, several in zip(
    panels,
    [
        [hc.Hold(part) for part in (0.2, 0.5, 0.8)],
        [hc.Kaiser(beta) for beta in (0, 8, 20)],
        [hc.Polynomial(power) for power in (0.5, 2, 4)],
        [hc.Rex(d) for d in (-4, 0.5, 0.9)],
        [hc.Tukey(alpha) for alpha in (0.2, 0.5, 1)],
    ],
    strict=True,
):
    for waveform in several:
        ((name, value),) = vars(waveform).items()
        axes.plot(steps, hc.Cycle(0, 1, 100, waveform=waveform)(steps), label=f"{name} {value:g}")
    axes.set_title(type(waveform).__name__, fontsize="medium")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.15), fontsize="small", frameon=False)
    axes.set(xticks=(0, 200, 400), yticks=(0, 1))

# %%
# A waveform for each half
# ------------------------
#
# A pair shapes the rise and the fall differently:

pair = hc.Cycle(0.001, 0.006, 1000, 3000, waveform=("exponential", "hann"))
hc.plot(pair, 12_000)

# %%
# A waveform of your own
# ----------------------
#
# It is a plain function of ``x`` and ``xp``, the functions that are there in every framework:
# ``exp``, ``log``, ``sin``, ``cos``, ``sqrt``, ``abs``, ``floor``, ``minimum``, ``maximum``,
# ``where``. With these and the operators, the same function works in NumPy, PyTorch, JAX and
# TensorFlow, inside compiled programs too.


def staircase(x, xp):
    """Go up in three steps instead of a straight line."""
    return xp.floor(3 * x + 0.5) / 3


hc.plot(hc.Cycle(0.001, 0.006, 2000, waveform=staircase), 12_000)
plt.show()

# %%
# :func:`hypercycle.testing.check_waveform` tries whatever can go wrong with one, and
# :func:`register_waveform` gives it a name.

from hypercycle.testing import check_waveform

check_waveform(staircase)
hc.register_waveform("staircase", staircase)
print(hc.Cycle(0.001, 0.006, 2000, waveform="staircase"))
