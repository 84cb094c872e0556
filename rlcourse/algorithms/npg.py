"""Natural policy gradient: steepest ascent where distance is the KL divergence between policies.

Source: Kakade 2001, "A Natural Policy Gradient"; conjugate gradient in the place of F⁻¹, and the step's
length, as in Schulman et al. 2015, "Trust Region Policy Optimization", appendix C.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch

from rlcourse.agents import OnPolicyAgent, Rollout, Spaces
from rlcourse.agents.samples import fit_critic, standardised
from rlcourse.equations import objectives
from rlcourse.equations.returns import gae
from rlcourse.equations.solvers import conjugate_gradient, flat_gradient, step_length
from rlcourse.parts.adam import Adam
from rlcourse.parts.networks import Networks, StateValue, StochasticPolicy
from rlcourse.parts.randomness import Streams
from rlcourse.parts.settings import equation, fixed


@dataclass(frozen=True)
class NPG:
    """θ ← θ + α F⁻¹g,  g = ∇η,  F = ∇² E[ KL(π_old ‖ π_θ) ],  α = √(2δ / gᵀF⁻¹g), or a fixed α.

    Nothing checks the step: that is what TRPO adds.
    """

    gamma: float = 0.98  # γ  discount
    lam: float = 0.95  # λ  of generalised advantage estimation
    max_kl: float = 0.01  # δ  KL that the quadratic model gives the step, in nats
    learning_rate: float | None = None  # a fixed α in the place of the one that δ gives
    damping: float = 0.01  # added to the Fisher matrix's diagonal
    cg_iterations: int = 10  # of conjugate gradient
    fisher_fraction: float = 0.5  # share of the batch in Fisher-vector products
    num_envs: int = fixed(8)  # N  environments per seed
    horizon: int = fixed(256)  # T  steps per environment and batch
    critic_lr: float = 1e-3  # Adam's step size for the critic
    critic_epochs: int = 10  # passes over a batch for the critic
    minibatch_size: int = 512  # of the critic's fit
    normalise_advantage: bool = True  # (Â − mean) / std over the batch
    normalise_observation: bool = fixed(False)  # running mean and variance
    normalise_reward: bool = fixed(True)  # by the running std of the discounted return
    orthogonal: bool = fixed(True)  # orthogonal initial weights, last policy layer × 0.01
    activation: Literal["tanh", "relu"] = fixed("tanh")
    log_std: float = fixed(0.0)  # initial log σ, actions in [−1, 1]: 0 is σ = 3 on ±3; many joints: try −1
    hidden: tuple[int, ...] = fixed((64, 64))  # widths of the hidden layers
    advantage: Callable = equation(gae, over="time")  # Â
    solver: Callable = equation(conjugate_gradient, "seed", arguments=3)  # F⁻¹g

    agent: ClassVar = OnPolicyAgent
    usual_steps: ClassVar = 100_000
    look: ClassVar = ("grey", "long-short")

    def networks(self, spaces: Spaces, streams: Streams) -> Networks:
        start = "orthogonal" if self.orthogonal else "uniform"
        policy = StochasticPolicy(spaces, self.hidden, streams, self.log_std, self.activation, start)
        critic = StateValue(spaces, self.hidden, streams, self.activation, start)
        return Networks(policy=policy, critic=critic, critic_optimiser=Adam(critic, eps=1e-5))

    def update(self, nets: Networks, rollout: Rollout, rng: Streams) -> dict[str, torch.Tensor]:
        """One natural step of the policy, then a fit of the critic. Seeds are rows: each has its own F."""
        batch = rollout.samples(nets, self.advantage, self.gamma, self.lam)  # [S, T·N, …]
        advantage = standardised(batch.advantage) if self.normalise_advantage else batch.advantage

        # g = ∇_θ E[log π_θ(a|s) Â] at θ_old
        log_prob = nets.policy.graph(batch.obs).log_prob(batch.action)
        g = flat_gradient((log_prob * advantage).mean(-1).sum(), nets.policy.parameters)

        # s ≈ F⁻¹g by products F v only
        few = batch.obs[:, :: max(1, round(1 / self.fisher_fraction))]
        F = nets.policy.fisher_product(few, self.damping)
        s = self.solver(F, g, self.cg_iterations)

        # θ ← θ + α s
        alpha = step_length(s, F(s), self.max_kl) if self.learning_rate is None else self.learning_rate
        with torch.no_grad():
            nets.policy.flat.add_(alpha * s)
            nets.policy.keep_in_range()
            kl = batch.old.kl(nets.policy(batch.obs)).mean(-1)
            entropy = nets.policy(few).entropy().mean(-1)
        fit_critic(
            nets.critic, nets.critic_optimiser, batch, rng, self.critic_lr, self.critic_epochs,
            self.minibatch_size,
        )  # fmt: skip
        return {
            "kl": kl, "step_norm": (alpha * s).norm(dim=1), "entropy": entropy,
            "explained_variance": objectives.explained_variance(batch.value, batch.target),
            "policy_grad_norm": g.norm(dim=1), "critic_grad_norm": nets.critic.grad_norm(),
        }  # fmt: skip
