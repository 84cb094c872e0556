"""Asynchronous workers for real: processes that do not wait for each other. `LaggedAgent` simulates them.

    found = asynchronous(A3C(workers=2), "CartPole-v1", updates=400)                    # threads, here
    found = asynchronous(IMPALA(workers=2), "CartPole-v1", updates=400, start=on_ray)   # the extra `cluster`

The lag is what it happens to be, so a run cannot be repeated. It is for measuring, not for learning from.
"""

import contextlib
import dataclasses
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

import numpy as np
import torch

from rlcourse.agents.lagged import LaggedAgent
from rlcourse.agents.policy import Policy
from rlcourse.agents.samples import Rollout
from rlcourse.parts.environments import Stepper, make
from rlcourse.parts.networks import Spaces
from rlcourse.parts.settings import at_progress, check_settings

Theta = dict[str, np.ndarray]  # the parts that a worker copies, [1, P] each
Play = Callable[[Theta], Future]  # hand θ to a worker; what it will have seen with it


class Worker:
    """Environments of its own and a copy of θ, in a process of its own."""

    def __init__(self, algorithm: Any, env: str | Callable, seed: int):
        torch.set_num_threads(1)
        self.algorithm = algorithm
        self.stepper = Stepper(make(env, algorithm.num_envs, seed))
        self.agent = LaggedAgent(algorithm, spaces_of(self.stepper), [seed])

    def play(self, theta: Theta) -> tuple[Rollout, list[float]]:
        """`horizon` steps with θ -> (the batch, rewards scaled; returns of the episodes that ended)."""
        return self.agent.play(self.algorithm, self.stepper, theta)


@dataclasses.dataclass(frozen=True)
class Found:
    """What a run of so many updates measured."""

    lags: np.ndarray  # [updates] d: how many updates old θ was with which the batch was made
    returns: np.ndarray  # [episodes] in the order in which they came
    seconds: float
    steps: int  # environment steps, of all workers together
    policy: Policy


def in_threads(algorithm: Any, env: str | Callable, seeds: list[int]) -> list[Play]:
    """Workers as threads of this process: correct, and no faster (Python runs one at a time)."""

    def one(seed):
        worker, pool = Worker(algorithm, env, seed), ThreadPoolExecutor(1)
        return lambda theta: pool.submit(worker.play, theta)

    return [one(seed) for seed in seeds]


def on_ray(algorithm: Any, env: str | Callable, seeds: list[int]) -> list[Play]:
    """Workers as Ray actors, each a process, on whatever machines `ray.init` has joined. Extra: `cluster`.

    Measured once, Ray 2.60 on a busy machine of two cores, 400 updates of A3C by two workers: 5,200 steps a
    second, in threads 23,100; mean lag 0.99, at most 8. A step of CartPole costs less than sending it.
    """
    import ray

    actors = [ray.remote(Worker).remote(algorithm, env, seed) for seed in seeds]
    return [lambda theta, actor=actor: actor.play.remote(theta).future() for actor in actors]


def asynchronous(
    algorithm: Any,
    env: str | Callable,
    updates: int,
    seed: int = 0,
    start: Callable[..., list[Play]] = in_threads,
) -> Found:
    """A3C or IMPALA for one seed: the learner takes whatever batch arrives first, and sends its θ back.

    algorithm.workers workers, each with num_envs / workers environments; `lag` and `shuffle` are not used,
    as the world decides them. start: `in_threads` or `on_ray`.
    """
    check_settings(algorithm)
    each = dataclasses.replace(algorithm, workers=1, lag=0, num_envs=algorithm.num_envs // algorithm.workers)
    seeds = [1000 * seed + k for k in range(algorithm.workers)]
    with contextlib.closing(Stepper(make(env, 1, seed))) as stepper:
        learner = LaggedAgent(each, spaces_of(stepper), [seed])
    nets, lags, returns = learner.nets, [], []

    def theta():
        return {name: getattr(nets, name).flat.detach().numpy().copy() for name in learner.names}

    plays = start(each, env, seeds)
    began, copy = time.perf_counter(), theta()
    under_way = {play(copy): (play, 0, copy) for play in plays}
    for t in range(updates):
        done = next(iter(wait(under_way, return_when=FIRST_COMPLETED).done))
        play, made, copy = under_way.pop(done)
        batch, ended = done.result()
        for name in learner.names:  # with which it was made: A3C's gradient, IMPALA's behaviour
            getattr(nets.worker, name).flat.copy_(torch.from_numpy(copy[name]))
        nets.progress = t / updates
        seen = Rollout(*(x for x in batch if x is not None))
        at_progress(each, nets.progress).update(nets, seen, learner.learning)
        lags.append(t - made)
        returns += ended
        copy = theta()
        under_way[play(copy)] = (play, t + 1, copy)
    seconds = time.perf_counter() - began
    wait(under_way)  # the last batches are thrown away
    steps = updates * each.num_envs * each.horizon
    return Found(np.array(lags), np.array(returns), seconds, steps, learner.policy())


def spaces_of(stepper: Stepper) -> Spaces:
    """What networks must know of the environments."""
    return Spaces(stepper.obs_size, stepper.action_size, stepper.discrete)
