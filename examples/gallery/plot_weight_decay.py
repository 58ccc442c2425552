"""
How do I cycle weight decay without touching the biases?
========================================================

.. currentmodule:: hypercycle

Weight decay is often kept away from biases and from what normalises. So the optimizer has two
groups of parameters, and a schedule for all of them would flatten them: it is refused.
"""

import torch
from matplotlib import pyplot as plt
from torch import nn

import hypercycle as hc

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(64, 32), nn.LayerNorm(32), nn.Linear(32, 10))
decayed = [parameter for parameter in model.parameters() if parameter.ndim > 1]
others = [parameter for parameter in model.parameters() if parameter.ndim <= 1]


def new_optimizer():
    """Return an optimizer that does not decay biases and norms."""
    return torch.optim.AdamW(
        [
            {"params": decayed, "name": "weights", "weight_decay": 1e-2},
            {"params": others, "name": "biases and norms", "weight_decay": 0.0},
        ]
    )


optimizer = new_optimizer()
decay = hc.Cycle(1e-3, 1e-2, 500, waveform="hann")
try:
    hc.attach(optimizer, weight_decay=decay)
except ValueError as error:
    print(error)

# %%
# Leave the group alone
# ---------------------
#
# :class:`Groups` gives each group its schedule, by its name or its index. ``None`` leaves one
# alone. A schedule of something else, such as the learning rate, still drives all groups.

plan = hc.Plan(
    lr=hc.Cycle(1e-4, 1e-3, 1000),
    weight_decay=hc.Groups({"weights": decay, "biases and norms": None}),
)
cycler = hc.attach(optimizer, plan)
for _ in range(500):
    # the forward and the backward pass belong here
    optimizer.step()
    cycler.step()
print([(group["lr"], group["weight_decay"]) for group in optimizer.param_groups])

hc.plot(plan, 4000)
plt.show()

# %%
# Or multiply what is there
# -------------------------
#
# With ``relative=True`` a schedule is a factor on each group's own initial value, and zero times
# anything stays zero. That needs no list of groups, and also keeps the ratios of rates per layer.

optimizer = new_optimizer()
factor = hc.Cycle(0.1, 1.0, 500, waveform="hann")
cycler = hc.attach(optimizer, weight_decay=factor, relative=True)
for _ in range(500):
    optimizer.step()
    cycler.step()
print([group["weight_decay"] for group in optimizer.param_groups])

# %%
# In a plan that has a learning rate too, say which of them is a factor:
# ``relative="weight_decay"``.
