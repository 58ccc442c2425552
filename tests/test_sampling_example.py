"""examples/sample_25_gaussians.py: cycles find modes that a falling rate does not."""

import numpy as np
import pytest
import sample_25_gaussians as example


@pytest.mark.parametrize("way", [example.noise_stage, example.always_noisy])
def test_cycles_find_more_modes_than_a_falling_rate(way):
    cycling, falling = (one(3000, 6) for one in (way, example.falling))
    assert cycling.min() > 2 * falling.mean()


def test_the_gradient_is_that_of_the_density():
    chain = example.Langevin(5, seed=1)
    chain.noisy, chain.lr = False, 1e-3
    before = chain.places.copy()
    noise = np.random.default_rng(1)
    noise.uniform(-10, 10, (5, 2))

    def minus_log_density(places):
        squares = ((places[:, None] - example.CENTRES) ** 2).sum(axis=2)
        return -np.logaddexp.reduce(-squares / (2 * example.VARIANCE), axis=1)

    shift, slope = 1e-6, np.empty_like(before)
    for axis in range(2):
        step = np.eye(2)[axis] * shift
        above, below = minus_log_density(before + step), minus_log_density(before - step)
        slope[:, axis] = (above - below) / (2 * shift)
    chain.update()
    moved = before - chain.lr * (slope + noise.normal(size=(5, 2)))
    np.testing.assert_allclose(chain.places, moved, rtol=1e-5)


def test_the_noise_is_on_in_the_last_part_of_each_cycle_only():
    seen = []

    class Watched(example.Langevin):
        def update(self):
            seen.append(self.noisy)
            super().update()

    original, example.Langevin = example.Langevin, Watched
    try:
        example.noise_stage(300, 1, part=0.7)
    finally:
        example.Langevin = original
    assert seen == ([False] * 7 + [True] * 3) * 30
