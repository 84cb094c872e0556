"""Walking through a finite process step by step, one walker a seed: what a table learns from."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rlcourse.equations.markov import MDP, epsilon_greedy_policy
from rlcourse.equations.markov.sampling import cumulated, first_above
from rlcourse.parts.randomness import ACT, Streams


class Step(NamedTuple):
    """What one step of all walkers showed, each [S]."""

    reward: np.ndarray
    next_state: np.ndarray  # the true successor, also where the episode ended
    terminated: np.ndarray  # bool


class Walkers:
    """s_0 ~ ρ₀, a ~ π(·|s), r = r(s, a) + σ(s, a) ξ, s′ ~ P(·|s, a): S walkers, side by side.

    A state that every action keeps, and that pays nothing, ends the episode; then the walker starts anew.
    `state` [S] is where each stands. Seed s draws the same numbers alone and among others. noise: σ, a number
    or [S, A] of the process.
    """

    BLOCK = 256  # steps whose dice are thrown at once

    def __init__(self, mdp: MDP, seeds: Sequence[int], noise: float | np.ndarray = 0.0):
        self.mdp, self.streams = mdp, Streams(seeds, ACT)
        self.noise = np.broadcast_to(np.asarray(noise, float), mdp.reward.shape)
        own = mdp.transition[np.arange(mdp.states), :, np.arange(mdp.states)]
        self.ends = (own == 1).all(axis=1) & (mdp.reward == 0).all(axis=1) & (self.noise == 0).all(axis=1)
        self._start, self._move = cumulated(mdp.start), cumulated(mdp.transition)
        self._thrown, self._left = None, iter(())
        self.state, self.each = first_above(self._start, self.streams.uniform()), np.arange(len(seeds))

    def act(self, policy: np.ndarray) -> np.ndarray:
        """a ~ π: policy [S, A], each walker's own row. Once before each step."""
        return first_above(cumulated(policy), self._dice()[0])

    def explore(self, Q: np.ndarray, epsilon: float) -> np.ndarray:
        """a ~ ε-greedy(Q(s, ·)) where each walker stands: Q [S, states, actions], a table a seed."""
        return self.act(epsilon_greedy_policy(Q[self.each, self.state], epsilon))

    def step(self, action: np.ndarray) -> Step:
        """All walkers take their action [S]; `state` is where they stand afterwards."""
        _, move, start, xi = self._thrown
        s = self.state
        next_state = first_above(self._move[s, action], move)
        over = self.ends[next_state]
        self.state = np.where(over, first_above(self._start, start), next_state) if over.any() else next_state
        return Step(self.mdp.reward[s, action] + self.noise[s, action] * xi, next_state, over)

    def _dice(self):
        """For the action, the successor, a new start, the reward: [S] each."""
        self._thrown = next(self._left, None)
        if self._thrown is None:
            uniform, normal = self.streams.uniform(self.BLOCK, 3), self.streams.normal(self.BLOCK, 1)
            self._left = iter(np.moveaxis(np.concatenate([uniform, normal], axis=2), 0, 2))
            self._thrown = next(self._left)
        return self._thrown
