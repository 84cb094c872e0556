"""Deep deterministic policy gradient.

Source: Lillicrap et al. 2016, "Continuous control with deep reinforcement learning".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch

from rlcourse.agents import OffPolicyAgent, Spaces
from rlcourse.equations.returns import td_target
from rlcourse.parts.adam import Adam
from rlcourse.parts.memory import Batch
from rlcourse.parts.networks import ActionValue, DeterministicPolicy, Networks
from rlcourse.parts.noise import GaussianNoise, OUNoise
from rlcourse.parts.randomness import Streams
from rlcourse.parts.settings import equation, fixed


@dataclass(frozen=True)
class DDPG:
    """The deterministic policy gradient with deep networks: replay, exploration noise, target networks."""

    gamma: float = 0.99  # γ  discount
    tau: float = 0.005  # τ  target-network step
    actor_lr: float = 1e-3  # actor's learning rate
    critic_lr: float = 1e-3  # critic's learning rate
    batch_size: int = 128  # B  transitions per update
    num_envs: int = fixed(1)  # N  environments per seed
    updates: int = 1  # updates after each step of the N environments
    capacity: int = fixed(200_000)  # transitions that replay remembers
    warmup: int = fixed(500)  # steps of uniform actions before learning
    normalise_observation: bool = fixed(False)  # running mean and variance
    hidden: tuple[int, ...] = fixed((64, 64))  # widths of the hidden layers
    noise: OUNoise | GaussianNoise = OUNoise(sigma=0.1)  # exploration, in units of the action range [−1, 1]
    target: Callable = equation(td_target)  # y; homework 3 plugs in here

    agent: ClassVar = OffPolicyAgent
    usual_steps: ClassVar = 20_000
    look: ClassVar = ("orange", "dashes")

    def networks(self, spaces: Spaces, streams: Streams) -> Networks:
        actor = DeterministicPolicy(spaces, self.hidden, streams)
        critic = ActionValue(spaces, self.hidden, streams)
        return Networks(
            actor=actor, actor_optimiser=Adam(actor), target_actor=actor.copy(),
            critics=critic, critic_optimiser=Adam(critic), target_critics=critic.copy(),
        )  # fmt: skip

    def update(self, nets: Networks, batch: Batch, rng: Streams) -> dict[str, torch.Tensor]:
        """One step of critic, actor and targets.

        batch: S seeds × B transitions. Losses average over B and sum over seeds, which do not mix.
        """
        with torch.no_grad():
            # y = r + γ Q′(s′, μ′(s′))
            next_action = nets.target_actor(batch.next_obs)
            next_value = nets.target_critics(batch.next_obs, next_action)  # [S, B]
            y = self.target(batch.reward, batch.terminated, next_value, self.gamma)

        # Critic, downhill: ∇ of E[(y − Q(s, a))²]
        q = nets.critics.regress(batch.obs, batch.action, y)
        nets.critic_optimiser.step(self.critic_lr)

        # Actor, uphill: ∇_θ E[Q(s, μ(s))] = E[∇_a Q(s, a) ∇_θ μ(s)] at a = μ(s)  (Silver et al. 2014)
        action, pull = nets.actor.vjp(batch.obs)
        uphill = nets.critics.action_gradient(batch.obs, action) / action.shape[1]  # the mean over B
        pull(-uphill)
        nets.actor_optimiser.step(self.actor_lr)

        # Targets: θ′ ← τ θ + (1 − τ) θ′
        nets.target_critics.follow(nets.critics, self.tau)
        nets.target_actor.follow(nets.actor, self.tau)
        return {"q": q, "td_error": y - q}
