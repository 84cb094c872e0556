"""The Fisher matrix of a policy under any parameters, against closed forms, samples and eigenvectors."""

import numpy as np
import pytest
import torch

from rlcourse.equations import fisher, markov

MDP = markov.MDP.random(3, 4, seed=1)
THETA = np.random.default_rng(2).normal(size=12)
WAYS = (fisher.outer_products, fisher.kl_hessian, fisher.product_columns)


def table(theta):
    """A logit for every state and action."""
    return torch.log_softmax(theta.reshape(3, 4), -1)


def mixed(theta):
    """The same policies by other numbers: θ + θ³/3 mixed by a fixed matrix, so curved and skewed."""
    turn = torch.from_numpy(np.random.default_rng(3).normal(size=(12, 12)))
    return table(turn @ (theta + theta**3 / 3))


def visits(log_policy, theta):
    return markov.visitation(MDP, fisher.policy_of(log_policy, theta))


@pytest.mark.parametrize("way", WAYS)
def test_each_way_gives_the_closed_form_for_a_table_of_logits(way):
    policy = markov.softmax_policy(THETA.reshape(3, 4))
    np.testing.assert_allclose(fisher.policy_of(table, THETA), policy, atol=1e-15)
    np.testing.assert_allclose(
        way(table, THETA, visits(table, THETA)), markov.fisher(MDP, policy), atol=1e-14
    )


@pytest.mark.parametrize("way", WAYS)
def test_in_other_parameters_the_matrix_is_that_of_the_logits_between_the_jacobians(way):
    """F_u = JᵀF_θJ for θ = f(u), J by finite differences of the policy's logits."""
    u = 0.2 * THETA
    h = 1e-6 * np.eye(12)
    up, down = ([np.log(fisher.policy_of(mixed, u + sign * e)).ravel() for e in h] for sign in (1, -1))
    J = (np.array(up) - np.array(down)).T / 2e-6
    policy = fisher.policy_of(mixed, u)
    expected = J.T @ markov.fisher(MDP, policy) @ J  # a constant in a state's logits drops out of F
    F = way(mixed, u, visits(mixed, u))
    np.testing.assert_allclose(F, expected, rtol=1e-6, atol=1e-8 * abs(expected).max())


@pytest.mark.parametrize("log_policy", [table, mixed])
def test_the_slope_of_the_return_is_its_finite_difference(log_policy):
    theta, h = 0.3 * THETA, 1e-6
    eta = [
        [markov.expected_return(MDP, fisher.policy_of(log_policy, theta + sign * h * e)) for sign in (1, -1)]
        for e in np.eye(12)
    ]
    slope = [(up - down) / (2 * h) for up, down in eta]
    np.testing.assert_allclose(fisher.return_gradient(MDP, log_policy, theta), slope, rtol=1e-5, atol=1e-6)


def test_for_a_table_of_logits_the_slope_is_that_of_the_markov_module():
    policy = markov.softmax_policy(THETA.reshape(3, 4))
    slope = fisher.return_gradient(MDP, table, THETA).reshape(3, 4)
    np.testing.assert_allclose(slope, markov.policy_gradient(MDP, policy), atol=1e-13)


@pytest.mark.parametrize("actions", [True, False])
def test_a_sampled_matrix_is_unbiased_and_its_error_halves_with_four_times_the_samples(actions):
    d, policy, score = visits(table, THETA), fisher.policy_of(table, THETA), fisher.scores(table, THETA)
    F, rng = markov.fisher(MDP, policy), np.random.default_rng(0)
    errors = []
    for samples in (100, 400):
        drawn = [fisher.sampled_fisher(score, policy, d, samples, rng, actions) for _ in range(1000)]
        apart = np.array(drawn) - F
        standard_error = apart.std(axis=0) / np.sqrt(1000)
        assert (abs(apart.mean(axis=0)) <= 5 * standard_error + 1e-15).all()
        errors.append(np.sqrt((apart**2).sum(axis=(1, 2)).mean()))
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.1)


def test_the_exact_mean_over_actions_lowers_the_error_by_the_variance_within_states():
    """E‖F̂ − F‖² is the variance of one sample's matrix over N, for either estimate: in closed form."""
    d, policy, score = visits(table, THETA), fisher.policy_of(table, THETA), fisher.scores(table, THETA)
    outer = np.einsum("sap,saq->sapq", score, score)
    F = markov.fisher(MDP, policy)
    one_action = np.einsum("s,sa,sapq->", d, policy, (outer - F) ** 2)
    state = np.einsum("sa,sapq->spq", policy, outer)
    one_state = np.einsum("s,spq->", d, (state - F) ** 2)
    rng, found = np.random.default_rng(1), []
    for actions, expected in ((True, one_action), (False, one_state)):
        drawn = [fisher.sampled_fisher(score, policy, d, 50, rng, actions) for _ in range(2000)]
        found.append(((np.array(drawn) - F) ** 2).sum(axis=(1, 2)).mean())
        assert found[-1] == pytest.approx(expected / 50, rel=0.1)
    assert found[1] < 0.8 * found[0]


def test_a_damped_solution_is_the_dense_solve_and_bends_from_the_natural_direction_to_the_gradient():
    F = np.array([[2.0, 0.6], [0.6, 0.3]])
    g = np.array([0.4, -1.0])
    dampings = np.array([0.0, 0.1, 1e6])
    solved = fisher.damped_solution(F, g, dampings)
    for c, x in zip(dampings, solved, strict=True):
        np.testing.assert_allclose(x, np.linalg.solve(F + c * np.eye(2), g), rtol=1e-9)
    assert solved[2] @ g / np.linalg.norm(solved[2]) / np.linalg.norm(g) == pytest.approx(1, abs=1e-9)
    assert fisher.damped_solution(F, g, 0.1).shape == (2,)


def test_a_singular_matrix_without_damping_is_refused_in_one_line():
    with pytest.raises(ValueError, match=r"has the eigenvalue .*; it must be positive definite"):
        fisher.damped_solution(np.diag([1.0, 0.0]), np.ones(2), 0.0)
