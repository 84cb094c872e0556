"""An agent, an environment, a factory and a run that do not belong together: said in one line."""

import contextlib
import dataclasses
import functools
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete
from gymnasium.wrappers import ClipAction, NormalizeObservation, NormalizeReward, TimeLimit
from gymnasium.wrappers import vector as vector_wrappers

from rlcourse import checkpoints
from rlcourse.algorithms.ppo import PPO
from rlcourse.algorithms.td3 import TD3
from rlcourse.map.c51 import C51
from rlcourse.map.dqn import DQN
from rlcourse.map.iqn import IQN
from rlcourse.parts.environments import make
from rlcourse.training import evaluate, in_own_units, train

TINY = TD3(warmup=5, capacity=400, batch_size=8, hidden=(8,))
BATCH = PPO(num_envs=2, horizon=16, hidden=(8,))
QUICK = {"evaluation_episodes": 1, "evaluate_every": 10**6}  # at the start and at the end


class Five(gymnasium.Env):
    """Reward 1 a step, for five steps."""

    observation_space = Box(-1, 1, (1,), np.float32)

    def __init__(self, action_space):
        self.action_space = action_space

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t = 0
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self.t += 1
        return np.zeros(1, np.float32), 1.0, self.t == 5, False, {}


def limited(action_space=None):
    return TimeLimit(Five(action_space or Box(-1, 1, (1,), np.float32)), 99)


# ------------------------------------------- an agent and an environment that do not belong together


def normalised():
    return NormalizeObservation(gymnasium.make("Pendulum-v1"))


def normalised_together(num_envs):
    return vector_wrappers.NormalizeObservation(gymnasium.make_vec("Pendulum-v1", num_envs=num_envs))


@pytest.mark.parametrize("trained_in", [normalised, normalised_together])
def test_an_agent_that_learnt_behind_a_normaliser_says_where_there_is_none(trained_in):
    """Its policy knows numbers of another scale; without the line it just looks bad."""
    run = train(TINY, trained_in, 20, **QUICK)
    words = "learnt behind a wrapper that normalises observations, and here is none"
    with pytest.warns(UserWarning, match=f"Pendulum-v1: .*{words}"):
        evaluate(run, "Pendulum-v1", 1)
    with contextlib.closing(gymnasium.make("Pendulum-v1")) as env, pytest.warns(UserWarning, match=words):
        in_own_units(run, env)
    with pytest.warns(UserWarning, match=words):
        train(TINY, trained_in, 20, evaluation_env="Pendulum-v1", **QUICK)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        evaluate(run, trained_in, 1)
        evaluate(run, normalised, 1)


def test_one_that_learnt_behind_a_normaliser_of_vectors_acts_with_its_statistics():
    run = train(TINY, normalised_together, 20, **QUICK)
    with contextlib.closing(normalised()) as env:
        in_own_units(run, env)
        np.testing.assert_allclose(env.obs_rms.mean, run.policy.seen["around"][0]["mean"])
        assert not env.update_running_mean


def test_a_normaliser_of_rewards_alone_says_nothing_elsewhere():
    run = train(TINY, lambda: NormalizeReward(gymnasium.make("Pendulum-v1")), 20, **QUICK)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        evaluate(run, "Pendulum-v1", 1)


@pytest.mark.parametrize(
    "algorithm",
    [PPO(num_envs=2, horizon=16, hidden=(8,)), *(kind(warmup=5, hidden=(8,)) for kind in (DQN, C51, IQN))],
)
def test_an_agent_of_two_actions_is_not_evaluated_among_five(algorithm):
    two, five, box = Discrete(2), Discrete(5), Box(-1, 1, (1,), np.float32)
    run = train(algorithm, lambda: limited(action_space=two), 20, **QUICK)
    assert evaluate(run, lambda: limited(action_space=two), 1) == 5
    for space, says in ((five, "has 5"), (box, "takes continuous ones")):
        with pytest.raises(ValueError, match=f"chooses among 2 actions, and the environment {says}"):
            evaluate(run, lambda space=space: limited(action_space=space), 1)
        with pytest.raises(ValueError, match=f"chooses among 2 actions, and the environment {says}"):
            in_own_units(run, limited(action_space=space))


# ------------------------------------------------------------------- factories, and runs that go on


class Nothing:
    """An agent that does nothing."""

    @staticmethod
    def act(obs):
        return np.zeros((len(obs), 1))


@pytest.mark.parametrize(
    ("factory", "words"),
    [
        (lambda rank: limited(), r"which takes \(rank\), cannot be called without arguments .*'rank'"),
        (functools.partial(lambda space, size: None, 3), r"cannot be called without arguments .*'size'"),
        (lambda rank, num_envs: None, r"which takes \(rank, num_envs\), cannot be called"),
    ],
)
def test_a_factory_that_wants_arguments_is_shown_how_to_give_them(factory, words):
    for made in (make, lambda env: train(TINY, env, 10), lambda env: evaluate(Nothing, env)):
        with pytest.raises(TypeError, match=words) as error:
            made(factory)
        assert "env_kwargs" in str(error.value) and "\n" not in str(error.value)


def test_keywords_that_a_factory_does_not_take_are_named():
    with pytest.raises(TypeError, match=r"which takes \(\), cannot be called with g=3 .*'g'"):
        train(TINY, lambda: limited(), 10, env_kwargs={"g": 3})
    with pytest.raises(ValueError, match=r"cannot be made with {'h': 3}: .*'h'.*; correct env_kwargs"):
        train(TINY, "Pendulum-v1", 10, env_kwargs={"h": 3})


@pytest.mark.parametrize(
    "factory", [lambda *words: limited(), lambda **words: limited(), lambda n=3: limited()]
)
def test_arguments_that_need_not_be_given_are_not_missed(factory):
    make(factory).close()


def test_what_differs_from_the_run_that_is_continued_is_all_that_is_said(tmp_path):
    train(BATCH, limited, 20, folder=tmp_path, **QUICK)
    with pytest.raises(
        checkpoints.CheckpointError, match=r": its num_envs is 2, but 4 was asked for; resume"
    ):
        train(dataclasses.replace(BATCH, num_envs=4), limited, 20, resume=tmp_path, **QUICK)
    with pytest.raises(checkpoints.CheckpointError, match=r": its hidden is \[8\], but \[9\] was asked for"):
        train(dataclasses.replace(BATCH, hidden=(9,)), limited, 20, resume=tmp_path, **QUICK)


def test_steps_of_a_run_that_is_continued_count_from_the_beginning(tmp_path):
    train(BATCH, limited, 64, folder=tmp_path, **QUICK)
    with pytest.warns(UserWarning, match="has 64 steps already: steps=40 counts from the beginning"):
        run = train(BATCH, limited, 40, resume=tmp_path, **QUICK)
    assert run.curve.steps[-1] == 64
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert train(BATCH, limited, 96, resume=tmp_path, **QUICK).curve.steps[-1] == 96


def test_unbounded_actions_of_a_clipping_wrapper_are_told_that_it_is_not_needed():
    with pytest.raises(ValueError, match="no finite bound on some side.*leave ClipAction away") as error:
        make(lambda: ClipAction(gymnasium.make("Pendulum-v1")))
    assert "\n" not in str(error.value)
