"""Bugs between agent and environment: what is seen, done and paid."""

from collections.abc import Callable

import gymnasium as gym
import numpy as np

from rlcourse.algorithms.ppo import PPO
from rlcourse.museum.exhibit import Exhibit

SMALL = PPO(hidden=(32, 32))


class Unscaled(gym.ActionWrapper):
    """The policy's [−1, 1] goes to an engine of [−2, 2] as it is."""

    def action(self, action):
        return action / self.action_space.high


class Late(gym.Wrapper):
    """What is seen is the step before."""

    def reset(self, **options):
        self.last, info = self.env.reset(**options)
        return self.last, info

    def step(self, action):
        obs, *rest = self.env.step(action)
        self.last, late = obs, self.last
        return late, *rest


class SameStart(gym.Wrapper):
    """Every episode is seeded with 0."""

    def reset(self, *, seed=None, options=None):
        return self.env.reset(seed=0, options=options)


def unscaled():
    return Unscaled(gym.make("Pendulum-v1"))


def late():
    return Late(gym.make("Pendulum-v1"))


def same_start():
    return SameStart(gym.make("CartPole-v1"))


def _made(env: str | Callable):
    return gym.make(env) if isinstance(env, str) else env()


def a_step_is_the_pendulum_s_own(env):
    """The same start and the same largest torque: observation and reward of the bare environment."""
    made, bare = _made(env), gym.make("Pendulum-v1")
    for world in (made, bare):
        world.reset(seed=3)
    for _ in range(3):
        (obs, reward, *_), (obs_, reward_, *_) = (
            world.step(world.action_space.high) for world in (made, bare)
        )
        assert np.allclose(obs, obs_) and np.isclose(reward, reward_), "what the bare environment says"


def episodes_begin_in_different_states(env):
    """Two resets in a row, the second without a seed."""
    made = _made(env)
    (one, _), (two, _) = made.reset(seed=3), made.reset()
    assert not np.allclose(one, two), "two starts"


EXHIBITS = (
    Exhibit(
        "actions never scaled",
        "Hardly learns: half of the torque is missing.",
        "The policy speaks in [−1, 1], the engine in [−2, 2], and nobody translates.",
        "cleanrl #196 and #211",
        SMALL, "Pendulum-v1", "env", unscaled, a_step_is_the_pendulum_s_own, 40_960,
    ),
    Exhibit(
        "one step late",
        "Learns later, and has not caught up at the end.",
        "The observation beside a reward is that of the step before: the policy sees the past.",
        "a common slip",
        SMALL, "Pendulum-v1", "env", late, a_step_is_the_pendulum_s_own, 40_960,
    ),
    Exhibit(
        "one seed for every episode",
        "Somewhat lower; and all that the curve shows is one start.",
        "reset(seed=0) inside the loop. The curve says what the agent does from one state.",
        "a common slip",
        SMALL, "CartPole-v1", "env", same_start, episodes_begin_in_different_states,
    ),
)  # fmt: skip
