"""Sampling 25 Gaussians: step sizes that cycle find modes that a falling one does not reach.

    python examples/sample_25_gaussians.py [--steps 30000] [--chains 20]

R. Zhang et al., "Cyclical stochastic gradient MCMC", arXiv:1902.03932: at the high rates of a cycle
a chain moves from mode to mode, at the low ones it samples the mode that it has come to. The noise
of Langevin dynamics is on in the last part of a cycle only, from the mark "sample" to the cycle's
end. The density, the noise of its gradient, the rates and their number of cycles are those of the
authors' code (github.com/ruqizhang/csgmcmc, experiments/mog25.m); there the noise is never off, and
the first 50 steps of each cycle are left out, which is the second row here.
"""

import argparse
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

import hypercycle as hc

CENTRES = np.array([(x, y) for x in range(-4, 5, 2) for y in range(-4, 5, 2)], dtype=float)
VARIANCE = 0.03
CYCLES, HIGHEST, FIRST_RATE = 30, 0.07, 0.043
# A mode is found where so many samples lie within three standard deviations of its centre.
ENOUGH = 10


class Langevin:
    """Chains side by side that follow a noisy gradient, and its Langevin noise if that is on."""

    def __init__(self, chains: int, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        self.places = self.rng.uniform(-10, 10, (chains, 2))
        self.found = np.zeros((chains, len(CENTRES)), int)
        self.lr = 0.0
        self.noisy = True

    def update(self) -> None:
        """Make one step: stochastic gradient Langevin dynamics, or descent without the noise."""
        distances = self.places[:, None] - CENTRES
        exponents = -(distances**2).sum(axis=2) / (2 * VARIANCE)
        shares = np.exp(exponents - exponents.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        gradient = (shares[..., None] * distances).sum(axis=1) / VARIANCE
        gradient += self.rng.normal(size=gradient.shape)  # that of minibatches
        moved = -self.lr * gradient
        if self.noisy:  # less what the gradient's noise, of variance 1, brings along
            variance = 2 * self.lr * (1 - self.lr / 2)
            moved += self.rng.normal(size=moved.shape) * variance**0.5
        self.places = self.places + moved

    def sample(self) -> None:
        """Count where the chains are."""
        near = ((self.places[:, None] - CENTRES) ** 2).sum(axis=2) < 9 * VARIANCE
        self.found += near

    def modes(self) -> NDArray[np.int64]:
        """Return how many modes each chain has found."""
        return (self.found >= ENOUGH).sum(axis=1)


def noise_stage(steps: int, chains: int, part: float = 0.25) -> NDArray[np.int64]:
    """Descend through the first part of each cycle; then let the noise on, and sample."""
    chain, sampling = Langevin(chains), False
    chain.noisy = False

    def on_event(name: str, cycle: int, step: int) -> None:  # noqa: ARG001
        nonlocal sampling
        if name in ("sample", "cycle_end"):
            sampling = chain.noisy = name == "sample"

    lr = hc.sgdr(0.0, HIGHEST, steps // CYCLES)
    cycler = hc.attach(chain, lr=lr, on_event=on_event, marks={"sample": part})
    for _ in range(steps):
        chain.update()
        if sampling:
            chain.sample()
        cycler.step()
    return chain.modes()


def always_noisy(steps: int, chains: int) -> NDArray[np.int64]:
    """Do as the authors' code does."""
    lr = hc.sgdr(0.0, HIGHEST, steps // CYCLES)
    return _sampled(lr, steps, chains, lambda step: lr.locate(step).step_in_cycle >= 50)


def falling(steps: int, chains: int) -> NDArray[np.int64]:
    """Let the rate fall, as the authors' code does for comparison: by a power of the step."""

    def lr(step: int) -> float:
        return FIRST_RATE * max(step - 499, 1) ** -0.55

    return _sampled(lr, steps, chains, lambda _: True)


def _sampled(
    lr: Callable[[int], float], steps: int, chains: int, counts: Callable[[int], bool]
) -> NDArray[np.int64]:
    chain = Langevin(chains)
    cycler = hc.attach(chain, lr=lr)
    for step in range(steps):
        chain.update()
        cycler.step()
        if counts(step):
            chain.sample()
    return chain.modes()


WAYS = {
    "cycles, noise in the last part": noise_stage,
    "cycles, noise always on": always_noisy,
    "a falling rate": falling,
}


def main(arguments: list[str] | None = None) -> None:
    """Sample in each way and print the modes found."""
    parser = argparse.ArgumentParser(description="Modes found of 25.")
    parser.add_argument("--steps", type=int, default=30_000)
    parser.add_argument("--chains", type=int, default=20)
    options = parser.parse_args(arguments)
    print(f"modes found of {len(CENTRES)}, {options.chains} chains of {options.steps} steps")
    print(f"{'':32}  {'mean':>5}  {'fewest':>6}  {'most':>5}")
    for name, way in WAYS.items():
        modes = way(options.steps, options.chains)
        print(f"{name:32}  {modes.mean():5.1f}  {modes.min():6}  {modes.max():5}")


if __name__ == "__main__":
    main()
