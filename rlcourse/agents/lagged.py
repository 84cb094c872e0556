"""Asynchronous workers, simulated: whose turn it is and how old its parameters are follows from a seed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from rlcourse.agents.on_policy import OnPolicyAgent
from rlcourse.agents.samples import Rollout
from rlcourse.parts.environments import Stepper
from rlcourse.parts.networks import Network, Networks, Spaces
from rlcourse.parts.randomness import SCHEDULE, Streams


class LaggedAgent(OnPolicyAgent):
    """k workers with environments and copies of the parameters of their own; the learner goes on meanwhile.

    In a round, each worker collects `horizon` steps with its copy, all of them side by side. Then they take
    turns. Turn t is one update, θ_t → θ_{t+1}, on the batch of that worker alone; for it `nets.worker` holds
    the worker's copy, θ_{t−d}, bit for bit. The worker leaves with the parameters of `lag` updates ago. So
    its next batch is d = lag + (updates of the others in between) old: k − 1 + lag in the mean over the
    turns, and always where the workers go in turn. With one worker d = lag.

    The algorithm's fields say how: those of `OnPolicyAgent`, workers, lag (which may change while it learns)
    and shuffle (a new order each round, drawn by the seed). Its networks hold the parts that workers copy
    under `worker`. The metric `lag` is d, its mean over a round.
    """

    saved = (*OnPolicyAgent.saved, "copies", "past", "made", "updates", "schedule")

    def __init__(self, algorithm: Any, spaces: Spaces, seeds: Sequence[int]):
        if algorithm.workers < 1 or algorithm.num_envs % algorithm.workers:
            raise ValueError(
                f"{algorithm.num_envs} environments cannot be shared evenly among {algorithm.workers} workers"
            )
        super().__init__(algorithm, spaces, seeds)
        self.workers = algorithm.workers
        every = torch.arange(self.seeds).repeat_interleave(self.workers)
        self.names = [name for name, part in vars(self.nets.worker).items() if isinstance(part, Network)]
        theta = {name: getattr(self.nets, name) for name in self.names}
        self.copies = Networks(**{name: net.rows(every) for name, net in theta.items()})  # [S·k, P]
        self.past = Networks(**{name: net.flat[None].clone() for name, net in theta.items()})  # [L, S, P]
        self.made = np.zeros((self.seeds, self.workers), np.int64)  # t of the θ_t that each worker holds
        self.updates = 0
        self.schedule = Streams(seeds, SCHEDULE)

    def advance(self, algorithm: Any, stepper: Stepper) -> tuple[int, dict, list]:
        """A batch of every worker, and an update on each in turn.

        Returns (environment steps taken per seed, metrics of the last update, finished episodes).
        """
        rollout, finished = self._collect(algorithm, stepper)
        scaled, lags = self._scaled(algorithm, rollout), []
        for worker in self._order(algorithm):
            batch = self._meet(scaled, worker)
            lags.append(self.updates - self.made[range(self.seeds), worker])
            metrics = algorithm.update(self.nets, batch, self.learning)
            self.updates += 1
            self._leave(worker, algorithm.lag)
        self._learn_scale(algorithm, rollout)
        taken = algorithm.num_envs * algorithm.horizon
        self.steps += taken
        return taken, {**metrics, "lag": torch.from_numpy(np.mean(lags, axis=0))}, finished

    def play(self, algorithm: Any, stepper: Stepper, theta: dict[str, np.ndarray]) -> tuple[Rollout, list]:
        """A batch of a lone worker that is told its parameters, {name: [1, P]}, and the returns that ended.

        Nothing is learnt: see `agents.asynchronous`, where workers are processes.
        """
        for name in self.names:
            getattr(self.copies, name).flat.copy_(torch.from_numpy(theta[name]))
        rollout, finished = self._collect(algorithm, stepper)
        scaled = self._scaled(algorithm, rollout)
        self._learn_scale(algorithm, rollout)
        return scaled, [float(row[1]) for row in finished]

    def _order(self, algorithm):
        """Whose turn it is, for each of k turns: workers [S]."""
        in_turn = np.tile(np.arange(self.workers), (self.seeds, 1))
        return (self.schedule.permutation(self.workers) if algorithm.shuffle else in_turn).T

    def _meet(self, rollout, worker):
        """The worker's parameters into `nets.worker`; its part of the rollout, [T, S, N/k, …]."""
        for name in self.names:
            getattr(self.nets.worker, name).flat.copy_(getattr(self.copies, name).flat[self._row(worker)])

        def own(x):
            return x.unflatten(2, (self.workers, -1))[:, range(self.seeds), worker]

        return Rollout(*(own(x) for x in rollout if x is not None))

    def _leave(self, worker, lag):
        """θ_t joins the past, of which `lag` + 1 versions are kept; the worker takes the oldest with it."""
        for name in self.names:
            versions = torch.cat([getattr(self.past, name), getattr(self.nets, name).flat[None]])[-lag - 1 :]
            setattr(self.past, name, versions)
            getattr(self.copies, name).flat[self._row(worker)] = versions[0]
        self.made[range(self.seeds), worker] = self.updates - len(versions) + 1

    def _row(self, worker):
        return np.arange(self.seeds) * self.workers + worker

    def _act(self, algorithm, obs):
        x = self._seen(algorithm, obs).reshape(self.seeds * self.workers, -1, self.spaces.obs_size)
        action = self.copies.policy.sample(x, _Shared(self.acting, self.workers))
        return action.reshape(len(obs), *action.shape[2:])


class _Shared:
    """A seed's stream, shared by its workers: rows [S·k, …] of the draws for [S, k·…]."""

    def __init__(self, streams, workers):
        self.streams, self.workers = streams, workers

    def normal(self, n, *shape):
        return self.streams.normal(self.workers * n, *shape).reshape(-1, n, *shape)

    def uniform(self, n):
        return self.streams.uniform(self.workers * n).reshape(-1, n)
