"""Environments in training and evaluation: a new one each, all closed, and episodes that do not end."""

import signal
import warnings

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers import NormalizeObservation, TimeLimit

from rlcourse.algorithms.ppo import PPO
from rlcourse.algorithms.td3 import TD3
from rlcourse.museum.ladder import LADDER
from rlcourse.parts.aims import Aim, Peak, Side
from rlcourse.parts.environments import EnvironmentFault, Stepper, make
from rlcourse.training import evaluate, train

TINY = TD3(warmup=5, capacity=50, batch_size=8, hidden=(8,))
BATCH = PPO(num_envs=2, horizon=16, hidden=(8,))


class Counted(gymnasium.Env):
    """Reward 1 a step, for `length` steps; counts how many live, and how many steps all took."""

    observation_space, action_space = Box(-1, 1, (1,), np.float32), Box(-1, 1, (1,), np.float32)
    opened, alive, steps = 0, 0, 0

    def __init__(self, length=5, fault=None):
        Counted.opened += 1
        Counted.alive += 1
        self.length, self.fault, self.open = length, fault, True

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t = 0
        if self.fault == "reset":
            raise OSError("no simulator")
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self.t += 1
        Counted.steps += 1
        reward = np.nan if self.fault == "reward" and self.t == 3 else 1.0
        return np.zeros(1, np.float32), reward, self.t >= self.length, False, {}

    def close(self):
        assert self.open, "closed twice"
        self.open = False
        Counted.alive -= 1
        if self.fault == "close":
            raise OSError("will not close")


@pytest.fixture(autouse=True)
def nobody():
    Counted.opened = Counted.alive = Counted.steps = 0
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*declares no time limit")
        yield


# ------------------------------------------------------------------------------- an environment and its seed


class Chance(gymnasium.Env):
    """Starts where a generator says, and ends after three steps."""

    observation_space, action_space = Box(-9, 9, (1,), np.float32), Box(-1, 1, (1,), np.float32)
    max_episode_steps = 3

    def __init__(self, kind):
        self.kind, self.own = kind, np.random.default_rng()

    def reset(self, *, seed=None, options=None):
        if self.kind == "seeded":
            super().reset(seed=seed)
        self.t = 0
        first = {
            "global": lambda: np.random.normal(),
            "own": lambda: self.own.normal(),
            "not seeded": lambda: self.np_random.normal(),
            "seeded": lambda: self.np_random.normal(),
            "always the same": lambda: 0.5,
            "but for rounding": lambda: 0.5 + 1e-7 * np.random.random(),
        }[self.kind]()
        return np.array([first], np.float32), {}

    def step(self, action):
        self.t += 1
        return np.array([np.random.normal()], np.float32), 1.0, self.t == 3, False, {}


@pytest.mark.parametrize("kind", ["global", "own", "not seeded"])
@pytest.mark.parametrize("algorithm", [TINY, BATCH], ids=["TD3", "PPO"])
def test_an_environment_that_ignores_its_seed_is_told_once(algorithm, kind):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        run = train(algorithm, lambda: Chance(kind), 64, 2, evaluate_every=8, evaluation_episodes=1)
    told = [str(w.message) for w in said if "same seed" in str(w.message)]
    assert len(told) == 1 and told[0].startswith("Chance: two resets with the same seed gave different first")
    assert "super().reset(seed=seed)" in told[0] and "\n" not in told[0]
    assert run.metadata["starts"] == told[0] and run.status == "finished"


@pytest.mark.parametrize("kind", ["seeded", "always the same", "but for rounding"])
def test_one_that_starts_as_its_seed_says_is_told_nothing(kind):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = train(BATCH, lambda: Chance(kind), 64, evaluate_every=8, evaluation_episodes=3)
    assert "starts" not in run.metadata and len(run.curve.steps) > 2


def test_a_normaliser_that_has_seen_more_since_is_no_environment_that_ignores_its_seed():
    def made():
        return NormalizeObservation(Chance("seeded"))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(BATCH, made, 64, evaluate_every=8, evaluation_episodes=3)


def test_whether_it_ignores_its_seed_costs_no_reset():
    """Each evaluation makes the same starts anyway: as many resets as episodes were begun."""
    resets = []

    class Noted(Chance):
        def reset(self, *, seed=None, options=None):
            resets.append(seed is not None)
            return super().reset(seed=seed)

    run = train(BATCH, lambda: Noted("global"), 64, evaluate_every=32, evaluation_episodes=4)
    assert sum(resets) == BATCH.num_envs + 4 * len(run.curve.steps) == 2 + 4 * 3


# ------------------------------------------------------------------------------------- one object for all


def shared(length=5):
    env = Counted(length)
    return env, lambda: env


@pytest.mark.parametrize(("algorithm", "seeds"), [(TINY, 3), (TINY, 1), (BATCH, 1)])
def test_a_factory_that_returns_one_object_is_refused_before_the_first_step(algorithm, seeds):
    """Among copies (3 seeds, 2 environments) and across training and evaluation (1 seed)."""
    _, factory = shared()
    with pytest.raises(ValueError, match=r"one Counted in two places.*make a new one at each call") as error:
        train(algorithm, factory, 60, seeds, evaluation_episodes=1)
    assert "\n" not in str(error.value)
    assert Counted.steps == 0


@pytest.mark.parametrize("wrap", [lambda env: TimeLimit(env, 3), lambda env: TimeLimit(TimeLimit(env, 9), 3)])
def test_a_fresh_wrapper_around_one_object_is_the_same(wrap):
    env, _ = shared()
    with pytest.raises(ValueError, match="one Counted in two places"):
        make(lambda: wrap(env), 2)


def test_so_is_one_vector_environment_or_one_object_within_it():
    env, _ = shared()
    with pytest.raises(ValueError, match="one Counted in two places"):
        make(lambda num_envs: SyncVectorEnv([lambda: env] * num_envs), 2)
    vector = SyncVectorEnv([Counted] * 2, autoreset_mode=AutoresetMode.SAME_STEP)
    kept = make(lambda num_envs: vector, 2)
    with pytest.raises(ValueError, match="one Counted in two places"):
        make(lambda num_envs: vector, 2)
    own = make("Pendulum-v1", 2)
    first = make(lambda num_envs: own, 2)
    with pytest.raises(ValueError, match="one SystemVectorEnv in two places"):
        make(lambda num_envs: own, 2)
    assert kept.num_envs == first.num_envs == 2


def test_one_object_after_the_other_is_fine():
    _, factory = shared()
    for _ in range(2):
        assert evaluate(Still(), factory, 1).tolist() == [5.0]


class Still:
    def act(self, obs):
        return np.zeros((len(obs), 1))


# ------------------------------------------------------------------------------------------------- closing


@pytest.mark.parametrize("algorithm", [TINY, BATCH])
def test_every_environment_is_closed_once(algorithm):
    run = train(algorithm, Counted, 64, 2, evaluation_episodes=3)
    assert run.status == "finished"
    assert Counted.opened > 20
    assert Counted.alive == 0
    evaluate(run, Counted, 4)
    assert Counted.alive == 0


def ways_out():
    def stop(training):
        training.stop()

    def broken(training):
        raise KeyError("mine")

    def press(training):
        for _ in range(2):
            signal.raise_signal(signal.SIGINT)

    yield "stopped", {"callbacks": [stop]}, Counted, None
    yield "callback", {"callbacks": [broken]}, Counted, KeyError
    yield "ctrl-c", {"callbacks": [press]}, Counted, None
    yield "fault", {}, lambda: Counted(fault="reward"), None
    yield "reset", {}, lambda: Counted(fault="reset"), OSError
    yield "later reset", {}, fails_at(3), OSError
    yield "later factory", {}, fails_at(2, "factory"), OSError
    yield "resume", {"resume": "nowhere"}, Counted, ValueError


def fails_at(call, what="reset"):
    calls = []

    def factory():
        calls.append(1)
        if len(calls) == call and what == "factory":
            raise OSError("no more")
        return Counted(fault=what if len(calls) == call else None)

    return factory


@pytest.mark.filterwarnings("ignore:training failed")
@pytest.mark.parametrize(("way", "how", "env", "error"), [*ways_out()], ids=[w[0] for w in ways_out()])
def test_they_are_closed_in_every_way_out(way, how, env, error):
    how = {"evaluation_episodes": 2, "evaluate_every": 10} | how
    if error is None:
        train(TINY, env, 20, 2, **how)
    else:
        with pytest.raises(error):
            train(TINY, env, 20, 2, **how)
    assert Counted.opened > 0
    assert Counted.alive == 0


def test_they_are_closed_where_the_agent_cannot_be_made():
    class Sides(Counted):
        action_space = Discrete(2)

    with pytest.raises(ValueError, match="needs continuous actions"):
        train(TINY, Sides, 20, 2)
    assert (Counted.opened, Counted.alive) == (2, 0)


def test_they_are_closed_where_a_space_or_a_policy_does_not_do():
    class Endless(Counted):
        action_space = Box(-np.inf, np.inf, (1,), np.float32)

    with pytest.raises(ValueError, match="no finite bound"):
        make(Endless, 3)
    assert (Counted.opened, Counted.alive) == (3, 0)

    class Nan:
        def act(self, obs):
            return np.full((len(obs), 1), np.nan)

    with pytest.raises(EnvironmentFault, match="policy"):
        evaluate(Nan(), Counted, 2)
    assert Counted.alive == 0


def test_one_that_cannot_be_closed_is_said_and_the_others_are_closed():
    with pytest.warns(UserWarning, match="Counted could not be closed: OSError: will not close"):
        evaluate(Still(), lambda: Counted(fault="close"), 3)
    assert (Counted.opened, Counted.alive) == (3, 0)


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_ctrl_c_while_they_are_closed_is_heard_once_all_are(interruption):
    class Slow(Counted):
        def close(self):
            super().close()
            raise interruption

    with pytest.raises(interruption):
        evaluate(Still(), Slow, 3)
    assert (Counted.opened, Counted.alive) == (3, 0)


# ------------------------------------------------------------------------------ episodes that do not end


def test_an_episode_that_does_not_end_is_cut_and_counted():
    with pytest.warns(UserWarning, match="Counted: 3 of 3 evaluation episodes had not ended after 50 steps"):
        assert evaluate(Still(), lambda: Counted(10**9), 3, longest_episode=50).tolist() == [50.0] * 3


def test_only_those_that_go_on_are_cut_and_the_others_rest():
    lengths = iter([7, 10**9, 30])
    with pytest.warns(UserWarning, match="1 of 3 evaluation episodes"):
        returns = evaluate(Still(), lambda: Counted(next(lengths)), 3, longest_episode=50)
    assert returns.tolist() == [7.0, 50.0, 30.0]
    assert Counted.steps == 7 + 50 + 30


def test_the_default_is_the_time_limit_that_is_declared():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        returns = evaluate(Still(), lambda: TimeLimit(Counted(10**9), 10_005), 1)
    assert returns.tolist() == [10_005.0]


def test_training_goes_on_and_the_run_says_how_many_were_cut():
    with pytest.warns(UserWarning, match="2 of 2 evaluation episodes had not ended after 20 steps"):
        run = train(
            TINY, lambda: Counted(10**9), 30, 1, longest_episode=20, evaluation_episodes=2, evaluate_every=10
        )
    assert run.status == "finished"
    assert run.curve.returns.tolist() == [[20.0] * 4]
    assert run.metadata["episodes_cut"] == 8


def test_that_no_limit_is_declared_is_said_before_training():
    warnings.resetwarnings()
    with pytest.warns(UserWarning, match="Counted declares no time limit.*after 10,000 steps"):
        train(TINY, Counted, 0, 1, evaluation_episodes=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(TINY, lambda: TimeLimit(Counted(), 9), 0, 1, evaluation_episodes=1)
        train(TINY, "Pendulum-v1", 0, 1, evaluation_episodes=1)
        train(TINY, Counted, 0, 1, evaluation_episodes=1, longest_episode=100)


def test_an_environment_declares_its_limit_by_an_attribute_too():
    class Declared(Counted):
        max_episode_steps = 5

    class Limits(gymnasium.Wrapper):
        max_episode_steps = 4

    many = {mode: lambda num_envs, mode=mode: SyncVectorEnv([Declared] * num_envs, autoreset_mode=mode)
            for mode in AutoresetMode}  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for factory in (Declared, lambda: Limits(Declared()), *many.values()):
            assert train(TINY, factory, 0, 1, evaluation_episodes=1).curve.returns.tolist() == [[5.0]]
    for factory, steps in (
        (Declared, 5),
        (lambda: Limits(Declared()), 4),
        (lambda: TimeLimit(Declared(), 3), 3),
    ):
        assert Stepper(make(factory)).time_limit == steps


@pytest.mark.parametrize("said", [None, "many", 0, -1, np.nan])
def test_an_attribute_that_is_no_number_of_steps_declares_nothing(said):
    class Odd(Counted):
        max_episode_steps = said

    assert Stepper(make(Odd)).time_limit is None


@pytest.mark.parametrize("env", [Aim, Side, Peak, *LADDER], ids=lambda env: getattr(env, "new", env))
def test_the_courses_own_problems_declare_when_they_end(env):
    warnings.resetwarnings()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = train(BATCH if env is not Peak else TINY, env, 0, 1, evaluation_episodes=1)
        assert run.status == "finished"


def test_ctrl_c_is_heard_in_the_middle_of_an_evaluation():
    class Pressed(Counted):
        def step(self, action):
            if Counted.steps == 500:
                signal.raise_signal(signal.SIGINT)
            return super().step(action)

    run = train(TINY, lambda: Pressed(10**9), 30, 1, evaluation_episodes=2)
    assert (run.status, run.reason) == ("stopped", "interrupted from the keyboard")
    assert len(run.curve.steps) == 0
    assert Counted.steps < 510
    assert Counted.alive == 0


# ----------------------------------------------------------------------------------- what a reader has set


@pytest.mark.parametrize("algorithm", [TINY, BATCH])
def test_defaults_of_pytorch_that_a_reader_has_set_change_nothing_and_stay(algorithm):
    one = train(algorithm, "Pendulum-v1", 64, 1, evaluation_episodes=1)
    before = torch.get_default_dtype()
    try:
        torch.set_default_dtype(torch.float64)
        with torch.device("meta"):
            other = train(algorithm, "Pendulum-v1", 64, 1, evaluation_episodes=1)
        assert torch.get_default_dtype() is torch.float64
    finally:
        torch.set_default_dtype(before)
    assert torch.equal(one.policy.network.flat, other.policy.network.flat)


def test_the_device_of_tensors_costs_nothing_where_it_is_the_cpu_already():
    """A device as a context sends every operation through Python: a mode on PyTorch's stack."""
    depths = []
    train(TINY, "Pendulum-v1", 16, callbacks=[lambda _: depths.append(torch._C._len_torch_function_stack())])
    assert set(depths) == {0}


def test_observations_without_a_number_are_refused():
    class Blind(Counted):
        observation_space = Box(-1, 1, (0,), np.float32)

    with pytest.raises(ValueError, match="holds no number"):
        train(TINY, Blind, 20)
    assert Counted.alive == 0


@pytest.mark.parametrize("within", [torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize("algorithm", [TINY, BATCH])
def test_a_reader_who_has_turned_gradients_off_trains_all_the_same(algorithm, within):
    one = train(algorithm, "Pendulum-v1", 32, 1, evaluation_episodes=1)
    with within():
        other = train(algorithm, "Pendulum-v1", 32, 1, evaluation_episodes=1)
        assert within is torch.no_grad or torch.is_inference_mode_enabled()
    assert torch.equal(one.policy.network.flat, other.policy.network.flat)


def test_a_graphics_card_that_is_the_readers_default_changes_nothing():
    if not torch.cuda.is_available():
        pytest.skip("NOT CHECKED: no CUDA on this machine")
    one = train(TINY, "Pendulum-v1", 32, 1, evaluation_episodes=1)
    with torch.device("cuda"):
        other = train(TINY, "Pendulum-v1", 32, 1, evaluation_episodes=1)
        assert evaluate(other, "Pendulum-v1", 1).shape == (1,)
    assert torch.equal(one.policy.network.flat, other.policy.network.flat)
