"""Value, off-policy: C51.

    E[−Σ_i m_i log p_i(s, a)],  m = Φ(r + γ z, p′(s′, a*)),  a* = argmax_a Σ_i z_i p′_i(s′, a)

Not the mean of the return is learnt, but how probable each of 51 values z_i is. The target's values r + γ z_j
lie between those, and Φ shares their probability among the two neighbours.

Source (from memory): Bellemare, Dabney and Munos 2017, "A Distributional Perspective on Reinforcement
Learning", algorithm 1.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from rlcourse.agents import GreedyAgent, Spaces
from rlcourse.equations.distributional import projected
from rlcourse.equations.returns import td_target
from rlcourse.map.coins import SETTINGS, on_coins
from rlcourse.parts.action_values import ActionValues, of_action
from rlcourse.parts.adam import Adam
from rlcourse.parts.memory import Batch
from rlcourse.parts.networks import Networks
from rlcourse.parts.randomness import Streams
from rlcourse.parts.settings import fixed


@dataclass(frozen=True)
class C51:
    """The probabilities of 51 returns between `lowest` and `highest`, for each action."""

    gamma: float = 0.99  # γ  discount
    tau: float = 0.01  # τ  target-network step
    learning_rate: float = 1e-3
    batch_size: int = 64  # B  transitions per update
    lowest: float = fixed(0.0)  # z_1
    highest: float = fixed(100.0)  # z_N
    atoms: int = fixed(51)  # N
    num_envs: int = fixed(1)  # N  environments per seed
    updates: int = 1  # updates after each step of the N environments
    epsilon: float = 0.05  # ε  share of random actions, once it has fallen
    exploration: float = 0.2  # the share of training over which ε falls from 1
    capacity: int = fixed(50_000)  # transitions that replay remembers
    warmup: int = fixed(500)  # steps of random actions before learning
    hidden: tuple[int, ...] = fixed((64, 64))  # widths of the hidden layers

    agent: ClassVar = GreedyAgent

    def networks(self, spaces: Spaces, streams: Streams) -> Networks:
        z = np.linspace(self.lowest, self.highest, self.atoms)
        critics = ActionValues(spaces, self.hidden, streams, atoms=z)
        return Networks(critics=critics, critic_optimiser=Adam(critics), target_critics=critics.copy())

    def update(self, nets: Networks, batch: Batch, rng: Streams) -> dict[str, torch.Tensor]:
        """One step of p and its target. batch: S seeds × B transitions."""
        z = torch.from_numpy(nets.critics.atoms)
        with torch.no_grad():
            # m = Φ(r + γ z, p′(s′, a*))
            numbers = nets.target_critics(batch.next_obs)  # [S, B, A, N]
            best = nets.target_critics.values(numbers).argmax(-1)
            p_next = of_action(numbers, best).softmax(-1)
            shape = p_next.shape
            y = td_target(*(x[..., None].expand(shape) for x in (batch.reward, batch.terminated)),
                          z.expand(shape), self.gamma)  # fmt: skip
            m = projected(y, p_next, z)
        # E[−Σ_i m_i log p_i(s, a)]
        log_p = of_action(nets.critics(batch.obs), batch.action[..., 0].long()).log_softmax(-1)
        (-(m * log_p).sum(-1)).mean(-1).sum().backward()
        nets.critic_optimiser.step(self.learning_rate)
        nets.target_critics.follow(nets.critics, self.tau)
        q = log_p.detach().exp() @ z
        return {"q": q, "td_error": m @ z - q}


METHOD = on_coins(
    "C51",
    "Bellemare, Dabney and Munos 2017, “A Distributional Perspective on Reinforcement Learning”",
    "learn how probable each return is, not only its mean",
    C51(**SETTINGS, hidden=(32,), lowest=-3.0, highest=3.0),
    distance=0.25,
)
