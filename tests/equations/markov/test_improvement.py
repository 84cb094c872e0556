"""Steps that improve for certain, and what policy iteration reaches."""

import numpy as np
import pytest
from hypothesis import given, settings
from random_problems import problems, scale

from rlcourse.equations import markov


@given(problems())
@settings(max_examples=60, deadline=None)
def test_one_greedy_step_makes_every_term_of_the_lemma_non_negative(problem):
    mdp, old, _ = problem
    greedy = markov.greedy_policy(mdp, old)
    tolerance = 1e-12 * scale(mdp, old, greedy)
    assert markov.expected_advantage(mdp, greedy, old).min() >= -tolerance
    assert np.all(markov.values(mdp, greedy) >= markov.values(mdp, old) - tolerance)


def test_policy_iteration_reaches_the_value_that_value_iteration_finds():
    for seed in range(10):
        mdp = markov.MDP.random(6, 3, seed, gamma=0.9)
        V = np.zeros(6)
        for _ in range(400):
            V = (mdp.reward + 0.9 * np.einsum("sat,t->sa", mdp.transition, V)).max(axis=1)
        last = markov.policy_iteration(mdp, markov.uniform_policy(mdp))[-1]
        assert np.abs(markov.values(mdp, last) - V).max() < 1e-12


def best_in(steps, mdp, state):
    """The most that can be had in so many steps, by looking at every action and every successor."""
    if steps == 0:
        return 0.0
    return max(
        mdp.reward[state, a]
        + mdp.gamma * sum(mdp.transition[state, a, t] * best_in(steps - 1, mdp, t) for t in range(mdp.states))
        for a in range(mdp.actions)
    )


@pytest.mark.parametrize("sweeps", [0, 1, 2, 4])
def test_value_iteration_is_the_best_of_a_finite_horizon(sweeps):
    for seed in range(3):
        mdp = markov.MDP.random(3, 2, seed, gamma=0.8)
        V = markov.value_iteration(mdp, sweeps)
        np.testing.assert_allclose(V, [best_in(sweeps, mdp, s) for s in range(3)], atol=1e-13)


@given(problems())
@settings(max_examples=30, deadline=None)
def test_value_iteration_comes_closer_by_gamma_a_sweep_to_what_policy_iteration_finds(problem):
    mdp, policy, _ = problem
    best = markov.values(mdp, markov.policy_iteration(mdp, policy)[-1])
    for sweeps in (0, 1, 10, 50):
        error = np.abs(markov.value_iteration(mdp, sweeps) - best).max()
        assert error <= mdp.gamma**sweeps * np.abs(best).max() + 1e-11 * max(1, np.abs(best).max())


def test_value_iteration_reaches_the_optimum_and_takes_no_negative_number_of_sweeps():
    mdp = markov.MDP.random(6, 3, seed=1, gamma=0.9)
    best = markov.values(mdp, markov.policy_iteration(mdp, markov.uniform_policy(mdp))[-1])
    assert np.abs(markov.value_iteration(mdp, 400) - best).max() < 1e-12
    with pytest.raises(ValueError, match="sweeps is -1; it must be 0 or more"):
        markov.value_iteration(mdp, -1)


def test_optimal_q_values_are_those_of_the_policy_at_the_end_of_policy_iteration():
    for mdp in (markov.MDP.random(6, 3, 0), markov.cliff(), markov.MDP.random(4, 2, 1, gamma=0.0)):
        best = markov.policy_iteration(mdp, markov.uniform_policy(mdp))[-1]
        np.testing.assert_allclose(markov.optimal_q_values(mdp), markov.q_values(mdp, best), atol=1e-9)


def test_an_epsilon_greedy_policy_shares_what_is_greedy_among_ties():
    q = np.array([[1.0, 3.0, 3.0, 0.0], [2.0, 0.0, 0.0, 0.0]])
    expected = [[0.05, 0.45, 0.45, 0.05], [0.85, 0.05, 0.05, 0.05]]
    np.testing.assert_allclose(markov.epsilon_greedy_policy(q, 0.2), expected)
    np.testing.assert_allclose(markov.epsilon_greedy_policy(q[None], 1.0), np.full((1, 2, 4), 0.25))
    for epsilon in (-0.1, 1.1):
        with pytest.raises(ValueError, match="it is a probability, 0 ≤ ε ≤ 1"):
            markov.epsilon_greedy_policy(q, epsilon)
