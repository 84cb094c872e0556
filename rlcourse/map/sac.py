"""Policy, off-policy: SAC.

    π* = argmax E[Σ_t γ^t (r_t + α H(π(·|s_t)))] ∝ exp(Q(s, a)/α),  V(s) = α log ∫ exp(Q(s, a)/α) da

Entropy is paid for, so that the policy explores; its price α moves until the entropy is as asked for.
Source (from memory): Haarnoja et al. 2018, "Soft Actor-Critic Algorithms and Applications".
"""

from dataclasses import dataclass
from typing import ClassVar

import torch

from rlcourse.agents import OffPolicyAgent, Spaces
from rlcourse.equations.returns import td_target
from rlcourse.map.record import Claim, Loop, Method, Point
from rlcourse.parts.adam import Adam
from rlcourse.parts.aims import Peak
from rlcourse.parts.memory import Batch
from rlcourse.parts.networks import ActionValue, Networks
from rlcourse.parts.randomness import Streams
from rlcourse.parts.settings import fixed
from rlcourse.parts.squashed import SquashedPolicy


@dataclass(frozen=True)
class SAC:
    """An actor that imitates exp(Q/α), twin critics of the soft return, and a price α that finds itself."""

    gamma: float = 0.99  # γ  discount
    tau: float = 0.01  # τ  target-network step
    learning_rate: float = 3e-3  # of actor, critics and log α
    temperature: float = 0.2  # α at the start
    target_entropy: float = -1.0  # H̄, for each dimension of the action
    batch_size: int = 128  # B  transitions per update
    num_envs: int = fixed(1)  # N  environments per seed
    updates: int = 1  # updates after each step of the N environments
    capacity: int = fixed(200_000)  # transitions that replay remembers
    warmup: int = fixed(500)  # steps of uniform actions before learning
    hidden: tuple[int, ...] = fixed((64, 64))  # widths of the hidden layers

    agent: ClassVar = OffPolicyAgent

    def networks(self, spaces: Spaces, streams: Streams) -> Networks:
        actor = SquashedPolicy(spaces, self.hidden, streams)
        critics = ActionValue(spaces, self.hidden, streams, twins=True)
        log_alpha = torch.full((len(streams),), self.temperature).log()
        return Networks(
            actor=actor, actor_optimiser=Adam(actor), log_alpha=log_alpha,
            critics=critics, critic_optimiser=Adam(critics), target_critics=critics.copy(),
        )  # fmt: skip

    def update(self, nets: Networks, batch: Batch, rng: Streams) -> dict[str, torch.Tensor]:
        """One step of critics, actor, α and targets. batch: S seeds × B transitions."""
        noise = torch.from_numpy(rng.normal(2, *batch.action.shape[1:]))
        alpha = nets.log_alpha.exp()[:, None]  # [S, 1]
        with torch.no_grad():
            # Soft target: y = r + γ (min(Q′₁, Q′₂)(s′, a′) − α log π(a′|s′)),  a′ ~ π(·|s′)
            next_action, log_prob = nets.actor(batch.next_obs).draw(noise[:, 0])
            next_value = nets.target_critics(batch.next_obs, next_action).amin(1) - alpha * log_prob
            y = td_target(batch.reward, batch.terminated, next_value, self.gamma)
        # Critics: E[(y − Q₁(s, a))²] + E[(y − Q₂(s, a))²]
        q = nets.critics(batch.obs, batch.action)  # [S, 2, B]
        ((y[:, None] - q) ** 2).mean(-1).sum().backward()
        nets.critic_optimiser.step(self.learning_rate)
        # Actor: E[α log π(a|s) − min(Q₁, Q₂)(s, a)], a = tanh(μ(s) + σ(s) ξ)
        action, log_prob = nets.actor(batch.obs).draw(noise[:, 1])
        uphill = nets.critics.least_gradient(batch.obs, action)
        (alpha * log_prob - (uphill * action).sum(-1)).mean(-1).sum().backward()
        nets.actor_optimiser.step(self.learning_rate)
        # Price: log α ← log α + η E[log π(a|s) + H̄]: it rises while the entropy is too low
        entropy = -log_prob.detach().mean(-1)
        nets.log_alpha += self.learning_rate * (self.target_entropy * action.shape[-1] - entropy)
        nets.target_critics.follow(nets.critics, self.tau)
        return {"q": q, "td_error": y[:, None] - q, "entropy": entropy, "temperature": alpha[:, 0],
                "soft_value": next_value.mean(-1)}  # fmt: skip


PEAK = SAC(gamma=0.9, tau=0.1, learning_rate=1e-2, batch_size=64, warmup=100, capacity=5000, hidden=(32, 32))


def oracle(end: Point) -> list[Claim]:
    """The policy is π*, a bell at Q's peak, and entropy, α and V are its, in closed form (`Peak.soft`)."""
    alpha, sigma, value = Peak.soft(-1.0, PEAK.gamma)
    late = {name: x[:, -20:].mean(1) for name, x in end.found["metrics"].items() if x.ndim == 2}
    pi = end.found["policy"].network(torch.ones(len(end.measure), 1, 1)).detach()
    return [
        Claim("the entropy is H̄", late["entropy"], -1.0, 0.15),
        Claim("α = e^{2H̄}/(πe)", late["temperature"], alpha, 0.002),
        Claim("V = α log ∫ exp(Q/α) da", late["soft_value"], value, 0.1),
        Claim("π's peak is Q's", pi.mean[:, 0, 0].tanh().numpy(), Peak.peak, 0.05),
        Claim("π's width is √(α/2)", pi.log_std[:, 0, 0].exp().numpy() * (1 - Peak.peak**2), sigma, 0.03),
    ]


METHOD = Method(
    "SAC", "policy, off-policy", "Haarnoja et al. 2018, “Soft Actor-Critic Algorithms and Applications”",
    "be paid for staying random, and let the price find itself", "one state, one peak",
    Loop(PEAK, Peak, 1200, {"evaluation_episodes": 1}), oracle, bounds=(None, 0),
)  # fmt: skip
