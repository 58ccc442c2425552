"""
A cycle
=======

.. currentmodule:: hypercycle

A :class:`Cycle` is a value that rises from one bound to another and falls back, again and again.
It has two **bounds**, ``low`` and ``high``, and two **halves**, whose lengths in steps are the
**step sizes**: ``step_size_up`` and ``step_size_down``, the same if only one is given.
"""

import numpy as np
from matplotlib import pyplot as plt

import hypercycle as hc

lr = hc.Cycle(low=0.001, high=0.006, step_size_up=2000)
figure = hc.plot(lr, 10_000)
# sphinx_gallery_start_ignore
figure.set_size_inches(8, 3.2)
axes = figure.axes[0]
axes.set_ylim(-0.0011, 0.0088)
axes.set_ylabel("lr")
GREY = axes.spines["left"].get_edgecolor()


def span(first, last, height, text):
    """Draw an arrow with two heads and its name."""
    axes.annotate(
        "", (last, height), (first, height), arrowprops={"arrowstyle": "<->", "color": GREY}
    )
    axes.text((first + last) / 2, height + 0.0003, text, ha="center", va="bottom", color=GREY)


for bound, name in ((0.001, "low"), (0.006, "high")):
    axes.axhline(bound, color=GREY, linewidth=0.6, linestyle=":")
    axes.text(9950, bound + 0.0002, name, ha="right", va="bottom", color=GREY)
span(0, 2000, 0.0067, "step_size_up")
span(2000, 4000, 0.0067, "step_size_down")
span(4000, 8000, 0.0067, "a cycle: period = 4000")
axes.annotate(
    "peak",
    (6000, 0.006),
    (6000, 0.0042),
    color=GREY,
    ha="center",
    arrowprops={"arrowstyle": "->", "color": GREY},
)
axes.text(4000, -0.0008, " cycle end", ha="left", va="bottom", color=GREY)
# sphinx_gallery_end_ignore

# %%
# A cycle is itself the schedule: call it with a step. Thin vertical lines in all pictures mark
# the steps at which a cycle ends.

print(lr(0), lr(2000), lr(3000), lr(4000))

# %%
# Halves of different length
# --------------------------
#
# Either half may have no length at all, but not both: with ``step_size_down=0`` the value jumps
# back, a saw-tooth; with ``step_size_up=0`` it starts at the top, as warm restarts do.

halves = {
    "equal": hc.Cycle(0.001, 0.006, 2000),
    "fast up": hc.Cycle(0.001, 0.006, 1000, 3000),
    "saw-tooth": hc.Cycle(0.001, 0.006, 4000, 0),
    "from the top": hc.Cycle(0.001, 0.006, 0, 4000),
}
hc.plot(halves, 11_000, events_of="equal")
plt.show()
# sphinx_gallery_thumbnail_number = 1

# %%
# Between the bounds on another scale
# -----------------------------------
#
# Rates are compared by factors, and what counts of β = 0.99 is its distance from 1. ``space="log"``
# moves the logarithm of the value, ``space="log1m"`` that of 1 − value: a ramp in it has one factor
# for each step. Both bounds are hit exactly, as in the straight line. Beside them that line:

figure, panels = plt.subplots(1, 2, figsize=(8, 2.8), layout="constrained")
for axes, name, low, high, space in (
    (panels[0], "lr", 1e-5, 1e-1, "log"),
    (panels[1], "beta2", 0.9, 0.9999, "log1m"),
):
    for one in ("linear", space):
        cycle = hc.Cycle(low, high, 2000, space=one)
        values = cycle(np.arange(8001))
        axes.plot(values if space == "log" else 1 - values, label=f'space="{one}"')
    axes.set(yscale="log", title=name if space == "log" else f"1 − {name}", xticks=(0, 4000, 8000))
    axes.legend(fontsize="small")

print(hc.Ramp(1e-3, 1e-5, 4, space="log")(np.arange(5)))
print(hc.Ramp(0.9, 0.9999, 3, space="log1m")(np.arange(4)))

# %%
# The step
# --------
#
# The **step** is the number of updates that have been made: 0 before the first. A value is
# computed from its step and from nothing else, in whole-number arithmetic. So any step can be asked
# for, in any order, one or many at once, and a far one is as exact as a near one.

print(lr(np.array([0, 1000, 2000, 3000])))
print(lr(4000 * 10**9 + 1000))
print(lr.locate(9000))

# %%
# ``locate`` says where a step lies: in the third cycle (they are counted from 0), 1,000 steps into
# it, ``x = 0.5`` of the way up.
#
# When a cycle is complete can be asked as well. Snapshots, stopping and restarts hang on it:

print(lr.boundaries(4))
print(lr.is_cycle_end(8000), lr.steps_to_cycle_end(9000))
