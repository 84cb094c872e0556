"""Steps that improve for certain, and what policy iteration reaches."""

import numpy as np
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
