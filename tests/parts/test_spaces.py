"""Spaces as the trainers see them: every observation a row of numbers, every action a number or a vector."""

import itertools

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Tuple

from rlcourse.algorithms.ppo import PPO
from rlcourse.parts.environments import EnvironmentFault, Stepper, make
from rlcourse.parts.spaces import Actions, flattened
from rlcourse.training import evaluate, train


class Told(gymnasium.Env):
    """Shows what it is told to, keeps the actions that it met, ends after three steps."""

    def __init__(self, shown=0, observation_space=None, action_space=None):
        self.shown, self.met = shown, []
        self.observation_space = observation_space or Discrete(2)
        self.action_space = action_space or Discrete(2)

    def reset(self, *, seed=None, options=None):
        self.t = 0
        return self.shown, {}

    def step(self, action):
        assert self.action_space.contains(action), action
        self.t += 1
        self.met.append(action)
        return self.shown, 1.0, self.t == 3, False, {}


HALF = np.array([0.5, -0.5], np.float32)
TWO = Box(-1, 1, (2,), np.float32)
SHOWN = {
    "Dict": (Dict(a=TWO, b=Discrete(3)), {"a": HALF, "b": 1}, [0.5, -0.5, 0, 1, 0]),
    "Tuple": (Tuple((Discrete(2, start=5), TWO)), (6, HALF), [0, 1, 0.5, -0.5]),
    "MultiDiscrete": (MultiDiscrete([2, 3]), np.array([1, 2]), [0, 1, 0, 0, 1]),
    "MultiBinary": (MultiBinary(3), np.array([1, 0, 1], np.int8), [1, 0, 1]),
    "nested": (
        Dict(a=Tuple((TWO, Dict(c=MultiBinary(1))))),
        {"a": (HALF, {"c": np.int8([1])})},
        [0.5, -0.5, 1],
    ),
    "Discrete from below zero": (Discrete(3, start=-1), -1, [1, 0, 0]),
    "Box of no dimension": (Box(-1, 1, (), np.float32), np.float32(0.5), [0.5]),
    "Box of truth values": (Box(0, 1, (2,), bool), np.array([True, False]), [1, 0]),
    "Box of two dimensions": (Box(-9, 9, (2, 2), np.float64), np.arange(4.0).reshape(2, 2), [0, 1, 2, 3]),
}


@pytest.mark.parametrize(("space", "shown", "row"), SHOWN.values(), ids=SHOWN.keys())
def test_an_observation_of_any_parts_becomes_one_row(space, shown, row):
    stepper = Stepper(make(lambda: Told(shown, space), 2))
    assert stepper.obs.tolist() == [row, row]
    for _ in range(4):  # over the end of an episode
        step = stepper.step(np.zeros(2, np.int64))
        assert step.next_obs.tolist() == step.obs.tolist() == [row, row]


LENIENT = {  # parts that are not of the declared kind of number, and what is made of them
    "float64": {"a": np.float64([0.5, -0.5]), "b": 1},
    "lists": {"a": [0.5, -0.5], "b": 1},
    "another order, and a number in an array": {"b": np.array(1), "a": np.float16([0.5, -0.5])},
    "a number in an array of one": {"a": (0.5, -0.5), "b": np.array([1])},
    "a view of every other number": {"a": np.float32([0.5, 9, -0.5, 9])[::2], "b": np.uint8(1)},
}


@pytest.mark.parametrize("shown", LENIENT.values(), ids=LENIENT.keys())
def test_a_part_may_hold_numbers_of_any_kind_as_a_box_by_itself_may(shown):
    assert Stepper(make(lambda: Told(shown, Dict(a=TWO, b=Discrete(3))))).obs.tolist() == [
        [0.5, -0.5, 0, 1, 0]
    ]


def test_a_box_among_parts_may_be_left_with_a_warning_as_a_box_by_itself_may():
    for space, shown in ((Dict(a=TWO), {"a": np.float32([3, 0])}), (TWO, np.float32([3, 0]))):
        with pytest.warns(UserWarning, match=r"observation\[0\] = 3.0 lies outside observation_space"):
            assert Stepper(make(lambda o=shown, s=space: Told(o, s))).obs.tolist() == [[3, 0]]


def test_parts_that_the_environment_keeps_and_changes_are_copied():
    class Kept(Told):
        def reset(self, **kwargs):
            self.t, self.shown["a"][0]["c"][:] = 0, 0
            return self.shown, {}

        def step(self, action):
            self.shown["a"][0]["c"][:] += 1
            return super().step(action)

    def kept():
        return Kept({"a": ({"c": np.zeros(1, np.float32)},)}, Dict(a=Tuple((Dict(c=Box(0, 9, (1,))),))))

    stepper = Stepper(make(kept, 2))
    steps = [stepper.step(np.zeros(2, np.int64)) for _ in range(4)]
    assert [step.next_obs.ravel().tolist() for step in steps] == [[1, 1], [2, 2], [3, 3], [1, 1]]
    assert [step.obs.ravel().tolist() for step in steps] == [[0, 0], [1, 1], [2, 2], [0, 0]]


def test_an_observation_outside_a_space_of_parts_is_named():
    space = Dict(a=TWO, b=Discrete(3))
    for wrong in (
        {"a": HALF}, {"a": HALF, "b": 3}, {"a": HALF[:1], "b": 0}, {"a": HALF, "b": 1.5}, 7, None,
        {"a": HALF, "b": 0, "c": 0}, {"a": "text", "b": 0}, {"a": [[0.5], [0.5, 1]], "b": 0},
        {"a": {"x": 1}, "b": 0}, {"a": HALF, "b": [0, 1]}, {"a": HALF, "b": None},
    ):  # fmt: skip
        with pytest.raises(
            EnvironmentFault, match=r"env 0: observation of reset is .*, outside Dict"
        ) as error:
            Stepper(make(lambda wrong=wrong: Told(wrong, space)))
        assert "\n" not in str(error.value)


CHOICES = {
    "MultiDiscrete": (MultiDiscrete([2, 3]), [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]),
    "MultiDiscrete with a start": (MultiDiscrete([2, 2], start=[5, -1]), [[5, -1], [5, 0], [6, -1], [6, 0]]),
    "of two dimensions": (MultiDiscrete([[2], [2]]), [[[i], [j]] for i in (0, 1) for j in (0, 1)]),
    "MultiBinary": (MultiBinary(2), [[0, 0], [0, 1], [1, 0], [1, 1]]),
}  # fmt: skip


@pytest.mark.parametrize(("space", "actions"), CHOICES.values(), ids=CHOICES.keys())
def test_actions_of_several_choices_are_the_numbers_of_their_combinations(space, actions):
    envs = []

    def factory():
        envs.append(Told(action_space=space))
        return envs[-1]

    stepper = Stepper(make(factory, 1))
    assert stepper.discrete and stepper.action_size == len(actions)
    for number in range(len(actions)):
        stepper.step(np.array([number]))
    assert [action.tolist() for action in envs[0].met] == actions
    assert all(action.dtype == space.dtype for action in envs[0].met)


def test_every_combination_is_met_exactly_once():
    adapted = Actions(MultiDiscrete([3, 4, 5]), "it")
    met = adapted.to_environments(np.arange(60)).tolist()
    assert met == [list(one) for one in itertools.product(range(3), range(4), range(5))]


def test_ppo_learns_which_of_six_combinations_pays():
    class Locked(Told):
        def step(self, action):
            *rest, terminated, truncated, info = super().step(action)
            return rest[0], float(action.tolist() == [1, 2]), terminated, truncated, info

    factory = lambda: Locked(action_space=MultiDiscrete([2, 3]))  # noqa: E731
    run = train(
        PPO(num_envs=4, horizon=32, hidden=(8,), learning_rate=0.02), factory, 1500, 2, longest_episode=9
    )
    assert evaluate(run, factory, 5, longest_episode=9).tolist() == [[3.0] * 5] * 2


def test_what_is_too_wide_for_a_network_is_said():
    with pytest.raises(ValueError, match=r"an observation of 1,000,000 values would be as many numbers"):
        make(lambda: Told(observation_space=Discrete(10**6)))


def test_a_space_without_parts_stays_itself():
    for space in (TWO, Discrete(3), Dict(a=Box(0, 255, (8, 8, 3), np.uint8))):
        assert flattened(space) is space


@pytest.mark.parametrize("name", ["Blackjack-v1", "FrozenLake-v1"])
def test_gymnasiums_toy_tasks_train(name):
    algorithm = PPO(num_envs=2, horizon=16, hidden=(8,))
    assert train(algorithm, name, 32, evaluation_episodes=2, longest_episode=99).status == "finished"
