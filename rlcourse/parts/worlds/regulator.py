"""The linear-quadratic regulator as a world: linear motion, quadratic cost, the exact answer beside it."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from gymnasium.spaces import Box

from rlcourse.equations.lqr import LQR
from rlcourse.parts.shapes import Scene, cart

Matrix = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Regulator:
    """x ← A x + B u,  r = −(xᵀQx + uᵀRu),  |u_i| ≤ max_force

    The best controller is linear, u = −K x, as long as the bound on u is not met; `problem` solves for it.
    The reward uses the state before the step. Episodes last 100 steps and are never terminated. At the start
    each |x_i| is uniform between low_i and high_i, with a random sign.

    As it stands it is the double integrator with a stronger motor: a mass of 1 kg on a frictionless line, at
    rest 1 to 2 m from its goal, x = (position, velocity), pushed ten times a second.
    """

    A: Matrix = ((1.0, 0.1), (0.0, 1.0))
    B: Matrix = ((0.005,), (0.1,))
    Q: Matrix = ((1.0, 0.0), (0.0, 0.1))
    R: Matrix = ((0.1,),)
    low: tuple[float, ...] = (1.0, 0.0)
    high: tuple[float, ...] = (2.0, 0.0)
    max_force: float = 10.0

    id: ClassVar = "rlcourse/Regulator-v0"
    episode_steps: ClassVar = 100

    @property
    def state_names(self) -> tuple[str, ...]:
        """x₁ … x_n."""
        return tuple(f"x{i + 1}" for i in range(len(self.A)))

    @property
    def action_space(self) -> Box:
        """u [m]."""
        return Box(-self.max_force, self.max_force, (len(self.R),), np.float32)

    @property
    def observation_space(self) -> Box:
        """x [n], unbounded."""
        return Box(-np.inf, np.inf, (len(self.A),), np.float32)

    def problem(self, gamma: float) -> LQR:
        """The same problem for the exact equations: values, gradients and the best gain at this discount."""
        low, high = np.array(self.low), np.array(self.high)
        start = np.diag((low**2 + low * high + high**2) / 3)  # E[x_i²]; the signs are independent
        return LQR(self.A, self.B, self.Q, self.R, gamma, start)

    def gain(self, weight: np.ndarray) -> np.ndarray:
        """K of a linear actor xᵀW that says u / max_force, in [−1, 1]: W [..., n, m] -> [..., m, n]."""
        return -self.max_force * np.swapaxes(weight, -1, -2)

    def start(self, uniform: np.ndarray) -> np.ndarray:
        """uniform [K, n] in [0, 1) -> state [K, n]."""
        side = 2 * uniform - 1
        low, high = np.array(self.low), np.array(self.high)
        return np.where(side < 0, -1.0, 1.0) * (low + (high - low) * np.abs(side))

    def step(self, state: np.ndarray, action: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """state [E, n], action [E, m] -> state [E, n], reward [E], terminated [E] (never)."""
        u = np.clip(action, -self.max_force, self.max_force).astype(np.float64)
        new = _times(self.A, state) + _times(self.B, u)
        cost = (_times(self.Q, state) * state).sum(1) + (_times(self.R, u) * u).sum(1)
        return new, -cost, np.zeros(len(state), bool)

    def observe(self, state: np.ndarray) -> np.ndarray:
        """x in float32 [E, n]."""
        return state.astype(np.float32)

    def scene(self, obs: np.ndarray, action: np.ndarray) -> Scene:
        """The first coordinate as a cart's position: obs [n] -> its picture."""
        return cart(float(obs[0]))


def _times(matrix: Matrix, x: np.ndarray) -> np.ndarray:
    """M x of each row x [E, n] -> [E, m], term by term: a BLAS rounds a row by how many there are."""
    return np.stack([sum(m * x[:, i] for i, m in enumerate(row)) for row in matrix], axis=1)
