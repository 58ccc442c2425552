"""The data of the studies: training, validation and test samples."""

from __future__ import annotations

import functools
import hashlib
import io
import os
import tarfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from range_test_sweeps.data import AbsentError, Data, load

from hypercycle.plan_files.writing import open_whole

# Of the data sets that come in one piece; what is left is trained on.
VALIDATION_PART, TEST_PART = 0.15, 0.35
# As many images of CIFAR-10 are left out of the training while rates are tuned.
CIFAR_VALIDATION = 5000

Splits = dict[str, Data]


@functools.lru_cache(maxsize=4)
def splits(name: str, path: Path | None) -> Splits:
    """Return the "train", "validation" and "test" samples; always the same.

    Parameters
    ----------
    name
        "cifar10", or one that ``range_test_sweeps`` loads from a package.
    path
        Of CIFAR-10: see :func:`cifar10_file`.

    Raises
    ------
    AbsentError
        If its package or file is not here.
    """
    if name == "cifar10":
        return _cifar10(path)
    data = load(name, None)
    order = np.random.default_rng(0).permutation(len(data.x))
    tested, validated = (round(part * len(order)) for part in (TEST_PART, VALIDATION_PART))
    return {
        "test": _part(data, order[:tested]),
        "validation": _part(data, order[tested : tested + validated]),
        "train": _part(data, order[tested + validated :]),
    }


def joined(parts: Iterable[Data]) -> Data:
    """Return the samples of several parts as one."""
    several = list(parts)
    if len(several) == 1:
        return several[0]
    x, y = (np.concatenate([getattr(one, name) for one in several]) for name in ("x", "y"))
    return Data(x, y, several[0].classes)


def _part(data: Data, rows: np.ndarray) -> Data:
    return Data(data.x[rows], data.y[rows], data.classes)


def _cifar10(path: Path | None) -> Splits:
    if path is None:
        raise AbsentError("CIFAR-10 is not in a package: --data PATH tells where it is")
    with np.load(cifar10_file(path)) as arrays:
        known, test = (
            Data(
                np.ascontiguousarray(arrays[f"x_{part}"].transpose(0, 3, 1, 2)),
                arrays[f"y_{part}"],
                10,
            )
            for part in ("train", "test")
        )
    order = np.random.default_rng(0).permutation(len(known.x))
    return {
        "train": _part(known, order[CIFAR_VALIDATION:]),
        "validation": _part(known, order[:CIFAR_VALIDATION]),
        "test": test,
    }


def cifar10_file(path: Path) -> Path:
    """Return CIFAR-10 as a file of NumPy's, decoded once and kept in the user's cache.

    Parameters
    ----------
    path
        Such a file itself, with ``x_train`` and ``x_test`` of shape (n, 32, 32, 3), uint8, and
        ``y_train`` and ``y_test``; or an archive (tar, packed or not) of JPEG or PNG files named
        ``train/<class>/<number>.jpg`` and ``test/…``.

    Raises
    ------
    AbsentError
        If there is no such file.
    """
    if not path.is_file():
        raise AbsentError(f"no file {path} of CIFAR-10")
    if path.suffix == ".npz":
        return path
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hypercycle"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    decoded = cache / f"cifar10-{digest[:16]}.npz"
    if not decoded.exists():
        arrays = _decoded(path)
        cache.mkdir(parents=True, exist_ok=True)
        with open_whole(decoded) as opened:
            np.savez(opened, **arrays)
    return decoded


def _decoded(archive: Path) -> dict[str, np.ndarray]:
    """Return the images and labels in an archive, in the order of their names."""
    from PIL import Image

    images: dict[str, dict[tuple[str, str], np.ndarray]] = {"train": {}, "test": {}}
    with tarfile.open(archive) as opened:
        for member in opened:
            *_, part, label, name = ("", "", *Path(member.name).parts)
            content = opened.extractfile(member)
            if part in images and content is not None:
                with Image.open(io.BytesIO(content.read())) as image:
                    images[part][label, name] = np.asarray(image.convert("RGB"))
    if not all(images.values()):
        raise AbsentError(f"{archive} has no images named train/<class>/… and test/<class>/…")
    arrays = {}
    classes = sorted({label for label, _ in images["train"]})
    for part, found in images.items():
        names = sorted(found)
        arrays[f"x_{part}"] = np.stack([found[name] for name in names])
        arrays[f"y_{part}"] = np.array([classes.index(label) for label, _ in names], np.int64)
    return arrays
