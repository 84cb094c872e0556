"""Workers that do not wait: batches made with the parameters that they are said to be of; lags that come."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from rlcourse.agents.asynchronous import Worker, asynchronous, on_ray
from rlcourse.algorithms.a3c import A3C
from rlcourse.algorithms.impala import IMPALA

SMALL = {"num_envs": 4, "horizon": 8, "hidden": (8,)}


def test_one_worker_has_no_lag_and_every_step_is_counted():
    found = asynchronous(A3C(**SMALL, workers=1), "CartPole-v1", updates=5)
    assert found.lags.tolist() == [0] * 5
    assert found.steps == 5 * 4 * 8


def test_the_mean_lag_of_k_workers_is_at_most_k_minus_1():
    """A worker's batches follow each other, so its lags sum to its last turn less its turns before."""
    found = asynchronous(A3C(**SMALL, workers=4), "CartPole-v1", updates=40)
    assert found.lags[0] == 0 and 1 < found.lags.mean() <= 3


@pytest.mark.parametrize("algorithm", [A3C(**SMALL, workers=2), IMPALA(**SMALL, workers=2)])
def test_a_batch_is_of_the_copy_that_was_sent(algorithm):
    """With σ → 0 a worker's actions are its policy's own."""
    one = replace(algorithm, workers=1, num_envs=2, log_std=-20.0)
    worker = Worker(one, "Pendulum-v1", 0)
    nets = worker.agent.copies
    theta = {name: 0.3 * np.ones_like(getattr(nets, name).flat.numpy()) for name in worker.agent.names}
    theta["policy"][..., -1] = -20.0  # log σ
    batch, _ = worker.play(theta)
    policy = worker.agent.nets.policy.copy()
    policy.flat.copy_(torch.from_numpy(theta["policy"]))
    mean = policy(batch.obs.transpose(0, 1).flatten(1, 2)).mean
    assert torch.allclose(mean, batch.action.transpose(0, 1).flatten(1, 2), atol=1e-6)


def test_the_learner_meets_the_copy_with_which_the_batch_was_made():
    """The batch's log-probabilities under `nets.worker` are those of the θ that the lag names."""
    met, history = [], []
    update = IMPALA.update

    class Watched(IMPALA):
        def update(self, nets, rollout, rng):
            history.append(nets.policy.flat.clone())
            met.append(nets.worker.policy.flat.clone())
            return update(self, nets, rollout, rng)

    found = asynchronous(Watched(**SMALL, workers=3), "CartPole-v1", updates=20)
    for t, lag in enumerate(found.lags):
        assert torch.equal(met[t], history[t - lag])


def test_it_learns_to_balance_a_little():
    found = asynchronous(A3C(workers=2, lam=1.0), "CartPole-v1", updates=120)
    assert found.returns[-20:].mean() > 1.5 * found.returns[:20].mean()


@pytest.mark.slow
def test_on_ray_the_same():
    ray = pytest.importorskip(
        "ray", reason="NOT CHECKED: Ray is not installed (python3 -m rlcourse test --extra cluster)"
    )
    ray.init(num_cpus=2, include_dashboard=False)
    try:
        found = asynchronous(A3C(**SMALL, workers=2), "CartPole-v1", updates=40, start=on_ray)
    finally:
        ray.shutdown()
    assert found.lags[0] == 0 and 0.5 < found.lags.mean() <= 1
