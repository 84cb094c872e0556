"""DAgger, data set aggregation: the learner acts, the teacher says what it would have done.

Source (from memory): Ross, Gordon, Bagnell 2011, "A Reduction of Imitation Learning and Structured Prediction
to No-Regret Online Learning".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch

from rlcourse.agents import ImitationAgent, Rollout, Spaces, fit_policy, rows
from rlcourse.parts import experts
from rlcourse.parts.adam import Adam
from rlcourse.parts.mixtures import policy_with
from rlcourse.parts.networks import Networks
from rlcourse.parts.randomness import Streams
from rlcourse.parts.settings import fixed


@dataclass(frozen=True)
class DAgger:
    """θ = argmax E[ log π_θ(π*(s)|s) ] over the states of all learners so far, each labelled by the teacher.

    In round i the teacher π* acts with probability β_i = mix^i at a step, the learner otherwise; the labels
    are the teacher's, always. expert: a function of (obs, dice), see `parts.experts`.
    """

    learning_rate: float = 1e-3  # Adam's step size
    epochs: int = 10  # passes over the aggregated data, a round
    minibatch_size: int = 128
    num_envs: int = fixed(1)  # N  environments of a seed, side by side
    horizon: int = fixed(200)  # T  steps a round in each
    mix: float = 0.0  # β_i = mix^i; 0: the teacher acts in the first round only
    noise: float = 0.0  # σ of what is added to the teacher's action, but not to its label
    components: int = fixed(1)  # K  Gaussians of the policy, where actions are continuous
    hidden: tuple[int, ...] = fixed((64, 64))  # widths of the hidden layers
    activation: Literal["tanh", "relu"] = fixed("tanh")
    log_std: float = fixed(-1.0)  # initial log σ of the Gaussians
    expert: Callable = experts.classic  # the teacher

    agent: ClassVar = ImitationAgent
    usual_steps: ClassVar = 4_000
    look: ClassVar = ("purple", "solid")

    def share(self, round: int) -> float:
        """β_i: probability that the teacher acts in round i = 0, 1, …"""
        return float(self.mix**round)

    def networks(self, spaces: Spaces, streams: Streams) -> Networks:
        policy = policy_with(self.components, spaces, self.hidden, streams, self.log_std, self.activation)
        return Networks(policy=policy, policy_optimiser=Adam(policy))

    def update(self, nets: Networks, rollout: Rollout, rng: Streams) -> dict[str, torch.Tensor]:
        """Maximum likelihood of the teacher's answers, on the states of every round so far.

        rollout: columns [T, S, N] of all rounds; its actions are the teacher's, whoever acted.
        """
        log_loss = fit_policy(
            nets.policy, nets.policy_optimiser, rows(rollout.obs), rows(rollout.action), rng,
            self.learning_rate, self.epochs, self.minibatch_size,
        )  # fmt: skip
        return {"log_loss": log_loss, "policy_grad_norm": nets.policy.grad_norm()}
