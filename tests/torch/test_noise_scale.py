"""The gradient noise scale, where the covariance of the gradients is known."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from hypercycle_torch import NoiseScale, gradient_noise_scale

INPUTS, NOISE = 6, 0.5


def scene(distance):
    """Return a linear model so far from the truth, which is 0."""
    model = nn.Linear(INPUTS, 1, bias=False)
    nn.init.constant_(model.weight, distance / math.sqrt(INPUTS))
    return model


def drawn(sizes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [
        (
            torch.randn(size, INPUTS, generator=generator),
            NOISE * torch.randn(size, 1, generator=generator),
        )
        for size in sizes
    ]


def moments(distance):
    """Return tr(Σ) and |G|² of a sample's gradient 2 (Δ·x − noise) x, with x normal."""
    squared = distance**2
    return 4 * (squared * (INPUTS + 1) + NOISE**2 * INPUTS), 4 * squared


def measured(distance, sizes=(8,) * 32, **options):
    batches = drawn(sizes, **options)
    return gradient_noise_scale(scene(distance), nn.MSELoss(), batches, count=len(sizes))


@pytest.mark.parametrize("sizes", [(100,) * 200, (50, 150) * 100], ids=["equal", "unequal"])
@pytest.mark.parametrize("distance", [1.0, 0.3])
def test_variance_and_gradient_are_those_of_the_distribution(distance, sizes):
    found = measured(distance, sizes)
    variance, squared = moments(distance)
    np.testing.assert_allclose(found.variance, variance, rtol=0.1)
    np.testing.assert_allclose(found.squared_gradient, squared, rtol=0.1)
    np.testing.assert_allclose(found.noise_scale, variance / squared, rtol=0.15)
    assert found.noise_scale == found.variance / found.squared_gradient
    assert (found.batches, found.batch_size) == (200, 100.0)


def test_equal_batches_give_the_estimates_of_the_paper():
    model, batches = scene(1.0), drawn((16,) * 10)

    def gradient(x, y):
        return torch.autograd.grad(nn.functional.mse_loss(model(x), y), model.weight)[0]

    # Appendix A.1: one gradient with all, one with a batch, whose square is averaged here.
    big = gradient(*map(torch.cat, zip(*batches, strict=True))).square().sum().item()
    small = np.mean([gradient(*batch).square().sum().item() for batch in batches])
    found = gradient_noise_scale(model, nn.MSELoss(), batches)
    np.testing.assert_allclose(found.squared_gradient, (160 * big - 16 * small) / 144, rtol=1e-5)
    np.testing.assert_allclose(found.variance, (small - big) / (1 / 16 - 1 / 160), rtol=1e-5)


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    variance, squared = moments(0.3)
    found = [measured(0.3, seed=seed) for seed in range(60)]
    held = [one.interval[0] <= variance / squared <= one.interval[1] for one in found]
    assert 0.75 <= np.mean(held) < 1.0


def test_a_gradient_lost_in_noise_has_no_upper_end():
    found = measured(0.001)
    assert found.interval[1] == math.inf
    assert found.interval[0] < moments(0.001)[0] / moments(0.001)[1]
    assert "to inf)" in str(found)


def test_dropout_is_drawn_anew_for_each_batch():
    # With equal inputs, dropout alone makes the batches differ.
    model = nn.Sequential(nn.Dropout(0.5), nn.Linear(INPUTS, 1))
    batches = [(torch.ones(1, INPUTS), torch.ones(1, 1))] * 8
    assert gradient_noise_scale(model, nn.MSELoss(), batches).variance > 0.0


def anything(model, batch):
    """Return a loss whose gradient is random, whatever the batch is."""
    return (model.weight * torch.rand(INPUTS)).sum()


@pytest.mark.parametrize(
    "wrap",
    [
        lambda x: x,
        lambda x: (x,),
        lambda x: {"ids": [x], "other": torch.ones(2)},
        lambda x: ["text", torch.tensor(1.0), x],
        lambda x: x.numpy(),
    ],
    ids=["tensor", "tuple", "dict", "list", "array"],
)
def test_the_first_tensor_says_how_many_samples(wrap):
    batches = [wrap(torch.ones(5, INPUTS))] * 3
    assert gradient_noise_scale(scene(1.0), anything, batches).batch_size == 5.0


def test_batches_that_do_not_say_how_long_they_are_are_refused():
    batches = ["a", "b", "c"]
    with pytest.raises(ValueError, match=r"tells how many samples it has, got a str: give batch_"):
        gradient_noise_scale(scene(1.0), anything, batches)
    assert gradient_noise_scale(scene(1.0), anything, batches, batch_size=7).batch_size == 7.0


def test_batches_that_are_all_the_same_are_refused():
    with pytest.raises(ValueError, match="the gradients of the 8 batches do not differ: give"):
        gradient_noise_scale(scene(1.0), nn.MSELoss(), drawn((8,)) * 8)


def test_the_gain_of_twice_the_batch():
    found = NoiseScale(100.0, (80.0, 130.0), 100.0, 1.0, 32, 16.0)
    assert [round(found.gain(size), 2) for size in (1, 100, 10_000)] == [1.98, 1.33, 1.0]
    assert NoiseScale(math.inf, (80.0, math.inf), 100.0, -1.0, 32, 16.0).gain(16) == 2.0
    assert str(found) == (
        "gradient noise scale 100 samples (80 to 130), from 32 batches of 16: a step with twice "
        "the batch is worth 1.76 steps, now; the scale grows while training goes on"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": 2}, "count must be at least 3"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"confidence": 1.0}, r"confidence must be between 0 and 1, got 1\.0"),
    ],
)
def test_bad_arguments_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        gradient_noise_scale(scene(1.0), nn.MSELoss(), drawn((8,) * 4), **options)


def test_too_few_batches_are_refused():
    with pytest.raises(ValueError, match="at least 3 batches are needed, got 2"):
        gradient_noise_scale(scene(1.0), nn.MSELoss(), drawn((8, 8)))
