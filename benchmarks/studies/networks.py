"""The networks of the studies, beside those of ``range_test_sweeps``, and their optimizers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from range_test_sweeps.data import Data
from range_test_sweeps.torch_models import MODELS, OPTIMIZERS, quick_net
from torch import nn

from .study import Setting

# Of Caffe's cifar10_quick_train_test.prototxt, from the input to the output; biases begin at 0.
CAFFE_DEVIATIONS = (0.0001, 0.01, 0.01, 0.1, 0.1)


class Pixels(nn.Module):
    """Bytes as the numbers that a network takes: ``pixels · factor − mean``."""

    def __init__(self, mean: Any, factor: float = 1.0) -> None:
        super().__init__()
        self.register_buffer("mean", torch.as_tensor(mean, dtype=torch.float32))
        self.factor = factor

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        centred = images.float().mul_(self.factor) - self.mean
        return centred.contiguous(memory_format=torch.channels_last)


def caffe_quick(data: Data, width: int = 32) -> nn.Module:
    """Return Caffe's "quick" network for CIFAR-10, as Caffe begins it.

    Pixels from 0 to 255 less the mean image; weights are drawn from normal distributions.
    """
    layers = quick_net(data, width)
    weighted = [one for one in layers.modules() if isinstance(one, nn.Conv2d | nn.Linear)]
    for layer, deviation in zip(weighted, CAFFE_DEVIATIONS, strict=True):
        nn.init.normal_(layer.weight, std=deviation)
        nn.init.zeros_(layer.bias)
    return nn.Sequential(Pixels(data.x.mean(0, keepdims=True)), layers)


def ported_quick(data: Data, width: int = 32) -> nn.Module:
    """Return the same as a reproduction ported it to PyTorch (github.com/coxy1989/clr).

    Pixels from 0 to 1 less the mean of each channel, PyTorch's own initial weights, windows of
    pooling that end inside the image.
    """
    mean = data.x.mean((0, 2, 3), keepdims=True) / 255.0
    return nn.Sequential(Pixels(mean, 1 / 255), quick_net(data, width, ceil_mode=False))


def lenet(data: Data) -> nn.Module:
    """Return Caffe's LeNet for MNIST, with PyTorch's initial weights."""
    return nn.Sequential(
        *[nn.Conv2d(1, 20, 5), nn.MaxPool2d(2), nn.Conv2d(20, 50, 5), nn.MaxPool2d(2)],
        *[nn.Flatten(), nn.Linear(800, 500), nn.ReLU(), nn.Linear(500, data.classes)],
    )


NETWORKS: dict[str, Callable[[Data], nn.Module]] = {
    **MODELS,
    "caffe_quick": caffe_quick,
    "half_caffe_quick": lambda data: caffe_quick(data, 16),
    "ported_quick": ported_quick,
    "lenet": lenet,
}


def begun(setting: Setting, data: Data, seed: int, device: str) -> tuple[nn.Module, Any]:
    """Return a network with the initial weights of a seed, and its optimizer, at rate 1.

    The weights are the same on every device, and for whatever optimizer.
    """
    torch.manual_seed(seed)
    model = NETWORKS[setting.network](data).to(device)
    if any(isinstance(one, nn.Conv2d) for one in model.modules()):
        model = model.to(memory_format=torch.channels_last)
    weights = [one for name, one in model.named_parameters() if not name.endswith("bias")]
    biases = [one for name, one in model.named_parameters() if name.endswith("bias")]
    groups = [{"params": weights, "lr": 1.0}, {"params": biases, "lr": setting.bias_rate}]
    return model, OPTIMIZERS[setting.optimizer](groups, 1.0)
