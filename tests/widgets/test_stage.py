"""The stage: policies play in an environment of the panel's own, and whole episodes become a film."""

import math
import re

import gymnasium
import numpy as np
import pytest

from rlcourse.algorithms.ppo import PPO
from rlcourse.widgets import live
from rlcourse.widgets.stage import Stage


class SwingUp:
    """Energy shaping, and a spring with damping near the top: it brings any start of the pendulum upright."""

    def member(self, index):
        return self

    def act(self, obs):
        cos, sin, speed = obs[:, 0], obs[:, 1], obs[:, 2]
        angle, energy = np.arctan2(sin, cos), speed**2 / 6 + 5 * cos
        pump = np.where(speed * (5 - energy) >= 0, 2.0, -2.0)
        hold = -20 * angle - 4 * speed
        return (np.clip(np.where(cos > 0.95, hold, pump), -2, 2) / 2)[:, None]


def frames(film):
    return re.findall(r'<g class="rlcourse-frame" style="--n:(\d+)">(.*?)</g>', film)


def test_a_film_shows_whole_episodes_and_ends_upright_under_a_policy_that_swings_up():
    film = Stage("Pendulum-v1").film(SwingUp())
    shown = frames(film)
    assert [int(n) for n, _ in shown] == list(range(400)), "two episodes of 200 steps of 0.05 s"
    for last in (199, 399):
        x, y = re.search(r'x2="([^"]+)" y2="([^"]+)"', shown[last][1]).groups()
        assert math.hypot(float(x), float(y) + 1) < 0.1, "SVG's y points down"
    returns = [float(r.replace("−", "-")) for r in re.search("return ([^<]*)<", film)[1].split(", ")]
    assert all(-500 < r < 0 for r in returns) and len(returns) == 2
    assert len(film) < 400_000


def test_the_caption_of_many_short_episodes_says_their_range_and_mean():
    push = lambda obs: np.ones(len(obs), int)  # noqa: E731
    film = Stage("CartPole-v1").film(type("Push", (), {"act": staticmethod(push)}))
    said = re.search(r"<figcaption>the final policy, (\d+) × from start to end: (.*)</figcaption>", film)
    low, high, mean = (float(x) for x in re.match(r"return (\d+) to (\d+), mean (\d+)$", said[2]).groups())
    assert int(said[1]) > 30 and 8 <= low < mean < high <= 11, "pushed one way it falls after 8 to 11 steps"
    assert len(said[0]) < 110


def test_a_film_of_a_world_with_short_steps_shows_twenty_pictures_a_second():
    still = lambda obs: np.zeros(len(obs), int)  # noqa: E731
    film = Stage("CartPole-v1").film(type("Still", (), {"act": staticmethod(still)}))
    assert "--each:0.06s" in film or "--each:0.04s" in film
    assert 200 <= len(frames(film)) <= 600


def test_a_drawing_of_the_page_is_filmed_and_an_unknown_world_is_not():
    stand = lambda obs: np.ones(len(obs), int)  # noqa: E731
    policy = type("Stand", (), {"act": staticmethod(stand)})
    assert Stage("Acrobot-v1").film(policy) == ""
    film = Stage("Acrobot-v1", lambda obs, action: f"<svg>{obs[0]:.2f}</svg>").film(policy)
    assert film.count('<div class="rlcourse-frame"') == film.count("<svg>") >= 400


@pytest.fixture
def trained():
    """A panel whose run has ended: its trainer knows how to swing up at once."""

    def trainer(algorithm, env, *, steps, seeds, callbacks):
        from rlcourse.training import Run

        return Run(algorithm, env, [0], steps, status="finished", policy=SwingUp())

    return live(PPO(), "Pendulum-v1", steps=10, seeds=1, trainer=trainer)


def test_when_a_run_has_ended_its_final_policy_is_played_and_can_be_played_again(trained):
    assert trained._buttons["Replay"].disabled
    trained.start().wait(20)
    first = trained._scene.value
    assert len(frames(first)) == 400
    assert not trained._buttons["Replay"].disabled
    trained.replay()
    assert len(frames(trained._scene.value)) == 400
    assert trained._scene.value != first, "from fresh starts"
    trained.reset()
    assert trained._scene.value == ""
    assert trained._buttons["Replay"].disabled


def test_the_film_of_the_moon_obeys_the_moon():
    from rlcourse.parts.worlds import Pendulum

    moon = lambda: gymnasium.make("rlcourse/Pendulum-v1", system=Pendulum(g=1.62))  # noqa: E731
    assert len(frames(Stage(moon).film(SwingUp()))) == 400
