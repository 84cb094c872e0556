"""Learning from a teacher: somebody acts, the teacher says what it would do there, all of it is kept."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from rlcourse.agents.policy import NetworkPolicy
from rlcourse.agents.samples import Rollout
from rlcourse.parts import saving
from rlcourse.parts.environments import Stepper
from rlcourse.parts.networks import Spaces
from rlcourse.parts.randomness import ACT, INITIALISE, LEARN, Streams
from rlcourse.parts.room import must_fit


class ImitationAgent:
    """A round: `horizon` steps in `num_envs` environments per seed, each labelled by the teacher; then a fit.

    The algorithm's fields say how: num_envs, horizon, expert, noise, and `share(round)`, the probability with
    which the teacher acts at a step, and not the learner. What is learnt from is every round so far.
    """

    discrete = True  # does it act where actions are discrete?
    saved = ("nets", "steps", "acting", "learning", "seen")

    def __init__(self, algorithm: Any, spaces: Spaces, seeds: Sequence[int]):
        self.spaces, self.seeds, self.envs_per_seed = spaces, len(seeds), algorithm.num_envs
        must_fit(
            f"{type(algorithm).__name__}: a round of {algorithm.horizon:,} × {algorithm.num_envs:,} steps "
            f"for {len(seeds)} seeds",
            4 * algorithm.horizon * algorithm.num_envs * len(seeds) * (2 * spaces.obs_size + 4),
            "lower horizon or num_envs",
        )
        self.acting, self.learning = Streams(seeds, ACT), Streams(seeds, LEARN)
        self.nets = algorithm.networks(spaces, Streams(seeds, INITIALISE))
        self.seen = {}  # the fields of a Rollout, [T, S, N, …] each, T over all rounds
        self.steps = 0

    def advance(self, algorithm: Any, stepper: Stepper) -> tuple[int, dict, list]:
        """One round and one update.

        Returns (environment steps taken per seed, metrics, finished episodes).
        """
        taken = algorithm.num_envs * algorithm.horizon
        share, steps, finished = algorithm.share(self.steps // taken), [], []
        for _ in range(algorithm.horizon):
            x = stepper.obs.reshape(self.seeds, -1, self.spaces.obs_size)
            label = algorithm.expert(x, self.acting.uniform(x.shape[1], 2))
            action = self._act(algorithm, x, label, share)
            step = stepper.step(action.reshape(len(stepper.obs), *action.shape[2:]))
            finished += step.finished
            steps.append((step.obs, label, step.reward, step.terminated, step.truncated, step.next_obs))
        self._remember(steps)
        metrics = algorithm.update(self.nets, self.demonstrations(), self.learning)
        self.steps += taken
        return taken, metrics, finished

    def demonstrations(self) -> Rollout:
        """All that was seen, with the teacher's action at each step."""
        return Rollout(*(torch.from_numpy(self.seen[name]) for name in Rollout._fields[:6]))

    def _act(self, algorithm, x, label, share):
        """The teacher's action, with its noise; or the learner's, by a coin at each step."""
        action = label
        if algorithm.noise and not self.spaces.discrete:
            action = label + algorithm.noise * self.acting.normal(*label.shape[1:])
        if share < 1:
            own = self.nets.policy.sample(x, self.acting)
            teaches = self.acting.uniform(x.shape[1]) < share
            action = np.where(teaches if self.spaces.discrete else teaches[..., None], action, own)
        return action

    def _remember(self, steps):
        for name, column in zip(Rollout._fields, zip(*steps, strict=True), strict=False):
            new = np.stack(column)
            new = new.astype(np.int64 if name == "action" and self.spaces.discrete else np.float32)
            inner = new.shape[3:] if name == "action" else new.shape[2:]
            new = new.reshape(len(steps), self.seeds, self.envs_per_seed, *inner)
            old = self.seen.get(name)
            self.seen[name] = new if old is None else np.concatenate([old, new])

    @staticmethod
    def summarise(metrics: dict) -> dict:
        return metrics

    def policy(self) -> NetworkPolicy:
        return NetworkPolicy(self.nets.policy.copy())

    def state(self) -> dict:
        return saving.state_of(self, self.saved)

    def restore(self, state: dict) -> None:
        saving.restore_to(self, state, self.saved)
