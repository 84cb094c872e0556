"""Behaviour cloning: maximum likelihood of what a teacher did.

Source (from memory): Pomerleau 1991, "Efficient Training of Artificial Neural Networks for Autonomous
Navigation".
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


def as_seen(rollout: Rollout, uniform: torch.Tensor) -> Rollout:
    """The demonstrations with the observations that they had."""
    return rollout


@dataclass(frozen=True)
class Cloning:
    """θ = argmax E_{s, a ~ teacher}[ log π_θ(a|s) ]: the teacher acts, and its states are learnt from.

    π_θ is categorical where actions are discrete; else Gaussian, or a mixture of several Gaussians. expert:
    a function of (obs, dice), see `parts.experts`. relabel: a function of (demonstrations, uniform [T, S, N])
    that gives them other observations, drawn anew for each update, for example `agents.reached_goals`.
    """

    learning_rate: float = 1e-3  # Adam's step size
    epochs: int = 10  # passes over all demonstrations, a round
    minibatch_size: int = 128
    num_envs: int = fixed(1)  # N  environments of a seed, side by side
    horizon: int = fixed(200)  # T  steps a round in each
    noise: float = 0.0  # σ of what is added to the teacher's action, but not to its label
    components: int = fixed(1)  # K  Gaussians of the policy, where actions are continuous
    hidden: tuple[int, ...] = fixed((64, 64))  # widths of the hidden layers
    activation: Literal["tanh", "relu"] = fixed("tanh")
    log_std: float = fixed(-1.0)  # initial log σ of the Gaussians
    expert: Callable = experts.classic  # the teacher
    relabel: Callable = as_seen  # other goals for the demonstrations

    agent: ClassVar = ImitationAgent
    usual_steps: ClassVar = 4_000
    look: ClassVar = ("purple", "dashes")

    def share(self, round: int) -> float:
        """Probability that the teacher acts, and not the learner: always 1."""
        return 1.0

    def networks(self, spaces: Spaces, streams: Streams) -> Networks:
        policy = policy_with(self.components, spaces, self.hidden, streams, self.log_std, self.activation)
        return Networks(policy=policy, policy_optimiser=Adam(policy))

    def update(self, nets: Networks, rollout: Rollout, rng: Streams) -> dict[str, torch.Tensor]:
        """Maximum likelihood on the demonstrations so far.

        rollout: columns [T, S, N]; its actions are the teacher's, its rewards are not looked at.
        """
        if self.relabel is not as_seen:
            T, _, N = rollout.reward.shape
            rollout = self.relabel(rollout, torch.from_numpy(rng.uniform(T, N)).transpose(0, 1))
        obs, action = rows(rollout.obs), rows(rollout.action)  # [S, M, …]

        # −E[log π(a|s)], by minibatches
        log_loss = fit_policy(
            nets.policy, nets.policy_optimiser, obs, action, rng, self.learning_rate, self.epochs,
            self.minibatch_size,
        )  # fmt: skip
        return {"log_loss": log_loss, "policy_grad_norm": nets.policy.grad_norm()}
