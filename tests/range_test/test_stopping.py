"""What ended a sweep is in its result."""

import math
import re

import numpy as np
import pytest
from range_test_curves import diverging

import hypercycle as hc
from hypercycle.range_test.sweep import Sweep

NAN, INF = math.nan, math.inf
VALUES = np.geomspace(1e-5, 10.0, 200)


def recorded(losses, **options):
    return hc.RangeTest(VALUES[: np.shape(losses)[-1]], losses, **options)


@pytest.mark.parametrize(
    ("losses", "because"),
    [
        ([2.3, 2.2, 2.1], "the sweep reached its end at lr=1.15e-05"),
        ([2.3, 2.2, 2.1, NAN], "the loss of update 4 is nan, at lr=1.23e-05"),
        ([2.3, -INF], "the loss of update 2 is -inf, at lr=1.07e-05"),
        # One that was left out and did not end it.
        ([2.3, NAN, 2.1], "the sweep reached its end at lr=1.15e-05"),
        ([1.0] * 5 + [9.0] * 3, "the loss diverged at lr=1.63e-05"),
        # It went on after it had diverged.
        ([1.0] * 5 + [9.0] * 4, "the sweep reached its end at lr=1.74e-05"),
        (
            [[1.0] * 9, [1.0] * 6 + [NAN] * 3],
            "in run 2 of 2, the loss of update 7 is nan, at lr=1.",
        ),
        ([[1.0] * 5 + [9.0] * 3 + [NAN], [1.0] * 9], "in run 1 of 2, the loss diverged at lr=1.63"),
        ([NAN] * 3, "the loss of update 1 is nan, at lr=1e-05"),
    ],
)
def test_what_ended_a_sweep(losses, because):
    assert recorded(losses).stopped_because.startswith(because)


def test_divergence_of_a_recorded_sweep():
    losses = diverging()
    test = Sweep(1e-7, 10.0, steps=len(losses)).range_test(losses)
    assert test.stopped_because.startswith("the loss diverged at lr=")


FLAT = [2.3 + 0.01 * (i % 3) for i in range(50)]
TOO_FEW = "there are {} finite points of the loss, and a curve needs 10: "
BATCH = (
    "where nothing had been learnt yet, so that it is probably the batch: look for nan and inf in "
    "what update {} was trained on; if there are none, start lower"
)


@pytest.mark.parametrize(
    ("losses", "reason"),
    [
        (
            [*FLAT[:3], NAN],
            TOO_FEW.format(3) + "the loss of update 4 is nan, at lr=1.23e-05, " + BATCH.format(4),
        ),
        (
            [*FLAT, INF],
            "the loss never falls clearly from where it starts: the loss of update 51 is inf, at "
            "lr=0.000322, " + BATCH.format(51),
        ),
        (
            [2.3, 40.0, 1e9, INF],
            TOO_FEW.format(3) + "the loss of update 4 is inf, at lr=1.23e-05, and it had risen "
            "before: start lower",
        ),
        (
            [15.0, 10.0, 5.0, 1.0, 0.5, NAN],
            TOO_FEW.format(5) + "the loss of update 6 is nan, at lr=1.41e-05: take more steps, or "
            "start lower",
        ),
        (
            [NAN] * 12,
            TOO_FEW.format(0) + "the loss of update 1 is nan, at lr=1e-05, before any update was "
            "made: it is the batch or the model, not the rate",
        ),
        (FLAT[:7], TOO_FEW.format(7) + "take more steps, or start lower"),
        ([1.0] * 5 + [9.0] * 3, TOO_FEW.format(8) + "take more steps, or start lower"),
    ],
)  # fmt: skip
def test_why_there_are_no_bounds_of_a_sweep_that_ended_early(losses, reason):
    nothing = recorded(losses).bounds()
    assert not nothing
    assert nothing.reason == reason


def test_a_bad_batch_of_a_real_training_is_told():
    torch = pytest.importorskip("torch")
    hypercycle_torch = pytest.importorskip("hypercycle_torch")
    torch.manual_seed(0)
    model = torch.nn.Linear(8, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    batches = [(torch.randn(32, 8), torch.randn(32, 1)) for _ in range(8)]
    batches[3][0][5, 2] = NAN
    arguments = model, optimizer, torch.nn.MSELoss()
    nothing = hypercycle_torch.range_test(*arguments, batches).bounds()
    assert nothing.reason.startswith(TOO_FEW.format(3) + "the loss of update 4 is nan, at lr=1.18e")
    assert nothing.reason.endswith(BATCH.format(4))
    message = "nothing was recorded: the loss of update 1 is nan, at lr=1e-06, before any update"
    with pytest.raises(ValueError, match=re.escape(message)):
        hypercycle_torch.range_test(*arguments, batches[3:])
