"""What goes wrong in environments is said in one line: what, where, what to do."""

import sys
from fractions import Fraction
from functools import partial

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv

from rlcourse.parts.environments import EnvironmentFault, Stepper, configured, make
from rlcourse.training import record, watch

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
    "reward is text": (replaced(1, "1"), ["env 1", "reward must be a number, got '1'"]),
    "reward is complex": (replaced(1, 1 + 0j), ["env 1", "reward must be a number, got (1+0j)"]),
    "reward is beyond float32": (
        replaced(1, 1e39),
        ["env 1", "reward is 1e+39", "at most 3.4e+38: scale it"],
    ),
    "terminated is None": (replaced(2, None), ["env 1", "terminated must be True or False, got None"]),
    "truncated is text": (replaced(3, "no"), ["env 1", "truncated must be True or False, got 'no'"]),
    "terminated is several": (replaced(2, np.zeros(2, bool)), ["env 1", "terminated must be True or False"]),
    "terminated is no number": (replaced(2, np.nan), ["terminated must be True or False, got nan"]),
    "terminated is two": (replaced(2, 2), ["env 1", "terminated must be True or False, got 2"]),
    "reward is masked": (replaced(1, np.ma.masked), ["env 1", "reward must be a number, got masked"]),
    "reward without a float": (replaced(1, 10**400), ["env 1", "reward must be a number, got 1000"]),
    "reward of five thousand digits": (
        replaced(1, 10**5000),
        ["reward must be a number, got a very large int"],
    ),
    "observation is complex": (
        replaced(0, np.array([1j, 0])),
        ["env 1", "observation of step is not an array of numbers", "complex128"],
    ),
    "observation of dates": (replaced(0, np.zeros(2, "M8[D]")), ["env 1", "is not an array of numbers"]),
    "observation is masked": (
        replaced(0, np.ma.array(np.zeros(2, np.float32), mask=[0, 1])),
        ["env 1", "is not an array of numbers", "masked"],
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


WHOLE = spaces.Box(0, 255, (2,), np.uint8)


@pytest.mark.parametrize(
    "space",
    [WHOLE, spaces.Dict(a=WHOLE), spaces.Tuple([WHOLE, spaces.Discrete(2)])],
    ids=["Box", "Dict", "Tuple"],
)
@pytest.mark.parametrize("numbers", [[0.9, 0], [-1, 0], [300, 0], [np.nan, 0]])
@pytest.mark.filterwarnings("error")
def test_numbers_that_the_declared_kind_cannot_say_are_refused_and_not_cut(space, numbers):
    def start(values):
        kinds = {spaces.Dict: {"a": values}, spaces.Tuple: (values, 1)}
        return partial(Faulty, start=(kinds.get(type(space), values), {}), observation_space=space)

    message = message_of(EnvironmentFault, lambda: Stepper(make(start(np.array(numbers)))))
    assert "observation of reset" in message and "uint8" in message
    assert Stepper(make(start([255.0, 7]))).obs[0, :2].tolist() == [255, 7]  # whole ones may be floats


@pytest.mark.parametrize(
    "value", [2, True, np.int8(2), np.array(2), np.array([2]), torch.tensor(2), np.bool_(1)]
)
@pytest.mark.parametrize(
    "wrap", [lambda space: space, lambda space: spaces.Tuple([space])], ids=["itself", "a part"]
)
def test_a_discrete_observation_may_come_in_any_wrapping(value, wrap):
    space = wrap(spaces.Discrete(3, start=1))  # 1, 2, 3
    start = value if isinstance(space, spaces.Discrete) else (value,)
    stepper = Stepper(make(partial(Faulty, start=(start, {}), observation_space=space)))
    assert stepper.obs.argmax() == int(np.ravel(value)[0]) - 1 and stepper.obs.sum() == 1


@pytest.mark.parametrize("value", [0, 4, 2.0, None, "2", [1, 2], 10**30, 2j])
@pytest.mark.parametrize(
    "wrap", [lambda space: space, lambda space: spaces.Tuple([space])], ids=["itself", "a part"]
)
def test_one_outside_its_space_is_refused(value, wrap):
    space = wrap(spaces.Discrete(3, start=1))
    start = value if isinstance(space, spaces.Discrete) else (value,)
    faulty = partial(Faulty, start=(start, {}), observation_space=space)
    message = message_of(EnvironmentFault, lambda: Stepper(make(faulty)))
    assert "observation of reset is" in message and "outside" in message


def test_a_multibinary_part_beyond_its_bits_is_refused():
    start = partial(Faulty, start=([257, 0], {}), observation_space=spaces.MultiBinary(2))
    assert "outside MultiBinary(2)" in message_of(EnvironmentFault, lambda: Stepper(make(start)))


def test_an_environment_may_have_no_metadata():
    assert Stepper(make(partial(Faulty, metadata=None))).obs.tolist() == [[0, 0]]


def test_actions_of_the_widest_box_are_its_own_numbers():
    low, high = (np.array([sign * 1.7e308]) for sign in (-1, 1))
    env = make(partial(Faulty, action_space=spaces.Box(low, high, dtype=np.float64)))
    np.testing.assert_array_equal(
        env.actions(np.array([[-1.0], [0.0], [0.5], [1.0]])).ravel() / 1.7e308, [-1, 0, 0.5, 1]
    )


ONE = {
    "array": np.array([1.0]),
    "array of no dimension": np.array(1.0),
    "NumPy's": np.float32(1),
    "integer": 1,
    "tensor": torch.ones(()),
    "tensor with gradient": torch.ones(1, requires_grad=True),
    "fraction": Fraction(1),
}


TWO = [
    [0.5, 2], [Fraction(1, 2), 2], np.array([0.5, 2], np.float16), np.array([0.5, 2], object),
    torch.tensor([0.5, 2]), torch.tensor([0.5, 2], requires_grad=True), np.ma.array([0.5, 2], mask=False),
]  # fmt: skip


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("two", TWO, ids=lambda two: type(two).__name__)
def test_so_may_an_observation(two):
    stepper = Stepper(make(partial(Faulty, start=(two, {}))))
    assert stepper.obs.tolist() == [[0.5, 2]] and stepper.obs.dtype == np.float32


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("one", ONE.values(), ids=ONE.keys())
def test_a_number_may_come_in_any_wrapping(one):
    stepper = Stepper(make(partial(Faulty, lambda result: (result[0], one, one, False, None))))
    for _ in range(2):
        assert stepper.step(np.zeros((1, 1))).reward == 0
    last = stepper.step(np.zeros((1, 1)))
    assert (last.reward, last.terminated, last.truncated) == (1, True, False)


def test_a_reward_that_the_environment_keeps_and_changes_is_copied():
    class Summing(Faulty):
        total = np.zeros(())

        def step(self, action):
            self.total += 1
            return np.zeros(2, np.float32), self.total, False, False, {}

    stepper = Stepper(make(Summing))
    kept = [stepper.step(np.zeros((1, 1))).reward for _ in range(3)]
    assert [float(reward[0]) for reward in kept] == [1, 2, 3]


@pytest.mark.parametrize("info", [None, {}, {"final_obs": 3, "_final_obs": "x", "episode": []}])
def test_a_reset_may_say_nothing_beside_the_observation(info):
    assert Stepper(make(partial(Faulty, start=(np.zeros(2), info)))).obs.tolist() == [[0, 0]]


def test_info_of_a_reset_that_is_something_else_is_named():
    message = message_of(EnvironmentFault, lambda: Stepper(make(partial(Faulty, start=(np.zeros(2), [1])))))
    assert "reset must return (observation, info) with info a dictionary, got list" in message


@pytest.mark.parametrize("arguments", ["", "seed=None"])
def test_a_reset_without_gymnasiums_arguments_is_shown_them(arguments):
    made = {"Faulty": Faulty, "np": np}
    exec(f"class Old(Faulty):\n def reset(self, {arguments}): return np.zeros(2), {{}}", made)
    message = message_of(EnvironmentFault, lambda: Stepper(make(made["Old"])))
    assert "write def reset(self, *, seed=None, options=None)" in message


@pytest.mark.parametrize("name", ["observation_space", "action_space"])
def test_a_missing_space_is_named(name):
    message = message_of(ValueError, lambda: make(partial(Faulty, **{name: None})))
    assert f"Faulty has no {name}; give it one of gymnasium.spaces" in message


def test_copies_that_differ_in_their_spaces_are_refused_and_closed():
    closed = []

    class Growing(Faulty):
        def close(self):
            closed.append(self)

    widths = iter([2, 3])
    factory = lambda: Growing(observation_space=spaces.Box(-1, 1, (next(widths),)))  # noqa: E731
    assert "must make the same kind at each call" in message_of(ValueError, lambda: make(factory, 2))
    assert len(closed) == 2


@pytest.mark.parametrize("stream", [np.random.RandomState(0), None, "mine", property(lambda env: 1 / 0)])
def test_chance_that_is_no_generator_of_numpys_trains_and_is_known_not_to_be_exact(stream):
    class Own(Faulty):
        np_random = stream

    stepper, fresh = (Stepper(make(partial(Own, lambda r: (*r[:2], True, False, {})), 1, 0)) for _ in "ab")
    for _ in range(5):
        stepper.step(np.zeros((1, 1)))
    with pytest.warns(UserWarning, match="not restored exactly"):
        fresh.restore(stepper.state())


@pytest.mark.parametrize("bits", [np.random.MT19937, np.random.Philox, np.random.PCG64DXSM])
def test_generators_of_any_kind_are_brought_back(bits):
    class Own(Faulty):
        def reset(self, *, seed=None, options=None):
            if seed is not None:
                self._np_random = np.random.Generator(bits(seed))
            return self.np_random.random(2).astype(np.float32), {}

        def step(self, action):
            return self.np_random.random(2).astype(np.float32), 0.0, self.np_random.random() < 0.3, False, {}

    one, other = (Stepper(make(Own, 2, 0)) for _ in "ab")
    for _ in range(9):
        one.step(np.zeros((2, 1)))
    other.restore(one.state())
    assert other.exact
    for _ in range(9):
        here, there = (stepper.step(np.zeros((2, 1))).next_obs for stepper in (one, other))
        np.testing.assert_array_equal(here, there)


@pytest.mark.parametrize("start", [np.zeros(2, np.float32), (np.zeros(2), {}, 3)])
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
    env = partial(Faulty, lambda r: (np.array([1e30, 0], np.float32), 1e38, False, False, {}))
    stepper = Stepper(make(env))
    for _ in range(3):
        transition = stepper.step(np.zeros((1, 1)))
    assert transition.reward == 1e38


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
    for metadata in ({}, None, {"autoreset_mode": None}, {"autoreset_mode": "SameStep"}):
        Old.metadata = metadata  # unsaid, a reset observation would pass for an episode's last
        assert "state a gymnasium AutoresetMode" in message_of(ValueError, lambda: Stepper(Old()))


class Two(VectorEnv):
    """Two copies that end at their third step; `fault` replaces fields of what that step returns."""

    metadata = {"autoreset_mode": AutoresetMode.SAME_STEP}  # noqa: RUF012
    num_envs, single_action_space, single_observation_space = 2, UNIT, Faulty.observation_space

    def __init__(self, **fault):
        self.fault, self.t = fault, 0

    def reset(self, *, seed=None, options=None):
        return self.fault.get("start", (np.zeros((2, 2), np.float32), {}))

    def step(self, action):
        self.t += 1
        obs, ends = np.full((2, 2), self.t, np.float32), np.full(2, self.t == 3)
        info = {"final_obs": obs} if self.t == 3 else {}
        right = {
            "obs": obs,
            "reward": np.ones(2),
            "terminated": ends,
            "truncated": ~ends & ends,
            "info": info,
        }
        return tuple((right | self.fault if self.t == 3 else right)[name] for name in right)


BOTH = {
    "a reward for all": ({"reward": 1.0}, "reward must be 2 numbers, got 1.0"),
    "a column of rewards": ({"reward": np.ones((2, 1))}, "reward must be 2 numbers"),
    "a reward too many": ({"reward": np.ones(3)}, "reward must be 2 numbers"),
    "complex rewards": ({"reward": np.full(2, 1j)}, "reward must be 2 numbers"),
    "masked rewards": ({"reward": np.ma.array(np.ones(2), mask=True)}, "reward must be 2 numbers"),
    "no rewards": ({"reward": None}, "reward must be 2 numbers, got None"),
    "no end": ({"terminated": None}, "terminated must be 2 True or False, got None"),
    "ends in words": ({"truncated": np.array(["False"] * 2)}, "truncated must be 2 True or False"),
    "ends that are nan": ({"truncated": np.full(2, np.nan)}, "truncated must be 2 True or False, got array"),
    "a column of ends": ({"terminated": np.ones((2, 1), bool)}, "terminated must be 2 True or False"),
    "info is None": ({"info": None}, 'SAME_STEP without info["final_obs"]'),
    "no last observation": ({"info": {"final_obs": np.array([None] * 2)}}, 'info["final_obs"]'),
    "a wider last observation": ({"info": {"final_obs": np.zeros((2, 3))}}, "holds no observation of env 0"),
    "one last observation": ({"info": {"final_obs": np.zeros((1, 2))}}, "holds no observation of env 1"),
    "last observations by name": ({"info": {"final_obs": {"a": 1}}}, "holds no observation of env 0"),
    "complex observations": ({"obs": np.zeros((2, 2), complex)}, "is not 2 arrays of numbers"),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("fault, words", BOTH.values(), ids=BOTH.keys())
def test_what_a_vector_environment_returns_is_named_too(fault, words):
    stepper = Stepper(Two(**fault))
    for _ in range(2):
        stepper.step(np.zeros((2, 1)))
    message = message_of(EnvironmentFault, lambda: stepper.step(np.zeros((2, 1))))
    assert words in message and "step 2" in message


@pytest.mark.parametrize("ones", [[1, 1], torch.ones(2, requires_grad=True), np.ones(2, object)])
def test_its_numbers_may_come_in_any_wrapping(ones):
    stepper = Stepper(Two(reward=ones, terminated=ones))
    last = [stepper.step(np.zeros((2, 1))) for _ in range(3)][-1]
    assert (last.reward.tolist(), last.terminated.tolist()) == ([1, 1], [True, True])


def test_a_vector_reset_without_info_is_named():
    message = message_of(EnvironmentFault, lambda: Stepper(Two(start=np.zeros((2, 2)))))
    assert "reset must return (observation, info), got ndarray of shape (2, 2)" in message


@pytest.mark.parametrize("start", [[0, 4], [1, 5], [1.5, 2]])
def test_a_discrete_observation_of_a_vector_environment_outside_its_space_is_refused(start):
    class Choosing(Two):
        single_observation_space = spaces.Discrete(4, start=1)  # 1 … 4

    assert "integers 1 … 4" in message_of(
        EnvironmentFault, lambda: Stepper(Choosing(start=(np.array(start), {})))
    )
    assert Stepper(Choosing(start=(np.array([1, 4]), {}))).obs.argmax(1).tolist() == [0, 3]


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
        spaces.MultiDiscrete([70, 70]),
        spaces.MultiBinary(13),
        spaces.Box(0, 5, (1,), np.int64),
        spaces.Box(-1, 1, (0,), np.float32),
        spaces.Tuple([spaces.Discrete(2)]),
        spaces.Dict(a=UNIT),
    ],
)
def test_unsupported_actions_name_what_is_supported(space):
    message = message_of(ValueError, lambda: make(partial(Faulty, action_space=space)))
    assert "supported: Box of floats with finite bounds, Discrete, and MultiDiscrete" in message


@pytest.mark.parametrize(
    "space, kind",
    [
        (spaces.Dict(a=UNIT, b=spaces.Text(5)), "Dict"),
        (spaces.Dict(a=UNIT, b=spaces.Box(0, 255, (8, 8, 3), np.uint8)), "Dict"),
        (spaces.Tuple([]), "Tuple"),
        (spaces.Text(5), "Text"),
        (spaces.Sequence(UNIT), "Sequence"),
        (spaces.Box(0, 255, (8, 8, 3), np.uint8), "images (8, 8, 3)"),
        (spaces.Box(0, 255, (8, 8), np.uint8), "images (8, 8)"),
    ],
)
def test_unsupported_observations_name_what_is_supported(space, kind):
    message = message_of(ValueError, lambda: make(partial(Faulty, observation_space=space)))
    for word in (kind, "supported: Box (numbers, not images), Discrete, ", "FlattenObservation"):
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
        (ValueError, lambda: make(""), "'' cannot be made: Malformed environment ID"),
        (ValueError, lambda: make(configured("Pendulum-v1", {"gee": 1})), "cannot be made with {'gee': 1}"),
        (TypeError, lambda: configured("Pendulum-v1", [1]), "env_kwargs must be a dictionary"),
        (TypeError, lambda: configured(3, {"g": 1}), "env_kwargs need an id or a factory, got int"),
        (ValueError, lambda: make("Pendulum-v1", 0), "num_envs must be an integer ≥ 1, got 0"),
        (ValueError, lambda: make("Pendulum-v1", 3, seed=[1, 2]), "cannot be shared evenly among 2 seeds"),
        (ValueError, lambda: make("Pendulum-v1", 1, seed=-1), "an integer ≥ 0, got -1"),
        (ValueError, lambda: make("Pendulum-v1", 2, seed=[0, 1.5]), "an integer ≥ 0, got 1.5"),
    ]
    for error, action, words in cases:
        assert words in message_of(error, action)


@pytest.mark.parametrize(
    ("env", "package", "says", "extra"),
    [
        ("HalfCheetah-v5", "mujoco", "HalfCheetah-v5 needs MuJoCo", "mujoco"),
        (lambda: gymnasium.make("Hopper-v5"), "mujoco", "the environment needs MuJoCo", "mujoco"),
        ("LunarLander-v3", "Box2D", "LunarLander-v3 needs Box2D", "box2d"),
        ("BipedalWalker-v3", "Box2D", "BipedalWalker-v3 needs Box2D", "box2d"),
    ],
)
def test_a_missing_simulator_names_the_command_that_adds_it(monkeypatch, env, package, says, extra):
    without(monkeypatch, package)
    wanted = f"{says}; add it once with: python3 -m rlcourse lab --extra {extra} (or train, or test)"
    assert message_of(ImportError, lambda: make(env, 2)) == wanted


@pytest.mark.parametrize(("old", "new"), [("HalfCheetah-v3", "HalfCheetah-v5"), ("Ant-v2", "Ant-v5")])
@pytest.mark.filterwarnings("ignore:.*is out of date")
def test_a_version_that_gymnasium_has_given_up_names_the_one_to_take(old, new):
    """No package brings it back, so none is asked for."""
    wanted = f"{old} is a version that Gymnasium has given up; take {new}"
    assert message_of(ValueError, lambda: make(old, 2)) == wanted


def without(monkeypatch, package):
    """As if `package` had never been installed, for what imports it from now on."""
    for module in list(sys.modules):
        if module.split(".")[0] == package or f"envs.{package.lower()}" in module:
            monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, package, None)  # what Python does when the package is not there


@pytest.mark.parametrize("show", [watch, lambda agent, env: record(agent, env, "never.gif")])
@pytest.mark.parametrize(
    ("env", "extra"), [("Pendulum-v1", "classic-control"), ("CliffWalking-v1", "toy-text")]
)
def test_what_cannot_be_drawn_without_pygame_names_the_command_that_adds_it(monkeypatch, show, env, extra):
    without(monkeypatch, "pygame")
    message = message_of(ImportError, lambda: show(Still(), env))
    wanted = f"{env} needs pygame; add it once with: python3 -m rlcourse lab --extra {extra}"
    assert message.startswith(wanted)


class Still:
    """Acts with zeros, whatever it sees."""

    def act(self, obs):
        return np.zeros((len(obs), 1)) if obs.shape[1] == 3 else np.zeros(len(obs), int)


def test_other_missing_packages_are_named_with_the_pip_that_installs_them():
    def atari():
        raise gymnasium.error.DependencyNotInstalled("ale_py is not installed, `pip install ale_py`")

    message = message_of(ImportError, lambda: make(atari))
    assert "the environment needs a package that is not here: ale_py is not installed" in message
    assert f"{sys.executable} -m pip" in message
