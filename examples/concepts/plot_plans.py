"""
Plans, groups and units
=======================

.. currentmodule:: hypercycle

A :class:`Plan` says which hyperparameter follows which schedule. The names mean the same in every
framework: ``lr``, ``momentum``, ``beta1``, ``beta2``, ``weight_decay``, ``eps``; anything else is
the framework's own name, such as ``dampening``.
"""

from matplotlib import pyplot as plt

import hypercycle as hc

lr = hc.Cycle(1e-4, 1e-2, 2000)
plan = hc.Plan(
    lr=lr,
    momentum=lr.opposite(0.85, 0.95),
    weight_decay=hc.Cycle(1e-4, 1e-3, 5000, waveform="hann"),
)
hc.plot(plan, 20_000)

# %%
# The clock of the plan is that of its ``lr``: the lines are where its cycles end, and so are the
# events that :func:`attach` tells of. Each schedule may have lengths of its own, as the weight
# decay has here.

print(plan(2000))
print(plan.events(4000))

# %%
# Units
# -----
#
# How many updates an epoch has depends on the batch size, and how many a run has on what there is
# time for. So a length may be in epochs, ``"4ep"``, or a part of the run, ``"30%"``; ``"2000it"``
# is the same as 2000. ``attach`` turns them into steps, or ``Plan.resolve`` does.

general = hc.Plan(
    lr=hc.Cycle(1e-4, 1e-2, "2ep"),
    weight_decay=hc.Ramp(0.0, 1e-3, "30%"),
)
print(general.resolve(steps_per_epoch=391, total_steps=20_000))

# %%
# What is not resolved yet has no values, and says so:

try:
    general(0)
except ValueError as error:
    print(error)

# %%
# Groups
# ------
#
# An optimizer may have several groups of parameters. One schedule drives all of them;
# :class:`Groups` gives each its own, and ``None`` leaves one alone. A group is what the framework
# calls one: in PyTorch its index or its ``"name"``, in Keras a pattern of paths, in Optax a label.

per_group = hc.Plan(
    lr=hc.Groups(
        {
            "body": hc.Cycle(1e-4, 1e-3, 2000),
            "head": hc.Cycle(1e-3, 1e-2, 2000),
        }
    ),
    weight_decay=hc.Groups({"body": hc.Ramp(0.0, 1e-2, 10_000), "head": None}),
)
hc.plot(per_group, 20_000)
plt.show()

# %%
print(per_group(2000))

# %%
# Driving something
# -----------------
#
# ``hc.attach(target, plan)`` asks who can drive the target, and checks everything before it
# changes anything: names, ranges, groups. What it returns is what the framework's users expect: a
# scheduler for PyTorch, an optimizer for Keras, a transformation for Optax. Any other object has
# its attributes set:

from types import SimpleNamespace

dropout = SimpleNamespace(p=0.5)
cycler = hc.attach(dropout, p=hc.Cycle(0.1, 0.3, 100))
for _ in range(50):
    cycler.step()
print(dropout)
