"""
How do I resume a run in the middle of a cycle?
===============================================

.. currentmodule:: hypercycle

Save the cycler's state next to the model's and the optimizer's. It is a small dict of plain types:
the step, and a description of the plan. What comes after is what an uninterrupted run does, bit for
bit. Here this is shown for a network on the handwritten digits.
"""

import io

import numpy as np
import torch
from matplotlib import pyplot as plt
from sklearn.datasets import load_digits
from torch import nn

import hypercycle as hc

torch.set_num_threads(1)
images, digits = load_digits(return_X_y=True)
images, digits = torch.from_numpy(images).float() / 16, torch.from_numpy(digits)

lr = hc.Cycle(0.01, 0.2, step_size_up=100)
plan = hc.Plan(lr=lr, momentum=lr.opposite(0.85, 0.95))


def start():
    """Make what a training program makes first."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    optimizer = torch.optim.SGD(model.parameters())
    return model, optimizer, hc.attach(optimizer, plan)


def train(model, optimizer, cycler, updates):
    """Train on, and return the losses."""
    losses = []
    for _ in range(updates):
        rows = torch.randint(len(images), (32,))
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(images[rows]), digits[rows])
        loss.backward()
        optimizer.step()
        cycler.step()
        losses.append(loss.item())
    return losses


# %%
# A run of 600 updates without a break:

uninterrupted, optimizer, cycler = start()
expected = train(uninterrupted, optimizer, cycler, 600)

# %%
# The same, stopped after 270, when the learning rate is on its way up. The random numbers are
# part of a checkpoint as well, where batches are drawn at random.

model, optimizer, cycler = start()
losses = train(model, optimizer, cycler, 270)

checkpoint = io.BytesIO()
state = {
    "model": model.state_dict(),
    "optimizer": optimizer.state_dict(),
    "cycler": cycler.state_dict(),
    "random": torch.get_rng_state(),
}
torch.save(state, checkpoint)
print(cycler.values)

# %%
# Another process makes the same things anew and loads, the optimizer before the cycler. The values
# of the saved step are in force at once.

model, optimizer, cycler = start()
checkpoint.seek(0)
state = torch.load(checkpoint, weights_only=True)
model.load_state_dict(state["model"])
optimizer.load_state_dict(state["optimizer"])
cycler.load_state_dict(state["cycler"])
torch.set_rng_state(state["random"])
print(cycler.values)

losses += train(model, optimizer, cycler, 330)
assert losses == expected
assert all(map(torch.equal, model.parameters(), uninterrupted.parameters()))

# %%
# Every loss is the same, and every weight.

figure, (above, below) = plt.subplots(2, sharex=True, figsize=(8, 4))
above.plot(expected, label="uninterrupted", linewidth=3, alpha=0.4)
above.plot(losses, label="stopped and resumed", linewidth=1)
above.axvline(270, linestyle=":")
above.set(ylabel="loss", yscale="log")
above.legend()
below.plot(lr(np.arange(601)))
below.axvline(270, linestyle=":")
below.set(ylabel="lr", xlabel="step", xlim=(0, 600))
plt.show()

# %%
# If the plan has changed
# -----------------------
#
# A plan that is not the saved one is an error that lists the differences, so that nobody goes on
# with other bounds by accident. ``on_mismatch="saved"`` takes what was saved, ``"current"`` keeps
# what is there, at the saved step.

changed = hc.Cycle(0.01, 0.2, step_size_up=150)
other = hc.attach(optimizer, lr=changed, momentum=changed.opposite(0.85, 0.95))
try:
    other.load_state_dict(state["cycler"])
except ValueError as error:
    print(error)
