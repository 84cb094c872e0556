"""Acting as a population: each environment is played by a policy of its own, and only returns teach.

With `EpisodicAgent`: one generation is one episode in each environment.
"""

from typing import Self

import numpy as np
import torch

from rlcourse.agents.samples import Rollout
from rlcourse.parts.networks import StochasticPolicy
from rlcourse.parts.randomness import Streams


class Population:
    """N candidates θ_n for each of S seeds, and the policy at their centre, which is the one that is kept.

    centre: the network whose parameters are searched. candidates: [S, N, P], shared with the networks that
    act. They take their most probable action: a population explores by its parameters.
    """

    def __init__(self, centre: StochasticPolicy, count: int):
        seeds = len(centre.flat)
        self.centre, self.count = centre, count
        self._crowd = centre.rows(torch.arange(seeds).repeat_interleave(count))
        self.candidates = self._crowd.flat.view(seeds, count, -1)

    def sample(self, obs: np.ndarray, streams: Streams) -> np.ndarray:
        """What candidate n does in environment n: obs [S, N, O] → actions [S, N, A] or [S, N]."""
        action = self._crowd.mode(obs.reshape(-1, 1, obs.shape[-1]))
        return action.reshape(*obs.shape[:2], *action.shape[2:])

    def copy(self) -> StochasticPolicy:
        """The policy at the centre: what is evaluated and kept."""
        return self.centre.copy()

    def member(self, index: int) -> Self:
        """The population of one seed in the same memory, to learn with."""
        twin = object.__new__(type(self))
        twin.centre, twin.count = self.centre.member(index), self.count
        twin.candidates = self.candidates[index : index + 1]
        return twin

    def state(self) -> dict:
        return {"centre": self.centre.state(), "candidates": self.candidates.numpy().copy()}

    def restore(self, state: dict) -> None:
        self.centre.restore(state["centre"])
        self.candidates.copy_(torch.from_numpy(state["candidates"]))


def episode_returns(rollout: Rollout, episodes: int) -> torch.Tensor:
    """Σ_t r_t of each episode of one seed, [N]: rollout [M, 1, 1], its episodes end to end."""
    over = (rollout.terminated + rollout.truncated).clamp(max=1)[:-1, 0, 0]
    number = torch.cat([over.new_zeros(1), over.cumsum(0)]).long()
    return torch.zeros(episodes).index_add_(0, number, rollout.reward[:, 0, 0])
