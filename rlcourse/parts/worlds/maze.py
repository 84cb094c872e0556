"""A room with a wall, and a point that must get to a place: the goal is part of what is seen."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from gymnasium.spaces import Box

from rlcourse.parts import shapes
from rlcourse.parts.shapes import Scene


@dataclass(frozen=True)
class PointMaze:
    """p ← p + stride · a, −1 ≤ a_i ≤ 1, in the unit square; r = 1 and the end where |p − goal| ≤ near.

    A wall stands at x = 0.5 from y = 0 up to y = 0.7: a step through it keeps its y and stays on its side.
    Observations are (x, y, goal's x, goal's y). Start and goal are uniform over the square; with `goals`, the
    goal is one of these places. An episode is cut after 60 steps: its return is whether the goal was reached.
    """

    goals: tuple[tuple[float, float], ...] = ()
    near: float = 0.08

    wall: ClassVar = 0.5  # x of the wall
    top: ClassVar = 0.7  # y up to which it stands
    stride: ClassVar = 0.06  # the longest step along each axis

    id: ClassVar = "rlcourse/PointMaze-v0"
    episode_steps: ClassVar = 60
    return_bounds: ClassVar = (0.0, 1.0)
    state_names: ClassVar = ("x", "y", "goal x", "goal y")

    @property
    def action_space(self) -> Box:
        """The step, as shares of the stride."""
        return Box(-1.0, 1.0, (2,), np.float32)

    @property
    def observation_space(self) -> Box:
        """(x, y, goal's x, goal's y), in [0, 1]."""
        return Box(0.0, 1.0, (4,), np.float32)

    def start(self, uniform: np.ndarray) -> np.ndarray:
        """uniform [K, 4] in [0, 1) -> state [K, 4]."""
        state = uniform.copy()
        if self.goals:
            places = np.asarray(self.goals, float)
            state[:, 2:] = places[(uniform[:, 2] * len(places)).astype(int)]
        return state

    def step(self, state: np.ndarray, action: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """state [E, 4], action [E, 2] -> state [E, 4], reward [E], terminated [E]."""
        move = self.stride * np.clip(action, -1.0, 1.0).astype(np.float64)
        new = state.copy()
        new[:, :2] = np.clip(state[:, :2] + move, 0.0, 1.0)
        x, y = state[:, 0], state[:, 1]
        crosses = (x < self.wall) != (new[:, 0] < self.wall)
        with np.errstate(divide="ignore", invalid="ignore"):
            height = y + (new[:, 1] - y) * (self.wall - x) / (new[:, 0] - x)
        stopped = crosses & (height < self.top)
        new[stopped, 0] = np.where(x < self.wall, self.wall - 1e-6, self.wall)[stopped]
        reached = np.linalg.norm(new[:, :2] - new[:, 2:], axis=1) <= self.near
        return new, reached.astype(float), reached

    def observe(self, state: np.ndarray) -> np.ndarray:
        """The state in float32 [E, 4]."""
        return state.astype(np.float32)

    def scene(self, obs: np.ndarray, action: np.ndarray) -> Scene:
        """The room from above: the wall, a ring around the goal, the point."""
        x, y, goal_x, goal_y = map(float, obs)
        room = [(0, 0, 1, 0), (1, 0, 1, 1), (1, 1, 0, 1), (0, 1, 0, 0), (self.wall, 0, self.wall, self.top)]
        drawn = [shapes.Line("ground", *ends) for ends in room]
        drawn += [shapes.Ring("reach", goal_x, goal_y, self.near), shapes.Disc("load", x, y, 0.03)]
        words = f"point at ({x:.2f}, {y:.2f}), goal ({goal_x:.2f}, {goal_y:.2f})"
        return Scene(drawn, (-0.05, 1.05, -0.05, 1.05), words)
