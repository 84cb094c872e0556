"""A rod that must be swung up: Gymnasium's Pendulum-v1 as equations of motion, and how it looks."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from gymnasium.spaces import Box

from rlcourse.parts.shapes import Disc, Line, Ring, Scene, Text, Turn


@dataclass(frozen=True)
class Pendulum:
    """ω ← clip(ω + (3g/2l · sin θ + 3/ml² · u) Δt, ±8),  θ ← θ + ω Δt,  r = −(θ² + 0.1 ω² + 0.001 u²)

    A rod hinged at one end; θ = 0 is upright, and θ in the reward is wrapped to [−π, π). The torque
    |u| ≤ 2 N m is too weak to lift the rod at once: it must be swung. The reward uses the state *before* the
    step. Equal to Gymnasium's Pendulum-v1 (constants, bounds, dtypes, starts), step by step; its source is
    gymnasium/envs/classic_control/pendulum.py.
    """

    g: float = 10.0  # m/s²
    m: float = 1.0  # kg
    l: float = 1.0  # m
    dt: float = 0.05  # s
    max_speed: float = 8.0  # rad/s
    max_torque: float = 2.0  # N m

    id: ClassVar = "rlcourse/Pendulum-v1"
    episode_steps: ClassVar = 200
    return_bounds: ClassVar = (None, 0.0)  # no reward is above 0
    state_names: ClassVar = ("angle [rad]", "angular velocity [rad/s]")

    @property
    def action_space(self) -> Box:
        """The torque in N m."""
        return Box(-self.max_torque, self.max_torque, (1,), np.float32)

    @property
    def observation_space(self) -> Box:
        """(cos θ, sin θ, ω), ω within its bounds."""
        high = np.array([1.0, 1.0, self.max_speed], np.float32)
        return Box(-high, high)

    def start(self, uniform: np.ndarray) -> np.ndarray:
        """θ ~ U(−π, π), ω ~ U(−1, 1): uniform [K, 2] in [0, 1) -> state [K, 2]."""
        high = np.array([np.pi, 1.0])
        return -high + 2 * high * uniform

    def step(self, state: np.ndarray, action: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """state [E, 2], action [E, 1] -> state [E, 2], reward [E], terminated [E] (never)."""
        angle, speed = state[:, 0], state[:, 1]
        torque = np.minimum(np.maximum(action[:, 0], -self.max_torque), self.max_torque)
        wrapped = (angle + np.pi) % (2 * np.pi) - np.pi
        cost = wrapped**2 + 0.1 * speed**2 + 0.001 * (torque**2)

        pull = 3 * self.g / (2 * self.l) * np.sin(angle) + 3.0 / (self.m * self.l**2) * torque
        new = np.empty_like(state)
        speed = np.minimum(np.maximum(speed + pull * self.dt, -self.max_speed), self.max_speed)
        new[:, 0] = angle + speed * self.dt
        new[:, 1] = speed
        return new, -cost, np.zeros(len(state), bool)

    def observe(self, state: np.ndarray) -> np.ndarray:
        """(cos θ, sin θ, ω): state [E, 2] -> float32 [E, 3]."""
        obs = np.empty((len(state), 3), np.float32)
        np.cos(state[:, 0], out=obs[:, 0])
        np.sin(state[:, 0], out=obs[:, 1])
        obs[:, 2] = state[:, 1]
        return obs

    def scene(self, obs: np.ndarray, action: np.ndarray) -> Scene:
        """The rod to (−sin θ, cos θ) and the torque of `action` [1] as an arrow: obs [3] -> its picture."""
        return picture(math.atan2(obs[1], obs[0]), float(action[0]), self.max_torque)


def picture(angle: float, torque: float = 0.0, max_torque: float = 2.0) -> Scene:
    """The rod to (−sin θ, cos θ), as Gymnasium's Pendulum: θ = 0 upright, torque > 0 counter-clockwise."""
    x, y = 0.0 - math.sin(angle), math.cos(angle)
    shapes = [Ring("reach", 0, 0, 1), Line("body", 0, 0, x, y)]
    share = max(-1.0, min(1.0, torque / max_torque))
    if abs(share) > 0.02:
        shapes.append(Turn("force", 0, 0, 0.5, 2.4 * share))
    shapes += [Disc("load", x, y, 0.12), Disc("joint", 0, 0, 0.06)]
    shapes.append(Text("force", 0, -1.3, f"torque {torque:+.2f} N m".replace("-", "−")))
    words = f"pendulum {math.degrees(angle):.0f} degrees from upright, torque {torque:+.2f} newton metres"
    return Scene(shapes, (-1.35, 1.35, -1.35, 1.35), words)
