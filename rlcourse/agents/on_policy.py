"""Acting with the policy that is learnt: collect a batch, learn from it, forget it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from rlcourse.agents.policy import NetworkPolicy
from rlcourse.agents.samples import Rollout, rows
from rlcourse.parts import saving
from rlcourse.parts.environments import Stepper
from rlcourse.parts.moments import RunningMoments
from rlcourse.parts.networks import Spaces
from rlcourse.parts.randomness import ACT, INITIALISE, LEARN, Streams
from rlcourse.parts.room import must_fit

SCALED_REWARD = 10.0  # the largest a scaled reward can be, as in other trainers (VecNormalize)


class OnPolicyAgent:
    """Collects `horizon` steps of `num_envs` environments per seed with π_θ, learns from them, forgets them.

    The algorithm's fields say how: num_envs, horizon, gamma, normalise_observation, normalise_reward; and,
    where it has them, clip_observation (of normalised ones, usually ±10) and clip_reward (usually not).
    Statistics are updated after a batch is used, so that one set of numbers serves acting and learning.
    Scaled rewards stay within ±10: a first reward after many steps without one would be a hundred.
    """

    discrete = True  # does it act where actions are discrete?
    saved = ("nets", "running_return", "steps", "acting", "learning", "moments", "return_moments")

    def __init__(self, algorithm: Any, spaces: Spaces, seeds: Sequence[int]):
        self.spaces, self.seeds, self.envs_per_seed = spaces, len(seeds), algorithm.num_envs
        must_fit(
            f"{type(algorithm).__name__}: a batch of {algorithm.horizon:,} × {algorithm.num_envs:,} steps "
            f"for {len(seeds)} seeds",
            4 * algorithm.horizon * algorithm.num_envs * len(seeds) * (2 * spaces.obs_size + 4),
            "lower horizon or num_envs",
        )
        self.acting, self.learning = Streams(seeds, ACT), Streams(seeds, LEARN)
        self.nets = algorithm.networks(spaces, Streams(seeds, INITIALISE))
        limit = getattr(algorithm, "clip_observation", 10.0)
        self.moments = RunningMoments(len(seeds), spaces.obs_size, limit)
        self.return_moments = RunningMoments(len(seeds), 1)
        self.running_return = np.zeros(len(seeds) * algorithm.num_envs)
        self.steps = 0

    def advance(self, algorithm: Any, stepper: Stepper) -> tuple[int, dict, list]:
        """One batch and one update.

        Returns (environment steps taken per seed, metrics, finished episodes).
        """
        rollout, finished = self._collect(algorithm, stepper)
        scaled = self._scaled(algorithm, rollout)
        with torch.no_grad():
            scaled = scaled._replace(behaviour=self.nets.policy(rows(scaled.obs)))
        metrics = algorithm.update(self.nets, scaled, self.learning)
        self._learn_scale(algorithm, rollout)
        taken = algorithm.num_envs * algorithm.horizon
        self.steps += taken
        return taken, metrics, finished

    @torch.no_grad()
    def _collect(self, algorithm, stepper):
        """Fills columns, one per environment, without the steps that only reset (NEXT_STEP).

        Where some columns skip steps and others do not, the quicker ones idle at the end: what they do
        there is not stored.
        """
        E, T = self.seeds * algorithm.num_envs, algorithm.horizon
        action_shape, kind = (
            ((), np.int64) if self.spaces.discrete else ((self.spaces.action_size,), np.float32)
        )
        wide = (T, E, self.spaces.obs_size)
        obs, next_obs = np.empty(wide, np.float32), np.empty(wide, np.float32)
        actions, rewards = np.empty((T, E, *action_shape), kind), np.empty((T, E), np.float32)
        terminated, truncated = np.empty((T, E), np.float32), np.empty((T, E), np.float32)
        filled, columns, finished = np.zeros(E, np.int64), np.arange(E), []
        while filled.min() < T:
            action = self._act(algorithm, stepper.obs)
            step = stepper.step(action)
            finished += step.finished
            storing = step.valid & (filled < T)
            # Usually all columns are level, and a row is written; else each column where it stands.
            level = storing.all() and filled[0] == filled[-1] and (filled == filled[0]).all()
            at = filled[0] if level else (filled[storing], columns[storing])
            for store, value in (
                (obs, step.obs), (actions, action), (rewards, step.reward), (terminated, step.terminated),
                (truncated, step.truncated), (next_obs, step.next_obs),
            ):  # fmt: skip
                store[at] = value if level else value[storing]
            filled += storing
        shaped = (
            torch.from_numpy(x).view(T, self.seeds, -1, *x.shape[2:])
            for x in (obs, actions, rewards, terminated, truncated, next_obs)
        )
        return Rollout(*shaped), finished

    def _act(self, algorithm, obs):
        action = self.nets.policy.sample(self._seen(algorithm, obs), self.acting)
        return action.reshape(len(obs), *action.shape[2:])

    def _seen(self, algorithm, obs):
        """Observations as the policy sees them, [S, N, O]."""
        x = obs.reshape(self.seeds, -1, self.spaces.obs_size)
        return self.moments.normalise(torch.from_numpy(x)).numpy() if algorithm.normalise_observation else x

    def _learn_scale(self, algorithm, rollout):
        if algorithm.normalise_observation:
            self.moments.update(rows(rollout.obs))

    def _scaled(self, algorithm, rollout):
        """Observations and rewards in the units that the networks see."""
        if algorithm.normalise_reward:
            rollout = rollout._replace(reward=self._scale_reward(algorithm, rollout))
        limit = getattr(algorithm, "clip_reward", None)
        if limit is not None:
            rollout = rollout._replace(reward=rollout.reward.clamp(-limit, limit))
        if algorithm.normalise_observation:
            T, S, N, O = rollout.obs.shape

            def scaled(x):
                return self.moments.normalise(rows(x)).view(S, T, N, O).transpose(0, 1)

            rollout = rollout._replace(obs=scaled(rollout.obs), next_obs=scaled(rollout.next_obs))
        return rollout

    def _scale_reward(self, algorithm, rollout):
        """r / std of the running discounted return R_t = γ R_{t−1} + r_t (a new start after each episode).

        Within ±SCALED_REWARD: where rewards are rare, the std of what was seen so far is close to 0.
        """
        running, history = self.running_return, []
        done = (rollout.terminated + rollout.truncated).clamp(max=1).flatten(1).numpy()
        for reward, over in zip(rollout.reward.flatten(1).numpy(), done, strict=True):
            running = algorithm.gamma * running + reward
            history.append(running)
            running = running * (1 - over)
        self.running_return = running
        returns = torch.from_numpy(np.stack(history)).view(rollout.reward.shape)
        self.return_moments.update(rows(returns[..., None]))
        scaled = rollout.reward / (self.return_moments.var.view(1, -1, 1) + 1e-8).sqrt().float()
        return scaled.clamp(-SCALED_REWARD, SCALED_REWARD)

    @staticmethod
    def summarise(metrics: dict) -> dict:
        return metrics

    def policy(self) -> NetworkPolicy:
        return NetworkPolicy(self.nets.policy.copy(), self.moments.copy() if self.moments.count else None)

    def state(self) -> dict:
        return saving.state_of(self, self.saved)

    def restore(self, state: dict) -> None:
        saving.restore_to(self, state, self.saved)
