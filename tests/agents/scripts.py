"""A scripted environment that numbers its transitions."""

import numpy as np

from rlcourse.agents import Spaces
from rlcourse.parts.environments import Transition

BOX, CHOICE = Spaces(3, 2, False), Spaces(3, 4, True)


class Script:
    """A Stepper whose transitions are numbered: obs = k, next_obs = k + 1 + 100 at an end, reward = k."""

    def __init__(self, S=2, ends=(), valid=None, obs_size=3, action_size=2):
        self.k, self.S, self.ends, self.valid = 0, S, dict(ends), valid or {}
        self.shape, self.actions = (S, obs_size), []
        self.obs = np.zeros(self.shape, np.float32)

    def step(self, action):
        self.actions.append(np.array(action))
        terminated, truncated = (np.zeros(self.S, bool) for _ in range(2))
        kind = self.ends.get(self.k)
        terminated[:] = kind == "terminated"
        truncated[:] = kind == "truncated"
        obs, next_obs = self.obs, np.full(self.shape, self.k + 1 + 100 * (kind is not None), np.float32)
        reward = np.full(self.S, float(self.k))
        valid = np.array(self.valid.get(self.k, [True] * self.S))
        self.k += 1
        self.obs = np.full(self.shape, self.k, np.float32)
        return Transition(obs, self.actions[-1], reward, terminated, truncated, next_obs, valid, [])
