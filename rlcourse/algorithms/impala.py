"""Importance-weighted actor-learner architecture, on simulated actors.

Source: Espeholt et al. 2018, "IMPALA: Scalable Distributed Deep-RL with Importance Weighted Actor-Learner
Architectures", section 4.2 (from memory), with Adam in the place of RMSProp.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch

from rlcourse.agents import LaggedAgent, Rollout, Spaces, rows
from rlcourse.agents.samples import standardised
from rlcourse.equations import objectives, returns
from rlcourse.equations.returns import vtrace_targets
from rlcourse.parts.adam import Adam, limit_norm
from rlcourse.parts.networks import Networks, StateValue, StochasticPolicy
from rlcourse.parts.randomness import Streams
from rlcourse.parts.settings import equation, fixed


@dataclass(frozen=True)
class IMPALA:
    """Actors with old parameters send what they saw; the learner's gradient is its own, their data weighted.

    An actor acts with μ, the policy of some updates ago; V-trace makes of its data targets and advantages for
    the learner's π_θ. Where A3C's gradient is old, IMPALA's data are.
    """

    gamma: float = 0.98  # γ  discount
    rho_bar: float = 1.0  # ρ̄  bound on the weights of TD errors: it moves the fixed point
    c_bar: float = 1.0  # c̄  bound on the weights of the trace: it changes the speed
    corrected: bool = True  # V-trace; False: every ratio π/μ is taken to be 1
    learning_rate: float = 1e-3  # Adam's step size
    workers: int = fixed(8)  # k  actors, each of which sends a batch of its own
    lag: int = 0  # updates that parameters are old when an actor takes them
    shuffle: bool = True  # the order of a round is drawn anew; otherwise actors go in turn
    num_envs: int = fixed(8)  # N  environments per seed, shared by the actors
    horizon: int = fixed(32)  # T  steps per environment and batch
    value_weight: float = 0.5  # c_v  weight of the critic's loss
    entropy_weight: float = 0.0  # c_e  weight of the entropy
    max_grad_norm: float | None = 0.5  # clip ‖∇‖₂ of policy and critic together
    normalise_advantage: bool = True  # (Â/ρ − mean) / std over the batch, times ρ
    normalise_observation: bool = fixed(False)  # running mean and variance
    normalise_reward: bool = fixed(True)  # by the running std of the discounted return
    orthogonal: bool = fixed(True)  # orthogonal initial weights, last policy layer × 0.01
    activation: Literal["tanh", "relu"] = fixed("tanh")
    log_std: float = fixed(0.0)  # initial log σ, actions in [−1, 1]: 0 is σ = 3 on ±3; many joints: try −1
    hidden: tuple[int, ...] = fixed((64, 64))  # widths of the hidden layers
    vtrace_targets: Callable = equation(vtrace_targets, over="time")  # v; homework 2 plugs in here

    agent: ClassVar = LaggedAgent
    usual_steps: ClassVar = 100_000
    look: ClassVar = ("brown", "long-short")

    def networks(self, spaces: Spaces, streams: Streams) -> Networks:
        start = "orthogonal" if self.orthogonal else "uniform"
        policy = StochasticPolicy(spaces, self.hidden, streams, self.log_std, self.activation, start)
        critic = StateValue(spaces, self.hidden, streams, self.activation, start)
        return Networks(
            policy=policy, policy_optimiser=Adam(policy, eps=1e-5),
            critic=critic, critic_optimiser=Adam(critic, eps=1e-5),
            worker=Networks(policy=policy.copy()),  # μ of the actor whose turn it is
        )  # fmt: skip

    def update(self, nets: Networks, rollout: Rollout, rng: Streams) -> dict[str, torch.Tensor]:
        """The learner's step on one actor's batch. Losses average over it and sum over seeds."""
        obs, action = rows(rollout.obs), rows(rollout.action)  # [S, M, …], M = T·N/k
        pi, V = nets.policy(obs), nets.critic(obs)
        log_prob, entropy = pi.log_prob(action), pi.entropy()
        with torch.no_grad():
            # log ρ_t = log π(a_t|s_t) − log μ(a_t|s_t), back in time's order [T, S, N/k]
            log_rho = log_prob - nets.worker.policy(obs).log_prob(action)
            log_rho = log_rho if self.corrected else torch.zeros_like(log_rho)
            T, S, N = rollout.reward.shape
            log_rho = log_rho.view(S, T, N).transpose(0, 1)

            # v_t, towards which V goes, and Â_t = ρ_t (r_t + γ v_{t+1} − V(s_t))
            value, next_value = rollout.values(nets.critic)
            target, advantage = returns.vtrace(
                rollout.reward, value, next_value, log_rho, rollout.terminated, rollout.truncated,
                self.gamma, self.rho_bar, self.c_bar, self.vtrace_targets,
            )  # fmt: skip
            target, advantage, rho = rows(target), rows(advantage), rows(log_rho).exp()
            if self.normalise_advantage:  # before the weights: a step of weight 0 keeps its gradient of 0
                weight = rho.clamp(1e-8, self.rho_bar)
                advantage = weight * standardised(advantage / weight)

        c_v, c_e = self.value_weight, self.entropy_weight
        loss = objectives.a2c_loss(log_prob, advantage, V, target, entropy, c_v, c_e)
        loss.sum().backward()
        if self.max_grad_norm is not None:
            limit_norm([nets.policy, nets.critic], self.max_grad_norm)
        nets.policy_optimiser.step(self.learning_rate)
        nets.critic_optimiser.step(self.learning_rate)
        return {
            "loss": loss.detach(), "entropy": entropy.detach().mean(-1),
            "explained_variance": objectives.explained_variance(V.detach(), target),
            "ratio_max": rho.amax(-1), "clipped": (rho > self.rho_bar).float().mean(-1),
            "policy_grad_norm": nets.policy.grad_norm(), "critic_grad_norm": nets.critic.grad_norm(),
        }  # fmt: skip
