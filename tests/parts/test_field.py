"""The muddy field pays as it says, and demonstrations are the expert's."""

import numpy as np
import pytest

from rlcourse.equations import markov
from rlcourse.parts import field


def test_home_pays_one_and_mud_costs_two_and_nothing_else_counts():
    reward = field.FIELD.reward
    assert (reward[field.HOME] == 1).all() and (reward[list(field.MUD)] == -2).all()
    assert np.count_nonzero(reward) == 4 * (1 + len(field.MUD))


def test_steps_go_where_they_say_and_slip_one_time_in_ten():
    east = field.FIELD.transition[5, 1]  # from the second row's second cell
    assert np.isclose(east[6], 0.9 + 0.025) and np.allclose(east[[1, 4, 9]], 0.025)
    assert np.isclose(field.FIELD.transition[0, 0, 0], 0.9 + 0.05), "north of the corner: stays, as west does"


def test_endlessly_many_demonstrations_are_the_experts_occupancy():
    watched = field.demonstrations([0, 1], walks=4000)
    np.testing.assert_allclose(watched.sum(axis=(1, 2)), 1)
    np.testing.assert_allclose(watched, np.tile(field.expert_occupancy(), (2, 1, 1)), atol=0.006)
    assert np.ptp(watched, axis=0).any() and (field.demonstrations([1], 4000)[0] == watched[1]).all()


def test_the_expert_walks_around_the_mud():
    rho = field.expert_occupancy().sum(axis=1)
    bare = markov.visitation(field.FIELD, markov.uniform_policy(field.FIELD))
    assert (
        rho[list(field.MUD)].sum() < bare[list(field.MUD)].sum() / 2
        and rho[field.HOME] > 5 * bare[field.HOME]
    )


def test_a_walk_has_a_step():
    with pytest.raises(ValueError, match="steps is 0"):
        field.demonstrations([0], 1, steps=0)
