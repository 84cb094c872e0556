"""The teachers solve what they teach, measured by the worlds' own rewards."""

import numpy as np
import pytest

from rlcourse.parts import experts
from rlcourse.parts.worlds import PointMaze
from rlcourse.training import evaluate


class Taught:
    """A teacher as a policy, with dice of its own."""

    def __init__(self, rule):
        self.rule, self.rng = rule, np.random.default_rng(0)

    def act(self, obs):
        return self.rule(obs, self.rng.random((*obs.shape[:-1], 2)))


@pytest.mark.parametrize(
    ("rule", "env", "mean", "least"),
    [
        (experts.swing_up, "Pendulum-v1", -160, -400),
        (experts.balance, "CartPole-v1", 500, 500),
        (experts.walk, "rlcourse/PointMaze-v0", 1, 1),
        (experts.pass_by, "rlcourse/Fork-v0", 1, 1),
    ],
)
def test_a_teacher_solves_its_world(rule, env, mean, least):
    returns = evaluate(Taught(rule), env, 200)
    assert returns.mean() >= mean and returns.min() >= least


def test_the_teacher_of_the_fork_takes_either_side_equally_often():
    dice = np.random.default_rng(1).random((20_000, 2))
    lane = experts.pass_by(np.zeros((20_000, 1), np.float32), dice)[:, 0]
    assert abs((lane > 0).mean() - 0.5) < 0.02
    assert abs(lane).min() >= 0.35 and abs(lane).max() <= 0.45


def test_classic_knows_a_world_by_what_is_seen_of_it_and_says_so_where_it_does_not():
    dice = np.full((2, 5, 2), 0.3)
    for width, rule in ((3, experts.swing_up), (4, experts.balance), (1, experts.pass_by)):
        obs = np.random.default_rng(2).normal(size=(2, 5, width)).astype(np.float32)
        np.testing.assert_array_equal(experts.classic(obs, dice), rule(obs, dice))
    with pytest.raises(ValueError, match="5 numbers; give one: expert="):
        experts.classic(np.zeros((1, 1, 5)), dice)


def test_no_step_goes_through_the_wall_and_every_one_over_it_does():
    maze, rng = PointMaze(), np.random.default_rng(3)
    state = np.column_stack([rng.uniform(0.45, 0.5, 5000), rng.random(5000), np.ones((5000, 2))])
    after, _, _ = maze.step(state, np.tile([1.0, 0.0], (5000, 1)))
    straight = state[:, 0] + maze.stride >= 0.5
    np.testing.assert_array_equal(after[:, 0] >= 0.5, straight & (state[:, 1] >= maze.top))
    np.testing.assert_array_equal(after[:, 1], state[:, 1])
    back, _, _ = maze.step(after + [0.05, 0, 0, 0], np.tile([-1.0, 0.0], (5000, 1)))
    blocked = (after[:, 0] + 0.05 >= 0.5) & (state[:, 1] < maze.top)
    assert (back[blocked, 0] >= 0.5).all()


def test_named_goals_are_met_and_reaching_one_ends_the_episode():
    maze = PointMaze(goals=((0.1, 0.2), (0.8, 0.9)))
    start = maze.start(np.random.default_rng(4).random((400, 4)))
    assert {tuple(goal) for goal in start[:, 2:]} == {(0.1, 0.2), (0.8, 0.9)}
    start[:, :2] = start[:, 2:] + [0.07, 0.0]
    _, reward, ended = maze.step(start, np.zeros((400, 2)))
    assert reward.all() and ended.all()
    start[:, :2] = start[:, 2:] + [0.09, 0.0]
    _, reward, ended = maze.step(start, np.zeros((400, 2)))
    assert not reward.any() and not ended.any()
