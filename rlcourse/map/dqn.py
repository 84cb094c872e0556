"""Value, off-policy: DQN.

    E[L(y − Q(s, a))],  y = r + γ max_a′ Q′(s′, a′);  Double DQN: y = r + γ Q′(s′, argmax_a′ Q(s′, a′))

Q-learning with a network, a memory whose samples are mixed, and a target Q′ that follows Q slowly (the paper
copies it every few thousand steps). L is Huber's loss, u²/2 up to |u| = 1 and straight beyond.

Sources (from memory): Mnih et al. 2015, "Human-level control through deep reinforcement learning"; van
Hasselt, Guez and Silver 2016, "Deep Reinforcement Learning with Double Q-learning".
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch.nn.functional import huber_loss

from rlcourse.agents import GreedyAgent, Spaces
from rlcourse.equations.returns import td_target
from rlcourse.map.coins import SETTINGS, on_coins
from rlcourse.parts.action_values import ActionValues, of_action
from rlcourse.parts.adam import Adam
from rlcourse.parts.memory import Batch
from rlcourse.parts.networks import Networks
from rlcourse.parts.randomness import Streams
from rlcourse.parts.settings import fixed


@dataclass(frozen=True)
class DQN:
    """Q-learning with a network: replay, a target network, and a random action now and then."""

    gamma: float = 0.99  # γ  discount
    tau: float = 0.01  # τ  target-network step
    copy_every: int = 1  # C  updates between two steps of the target network
    learning_rate: float = 1e-3
    batch_size: int = 64  # B  transitions per update
    clip_error: float = 1.0  # beyond which L is straight: the derivative of an error is clipped to ± it
    double: bool = False  # the online network chooses, the target network says what it is worth
    num_envs: int = fixed(1)  # N  environments per seed
    learn_every: int = 1  # steps of the N environments between two rounds of learning
    updates: int = 1  # updates in each round
    epsilon: float = 0.05  # ε  share of random actions, once it has fallen
    exploration: float = 0.2  # the share of training over which ε falls from 1
    capacity: int = fixed(50_000)  # transitions that replay remembers
    warmup: int = fixed(500)  # steps of random actions before learning
    hidden: tuple[int, ...] = fixed((64, 64))  # widths of the hidden layers

    agent: ClassVar = GreedyAgent

    def networks(self, spaces: Spaces, streams: Streams) -> Networks:
        critics = ActionValues(spaces, self.hidden, streams)
        return Networks(critics=critics, critic_optimiser=Adam(critics), target_critics=critics.copy())

    def update(self, nets: Networks, batch: Batch, rng: Streams) -> dict[str, torch.Tensor]:
        """One step of Q and its target. batch: S seeds × B transitions."""
        with torch.no_grad():
            # y = r + γ Q′(s′, a*),  a* = argmax_a′ Q′(s′, a′), or of Q(s′, a′) if double
            worth = nets.target_critics(batch.next_obs)[..., 0]  # [S, B, A]
            choosing = nets.critics(batch.next_obs)[..., 0] if self.double else worth
            next_value = of_action(worth, choosing.argmax(-1))
            y = td_target(batch.reward, batch.terminated, next_value, self.gamma)
        # E[L(y − Q(s, a))]
        q = of_action(nets.critics(batch.obs)[..., 0], batch.action[..., 0].long())
        huber_loss(q, y, "none", self.clip_error).mean(-1).sum().backward()
        nets.critic_optimiser.step(self.learning_rate)
        if nets.critic_optimiser.t[0] % self.copy_every == 0:
            nets.target_critics.follow(nets.critics, self.tau)
        return {"q": q, "td_error": y - q}


# Rounds of 128 updates towards a target that stays as it was when the round began: after k rounds the values
# look k steps ahead. From memory, a late rl-zoo's settings for Stable-Baselines3's DQN, without its limit of
# 10 on the gradient's norm.
POLE = DQN(
    tau=1.0, copy_every=128, learn_every=256, updates=128, learning_rate=2.3e-3, epsilon=0.04,
    exploration=0.16, capacity=100_000, warmup=1000, hidden=(256, 256),
)  # fmt: skip

# The rewards are noise, so errors are not clipped: clipped ones vanish at 1/3, where the mean is 0.2.
COINS = DQN(**SETTINGS, hidden=(32,), clip_error=10.0)
METHODS = {
    "dqn": on_coins(
        "DQN", "Mnih et al. 2015, “Human-level control through deep reinforcement learning”",
        "Q-learning with a network, a memory of mixed steps and a target that waits", COINS,
    ),
    "double_dqn": on_coins(
        "Double DQN",
        "van Hasselt, Guez and Silver 2016, “Deep Reinforcement Learning with Double Q-learning”",
        "the network chooses the best action, its slow copy says what it is worth",
        replace(COINS, double=True),
    ),
}  # fmt: skip
