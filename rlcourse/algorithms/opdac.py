"""Off-policy deterministic actor-critic.

Source (from memory): Silver et al. 2014, "Deterministic Policy Gradient Algorithms", sections 4.2 and 4.3.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch

from rlcourse.agents import EpisodicAgent, Rollout, Spaces, rows
from rlcourse.equations import linear, objectives
from rlcourse.equations.returns import discounts, td_target
from rlcourse.parts.adam import Adam
from rlcourse.parts.networks import Network, Networks, StochasticPolicy
from rlcourse.parts.randomness import Streams
from rlcourse.parts.settings import equation, fixed


@dataclass(frozen=True)
class OPDAC:
    """θ ← θ + α_θ E[ Σ_t γ^t ∇_θ μ(s_t) ∇_a Q_w(s_t, a)|_{a = μ(s_t)} ], Q_w by TD on the behaviour's data.

    The behaviour β is μ with Gaussian noise around it. Without hidden layers actor and critic are linear: the
    actor in the state, the critic in `features`. The compatible critic is
    Q_w(s, a) = (a − μ(s))ᵀ ∇_θμ(s)ᵀ w + V_v(s), in which w has an entry for each of θ's.
    """

    gamma: float = 0.95  # γ  discount
    actor_lr: float = 5e-3  # α_θ  Adam's step size
    critic_lr: float = 0.3  # α_w  Adam's step size, for a linear critic; for a network about 0.003
    critic_steps: int = 100  # of the critic a batch: one that lags tells slopes of a policy that is no more
    compatible: bool = fixed(False)  # the compatible critic; otherwise any Q_w(s, a)
    discount: bool = True  # γ^t in the actor's update: the objective is the return from the start
    noise: float = fixed(0.1)  # σ  of the behaviour (actions live in [−1, 1])
    num_envs: int = fixed(8)  # N  trajectories per seed and batch, side by side
    hidden: tuple[int, ...] = fixed(())  # widths of the actor's hidden layers; none: linear
    critic_hidden: tuple[int, ...] = fixed(())  # widths of the critic's
    activation: Literal["tanh", "relu"] = fixed("tanh")
    features: Callable = linear.quadratic  # what the critic sees of (s, a), or of s
    target: Callable = equation(td_target)  # y

    agent: ClassVar = EpisodicAgent
    usual_steps: ClassVar = 100_000
    look: ClassVar = ("olive", "sparse dots")

    def networks(self, spaces: Spaces, streams: Streams) -> Networks:
        if spaces.discrete:
            raise ValueError("OPDAC needs continuous actions, but this environment's are discrete; use A2C")
        log_sigma = torch.tensor(self.noise).log().item()
        policy = StochasticPolicy(spaces, self.hidden, streams, log_sigma, self.activation)  # β = N(μ, σ²)
        width = spaces.obs_size + (0 if self.compatible else spaces.action_size)
        sizes = (self.features(torch.zeros(width)).shape[-1], *self.critic_hidden, 1)
        critic = Network(sizes, (len(streams),), streams, self.activation)
        w = policy.copy()  # of the compatible critic: as many numbers as θ, 0 at first
        w.flat.zero_()
        return Networks(
            policy=policy, policy_optimiser=Adam(policy), critic=critic, critic_optimiser=Adam(critic),
            w=w, w_optimiser=Adam(w),
        )  # fmt: skip

    def update(self, nets: Networks, rollout: Rollout, rng: Streams) -> dict[str, torch.Tensor]:
        """The critic's steps on whole trajectories of β, then one of the actor.

        rollout: columns [T, S, N] of episodes one after the other. Actions count as the environment took
        them, within [−1, 1].
        """
        over = (rollout.terminated + rollout.truncated).clamp(max=1)
        episodes = torch.cat([over[:-1], torch.ones_like(over[:1])]).sum((0, 2))  # [S]
        s, a, after = rows(rollout.obs), rows(rollout.action).clamp(-1, 1), rows(rollout.next_obs)
        reward, terminated = rows(rollout.reward), rows(rollout.terminated)
        critic = (CompatibleCritic if self.compatible else QCritic)(nets, self.features, s, a)

        # Critic: δ = r + γ Q_w(s′, μ(s′)) − Q_w(s, a), w ← w + α_w E[δ ∇_w Q_w(s, a)]; β plays no part in y
        for _ in range(self.critic_steps):
            with torch.no_grad():
                y = self.target(reward, terminated, critic.of_own_action(after), self.gamma)
            error = critic.descend(y, self.critic_lr)

        # Actor, uphill: E[Σ_t γ^t ∇_θ μ(s_t) ∇_a Q_w(s_t, a)] at a = μ(s_t)
        weight = rows(discounts(rollout.reward, over, self.gamma)) if self.discount else 1 + 0 * reward
        mu = nets.policy(s).mean
        uphill = weight[..., None] * critic.action_gradient(mu.detach()) / episodes[:, None, None]
        mu.backward(-uphill)
        nets.policy_optimiser.step(self.actor_lr)
        return {
            "td_error": error.abs().mean(-1), "q_mean": y.mean(-1),
            "policy_grad_norm": nets.policy.grad_norm(), "critic_grad_norm": nets.critic.grad_norm(),
        }  # fmt: skip


class QCritic:
    """Q_w(s, a): a network that sees features of (s, a)."""

    def __init__(self, nets: Networks, features: Callable, s: torch.Tensor, a: torch.Tensor):
        self.nets, self.features, self.s, self.a = nets, features, s, a

    def _seen(self, s, a):
        return self.features(torch.cat([s, a], dim=-1))

    def of_own_action(self, s: torch.Tensor) -> torch.Tensor:
        return self.nets.critic(self._seen(s, self.nets.policy(s).mean)).squeeze(-1)

    def descend(self, y: torch.Tensor, learning_rate: float) -> torch.Tensor:
        """A semi-gradient step down ½ E[(Q_w(s, a) − y)²] on the data; the errors before it, [S, M]."""
        q = self.nets.critic(self._seen(self.s, self.a)).squeeze(-1)
        objectives.value_loss(q, y, dim=-1).sum().backward()
        self.nets.critic_optimiser.step(learning_rate)
        return q.detach() - y

    def action_gradient(self, mu: torch.Tensor) -> torch.Tensor:
        a = mu.clone().requires_grad_()
        q = self.nets.critic.graph(self._seen(self.s, a))
        return torch.autograd.grad(q.sum(), a)[0]


class CompatibleCritic:
    """Q_w(s, a) = φ(s, a)ᵀ w + V_v(s), φ = ∇_θ μ(s) (a − μ(s)): the features are β's scores, times σ²."""

    def __init__(self, nets: Networks, features: Callable, s: torch.Tensor, a: torch.Tensor):
        self.nets, self.features, self.s = nets, features, s
        self.phi = self._phi(a)

    def _phi(self, a):
        policy = self.nets.policy
        phi = policy.scores(self.s, a) * (2 * policy.extra.detach()).exp()[..., :1]
        phi[..., -policy.extra_size :] = 0  # μ does not depend on log σ
        return phi

    def of_own_action(self, s: torch.Tensor) -> torch.Tensor:
        return self.nets.critic(self.features(s)).squeeze(-1)  # φ(s, μ(s)) = 0

    def descend(self, y: torch.Tensor, learning_rate: float) -> torch.Tensor:
        advantage = (self.phi * self.nets.w.flat[:, None]).sum(-1)
        value = self.of_own_action(self.s)
        objectives.value_loss(value, y - advantage, dim=-1).sum().backward()
        error = value.detach() + advantage - y
        self.nets.w.grad.copy_((error[..., None] * self.phi).mean(1))
        self.nets.critic_optimiser.step(learning_rate)
        self.nets.w_optimiser.step(learning_rate)
        return error

    def action_gradient(self, mu: torch.Tensor) -> torch.Tensor:
        """∇_θ μ(s)ᵀ w, one dimension of the action after the other."""
        each = [self._phi(mu + unit) for unit in torch.eye(mu.shape[-1])]
        return torch.stack([(phi * self.nets.w.flat[:, None]).sum(-1) for phi in each], dim=-1)
