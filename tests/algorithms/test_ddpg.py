"""DDPG's targets."""

import torch

from rlcourse.algorithms.ddpg import DDPG
from tests.algorithms.batches import Still, apart, replayed


def test_ddpgs_targets_follow_by_exactly_tau_at_every_update():
    """peers 4.22: a target actor that is never moved."""
    algorithm = DDPG(hidden=(8,), tau=0.1)
    nets = apart(algorithm)
    pairs = ((nets.target_actor, nets.actor), (nets.target_critics, nets.critics))
    before = [target.flat.clone() for target, _ in pairs]
    algorithm.update(nets, replayed(), Still(0.0))
    for (target, online), old in zip(pairs, before, strict=True):
        torch.testing.assert_close(target.flat, 0.9 * old + 0.1 * online.flat)
