"""Schedules beside the formulas that others compute with, at every step, over random arguments."""

import numpy as np

CASES = 200


def cases():
    """Yield so many generators, the same ones in every run."""
    return (np.random.default_rng([16, number]) for number in range(CASES))


def rates(rng, how_many):
    """Draw rates from 1e-6 to 1, in increasing order."""
    return sorted(float(rate) for rate in 10.0 ** rng.uniform(-6.0, 0.0, how_many))


def steps(rng, least=1, most=24):
    """Draw a number of steps."""
    return int(rng.integers(least, most, endpoint=True))


def same(ours, theirs, stretch, units=4.0, **arguments):
    """Assert equal values at the steps of a range, within units in the last place of the greatest.

    A formula such as ``0.5 * (1 + cos(pi * x))`` cancels near its end: what is left there is known
    to a unit of the peak, and to no unit of its own.
    """
    expected = np.array([theirs(step, **arguments) for step in stretch], np.float64)
    values = ours(np.array(stretch))
    far = np.abs(values - expected) / np.spacing(np.abs(expected).max())
    worst = int(far.argmax())
    assert far[worst] <= units, (
        f"step {stretch[worst]}: {values[worst]!r}, theirs {expected[worst]!r}, "
        f"{far[worst]:.3g} units apart: {ours!r}, {arguments}"
    )
    some = slice(None, None, 1 + len(stretch) // 3)
    assert [ours(step) for step in stretch[some]] == values[some].tolist()
