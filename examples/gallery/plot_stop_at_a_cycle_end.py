"""
How do I stop where a cycle ends?
=================================

.. currentmodule:: hypercycle

Early stopping that runs out of patience in the middle of a cycle stops at a high learning rate,
where a network is at its worst. Let it wait: :meth:`Cycle.is_cycle_end` says whether the updates
made complete a cycle, :meth:`Cycle.steps_to_cycle_end` how many are still to come.
"""

import numpy as np
import torch
from matplotlib import pyplot as plt
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

import hypercycle as hc

torch.set_num_threads(1)
images, digits = load_digits(return_X_y=True)
split = train_test_split(images / 16, digits, test_size=0.5, random_state=0)
train_x, held_x = (torch.from_numpy(part).float() for part in split[:2])
train_y, held_y = (torch.from_numpy(part) for part in split[2:])
valid, test = slice(0, 300), slice(300, None)

lr = hc.Cycle(low=0.005, high=0.5, step_size_up=150)
EVERY, PATIENCE, MOST = 10, 400, 3000


def train(seed):
    """Return (step, test accuracy) as measured, and when patience was over."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    optimizer = torch.optim.SGD(model.parameters(), momentum=0.8, weight_decay=5e-3)
    cycler = hc.attach(optimizer, lr=lr)
    measured, best, best_step, over = [], 0.0, 0, None
    for step in range(1, MOST + 1):
        rows = torch.randint(len(train_x), (32,))
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(train_x[rows]), train_y[rows]).backward()
        optimizer.step()
        cycler.step()
        if step % EVERY == 0:
            with torch.no_grad():
                right = (model(held_x).argmax(dim=1) == held_y).double()
            measured.append((step, 100 * right[test].mean().item()))
            validation = right[valid].mean().item()
            if validation > best:
                best, best_step = validation, step
            if over is None and step - best_step >= PATIENCE:
                over = step
        # Without the second condition, training would stop at once.
        if over is not None and lr.is_cycle_end(step):
            break
    return np.array(measured), over


# %%
# Ten seeds. Where patience runs out is left to chance; where training ends is not.

print("patience over      at lr  accuracy     stopped      at lr  accuracy")
rows = []
for seed in range(10):
    measured, over = train(seed)
    accuracies = dict(measured)
    end = int(measured[-1, 0])
    rows.append((accuracies[over], accuracies[end]))
    print(
        f"{over:>13}{lr(over):11.3f}{accuracies[over]:10.1f}"
        f"{end:>12}{lr(end):11.3f}{accuracies[end]:10.1f}"
    )
print("mean and standard deviation")
for name, column in zip(("over", "stopped"), np.array(rows).T, strict=True):
    print(f"{name:>13}: {column.mean():.2f} ± {column.std(ddof=1):.2f} %")

# %%
# The last of these runs. The dotted line is where patience ran out.

figure, (above, below) = plt.subplots(2, sharex=True, figsize=(8, 4))
above.plot(*measured.T)
above.axvline(over, linestyle=":", color="C1")
above.set(ylabel="test accuracy, %", ylim=(85, 100))
below.plot(lr(np.arange(end + 1)))
below.axvline(over, linestyle=":", color="C1")
below.set(ylabel="lr", xlabel="step", xlim=(0, end))
plt.show()
