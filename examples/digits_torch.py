"""Handwritten digits: a fixed learning rate beside three cycled ones, with PyTorch.

    python examples/digits_torch.py [--seeds 5] [--out demo-output] [--quick]

What is compared, and how, stands in digits.py.
"""

from collections.abc import Iterator
from itertools import count

import torch
from digits import BATCH_SIZE, MEASURE_EVERY, MIDDLE, SWEEP, Measurement, Split, main
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import hypercycle as hc
import hypercycle_torch


def network() -> nn.Module:
    """Make a small convolutional network."""
    return nn.Sequential(
        nn.Conv2d(1, 16, kernel_size=3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, kernel_size=3, padding=1), nn.ReLU(), nn.Flatten(),
        nn.Linear(512, 10),
    )  # fmt: skip


def tensors_of(splits: dict[str, Split]) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Return images, with a channel, and digits."""
    return {
        name: (torch.from_numpy(split.images).unsqueeze(1), torch.from_numpy(split.digits))
        for name, split in splits.items()
    }


def batches(n: int, seed: int) -> Iterator[torch.Tensor]:
    """Yield the rows of each batch, shuffled anew in every epoch."""
    shuffle = torch.Generator().manual_seed(seed)
    while True:
        yield from torch.randperm(n, generator=shuffle).split(BATCH_SIZE)


def accuracy_and_loss(
    model: nn.Module, images: torch.Tensor, digits: torch.Tensor
) -> tuple[float, float]:
    """Measure the model."""
    with torch.no_grad():
        logits = model(images)
    loss = nn.functional.cross_entropy(logits, digits)
    return (logits.argmax(dim=1) == digits).double().mean().item(), loss.item()


def loss_of(model: nn.Module, batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """Return what is minimised."""
    images, digits = batch
    return nn.functional.cross_entropy(model(images), digits)


def range_test(splits: dict[str, Split]) -> hc.RangeTest:
    """Train a small network while the learning rate rises."""
    torch.manual_seed(0)
    model, tensors = network(), tensors_of(splits)
    return hypercycle_torch.range_test(
        model,
        torch.optim.SGD(model.parameters(), **MIDDLE),
        loss_of,
        DataLoader(TensorDataset(*tensors["train"]), BATCH_SIZE, shuffle=True),
        metrics={"accuracy": lambda model: accuracy_and_loss(model, *tensors["validation"])[0]},
        **SWEEP,
    )


def training(plan: hc.Plan, seed: int, splits: dict[str, Split]) -> Iterator[Measurement]:
    """Train a small network, the plan's values in force at every iteration."""
    torch.manual_seed(seed)
    model, tensors = network(), tensors_of(splits)
    optimizer = torch.optim.SGD(model.parameters())  # its hyperparameters are the plan's
    cycler = hc.attach(optimizer, plan)

    images, digits = tensors["train"]
    for step, rows in zip(count(1), batches(len(digits), seed), strict=False):
        optimizer.zero_grad()
        loss_of(model, (images[rows], digits[rows])).backward()
        optimizer.step()
        cycler.step()

        if step % MEASURE_EVERY == 0:
            validation, _ = accuracy_and_loss(model, *tensors["validation"])
            yield Measurement(*accuracy_and_loss(model, *tensors["test"]), validation)


if __name__ == "__main__":
    torch.set_num_threads(1)  # the network is so small that threads only wait for each other
    main(__doc__.splitlines()[0], range_test, training)
