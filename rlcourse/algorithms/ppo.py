"""Proximal policy optimisation. Source: Schulman et al. 2017, "Proximal Policy Optimization Algorithms"."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch

from rlcourse.agents import OnPolicyAgent, Rollout, Spaces
from rlcourse.agents.samples import standardised
from rlcourse.equations import objectives
from rlcourse.equations.returns import gae
from rlcourse.parts.adam import Adam, limit_norm
from rlcourse.parts.networks import Networks, StateValue, StochasticPolicy
from rlcourse.parts.randomness import Streams
from rlcourse.parts.settings import equation, fixed


@dataclass(frozen=True)
class PPO:
    """Several epochs on each batch, with an objective that gives no reward for moving π_θ far from π_old."""

    gamma: float = 0.98  # γ  discount
    lam: float = 0.95  # λ  of generalised advantage estimation
    objective: Literal["clip", "kl", "adaptive_kl"] = "clip"  # eq. 7, or eq. 8 with β fixed or adaptive
    clip: float = 0.2  # ε  the ratio's range is [1 − ε, 1 + ε]
    beta: float = 1.0  # β  KL penalty (its start, where adaptive)
    kl_target: float = 0.01  # d_targ  of the adaptive penalty
    stop_kl: float | None = None  # stop the epochs of a batch once the mean KL exceeds this
    num_envs: int = fixed(8)  # N  environments per seed
    horizon: int = fixed(256)  # T  steps per environment and batch
    epochs: int = 10  # K  passes over a batch
    minibatch_size: int = 512  # M
    learning_rate: float = 1e-3  # Adam's step size
    anneal: bool = False  # learning rate falls linearly to 0
    entropy_bonus: float = 0.0  # c₂  weight of the entropy
    value_clip: float | None = None  # range of V around its old value; None: no clipping
    max_grad_norm: float | None = 0.5  # clip ‖∇‖₂ of policy and critic together
    normalise_advantage: bool = True  # (Â − mean) / std, per minibatch
    normalise_observation: bool = fixed(False)  # running mean and variance
    clip_observation: float | None = fixed(10.0)  # of normalised observations, ±; None: no clipping
    normalise_reward: bool = fixed(True)  # by the running std of the discounted return
    clip_reward: float | None = fixed(None)  # after that scaling, ±; None: no clipping
    orthogonal: bool = fixed(True)  # orthogonal initial weights, last policy layer × 0.01
    activation: Literal["tanh", "relu"] = fixed("tanh")
    log_std: float = fixed(0.0)  # initial log σ, actions in [−1, 1]: 0 is σ = 3 on ±3; many joints: try −1
    hidden: tuple[int, ...] = fixed((64, 64))  # widths of the hidden layers
    advantage: Callable = equation(gae, over="time")  # Â; homework plugs in here
    clipped_objective: Callable = equation(objectives.clipped_objective, over="objective")  # and here

    agent: ClassVar = OnPolicyAgent
    usual_steps: ClassVar = 100_000
    look: ClassVar = ("vermilion", "long dashes")

    def networks(self, spaces: Spaces, streams: Streams) -> Networks:
        start = "orthogonal" if self.orthogonal else "uniform"
        policy = StochasticPolicy(spaces, self.hidden, streams, self.log_std, self.activation, start)
        critic = StateValue(spaces, self.hidden, streams, self.activation, start)
        return Networks(
            policy=policy, policy_optimiser=Adam(policy, eps=1e-5),
            critic=critic, critic_optimiser=Adam(critic, eps=1e-5),
            beta=torch.full((len(streams),), float(self.beta)),
        )  # fmt: skip

    def update(self, nets: Networks, rollout: Rollout, rng: Streams) -> dict[str, torch.Tensor]:
        """K epochs of minibatches on one rollout. Losses average over the minibatch and sum over seeds."""
        samples = rollout.samples(nets, self.advantage, self.gamma, self.lam)  # [S, T·N, …]
        learning_rate = self.learning_rate * (1 - nets.progress if self.anneal else 1)
        active = torch.ones(len(samples.obs), dtype=torch.bool)
        clipped, steps = torch.zeros(len(active)), torch.zeros(len(active))
        for _ in range(self.epochs):
            for batch in samples.minibatches(self.minibatch_size, rng, active.tolist()):
                loss, kl, ratio = self._loss(nets, batch)
                if self.stop_kl is not None:  # measured before the step that it forbids
                    active = active & (kl.detach().mean(-1) <= self.stop_kl)
                self._step(nets, batch, loss, learning_rate, active)
                clipped += active * ((ratio - 1).abs() > self.clip).float().mean(-1)
                steps += active
            if not active.any():
                break
        with torch.no_grad():
            new = nets.policy(samples.obs)
            kl = samples.old.kl(new).mean(-1)
        if self.objective == "adaptive_kl":
            nets.beta = objectives.adaptive_beta(nets.beta, kl, self.kl_target)
        return {
            "kl": kl, "entropy": new.entropy().mean(-1), "clip_fraction": clipped / steps.clamp(min=1),
            "optimiser_steps": steps, "beta": nets.beta,
            "explained_variance": objectives.explained_variance(samples.value, samples.target),
            "policy_grad_norm": nets.policy.grad_norm(), "critic_grad_norm": nets.critic.grad_norm(),
        }  # fmt: skip

    def _loss(self, nets, batch):
        """−(surrogate + c₂ entropy) [S]; KL(π_old ‖ π_θ) [S, M], where used; ratio [S, M]."""
        pi = nets.policy(batch.obs)
        log_prob, kl = pi.log_prob(batch.action), None
        advantage = standardised(batch.advantage) if self.normalise_advantage else batch.advantage
        if self.objective != "clip" or self.stop_kl is not None:
            kl = batch.old.kl(pi)
        ratio = objectives.probability_ratio(log_prob, batch.log_prob)
        if self.objective == "clip":
            gain = self.clipped_objective(ratio, advantage, self.clip).mean(-1)
        else:
            beta = nets.beta[:, None]
            gain = objectives.kl_penalised_surrogate(log_prob, batch.log_prob, advantage, kl, beta, dim=-1)
        if self.entropy_bonus:
            gain = gain + self.entropy_bonus * pi.entropy().mean(-1)
        return -gain, kl, ratio.detach()

    def _step(self, nets, batch, loss, learning_rate, active):
        """Down L = −(surrogate + c₂ entropy) + ½ E[(V − y)²]: policy and critic share no layer of it."""
        loss.sum().backward()
        if self.value_clip is None:
            nets.critic.regress(batch.obs, batch.target, weight=0.5)
        else:
            value, clip = nets.critic(batch.obs), self.value_clip
            objectives.clipped_value_loss(value, batch.value, batch.target, clip, dim=-1).sum().backward()
        if self.max_grad_norm is not None:
            limit_norm([nets.policy, nets.critic], self.max_grad_norm)
        nets.policy_optimiser.step(learning_rate, active.tolist())
        nets.critic_optimiser.step(learning_rate, active.tolist())
