"""The PyTorch models and optimizers of the sweeps."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from .data import TEXT_LENGTH, Data

HIDDEN, CHARACTER_WIDTH = 64, 32


def linear(data: Data) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(inputs(data), outputs(data)))


def mlp(data: Data, *, layer: Callable[[], nn.Module] | None = None) -> nn.Module:
    """Return two hidden layers; after each, a layer such as dropout."""
    more = [] if layer is None else [layer()]
    return nn.Sequential(
        nn.Flatten(),
        *[nn.Linear(inputs(data), HIDDEN), *more, nn.ReLU()],
        *[nn.Linear(HIDDEN, HIDDEN), *more, nn.ReLU()],
        nn.Linear(HIDDEN, outputs(data)),
    )


def batchnorm_mlp(data: Data) -> nn.Module:
    return nn.Sequential(
        nn.Flatten(),
        *[nn.Linear(inputs(data), HIDDEN), nn.BatchNorm1d(HIDDEN), nn.ReLU()],
        *[nn.Linear(HIDDEN, HIDDEN), nn.BatchNorm1d(HIDDEN), nn.ReLU()],
        nn.Linear(HIDDEN, outputs(data)),
    )


def deep_mlp(data: Data) -> nn.Module:
    layers: list[nn.Module] = [nn.Flatten(), nn.Linear(inputs(data), 32), nn.Tanh()]
    for _ in range(5):
        layers += [nn.Linear(32, 32), nn.Tanh()]
    return nn.Sequential(*layers, nn.Linear(32, outputs(data)))


def cnn(data: Data, *, normalise: bool = False) -> nn.Module:
    channels, height, width = data.x.shape[1:]
    layers: list[nn.Module] = []
    for before, after in ((channels, 8), (8, 16)):
        layers.append(nn.Conv2d(before, after, 3, padding=1))
        layers += [nn.BatchNorm2d(after)] if normalise else []
        layers += [nn.ReLU(), nn.MaxPool2d(2)]
    flat = 16 * (height // 4) * (width // 4)
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(flat, outputs(data)))


def quick_net(data: Data, width: int = 16, *, ceil_mode: bool = True) -> nn.Module:
    """Return Caffe's quick network for CIFAR-10, at half its width unless told otherwise."""
    side = 4 if ceil_mode else 3
    pool = functools.partial(nn.AvgPool2d, 3, 2, ceil_mode=ceil_mode)
    return nn.Sequential(
        *[nn.Conv2d(3, width, 5, padding=2), nn.MaxPool2d(3, 2, ceil_mode=ceil_mode), nn.ReLU()],
        *[nn.Conv2d(width, width, 5, padding=2), nn.ReLU(), pool()],
        *[nn.Conv2d(width, 2 * width, 5, padding=2), nn.ReLU(), pool()],
        *[nn.Flatten(), nn.Linear(2 * width * side**2, 64), nn.Linear(64, outputs(data))],
    )


def series_cnn(data: Data) -> nn.Module:
    channels = data.x.shape[1]
    return nn.Sequential(
        *[nn.Conv1d(channels, 16, 5, padding=2), nn.ReLU()],
        *[nn.Conv1d(16, 16, 5, padding=2), nn.ReLU()],
        *[nn.AdaptiveAvgPool1d(4), nn.Flatten(), nn.Linear(64, outputs(data))],
    )


class SeriesGRU(nn.Module):
    """The last state of a GRU along the series decides."""

    def __init__(self, data: Data) -> None:
        super().__init__()
        self.gru = nn.GRU(data.x.shape[1], 24, batch_first=True)
        self.head = nn.Linear(24, outputs(data))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        states, _ = self.gru(x.transpose(1, 2))
        return self.head(states[:, -1])  # type: ignore[no-any-return]


class CharacterGRU(nn.Module):
    """Each state of a GRU says which character comes next."""

    def __init__(self, data: Data) -> None:
        super().__init__()
        self.embedding = nn.Embedding(data.classes, CHARACTER_WIDTH)
        self.gru = nn.GRU(CHARACTER_WIDTH, 64, batch_first=True)
        self.head = nn.Linear(64, data.classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.gru(self.embedding(x))[0])  # type: ignore[no-any-return]


class Transformer(nn.Module):
    """Two causal layers, norms first."""

    def __init__(self, data: Data, dropout: float = 0.0) -> None:
        super().__init__()
        self.embedding = nn.Embedding(data.classes, CHARACTER_WIDTH)
        self.positions = nn.Parameter(0.02 * torch.randn(TEXT_LENGTH, CHARACTER_WIDTH))
        layer = nn.TransformerEncoderLayer(
            CHARACTER_WIDTH, 2, 64, dropout, batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(CHARACTER_WIDTH, data.classes)
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(TEXT_LENGTH))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        states = self.layers(self.embedding(x) + self.positions, self.mask)
        return self.head(states)  # type: ignore[no-any-return]


class Frozen(nn.Module):
    """A model of which nothing is trained; what the optimizer holds has no effect."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model.requires_grad_(requires_grad=False)
        self.without_effect = nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.model(x) + 0.0 * self.without_effect  # type: ignore[no-any-return]


def without_opinion(model: nn.Module) -> nn.Module:
    """Return the model with a last layer of zeros: the best answer where targets are noise."""
    last = [layer for layer in model.modules() if isinstance(layer, nn.Linear)][-1]
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return model


def fitted(data: Data) -> nn.Module:
    """Return the linear model at its optimum, found by scikit-learn: from there it only rises."""
    from sklearn.linear_model import LinearRegression, LogisticRegression

    model = linear(data)
    x = data.x.reshape(len(data.x), -1)
    if data.classes:
        found = LogisticRegression(C=1e9, max_iter=10_000, tol=1e-9).fit(x, data.y)
        weight = torch.tensor(found.coef_, dtype=torch.float32)
        bias = torch.tensor(found.intercept_, dtype=torch.float32)
        weight, bias = torch.cat([-weight / 2, weight / 2]), torch.cat([-bias / 2, bias / 2])
    else:
        found = LinearRegression().fit(x, data.y)
        weight = torch.tensor(found.coef_, dtype=torch.float32)
        bias = torch.tensor(found.intercept_, dtype=torch.float32)
    with torch.no_grad():
        model[1].weight.copy_(weight)  # type: ignore[index]
        model[1].bias.copy_(bias)  # type: ignore[index]
    return model


def inputs(data: Data) -> int:
    return int(data.x[0].size)


def outputs(data: Data) -> int:
    return data.classes or 1


MODELS: dict[str, Callable[[Data], nn.Module]] = {
    "linear": linear,
    "mlp": mlp,
    "dropout_mlp": lambda data: mlp(data, layer=lambda: nn.Dropout(0.3)),
    "batchnorm_mlp": batchnorm_mlp,
    "deep_mlp": deep_mlp,
    "cnn": cnn,
    "batchnorm_cnn": lambda data: cnn(data, normalise=True),
    "quick_net": quick_net,
    "series_cnn": series_cnn,
    "series_gru": SeriesGRU,
    "character_gru": CharacterGRU,
    "transformer": Transformer,
    "dropout_transformer": lambda data: Transformer(data, 0.1),
    "frozen_mlp": lambda data: Frozen(mlp(data)),
    "frozen_dropout_mlp": lambda data: Frozen(mlp(data, layer=lambda: nn.Dropout(0.3))),
    "frozen_linear": lambda data: Frozen(linear(data)),
    "frozen_series_cnn": lambda data: Frozen(series_cnn(data)),
    "zero_linear": lambda data: without_opinion(linear(data)),
    "zero_mlp": lambda data: without_opinion(mlp(data)),
    "zero_cnn": lambda data: without_opinion(cnn(data)),
    "zero_transformer": lambda data: without_opinion(Transformer(data)),
    "fitted": fitted,
}


class Lion(torch.optim.Optimizer):
    """The sign of a mixture of gradient and momentum; X. Chen et al., arXiv:2302.06675."""

    def __init__(self, params: Any, lr: float) -> None:
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # noqa: ARG002
        for group in self.param_groups:
            for one in group["params"]:
                if one.grad is None:
                    continue
                momentum = self.state[one].setdefault("momentum", torch.zeros_like(one))
                direction = torch.lerp(one.grad, momentum, 0.9).sign_()
                one.add_(direction, alpha=-group["lr"])
                momentum.lerp_(one.grad, 0.01)


OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "sgd": torch.optim.SGD,
    "momentum": functools.partial(torch.optim.SGD, momentum=0.9),
    "nesterov": functools.partial(torch.optim.SGD, momentum=0.9, nesterov=True),
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "lion": Lion,
}
