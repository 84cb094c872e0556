"""What goes wrong in environments is said in one line: what, where, what to do."""

import sys
from functools import partial

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv

from rlcourse.parts.environments import EnvironmentFault, Stepper, make

UNIT = spaces.Box(-1, 1, (1,), np.float32)


class Faulty(gymnasium.Env):
    """Two numbers and a zero reward, until at step 3 `fault(result)` decides what comes back."""

    action_space = UNIT
    observation_space = spaces.Box(-5, 5, (2,), np.float32)

    def __init__(self, fault=None, start=None, **spaces_to_declare):
        self.fault, self.start, self.t = fault, start, 0
        self.__dict__.update(spaces_to_declare)

    def reset(self, *, seed=None, options=None):
        return (np.zeros(2, np.float32), {}) if self.start is None else self.start

    def step(self, action):
        self.t += 1
        result = (np.zeros(2, np.float32), 0.0, False, False, {})
        return self.fault(result) if self.fault and self.t == 3 else result


def replaced(index, value):
    return lambda result: (*result[:index], value, *result[index + 1 :])


def message_of(error, action):
    with pytest.raises(error) as caught:
        action()
    message = str(caught.value)
    assert "\n" not in message
    return message


def run(*factories, steps=5, mode=AutoresetMode.SAME_STEP):
    stepper = Stepper(SyncVectorEnv(factories, autoreset_mode=mode))
    for _ in range(steps):
        stepper.step(np.zeros((stepper.num_envs, 1)))


FAULTS = {
    "nan reward": (replaced(1, np.nan), ["env 1", "step 2", "reward is nan"]),
    "infinite reward": (replaced(1, -np.inf), ["env 1", "step 2", "reward is -inf"]),
    "nan observation": (
        replaced(0, np.array([0, np.nan], np.float32)),
        ["env 1", "step 2", "observation is nan"],
    ),
    "infinite observation": (replaced(0, np.array([np.inf, 0], np.float32)), ["env 1", "observation is inf"]),
    "nan at the end": (
        lambda r: (np.array([np.nan, 0], np.float32), 0.0, True, False, {}),
        ["env 1", "step 2", "observation is nan"],
    ),
}


@pytest.mark.parametrize("mode", AutoresetMode)
@pytest.mark.parametrize("fault, words", FAULTS.values(), ids=FAULTS.keys())
def test_numbers_that_are_not_finite_name_environment_and_step(fault, words, mode):
    message = message_of(EnvironmentFault, lambda: run(Faulty, partial(Faulty, fault), mode=mode))
    for word in ["Faulty", *words]:
        assert word in message


CHECKED = {
    "old Gym 4-tuple": (
        lambda r: (r[0], r[1], True, {}),
        ["env 1", "got 4 values", "terminated and truncated"],
    ),
    "reward is None": (replaced(1, None), ["env 1", "reward must be a number, got None"]),
    "reward is a vector": (replaced(1, np.zeros(2)), ["env 1", "reward must be a number"]),
    "observation of another shape": (
        replaced(0, np.zeros(3, np.float32)),
        ["env 1", "observation of step has shape (3,)", "observation_space has shape (2,)"],
    ),
    "observation of words": (
        replaced(0, "left"),
        ["env 1", "observation of step is not an array of numbers"],
    ),
    "observation is None": (replaced(0, None), ["env 1", "observation of step"]),
}


@pytest.mark.parametrize("fault, words", CHECKED.values(), ids=CHECKED.keys())
def test_results_that_are_not_gymnasiums_name_the_field(fault, words):
    makes = iter([Faulty, partial(Faulty, fault)])
    stepper = Stepper(make(lambda: next(makes)(), 2))
    stepper.step(np.zeros((2, 1)))
    stepper.step(np.zeros((2, 1)))
    message = message_of(EnvironmentFault, lambda: stepper.step(np.zeros((2, 1))))
    for word in ["Faulty", "step 2", *words]:
        assert word in message


def test_old_gym_behind_gymnasiums_own_wrappers_is_recognised():
    limited = lambda: gymnasium.wrappers.TimeLimit(Faulty(lambda r: (r[0], r[1], True, {})), 50)  # noqa: E731
    stepper = Stepper(make(limited, 1))
    for _ in range(2):
        stepper.step(np.zeros((1, 1)))
    assert "terminated and truncated" in message_of(EnvironmentFault, lambda: stepper.step(np.zeros((1, 1))))


@pytest.mark.parametrize("start", [np.zeros(2, np.float32), (np.zeros(2), {}, 3), (np.zeros(2), None)])
def test_a_reset_that_does_not_return_observation_and_info_is_refused(start):
    message = message_of(EnvironmentFault, lambda: Stepper(make(partial(Faulty, start=start))))
    assert "reset must return (observation, info)" in message


def test_a_reset_that_is_not_finite_is_refused():
    start = (np.array([np.nan, 0], np.float32), {})
    message = message_of(EnvironmentFault, lambda: Stepper(make(partial(Faulty, start=start))))
    assert "env 0" in message
    assert "observation of reset is nan" in message


@pytest.mark.parametrize("mode", [AutoresetMode.SAME_STEP, AutoresetMode.DISABLED])
def test_a_later_reset_that_is_not_finite_is_refused_in_the_step_that_made_it(mode):
    class BadSecondStart(Faulty):
        def reset(self, *, seed=None, options=None):
            return np.full(2, np.nan if self.t else 0.0, np.float32), {}

    ending = replaced(3, True)  # truncated at step 3
    message = message_of(EnvironmentFault, lambda: run(Faulty, partial(BadSecondStart, ending), mode=mode))
    for word in ("env 1", "step 2", "observation of reset is nan"):
        assert word in message


def test_an_observation_outside_its_space_warns_and_names_the_number():
    start = (np.array([0, 9], np.float32), {})
    with pytest.warns(
        UserWarning, match=r"Faulty, env 0: observation\[1\] = 9.0 lies outside observation_space"
    ):
        Stepper(make(partial(Faulty, start=start)))


def test_an_observation_too_large_for_float32_is_infinite_and_refused():
    space = spaces.Box(-np.inf, np.inf, (2,), np.float64)
    env = partial(Faulty, replaced(0, np.array([1e300, 0])), (np.zeros(2), {}), observation_space=space)
    stepper = Stepper(make(env))
    for _ in range(2):
        stepper.step(np.zeros((1, 1)))
    with np.errstate(over="ignore"):
        assert "observation is inf" in message_of(EnvironmentFault, lambda: stepper.step(np.zeros((1, 1))))


def test_large_but_finite_numbers_are_accepted():
    env = partial(Faulty, lambda r: (np.array([1e30, 0], np.float32), 1e200, False, False, {}))
    stepper = Stepper(make(env))
    for _ in range(3):
        transition = stepper.step(np.zeros((1, 1)))
    assert transition.reward == 1e200


def test_a_vector_environment_of_the_old_kind_is_refused():
    class Old(VectorEnv):
        metadata = {"autoreset_mode": AutoresetMode.SAME_STEP}  # noqa: RUF012
        num_envs, single_action_space, single_observation_space = 2, UNIT, Faulty.observation_space
        ending = False

        def reset(self, *, seed=None, options=None):
            return np.zeros((2, 2), np.float32), {}

        def step(self, action):
            obs, flags = np.zeros((2, 2), np.float32), np.ones(2, bool)
            return (obs, np.zeros(2), flags, flags, {}) if self.ending else (obs, np.zeros(2), flags, {})

    stepper = Stepper(Old())
    assert "got 4 values" in message_of(EnvironmentFault, lambda: stepper.step(np.zeros((2, 1))))
    stepper.env.unwrapped.ending = True
    assert 'without info["final_obs"]' in message_of(EnvironmentFault, lambda: stepper.step(np.zeros((2, 1))))
    Old.metadata = {}
    assert "autoreset_mode" in message_of(ValueError, lambda: Stepper(Old()))


BOXES = {
    "unbounded": spaces.Box(-np.inf, np.inf, (1,), np.float32),
    "one-sided": spaces.Box(0, np.inf, (1,), np.float32),
    "one dimension of two": spaces.Box(np.array([-1, -np.inf]), np.array([1, 1]), dtype=np.float64),
}


@pytest.mark.parametrize("space", BOXES.values(), ids=BOXES.keys())
def test_actions_without_finite_bounds_are_refused(space):
    message = message_of(ValueError, lambda: make(partial(Faulty, action_space=space)))
    for word in ("Faulty", "Box(", "no finite bound", "wrap the environment"):
        assert word in message


@pytest.mark.parametrize(
    "space",
    [
        spaces.MultiDiscrete([2, 3]),
        spaces.MultiBinary(3),
        spaces.Box(0, 5, (1,), np.int64),
        spaces.Dict(a=UNIT),
    ],
)
def test_unsupported_actions_name_what_is_supported(space):
    message = message_of(ValueError, lambda: make(partial(Faulty, action_space=space)))
    assert "supported: Box of floats with finite bounds, and Discrete" in message


@pytest.mark.parametrize(
    "space, kind",
    [
        (spaces.Dict(a=UNIT), "Dict"),
        (spaces.Tuple([UNIT]), "Tuple"),
        (spaces.Box(0, 255, (8, 8, 3), np.uint8), "images (8, 8, 3)"),
        (spaces.Box(0, 255, (8, 8), np.uint8), "images (8, 8)"),
    ],
)
def test_unsupported_observations_name_what_is_supported(space, kind):
    message = message_of(ValueError, lambda: make(partial(Faulty, observation_space=space)))
    for word in (kind, "supported: Box (numbers, not images) and Discrete", "FlattenObservation"):
        assert word in message


def test_actions_of_a_broken_policy_are_not_blamed_on_the_environment():
    stepper = Stepper(make("Pendulum-v1", 2))
    message = message_of(EnvironmentFault, lambda: stepper.step(np.array([[0.0], [np.nan]])))
    assert "env 1" in message
    assert "action (of the policy) is nan" in message
    assert "shape (2,), expected (2, 1)" in message_of(ValueError, lambda: stepper.step(np.zeros(2)))
    cartpole = Stepper(make("CartPole-v1", 2))
    for action in ([0, 2], [-1, 0], [0.0, 1.0]):
        assert "integers 0 … 1" in message_of(ValueError, lambda a=action: cartpole.step(np.array(a)))


def test_make_says_what_it_wants():
    cases = [
        (TypeError, lambda: make(gymnasium.make("Pendulum-v1")), "id or a factory"),
        (TypeError, lambda: make(3), "id or a factory"),
        (TypeError, lambda: make(lambda: 3), "must return a gymnasium.Env, got int"),
        (TypeError, lambda: make(lambda num_envs: Faulty(), 2), "must return a VectorEnv of 2"),
        (ValueError, lambda: make("Pendulumm-v1"), "Did you mean: `Pendulum`?"),
        (ValueError, lambda: make("Pendulum-v1", 0), "num_envs must be an integer ≥ 1, got 0"),
        (ValueError, lambda: make("Pendulum-v1", 3, seed=[1, 2]), "cannot be shared evenly among 2 seeds"),
        (ValueError, lambda: make("Pendulum-v1", 1, seed=-1), "an integer ≥ 0, got -1"),
        (ValueError, lambda: make("Pendulum-v1", 2, seed=[0, 1.5]), "an integer ≥ 0, got 1.5"),
    ]
    for error, action, words in cases:
        assert words in message_of(error, action)


def test_missing_mujoco_names_the_extra(monkeypatch):
    for module in [name for name in sys.modules if name.split(".")[0] == "mujoco" or ".mujoco" in name]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "mujoco", None)  # what Python does when the package is not there
    message = message_of(ImportError, lambda: make("HalfCheetah-v5", 2))
    assert message == 'HalfCheetah-v5 needs MuJoCo: pip install "rlcourse[mujoco]"'


def test_other_missing_packages_are_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "Box2D", None)
    for module in [name for name in sys.modules if name.startswith("gymnasium.envs.box2d")]:
        monkeypatch.delitem(sys.modules, module)
    message = message_of(ImportError, lambda: make("LunarLander-v3"))
    assert "LunarLander-v3 needs a package that is not here" in message
