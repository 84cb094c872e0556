"""The cross-entropy method: search among policies by their returns alone.

Source: Szita & Lőrincz 2006, "Learning Tetris Using the Noisy Cross-Entropy Method" (from memory).
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch

from rlcourse.agents import EpisodicAgent, Population, Rollout, Spaces, episode_returns
from rlcourse.parts.networks import Networks, StochasticPolicy
from rlcourse.parts.randomness import Streams
from rlcourse.parts.settings import fixed


@dataclass(frozen=True)
class CEM:
    """θ_n ~ N(m, diag σ²); m ← mean of the elite, σ² ← its variance + Z_t, with Z_t = Z max(0, 1 − t/T_Z).

    The elite are the candidates of highest return. No gradient, no critic, no discount: a generation is one
    episode of each of N policies.
    """

    num_envs: int = fixed(32)  # N  candidates, each with an environment of its own
    elite: float = 0.25  # share of the candidates that the next ones are drawn around
    std: float = fixed(1.0)  # σ of the first candidates, around the initial weights
    noise: float = 0.25  # Z  variance that is added, so that σ does not vanish too soon
    noise_generations: int = 20  # T_Z  generations over which it fades
    activation: Literal["tanh", "relu"] = fixed("tanh")
    hidden: tuple[int, ...] = fixed((16,))  # widths of the hidden layers

    agent: ClassVar = EpisodicAgent
    usual_steps: ClassVar = 100_000
    look: ClassVar = ("purple", "dots")

    def networks(self, spaces: Spaces, streams: Streams) -> Networks:
        centre = StochasticPolicy(spaces, self.hidden, streams, activation=self.activation)
        policy = Population(centre, self.num_envs)
        xi = torch.from_numpy(streams.normal(self.num_envs, centre.count))
        policy.candidates.copy_(centre.flat[:, None] + self.std * xi)
        std, generation = torch.full_like(centre.flat, self.std), torch.zeros(len(streams))
        return Networks(policy=policy, std=std.contiguous(), generation=generation)

    @torch.no_grad()
    def update(self, nets: Networks, rollout: Rollout, rng: Streams) -> dict[str, torch.Tensor]:
        """One generation of one seed: rollout holds an episode of each candidate, end to end."""
        candidates = nets.policy.candidates[0]  # [N, P]
        returns = episode_returns(rollout, len(candidates))
        keep = max(2, round(self.elite * len(candidates)))
        elite = candidates[returns.argsort(descending=True, stable=True)[:keep]]

        added = self.noise * (1 - nets.generation / self.noise_generations).clamp(min=0)
        nets.policy.centre.flat.copy_(elite.mean(0))
        nets.std.copy_((elite.var(0, correction=0) + added).sqrt())
        nets.generation += 1

        xi = torch.from_numpy(rng.normal(*candidates.shape))[0]
        candidates.copy_(nets.policy.centre.flat + nets.std * xi)
        return {"population_return": returns.mean(), "elite_return": returns.topk(keep).values.mean(),
                "parameter_std": nets.std.mean()}  # fmt: skip
