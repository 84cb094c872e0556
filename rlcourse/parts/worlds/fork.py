"""A way with a tree on it, left or right of which one must pass: one decision, two good answers."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from gymnasium.spaces import Box

from rlcourse.parts.shapes import Disc, Line, Scene


@dataclass(frozen=True)
class Fork:
    """See where the tree stands, b ~ U(−½, ½); choose a lane −1 ≤ a ≤ 1; r = 1 if |a − b| > radius, else 0.

    One step, and the episode is over. In the middle of the two good answers stands the tree.
    """

    radius: float = 0.25

    id: ClassVar = "rlcourse/Fork-v0"
    episode_steps: ClassVar = 1
    return_bounds: ClassVar = (0.0, 1.0)
    state_names: ClassVar = ("tree",)

    @property
    def action_space(self) -> Box:
        """The lane."""
        return Box(-1.0, 1.0, (1,), np.float32)

    @property
    def observation_space(self) -> Box:
        """The tree's place across the way."""
        return Box(-1.0, 1.0, (1,), np.float32)

    def start(self, uniform: np.ndarray) -> np.ndarray:
        """uniform [K, 1] in [0, 1) -> state [K, 1]."""
        return uniform - 0.5

    def step(self, state: np.ndarray, action: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """state [E, 1], action [E, 1] -> the same state, reward [E], terminated [E] (always)."""
        lane = np.clip(action[:, 0], -1.0, 1.0).astype(np.float64)
        passes = np.abs(lane - state[:, 0]) > self.radius
        return state.copy(), passes.astype(float), np.ones(len(state), bool)

    def observe(self, state: np.ndarray) -> np.ndarray:
        """The tree's place in float32 [E, 1]."""
        return state.astype(np.float32)

    def scene(self, obs: np.ndarray, action: np.ndarray) -> Scene:
        """The way from above, the tree on it, and the path to the chosen lane."""
        tree, lane = float(obs[0]), float(np.ravel(action)[0])
        shapes = [Line("ground", edge, -1, edge, 0.6) for edge in (-1.2, 1.2)]
        shapes += [Disc("load", tree, 0, self.radius)]
        shapes += [Line("body", 0, -1, lane, -0.3), Line("body", lane, -0.3, lane, 0.6)]
        words = f"tree at {tree:.2f}, lane {lane:.2f}"
        return Scene(shapes, (-1.4, 1.4, -1.1, 0.7), words)
