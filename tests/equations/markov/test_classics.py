"""The named processes: their closed forms, and every number that their docstrings claim."""

import numpy as np
import pytest

from rlcourse.equations import markov


def test_the_two_action_process_returns_theta_over_one_minus_gamma_theta():
    for gamma in (0.0, 0.5, 0.999):
        mdp = markov.two_action(gamma)
        for theta in (0.0, 0.3, 0.9):
            policy = np.array([[theta, 1 - theta], [0.5, 0.5]])
            assert markov.expected_return(mdp, policy) == pytest.approx(
                theta / (1 - gamma * theta), rel=1e-12
            )


def test_the_shortest_way_along_the_cliff_takes_thirteen_steps():
    mdp = markov.cliff(gamma=0.99)
    best = markov.policy_iteration(mdp, markov.uniform_policy(mdp))[-1]
    assert markov.expected_return(mdp, best) == pytest.approx(-sum(0.99**t for t in range(13)))


def test_on_the_tightrope_one_fall_costs_for_ever():
    mdp = markov.tightrope(length=7, gamma=0.9)
    never, once = np.tile([1.0, 0.0], (8, 1)), np.tile([1.0, 0.0], (8, 1))
    once[3] = [0.0, 1.0]
    assert markov.expected_return(mdp, never) == 0
    assert markov.expected_return(mdp, once) == pytest.approx(-(0.9**3) / 0.1)


def test_an_agent_that_confuses_two_cells_does_better_when_it_is_random():
    mdp = markov.aliased_grid_world()
    policy = np.tile(np.eye(4)[2], (6, 1))
    policy[[0, 4]] = np.eye(4)[1], np.eye(4)[3]
    returns = []
    for east in (0.0, 0.5, 1.0):
        policy[[1, 3]] = [0, east, 0, 1 - east]
        returns.append(markov.expected_return(mdp, policy))
    assert returns[1] > max(returns[0], returns[2])
    south = np.tile(np.eye(4)[2], (6, 1))
    np.testing.assert_allclose(markov.values(mdp, south), [-1, 0, 1, 0, -1, 0], atol=1e-12)


def test_the_far_end_of_the_chain_is_worth_the_way():
    mdp = markov.chain()
    best = markov.policy_iteration(mdp, markov.uniform_policy(mdp))[-1]
    assert np.array_equal(best.argmax(axis=1), np.zeros(5, int))
