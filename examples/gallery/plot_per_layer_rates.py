"""
How do I give each layer its own rate?
======================================

.. currentmodule:: hypercycle

Fine-tuning often trains the lower layers more slowly: each layer has, say, 0.65 of the rate of the
layer above. The rates are to rise and fall together.

Two ways: ``relative=True`` multiplies what each group has, :class:`Groups` names a schedule for
each. What does not happen is that one schedule flattens them by accident.
"""

import torch
from matplotlib import pyplot as plt
from sklearn.datasets import load_digits
from torch import nn

import hypercycle as hc

torch.manual_seed(0)
torch.set_num_threads(1)
images, digits = (torch.from_numpy(array) for array in load_digits(return_X_y=True))
images = images.float() / 16


def train(model, optimizer, rows, epochs, after_step=lambda: None):
    """Train on these rows in batches of 32."""
    for _ in range(epochs):
        for batch in rows[torch.randperm(len(rows))].split(32):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(images[batch]), digits[batch] % 5).backward()
            optimizer.step()
            after_step()


# %%
# A network that knows the digits 0 to 4, and is now to learn 5 to 9 from 100 images:

model = nn.Sequential(
    nn.Linear(64, 64),
    nn.ReLU(),
    nn.Linear(64, 64),
    nn.ReLU(),
    nn.Linear(64, 5),
)
known, new = (digits < 5).nonzero()[:, 0], (digits >= 5).nonzero()[:, 0]
train(model, torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9), known, epochs=5)

model[4].reset_parameters()
few, rest = new[torch.randperm(len(new))].split([100, len(new) - 100])
groups = [
    {"name": name, "params": list(model[index].parameters()), "lr": 0.5 * 0.65**depth}
    for depth, (name, index) in enumerate({"head": 4, "middle": 2, "bottom": 0}.items())
]
optimizer = torch.optim.SGD(groups, momentum=0.8)
print({group["name"]: round(group["lr"], 4) for group in optimizer.param_groups})

# %%
# One schedule for all of them would make the rates equal. That is an error, before anything is
# changed:

try:
    hc.attach(optimizer, lr=hc.Cycle(0.01, 0.5, 20))
except ValueError as error:
    print(error)

# %%
# ``relative=True``: the schedule is a factor, here from a tenth of each group's rate to all of it.

plan = hc.Plan(lr=hc.Cycle(0.1, 1.0, "5ep"))
steps_per_epoch = len(few.split(32))
cycler = hc.attach(optimizer, plan, relative=True, steps_per_epoch=steps_per_epoch)

history = []


def step():
    """Move on, and note the rates."""
    history.append([group["lr"] for group in optimizer.param_groups])
    cycler.step()


train(model, optimizer, few, epochs=20, after_step=step)
accuracy = (model(images[rest]).argmax(dim=1) == digits[rest] % 5).double().mean()
print(f"accuracy on {len(rest)} other images {accuracy:.3f}")
assert all(abs(bottom / head - 0.65**2) < 1e-12 for head, _, bottom in history)

# %%
# :class:`Groups`: bounds, even clocks, of each group's own. ``None`` leaves a group alone. The same
# rates as above, but the bottom layer begins to move after 10 epochs:

lr = hc.Cycle(0.05, 0.5, "5ep")
later = hc.Cycle(0.05 * 0.65**2, 0.5 * 0.65**2, "5ep")
plan = hc.Plan(
    lr=hc.Groups(
        {
            "head": lr,
            "middle": hc.Product(hc.Constant(0.65), lr),
            "bottom": hc.Chain((hc.Constant(0.0), "10ep"), later),
        }
    )
)
hc.plot(plan.resolve(steps_per_epoch=steps_per_epoch), 30 * steps_per_epoch)
plt.show()
hc.attach(optimizer, plan, steps_per_epoch=steps_per_epoch)
print({group["name"]: round(group["lr"], 4) for group in optimizer.param_groups})
