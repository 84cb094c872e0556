"""Advantage actor-critic, synchronous.

Source (from memory): Mnih et al. 2016, "Asynchronous Methods for Deep Reinforcement Learning", section 4, all
workers in step, Adam in the place of RMSProp; the advantage by Schulman et al. 2016, eq. 16.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch

from rlcourse.agents import OnPolicyAgent, Rollout, Spaces
from rlcourse.agents.samples import standardised
from rlcourse.equations import objectives
from rlcourse.equations.returns import gae
from rlcourse.parts.adam import Adam, limit_norm
from rlcourse.parts.networks import Networks, StateValue, StochasticPolicy
from rlcourse.parts.randomness import Streams
from rlcourse.parts.settings import equation, fixed


@dataclass(frozen=True)
class A2C:
    """One step up E[log π Â] and down E[(V − y)²] on each short batch, which is then forgotten.

    λ = 1 is the n-step advantage of the paper, n as far as the batch goes; λ < 1 is generalised.
    """

    gamma: float = 0.98  # γ  discount
    lam: float = 1.0  # λ  of generalised advantage estimation; 1: the n-step advantage
    learning_rate: float = 1e-3  # Adam's step size
    num_envs: int = fixed(8)  # N  environments per seed
    horizon: int = fixed(32)  # T  steps per environment and batch
    value_weight: float = 0.5  # c_v  weight of the critic's loss
    entropy_weight: float = 0.0  # c_e  weight of the entropy
    max_grad_norm: float | None = 0.5  # clip ‖∇‖₂ of policy and critic together
    normalise_advantage: bool = True  # (Â − mean) / std over the batch
    normalise_observation: bool = fixed(False)  # running mean and variance
    normalise_reward: bool = fixed(True)  # by the running std of the discounted return
    orthogonal: bool = fixed(True)  # orthogonal initial weights, last policy layer × 0.01
    activation: Literal["tanh", "relu"] = fixed("tanh")
    log_std: float = fixed(0.0)  # initial log σ, actions in [−1, 1]: 0 is σ = 3 on ±3; many joints: try −1
    hidden: tuple[int, ...] = fixed((64, 64))  # widths of the hidden layers
    gae: Callable = equation(gae, over="time")  # Â; homework 2 plugs in here
    loss: Callable = equation(objectives.a2c_loss, over="loss")  # what is minimised; and here

    agent: ClassVar = OnPolicyAgent
    usual_steps: ClassVar = 100_000
    look: ClassVar = ("purple", "short dashes")

    def networks(self, spaces: Spaces, streams: Streams) -> Networks:
        start = "orthogonal" if self.orthogonal else "uniform"
        policy = StochasticPolicy(spaces, self.hidden, streams, self.log_std, self.activation, start)
        critic = StateValue(spaces, self.hidden, streams, self.activation, start)
        return Networks(
            policy=policy, policy_optimiser=Adam(policy, eps=1e-5),
            critic=critic, critic_optimiser=Adam(critic, eps=1e-5),
        )  # fmt: skip

    def update(self, nets: Networks, rollout: Rollout, rng: Streams) -> dict[str, torch.Tensor]:
        """One step of policy and critic. Losses average over the batch and sum over seeds."""
        # Data, out of which no gradient flows: Â by the critic as it is, and y = Â + V (a semi-gradient)
        batch = rollout.samples(nets, self.gae, self.gamma, self.lam)  # [S, T·N, …]
        advantage = standardised(batch.advantage) if self.normalise_advantage else batch.advantage

        # −E[log π(a|s) Â] + c_v E[(V(s) − y)²] − c_e E[H(π(·|s))]
        pi, value = nets.policy(batch.obs), nets.critic(batch.obs)
        log_prob, entropy = pi.log_prob(batch.action), pi.entropy()
        loss = self.loss(
            log_prob, advantage, value, batch.target, entropy, self.value_weight, self.entropy_weight
        )  # [S]
        loss.sum().backward()
        if self.max_grad_norm is not None:
            limit_norm([nets.policy, nets.critic], self.max_grad_norm)
        nets.policy_optimiser.step(self.learning_rate)
        nets.critic_optimiser.step(self.learning_rate)
        return {
            "loss": loss.detach(), "entropy": entropy.detach().mean(-1),
            "explained_variance": objectives.explained_variance(batch.value, batch.target),
            "policy_grad_norm": nets.policy.grad_norm(), "critic_grad_norm": nets.critic.grad_norm(),
        }  # fmt: skip
