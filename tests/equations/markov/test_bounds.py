"""The lemma, the surrogate and the bounds, on random processes and against closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_problems import problems, scale

from rlcourse.equations import markov


def test_fifteen_hundred_states_at_gamma_0999_keep_twelve_digits():
    mdp = markov.MDP.random(1500, 4, seed=0, gamma=0.999)
    old, new = markov.random_policy(mdp, 1), markov.random_policy(mdp, 2)
    difference = markov.expected_return(mdp, new) - markov.expected_return(mdp, old)
    assert abs(markov.performance_difference(mdp, new, old) - difference) <= 1e-12 * scale(mdp, old, new)


@given(problems())
@settings(max_examples=150, deadline=None)
def test_performance_difference_lemma_state_by_state_and_on_average(problem):
    mdp, old, new = problem
    tolerance = 1e-12 * scale(mdp, old, new)
    state_wise = markov.performance_difference(mdp, new, old, start=np.eye(mdp.states))
    assert np.abs(state_wise - (markov.values(mdp, new) - markov.values(mdp, old))).max() <= tolerance
    average = markov.performance_difference(mdp, new, old)
    assert abs(average - (markov.expected_return(mdp, new) - markov.expected_return(mdp, old))) <= tolerance


def test_the_lemma_fails_with_the_old_visitation():
    mdp = markov.MDP.random(6, 3, seed=0)
    old, new = markov.random_policy(mdp, 1), markov.random_policy(mdp, 2)
    difference = markov.expected_return(mdp, new) - markov.expected_return(mdp, old)
    wrong = markov.surrogate(mdp, new, old) - markov.expected_return(mdp, old)
    assert abs(wrong - difference) > 1e-2
    swapped = np.sum(markov.visitation(mdp, new) * np.sum(old * markov.advantages(mdp, new), axis=1)) / 0.1
    assert abs(swapped - difference) > 1e-2


@given(problems())
@settings(max_examples=60, deadline=None)
def test_the_surrogate_touches_the_return_and_matches_its_slope(problem):
    mdp, old, target = problem
    eta = markov.expected_return(mdp, old)
    assert abs(markov.surrogate(mdp, old, old) - eta) <= 1e-12 * scale(mdp, old)
    if mdp.gamma <= 0.9:
        h = 1e-6
        step = [markov.mixture(old, target, t) for t in (h, 2 * h)]
        slope = [(4 * f[0] - f[1] - 3 * eta) / (2 * h) for f in _along(mdp, old, step)]
        assert slope[0] == pytest.approx(slope[1], abs=1e-6 * scale(mdp, old))


def _along(mdp, old, policies):
    return (
        [markov.expected_return(mdp, p) for p in policies],
        [markov.surrogate(mdp, p, old) for p in policies],
    )


def test_the_gap_between_return_and_surrogate_is_quadratic_with_a_known_constant():
    mdp = markov.MDP.random(6, 3, seed=11, branching=2)
    old, target = markov.random_policy(mdp, 12), markov.random_policy(mdp, 13)
    P = [np.einsum("sa,sat->st", p, mdp.transition) for p in (old, target)]
    G = np.linalg.inv(np.eye(6) - mdp.gamma * P[0])
    A_bar = np.sum(target * markov.advantages(mdp, old), axis=1)
    constant = mdp.gamma * mdp.start @ G @ (P[1] - P[0]) @ G @ A_bar
    for t in (1e-3, 1e-4):
        new = markov.mixture(old, target, t)
        gap = markov.expected_return(mdp, new) - markov.surrogate(mdp, new, old)
        assert gap / t**2 == pytest.approx(constant, rel=30 * t, abs=30 * t)


@given(problems())
@settings(max_examples=150, deadline=None)
def test_both_bounds_hold_always(problem):
    mdp, old, new = problem
    eta, tolerance = markov.expected_return(mdp, new), 1e-11 * scale(mdp, old, new)
    L = markov.surrogate(mdp, new, old)
    C = markov.penalty_coefficient(mdp, old)
    for divergence in ("kl", "tv"):
        assert markov.improvement_bound(mdp, new, old, divergence) <= eta + tolerance
    assert L - eta <= C * markov.max_tv(old, new) ** 2 + tolerance
    assert eta - L <= C * markov.max_tv(old, new) ** 2 + tolerance  # the proof bounds the distance, both ways


@given(problems())
@settings(max_examples=100, deadline=None)
def test_pinsker_with_its_half_and_so_the_kl_bound_is_below_the_tv_bound(problem):
    mdp, old, new = problem
    assert np.all(markov.tv(old, new) ** 2 <= 0.5 * markov.kl(old, new) + 1e-15)
    tolerance = 1e-12 * scale(mdp, old, new)
    assert (
        markov.improvement_bound(mdp, new, old, "kl")
        <= markov.improvement_bound(mdp, new, old, "tv") + tolerance
    )


def test_pinsker_is_tight_with_one_half_and_no_smaller_factor():
    ratios = []
    for x in (0.1, 0.01, 0.001):
        p, q = np.array([0.5 + x, 0.5 - x]), np.array([0.5, 0.5])
        ratios.append(markov.tv(p, q) ** 2 / markov.kl(p, q))
    assert ratios[-1] == pytest.approx(0.5, abs=1e-5)
    assert max(ratios) <= 0.5


def test_kl_agrees_with_scipy_and_is_infinite_off_the_support():
    from scipy.stats import entropy

    rng = np.random.default_rng(0)
    p, q = rng.dirichlet(np.ones(4), size=(2, 7))
    assert np.allclose(markov.kl(p, q), entropy(p, q, axis=1), rtol=1e-12)
    assert markov.kl([1.0, 0.0], [0.5, 0.5]) == pytest.approx(np.log(2))
    assert markov.kl([0.5, 0.5], [1.0, 0.0]) == np.inf


def test_an_infinite_divergence_gives_no_bound_and_gamma_zero_needs_none():
    mdp = markov.MDP.random(3, 2, seed=0)
    old, new = markov.uniform_policy(mdp), np.eye(2)[[0, 1, 0]]
    assert markov.improvement_bound(mdp, new, old, "kl") == -np.inf
    assert np.isfinite(markov.improvement_bound(mdp, new, old, "tv"))
    bandit = markov.MDP(mdp.transition, mdp.reward, mdp.start, 0.0)
    assert markov.improvement_bound(bandit, new, old, "kl") == pytest.approx(
        markov.expected_return(bandit, new)
    )


@given(problems())
@settings(max_examples=100, deadline=None)
def test_normalised_the_penalty_needs_one_power_of_one_minus_gamma_less(problem):
    mdp, old, new = problem
    eta, L = (
        (1 - mdp.gamma) * x for x in (markov.expected_return(mdp, new), markov.surrogate(mdp, new, old))
    )
    C = 4 * np.abs(markov.advantages(mdp, old)).max() * mdp.gamma / (1 - mdp.gamma)
    assert eta >= L - C * markov.max_tv(old, new) ** 2 - 1e-11 * scale(mdp, old, new)


@given(problems(), st.floats(0, 1))
@settings(max_examples=100, deadline=None)
def test_the_mixture_bound_holds_and_conservative_steps_never_lose(problem, alpha):
    mdp, old, target = problem
    tolerance = 1e-11 * scale(mdp, old, target)
    eta = markov.expected_return(mdp, markov.mixture(old, target, alpha))
    assert eta >= markov.mixture_bound(mdp, old, target, alpha) - tolerance
    new, alpha = markov.conservative_step(mdp, old)
    assert 0 <= alpha <= 1
    assert markov.expected_return(mdp, new) >= markov.expected_return(mdp, old) - tolerance


def test_the_conservative_step_maximises_its_bound():
    mdp = markov.MDP.random(5, 3, seed=5, gamma=0.9)
    old = markov.random_policy(mdp, 6)
    _, alpha = markov.conservative_step(mdp, old)
    greedy = markov.greedy_policy(mdp, old)
    grid = np.linspace(0, 1, 10_001)
    best = grid[np.argmax([markov.mixture_bound(mdp, old, greedy, x) for x in grid])]
    assert alpha == pytest.approx(best, abs=1e-4)
