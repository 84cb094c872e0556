"""Environments that keep what they return, or are given, and change it later; and infos of any form."""

from collections import UserDict

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv

from rlcourse.algorithms.ppo import PPO
from rlcourse.algorithms.td3 import TD3
from rlcourse.parts.environments import Stepper, make
from rlcourse.training import train


class Counting(gymnasium.Env):
    """Counts to 3 in one array for life; spoils the action that it was given."""

    observation_space = Box(0, 10, (1,), np.float32)
    action_space = Box(-1, 1, (1,), np.float32)

    def __init__(self):
        self.s, self.acted = np.zeros(1, np.float32), []

    def reset(self, *, seed=None, options=None):
        self.s[:] = 0
        return self.s, {}

    def step(self, action):
        self.acted.append(float(action[0]))
        action[:] = 7
        self.s += 1
        return self.s, 0.0, bool(self.s[0] >= 3), False, {}


def by_hand(mode):
    return lambda num_envs: SyncVectorEnv([Counting] * num_envs, autoreset_mode=mode)


MADE = {"one by one": Counting} | {mode.name: by_hand(mode) for mode in AutoresetMode}


@pytest.mark.parametrize("env", MADE.values(), ids=MADE.keys())
def test_an_environment_may_change_the_array_that_it_returned(env):
    stepper, successors, starts = Stepper(make(env, 2)), [], []
    while len(successors) < 6:
        step = stepper.step(np.full((2, 1), 0.5))
        assert (step.action == 0.5).all()
        if step.valid.all():
            starts.append(step.obs[:, 0].tolist())
            successors.append(step.next_obs[:, 0].tolist())
    assert successors == [[1, 1], [2, 2], [3, 3]] * 2
    assert starts == [[0, 0], [1, 1], [2, 2]] * 2


VIEWS = {
    "every other number": lambda s: s[::2],
    "read-only, of the other byte order": lambda s: frozen(s[:2].astype(">f4")),
    "a view that NumPy has no part in": lambda s: memoryview(s)[:2],
    "a reader's own kind of array": lambda s: np.ma.masked_array(s[:2]),
    "a list": lambda s: s[:2].tolist(),
}


def frozen(array):
    array.flags.writeable = False
    return array


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS.keys())
def test_a_view_of_its_array_is_copied_too(view):
    class Viewed(Counting):
        observation_space = Box(0, 10, (2,), np.float32)

        def __init__(self):
            self.s, self.acted = np.zeros(4, np.float32), []

        def reset(self, **kwargs):
            return view(super().reset(**kwargs)[0]), {}

        def step(self, action):
            s, *rest = super().step(action)
            return view(s), *rest

    stepper = Stepper(make(Viewed, 1))
    steps = [stepper.step(np.zeros((1, 1))) for _ in range(4)]
    assert [step.next_obs.tolist() for step in steps] == [[[1, 1]], [[2, 2]], [[3, 3]], [[1, 1]]]
    assert [step.obs.tolist() for step in steps] == [[[0, 0]], [[1, 1]], [[2, 2]], [[0, 0]]]


def test_what_is_replayed_is_the_action_and_not_what_the_environment_made_of_it():
    stepper = Stepper(make(Counting, 1, seed=0))
    stepper.step(np.array([[0.25]]))
    fresh = Stepper(make(Counting, 1, seed=0))
    fresh.restore(stepper.state())
    assert fresh.exact
    assert fresh.env.unwrapped.envs[0].unwrapped.acted == [0.25]


def test_an_observation_that_is_an_array_of_no_dimension_may_change_too():
    class Cell(Counting):
        observation_space, action_space = Discrete(4), Discrete(2)

        def __init__(self):
            self.s = np.array(0)

        def reset(self, *, seed=None, options=None):
            self.s[...] = 0
            return self.s, {}

        def step(self, action):
            self.s += 1
            return self.s, 0.0, bool(self.s >= 3), False, {}

    stepper = Stepper(make(Cell, 1))
    cells = [stepper.step(np.array([0])).next_obs[0].argmax() for _ in range(4)]
    assert cells == [1, 2, 3, 1]


def test_a_vector_environment_may_keep_all_its_arrays():
    class Kept(VectorEnv):
        metadata = {"autoreset_mode": AutoresetMode.NEXT_STEP}  # noqa: RUF012
        single_observation_space, single_action_space = Box(0, 99, (1,), np.float32), Discrete(2)

        def __init__(self, num_envs):
            self.num_envs = num_envs
            self.s, self.r = np.zeros((num_envs, 1), np.float32), np.zeros(num_envs)
            self.over = np.zeros(num_envs, bool)

        def reset(self, *, seed=None, options=None):
            self.s[:] = 0
            return self.s, {}

        def step(self, action):
            action[:] = 1
            self.s += 1
            self.r += 1
            self.over[:] = self.s[:, 0] % 2 == 0
            return self.s, self.r, self.over, np.zeros(self.num_envs, bool), {}

    stepper = Stepper(make(Kept, 2))
    one, two, three = (stepper.step(np.zeros(2, int)) for _ in range(3))
    assert [t.reward[0] for t in (one, two, three)] == [1, 2, 3]
    assert [t.next_obs[0, 0] for t in (one, two, three)] == [1, 2, 3]
    assert [t.terminated[0] for t in (one, two, three)] == [False, True, False]
    assert (one.action == 0).all()


# --------------------------------------------------------------------------------------------------- info


class Talkative(Counting):
    """`info` of varying length, type and keys; of the reset too."""

    forms = (
        {"a": np.zeros(2), "b": 1, "c": {"d": 1}},
        {"a": np.zeros(3), "b": "one", "c": 5},
        {"a": None, "b": [1, 2], "c": np.zeros((2, 2)), 7: object()},
        {"_a": 3, "final_obs": np.zeros(9), "final_info": 4, "episode": {"r": "much"}},
    )
    made = 0

    def __init__(self):
        super().__init__()
        Talkative.made += 1
        self.t = Talkative.made

    def reset(self, **kwargs):
        self.t += 1
        return super().reset(**kwargs)[0], self.forms[self.t % 4]

    def step(self, action):
        self.t += 1
        return *super().step(action)[:4], self.forms[self.t % 4]


@pytest.mark.parametrize("algorithm", [TD3(warmup=5, capacity=50, batch_size=8), PPO(num_envs=2, horizon=16)])
def test_the_form_of_info_does_not_matter(algorithm):
    assert train(algorithm, Talkative, 32, 3, evaluation_episodes=2).status == "finished"


@pytest.mark.parametrize("mode", AutoresetMode)
def test_nor_does_it_under_a_vector_environment_of_ones_own(mode):
    def many(num_envs):
        return SyncVectorEnv([Talkative] * num_envs, autoreset_mode=mode)

    assert train(PPO(num_envs=2, horizon=16), many, 32, 1, evaluation_episodes=2).status == "finished"


@pytest.mark.parametrize("mode", AutoresetMode)
@pytest.mark.parametrize(
    "info", [None, "text", [1], UserDict(a=np.zeros(2)), {3: 1, (1, 2): {"a": object()}}]
)
def test_nor_does_it_matter_there_whether_it_is_a_dictionary(info, mode):
    class Terse(Counting):
        def reset(self, **kwargs):
            return super().reset(**kwargs)[0], info

        def step(self, action):
            return *super().step(action)[:4], info

    stepper = Stepper(make(lambda num_envs: SyncVectorEnv([Terse] * num_envs, autoreset_mode=mode), 2))
    steps = [stepper.step(np.zeros((2, 1))) for _ in range(8)]
    ends = [step.next_obs.ravel().tolist() for step in steps if step.terminated.any()]
    assert ends == [[3, 3]] * 2
