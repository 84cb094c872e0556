"""Five tiny worlds, each of which asks one thing more of a method than the one before, with exact values.

Whoever fails on a rung has the fault in what is new on it. The idea is Andy Jones's, "Debugging RL, without
the agonizing pain", 2021 (from memory).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.spaces import Box, Discrete


@dataclass(frozen=True)
class Rung:
    """An episode of `steps` steps with a coin c = ±1: sees(c, t) is shown, pays(c, t, a) paid, a in {0, 1}.

    values: (c, t, γ) -> V of what is seen under the best policy. new: what this rung asks for the first time.
    """

    new: str
    steps: int
    sees: Callable[[int, int], float]
    pays: Callable[[int, int, int], float]
    values: Callable[[int, int, float], float]

    def __call__(self) -> Probe:
        """A fresh environment: a rung is a factory, as `train` takes one."""
        return Probe(self)

    def seen(self) -> np.ndarray:
        """All that can be seen, [K, 1], in the order of `truth`."""
        return np.array([[self.sees(c, t)] for c in (-1, 1) for t in range(self.steps)], np.float32)

    def truth(self, gamma: float) -> np.ndarray:
        """V of all that can be seen, [K]."""
        return np.array([self.values(c, t, gamma) for c in (-1, 1) for t in range(self.steps)])


class Probe(gym.Env):
    """A rung as a Gymnasium environment, with observations of one number and two actions."""

    observation_space, action_space = Box(-1.0, 1.0, (1,), np.float32), Discrete(2)

    def __init__(self, rung: Rung) -> None:
        self.rung, self.max_episode_steps = rung, rung.steps

    def reset(self, *, seed: int | None = None, options: dict | None = None) -> tuple[np.ndarray, dict]:
        super().reset(seed=seed)
        self.coin, self.t = int(self.np_random.choice((-1, 1))), 0
        return self._seen(), {}

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict]:
        reward = self.rung.pays(self.coin, self.t, int(action))
        self.t += 1
        return self._seen(), float(reward), self.t == self.rung.steps, False, {}

    def _seen(self) -> np.ndarray:
        return np.array([self.rung.sees(self.coin, min(self.t, self.rung.steps - 1))], np.float32)


LADDER = (
    Rung("a reward", 1, lambda c, t: 0, lambda c, t, a: 1, lambda c, t, gamma: 1),
    Rung("an observation", 1, lambda c, t: c, lambda c, t, a: c, lambda c, t, gamma: c),
    Rung("a delay", 2, lambda c, t: t, lambda c, t, a: t, lambda c, t, gamma: gamma ** (1 - t)),
    Rung("an action", 1, lambda c, t: 0, lambda c, t, a: 2 * a - 1, lambda c, t, gamma: 1),
    Rung(
        "an action that depends on what is seen",
        1,
        lambda c, t: c,
        lambda c, t, a: c * (2 * a - 1),
        lambda c, t, gamma: 1,
    ),
)
