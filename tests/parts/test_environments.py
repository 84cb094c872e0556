"""make and Stepper: the same transitions whatever the environment, the autoreset mode or the company."""

import json
import warnings
from functools import partial

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers import NormalizeObservation, NormalizeReward, TimeLimit

from rlcourse.parts.environments import Stepper, make
from rlcourse.parts.randomness import environment_seeds
from rlcourse.parts.wrappers import Episode


class Counter(gymnasium.Env):
    """Observation (episode, step, last action); episodes of `length` steps end as `ends` says, in turn."""

    observation_space = Box(-100, 1000, (3,), np.float32)
    action_space = Box(-1, 1, (1,), np.float32)

    def __init__(self, length, ends=("terminated", "truncated")):
        self.length, self.ends, self.episode = length, ends, -1

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.episode, self.t = self.episode + 1, 0
        return np.array([self.episode, 0, 0], np.float32), {}

    def step(self, action):
        self.t += 1
        obs = np.array([self.episode, self.t, action[0]], np.float32)
        end = self.ends[self.episode % len(self.ends)] if self.t == self.length else None
        return obs, 10.0 * self.episode + self.t, end == "terminated", end == "truncated", {}


class Recorder(gymnasium.Env):
    """Remembers the actions that reached it; each step is worth 1 and nothing ever ends it."""

    observation_space = Box(-np.inf, np.inf, (2,), np.float64)

    def __init__(self, action_space):
        self.action_space, self.received = action_space, []

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.zeros(2), {}

    def step(self, action):
        self.received.append(action)
        return np.zeros(2), 1.0, False, False, {}


class Cell(gymnasium.Env):
    """Discrete observations 5 … 8 and actions −1, 0, 1: both spaces start elsewhere than at 0."""

    observation_space = Discrete(4, start=5)
    action_space = Discrete(3, start=-1)

    def reset(self, *, seed=None, options=None):
        self.place = 6
        return self.place, {}

    def step(self, action):
        self.place += int(action)
        return self.place, 0.0, self.place in (5, 8), False, {}


LENGTHS = (1, 2, 3, 7)


def counters(mode, ends=("terminated", "truncated")):
    return SyncVectorEnv([partial(Counter, length, ends) for length in LENGTHS], autoreset_mode=mode)


def policy(obs):
    return 0.01 * obs[:, :1] - 0.1 * obs[:, 1:2] % 0.9


def history(stepper, steps, act=policy):
    """Per environment, its valid transitions and its finished episodes in order."""
    rows, finished = [[] for _ in range(stepper.num_envs)], [[] for _ in range(stepper.num_envs)]
    for _ in range(steps):
        transition = stepper.step(act(stepper.obs))
        for i in np.flatnonzero(transition.valid):
            rows[i].append(np.concatenate([np.ravel(field[i]) for field in transition[:6]]))
        for i, *episode in transition.finished:
            finished[i].append(episode)
    return rows, finished


# ------------------------------------------------------------------------------------------- autoreset


def test_stored_transitions_are_identical_in_all_three_autoreset_modes():
    runs = {mode: history(Stepper(counters(mode)), 60) for mode in AutoresetMode}
    rows, finished = runs[AutoresetMode.SAME_STEP]
    for mode, (other_rows, other_finished) in runs.items():
        for i, length in enumerate(LENGTHS):
            n = len(other_rows[i])
            assert n == (60 if mode is not AutoresetMode.NEXT_STEP else -(-60 * length // (length + 1)))
            np.testing.assert_array_equal(other_rows[i], rows[i][:n])
            assert other_finished[i] == finished[i][: len(other_finished[i])]
            assert len(other_finished[i]) == n // length


@pytest.mark.parametrize("mode", AutoresetMode)
def test_transitions_are_those_of_the_environments_stepped_by_hand(mode):
    rows, finished = history(Stepper(counters(mode)), 40)
    for i, length in enumerate(LENGTHS):
        env, expected, episodes = Counter(length), [], []
        while len(expected) < len(rows[i]):
            obs, _ = env.reset()
            total, done = 0.0, False
            while not done:
                action = policy(obs[None])[0].astype(np.float32)
                next_obs, reward, terminated, truncated, _ = env.step(action)
                expected.append(np.concatenate([obs, action, [reward, terminated, truncated], next_obs]))
                obs, total, done = next_obs, total + reward, terminated or truncated
            episodes.append([total, length])
        np.testing.assert_array_equal(rows[i], expected[: len(rows[i])])
        assert finished[i] == episodes[: len(finished[i])]


@pytest.mark.parametrize("mode", AutoresetMode)
def test_next_obs_is_the_final_observation_and_obs_the_reset_one(mode):
    stepper = Stepper(counters(mode))
    for _ in range(30):
        transition = stepper.step(policy(stepper.obs))
        done = transition.valid & (transition.terminated | transition.truncated)
        assert (transition.next_obs[done, 1] == np.array(LENGTHS)[done]).all()
        if mode is not AutoresetMode.NEXT_STEP:
            assert (stepper.obs[done, 1] == 0).all()


def test_the_ignored_action_of_next_step_is_marked_invalid_and_only_it():
    stepper = Stepper(counters(AutoresetMode.NEXT_STEP))
    done = np.zeros(4, bool)
    for _ in range(30):
        transition = stepper.step(policy(stepper.obs))
        np.testing.assert_array_equal(transition.valid, ~done)
        done = transition.terminated | transition.truncated


@pytest.mark.parametrize("mode", AutoresetMode)
def test_truncation_only_episodes_never_terminate(mode):
    stepper, ends = Stepper(counters(mode, ends=("truncated",))), 0
    for _ in range(30):
        transition = stepper.step(policy(stepper.obs))
        assert not transition.terminated.any()
        ends += transition.truncated.sum()
    assert ends > 30


@pytest.mark.parametrize("mode", AutoresetMode)
def test_one_step_episodes_end_at_every_valid_step(mode):
    stepper = Stepper(SyncVectorEnv([partial(Counter, 1)], autoreset_mode=mode))
    for _ in range(10):
        transition = stepper.step(policy(stepper.obs))
        assert (transition.terminated | transition.truncated)[0] == transition.valid[0]
        assert [episode[2] for episode in transition.finished] == [1] * int(transition.valid[0])


def test_endless_reward_one_under_a_time_limit_is_truncated_never_terminated():
    env = make(lambda: TimeLimit(Recorder(Box(-1, 1, (1,), np.float32)), 25), num_envs=3)
    stepper, episodes = Stepper(env), []
    for step in range(1, 101):
        transition = stepper.step(np.zeros((3, 1)))
        assert not transition.terminated.any()
        assert transition.truncated.all() == (step % 25 == 0)
        episodes += transition.finished
    assert episodes == [(i, 25.0, 25) for _ in range(4) for i in range(3)]


def test_make_states_same_step_wherever_it_can_choose():
    for env in ("Pendulum-v1", "Acrobot-v1", partial(Counter, 3)):
        assert make(env, 2).metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    theirs = partial(gymnasium.make_vec, "CartPole-v1", vectorization_mode="vector_entry_point")
    assert make(theirs, 2).metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    assert sum(len(f) for f in history(Stepper(make(theirs, 2, seed=0)), 100, act=upright)[1]) > 0


def upright(obs):
    return (obs[:, 2] < 0).astype(int)  # pushes the wrong way


# ----------------------------------------------------------------------------------------------- actions


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_actions_are_scaled_per_dimension_and_clipped(dtype):
    space = Box(np.array([-1, -3], dtype), np.array([2, 5], dtype), dtype=dtype)
    env = make(lambda: Recorder(space), 1)
    stepper = Stepper(env)
    for action in ([-1, -1], [0, 0], [1, 1], [0.5, -0.5], [-7, 7]):
        transition = stepper.step(np.array([action]))
        np.testing.assert_array_equal(transition.action[0], np.clip(action, -1, 1))
    received = env.unwrapped.envs[0].unwrapped.received
    np.testing.assert_allclose(received, [[-1, -3], [0.5, 1], [2, 5], [1.25, -1], [-1, 5]], rtol=1e-6)
    assert all(action.dtype == dtype and space.contains(action) for action in received)


def test_bounds_that_rounding_would_overstep_are_kept():
    low, high = np.array([0.1, -1e-3, 1 / 3]), np.array([0.7, 1e9, 2 / 3])
    space = Box(low, high, dtype=np.float64)
    env = make(lambda: Recorder(space), 1)
    env.reset()
    for action in (np.ones((1, 3)), -np.ones((1, 3))):
        env.step(action)
    received = env.unwrapped.envs[0].unwrapped.received
    assert all(space.contains(action) for action in received)
    np.testing.assert_allclose(received, [high, low], rtol=1e-15)


def test_actions_of_any_shape_arrive_in_that_shape():
    env = make(lambda: Recorder(Box(-2, 2, (2, 3), np.float32)), 2)
    stepper = Stepper(env)
    assert stepper.action_size == 6
    stepper.step(np.arange(12).reshape(2, 6) / 12)
    received = [inner.unwrapped.received[0] for inner in env.unwrapped.envs]
    np.testing.assert_allclose(np.ravel(received), 2 * np.arange(12) / 12, rtol=1e-6)
    assert received[0].shape == (2, 3)


def test_discrete_spaces_that_start_elsewhere_become_integers_from_zero_and_one_hot():
    stepper = Stepper(make(Cell, 2))
    assert (stepper.obs_size, stepper.action_size, stepper.discrete) == (4, 3, True)
    np.testing.assert_array_equal(stepper.obs, [[0, 1, 0, 0]] * 2)
    transition = stepper.step(np.array([0, 2]))  # actions −1 and 1: to cell 5, which ends, and to cell 7
    np.testing.assert_array_equal(transition.next_obs, [[1, 0, 0, 0], [0, 0, 1, 0]])
    np.testing.assert_array_equal(transition.terminated, [True, False])
    np.testing.assert_array_equal(stepper.obs, [[0, 1, 0, 0], [0, 0, 1, 0]])


def test_float64_observations_become_float32():
    transition = Stepper(make(lambda: Recorder(Box(-1, 1, (1,), np.float32)), 2)).step(np.zeros((2, 1)))
    assert transition.obs.dtype == transition.next_obs.dtype == np.float32
    assert transition.next_obs.shape == (2, 2)


# ------------------------------------------------------------------------------------ twins, seeds, members


@pytest.mark.parametrize("name", ["Pendulum-v1", "CartPole-v1"])
def test_twin_and_gymnasiums_own_give_the_same_transitions(name):
    own, theirs = Stepper(make(name, 4, seed=2)), Stepper(make(name, 4, seed=2, twin=False))
    assert type(own.env.unwrapped).__name__ == "SystemVectorEnv"
    assert type(theirs.env.unwrapped) is SyncVectorEnv
    rng = np.random.default_rng(0)
    for _ in range(600):
        action = rng.integers(0, 2, 4) if own.discrete else rng.uniform(-1.2, 1.2, (4, 1))
        a, b = own.step(action), theirs.step(action)
        for one, other in zip(a[:7], b[:7], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(a.finished, b.finished, rtol=1e-9)


def play(stepper, steps=250):
    """A deterministic policy, so that what differs comes from the environments."""
    if stepper.discrete:
        return history(stepper, steps, act=lambda obs: (obs[:, 0] + obs[:, 2] > 0).astype(int))[0]
    return history(stepper, steps, act=lambda obs: np.sin(3 * obs[:, :1]))[0]


MAKERS = {
    "own": partial(make, "CartPole-v1"),
    "own, continuous": partial(make, "rlcourse/DoubleIntegrator-v0"),
    "gymnasium": partial(make, "CartPole-v1", twin=False),
    "factory": partial(make, lambda: gymnasium.make("Pendulum-v1", max_episode_steps=30)),
}


@pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS.keys())
def test_same_seed_same_bits(maker):
    one, two, other = (play(Stepper(maker(3, seed=seed)), 80) for seed in (5, 5, 6))
    for a, b, c in zip(one, two, other, strict=True):
        np.testing.assert_array_equal(a, b)
        assert not np.array_equal(a, c)


@pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS.keys())
def test_a_member_among_eight_is_the_member_alone(maker):
    seeds, each = [3, 1, 4, 15, 9, 2, 6, 5], 2
    together = play(Stepper(maker(len(seeds) * each, seed=seeds)), 120)
    for member, seed in enumerate(seeds):
        for j, alone in enumerate(play(Stepper(maker(each, seed=seed)), 120)):
            np.testing.assert_array_equal(together[member * each + j], alone)


def test_environment_seeds_differ_and_depend_only_on_member_and_place():
    seeds = environment_seeds(list(range(100)), 800)
    assert len(set(seeds)) == 800
    assert environment_seeds([7], 3) == environment_seeds(7, 5)[:3] == environment_seeds([1, 7], 6)[3:]
    assert environment_seeds(None, 3) is None


def test_sampled_actions_are_seeded():
    one, two, other = (make("Pendulum-v1", 4, seed=seed) for seed in (1, 1, 2))
    a, b, c = (np.array([env.action_space.sample() for _ in range(20)]) for env in (one, two, other))
    np.testing.assert_array_equal(a, b)
    assert (a != c).any()
    assert a.shape == (20, 4, 1)
    assert (np.abs(a) <= 1).all()
    assert one.single_action_space.sample() == two.single_action_space.sample()


def test_an_id_with_its_module_is_the_id():
    env = make("rlcourse.parts.worlds:rlcourse/Pendulum-v1", 2, seed=0)
    np.testing.assert_array_equal(env.reset()[0], make("Pendulum-v1", 2, seed=0).reset()[0])
    with pytest.raises(ImportError, match="No module named 'no_such_module'"):
        make("no_such_module:Pendulum-v1")


def test_the_first_reset_uses_the_seed_and_the_next_goes_on():
    one, two = make("Pendulum-v1", 3, seed=1), make("Pendulum-v1", 3, seed=1)
    first, second = one.reset()[0], one.reset()[0]
    np.testing.assert_array_equal(two.reset()[0], first)
    np.testing.assert_array_equal(two.reset()[0], second)
    assert (first != second).all()


def test_a_vector_factory_is_asked_for_the_number_and_one_made_by_make_is_not_wrapped_twice():
    vector = make(partial(make, "Pendulum-v1"), 3, seed=0)
    assert Stepper(vector).exact
    np.testing.assert_array_equal(vector.reset(seed=4)[0], make("Pendulum-v1", 3).reset(seed=4)[0])


# ------------------------------------------------------------------------------------------------ resume


def json_round_trip(state):
    """What a checkpoint does: arrays as they are, the rest through JSON."""
    return {k: v if isinstance(v, np.ndarray) else json.loads(json.dumps(v)) for k, v in state.items()}


@pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS.keys())
@pytest.mark.parametrize("before", [0, 1, 77])
def test_restored_run_equals_the_uninterrupted_one(maker, before):
    original = Stepper(maker(3, seed=[1, 2, 3]))
    play(original, before)
    state = json_round_trip(original.state())
    fresh = Stepper(maker(3, seed=[10, 20, 30]))
    play(fresh, 13)
    fresh.restore(state)
    assert fresh.exact
    assert fresh.steps == before
    for a, b in zip(play(original), play(fresh), strict=True):
        np.testing.assert_array_equal(a, b)
    after_a, after_b = original.state(), fresh.state()
    np.testing.assert_array_equal(after_a["returns"], after_b["returns"])
    np.testing.assert_array_equal(after_a["lengths"], after_b["lengths"])


def test_a_state_is_a_copy():
    stepper = Stepper(make("Pendulum-v1", 2, seed=0))
    state = stepper.state()
    kept = {k: np.copy(v) for k, v in state.items() if isinstance(v, np.ndarray)}
    play(stepper, 20)
    for key, value in kept.items():
        np.testing.assert_array_equal(state[key], value)


@pytest.mark.parametrize("wrapper", [NormalizeObservation, NormalizeReward])
def test_an_environment_that_remembers_more_than_its_episode_says_so_and_starts_anew(wrapper):
    maker = partial(make, lambda: wrapper(gymnasium.make("Pendulum-v1", max_episode_steps=30)), 2)
    original, fresh = Stepper(maker(seed=0)), Stepper(maker(seed=0))
    play(original, 50)
    with pytest.warns(UserWarning, match="not restored exactly"):
        fresh.restore(original.state())
    assert not fresh.exact
    assert fresh.steps == 50
    assert fresh.state()["lengths"].tolist() == [0, 0]
    play(fresh, 5)


def test_an_episode_too_long_to_keep_starts_anew(monkeypatch):
    monkeypatch.setattr(Episode, "LONGEST", 10)
    original, fresh = (Stepper(make("Pendulum-v1", 2, seed=0, twin=False)) for _ in range(2))
    play(original, 11)
    with pytest.warns(UserWarning, match="not restored exactly"):
        fresh.restore(original.state())
    assert not fresh.exact


def test_foreign_vector_environments_are_known_not_to_be_exact():
    stepper = Stepper(counters(AutoresetMode.NEXT_STEP))
    assert not stepper.exact
    play(stepper, 10)
    with pytest.warns(UserWarning, match="not restored exactly"):
        stepper.restore(stepper.state())


def test_restore_refuses_a_state_of_another_size():
    with pytest.raises(ValueError, match=r"state of obs \(2, 3\), this Stepper's are \(3, 3\)"):
        Stepper(make("Pendulum-v1", 3)).restore(Stepper(make("Pendulum-v1", 2)).state())


# ------------------------------------------------------------------------------------------------ MuJoCo


def test_mujoco_steps_scales_and_resumes(monkeypatch, tmp_path):
    pytest.importorskip(
        "mujoco", reason="NOT CHECKED: MuJoCo is not installed (python3 -m rlcourse test --extra mujoco)"
    )
    monkeypatch.chdir(tmp_path)  # MuJoCo leaves a log where it runs
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stepper = Stepper(make("HalfCheetah-v5", 2, seed=0))
        rng = np.random.default_rng(0)
        for _ in range(20):
            stepper.step(rng.uniform(-1, 1, (2, 6)))
        fresh = Stepper(make("HalfCheetah-v5", 2, seed=1))
        fresh.restore(json_round_trip(stepper.state()))
        action = rng.uniform(-1, 1, (2, 6))
        np.testing.assert_array_equal(stepper.step(action).next_obs, fresh.step(action).next_obs)


@pytest.mark.parametrize("twin", [True, False], ids=["own", "gymnasium"])
@pytest.mark.parametrize("name", ["CartPole-v1", "Pendulum-v1"])
def test_a_held_environment_stands_still_and_then_goes_on_as_if_nothing_had_been(name, twin):
    """Environment 1 pauses for 40 steps, in which the others end episodes; its own steps are the same."""
    script, seen = np.random.default_rng(0).uniform(-1, 1, 60), []
    for pause in (0, 40):
        stepper, own = Stepper(make(name, 3, 5, twin=twin)), []
        for t in range(60 + pause):
            held = np.array([False, 10 <= t < 10 + pause, False])
            push = script[len(own)]
            action = np.full(3, int(push > 0)) if stepper.discrete else np.full((3, 1), push, np.float32)
            before = stepper.obs[1].copy()
            step = stepper.step(action, held if pause else None)
            assert step.valid.tolist() == (~held).tolist()
            rows = [row for row in step.finished if row[0] == 1]
            if held[1]:
                assert (stepper.obs[1] == before).all() and step.reward[1] == 0 and not rows
            else:
                own.append((step.obs[1].tolist(), step.reward[1], step.next_obs[1].tolist(), rows))
        seen.append(own)
    assert seen[0] == seen[1]


def test_environments_that_cannot_be_held_say_so():
    stepper = Stepper(make(lambda num_envs: gymnasium.make_vec("Pendulum-v1", num_envs), 2, 0))
    assert not stepper.holds
    with pytest.raises(ValueError, match="cannot be held one by one"):
        stepper.step(np.zeros((2, 1)), np.array([True, False]))
