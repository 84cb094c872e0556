"""A3C: A2C where nothing is late, and otherwise a gradient of one place that is applied in another."""

import numpy as np
import torch

from rlcourse.algorithms.a2c import A2C
from rlcourse.algorithms.a3c import A3C
from rlcourse.parts.randomness import LEARN, Streams
from rlcourse.training import train
from tests.algorithms.batches import nets_of, rollout

SMALL = {"hidden": (8,), "num_envs": 4, "horizon": 16}


def test_one_worker_without_lag_is_a2c_bit_for_bit():
    options = {"evaluate_every": 64, "evaluation_episodes": 1}
    for env in ("CartPole-v1", "Pendulum-v1"):
        alone = train(A3C(**SMALL, workers=1), env, 512, 2, **options)
        synchronous = train(A2C(**SMALL), env, 512, 2, **options)
        np.testing.assert_array_equal(alone.curve.returns, synchronous.curve.returns)
        for name in ("policy", "critic"):
            theirs = synchronous.checkpoint["agent"]["nets"][name]
            np.testing.assert_array_equal(alone.checkpoint["agent"]["nets"][name], theirs)
        assert (alone.metrics["lag"] == 0).all()


def test_the_gradient_is_a2cs_at_the_workers_parameters_and_the_step_is_taken_from_the_learners():
    """One SGD-like step of Adam: the same change as A2C's from θ′, but starting at θ."""
    nets, old = nets_of(A3C(hidden=(8,))), nets_of(A2C(hidden=(8,)))
    generator, start = torch.Generator().manual_seed(3), {}
    for name in ("policy", "critic"):
        net = getattr(nets, name)
        net.flat.add_(torch.randn(net.flat.shape, generator=generator))
        start[name] = net.flat.clone(), getattr(old, name).flat.clone()
    batch = rollout()
    A3C(hidden=(8,)).update(nets, batch, Streams(range(2), LEARN))
    A2C(hidden=(8,)).update(old, batch, Streams(range(2), LEARN))
    for name, (learner, worker) in start.items():
        assert torch.equal(getattr(nets, name).grad, getattr(old, name).grad)
        assert torch.equal(getattr(nets.worker, name).flat, worker), "the worker's copy is not moved"
        change = getattr(old, name).flat - worker
        torch.testing.assert_close(getattr(nets, name).flat - learner, change, rtol=0, atol=1e-6)
        assert change.abs().max() > 5e-4
