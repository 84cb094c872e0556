"""REINFORCE: the policy gradient by whole episodes.

Source (from memory): Williams 1992, "Simple Statistical Gradient-Following Algorithms for Connectionist
Reinforcement Learning".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch

from rlcourse.agents import EpisodicAgent, Rollout, Spaces, rows
from rlcourse.equations.baselines import no_baseline
from rlcourse.equations.returns import discounted_returns
from rlcourse.parts.adam import Adam
from rlcourse.parts.networks import Networks, StateValue, StochasticPolicy
from rlcourse.parts.randomness import Streams
from rlcourse.parts.settings import equation, fixed


@dataclass(frozen=True)
class REINFORCE:
    """θ ← θ + α E_episodes[ Σ_t ∇log π_θ(a_t|s_t) (w_t − b) ].

    w_t is of `equations.returns`: `discounted_returns`, the reward-to-go G_t; `whole_returns`, R(τ) of the
    whole episode; `discounted_from_start`, γ^t G_t. b is a number by one of `equations.baselines`; where the
    critic takes steps, V(s_t) is subtracted as well.
    """

    gamma: float = 0.98  # γ  discount
    learning_rate: float = 3e-3  # Adam's step size
    num_envs: int = fixed(8)  # N  episodes per seed and batch, side by side
    critic_steps: int = 0  # of Adam on ½ E[(V(s) − G)²], per batch; 0: no learnt baseline
    critic_lr: float = 1e-2  # Adam's step size for the critic
    activation: Literal["tanh", "relu"] = fixed("tanh")
    log_std: float = fixed(0.0)  # initial log σ, actions in [−1, 1]: 0 is σ = 3 on ±3; many joints: try −1
    hidden: tuple[int, ...] = fixed((32,))  # widths of the hidden layers
    weights: Callable = equation(discounted_returns, over="time")  # w; homework 2 plugs in here
    baseline: Callable = equation(no_baseline, over="number")  # b; and here

    agent: ClassVar = EpisodicAgent
    usual_steps: ClassVar = 100_000
    look: ClassVar = ("sky", "dots")

    def networks(self, spaces: Spaces, streams: Streams) -> Networks:
        policy = StochasticPolicy(spaces, self.hidden, streams, self.log_std, self.activation)
        critic = StateValue(spaces, self.hidden, streams, self.activation)
        return Networks(
            policy=policy, policy_optimiser=Adam(policy), critic=critic, critic_optimiser=Adam(critic),
        )  # fmt: skip

    def update(self, nets: Networks, rollout: Rollout, rng: Streams) -> dict[str, torch.Tensor]:
        """One step of the policy on whole episodes; then the critic's, towards the returns.

        rollout: columns [T, S, N] of episodes one after the other. A time limit ends an episode as its end
        does: the return is that of the steps played.
        """
        over = (rollout.terminated + rollout.truncated).clamp(max=1)
        episodes = torch.cat([over[:-1], torch.ones_like(over[:1])]).sum((0, 2))  # [S]
        obs, action = rows(rollout.obs), rows(rollout.action)  # [S, M, …]

        # w_t − V(s_t) − b: what the action brought, less what was to be expected without it
        weight = rows(self.weights(rollout.reward, over, self.gamma))
        if self.critic_steps:
            with torch.no_grad():
                weight = weight - nets.critic(obs)
        b = self.baseline(nets.policy.scores(obs, action), weight)
        weight = weight - b[:, None]

        # Uphill: the mean over episodes of Σ_t log π(a_t|s_t) (w_t − b)
        pi = nets.policy(obs)
        gain = (pi.log_prob(action) * weight).sum(-1) / episodes
        (-gain.sum()).backward()
        nets.policy_optimiser.step(self.learning_rate)

        # The critic, towards G_t: next time it is expected
        returns = rows(discounted_returns(rollout.reward, over, self.gamma)) if self.critic_steps else None
        for _ in range(self.critic_steps):
            nets.critic.regress(obs, returns, weight=0.5)
            nets.critic_optimiser.step(self.critic_lr)
        return {
            "baseline": b, "weight_std": weight.std(-1, correction=0),
            "entropy": pi.entropy().detach().mean(-1), "policy_grad_norm": nets.policy.grad_norm(),
        }  # fmt: skip
