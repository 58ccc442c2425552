"""Ensembles for the price of one training: snapshots, FGE and SWA, at the places of a cycle.

    python examples/digits_ensembles.py [--updates 1200] [--seeds 3]

All make as many updates. "One network" falls along a cosine once. Snapshots (G. Huang et al.,
arXiv:1704.00109) are copies from the ends of restarts. Fast geometric ensembles (T. Garipov et al.,
arXiv:1802.10026) train for half of the updates, then copy where short triangles are lowest; SWA
(P. Izmailov et al., arXiv:1803.05407) is the mean of the same copies' weights.
"""

import argparse
import copy
from typing import NamedTuple

import numpy as np
import torch
from digits_branches import Images, images
from torch import nn
from torch.optim.swa_utils import AveragedModel

import hypercycle as hc

HIGH, CYCLES, KEPT = 0.2, 6, 3


class Way(NamedTuple):
    """A plan, and the event at which a copy of the network is taken."""

    plan: hc.Plan
    event: str


def ways(updates: int) -> dict[str, Way]:
    """Return how each way trains."""
    once = hc.sgdr(0.0, HIGH, updates, cycles=1)
    restarts = hc.sgdr(0.0, HIGH, updates // CYCLES, cycles=CYCLES)
    half = updates // 2
    # An inverted cycle begins at the top; its peak is where the rate is lowest.
    triangles = hc.Cycle(HIGH / 20, HIGH / 4, half // CYCLES // 2, inverted=True, cycles=CYCLES)
    descent = hc.Ramp(HIGH, HIGH / 4, half, "hann")
    return {
        "one": Way(hc.Plan(lr=once), "cycle_end"),
        "snapshots": Way(hc.Plan(lr=restarts), "cycle_end"),
        "fge": Way(hc.Plan(lr=hc.Chain(descent, triangles)), "peak"),
    }


def copies(way: Way, data: Images, updates: int, seed: int) -> list[nn.Module]:
    """Train a small network and return the copies that were taken."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    optimizer = torch.optim.SGD(model.parameters(), momentum=0.9, weight_decay=1e-3)
    taken: list[nn.Module] = []

    def on_event(name: str, cycle: int, step: int) -> None:  # noqa: ARG001
        if name == way.event and step > 0:
            taken.append(copy.deepcopy(model))

    cycler = hc.attach(optimizer, way.plan, on_event=on_event)
    for _ in range(updates):
        rows = rng.integers(len(data.train_x), size=32)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(data.train_x[rows]), data.train_y[rows]).backward()
        optimizer.step()
        cycler.step()
    return taken


def accuracy(networks: list[nn.Module], data: Images) -> float:
    """Return the percentage that the networks recognise together."""
    with torch.no_grad():
        together = torch.stack([one(data.test_x).softmax(dim=1) for one in networks]).mean(dim=0)
    return 100 * (together.argmax(dim=1) == data.test_y).double().mean().item()


def results(data: Images, updates: int, seed: int) -> dict[str, float]:
    """Return the accuracy of each way."""
    taken = {name: copies(way, data, updates, seed) for name, way in ways(updates).items()}
    mean = AveragedModel(taken["fge"][0])
    for network in taken["fge"]:
        mean.update_parameters(network)
    return {
        "one network": accuracy(taken["one"], data),
        f"the last {KEPT} snapshots": accuracy(taken["snapshots"][-KEPT:], data),
        "the last snapshot alone": accuracy(taken["snapshots"][-1:], data),
        f"FGE, {CYCLES} copies": accuracy(taken["fge"], data),
        "SWA, their mean": accuracy([mean], data),
    }


def main(arguments: list[str] | None = None) -> None:
    """Train in all ways and print the table."""
    parser = argparse.ArgumentParser(description="Snapshots, FGE and SWA.")
    parser.add_argument("--updates", type=int, default=1200)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    data = images()
    found = [results(data, options.updates, seed) for seed in range(options.seeds)]
    print(f"test accuracy in % after {options.updates} updates, {options.seeds} seeds")
    for name in found[0]:
        column = np.array([one[name] for one in found])
        print(f"{name:24}  {column.mean():.2f} ({column.min():.2f} to {column.max():.2f})")


if __name__ == "__main__":
    main()
