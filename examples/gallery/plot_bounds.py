"""
How do I choose the bounds?
===========================

.. currentmodule:: hypercycle

By a range test: train a few hundred steps while the learning rate rises from far too low to far
too high, and look at the loss. Here it is done for a small network on scikit-learn's handwritten
digits.
"""

import torch
from matplotlib import pyplot as plt
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import hypercycle_torch

torch.manual_seed(0)
images, digits = map(torch.from_numpy, load_digits(return_X_y=True))
dataset = TensorDataset(images.float() / 16, digits)
loader = DataLoader(dataset, batch_size=32, shuffle=True)

model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)


def loss(model, batch):
    """Return the mean loss over a batch."""
    inputs, labels = batch
    return nn.functional.cross_entropy(model(inputs), labels)


# %%
# Model, optimizer, loader and random numbers are left as they were before, so a range test may
# stand at the top of any training program.

before = [parameter.clone() for parameter in model.parameters()]
test = hypercycle_torch.range_test(model, optimizer, loss, loader, progress=False)
assert all(map(torch.equal, before, model.parameters()))

test.plot()
plt.show()

# %%
# Dots are the losses, the line is a smooth curve through them, the band lies between the two
# bounds. Each comes with the interval that holds it and with the reason:

bounds = test.bounds()
print(bounds)

# %%
# ``low`` is where training has begun to work, ``high`` a factor of 3 below where the loss is
# lowest: what a sweep survives for a moment is too much for a whole run. So this is the cycle:

print(bounds.cycle(step_size_up=200))

# %%
# The intervals speak of the noise within this sweep. Where they are wide, ``repeats=3`` sweeps
# three times and averages. Where the loss shows no bounds, the answer is the reason instead:

too_low = hypercycle_torch.range_test(
    model,
    optimizer,
    loss,
    loader,
    end=1e-4,
    progress=False,
)
print(too_low.bounds())

# %%
# How the plot is read, what the intervals mean, accuracies instead of losses, and what other
# libraries would suggest: :doc:`/range-test`.
