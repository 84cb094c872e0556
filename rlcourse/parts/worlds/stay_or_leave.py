"""Two states to stay in or to leave: a finite process as a world, the exact answer beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from gymnasium.spaces import Box, Discrete

from rlcourse.parts.shapes import Disc, Ring, Scene, Text

if TYPE_CHECKING:  # a world that is only played loads no torch
    from rlcourse.equations import markov


@dataclass(frozen=True)
class StayOrLeave:
    """s ← s and r = 1 + s on action 0 (stay), s ← 1 − s and r = 0 on action 1 (leave), s in {0, 1}

    `markov.stay_or_leave`, played: an episode starts in state 0 with probability 0.8 and lasts 100 steps. A
    state is seen as (1, 0) or (0, 1), so that a policy without hidden layers is a table of logits.
    """

    start_at_0: float = 0.8

    id: ClassVar = "rlcourse/StayOrLeave-v0"
    episode_steps: ClassVar = 100
    state_names: ClassVar = ("state",)
    return_bounds: ClassVar = (0.0, 200.0)

    @property
    def action_space(self) -> Discrete:
        """0 stays, 1 leaves."""
        return Discrete(2)

    @property
    def observation_space(self) -> Box:
        """(1, 0) in state 0, (0, 1) in state 1."""
        return Box(0.0, 1.0, (2,), np.float32)

    def problem(self, gamma: float) -> markov.MDP:
        """The same process for the exact equations, without a time limit, at this discount."""
        from rlcourse.equations import markov

        whole = markov.stay_or_leave(gamma)
        return markov.MDP(whole.transition, whole.reward, [self.start_at_0, 1 - self.start_at_0], gamma)

    def start(self, uniform: np.ndarray) -> np.ndarray:
        """uniform [K, 1] in [0, 1) -> state [K, 1]."""
        return (uniform >= self.start_at_0).astype(np.float64)

    def step(self, state: np.ndarray, action: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """state [E, 1], action [E] in {0, 1} -> state [E, 1], reward [E], terminated [E] (never)."""
        leaves = np.asarray(action) == 1
        reward = np.where(leaves, 0.0, 1.0 + state[:, 0])
        return np.where(leaves[:, None], 1.0 - state, state), reward, np.zeros(len(state), bool)

    def observe(self, state: np.ndarray) -> np.ndarray:
        """The state as one of two unit vectors, float32 [E, 2]."""
        return np.eye(2, dtype=np.float32)[state[:, 0].astype(int)]

    def scene(self, obs: np.ndarray, action: np.ndarray | int) -> Scene:
        """Two circles, the present one filled: obs [2] -> its picture, whatever the action."""
        here = int(obs[1])
        shapes = [Ring("ground", x, 0.0, 0.6) for x in (-1.0, 1.0)]
        shapes.append(Disc("body", 2.0 * here - 1.0, 0.0, 0.5))
        shapes += [Text("ground", 2.0 * i - 1.0, -1.0, f"state {i}") for i in range(2)]
        return Scene(shapes, (-2.0, 2.0, -1.2, 1.0), f"in state {here}")
