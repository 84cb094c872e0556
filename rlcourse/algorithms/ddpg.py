"""Deep deterministic policy gradient.

Source: Lillicrap et al. 2016, "Continuous control with deep reinforcement learning".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch

from rlcourse.equations.returns import td_target
from rlcourse.parts.agents import DeterministicNets, OffPolicyAgent
from rlcourse.parts.noise import GaussianNoise, OUNoise
from rlcourse.parts.settings import fixed


@dataclass(frozen=True)
class DDPG:
    """Replay, exploration noise and target networks make the deterministic policy gradient work with deep
    networks.
    """

    gamma: float = 0.99  # γ  discount
    tau: float = 0.005  # τ  target-network step
    actor_lr: float = 1e-3  # actor's learning rate
    critic_lr: float = 1e-3  # critic's learning rate
    batch_size: int = 128  # B  transitions per update
    capacity: int = fixed(200_000)  # transitions that replay remembers
    warmup: int = fixed(500)  # steps of uniform actions before learning
    hidden: tuple[int, ...] = fixed((64, 64))  # widths of the hidden layers
    noise: OUNoise | GaussianNoise = OUNoise(sigma=0.1)  # exploration, in units of the action range [−1, 1]
    target: Callable = td_target  # y; homework 3 plugs in here

    agent: ClassVar = OffPolicyAgent
    usual_steps: ClassVar = 20_000
    look: ClassVar = ("orange", "dashes")

    def networks(self, spaces, streams):
        return DeterministicNets.build(spaces, self.hidden, streams, twins=False)

    @torch.no_grad()
    def update(self, nets, batch, rng):
        """One step of critic, actor and targets.

        batch: S seeds × B transitions; averages over B; seeds do not mix.
        """
        B = batch.reward.shape[-1]

        # y = r + γ Q′(s′, μ′(s′))
        next_action = nets.target_actor.forward(batch.next_obs)
        next_value = nets.q(nets.target_critics, batch.next_obs, next_action)  # [S, B]
        y = self.target(batch.reward, batch.terminated, next_value, self.gamma)

        # Critic: ∇_w E[(y − Q(s, a))²] = −2 E[(y − Q(s, a)) ∇_w Q(s, a)]
        q = nets.q(nets.critics, batch.obs, batch.action)
        error = y - q
        nets.critics.backward(-2 / B * error)
        nets.critic_optimiser.step(self.critic_lr)

        # Actor, uphill: ∇_θ E[Q(s, μ(s))] = E[∇_a Q(s, a) ∇_θ μ(s)] at a = μ(s)  (Silver et al. 2014)
        action = nets.actor.forward(batch.obs)
        nets.actor.backward(-1 / B * nets.action_gradient(batch.obs, action))
        nets.actor_optimiser.step(self.actor_lr)

        # Targets: θ′ ← τ θ + (1 − τ) θ′
        nets.target_critics.follow(nets.critics, self.tau)
        nets.target_actor.follow(nets.actor, self.tau)
        return {"q": q, "td_error": error}
