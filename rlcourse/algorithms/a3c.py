"""Asynchronous advantage actor-critic, on simulated workers.

Source (from memory): Mnih et al. 2016, "Asynchronous Methods for Deep Reinforcement Learning", section 4,
with Adam in the place of RMSProp.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch

from rlcourse.agents import LaggedAgent, Rollout, Spaces
from rlcourse.agents.samples import standardised
from rlcourse.equations import objectives
from rlcourse.equations.returns import gae
from rlcourse.parts.adam import Adam, limit_norm
from rlcourse.parts.networks import Networks, StateValue, StochasticPolicy
from rlcourse.parts.randomness import Streams
from rlcourse.parts.settings import equation, fixed


@dataclass(frozen=True)
class A3C:
    """A2C's gradient, taken where a worker stands; its step, from where the others have moved the parameters.

    With one worker and no lag it is A2C, bit for bit.
    """

    gamma: float = 0.98  # γ  discount
    lam: float = 1.0  # λ  of generalised advantage estimation; 1: the n-step advantage
    learning_rate: float = 1e-3  # Adam's step size
    workers: int = fixed(8)  # k  workers, each of which updates by itself
    lag: int = 0  # updates that parameters are old when a worker takes them
    shuffle: bool = True  # the order of a round is drawn anew; otherwise workers go in turn
    num_envs: int = fixed(8)  # N  environments per seed, shared by the workers
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
    gae: Callable = equation(gae, over="time")  # Â
    loss: Callable = equation(objectives.a2c_loss, over="loss")  # what is minimised

    agent: ClassVar = LaggedAgent
    usual_steps: ClassVar = 100_000
    look: ClassVar = ("grey", "dash-dot-dot")

    def networks(self, spaces: Spaces, streams: Streams) -> Networks:
        start = "orthogonal" if self.orthogonal else "uniform"
        policy = StochasticPolicy(spaces, self.hidden, streams, self.log_std, self.activation, start)
        critic = StateValue(spaces, self.hidden, streams, self.activation, start)
        return Networks(
            policy=policy, policy_optimiser=Adam(policy, eps=1e-5),
            critic=critic, critic_optimiser=Adam(critic, eps=1e-5),
            worker=Networks(policy=policy.copy(), critic=critic.copy()),  # θ′ of the worker whose turn it is
        )  # fmt: skip

    def update(self, nets: Networks, rollout: Rollout, rng: Streams) -> dict[str, torch.Tensor]:
        """One worker's turn. Losses average over its batch and sum over seeds."""
        # Where the worker stands: Â and y = Â + V, the losses and their gradients, all at θ′
        worker = nets.worker
        batch = rollout.samples(worker, self.gae, self.gamma, self.lam)  # [S, T·N/k, …]
        advantage = standardised(batch.advantage) if self.normalise_advantage else batch.advantage
        pi, value = worker.policy(batch.obs), worker.critic(batch.obs)
        log_prob, entropy = pi.log_prob(batch.action), pi.entropy()
        loss = self.loss(
            log_prob, advantage, value, batch.target, entropy, self.value_weight, self.entropy_weight
        )  # [S]
        loss.sum().backward()

        # Where the learner stands by now: θ ← θ − α g(θ′)
        nets.policy.grad.copy_(worker.policy.grad)
        nets.critic.grad.copy_(worker.critic.grad)
        if self.max_grad_norm is not None:
            limit_norm([nets.policy, nets.critic], self.max_grad_norm)
        nets.policy_optimiser.step(self.learning_rate)
        nets.critic_optimiser.step(self.learning_rate)
        return {
            "loss": loss.detach(), "entropy": entropy.detach().mean(-1),
            "explained_variance": objectives.explained_variance(batch.value, batch.target),
            "policy_grad_norm": nets.policy.grad_norm(), "critic_grad_norm": nets.critic.grad_norm(),
        }  # fmt: skip
