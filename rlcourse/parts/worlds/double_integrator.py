"""A mass on a frictionless line, pushed to rest at 0: the smallest control problem, and how it looks."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from gymnasium.spaces import Box

from rlcourse.parts.shapes import Scene, cart


@dataclass(frozen=True)
class DoubleIntegrator:
    """x ← x + v Δt + ½ a Δt²,  v ← v + a Δt,  r = −(x² + 0.1 v² + 0.1 a²),  −1 ≤ a ≤ 1

    A unit mass on a frictionless line, pushed by a force a that is held during Δt, so that the step is the
    exact solution of ẍ = a. The goal is to rest at 0. The reward uses the state before the step. Episodes
    last 100 steps (10 s) and are never terminated.

    The mass starts at rest, 1 to 2 m from the goal on a random side. One full push moves it by ½ Δt² = 5 mm:
    noise that is independent from step to step adds up as a random walk, noise that lasts carries it away.
    sparse: r = 1 where |x| ≤ 0.2 m and |v| ≤ 0.2 m/s after the step, else 0, so that nothing is learnt before
    the goal was met by chance.
    """

    dt: float = 0.1  # s
    sparse: bool = False

    id: ClassVar = "rlcourse/DoubleIntegrator-v0"
    episode_steps: ClassVar = 100
    state_names: ClassVar = ("position [m]", "velocity [m/s]")

    @property
    def return_bounds(self) -> tuple[float | None, float | None]:
        """No reward is above 0; where it is sparse, none is below."""
        return (0.0, None) if self.sparse else (None, 0.0)

    @property
    def action_space(self) -> Box:
        """The force in N."""
        return Box(-1.0, 1.0, (1,), np.float32)

    @property
    def observation_space(self) -> Box:
        """(x, v), unbounded."""
        return Box(-np.inf, np.inf, (2,), np.float32)

    def start(self, uniform: np.ndarray) -> np.ndarray:
        """|x| ~ U(1, 2), either sign with probability ½, v = 0: uniform [K, 2] in [0, 1) -> state [K, 2]."""
        side = np.where(uniform[:, 1] < 0.5, -1.0, 1.0)
        return np.stack([side * (1 + uniform[:, 0]), np.zeros(len(uniform))], axis=1)

    def step(self, state: np.ndarray, action: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """state [E, 2], action [E, 1] -> state [E, 2], reward [E], terminated [E] (never)."""
        x, v = state[:, 0], state[:, 1]
        a = np.minimum(np.maximum(action[:, 0], -1.0), 1.0).astype(np.float64)
        new = np.empty_like(state)
        new[:, 0] = x + v * self.dt + 0.5 * a * self.dt**2
        new[:, 1] = v + a * self.dt
        if self.sparse:
            reward = (np.abs(new) <= 0.2).all(axis=1).astype(float)
        else:
            reward = -(x**2 + 0.1 * v**2 + 0.1 * a**2)
        return new, reward, np.zeros(len(state), bool)

    def observe(self, state: np.ndarray) -> np.ndarray:
        """(x, v) in float32 [E, 2]."""
        return state.astype(np.float32)

    def scene(self, obs: np.ndarray, action: np.ndarray) -> Scene:
        """The mass as a cart at x: obs [2] -> its picture, whatever the action."""
        return cart(float(obs[0]))
