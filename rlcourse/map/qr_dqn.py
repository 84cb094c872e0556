"""Value, off-policy: QR-DQN.

    E[Σ_i mean_j ρ_τ_i(r + γ θ′_j(s′, a*) − θ_i(s, a))],  τ_i = (2i − 1)/(2N),  a* = argmax_a Σ_j θ′_j(s′, a)

The law of the return as N values of equal probability, its quantiles. They go where they are needed: no
range has to be known beforehand, and nothing is projected.

Source (from memory): Dabney, Rowland, Bellemare and Munos 2018, "Distributional Reinforcement Learning with
Quantile Regression".
"""

from dataclasses import dataclass
from typing import ClassVar

import torch

from rlcourse.agents import GreedyAgent, Spaces
from rlcourse.equations.distributional import quantile_huber
from rlcourse.equations.returns import td_target
from rlcourse.map.coins import SETTINGS, on_coins
from rlcourse.parts.action_values import ActionValues, of_action
from rlcourse.parts.adam import Adam
from rlcourse.parts.memory import Batch
from rlcourse.parts.networks import Networks
from rlcourse.parts.randomness import Streams
from rlcourse.parts.settings import fixed


@dataclass(frozen=True)
class QRDQN:
    """N quantiles of the return, for each action."""

    gamma: float = 0.99  # γ  discount
    tau: float = 0.01  # τ  target-network step
    learning_rate: float = 1e-3
    batch_size: int = 64  # B  transitions per update
    quantiles: int = fixed(32)  # N
    kappa: float = 1.0  # κ  where Huber's loss becomes straight
    num_envs: int = fixed(1)  # N  environments per seed
    updates: int = 1  # updates after each step of the N environments
    epsilon: float = 0.05  # ε  share of random actions, once it has fallen
    exploration: float = 0.2  # the share of training over which ε falls from 1
    capacity: int = fixed(50_000)  # transitions that replay remembers
    warmup: int = fixed(500)  # steps of random actions before learning
    hidden: tuple[int, ...] = fixed((64, 64))  # widths of the hidden layers

    agent: ClassVar = GreedyAgent

    def networks(self, spaces: Spaces, streams: Streams) -> Networks:
        critics = ActionValues(spaces, self.hidden, streams, self.quantiles)
        return Networks(critics=critics, critic_optimiser=Adam(critics), target_critics=critics.copy())

    def update(self, nets: Networks, batch: Batch, rng: Streams) -> dict[str, torch.Tensor]:
        """One step of θ and its target. batch: S seeds × B transitions."""
        with torch.no_grad():
            # y_j = r + γ θ′_j(s′, a*)
            numbers = nets.target_critics(batch.next_obs)  # [S, B, A, N]
            theta_next = of_action(numbers, numbers.mean(-1).argmax(-1))
            r, terminated = (x[..., None].expand(theta_next.shape) for x in (batch.reward, batch.terminated))
            y = td_target(r, terminated, theta_next, self.gamma)
        # E[Σ_i mean_j ρ_τ_i(y_j − θ_i(s, a))]
        theta = of_action(nets.critics(batch.obs), batch.action[..., 0].long())
        tau = (torch.arange(self.quantiles) + 0.5) / self.quantiles
        rho = quantile_huber(y[..., None, :] - theta[..., None], tau[:, None], self.kappa)  # [S, B, i, j]
        rho.mean(-1).sum(-1).mean(-1).sum().backward()
        nets.critic_optimiser.step(self.learning_rate)
        nets.target_critics.follow(nets.critics, self.tau)
        q = theta.detach().mean(-1)
        return {"q": q, "td_error": y.mean(-1) - q}


METHOD = on_coins(
    "QR-DQN",
    "Dabney et al. 2018, “Distributional Reinforcement Learning with Quantile Regression”",
    "learn the return's quantiles, which need no range",
    QRDQN(**SETTINGS, hidden=(32,), kappa=0.05),
    distance=0.2,
)
