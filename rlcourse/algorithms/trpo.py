"""Trust-region policy optimisation.

Source: Schulman et al. 2015, "Trust Region Policy Optimization", section 6 and appendix C.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch

from rlcourse.equations import objectives
from rlcourse.equations.returns import gae
from rlcourse.equations.solvers import conjugate_gradient, fisher_vector_product, flat_gradient, line_search
from rlcourse.parts.agents import OnPolicyAgent, StochasticNets, rows
from rlcourse.parts.settings import fixed


@dataclass(frozen=True)
class TRPO:
    """maximise E[ r(θ) Â ] subject to E[ KL(π_old ‖ π_θ) ] ≤ δ:
    a natural-gradient step of the right length, then a line search.
    """

    gamma: float = 0.98  # γ  discount
    lam: float = 0.95  # λ  of generalised advantage estimation
    max_kl: float = 0.03  # δ  size of the trust region, in nats
    damping: float = 0.01  # added to the Fisher matrix's diagonal
    cg_iterations: int = 10  # of conjugate gradient
    backtracks: int = 10  # trials of the line search
    shrink: float = 0.8  # step factor per trial
    fisher_fraction: float = 0.5  # share of the batch in Fisher-vector products
    num_envs: int = fixed(8)  # N  environments per seed
    horizon: int = fixed(512)  # T  steps per environment and batch
    critic_lr: float = 1e-3  # Adam's step size for the critic
    critic_epochs: int = 10  # passes over a batch for the critic
    minibatch_size: int = 512  # of the critic's fit
    normalise_advantage: bool = True  # (Â − mean) / std over the batch: the step length does not depend on it
    normalise_observation: bool = fixed(False)  # running mean and variance
    normalise_reward: bool = fixed(True)  # by the running std of the discounted return
    orthogonal: bool = fixed(True)  # orthogonal initial weights, last policy layer × 0.01
    activation: Literal["tanh", "relu"] = fixed("tanh")
    log_std: float = fixed(0.0)  # initial log σ of a Gaussian policy
    hidden: tuple[int, ...] = fixed((64, 64))  # widths of the hidden layers
    advantage: Callable = gae  # Â
    solver: Callable = conjugate_gradient  # F⁻¹g; homework 4 plugs in here

    agent: ClassVar = OnPolicyAgent
    usual_steps: ClassVar = 100_000
    look: ClassVar = ("green", "dash-dot")

    def networks(self, spaces, streams):
        return StochasticNets.build(
            spaces, self.hidden, streams, self.log_std, self.orthogonal, self.activation
        )

    def update(self, nets, rollout, rng):
        """One trust-region step of the policy, then a fit of the critic.

        Seeds are rows: each has its own g, F, step and search.
        """
        value, next_value = nets.values(rollout)
        advantage = self.advantage(
            rollout.reward, value, next_value, rollout.terminated, rollout.truncated, self.gamma, self.lam
        )
        data = (rollout.obs, rollout.action, advantage, value, advantage + value)
        obs, action, advantage, value, target = map(rows, data)  # [S, T·N, …]
        if self.normalise_advantage:
            centred = advantage - advantage.mean(-1, keepdim=True)
            advantage = centred / (centred.pow(2).mean(-1, keepdim=True).sqrt() + 1e-8)

        # g = ∇_θ E[r(θ) Â] at θ_old
        pi = nets.pi(obs)
        old, log_prob = pi.detach(), pi.log_prob(action)
        old_log_prob = log_prob.detach()
        parameters, start = nets.policy.parameters, nets.policy.flat.clone()
        old_gain = objectives.surrogate(log_prob, old_log_prob, advantage, dim=-1)
        g = flat_gradient(old_gain.sum(), parameters)

        # s ≈ F⁻¹g, and the longest step that the quadratic model allows: ½ (βs)ᵀF(βs) = δ
        few = obs[:, :: max(1, round(1 / self.fisher_fraction))]
        pi_few = nets.pi(few)
        F = fisher_vector_product(pi_few.detach().kl(pi_few).mean(-1).sum(), parameters, self.damping)
        s = self.solver(F, g, self.cg_iterations)
        curvature = (s * F(s)).sum(-1, keepdim=True).clamp(min=1e-20)
        full_step = (2 * self.max_kl / curvature).sqrt() * s

        @torch.no_grad()
        def evaluate(theta):
            nets.policy.flat.copy_(theta)
            new = nets.pi(obs)
            gain = objectives.surrogate(new.log_prob(action), old_log_prob, advantage, dim=-1)
            return gain - old_gain.detach(), old.kl(new).mean(-1)

        theta, fraction = line_search(evaluate, start, full_step, self.max_kl, self.backtracks, self.shrink)
        gain, kl = evaluate(theta)  # leaves θ in place
        self._fit_critic(nets, obs, target, rng)
        return {
            "kl": kl, "surrogate_gain": gain, "step_fraction": fraction,
            "entropy": nets.pi(few).entropy().mean(-1).detach(),
            "explained_variance": objectives.explained_variance(value, target),
            "policy_grad_norm": g.norm(dim=1), "critic_grad_norm": nets.critic.grad_norm(),
        }  # fmt: skip

    def _fit_critic(self, nets, obs, target, rng):
        """Minimise ½ E[(V(s) − y)²] by minibatches of Adam; y = Â + V_old stays fixed."""
        for _ in range(self.critic_epochs):
            pick = (torch.arange(len(obs))[:, None], torch.from_numpy(rng.permutation(obs.shape[1])))
            pieces = (x[pick].split(self.minibatch_size, dim=1) for x in (obs, target))
            for some_obs, some_target in zip(*pieces, strict=True):
                objectives.value_loss(nets.v(some_obs), some_target, dim=-1).sum().backward()
                nets.critic_optimiser.step(self.critic_lr)
