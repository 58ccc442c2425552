"""One training for five budgets: a trunk at a constant rate, and a branch for each budget.

    python examples/digits_branches.py [--longest 1600] [--seeds 3]

How long is long enough? With a rate that falls to 0 at the end, each budget is a training of its
own. A trunk whose rate stays is trained once; at each budget's four fifths a branch leaves it and
decays the rate in the last fifth (A. Hägele et al., arXiv:2405.18392). Beside it each budget is
trained alone, with a cosine from the same peak after the same warm-up.
"""

import argparse
import copy
from typing import Any, NamedTuple

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

import hypercycle as hc

PEAK, WARM_UP, BATCH = 0.2, 25, 32
SHARES = (0.125, 0.25, 0.5, 0.75, 1.0)


class Images(NamedTuple):
    """Handwritten digits: half of them are learnt."""

    train_x: torch.Tensor
    test_x: torch.Tensor
    train_y: torch.Tensor
    test_y: torch.Tensor


def images() -> Images:
    """Return scikit-learn's digits."""
    inputs, digits = load_digits(return_X_y=True)
    train_x, test_x, train_y, test_y = train_test_split(
        inputs / 16, digits, test_size=0.5, random_state=0
    )
    return Images(
        torch.from_numpy(train_x).float(),
        torch.from_numpy(test_x).float(),
        torch.from_numpy(train_y),
        torch.from_numpy(test_y),
    )


class Training:
    """A small network that follows a plan, from a seed or from a checkpoint."""

    def __init__(
        self, plan: hc.Plan, data: Images, seed: int, checkpoint: dict[str, Any] | None = None
    ) -> None:
        torch.manual_seed(seed)
        self.data, self.seed = data, seed
        self.model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
        self.optimizer = torch.optim.SGD(self.model.parameters(), momentum=0.9, weight_decay=1e-3)
        self.cycler = hc.attach(self.optimizer, plan)
        if checkpoint is not None:
            self.model.load_state_dict(checkpoint["model"])
            self.optimizer.load_state_dict(checkpoint["optimizer"])
            self.cycler.load_state_dict(checkpoint["cycler"])  # that of the trunk: no mismatch

    def run(self, until: int) -> None:
        """Make updates until there are so many; each has its own images, whoever makes it."""
        for step in range(self.cycler.last_epoch, until):
            chosen = np.random.default_rng((self.seed, step)).integers(
                len(self.data.train_x), size=BATCH
            )
            self.optimizer.zero_grad()
            output = self.model(self.data.train_x[chosen])
            nn.functional.cross_entropy(output, self.data.train_y[chosen]).backward()
            self.optimizer.step()
            self.cycler.step()

    def checkpoint(self) -> dict[str, Any]:
        """Return what a training is resumed from."""
        return {
            "model": copy.deepcopy(self.model.state_dict()),
            "optimizer": copy.deepcopy(self.optimizer.state_dict()),
            "cycler": self.cycler.state_dict(),
        }

    def accuracy(self) -> float:
        """Return the percentage of the other half that is recognised."""
        with torch.no_grad():
            right = self.model(self.data.test_x).argmax(dim=1) == self.data.test_y
        return 100 * right.double().mean().item()


def with_branches(budgets: list[int], data: Images, seed: int) -> tuple[list[float], int]:
    """Return the accuracy of a branch for each budget, and the updates made in all."""
    plan = hc.Plan(lr=hc.warmup(WARM_UP, PEAK))
    trunk, updates, accuracies = Training(plan, data, seed), 0, []
    for budget in budgets:
        at = budget * 4 // 5
        trunk.run(at)
        branch = Training(plan.branch(at, budget - at), data, seed, trunk.checkpoint())
        branch.run(budget)
        accuracies.append(branch.accuracy())
        updates += budget - at
    return accuracies, updates + trunk.cycler.last_epoch


def alone(budgets: list[int], data: Images, seed: int) -> tuple[list[float], int]:
    """Return the accuracy of a training of its own for each budget, and the updates made in all."""
    accuracies = []
    for budget in budgets:
        lr = hc.Chain(hc.Ramp(0.0, PEAK, WARM_UP), hc.Ramp(PEAK, 0.0, budget - WARM_UP, "cosine"))
        training = Training(hc.Plan(lr=lr), data, seed)
        training.run(budget)
        accuracies.append(training.accuracy())
    return accuracies, sum(budgets)


def main(arguments: list[str] | None = None) -> None:
    """Train both ways and print the table."""
    parser = argparse.ArgumentParser(description="One trunk, five budgets.")
    parser.add_argument("--longest", type=int, default=1600, help="updates of the longest run")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    data = images()
    budgets = [round(share * options.longest) for share in SHARES]
    seeds = range(options.seeds)
    branches = [with_branches(budgets, data, seed) for seed in seeds]
    single = [alone(budgets, data, seed) for seed in seeds]

    print(f"test accuracy in %, mean of {options.seeds} seeds (least to most)")
    print(f"{'updates':>8}  {'branch of one trunk':>24}  {'trained alone':>24}")
    for index, budget in enumerate(budgets):
        columns = [
            np.array([accuracies[index] for accuracies, _ in results])
            for results in (branches, single)
        ]
        cells = [f"{one.mean():.2f} ({one.min():.2f} to {one.max():.2f})" for one in columns]
        print(f"{budget:8}  {cells[0]:>24}  {cells[1]:>24}")
    together, apart = branches[0][1], single[0][1]
    print(
        f"updates in all: {together} with one trunk, {apart} alone: "
        f"{100 * (1 - together / apart):.0f} % saved"
    )


if __name__ == "__main__":
    main()
