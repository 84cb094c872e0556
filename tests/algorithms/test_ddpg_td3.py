"""What DDPG and TD3 share, against autograd of the written losses."""

import pytest
import torch

from rlcourse.algorithms.ddpg import DDPG
from rlcourse.algorithms.td3 import TD3
from rlcourse.parts.memory import Batch
from rlcourse.parts.randomness import LEARN, Streams
from tests.algorithms.batches import Still, apart, flat_gradient_of, nets_of, replayed


@pytest.mark.parametrize(
    "algorithm", [DDPG(hidden=(8,)), TD3(hidden=(8,), policy_delay=1)], ids=["DDPG", "TD3"]
)
def test_the_gradients_are_those_of_the_written_losses(algorithm):
    """Critic E[(y − Q)²], actor −E[Q₁(s, μ(s))], by autograd; the actor meets the critic after its step."""
    nets, batch = apart(algorithm), replayed()
    twins = isinstance(algorithm, TD3)

    with torch.no_grad():
        next_action = nets.target_actor.graph(batch.next_obs)
        if twins:
            noise = torch.tensor([0.3, -9.0]).mul(0.2).clamp(-0.5, 0.5)
            next_action = (next_action + noise).clamp(-1, 1)
        next_q = nets.target_critics.graph(batch.next_obs, next_action)
        next_q = next_q.min(1).values if twins else next_q
        y = batch.reward + 0.99 * (1 - batch.terminated) * next_q
    loss = ((nets.critics.graph(batch.obs, batch.action) - (y[:, None] if twins else y)) ** 2).mean(-1).sum()
    critic_gradient = flat_gradient_of(loss, nets.critics)
    algorithm.update(nets, batch, Still([0.3, -9.0]))
    torch.testing.assert_close(
        nets.critics.grad.view(critic_gradient.shape), critic_gradient, rtol=1e-4, atol=1e-6
    )
    torch.testing.assert_close(
        nets.actor.grad, nets_after_critic(algorithm, batch, twins), rtol=1e-4, atol=1e-6
    )


def nets_after_critic(algorithm, batch, twins):
    nets = apart(algorithm)
    algorithm.update(nets, batch, Still([0.3, -9.0]))
    critics = nets.critics
    fresh = apart(algorithm)
    value = critics.graph(batch.obs, fresh.actor.graph(batch.obs))
    value = value[:, 0] if twins else value
    return flat_gradient_of(-value.mean(-1).sum(), fresh.actor)


@pytest.mark.parametrize("algorithm", [DDPG(hidden=(8,)), TD3(hidden=(8,), policy_delay=1, target_noise=0.0)])
def test_a_batch_given_twice_has_the_same_gradient(algorithm):
    """peers 4.23: a mean, not a sum."""
    gradients = []
    for times in (1, 2):
        nets = nets_of(algorithm)
        doubled = Batch(*(torch.cat([x] * times, dim=1) for x in replayed()))
        algorithm.update(nets, doubled, Still(0.0))
        gradients.append((nets.critics.grad.clone(), nets.actor.grad.clone()))
    for one, two in zip(*gradients, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", [DDPG, TD3])
def test_actor_and_critic_have_learning_rates_of_their_own(kind):
    for still, moving in (("actor", "critics"), ("critics", "actor")):
        algorithm = kind(hidden=(8,), **{"actor_lr" if still == "actor" else "critic_lr": 0.0})
        nets, fresh = apart(algorithm), apart(algorithm)
        for _ in range(2):
            algorithm.update(nets, replayed(), Streams(range(2), LEARN))
        assert torch.equal(getattr(nets, still).flat, getattr(fresh, still).flat)
        assert not torch.equal(getattr(nets, moving).flat, getattr(fresh, moving).flat)
