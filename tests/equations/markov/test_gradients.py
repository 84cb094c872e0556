"""Slopes of η over a table of logits against finite differences and dense algebra."""

import numpy as np
import pytest
import torch
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


# ------------------------------------------------------------------------------- Fisher, natural gradient


def visits(mdp, policy):
    """d(s) = (1 − γ) Σ γ^t P(s_t = s), by summing until nothing is left."""
    steps = 1 if mdp.gamma == 0 else int(40 / -np.log(mdp.gamma)) + 1
    return (1 - mdp.gamma) * mdp.gamma ** np.arange(steps) @ markov.state_distributions(mdp, policy, steps)


def scores(logits):
    """∇_θ log π(a|s) for every s and a, [S, A, S·A], by automatic differentiation."""
    theta = torch.tensor(logits, requires_grad=True)
    log_policy = torch.log_softmax(theta, -1)
    return np.array(
        [
            [torch.autograd.grad(value, theta, retain_graph=True)[0].numpy().ravel() for value in row]
            for row in log_policy
        ]
    )


@pytest.mark.parametrize("gamma", [0.0, 0.5, 0.95])
def test_the_fisher_matrix_is_the_mean_outer_product_of_the_scores(gamma):
    mdp = markov.MDP.random(3, 4, seed=1, gamma=gamma)
    logits = np.random.default_rng(2).normal(size=(3, 4))
    policy, score = markov.softmax_policy(logits), scores(logits)
    d, F = visits(mdp, policy), 0.0
    for s in range(3):
        for a in range(4):
            F = F + d[s] * policy[s, a] * np.outer(score[s, a], score[s, a])
    np.testing.assert_allclose(markov.fisher(mdp, policy), F, atol=1e-14)


def test_the_fisher_matrix_is_the_hessian_of_the_kl_and_half_of_it_is_the_divergence():
    """Corrections 2 and 3: from the old to the new policy, and with the factor ½."""
    mdp = markov.MDP.random(3, 3, seed=3)
    logits = np.random.default_rng(4).normal(size=(3, 3))
    old = markov.softmax_policy(logits)
    d, F = torch.from_numpy(visits(mdp, old)), markov.fisher(mdp, old)

    def kl(theta):
        log_new, p = torch.log_softmax(theta.view(3, 3), -1), torch.from_numpy(old)
        return (d * (p * (p.log() - log_new)).sum(-1)).sum()

    hessian = torch.autograd.functional.hessian(kl, torch.from_numpy(logits.ravel())).numpy()
    np.testing.assert_allclose(F, hessian, atol=1e-14)
    step = 1e-4 * np.random.default_rng(5).normal(size=9)
    there = kl(torch.from_numpy(logits.ravel() + step)).item()
    assert there == pytest.approx(0.5 * step @ F @ step, rel=1e-3)


@given(problems())
@settings(max_examples=60, deadline=None)
def test_the_fisher_matrix_has_no_negative_eigenvalue_and_a_zero_for_every_state(problem):
    mdp, _, policy = problem
    F, size = markov.fisher(mdp, policy), mdp.states * mdp.actions
    assert F.shape == (size, size) and np.array_equal(F, F.T)
    assert np.linalg.eigvalsh(F).min() >= -1e-15
    everywhere = np.kron(np.eye(mdp.states), np.ones((mdp.actions, 1)))  # all logits of one state alike
    assert np.abs(F @ everywhere).max() <= 1e-15
    within = visits(mdp, policy) @ (1 - np.sum(policy**2, axis=1))  # the trace, if d sums to 1
    assert np.trace(F) == pytest.approx(within, abs=1e-12)


@given(problems())
@settings(max_examples=60, deadline=None)
def test_the_natural_gradient_solves_its_equation_with_a_mean_of_zero_in_every_state(problem):
    mdp, _, policy = problem
    x = markov.natural_gradient(mdp, policy)
    size = scale(mdp, policy) / (1 - mdp.gamma)
    gradient = markov.policy_gradient(mdp, policy).ravel()
    assert np.abs(markov.fisher(mdp, policy) @ x.ravel() - gradient).max() <= 1e-12 * size
    visited = visits(mdp, policy) > 1e-300
    A = markov.advantages(mdp, policy) / (1 - mdp.gamma)
    assert np.abs((x - A) - (x - A).mean(axis=1, keepdims=True))[visited].max() <= 1e-12 * size
    assert np.abs(x.mean(axis=1)).max() <= 1e-12 * size


@pytest.mark.parametrize("gamma", [0.0, 0.8])
def test_the_natural_gradient_is_the_pseudo_inverse_times_the_gradient(gamma):
    mdp = markov.MDP.random(4, 3, seed=6, gamma=gamma)
    policy = markov.mixture(markov.random_policy(mdp, 7), markov.uniform_policy(mdp), 0.3)
    by_svd = (
        np.linalg.pinv(markov.fisher(mdp, policy), rcond=1e-10) @ markov.policy_gradient(mdp, policy).ravel()
    )
    np.testing.assert_allclose(markov.natural_gradient(mdp, policy).ravel(), by_svd, atol=1e-9)


def test_where_the_policy_never_goes_and_what_it_never_does_has_no_natural_gradient():
    transition = np.zeros((4, 3, 4))
    transition[[0, 0, 0, 1, 1, 1], [0, 1, 2] * 2, [0, 1, 3, 1, 0, 0]] = 1.0  # action 2 of state 0 leads to 3
    transition[2, :, 0] = transition[3, :, 2] = 1.0
    reward = np.random.default_rng(0).normal(size=(4, 3))
    policy = np.array([[0.4, 0.6, 0], [0.2, 0.3, 0.5], [0.2, 0.2, 0.6], [0.1, 0.1, 0.8]])
    for start, seen in ((0, [0, 1]), (3, [0, 1, 2, 3])):
        mdp = markov.MDP(transition, reward, np.eye(4)[start], 0.9)
        x = markov.natural_gradient(mdp, policy)
        assert [s for s in range(4) if x[s].any()] == seen and x[0, 2] == 0
        F = markov.fisher(mdp, policy)
        by_svd = np.linalg.pinv(F, rcond=1e-10) @ markov.policy_gradient(mdp, policy).ravel()
        np.testing.assert_allclose(x.ravel(), by_svd, atol=1e-9)
    bandit = markov.MDP(transition, reward, np.eye(4)[3], 0.0)  # at γ = 0 only the start counts
    assert [s for s in range(4) if markov.natural_gradient(bandit, policy)[s].any()] == [3]
    deterministic = np.eye(3)[[0, 1, 2, 0]]
    assert not markov.natural_gradient(bandit, deterministic).any()


def test_a_natural_step_in_every_state_is_multiplicative_weights():
    """π_new ∝ π exp(t A/(1 − γ)): the baseline and the mean drop out."""
    mdp = markov.MDP.random(4, 3, seed=8)
    policy = markov.random_policy(mdp, 9)
    weights = policy * np.exp(0.3 * markov.advantages(mdp, policy) / (1 - mdp.gamma))
    new = markov.softmax_policy(np.log(policy) + 0.3 * markov.natural_gradient(mdp, policy))
    np.testing.assert_allclose(new, weights / weights.sum(axis=1, keepdims=True), rtol=1e-12)


def test_a_batch_of_policies_has_the_matrices_and_gradients_of_each():
    mdp = markov.MDP.random(3, 2, seed=0)
    batch = np.array([[markov.random_policy(mdp, 10 * i + j) for j in range(3)] for i in range(2)])
    for function in (markov.fisher, markov.natural_gradient):
        single = np.array([[function(mdp, policy) for policy in row] for row in batch])
        assert np.abs(function(mdp, batch) - single).max() < 1e-12, function.__name__
        with pytest.raises(ValueError, match=r"policy\[0\] sums to 2"):
            function(mdp, np.ones((3, 2)))
