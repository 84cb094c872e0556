"""Trust-region policy optimisation.

Source: Schulman et al. 2015, "Trust Region Policy Optimization", section 6 and appendix C.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch

from rlcourse.agents import OnPolicyAgent, Rollout, Spaces, VineAgent
from rlcourse.agents.samples import fit_critic, standardised
from rlcourse.equations import objectives
from rlcourse.equations.returns import gae
from rlcourse.equations.solvers import (
    conjugate_gradient,
    fisher_vector_product,
    flat_gradient,
    line_search,
    step_length,
)
from rlcourse.parts.adam import Adam
from rlcourse.parts.networks import Networks, StateValue, StochasticPolicy
from rlcourse.parts.randomness import Streams
from rlcourse.parts.settings import equation, fixed


@dataclass(frozen=True)
class TRPO:
    """Maximise E[ r(θ) Â ] subject to E[ KL(π_old ‖ π_θ) ] ≤ δ.

    By a natural-gradient step of the right length, then a line search.
    """

    gamma: float = 0.98  # γ  discount
    lam: float = 0.95  # λ  of generalised advantage estimation
    max_kl: float = 0.03  # δ  size of the trust region, in nats
    damping: float = 0.01  # added to the Fisher matrix's diagonal
    cg_iterations: int = 10  # of conjugate gradient
    backtracks: int = 10  # trials of the line search
    shrink: float = 0.8  # step factor per trial
    fisher_fraction: float = 0.5  # share of the batch in Fisher-vector products
    fisher: Literal["analytic", "empirical"] = "analytic"  # Hessian of the KL, or scores of the actions taken
    constraint: Literal["mean", "max"] = "mean"  # KL of the batch that may not exceed δ
    damped_length: bool = True  # does the damping shorten the step too?
    num_envs: int = fixed(8)  # N  environments per seed
    horizon: int = fixed(512)  # T  steps per environment and batch
    branches: int = fixed(0)  # K  vine: actions tried in each state of the rollout set; 0: single path
    branch_states: int = fixed(64)  # n  vine: states of the rollout set, per seed and batch
    branch_steps: int = fixed(25)  # L  vine: length of each branch
    critic_lr: float = 1e-3  # Adam's step size for the critic
    critic_epochs: int = 10  # passes over a batch for the critic
    minibatch_size: int = 512  # of the critic's fit
    normalise_advantage: bool = True  # (Â − mean) / std over the batch: the step length does not depend on it
    normalise_observation: bool = fixed(False)  # running mean and variance
    normalise_reward: bool = fixed(True)  # by the running std of the discounted return
    orthogonal: bool = fixed(True)  # orthogonal initial weights, last policy layer × 0.01
    activation: Literal["tanh", "relu"] = fixed("tanh")
    log_std: float = fixed(0.0)  # initial log σ, actions in [−1, 1]: 0 is σ = 3 on ±3; many joints: try −1
    hidden: tuple[int, ...] = fixed((64, 64))  # widths of the hidden layers
    advantage: Callable = equation(gae, over="time")  # Â
    solver: Callable = equation(conjugate_gradient, "seed", arguments=3)  # F⁻¹g; homework 4 plugs in
    line_search: Callable = equation(line_search, "search")  # how far along the step; homework 5 plugs in
    critic_fit: Callable = fit_critic  # how V learns from a batch

    usual_steps: ClassVar = 100_000
    look: ClassVar = ("green", "dash-dot")

    @property
    def agent(self) -> type[OnPolicyAgent]:
        return VineAgent if self.branches else OnPolicyAgent

    def networks(self, spaces: Spaces, streams: Streams) -> Networks:
        start = "orthogonal" if self.orthogonal else "uniform"
        policy = StochasticPolicy(spaces, self.hidden, streams, self.log_std, self.activation, start)
        critic = StateValue(spaces, self.hidden, streams, self.activation, start)
        return Networks(policy=policy, critic=critic, critic_optimiser=Adam(critic, eps=1e-5))

    def update(self, nets: Networks, rollout: Rollout, rng: Streams) -> dict[str, torch.Tensor]:
        """One trust-region step of the policy, then a fit of the critic.

        Seeds are rows: each has its own g, F, step and search.
        """
        batch = rollout.samples(nets, self.advantage, self.gamma, self.lam)  # [S, T·N, …]
        advantage = standardised(batch.advantage) if self.normalise_advantage else batch.advantage

        # g = ∇_θ E[r(θ) Â] at θ_old
        log_prob = nets.policy.graph(batch.obs).log_prob(batch.action)
        old_gain = batch.surrogate(log_prob, advantage)
        g = flat_gradient(old_gain.sum(), nets.policy.parameters)

        # s ≈ F⁻¹g, and the longest step that the quadratic model allows: ½ (βs)ᵀF(βs) = δ
        every = max(1, round(1 / self.fisher_fraction))
        few = batch.obs[:, ::every]
        if self.fisher == "analytic":  # the Hessian of the KL at θ_old
            F = nets.policy.fisher_product(few, self.damping)
        else:  # E[∇log π ∇log πᵀ] over the actions of the batch
            log_pi = nets.policy.graph(few).log_prob(batch.action[:, ::every])
            distance = 0.5 * (log_pi - log_pi.detach()) ** 2
            F = fisher_vector_product(distance.mean(-1).sum(), nets.policy.parameters, self.damping)
        s = self.solver(F, g, self.cg_iterations)
        Fs = F(s) if self.damped_length else F(s) - self.damping * s
        full_step = step_length(s, Fs, self.max_kl) * s

        @torch.no_grad()
        def move_to(theta):
            """Make θ the policy; its gain over θ_old and KL(π_old ‖ π_θ), [S] each."""
            nets.policy.flat.copy_(theta)
            new = nets.policy(batch.obs)
            gain, kl = batch.surrogate(new.log_prob(batch.action), advantage), batch.old.kl(new)
            return gain - old_gain.detach(), kl.mean(-1) if self.constraint == "mean" else kl.amax(-1)

        start = nets.policy.flat.clone()
        theta, fraction = self.line_search(
            move_to, start, full_step, self.max_kl, self.backtracks, self.shrink
        )
        gain, kl = move_to(theta)  # the search ends on the last step it tried, not on the one it chose
        nets.policy.keep_in_range()
        self.critic_fit(
            nets.critic, nets.critic_optimiser, batch, rng, self.critic_lr, self.critic_epochs,
            self.minibatch_size,
        )  # fmt: skip
        with torch.no_grad():
            entropy = nets.policy(few).entropy().mean(-1)
        return {
            "kl": kl, "surrogate_gain": gain, "step_fraction": fraction, "entropy": entropy,
            "explained_variance": objectives.explained_variance(batch.value, batch.target),
            "policy_grad_norm": g.norm(dim=1), "critic_grad_norm": nets.critic.grad_norm(),
        }  # fmt: skip
