"""Acting for whole episodes: a batch ends when each environment has played one to its end."""

import warnings
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

STRETCH = 32  # steps that `advance` takes a seed forward by


class EpisodicAgent:
    """Plays one whole episode in each of `num_envs` environments per seed, learns from them, forgets them.

    How long that takes, no seed knows before. So each counts its own steps, and `advance` takes every seed to
    the next multiple of `STRETCH`: one that is there already, because its last episodes were long, waits. An
    environment whose episode is over waits too, at the start of its next one. Steps are counted exactly; a
    run may go beyond its last step by one batch. An episode that does not end is cut after the Stepper's
    `longest_episode`, as a time limit would cut it, and a warning says so.

    The batch of a seed is a column: its episodes one after the other, [M, 1, 1].
    """

    discrete = True  # does it act where actions are discrete?
    saved = ("nets", "steps", "taken", "acting", "learning", "latest")

    def __init__(self, algorithm: Any, spaces: Spaces, seeds: Sequence[int]):
        self.spaces, self.seeds, self.envs_per_seed = spaces, len(seeds), algorithm.num_envs
        self.acting, self.learning = Streams(seeds, ACT), Streams(seeds, LEARN)
        self.nets = algorithm.networks(spaces, Streams(seeds, INITIALISE))
        self.steps = 0  # what `advance` has promised
        self.taken = np.zeros(len(seeds), np.int64)  # [S] what each seed has taken
        self.latest = {}  # the metrics of each seed's last update, [S] each

    def advance(self, algorithm: Any, stepper: Stepper) -> tuple[int, dict, list]:
        """Batches and updates, until every seed has taken STRETCH steps more.

        Returns (STRETCH, metrics, finished episodes).
        """
        self.steps += STRETCH
        finished = []
        while (behind := self.taken < self.steps).any():
            episodes, ended = self._play(stepper, behind)
            finished += ended
            for seed, rollout in episodes.items():
                nets = self.nets.member(seed)
                nets.progress = self.nets.progress
                metrics = algorithm.update(nets, rollout, self.learning.member(seed))
                self.taken[seed] += len(rollout.reward)
                self._keep(seed, metrics)
        return STRETCH, {name: torch.from_numpy(value) for name, value in self.latest.items()}, finished

    @torch.no_grad()
    def _play(self, stepper, behind):
        """{seed: its episodes} for the seeds that are behind, and what `finished` says of them."""
        if not stepper.holds:
            stepper.reset()  # environments that cannot wait have gone on by themselves
        waiting = ~np.repeat(behind, self.envs_per_seed)
        begun = int((~waiting).sum())
        steps, finished, awake = [], [], behind
        lengths, cut = np.zeros(len(waiting), np.int64), np.zeros(len(waiting), bool)
        streams = self.acting.only(awake)
        while awake.any():
            x = stepper.obs.reshape(self.seeds, -1, self.spaces.obs_size)
            action = self.nets.policy.sample(x, streams)
            action = action.reshape(len(waiting), *action.shape[2:])
            step = stepper.step(action, waiting if stepper.holds else None)
            playing = step.valid & ~waiting
            lengths += playing
            ended = playing & (step.terminated | step.truncated)
            late = playing & ~ended & (lengths >= stepper.longest_episode)
            finished += [row for row in step.finished if playing[row[0]]]
            if late.any():
                returns = stepper.running_returns
                finished += [(int(i), float(returns[i]), int(lengths[i])) for i in np.flatnonzero(late)]
                ended, cut = ended | late, cut | late
            truncated = step.truncated | late
            steps.append((playing, step.obs, action, step.reward, step.terminated, truncated, step.next_obs))
            if ended.any():
                waiting = waiting | ended
                awake = ~waiting.reshape(self.seeds, -1).all(1)
                streams = self.acting.only(awake)
        if cut.any():
            warnings.warn(
                f"{stepper.name}: {cut.sum()} of {begun} episodes of a batch had not ended after "
                f"{stepper.longest_episode:,} steps; they were cut there, as by a time limit",
                stacklevel=5,
            )
            if stepper.holds:
                stepper.restart(cut)
        playing, *arrays = (np.stack(column) for column in zip(*steps, strict=True))
        return {int(s): self._rollout(s, playing, arrays) for s in np.flatnonzero(behind)}, finished

    def _rollout(self, seed, playing, arrays):
        """A seed's episodes end to end, [M, 1, 1, …]."""
        own = slice(seed * self.envs_per_seed, (seed + 1) * self.envs_per_seed)
        chosen = playing[:, own].T  # [N, T]: environment by environment
        columns = [x[:, own].swapaxes(0, 1)[chosen] for x in arrays]
        kinds = (np.float32, columns[1].dtype, *[np.float32] * 4)
        return Rollout(
            *(torch.from_numpy(x.astype(kind)[:, None, None]) for x, kind in zip(columns, kinds, strict=True))
        )

    def _keep(self, seed, metrics):
        latest = {name: self.latest.get(name, np.zeros(self.seeds)).copy() for name in metrics}
        for name, value in metrics.items():
            latest[name][seed] = float(value)
        self.latest = latest

    @staticmethod
    def summarise(metrics: dict) -> dict:
        return metrics

    def policy(self) -> NetworkPolicy:
        return NetworkPolicy(self.nets.policy.copy())

    def state(self) -> dict:
        return saving.state_of(self, self.saved)

    def restore(self, state: dict) -> None:
        saving.restore_to(self, state, self.saved)
