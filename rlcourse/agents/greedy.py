"""Acting greedily in values of actions, and learning from all that was ever seen."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rlcourse.agents.off_policy import OffPolicyAgent
from rlcourse.parts.networks import Network, Spaces


class GreedyAgent(OffPolicyAgent):
    """a = argmax_b Q(s, b), with probability ε any action; replays what it saw.

    ε falls from 1 to the algorithm's `epsilon` over a share `exploration` of the training, in a straight line
    (Mnih et al. 2015). During the warm-up all actions are random.
    """

    discrete = True

    def __init__(self, algorithm: Any, spaces: Spaces, seeds: Sequence[int]):
        if not spaces.discrete:
            raise ValueError(
                f"{type(algorithm).__name__} needs discrete actions, but this environment's are continuous; "
                "use TD3 or DDPG"
            )
        self.actions = spaces.action_size
        super().__init__(algorithm, spaces, seeds)

    @property
    def acts(self) -> Network:
        return self.nets.critics

    def epsilon(self, algorithm: Any) -> float:
        """ε = 1 + min(1, progress/exploration) (ε_end − 1)."""
        if self.steps < algorithm.warmup:
            return 1.0
        return 1 + min(1, self.nets.progress / algorithm.exploration) * (algorithm.epsilon - 1)

    def _explore(self, algorithm, obs):
        u = self.acting.uniform(self.envs_per_seed, 2)
        anything = (u[..., 1] * self.actions).astype(np.int64)
        greedy = self.acts.mode(self._seen(obs))
        return np.where(u[..., 0] < self.epsilon(algorithm), anything, greedy).ravel()
