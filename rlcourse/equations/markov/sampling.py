"""Walks through a process, drawn at random: what an agent sees of it."""

from typing import NamedTuple

import numpy as np

from rlcourse.equations.markov.process import MDP, one_policy


class Walks(NamedTuple):
    """N walks of T steps, side by side: s_0, a_0, r_0, s_1, …, s_T."""

    states: np.ndarray  # [T + 1, N]
    actions: np.ndarray  # [T, N]
    rewards: np.ndarray  # [T, N]


def sample_walks(
    mdp: MDP, policy: np.ndarray, steps: int, walks: int, seed: int | np.random.Generator
) -> Walks:
    """s_0 ~ ρ₀, a_t ~ π(·|s_t), r_t = r(s_t, a_t), s_{t+1} ~ P(·|s_t, a_t): T `steps`, N independent `walks`.

    policy [S, A]. A walk that comes to a state which is never left goes on there. The same seed gives the
    same walks. Raises ValueError for steps < 0 and for walks < 1.
    """
    policy = one_policy(mdp, policy)
    if steps < 0 or walks < 1:
        raise ValueError(f"steps is {steps}, walks is {walks}; need steps ≥ 0 and walks ≥ 1")
    rng = np.random.default_rng(seed)
    choose, move = cumulated(policy), cumulated(mdp.transition)
    states, actions = np.zeros((steps + 1, walks), int), np.zeros((steps, walks), int)
    states[0] = first_above(cumulated(mdp.start), rng.random(walks))
    for t in range(steps):
        s = states[t]
        actions[t] = first_above(choose[s], rng.random(walks))
        states[t + 1] = first_above(move[s, actions[t]], rng.random(walks))
    return Walks(states, actions, mdp.reward[states[:-1], actions])


def cumulated(p: np.ndarray) -> np.ndarray:
    """Σ_{j≤i} p_j over the last axis, exactly 1 from the last outcome that can happen on. [..., K]."""
    sums = p.cumsum(axis=-1)
    rest = np.flip(np.cumsum(np.flip(p, -1), axis=-1), -1) - p  # what comes after i: exactly 0 after the last
    return np.where(rest <= 0, 1.0, sums)


def first_above(cumulated: np.ndarray, u: np.ndarray) -> np.ndarray:
    """min{i : c_i > u}: the outcome that u draws, 0 ≤ u < 1, from cumulated c. [N, K], [N] -> [N]."""
    return (cumulated <= u[:, None]).sum(axis=-1)
