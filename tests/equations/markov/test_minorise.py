"""Algorithm 1 with the exact KL penalty: monotone everywhere, and as good as brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_problems import problems, scale
from scipy.optimize import minimize

from rlcourse.equations import markov


@given(problems())
@settings(max_examples=60, deadline=None)
def test_algorithm_1_is_monotone_on_every_one(problem):
    mdp, policy, _ = problem
    for _ in range(4):
        new, radius = markov.minorise_maximise_step(mdp, policy)
        tolerance = 1e-12 * scale(mdp, policy, new)
        assert markov.expected_return(mdp, new) >= markov.expected_return(mdp, policy) - tolerance
        bound = markov.improvement_bound(mdp, new, policy)
        assert bound >= markov.expected_return(mdp, policy) - tolerance  # it maximises what starts at η(old)
        if mdp.gamma > 0:
            assert markov.max_kl(policy, new) == pytest.approx(radius, rel=1e-3, abs=1e-12)
        policy = new


def _best_penalised_value(mdp, old, start, seeds=3):
    """max_π L(π) − C D_KL^max by Nelder-Mead over logits: slow, and knows nothing of duality."""

    def loss(logits):
        return -markov.improvement_bound(mdp, markov.softmax_policy(logits.reshape(old.shape)), old)

    options = {"maxiter": 20_000, "maxfev": 20_000, "xatol": 1e-10, "fatol": 1e-14, "adaptive": True}
    logits = np.log(np.maximum(start, 1e-9)).ravel()
    noise = np.random.default_rng(0).normal(scale=0.1, size=(seeds, logits.size))
    return max(-minimize(loss, logits + e, method="Nelder-Mead", options=options).fun for e in noise)


@pytest.mark.parametrize("gamma", [0.15, 0.5])
def test_algorithm_1_finds_what_brute_force_finds(gamma):
    mdp = markov.MDP.random(2, 3, seed=round(100 * gamma), gamma=gamma)
    old = markov.random_policy(mdp, 1)
    new, _ = markov.minorise_maximise_step(mdp, old)
    mine = markov.improvement_bound(mdp, new, old)
    brute = _best_penalised_value(mdp, old, new)
    assert mine >= brute - 1e-12
    assert mine == pytest.approx(brute, abs=1e-7)


def test_algorithm_1_may_use_an_action_that_the_old_policy_never_took():
    mdp = markov.MDP.random(2, 3, seed=4, gamma=0.1)
    old = np.array([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]])
    new, radius = markov.minorise_maximise_step(mdp, old)
    assert radius > 0
    assert new[0, 1:].max() > 0.01 or new[1, 0] > 0.01
    assert markov.improvement_bound(mdp, new, old) == pytest.approx(
        _best_penalised_value(mdp, old, new), abs=1e-5
    )


@given(st.integers(0, 10_000), st.sampled_from([0.2, 0.5, 0.9]))
@settings(max_examples=30, deadline=None)
def test_a_deterministic_policy_is_a_fixed_point_of_algorithm_1_from_gamma_one_fifth(seed, gamma):
    mdp = markov.MDP.random(4, 3, seed, gamma)
    policy = np.eye(3)[np.random.default_rng(seed).integers(3, size=4)]
    new, radius = markov.minorise_maximise_step(mdp, policy)
    assert radius == 0
    assert np.array_equal(new, policy)


@given(st.integers(0, 10_000), st.floats(1e-12, 5.0))
@settings(max_examples=100, deadline=None)
def test_the_kl_ball_maximiser_meets_its_constraint_and_no_policy_in_the_ball_beats_it(seed, radius):
    rng = np.random.default_rng(seed)
    old, A = rng.dirichlet(np.ones(4), size=3), rng.normal(size=(3, 4))
    new, price = markov.kl_ball_maximiser(old, A, radius)
    assert markov.kl(old, new) == pytest.approx(np.full(3, radius), rel=1e-3, abs=1e-13)
    assert np.all(price > 0)
    others = rng.dirichlet(np.ones(4), size=(200, 3))
    share = rng.random((200, 1, 1)) ** 3
    others = (1 - share) * old + share * others
    inside = markov.kl(old, others) <= radius
    assert np.all((np.sum(others * A, axis=-1) <= np.sum(new * A, axis=-1) + 1e-12) | ~inside)


def test_algorithm_1_survives_the_road_to_a_deterministic_policy():
    mdp = markov.MDP.random(10, 4, seed=1, gamma=0.5, branching=3)
    policy, best = markov.uniform_policy(mdp), markov.policy_iteration(mdp, markov.uniform_policy(mdp))[-1]
    for _ in range(150):
        policy, _ = markov.minorise_maximise_step(mdp, policy)
    assert markov.expected_return(mdp, policy) == pytest.approx(markov.expected_return(mdp, best), rel=0.01)
