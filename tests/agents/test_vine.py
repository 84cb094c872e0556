"""A vine's branches start where they say, share their numbers, and measure Q."""

import gymnasium
import numpy as np
import pytest
import torch

from rlcourse.agents import Spaces, VineAgent, rows
from rlcourse.agents.vine import CommonNumbers
from rlcourse.algorithms.trpo import TRPO
from rlcourse.parts.environments import Stepper, make
from rlcourse.parts.randomness import BRANCH, Streams
from rlcourse.training import train

VINE = {"hidden": (8,), "num_envs": 2, "horizon": 16, "branches": 3, "branch_states": 5, "branch_steps": 6}


def grown(env, **options):
    """A vine agent of two seeds, and the rollout set that it hands to the algorithm."""
    algorithm = TRPO(**{**VINE, "normalise_reward": False, **options})
    stepper = Stepper(make(env, 4, [0, 1]))
    agent = VineAgent(algorithm, Spaces(stepper.obs_size, stepper.action_size, stepper.discrete), [0, 1])
    agent._env, agent._passed = stepper.settable, []
    rollout, _ = agent._collect(algorithm, stepper)
    states = agent._trunk_states()
    return algorithm, agent, states, agent._grow(algorithm, rows(rollout.obs), rows(rollout.obs), states)


def test_q_of_a_branch_is_what_gymnasium_s_own_pendulum_earns_from_that_state():
    """σ ≈ 0: a branch is one path, and Gymnasium's environment, set to the state, walks it too."""
    algorithm, agent, states, vine = grown("Pendulum-v1", log_std=-12.0)
    own = gymnasium.make("Pendulum-v1").unwrapped
    for seed, row in ((0, 0), (0, 7), (1, 11)):
        obs, action = vine.obs[seed, row].numpy(), vine.action[seed, row].numpy()
        own.reset(seed=0)
        match = np.abs(agent_obs(states[seed]) - obs).sum(-1).argmin()
        own.state, q = states[seed, match].copy(), 0.0
        for step in range(6):
            obs, reward, *_ = own.step(2 * np.clip(action, -1, 1))
            q += algorithm.gamma**step * reward
            action = agent.nets.policy.member(seed).mode(obs[None, None].astype(np.float32))[0, 0]
        x = torch.from_numpy(obs[None, None].astype(np.float32))
        q += algorithm.gamma**6 * float(agent.nets.critic.member(seed)(x).detach())
        assert abs(float(vine.advantage[seed, row] + vine.target[seed, row]) - q) < 1e-3


def agent_obs(state):
    return np.stack([np.cos(state[:, 0]), np.sin(state[:, 0]), state[:, 1]], axis=-1)


def test_branches_of_a_state_share_their_numbers_and_states_do_not():
    draws = CommonNumbers(Streams([0, 1], BRANCH), 3).normal(6, 2)
    assert draws.shape == (2, 6, 2)
    assert (draws[:, :3] == draws[:, :1]).all() and (draws[:, 3:] == draws[:, 3:4]).all()
    assert (draws[:, 0] != draws[:, 3]).all() and (draws[0] != draws[1]).all()


def test_where_actions_are_discrete_the_surrogate_is_the_sum_over_all_of_them():
    """Σ_a π_θ(a|s) (Q̂ − Σ π Q̂), from the probabilities themselves."""
    _, agent, _, vine = grown("CartPole-v1")
    assert vine.actions == 2 and (vine.action.view(2, 5, 2) == torch.tensor([0, 1])).all()
    agent.nets.policy.flat.add_(0.3 * torch.randn(agent.nets.policy.flat.shape))
    pi = agent.nets.policy(vine.obs)
    plain = (pi.log_p.exp()[:, ::2] * vine.advantage.view(2, 5, 2)).sum(-1).mean(-1)
    found = vine.surrogate(pi.log_prob(vine.action), vine.advantage)
    torch.testing.assert_close(found, plain)


def test_a_constant_added_to_q_changes_no_gradient_of_the_self_normalised_surrogate():
    _, agent, _, vine = grown("Pendulum-v1")
    gradients = []
    for constant in (0.0, 100.0):
        pi = agent.nets.policy(vine.obs)
        vine.surrogate(pi.log_prob(vine.action), vine.advantage + constant).sum().backward()
        gradients.append(agent.nets.policy.grad.clone())
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-3, atol=1e-3)
    assert gradients[0].abs().max() > 0.01


def test_an_environment_that_cannot_be_set_to_a_state_is_refused_in_words():
    with pytest.raises(ValueError, match="cannot be set to a state"):
        train(TRPO(**VINE), lambda: gymnasium.make("Pendulum-v1"), 64)


def test_all_simulated_steps_count_and_a_resumed_vine_is_the_uninterrupted_one(tmp_path):
    """2 · 16 of the trunk and 5 · 3 · 6 of the branches."""
    short = {"evaluate_every": 122, "evaluation_episodes": 1, "log_every": 122}
    whole = train(TRPO(**VINE), "Pendulum-v1", 488, 2, **short)
    assert list(whole.curve.steps) == [0, 122, 244, 366, 488]
    stop = [lambda training: training.stop() if training.steps >= 244 else None]
    train(TRPO(**VINE), "Pendulum-v1", 488, 2, folder=tmp_path, callbacks=stop, **short)
    resumed = train(TRPO(**VINE), "Pendulum-v1", 488, 2, resume=tmp_path, **short)
    np.testing.assert_array_equal(resumed.curve.returns, whole.curve.returns)
    assert torch.equal(resumed.policy.network.flat, whole.policy.network.flat)
