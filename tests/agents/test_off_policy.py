"""Off the policy: replay stores what happened, exploration adds noise, updates come when due."""

import numpy as np
import pytest
import torch

from rlcourse.algorithms.ddpg import DDPG
from rlcourse.algorithms.td3 import TD3
from rlcourse.parts.noise import OUNoise
from rlcourse.parts.randomness import INITIALISE, Streams
from tests.agents.scripts import BOX, Script


def off_policy(steps, stepper, **options):
    algorithm = DDPG(**{"warmup": 10, "hidden": (8,), "batch_size": 4, "capacity": 50, **options})
    agent = algorithm.agent(algorithm, BOX, range(stepper.S))
    learnt = [bool(agent.advance(algorithm, stepper)[1]) for _ in range(steps)]
    stored = agent.memory.rows.view(stepper.S, 50, -1).numpy()
    return agent, stored, learnt


def test_replay_stores_the_true_successor_and_only_termination_counts_as_an_end():
    """peers 4.2, 4.4: neither the observation after the reset, nor truncated as terminated."""
    stepper = Script(ends={2: "terminated", 4: "truncated"})
    _, stored, _ = off_policy(8, stepper)
    obs, action, reward, terminated, next_obs = np.split(stored[0, :8], [3, 5, 6, 7], axis=1)
    assert obs[:, 0].tolist() == list(range(8)) and reward[:, 0].tolist() == list(range(8))
    assert next_obs[:, 0].tolist() == [1, 2, 103, 4, 105, 6, 7, 8]
    assert terminated[:, 0].tolist() == [0, 0, 1, 0, 0, 0, 0, 0]
    np.testing.assert_array_equal(action, np.stack(stepper.actions)[:, 0])


def test_a_reset_step_of_one_seed_is_not_stored_and_the_other_seed_goes_on():
    """peers 4.5: NEXT_STEP's step that ignores the action is no transition."""
    agent, stored, _ = off_policy(4, Script(valid={1: [False, True]}))
    assert agent.memory.added.tolist() == [3, 4]
    assert stored[0, :3, 5].tolist() == [0, 2, 3] and stored[1, :4, 5].tolist() == [0, 1, 2, 3]


def test_learning_starts_after_the_warm_up_which_acts_uniformly():
    stepper = Script()
    _, _, learnt = off_policy(403, stepper, warmup=400, noise=OUNoise(sigma=0.0))
    assert learnt == [False] * 400 + [True] * 3
    longer = Script()
    off_policy(401, longer, warmup=10**6)
    same = [np.array_equal(a, b) for a, b in zip(stepper.actions, longer.actions, strict=False)]
    assert same == [True] * 400 + [False]  # the policy acts from step 400 on, not before
    warm = np.stack(stepper.actions)[:400].ravel()
    assert abs(warm.mean()) < 0.07 and warm.std() == pytest.approx(1 / np.sqrt(3), rel=0.05)
    assert np.histogram(warm, 4, (-1, 1))[0].min() > 340  # of 400 expected


@pytest.mark.parametrize("kind", ["terminated", "truncated"])
def test_the_noise_starts_anew_with_each_episode_and_only_then(kind):
    """peers 4.19: OU noise that is not reset carries one episode's push into the next."""
    stepper = Script(ends={30: kind})
    algorithm = DDPG(warmup=0, hidden=(8,), capacity=50, batch_size=4, noise=OUNoise(start=5.0, sigma=0.0))
    agent, seen = algorithm.agent(algorithm, BOX, range(2)), []
    for _ in range(33):
        agent.advance(algorithm, stepper)
        seen.append(agent.noise[0, 0])
    decay = 5.0 * 0.85 ** np.arange(1, 31)
    np.testing.assert_allclose(seen, [*decay, 5.0, *decay[:2]], rtol=1e-5)


@pytest.mark.parametrize("noise", [0.4, -3.0])
def test_exploration_adds_the_noise_to_the_actors_action_and_clips(noise):
    stepper = Script()
    still = OUNoise(start=noise, sigma=0.0, theta=0.0)
    algorithm = TD3(warmup=0, hidden=(8,), capacity=50, batch_size=4, noise=still)
    agent = algorithm.agent(algorithm, BOX, range(2))
    mu = agent.policy().act(stepper.obs[:, None])[:, 0]
    agent.advance(algorithm, stepper)
    np.testing.assert_allclose(stepper.actions[0], np.clip(mu + noise, -1, 1), rtol=1e-6)


def test_the_watched_numbers_of_an_update_are_means_and_a_maximum_per_seed():
    agent = off_policy(1, Script())[0]
    q = torch.tensor([[1.0, 2.0, 6.0], [-1.0, -2.0, 0.0]])
    error = torch.tensor([[3.0, -3.0, 0.0], [1.0, 1.0, -4.0]])
    watched = agent.summarise({"q": q, "td_error": error})
    assert watched["q_mean"].tolist() == [3.0, -1.0] and watched["q_max"].tolist() == [6.0, 0.0]
    assert watched["td_error"].tolist() == [2.0, 2.0]


@pytest.mark.parametrize("twins", [False, True])
def test_the_action_gradient_is_autograds_of_the_first_critic(twins):
    """peers 4.22: ∇_a, not ∇_(s, a); of the first critic, not of the smaller or the sum."""
    algorithm = TD3(hidden=(8,)) if twins else DDPG(hidden=(8,))
    nets = algorithm.networks(BOX, Streams(range(2), INITIALISE))
    g = torch.Generator().manual_seed(0)
    obs, action = torch.randn(2, 6, 3, generator=g), torch.rand(2, 6, 2, generator=g).requires_grad_()
    value = nets.critics.graph(obs, action)
    value = value[:, 0] if twins else value
    (expected,) = torch.autograd.grad(value.sum(), action)
    weights = nets.critics.grad.clone()
    torch.testing.assert_close(
        nets.critics.action_gradient(obs, action.detach()), expected, rtol=1e-4, atol=1e-6
    )
    assert torch.equal(nets.critics.grad, weights)
    assert torch.equal(nets.actor.flat, nets.target_actor.flat)
    assert torch.equal(nets.critics.flat, nets.target_critics.flat)
