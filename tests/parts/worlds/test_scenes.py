"""Each world says how it looks: its picture follows its state, and the environment hands it on."""

import math

import gymnasium
import numpy as np
import pytest

from rlcourse.parts.environments import make
from rlcourse.parts.shapes import ROLES, Disc, Line, Turn
from rlcourse.parts.worlds import WORLDS, CartPole, DoubleIntegrator, Pendulum, system_of


def shapes(scene, kind, role):
    return [shape for shape in scene.shapes if isinstance(shape, kind) and shape.role == role]


@pytest.mark.parametrize("world", WORLDS)
def test_every_world_shows_any_start_in_known_roles_within_its_view_and_in_words(world):
    system = world()
    state = system.start(np.random.default_rng(0).random((20, len(system.state_names))))
    for obs in system.observe(state):
        scene = system.scene(obs, np.zeros(1))
        assert scene.words
        assert {shape.role for shape in scene.shapes} <= set(ROLES)
        left, right, bottom, top = scene.view
        for shape in scene.shapes:
            assert left <= shape.x <= right and bottom <= shape.y <= top


def test_the_pendulums_bob_is_at_the_tip_of_the_rod_and_the_arrow_turns_with_the_torque():
    system = Pendulum(max_torque=4.0)
    scene = system.scene(system.observe(np.array([[0.5, 0.0]]))[0], np.array([-2.0]))
    (rod,), (bob,) = shapes(scene, Line, "body"), shapes(scene, Disc, "load")
    assert (bob.x, bob.y) == (rod.to_x, rod.to_y) == pytest.approx((-math.sin(0.5), math.cos(0.5)))
    (arrow,) = shapes(scene, Turn, "force")
    assert arrow.angle == pytest.approx(-1.2)  # half of the strongest torque: half of the longest arrow
    assert arrow.end == pytest.approx((0.5 * math.cos(1.2), -0.5 * math.sin(1.2)))
    assert not shapes(system.scene([1, 0, 0], np.zeros(1)), Turn, "force")


def test_carts_stand_at_their_position_and_only_a_cartpole_has_a_pole():
    scene = CartPole(max_position=3.0).scene(np.array([1.0, 0.0, 0.1, 0.0]), 1)
    assert [shape.x for shape in scene.shapes if shape.role == "body"] == [1.0]
    (pole,) = shapes(scene, Line, "load")
    assert (pole.to_x, pole.to_y) == pytest.approx((1 + math.sin(0.1), math.cos(0.1)))
    assert scene.view[:2] == (-3.5, 3.5)
    assert not shapes(DoubleIntegrator().scene(np.array([1.0, 0.0]), np.zeros(1)), Line, "load")


@pytest.mark.parametrize("name", ["Pendulum-v1", "CartPole-v1", "rlcourse/DoubleIntegrator-v0"])
def test_an_environment_hands_on_its_system_under_any_wrapper(name):
    own = f"rlcourse/{name}" if not name.startswith("rlcourse/") else name
    for env in (make(name, 2), gymnasium.make(own), make(lambda: gymnasium.make(own), 2)):
        assert system_of(env).id == own


def test_an_environment_of_another_kind_has_no_system():
    assert system_of(make("Acrobot-v1", 1)) is None
    assert system_of(make("Pendulum-v1", 1, twin=False)) is None
