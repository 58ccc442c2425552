"""
How do I choose the step size?
==============================

.. currentmodule:: hypercycle

L. N. Smith's rule (arXiv:1506.01186, section 3.2): a step size of 2 to 10 epochs, at least 3 cycles
and better 4, and training ends where a cycle ends. :meth:`Bounds.plan` does that, and says what it
has chosen.
"""

import numpy as np
import torch
from matplotlib import pyplot as plt
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

import hypercycle as hc

# The bounds of a range test, here of a made-up curve.
values = np.geomspace(1e-6, 1.0, 100)
losses = 2.3 - 1.5 / (1 + (1e-3 / values) ** 1.5) + 5 * values**2
bounds = hc.RangeTest(values, losses).bounds()

for epochs in (3, 10, 30, 100, 300):
    for line in bounds.plan(epochs, steps_per_epoch=391).explanation.split("; "):
        print(line)
    print()

# %%
# The number of epochs per half is ``epochs / (2 · cycles)``; ``cycles=`` says how many instead of
# the rule. Momentum comes along in opposite phase.

hc.plot(bounds.plan(30, steps_per_epoch=391), 30 * 391)
plt.show()

# %%
# Does it matter?
# ---------------
#
# Twenty epochs of the digits between the same bounds, with step sizes from half an epoch to ten,
# three seeds each. All of these runs end where a cycle ends:

torch.set_num_threads(1)
images, digits = load_digits(return_X_y=True)
split = train_test_split(images / 16, digits, test_size=600, random_state=0)
train_x, test_x = (torch.from_numpy(part).float() for part in split[:2])
train_y, test_y = (torch.from_numpy(part) for part in split[2:])
EPOCHS, BATCH = 20, 40
PER_EPOCH = len(train_x) // BATCH


def accuracy(step_size, seed):
    """Return the test accuracy after twenty epochs, in percent."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    optimizer = torch.optim.SGD(model.parameters())
    lr = hc.Cycle(0.01, 0.2, step_size)
    plan = hc.Plan(lr=lr, momentum=lr.opposite(0.85, 0.95))
    cycler = hc.attach(optimizer, plan, steps_per_epoch=PER_EPOCH)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(train_x)).split(BATCH)[:PER_EPOCH]:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(train_x[rows]), train_y[rows])
            loss.backward()
            optimizer.step()
            cycler.step()
    with torch.no_grad():
        return 100 * (model(test_x).argmax(dim=1) == test_y).double().mean().item()


step_sizes = ("0.5ep", "2ep", "5ep", "10ep")
print("step size   test accuracy, %")
for size in step_sizes:
    row = np.array([accuracy(size, seed) for seed in range(3)])
    print(f"{size:>9}   {row.mean():.1f} ± {row.std(ddof=1):.1f}")

# %%
# Here the seeds differ as much as the step sizes do. What the step size decides is how often the
# learning rate is low: how often there is something to keep, to average or to stop at.
