"""Optimal values where the state is two numbers: value iteration on a grid, interpolated in between.

    V_0 = 0,  V_{k+1}(s) = max_u r(s, u) + γ V_k(f(s, u))

An oracle for planners and learners that see the world as it is. Its error has two parts, the grid's and that
of the few actions; both are seen by refining (`tests/equations/test_value_grid.py`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np


@dataclass(frozen=True)
class Grid:
    """Points evenly spaced over a box in two dimensions, of which some may be periodic.

    low, high: ends of each axis; points: how many; periodic: does the axis close on itself (then its last
    point is one step before `high`). Beyond an axis that does not, values are those at its end.
    """

    low: tuple[float, float]
    high: tuple[float, float]
    points: tuple[int, int]
    periodic: tuple[bool, bool] = (False, False)

    def states(self) -> np.ndarray:
        """All points, [points[0] · points[1], 2]."""
        spaces = zip(self.low, self.high, self.points, self.periodic, strict=True)
        axes = [np.linspace(low, high, n, endpoint=not round) for low, high, n, round in spaces]
        return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)

    def corners(self, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The four points around each state, and their bilinear weights: [..., 2] → two of [4, ...]."""
        at, share = [], []
        for i, n in enumerate(self.points):
            steps = n if self.periodic[i] else n - 1
            x = (state[..., i] - self.low[i]) / (self.high[i] - self.low[i]) * steps
            x = x % n if self.periodic[i] else np.clip(x, 0, n - 1)
            below = np.minimum(x.astype(np.int64), n - 1 if self.periodic[i] else n - 2)
            at.append((below, (below + 1) % n))
            share.append((1 - (x - below), x - below))
        pairs = list(product((0, 1), repeat=2))
        index = [at[0][i] * self.points[1] + at[1][j] for i, j in pairs]
        return np.stack(index), np.stack([share[0][i] * share[1][j] for i, j in pairs])

    def interpolate(self, V: np.ndarray, state: np.ndarray) -> np.ndarray:
        """V between the points: V [points[0] · points[1]], state [..., 2] → [...]."""
        index, weight = self.corners(state)
        return (V[index] * weight).sum(0)


def optimal_values(
    step: Callable, grid: Grid, actions: Sequence[float], horizon: int, gamma: float = 1.0
) -> np.ndarray:
    """V_horizon at the grid's points: the best discounted sum of so many rewards.

    step(state [M, 2], action [M, 1]) → next state [M, 2], reward [M], … . actions: those tried in each state.
    """
    states, moves = grid.states(), []
    for action in actions:
        after, reward, *_ = step(states, np.full((len(states), 1), float(action)))
        index, weight = grid.corners(after)
        moves.append((reward, index.astype(np.int32), weight.astype(np.float32)))  # half the memory
    V = np.zeros(len(states))
    for _ in range(horizon):
        V = np.max([r + gamma * (weight * V[index]).sum(0) for r, index, weight in moves], axis=0)
    return V
