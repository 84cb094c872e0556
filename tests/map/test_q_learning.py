"""Q-learning finds Q* on the cliff, and says so of itself only when it has."""

import numpy as np

from rlcourse.equations import markov
from rlcourse.map.q_learning import CLIFF, METHOD, oracle
from rlcourse.map.record import Point
from rlcourse.training import learn


def test_the_best_path_is_the_shortest_along_the_edge():
    """13 steps of −1: V*(start) = −(1 − γ¹³)/(1 − γ), which no value iteration is needed for."""
    assert np.isclose(markov.optimal_q_values(CLIFF)[36].max(), -(1 - 0.99**13) / 0.01, atol=1e-9)


def test_q_learning_holds_in_three_disjoint_sets_of_seeds():
    seeds = [*range(10, 18), *range(20, 28), *range(30, 38)]
    assert all(claim.holds().all() for claim in learn(METHOD, seeds=seeds).claims())


def test_the_oracle_rejects_a_table_that_is_off_and_the_value_of_the_policy_that_explores():
    explores = markov.q_values(CLIFF, markov.epsilon_greedy_policy(markov.optimal_q_values(CLIFF), 0.1))
    for wrong in (np.zeros((48, 4)), markov.optimal_q_values(CLIFF) + 0.1, explores):
        first, _ = oracle(Point(0, np.zeros(1), {"Q": wrong[None]}))
        assert not first.holds().any()


def test_it_walks_the_edge_where_what_explores_falls():
    """Sutton and Barto's example 6.6: the greedy path of Q* is worth less than a safe one to who explores."""
    best = markov.optimal_q_values(CLIFF)
    risky = markov.expected_return(CLIFF, markov.epsilon_greedy_policy(best, 0.1))
    safe = best.copy()
    safe[24:36] = [-50, -60, -60, -60]  # go up from the edge
    safe[12:24] = [-50, -60, -60, -60]  # and on
    safe[35] = [-60, -60, -50, -60]
    safe[[23, 11]] = [-60, -60, -50, -60]
    safe[:11] = [-60, -50, -60, -60]
    assert markov.expected_return(CLIFF, markov.epsilon_greedy_policy(safe, 0.1)) > risky + 5
