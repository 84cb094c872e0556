"""Randomness: one stream of random numbers per seed, and the exploration noises made of it."""

from dataclasses import dataclass

import numpy as np

# What a stream is for. A purpose of its own keeps, say, evaluation from shifting the training's draws.
INITIALISE, ACT, LEARN, ENVIRONMENT, EVALUATE = range(5)


class Streams:
    """Independent random streams, one per seed: row s of every draw comes from seed s alone.

    So a member draws the same numbers whether it is trained by itself or beside seven others.
    """

    def __init__(self, seeds, purpose):
        self.generators = [np.random.default_rng([int(seed), purpose]) for seed in seeds]

    def __len__(self):
        return len(self.generators)

    def normal(self, *shape):
        """ξ ~ N(0, 1), float32 [S, *shape]."""
        draws = np.empty((len(self), *shape), dtype=np.float32)
        for seed, generator in enumerate(self.generators):
            generator.standard_normal(out=draws[seed, ...], dtype=np.float32)
        return draws

    def uniform(self, *shape):
        """u ~ U[0, 1), float64 [S, *shape]."""
        draws = np.empty((len(self), *shape))
        for seed, generator in enumerate(self.generators):
            generator.random(out=draws[seed, ...])
        return draws

    def permutation(self, n, active=None):
        """A permutation of 0 … n−1 per seed, int64 [S, n]; an inactive seed draws nothing, gets 0 … n−1."""
        active = [True] * len(self) if active is None else active
        return np.stack(
            [g.permutation(n) if on else np.arange(n) for g, on in zip(self.generators, active, strict=True)]
        )

    def state(self):
        return [generator.bit_generator.state for generator in self.generators]

    def restore(self, states):
        for generator, state in zip(self.generators, states, strict=True):
            generator.bit_generator.state = state


@dataclass(frozen=True)
class GaussianNoise:
    """x_t = σ ξ_t,  ξ_t ~ N(0, 1) independent: no memory."""

    sigma: float = 0.1  # σ  standard deviation (actions live in [−1, 1])

    def step(self, x, xi):
        return self.sigma * xi


@dataclass(frozen=True)
class OUNoise:
    """x_{t+1} = x_t + θ (μ − x_t) Δt + σ √Δt ξ_t: Ornstein and Uhlenbeck's process, Euler-Maruyama step Δt.

    Its stationary variance is σ²Δt / (1 − (1 − θΔt)²); its autocorrelation after k steps (1 − θΔt)^k.
    Starts from x₀ = `start` at each episode. Source: Lillicrap et al. 2016, section 3 and supplement 7 (θ =
    0.15, σ = 0.2).
    """

    theta: float = 0.15  # θ  pull towards the mean, per unit of time
    sigma: float = 0.2  # σ  volatility, per √time
    dt: float = 1.0  # Δt  time step
    mu: float = 0.0  # μ  mean
    start: float = 0.0  # x₀

    def step(self, x, xi):
        return x + self.theta * (self.mu - x) * self.dt + self.sigma * np.sqrt(self.dt) * xi
