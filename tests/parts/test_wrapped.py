"""Wrappers in a factory: an evaluation counts the innermost reward, and scales as the training did."""

import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers import NormalizeObservation, NormalizeReward, TimeLimit, TransformReward, vector

from rlcourse.algorithms.ppo import PPO
from rlcourse.algorithms.td3 import TD3
from rlcourse.parts.environments import Stepper, make
from rlcourse.parts.wrapped import by_member, statistics
from rlcourse.training import Run, evaluate, in_own_units, train, watch

TINY = TD3(warmup=5, capacity=200, batch_size=8, hidden=(8,))
BATCH = PPO(num_envs=2, horizon=16, hidden=(8,))


class Ramp(gymnasium.Env):
    """Reward 1 a step for five steps; the observation is 100 + step, whatever is done."""

    observation_space, action_space = Box(0, 1000, (1,), np.float32), Box(-1, 1, (1,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t = 0
        return self._seen(), {}

    def step(self, action):
        self.t += 1
        return self._seen(), 1.0, self.t >= 5, False, {}

    def _seen(self):
        return np.array([100 + self.t], np.float32)


class Still:
    def act(self, obs):
        return np.zeros((len(obs), 1))


class Skip(gymnasium.Wrapper):
    """Two steps in one, and one no-op after each reset."""

    def reset(self, **options):
        self.env.reset(**options)
        obs, *_, info = self.env.step(np.zeros(1, np.float32))
        return obs, info

    def step(self, action):
        total = 0.0
        for _ in range(2):
            obs, reward, terminated, truncated, info = self.env.step(action)
            total += reward
            if terminated:
                break
        return obs, total, terminated, truncated, info


def limited(env):
    return TimeLimit(env, 50)


def many(wrap=lambda env: env, copy=Ramp, mode=AutoresetMode.SAME_STEP):
    return lambda num_envs: wrap(SyncVectorEnv([copy] * num_envs, autoreset_mode=mode))


CHANGED = {
    "scaled": lambda: limited(TransformReward(Ramp(), lambda reward: 10 * reward)),
    "normalised": lambda: limited(NormalizeReward(Ramp())),
    "outside the limit": lambda: NormalizeReward(limited(Ramp())),
    "around many": many(lambda env: vector.TransformReward(env, lambda reward: 10 * reward)),
    "within many": many(copy=lambda: TransformReward(Ramp(), lambda reward: 10 * reward)),
    "normalised, around many": many(vector.NormalizeReward, mode=AutoresetMode.NEXT_STEP),
    "many, without autoreset": many(
        lambda env: vector.TransformReward(env, lambda reward: 10 * reward), mode=AutoresetMode.DISABLED
    ),
}


@pytest.mark.parametrize("factory", CHANGED.values(), ids=CHANGED.keys())
def test_the_reward_of_the_innermost_environment_is_counted_and_that_is_said(factory):
    with pytest.warns(UserWarning, match="wrappers change the reward of Ramp; evaluation counts its own"):
        assert evaluate(Still(), factory, 3).tolist() == [5.0] * 3


def test_training_itself_sees_the_reward_as_wrapped():
    stepper = Stepper(make(CHANGED["scaled"], 2))
    assert stepper.step(np.zeros((2, 1))).reward.tolist() == [10, 10]
    assert stepper.step(np.zeros((2, 1))).finished == []


@pytest.mark.parametrize("mode", AutoresetMode)
@pytest.mark.parametrize("factory", [lambda: limited(Skip(Ramp())), None], ids=["one", "many"])
def test_what_a_wrapper_earns_before_an_episode_is_not_counted_and_skipped_frames_are(factory, mode):
    """Of five rewards the no-op takes one; two and two are left."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env = factory or many(copy=lambda: Skip(Ramp()), mode=mode)
        assert evaluate(Still(), env, 2).tolist() == [4.0, 4.0]


def test_a_run_says_which_reward_once():
    with pytest.warns(UserWarning, match="evaluation counts its own") as caught:
        run = train(TINY, CHANGED["normalised"], 40, evaluation_episodes=2)
    assert sum("counts its own" in str(one.message) for one in caught) == 1
    assert run.curve.returns.tolist() == [[5.0] * len(run.curve.steps)]
    assert run.metadata["reward"].startswith("wrappers change the reward of Ramp")


def test_wrappers_that_a_registry_puts_on_are_wrappers_too():
    name = "tests/Scaled-v0"
    spec = gymnasium.wrappers.TransformReward.wrapper_spec(func=lambda reward: 3 * reward)
    gymnasium.register(name, entry_point=lambda **_: Ramp(), max_episode_steps=9, additional_wrappers=(spec,))
    try:
        with pytest.warns(UserWarning, match="counts its own"):
            assert evaluate(Still(), name, 2).tolist() == [5.0, 5.0]
    finally:
        del gymnasium.registry[name]


# ---------------------------------------------------------------------- statistics of observation normalisers


def normalised():
    return limited(NormalizeObservation(Ramp()))


class Watching:
    """Keeps what it sees."""

    def __init__(self, seen=None):
        self.met, self.seen = [], seen

    def act(self, obs):
        self.met.append(np.array(obs))
        return np.zeros((len(obs), 1))


@pytest.mark.parametrize("algorithm", [TINY, BATCH])
def test_an_evaluation_sees_through_the_statistics_of_its_seeds_training(algorithm):
    """At mean m and variance v the first observation is (100 − m) / √v, in each of the episodes."""
    kept = []
    run = train(algorithm, normalised, 64, 2, evaluation_episodes=2, callbacks=[kept.append])
    for seed in (0, 1):
        scale = kept[-1].stepper.seen(2)["within"][seed][0]
        assert 100 < scale["mean"][0] < 105
        player = Watching(run.agent(seed).seen)
        evaluate(player, normalised, 3)
        expected = (np.arange(100, 105) - scale["mean"]) / np.sqrt(scale["var"] + 1e-8)
        for step, want in zip(player.met, expected, strict=True):
            np.testing.assert_allclose(step, np.full((3, 1), want), rtol=1e-5)  # frozen: every copy alike


def test_without_them_an_evaluation_would_see_something_else():
    player = Watching()
    evaluate(player, normalised, 3)
    assert abs(player.met[0]).max() < 0.02  # each of its own first observation's mean


def test_statistics_of_several_copies_are_those_of_one_that_saw_it_all():
    rng = np.random.default_rng(0)
    whole, parts = (gymnasium.wrappers.utils.RunningMeanStd(epsilon=0, shape=(2,)) for _ in "ab"), []
    whole = next(iter(whole))
    for size in (3, 10, 4):
        batch, part = rng.normal(size, 2.0, (size, 2)), gymnasium.wrappers.utils.RunningMeanStd(0, (2,))
        whole.update(batch)
        part.update(batch)
        parts.append([{"mean": part.mean, "var": part.var, "count": part.count}])
    (merged,) = by_member({"around": [], "within": parts}, 1)["within"][0]
    np.testing.assert_allclose(merged["mean"], whole.mean)
    np.testing.assert_allclose(merged["var"], whole.var)


def test_a_normaliser_around_many_gives_its_statistics_too():
    factory = many(vector.NormalizeObservation, mode=AutoresetMode.NEXT_STEP)
    run = train(BATCH, factory, 64, 1, evaluation_episodes=2, longest_episode=20)
    (scale,) = run.policy.seen["around"]
    player = Watching(run.policy.seen)
    evaluate(player, factory, 2, longest_episode=20)
    want = (100 - scale["mean"]) / np.sqrt(scale["var"] + 1e-8)
    np.testing.assert_allclose(player.met[0], np.full((2, 1), want), rtol=1e-5)


def test_they_are_saved_loaded_and_go_with_a_resumed_run(tmp_path):
    run = train(TINY, normalised, 40, folder=tmp_path, evaluation_episodes=1)
    before = run.policy.seen["within"][0][0]
    loaded = Run.load(tmp_path)
    np.testing.assert_array_equal(loaded.policy.seen["within"][0][0]["mean"], before["mean"])
    best = [one.best.seen["within"][0][0]["mean"] for one in (run, loaded)]
    np.testing.assert_array_equal(*best)
    assert evaluate(loaded, normalised, 2).tolist() == evaluate(run, normalised, 2).tolist()
    with pytest.warns(UserWarning, match="not restored exactly"):
        more = train(TINY, normalised, 60, resume=tmp_path, evaluation_episodes=1)
    assert more.policy.seen["within"][0][0]["count"] > before["count"] + 19


def test_who_watches_sees_through_them():
    run = train(TINY, normalised, 40, evaluation_episodes=1)
    env = normalised()
    player = Watching(run.agent(0).seen)
    act = in_own_units(player, env)
    act(env.reset(seed=0)[0])
    scale = run.agent(0).seen["within"][0][0]
    np.testing.assert_allclose(
        player.met[0], [(100 - scale["mean"]) / np.sqrt(scale["var"] + 1e-8)], rtol=1e-5
    )
    assert statistics(env)[0]["count"] == scale["count"]
    with pytest.warns(UserWarning, match="learnt behind a wrapper that normalises observations"):
        assert watch(run, lambda: CHANGED["scaled"](), render_mode=None) == 5.0
