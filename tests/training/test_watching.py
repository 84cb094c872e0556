"""Watching: what is seen is what the evaluation counts, in the environment's own units."""

import gymnasium
import numpy as np
import pytest
from PIL import Image

from rlcourse.algorithms.td3 import TD3
from rlcourse.parts.experts import classic
from rlcourse.training import evaluate, in_own_units, record, train, watch


class Expert:
    """The classic controller of the pendulum: far better than its torque in the wrong units."""

    def act(self, obs):
        return classic(np.asarray(obs)[None], np.zeros((1, len(obs), 2)))[0]


def test_in_own_units_an_agent_does_as_well_as_its_evaluation_says():
    env, returns = gymnasium.make("Pendulum-v1"), []
    act = in_own_units(Expert(), env)
    for seed in range(10):
        obs, _ = env.reset(seed=seed)
        total, over = 0.0, False
        while not over:
            action = act(obs)
            assert env.action_space.contains(action)
            obs, reward, terminated, truncated, _ = env.step(action)
            total, over = total + reward, terminated or truncated
        returns.append(total)
    evaluated = evaluate(Expert(), "Pendulum-v1", 100)
    assert abs(np.mean(returns) - evaluated.mean()) < 4 * evaluated.std() / np.sqrt(10)
    env.reset()
    env.close()


def test_actions_and_observations_of_any_form_arrive_in_it():
    class Odd(gymnasium.Env):
        observation_space = gymnasium.spaces.Discrete(3, start=2)
        action_space = gymnasium.spaces.Box(np.full((2, 1), -4.0), np.full((2, 1), 8.0), dtype=np.float64)

    class Ones:
        def act(self, obs):
            assert obs.tolist() == [[0, 1, 0]]
            return np.array([[1.0, 0.0]])

    assert in_own_units(Ones(), Odd())(3).tolist() == [[8.0], [2.0]]


class Painted(gymnasium.wrappers.TimeLimit):
    """The pendulum with pictures of its own, which need no window: a bar as long as the episode."""

    closed = 0

    def __init__(self, render_mode=None):
        super().__init__(gymnasium.make("Pendulum-v1"), 12)

    def step(self, action):
        self.t += 1
        return super().step(action)

    def reset(self, **kwargs):
        self.t = 0
        return super().reset(**kwargs)

    def render(self):
        picture = np.zeros((20, 20, 3))
        picture[:, : self.t + 1] = 255
        return picture

    def close(self):
        Painted.closed += 1
        super().close()


def test_a_recording_is_an_animation_of_one_episode(tmp_path):
    path = tmp_path / "pendulum.gif"
    total = record(Expert(), Painted, path, seed=1)
    assert total == watch(Expert(), Painted, seed=1)
    assert Image.open(path).n_frames == 13
    assert Painted.closed == 2


@pytest.mark.parametrize("end", ["webp", "png", "GIF"])
def test_the_ending_says_what_kind_of_animation_it_is(end, tmp_path):
    record(Expert(), Painted, tmp_path / f"pendulum.{end}", seed=1)
    assert Image.open(tmp_path / f"pendulum.{end}").n_frames == 13


def test_a_video_has_all_the_pictures(tmp_path):
    imageio = pytest.importorskip("imageio.v3", reason="NOT CHECKED: the extra `video` is not installed")
    pytest.importorskip("imageio_ffmpeg", reason="NOT CHECKED: the extra `video` is not installed")
    record(Expert(), Painted, tmp_path / "pendulum.mp4", seed=1)
    video = imageio.imread(tmp_path / "pendulum.mp4")
    assert video.shape == (13, 20, 20, 3)
    assert video[-1].mean() > video[0].mean() + 100


def test_without_the_library_a_video_is_told_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(
        ImportError, match=r"\.mp4 needs imageio .*lab --extra video; a \.gif needs nothing more"
    ):
        record(Expert(), Painted, tmp_path / "a.mp4")


@pytest.mark.parametrize(
    ("name", "words"), [("a.avi", "'a.avi' should end with .gif"), ("no/a.gif", "no folder")]
)
def test_a_file_that_cannot_be_written_is_said_before_anything_is_played(name, words, tmp_path):
    before = Painted.closed
    with pytest.raises(ValueError, match=words):
        record(Expert(), Painted, tmp_path / name)
    assert Painted.closed == before


def test_pictures_that_come_quicker_than_browsers_show_them_are_thinned(tmp_path):
    record(Expert(), Painted, tmp_path / "a.gif", seed=1, frames_per_second=100)
    animation = Image.open(tmp_path / "a.gif")
    assert (animation.n_frames, animation.info["duration"]) == (7, 20)


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf"), "fast"])
def test_a_rate_of_pictures_that_cannot_be_is_named(rate, tmp_path):
    with pytest.raises(ValueError, match="record: frames_per_second must be a number > 0, got "):
        record(Expert(), Painted, tmp_path / "a.gif", frames_per_second=rate)
    assert not (tmp_path / "a.gif").exists()


@pytest.mark.parametrize(
    ("agent", "env", "error", "words"),
    [
        (None, Painted, TypeError, "watch: the agent must be a Run"),
        (Expert(), gymnasium.make("Pendulum-v1"), TypeError, "id or a factory, got TimeLimit"),
        (Expert(), lambda: 3, TypeError, "must return a gymnasium.Env, got int"),
        (Expert(), "Pendulumm-v1", ValueError, "Did you mean"),
        (Expert(), "rlcourse/Pendulum-v1", ValueError, "draws nothing; Gymnasium's own"),
    ],
)
def test_what_cannot_be_watched_gets_one_line(agent, env, error, words):
    with pytest.raises(error, match=words) as caught:
        watch(agent, env)
    assert "\n" not in str(caught.value)


def test_a_run_of_one_seed_is_an_agent_and_of_several_is_asked_for_one():
    algorithm = TD3(warmup=5, capacity=50, batch_size=8, hidden=(8,))
    runs = [train(algorithm, "Pendulum-v1", 9, seeds, evaluation_episodes=1) for seeds in (1, 2)]
    assert watch(runs[0], "Pendulum-v1", 3, render_mode=None) == watch(
        runs[1].agent(0), "Pendulum-v1", 3, render_mode=None
    )
    with pytest.raises(ValueError, match=r"these are 2; give run.agent\(seed\)"):
        watch(runs[1], "Pendulum-v1", render_mode=None)


def test_observations_of_several_parts_are_taken_as_they_come():
    class Parts(gymnasium.Env):
        observation_space = gymnasium.spaces.Dict(
            a=gymnasium.spaces.Discrete(2), b=gymnasium.spaces.MultiBinary(2)
        )
        action_space = gymnasium.spaces.MultiDiscrete([2, 3])

    class Fourth:
        def act(self, obs):
            assert obs.tolist() == [[0, 1, 1, 0]]
            return np.array([4])

    assert in_own_units(Fourth(), Parts())({"a": 1, "b": np.int8([1, 0])}).tolist() == [1, 1]


class Undrawn(gymnasium.Env):
    """It has no `render`."""

    observation_space = action_space = gymnasium.spaces.Box(-1, 1, (1,))

    def reset(self, *, seed=None, options=None):
        return np.zeros(1, np.float32), {}


@pytest.mark.parametrize("env", [lambda: gymnasium.make("Pendulum-v1"), Undrawn])
def test_an_environment_that_draws_nothing_gets_one_line(env, tmp_path):
    with pytest.raises(ValueError, match="draws nothing"):
        record(Expert(), env, tmp_path / "a.gif")


def test_in_own_units_says_what_an_environment_and_what_an_answer_is():
    with pytest.raises(TypeError, match="env must be an environment that is made, got 'Pendulum-v1'"):
        in_own_units(Expert(), "Pendulum-v1")

    class Silent:
        def act(self, obs):
            return None

    with pytest.raises(ValueError, match=r"act\(obs \[1, 1\]\) must return an action of each, got NoneType"):
        in_own_units(Silent(), Undrawn())(np.zeros(1))
