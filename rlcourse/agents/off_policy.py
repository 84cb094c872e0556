"""Acting with a policy plus noise, and learning from all that was ever seen."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from rlcourse.agents.policy import NetworkPolicy
from rlcourse.parts import saving
from rlcourse.parts.environments import Stepper
from rlcourse.parts.memory import ReplayBuffer
from rlcourse.parts.moments import RunningMoments
from rlcourse.parts.networks import Network, Spaces
from rlcourse.parts.randomness import ACT, INITIALISE, LEARN, Streams


class OffPolicyAgent:
    """Acts with a policy plus noise in `num_envs` environments per seed, and replays what it saw.

    The algorithm's fields say how: num_envs, updates (after each step of all of them), capacity, batch_size,
    warmup (steps of uniform actions before learning); and, where it has them, noise (a policy that draws its
    actions needs none) and normalise_observation. The memory keeps observations as they came; they are
    normalised by what is known when they are used.
    """

    discrete = False  # does it act where actions are discrete?

    def __init__(self, algorithm: Any, spaces: Spaces, seeds: Sequence[int]):
        if spaces.discrete and not self.discrete:
            name = type(algorithm).__name__
            raise ValueError(
                f"{name} needs continuous actions, but this environment's are discrete; use PPO or TRPO"
            )
        if algorithm.capacity < algorithm.batch_size:
            raise ValueError(
                f"capacity {algorithm.capacity} is smaller than batch_size {algorithm.batch_size}: "
                "a batch would not fit; raise capacity or lower batch_size"
            )
        self.seeds, self.envs_per_seed = len(seeds), algorithm.num_envs
        self.acting, self.learning = Streams(seeds, ACT), Streams(seeds, LEARN)
        self.nets = algorithm.networks(spaces, Streams(seeds, INITIALISE))
        columns = 1 if spaces.discrete else spaces.action_size  # which action, or the action
        self.memory = ReplayBuffer(algorithm.capacity, len(seeds), spaces.obs_size, columns)
        self.noise = np.zeros((len(seeds) * self.envs_per_seed, columns), np.float32)
        self.noise = self._restart_noise(algorithm, self.noise, slice(None))
        self.moments = RunningMoments(len(seeds), spaces.obs_size)
        self.normalises = getattr(algorithm, "normalise_observation", False)
        self.steps = 0
        self.forgot = 0  # steps at which the memory was lost: it fills for a warm-up before it is used

    def advance(self, algorithm: Any, stepper: Stepper) -> tuple[int, dict, list]:
        """One step of every environment, and the updates once the warm-up is over.

        Returns (environment steps taken per seed, metrics of the last update, finished episodes).
        """
        step = stepper.step(self._explore(algorithm, stepper.obs))
        action = step.action.reshape(self.noise.shape)
        for n in range(self.envs_per_seed):
            own = slice(n, None, self.envs_per_seed)
            self.memory.add(
                step.obs[own], action[own], step.reward[own], step.terminated[own], step.next_obs[own],
                step.valid[own],
            )  # fmt: skip
        if self.normalises:
            self.moments.update(torch.from_numpy(self._by_seed(step.obs)))
        ended = step.terminated | step.truncated
        if ended.any():
            self.noise = self._restart_noise(algorithm, self.noise, ended)
        self.steps += self.envs_per_seed
        metrics = {}
        waiting = self.steps // self.envs_per_seed % getattr(algorithm, "learn_every", 1)
        if not waiting and self.steps > self.forgot + algorithm.warmup and len(self.memory) > 0:
            for _ in range(algorithm.updates):
                metrics = algorithm.update(self.nets, self._batch(algorithm), self.learning)
        return self.envs_per_seed, metrics, step.finished

    def _batch(self, algorithm):
        batch = self.memory.sample(algorithm.batch_size, self.learning)
        if not self.normalises:
            return batch
        seen = self.moments.normalise
        return batch._replace(obs=seen(batch.obs), next_obs=seen(batch.next_obs))

    def _explore(self, algorithm, obs):
        """clip(a + noise, −1, 1), a = μ(s) or a ~ π(·|s); uniform during the warm-up."""
        shape = self.envs_per_seed, self.noise.shape[1]
        if self.steps < algorithm.warmup:
            return (2 * self.acting.uniform(*shape) - 1).astype(np.float32).reshape(self.noise.shape)
        if hasattr(algorithm, "noise"):
            xi = self.acting.normal(*shape).reshape(self.noise.shape)
            self.noise = algorithm.noise.step(self.noise, xi)
        action = self.nets.actor.sample(self._seen(obs), self.acting).reshape(self.noise.shape)
        return np.clip(action + self.noise, -1, 1)

    def _seen(self, obs):
        """What the networks see of it, [S, N, O]."""
        x = self._by_seed(obs)
        return self.moments.normalise(torch.from_numpy(x)).numpy() if self.normalises else x

    def _by_seed(self, x):
        """[E, …] -> [S, N, …]."""
        return x.reshape(self.seeds, self.envs_per_seed, -1)

    @staticmethod
    def _restart_noise(algorithm, noise, which):
        noise = noise.copy()
        noise[which] = getattr(getattr(algorithm, "noise", None), "start", 0.0)
        return noise

    def summarise(self, metrics: dict) -> dict:
        """What practitioners watch, one number per seed; what an algorithm adds stays as it is."""
        if not metrics:
            return {}
        metrics = dict(metrics)
        q, error = (metrics.pop(name).detach().flatten(1) for name in ("q", "td_error"))
        return {
            **metrics,
            "q_mean": q.mean(1),
            "q_max": q.amax(1),
            "td_error": error.abs().mean(1),
            "critic_grad_norm": self.nets.critics.grad_norm(),
            **({"actor_grad_norm": self.acts.grad_norm()} if self.acts is not self.nets.critics else {}),
        }

    @property
    def acts(self) -> Network:
        """The network that chooses actions."""
        return self.nets.actor

    def policy(self) -> NetworkPolicy:
        return NetworkPolicy(self.acts.copy(), self.moments.copy() if self.moments.count else None)

    @property
    def saved(self) -> tuple[str, ...]:
        """What is kept by name."""
        always = ("nets", "memory", "noise", "steps", "forgot", "acting", "learning")
        return (*always, "moments") if self.normalises else always

    def state(self) -> dict:
        return saving.state_of(self, self.saved)

    def restore(self, state: dict) -> None:
        """Continue from `state()`; one whose "memory" is None fills it for a warm-up before it learns."""
        state = {"forgot": 0, **state}  # older checkpoints always had their memory
        kept = [name for name in self.saved if name != "memory" or "memory" not in state or state["memory"]]
        saving.restore_to(self, {name: state[name] for name in kept if name in state}, kept)
        if "memory" not in kept:
            self.forgot = self.steps
