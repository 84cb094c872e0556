"""Acting with a deterministic policy plus noise, and learning from all that was ever seen."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rlcourse.agents.policy import NetworkPolicy
from rlcourse.parts import saving
from rlcourse.parts.environments import Stepper
from rlcourse.parts.memory import ReplayBuffer
from rlcourse.parts.networks import Spaces
from rlcourse.parts.randomness import ACT, INITIALISE, LEARN, Streams


class OffPolicyAgent:
    """Acts with a deterministic policy plus noise, one environment per seed, and replays what it saw.

    The algorithm's fields say how: noise, capacity, batch_size, warmup (uniform actions before learning).
    """

    envs_per_seed = 1
    discrete = False  # does it act where actions are discrete?
    saved = ("nets", "memory", "noise", "steps", "acting", "learning")

    def __init__(self, algorithm: Any, spaces: Spaces, seeds: Sequence[int]):
        if spaces.discrete:
            name = type(algorithm).__name__
            raise ValueError(
                f"{name} needs continuous actions, but this environment's are discrete; use PPO or TRPO"
            )
        if algorithm.capacity < algorithm.batch_size:
            raise ValueError(
                f"capacity {algorithm.capacity} is smaller than batch_size {algorithm.batch_size}: "
                "a batch would not fit; raise capacity or lower batch_size"
            )
        self.acting, self.learning = Streams(seeds, ACT), Streams(seeds, LEARN)
        self.nets = algorithm.networks(spaces, Streams(seeds, INITIALISE))
        self.memory = ReplayBuffer(algorithm.capacity, len(seeds), spaces.obs_size, spaces.action_size)
        self.noise = self._restart_noise(
            algorithm, np.zeros((len(seeds), spaces.action_size), np.float32), slice(None)
        )
        self.steps = 0

    def advance(self, algorithm: Any, stepper: Stepper) -> tuple[int, dict, list]:
        """One step of every environment, and one update once the warm-up is over.

        Returns (steps taken, metrics, finished episodes).
        """
        step = stepper.step(self._explore(algorithm, stepper.obs))
        self.memory.add(*step[:3], step.terminated, step.next_obs, step.valid)
        ended = step.terminated | step.truncated
        if ended.any():
            self.noise = self._restart_noise(algorithm, self.noise, ended)
        self.steps += 1
        metrics = {}
        if self.steps > algorithm.warmup and len(self.memory) > 0:
            batch = self.memory.sample(algorithm.batch_size, self.learning)
            metrics = algorithm.update(self.nets, batch, self.learning)
        return 1, metrics, step.finished

    def _explore(self, algorithm, obs):
        """a = clip(μ(s) + noise, −1, 1); uniform during the warm-up."""
        if self.steps < algorithm.warmup:
            return (2 * self.acting.uniform(self.noise.shape[1]) - 1).astype(np.float32)
        self.noise = algorithm.noise.step(self.noise, self.acting.normal(self.noise.shape[1]))
        mu = self.nets.actor.mode(obs[:, None])[:, 0]
        return np.clip(mu + self.noise, -1, 1)

    @staticmethod
    def _restart_noise(algorithm, noise, which):
        noise = noise.copy()
        noise[which] = getattr(algorithm.noise, "start", 0.0)
        return noise

    def summarise(self, metrics: dict) -> dict:
        """What practitioners watch, one number per seed: means and a maximum, and gradient norms."""
        if not metrics:
            return {}
        q, error = metrics["q"].detach().flatten(1), metrics["td_error"].detach().flatten(1)
        return {
            "q_mean": q.mean(1),
            "q_max": q.amax(1),
            "td_error": error.abs().mean(1),
            "critic_grad_norm": self.nets.critics.grad_norm(),
            "actor_grad_norm": self.nets.actor.grad_norm(),
        }

    def policy(self) -> NetworkPolicy:
        return NetworkPolicy(self.nets.actor.copy())

    def state(self) -> dict:
        return saving.state_of(self, self.saved)

    def restore(self, state: dict) -> None:
        saving.restore_to(self, state)
