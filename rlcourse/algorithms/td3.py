"""Twin delayed DDPG.

Source: Fujimoto et al. 2018, "Addressing Function Approximation Error in Actor-Critic Methods",
algorithm 1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch

from rlcourse.agents import OffPolicyAgent, Spaces
from rlcourse.equations.returns import twin_target
from rlcourse.parts.adam import Adam
from rlcourse.parts.memory import Batch
from rlcourse.parts.networks import ActionValue, DeterministicPolicy, Networks
from rlcourse.parts.noise import GaussianNoise, OUNoise
from rlcourse.parts.randomness import Streams
from rlcourse.parts.settings import equation, fixed


@dataclass(frozen=True)
class TD3:
    """DDPG with three remedies for overestimation: smoothing, twin critics, delay."""

    gamma: float = 0.99  # γ  discount
    tau: float = 0.005  # τ  target-network step
    actor_lr: float = 1e-3  # actor's learning rate
    critic_lr: float = 1e-3  # critics' learning rate
    batch_size: int = 128  # B  transitions per update
    num_envs: int = fixed(1)  # N  environments per seed
    updates: int = 1  # updates after each step of the N environments
    capacity: int = fixed(200_000)  # transitions that replay remembers
    warmup: int = fixed(500)  # steps of uniform actions before learning
    normalise_observation: bool = fixed(False)  # running mean and variance
    hidden: tuple[int, ...] = fixed((64, 64))  # widths of the hidden layers
    noise: OUNoise | GaussianNoise = GaussianNoise(0.1)  # exploration, in units of the action range [−1, 1]
    policy_delay: int = 2  # d  critic updates per actor update
    target_noise: float = 0.2  # σ̃  smoothing noise
    noise_clip: float = 0.5  # c  its bound
    target: Callable = equation(twin_target)  # y; homework 3 plugs in here

    agent: ClassVar = OffPolicyAgent
    usual_steps: ClassVar = 20_000
    look: ClassVar = ("blue", "solid")

    def networks(self, spaces: Spaces, streams: Streams) -> Networks:
        actor = DeterministicPolicy(spaces, self.hidden, streams)
        critics = ActionValue(spaces, self.hidden, streams, twins=True)
        return Networks(
            actor=actor, actor_optimiser=Adam(actor), target_actor=actor.copy(),
            critics=critics, critic_optimiser=Adam(critics), target_critics=critics.copy(),
            updates=0,
        )  # fmt: skip

    def update(self, nets: Networks, batch: Batch, rng: Streams) -> dict[str, torch.Tensor]:
        """One step of the critics; every d steps one of actor and targets.

        batch: S seeds × B transitions. Losses average over B and sum over twins and seeds, which do not mix.
        """
        with torch.no_grad():
            # Smoothing: a′ = clip(μ′(s′) + clip(ε, −c, c), −1, 1),  ε ~ N(0, σ̃²) per sample and dimension
            epsilon = self.target_noise * torch.from_numpy(rng.normal(*batch.action.shape[1:]))
            smoothing = epsilon.clamp(-self.noise_clip, self.noise_clip)
            next_action = (nets.target_actor(batch.next_obs) + smoothing).clamp(-1, 1)

            # Twin critics: y = r + γ min(Q′₁(s′, a′), Q′₂(s′, a′))
            first, second = nets.target_critics(batch.next_obs, next_action).unbind(1)  # [S, B] each
            y = self.target(batch.reward, batch.terminated, first, second, self.gamma)

        # Critics, downhill: ∇ of E[(y − Q₁(s, a))²] + E[(y − Q₂(s, a))²]
        q = nets.critics.regress(batch.obs, batch.action, y)  # [S, 2, B]
        nets.critic_optimiser.step(self.critic_lr)

        # Delay: actor and targets move once every d critic updates
        nets.updates += 1
        if nets.updates % self.policy_delay == 0:
            # Actor, uphill: ∇_θ E[Q₁(s, μ(s))] = E[∇_a Q₁(s, a) ∇_θ μ(s)] at a = μ(s)
            action, pull = nets.actor.vjp(batch.obs)
            uphill = nets.critics.action_gradient(batch.obs, action) / action.shape[1]  # the mean over B
            pull(-uphill)
            nets.actor_optimiser.step(self.actor_lr)
            nets.target_critics.follow(nets.critics, self.tau)
            nets.target_actor.follow(nets.actor, self.tau)
        return {"q": q, "td_error": y[:, None] - q}
