"""Who acts and what is kept, against environments and teachers that say which was asked."""

import gymnasium
import numpy as np
import pytest
import torch

from rlcourse.agents import Rollout, reached_goals
from rlcourse.algorithms.cloning import Cloning
from rlcourse.algorithms.dagger import DAgger
from rlcourse.training import train


class Echo(gymnasium.Env):
    """What is seen is the last action; the first thing seen is 0."""

    observation_space = gymnasium.spaces.Box(-1, 1, (1,), np.float32)
    action_space = gymnasium.spaces.Box(-1, 1, (1,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.zeros(1, np.float32), {}

    def step(self, action):
        return np.asarray(action, np.float32), 0.0, False, False, {}


def half(obs, dice):
    return np.full((*obs.shape[:-1], 1), 0.5, np.float32)


SMALL = {"expert": half, "horizon": 8, "hidden": (4,), "epochs": 1}


class Limited(gymnasium.wrappers.TimeLimit):
    def __init__(self):
        super().__init__(Echo(), 8)


def seen(algorithm, steps=24, seeds=2):
    """[rounds, horizon, seeds]: what was seen at each step, and the labels."""
    kept = []
    train(
        algorithm, Limited, steps, seeds, evaluate_every=steps, evaluation_episodes=1,
        callbacks=[lambda training: kept.append(training.agent.demonstrations())],
    )  # fmt: skip
    data = kept[-1]
    return data.obs.numpy().reshape(-1, 8, seeds), data.action.numpy(), data


def test_a_clone_watches_the_teacher_in_every_round():
    obs, label, data = seen(Cloning(**SMALL))
    np.testing.assert_array_equal(obs[:, 1:], 0.5)
    np.testing.assert_array_equal(label, 0.5)
    assert data.truncated.sum() == 3 * 2


def test_noise_moves_what_the_teacher_does_and_not_what_it_says():
    obs, label, _ = seen(Cloning(**SMALL, noise=0.1))
    assert 0.05 < obs[:, 1:].std() < 0.2 and abs(obs[:, 1:].mean() - 0.5) < 0.1
    np.testing.assert_array_equal(label, 0.5)


def test_daggers_learner_acts_after_the_first_round_and_the_teacher_labels():
    obs, label, _ = seen(DAgger(**SMALL))
    np.testing.assert_array_equal(obs[0, 1:], 0.5)
    assert not (obs[1:, 1:] == 0.5).any()
    np.testing.assert_array_equal(label, 0.5)


def test_a_mixed_round_has_the_teacher_at_the_share_of_steps_that_was_asked_for():
    obs, _, _ = seen(DAgger(**SMALL, mix=0.7), steps=800, seeds=4)
    shares = (obs[:, 1:] == 0.5).mean((1, 2))
    np.testing.assert_allclose(shares[0], 1)
    expected = 0.7 ** np.arange(len(shares))
    assert abs(shares[:8] - expected[:8]).max() < 0.35
    assert abs(shares.sum() - expected.sum()) < 0.8


def test_all_rounds_are_kept_in_order():
    kept = []
    train(
        DAgger(**SMALL), Limited, 24, 2, evaluate_every=24, evaluation_episodes=1,
        callbacks=[lambda training: kept.append(training.agent.demonstrations())],
    )  # fmt: skip
    assert [len(data.obs) for data in kept] == [8, 16, 24]
    np.testing.assert_array_equal(kept[1].obs, kept[2].obs[:16])


def test_a_reached_goal_is_a_place_of_the_same_episode_then_or_later():
    T, S, N = 12, 2, 3
    place = torch.arange(T * S * N).view(T, S, N, 1).float()
    over = torch.zeros(T, S, N)
    over[4] = over[9] = 1
    rollout = Rollout(
        torch.cat([place, -torch.ones_like(place)], -1), torch.zeros(T, S, N, 1), over, over, 0 * over,
        torch.cat([place + 0.5, -torch.ones_like(place)], -1),
    )  # fmt: skip
    for draw, expected in ((0.0, range(T)), (0.999, [4] * 5 + [9] * 5 + [11] * 2)):
        goals = reached_goals(rollout, torch.full((T, S, N), draw)).obs[..., 1]
        torch.testing.assert_close(goals, place[list(expected), ..., 0] + 0.5)
    torch.testing.assert_close(reached_goals(rollout, over * 0.5).obs[..., :1], place)
    with pytest.raises(ValueError, match="not a place and a goal"):
        reached_goals(rollout._replace(obs=place), over)
