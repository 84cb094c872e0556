"""TD3's three remedies, one by one."""

import torch

from rlcourse.algorithms.td3 import TD3
from rlcourse.equations.returns import twin_target
from rlcourse.parts.randomness import LEARN, Streams
from tests.algorithms.batches import Still, apart, nets_of, replayed


def test_smoothing_noise_is_clipped_and_the_smoothed_action_too():
    """peers 4.8; draws of 9 mean ε = 1.8, clipped to 0.5, and actions stay in [−1, 1]."""
    met = []
    algorithm = TD3(hidden=(8,), target=lambda r, d, *rest: met.append(rest[:2]) or twin_target(r, d, *rest))
    nets, batch = apart(algorithm), replayed()
    algorithm.update(nets, batch, Still(9.0))
    fresh = apart(algorithm)
    action = (fresh.target_actor(batch.next_obs) + 0.5).clamp(-1, 1)
    torch.testing.assert_close(torch.stack(met[0], 1), fresh.target_critics(batch.next_obs, action))


def test_every_sample_and_dimension_has_smoothing_noise_of_its_own():
    """peers 4.8, cleanrl#279: one noise vector for the whole batch."""
    shapes = []

    class Watched(Still):
        def normal(self, *shape):
            shapes.append(shape)
            return super().normal(*shape)

    TD3(hidden=(8,)).update(nets_of(TD3(hidden=(8,))), replayed(), Watched(0.0))
    assert shapes == [(16, 2)]


def test_td3_moves_actor_and_targets_once_every_d_updates_and_by_exactly_tau():
    algorithm = TD3(hidden=(8,), policy_delay=3, tau=0.1)
    nets, rng = nets_of(algorithm), Streams(range(2), LEARN)
    for k in range(1, 7):
        actor, target = nets.actor.flat.clone(), nets.target_critics.flat.clone()
        algorithm.update(nets, replayed(seed=k), rng)
        if k % 3:
            assert torch.equal(nets.actor.flat, actor) and torch.equal(nets.target_critics.flat, target)
        else:
            assert not torch.equal(nets.actor.flat, actor)
            torch.testing.assert_close(nets.target_critics.flat, 0.9 * target + 0.1 * nets.critics.flat)
    assert not torch.equal(nets.target_actor.flat, nets_of(algorithm).target_actor.flat)
