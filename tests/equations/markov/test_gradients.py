"""Slopes of η over a table of logits against finite differences and dense algebra."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_problems import problems, scale

from rlcourse.equations import markov


def test_the_policy_gradient_is_the_finite_difference_of_the_return():
    mdp = markov.MDP.random(4, 3, seed=7)
    logits = np.random.default_rng(8).normal(size=(4, 3))
    gradient, h = markov.policy_gradient(mdp, markov.softmax_policy(logits)), 1e-5
    for index in np.ndindex(4, 3):
        shift = np.zeros((4, 3))
        shift[index] = h
        up, down = (
            markov.expected_return(mdp, markov.softmax_policy(logits + sign * shift)) for sign in (1, -1)
        )
        assert gradient[index] == pytest.approx((up - down) / (2 * h), abs=1e-8)


@given(problems(), st.floats(-2, 6))
@settings(max_examples=60, deadline=None)
def test_a_gradient_step_on_a_table_of_logits_never_hurts_however_long(problem, log10_step):
    # π_new ∝ π exp(t ρ π A): exp raises exactly the actions with A > 0, so Ā(s) ≥ 0 in every state
    mdp, policy, _ = problem
    step = 10**log10_step * markov.policy_gradient(mdp, policy)
    new = markov.softmax_policy(np.log(policy) + step)
    assert markov.expected_advantage(mdp, new, policy).min() >= -1e-12 * scale(mdp, policy, new)
