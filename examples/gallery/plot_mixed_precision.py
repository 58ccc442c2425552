"""
How do I cycle in mixed precision?
==================================

.. currentmodule:: hypercycle

A gradient scaler skips the step where a gradient overflows. A scheduler that counts batches then
runs ahead of the optimizer. With ``advance="optimizer"`` the wave moves with the steps that were
made: skipped ones do not count, nor do the batches that gradient accumulation adds up.

With bfloat16 there is no scaler and nothing to skip; both ways of counting then agree.

Here a small network learns handwritten digits in float16, on a CPU; with ``"cuda"`` the program is
the same.
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

model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
optimizer = torch.optim.SGD(model.parameters())
# A scale that is tried so high, and doubled so soon, that some steps are skipped.
scaler = torch.amp.GradScaler("cpu", init_scale=2.0**20, growth_interval=25)

lr = hc.Cycle(low=0.01, high=0.5, step_size_up=30)
cycler = hc.attach(optimizer, lr=lr, momentum=lr.opposite(0.85, 0.95), advance="optimizer")

# %%
# The loop is the usual one. ``cycler.step()`` may stay where it was: it does nothing here, because
# the optimizer tells the cycler of its steps.

rates, skipped = [], []
for batch, rows in enumerate(torch.randperm(len(digits)).split(10)):
    rates.append(optimizer.param_groups[0]["lr"])
    made = cycler.last_epoch
    with torch.autocast("cpu", dtype=torch.float16):
        loss = nn.functional.cross_entropy(model(images[rows]), digits[rows])
    optimizer.zero_grad()
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
    cycler.step()
    if cycler.last_epoch == made:
        skipped.append(batch)

print(f"{len(rates)} batches, {cycler.last_epoch} steps, skipped: {skipped}")
assert skipped
assert cycler.last_epoch == len(rates) - len(skipped)

# %%
# A skipped batch repeats its rate. Counted in batches, the wave would be ahead by now:

print(f"lr {cycler.values['lr']:.4f}; counted in batches {lr(len(rates)):.4f}")

figure, axes = plt.subplots()
axes.plot([lr(batch) for batch in range(len(rates))], "--", label="counted in batches")
axes.plot(rates, label="counted in steps")
axes.plot(skipped, [rates[batch] for batch in skipped], "o", label="skipped")
axes.set(xlabel="batch", ylabel="lr")
axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
plt.show()

# %%
# A checkpoint holds all three: ``optimizer.state_dict()``, ``cycler.state_dict()`` and
# ``scaler.state_dict()``. Load the optimizer before the cycler.
