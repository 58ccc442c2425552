"""Sweeps over curves whose bounds are known: the generators of benchmarks/range_test.py."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np


def _benchmark():
    folder = Path(__file__).parents[2] / "benchmarks"
    spec = spec_from_file_location("range_test_benchmark", folder / "range_test.py")
    module = module_from_spec(spec)
    sys.path.insert(0, str(folder))  # it imports what the benchmarks share
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(folder))
    return module


family = _benchmark()
VALUES = np.geomspace(1e-7, 10.0, 100)


def swept(name, points=100, deviation=0.02, noise=family.white, seed=0):
    """Return the range test of a curve with noise."""
    return family.analysed(*family.recorded(family.CURVES[name], points, deviation, noise, seed))


def true(name):
    """Return the decades of low, steepest and best without noise."""
    return np.array([family.truth(family.CURVES[name])[aim] for aim in family.AIMS])


def noise(n, seed):
    return np.random.default_rng(seed).standard_normal(n)


def diverging(n=200, seed=0, deviation=0.02):
    """Return the losses of a sweep from 1e-7 to 10 that descends and diverges."""
    x = np.linspace(-7, 1, n)
    y = 0.8 + 1.5 / (1 + np.exp(3 * (x + 2.5))) + 0.16 * np.exp(6 * (x + 0.3))
    return y + deviation * noise(n, seed)
