"""The muddy field, someone who crosses it, and walks that were watched: what imitators learn from."""

from collections.abc import Sequence

import numpy as np

from rlcourse.equations import markov
from rlcourse.equations.markov import occupancy, sample_walks, soft_optimal_policy
from rlcourse.parts.randomness import ENVIRONMENT, Streams

SHAPE = 4, 4
HOME, MUD = 15, (5, 6, 9, 13)  # cells, row by row from the top; the walk begins in cell 0


def features() -> np.ndarray:
    """φ(s, a) ∈ {0, 1}³: at home, in mud, in the eastern half, which nobody cares about. [S, A, 3]."""
    cell = np.arange(16)
    columns = np.stack([cell == HOME, np.isin(cell, MUD), cell % 4 >= 2], axis=-1)
    return np.repeat(columns[:, None, :], 4, axis=1).astype(float)


WEIGHTS = np.array([1.0, -2.0, 0.0])  # w*, what its owner pays: home pays 1 a step, mud costs 2


def muddy_field(gamma: float = 0.9, slip: float = 0.1) -> markov.MDP:
    """4 × 4 cells without an end: r(s, a) = w*·φ(s), from the upper left corner to home, the lower right.

    State 4·row + column; actions north, east, south, west; off the field a step goes nowhere, and with
    probability `slip` a step goes any of the four ways.
    """
    place, states = np.indices(SHAPE).reshape(2, 16), np.arange(16)
    sure = np.zeros((16, 4, 16))
    for a, (down, right) in enumerate([(-1, 0), (0, 1), (1, 0), (0, -1)]):
        row, column = np.clip(place[0] + down, 0, 3), np.clip(place[1] + right, 0, 3)
        sure[states, a, 4 * row + column] = 1.0
    transition = (1 - slip) * sure + slip * sure.mean(axis=1, keepdims=True)
    return markov.MDP(transition, features() @ WEIGHTS, np.eye(16)[0], gamma)


FIELD = muddy_field()
EXPERT = soft_optimal_policy(FIELD)  # π_E(a|s) = exp(Q(s, a) − V(s)): it likes home, and liberty


def expert_occupancy() -> np.ndarray:
    """ρ_E(s, a), of endlessly many demonstrations. [S, A]."""
    return occupancy(FIELD, EXPERT)


def demonstrations(seeds: Sequence[int], walks: int, steps: int = 100) -> np.ndarray:
    """ρ̃(s, a) = Σ_t γ^t 1[s_t = s, a_t = a] / Σ_t γ^t, the mean over `walks` of the expert. [S, states, A].

    Each seed watches walks of its own. Raises ValueError for steps < 1 and walks < 1.
    """
    if steps < 1:
        raise ValueError(f"steps is {steps}; a demonstration needs 1 at least")
    watched, weights = np.zeros((len(seeds), 16, 4)), FIELD.gamma ** np.arange(steps)
    for seen, rng in zip(watched, Streams(seeds, ENVIRONMENT).generators, strict=True):
        walk = sample_walks(FIELD, EXPERT, steps, walks, rng)
        np.add.at(seen, (walk.states[:-1], walk.actions), weights[:, None] / weights.sum() / walks)
    return watched
