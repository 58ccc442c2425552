"""
How do I make snapshot ensembles, and average weights?
======================================================

.. currentmodule:: hypercycle

At the end of a cycle the learning rate is low and the network has settled. Networks from several
cycle ends make an ensemble for the price of one training (G. Huang et al., "Snapshot ensembles",
arXiv:1704.00109), and the mean of their weights makes one network (P. Izmailov et al., "SWA",
arXiv:1803.05407). ``on_event`` tells when a cycle has ended.
"""

import copy

import numpy as np
import torch
from matplotlib import pyplot as plt
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.optim.swa_utils import AveragedModel

import hypercycle as hc

torch.set_num_threads(1)
images, digits = load_digits(return_X_y=True)
split = train_test_split(images / 16, digits, test_size=0.5, random_state=0)
train_x, test_x = (torch.from_numpy(part).float() for part in split[:2])
train_y, test_y = (torch.from_numpy(part) for part in split[2:])

CYCLES = 6
lr = hc.sgdr(low=0.001, high=0.5, steps=100, cycles=CYCLES)
hc.plot(lr, CYCLES * 100 - 1)

# %%
# The event comes after the values of the next step are in force; the weights are those that the
# cycle has ended with. Averaging leaves out the first cycles, whose networks are still far away.
# (A network with batch normalisation needs ``torch.optim.swa_utils.update_bn`` afterwards.)


def train(seed):
    """Return the networks of all cycle ends, and the mean of the later ones."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    optimizer = torch.optim.SGD(model.parameters(), momentum=0.8, weight_decay=5e-3)
    snapshots, averaged = [], AveragedModel(model)

    def on_event(name, cycle, step):
        if name == "cycle_end":
            snapshots.append(copy.deepcopy(model))
            if cycle >= CYCLES // 2:
                averaged.update_parameters(model)

    cycler = hc.attach(optimizer, lr=lr, on_event=on_event)
    for _ in range(CYCLES * 100):
        rows = torch.randint(len(train_x), (32,))
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(train_x[rows]), train_y[rows]).backward()
        optimizer.step()
        cycler.step()
    return snapshots, averaged


def accuracy(probabilities):
    """Return the percentage of the test images that are classified rightly."""
    return 100 * (probabilities.argmax(dim=1) == test_y).double().mean().item()


results = []
for seed in range(8):
    snapshots, averaged = train(seed)
    assert len(snapshots) == CYCLES
    with torch.no_grad():
        outputs = [snapshot(test_x).softmax(dim=1) for snapshot in snapshots]
        last = accuracy(outputs[-1])
        ensemble = accuracy(sum(outputs[CYCLES // 2 :]))
        mean = accuracy(averaged(test_x))
    results.append((last, ensemble, mean, *map(accuracy, outputs)))

# %%
# Test accuracy, eight seeds:

results = np.array(results)
names = ("last network", "ensemble of the last three", "mean of their weights")
for name, column in zip(names, results.T, strict=False):
    print(f"{name:27} {column.mean():.2f} ± {column.std(ddof=1):.2f} %")
gained = results[:, 1:3] - results[:, :1]
print("gained over the last network, per seed, in points")
for name, column in zip(names[1:], gained.T, strict=True):
    print(f"{name:27} {column.round(2).tolist()}")

# %%
# On images as easy as these, both gain little over the last network, and not with every seed. That
# network is a good one already, because training ends where a cycle does.

figure, axes = plt.subplots()
axes.plot(range(CYCLES), results[:, 3:].T, color="C0", alpha=0.4)
axes.plot(range(CYCLES), results[:, 3:].mean(axis=0), linewidth=3, label="mean")
axes.set(xlabel="cycle", ylabel="test accuracy at its end, %")
axes.legend()
plt.show()
