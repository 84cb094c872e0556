"""A pole balanced on a cart: Gymnasium's CartPole-v1 as equations of motion, and how it looks."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from gymnasium.spaces import Box, Discrete

from rlcourse.parts.shapes import Scene, cart


@dataclass(frozen=True)
class CartPole:
    """θ̈ = (g sin θ − f cos θ) / (l (4/3 − m cos² θ / M)),  ẍ = f − m l θ̈ cos θ / M

    with f = (F + m l θ̇² sin θ) / M. A pole hinged on a cart that is pushed left (action 0, F = −10 N) or
    right (action 1, F = +10 N); M is the mass of cart and pole together, l half the pole's length; Euler
    steps of Δt. Reward 1 per step, the last one included; terminated when |x| > 2.4 m or |θ| > 12°. Equal to
    Gymnasium's CartPole-v1, step by step; its source is gymnasium/envs/classic_control/cartpole.py.
    """

    gravity: float = 9.8  # m/s²
    cart_mass: float = 1.0  # kg
    pole_mass: float = 0.1  # kg
    half_length: float = 0.5  # m
    force: float = 10.0  # N
    dt: float = 0.02  # s
    max_position: float = 2.4  # m
    max_angle: float = 12 * 2 * np.pi / 360  # rad

    id: ClassVar = "rlcourse/CartPole-v1"
    episode_steps: ClassVar = 500
    return_bounds: ClassVar = (0.0, 500.0)  # 1 a step, for at most 500 steps
    state_names: ClassVar = (
        "position [m]", "velocity [m/s]", "angle [rad]", "angular velocity [rad/s]",
    )  # fmt: skip

    @property
    def action_space(self) -> Discrete:
        """0 pushes left, 1 right."""
        return Discrete(2)

    @property
    def observation_space(self) -> Box:
        """State, twice as wide as an episode gets."""
        high = np.array([self.max_position * 2, np.inf, self.max_angle * 2, np.inf], np.float32)
        return Box(-high, high)

    def start(self, uniform: np.ndarray) -> np.ndarray:
        """Every coordinate ~ U(−0.05, 0.05): uniform [K, 4] in [0, 1) -> state [K, 4]."""
        return -0.05 + 0.1 * uniform

    def step(self, state: np.ndarray, action: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """state [E, 4], action [E] in {0, 1} -> state [E, 4], reward [E], terminated [E]."""
        x, x_dot, theta, theta_dot = state.T
        total_mass = self.pole_mass + self.cart_mass
        moment = self.pole_mass * self.half_length
        cos, sin = np.cos(theta), np.sin(theta)
        force = self.force * (2 * action - 1)

        f = (force + moment * np.square(theta_dot) * sin) / total_mass
        theta_acc = (self.gravity * sin - cos * f) / (
            self.half_length * (4.0 / 3.0 - self.pole_mass * np.square(cos) / total_mass)
        )
        x_acc = f - moment * theta_acc * cos / total_mass

        new = np.empty_like(state)
        x = new[:, 0] = x + self.dt * x_dot
        new[:, 1] = x_dot + self.dt * x_acc
        theta = new[:, 2] = theta + self.dt * theta_dot
        new[:, 3] = theta_dot + self.dt * theta_acc
        fallen = (np.abs(x) > self.max_position) | (np.abs(theta) > self.max_angle)
        return new, np.ones(len(state)), fallen

    def observe(self, state: np.ndarray) -> np.ndarray:
        """The state itself, in float32 [E, 4]."""
        return state.astype(np.float32)

    def scene(self, obs: np.ndarray, action: np.ndarray | int) -> Scene:
        """The cart at x and the pole to (x + sin θ, cos θ): obs [4] -> its picture, whatever the action."""
        return cart(float(obs[0]), float(obs[2]), self.max_position)
