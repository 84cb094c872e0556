"""Exploration noise: x_t is added to the action that the policy would take, in units of the range [−1, 1]."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class GaussianNoise:
    """x_t = σ ξ_t,  ξ_t ~ N(0, 1) independent: no memory."""

    sigma: float = 0.1  # σ  standard deviation (actions live in [−1, 1])

    def step(self, x: np.ndarray, xi: np.ndarray) -> np.ndarray:
        return self.sigma * xi


@dataclass(frozen=True)
class OUNoise:
    """x_{t+1} = x_t + θ (μ − x_t) Δt + σ √Δt ξ_t: Ornstein and Uhlenbeck's process, Euler-Maruyama step Δt.

    Its stationary variance is σ²Δt / (1 − (1 − θΔt)²); its autocorrelation after k steps (1 − θΔt)^k.
    Starts from x₀ = `start` at each episode.
    Source: Lillicrap et al. 2016, section 3 and supplement 7 (θ = 0.15, σ = 0.2).
    """

    theta: float = 0.15  # θ  pull towards the mean, per unit of time
    sigma: float = 0.2  # σ  volatility, per √time
    dt: float = 1.0  # Δt  time step
    mu: float = 0.0  # μ  mean
    start: float = 0.0  # x₀

    def step(self, x: np.ndarray, xi: np.ndarray) -> np.ndarray:
        return x + self.theta * (self.mu - x) * self.dt + self.sigma * np.sqrt(self.dt) * xi
