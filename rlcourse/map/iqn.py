"""Value, off-policy: IQN.

    E[mean_ij ρ_τ_i(r + γ Z′_τ′_j(s′, a*) − Z_τ_i(s, a))],  τ, τ′ ~ U[0, 1],  a* = argmax_a E_τ[Z′_τ(s′, a)]

The quantile function itself is learnt: τ is an input, drawn anew for each transition, so that no number of
quantiles is chosen beforehand.

Source (from memory): Dabney, Ostrovski, Silver and Munos 2018, "Implicit Quantile Networks for Distributional
Reinforcement Learning".
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from rlcourse.agents import GreedyAgent, Spaces
from rlcourse.equations.distributional import quantile_huber
from rlcourse.equations.returns import td_target
from rlcourse.map.coins import SETTINGS, on_coins
from rlcourse.parts.action_values import ImplicitQuantiles, of_action
from rlcourse.parts.adam import Adam
from rlcourse.parts.memory import Batch
from rlcourse.parts.networks import Networks
from rlcourse.parts.randomness import Streams
from rlcourse.parts.settings import fixed


@dataclass(frozen=True)
class IQN:
    """Any quantile of the return, for each action: τ is an input."""

    gamma: float = 0.99  # γ  discount
    tau: float = 0.01  # τ  target-network step
    learning_rate: float = 1e-3
    batch_size: int = 64  # B  transitions per update
    quantiles: int = fixed(8)  # N  drawn for each transition, on both sides
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
        critics = ImplicitQuantiles(spaces, self.hidden, streams)
        return Networks(critics=critics, critic_optimiser=Adam(critics), target_critics=critics.copy())

    def update(self, nets: Networks, batch: Batch, rng: Streams) -> dict[str, torch.Tensor]:
        """One step of Z and its target. batch: S seeds × B transitions."""
        size = (batch.reward.shape[1], self.quantiles)
        tau, tau_next, tau_acting = torch.from_numpy(rng.uniform(3, *size).astype(np.float32)).unbind(1)
        with torch.no_grad():
            # y_j = r + γ Z′_τ′_j(s′, a*)
            best = nets.target_critics(batch.next_obs, tau_acting).mean(-1).argmax(-1)
            z_next = of_action(nets.target_critics(batch.next_obs, tau_next), best)  # [S, B, N]
            r, terminated = (x[..., None].expand(z_next.shape) for x in (batch.reward, batch.terminated))
            y = td_target(r, terminated, z_next, self.gamma)
        # E[mean_i mean_j ρ_τ_i(y_j − Z_τ_i(s, a))]
        z = of_action(nets.critics(batch.obs, tau), batch.action[..., 0].long())
        rho = quantile_huber(y[..., None, :] - z[..., None], tau[..., None], self.kappa)  # [S, B, i, j]
        rho.mean((-1, -2)).mean(-1).sum().backward()
        nets.critic_optimiser.step(self.learning_rate)
        nets.target_critics.follow(nets.critics, self.tau)
        q = z.detach().mean(-1)
        return {"q": q, "td_error": y.mean(-1) - q}


METHOD = on_coins(
    "IQN",
    "Dabney et al. 2018, “Implicit Quantile Networks for Distributional Reinforcement Learning”",
    "learn the quantile function itself: which quantile is an input",
    IQN(**SETTINGS, hidden=(64, 64), quantiles=32, kappa=0.05),
    distance=0.35,
)
