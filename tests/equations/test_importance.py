"""Importance weights: effective sample size, estimates of another's return, V-trace in expectation."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from rlcourse.equations import markov, returns
from rlcourse.equations.importance import (
    clipped_policy,
    effective_sample_size,
    estimate_variances,
    marginal_ratio,
    per_decision_estimates,
    self_normalised_mean,
    trajectories,
    trajectory_estimates,
    vtrace_operator,
)


def test_equal_weights_are_worth_their_number_and_a_single_one_is_worth_one():
    assert effective_sample_size(np.full(7, 0.3)) == pytest.approx(7)
    assert effective_sample_size(np.array([0.0, 5.0, 0.0])) == pytest.approx(1)
    assert effective_sample_size(np.array([2.0, 2.0, 0.0, 0.0])) == pytest.approx(2)
    assert effective_sample_size([1, 2, 3]) == pytest.approx(36 / 14)


@given(st.lists(st.floats(0.001, 1000), min_size=1, max_size=20), st.integers(-280, 280))
def test_it_lies_between_one_and_n_is_n_over_one_plus_cv_squared_and_knows_no_scale(weights, exponent):
    w = np.array(weights)
    ess = effective_sample_size(w)
    assert 1 - 1e-12 <= ess <= len(w) * (1 + 1e-12)
    assert ess == pytest.approx(len(w) / (1 + np.var(w) / np.mean(w) ** 2))
    assert effective_sample_size(w * 10.0**exponent) == pytest.approx(ess, rel=1e-9)


def test_it_is_the_number_of_equal_weights_with_the_same_variance_of_the_mean():
    """x_i of variance 1: Σ w x/Σ w has the variance Σ w²/(Σ w)², which is 1/ESS."""
    rng = np.random.default_rng(0)
    w = rng.exponential(size=12)
    means = rng.normal(size=(200_000, 12)) @ w / w.sum()
    assert 1 / means.var() == pytest.approx(effective_sample_size(w), rel=0.02)


def test_the_last_axis_is_summed_and_torch_agrees():
    w = np.random.default_rng(1).exponential(size=(2, 3, 5))
    rows = [[effective_sample_size(row) for row in block] for block in w]
    np.testing.assert_allclose(effective_sample_size(w), rows)
    tensor = effective_sample_size(torch.from_numpy(w))
    assert torch.is_tensor(tensor)
    np.testing.assert_allclose(tensor.numpy(), rows)


@pytest.mark.parametrize(
    "weights", [[1.0, -0.5], [0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0], [[1.0], [0.0]], []]
)
@pytest.mark.parametrize("kind", [np.array, torch.tensor])
def test_weights_that_are_none_are_refused_in_one_line(weights, kind):
    with pytest.raises(ValueError, match="weights must be ≥ 0 and finite") as error:
        effective_sample_size(kind(weights))
    assert "\n" not in str(error.value)


# Estimates of another policy's return: against an enumeration written here, and closed forms


def problem(seed=0, states=3, actions=2, gamma=0.9):
    mdp, rng = markov.MDP.random(states, actions, seed, gamma), np.random.default_rng(seed + 1)
    target, behaviour = rng.dirichlet(np.ones(actions), size=(2, states))
    return mdp, target, behaviour


def finite_return(mdp, policy, steps):
    """E[Σ_{t<T} γ^t r_t], by the distributions of the state."""
    p = markov.state_distributions(mdp, policy, steps)
    return float(mdp.gamma ** np.arange(steps) @ p @ np.sum(policy * mdp.reward, axis=1))


def along(mdp, target, behaviour, paths):
    states, actions = paths.states[:-1], paths.actions
    return mdp.reward[states, actions], np.log(target / behaviour)[states, actions]


def test_the_trajectories_are_all_of_them_each_with_its_probability():
    mdp, policy, _ = problem(3)
    paths = trajectories(mdp, policy, 3)
    assert paths.states.shape == (4, 3**4 * 2**3) and paths.actions.shape == (3, 3**4 * 2**3)
    assert len({(*s, *a) for s, a in zip(paths.states.T, paths.actions.T, strict=True)}) == 3**4 * 2**3
    for k in (0, 100, -1):
        expected = markov.trajectory_probability(mdp, policy, paths.states[:, k], paths.actions[:, k])
        assert paths.probability[k] == pytest.approx(expected)
    assert paths.probability.sum() == pytest.approx(1)
    assert trajectories(mdp, policy, 0).probability == pytest.approx(mdp.start)


def test_what_cannot_happen_is_left_out_and_too_many_are_refused():
    rope = markov.tightrope(3)
    never_falls = np.tile([1.0, 0.0], (4, 1))
    assert trajectories(rope, never_falls, 20).probability == pytest.approx([1])
    with pytest.raises(ValueError, match="more than 100 trajectories of 20 steps"):
        trajectories(rope, np.full((4, 2), 0.5), 20, most=100)
    with pytest.raises(ValueError, match="steps is -1"):
        trajectories(rope, never_falls, -1)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("estimates", [trajectory_estimates, per_decision_estimates])
def test_an_importance_sampled_return_is_unbiased(seed, estimates):
    mdp, target, behaviour = problem(seed)
    paths = trajectories(mdp, behaviour, 4)
    values = estimates(*along(mdp, target, behaviour, paths), mdp.gamma)
    assert paths.mean(values) == pytest.approx(finite_return(mdp, target, 4))


def test_the_estimates_are_their_definitions_in_numpy_and_torch():
    rng = np.random.default_rng(0)
    reward, log_rho = rng.normal(size=(2, 4, 5))
    rho, discount = np.exp(log_rho), 0.9 ** np.arange(4)
    whole = [rho[:, i].prod() * sum(discount * reward[:, i]) for i in range(5)]
    each = [sum(discount[t] * rho[: t + 1, i].prod() * reward[t, i] for t in range(4)) for i in range(5)]
    for kind in (np.array, torch.tensor):
        np.testing.assert_allclose(trajectory_estimates(kind(reward), kind(log_rho), 0.9), whole)
        np.testing.assert_allclose(per_decision_estimates(kind(reward), kind(log_rho), 0.9), each)
    with pytest.raises(ValueError, match="shapes must be equal"):
        trajectory_estimates(reward, log_rho[0], 0.9)


def test_the_second_moment_of_a_weight_is_a_product_where_every_state_has_the_same_policies():
    mdp = markov.MDP.random(2, 2, 5)
    target, behaviour = np.tile([0.7, 0.3], (2, 1)), np.tile([0.5, 0.5], (2, 1))
    for T in range(1, 7):
        paths = trajectories(mdp, behaviour, T)
        _, log_rho = along(mdp, target, behaviour, paths)
        weight = np.exp(log_rho.sum(axis=0))
        assert paths.mean(weight) == pytest.approx(1)
        assert paths.variance(weight) == pytest.approx(1.16**T - 1)  # 0.7²/0.5 + 0.3²/0.5 = 1.16


@pytest.mark.parametrize("seed", range(3))
def test_the_variances_carried_from_step_to_step_are_those_of_all_trajectories(seed):
    mdp, target, behaviour = problem(seed, states=2)
    found = estimate_variances(mdp, target, behaviour, 5)
    for T in range(1, 6):
        paths = trajectories(mdp, behaviour, T)
        reward, log_rho = along(mdp, target, behaviour, paths)
        for estimates, variance in (
            (trajectory_estimates, found.trajectory),
            (per_decision_estimates, found.per_decision),
        ):
            values = estimates(reward, log_rho, mdp.gamma)
            assert variance[T - 1] == pytest.approx(paths.variance(values), rel=1e-9)
        pi, beta = (markov.state_distributions(mdp, policy, T) for policy in (target, behaviour))
        share = np.take_along_axis(pi / beta, paths.states[:-1], axis=1)
        values = np.sum(mdp.gamma ** np.arange(T)[:, None] * share * np.exp(log_rho) * reward, axis=0)
        assert paths.mean(values) == pytest.approx(finite_return(mdp, target, T))
        assert found.marginal[T - 1] == pytest.approx(paths.variance(values), rel=1e-9)
    on_policy = estimate_variances(mdp, behaviour, behaviour, 5)
    np.testing.assert_allclose(on_policy.trajectory, on_policy.marginal)
    with pytest.raises(ValueError, match="no data of that"):
        estimate_variances(mdp, target, np.tile([1.0, 0.0], (2, 1)), 3)


def test_per_decision_weights_may_also_have_the_larger_variance():
    """r_0 = 1, r_1 = −1, whatever happens: the return is 0, its weighted sum is 0, and the parts are not."""
    log_rho = np.log(np.array([[1.4, 0.6], [1.0, 1.0]]))
    reward = np.array([[1.0, 1.0], [-1.0, -1.0]])
    assert trajectory_estimates(reward, log_rho, 1.0) == pytest.approx(0)
    log_rho[1] = np.log(1.4)
    assert per_decision_estimates(reward, log_rho, 1.0) == pytest.approx([1.4 - 1.96, 0.6 - 0.84])


def test_a_self_normalised_mean_is_biased_by_the_delta_methods_amount_over_n():
    """Two outcomes, so that the mean over all samples of n is a sum over binomial counts."""
    p, w, x = np.array([0.5, 0.5]), np.array([1.4, 0.6]), np.array([1.0, 0.0])
    truth, predicted = p @ (w * x), -(p @ (w**2 * (x - p @ (w * x))))
    for n in (10, 100, 1000):
        k = np.arange(n + 1)
        values = [self_normalised_mean(np.repeat(x, (i, n - i)), np.repeat(w, (i, n - i))) for i in k]
        bias = float(binom.pmf(k, n, 0.5) @ values) - truth
        assert n * bias == pytest.approx(predicted, rel=3 / n)
    with pytest.raises(ValueError, match="shapes must be equal"):
        self_normalised_mean(x, w[:1])
    with pytest.raises(ValueError, match="weights must be ≥ 0"):
        self_normalised_mean(x, 0 * w)


@pytest.mark.parametrize("seed", range(4))
def test_marginal_weights_move_the_average_from_one_policys_states_to_the_others(seed):
    mdp, target, behaviour = problem(seed, states=5, actions=3)
    ratio = marginal_ratio(mdp, target, behaviour)
    share = markov.visitation(mdp, behaviour)[:, None] * behaviour
    assert np.sum(share * ratio) == pytest.approx(1)
    eta = np.sum(share * ratio * mdp.reward) / (1 - mdp.gamma)
    assert eta == pytest.approx(markov.expected_return(mdp, target))
    with pytest.raises(ValueError, match=r"behaviour is 0 at \[state, action\] \[0, 1\]"):
        marginal_ratio(mdp, target, np.eye(3)[np.zeros(5, int)])


# V-trace in expectation: against its samples, its limits, and the policy that it should find


def test_the_clipped_policy_is_the_target_without_a_clip_and_the_behaviour_with_a_tight_one():
    _, pi, beta = problem(1, states=4, actions=3)
    np.testing.assert_allclose(clipped_policy(pi, beta, np.inf), pi)
    np.testing.assert_allclose(clipped_policy(pi, beta, 1e-9), beta)
    by_hand = [[0.5, 0.2, 0.1], [0.3, 0.3, 0.4]]  # ρ̄ β = (0.6, 0.2, 0.1) leaves (0.5, 0.2, 0.1)
    expected = np.array(by_hand) / [[0.8], [1.0]]
    clipped = clipped_policy([[0.5, 0.3, 0.2], [0.3, 0.3, 0.4]], [[0.6, 0.2, 0.1], [0.3, 0.3, 0.4]], 1.0)
    np.testing.assert_allclose(clipped, expected)
    np.testing.assert_allclose(clipped_policy([[1.0, 0.0]], [[0.5, 0.5]], np.inf), [[1, 0]])
    with pytest.raises(ValueError, match="rho_bar is 0"):
        clipped_policy(pi, beta, 0)
    with pytest.raises(ValueError, match="share no action"):
        clipped_policy([[1.0, 0.0]], [[0.0, 1.0]], 1.0)


@pytest.mark.parametrize("rho_bar, c_bar", [(1.0, 1.0), (1.0, 0.3), (0.4, 0.4), (2.0, 1.0), (np.inf, np.inf)])
@pytest.mark.parametrize("seed", range(3))
def test_the_expected_vtrace_shrinks_every_error_and_leaves_the_clipped_policys_values(seed, rho_bar, c_bar):
    mdp, pi, beta = problem(seed, states=4, actions=3)
    M, b = vtrace_operator(mdp, pi, beta, rho_bar, c_bar)
    V = markov.values(mdp, clipped_policy(pi, beta, rho_bar))
    np.testing.assert_allclose(b + M @ V, V, rtol=1e-10)
    assert np.abs(M).sum(axis=1).max() < 1  # a contraction in the largest error
    x = np.zeros(4)
    for _ in range(3000):
        x = b + M @ x
    np.testing.assert_allclose(x, V, rtol=1e-8)


def test_the_expected_vtrace_is_the_mean_of_returns_vtrace_over_all_trajectories():
    """Long trajectories, all of them, through the function that trains: what is cut off is γ^9 small."""
    mdp, pi, beta = problem(2, states=2, actions=2, gamma=0.3)
    V = np.array([1.0, -2.0])
    M, b = vtrace_operator(mdp, pi, beta, 0.9, 0.7)
    for s in (0, 1):
        paths = trajectories(replace(mdp, start=np.eye(2)[s]), beta, 8)
        reward, log_rho = along(mdp, pi, beta, paths)
        no = np.zeros_like(reward, bool)
        v, _ = returns.vtrace(
            reward, V[paths.states[:-1]], V[paths.states[1:]], log_rho, no, no, 0.3, 0.9, 0.7
        )
        assert paths.mean(v[0]) == pytest.approx((b + M @ V)[s], abs=1e-4)


def test_vtrace_with_traces_of_zero_is_one_step_and_unclipped_on_policy_is_the_value_at_once():
    mdp, pi, _ = problem(4)
    M, b = vtrace_operator(mdp, pi, pi, 1.0, 0.0)
    V = np.array([0.3, -1.0, 2.0])
    np.testing.assert_allclose(b + M @ V, markov.bellman_backup(mdp, pi, V))
    M, b = vtrace_operator(mdp, pi, pi, np.inf, np.inf)
    np.testing.assert_allclose(b, markov.values(mdp, pi))
    np.testing.assert_allclose(M, 0, atol=1e-12)
    with pytest.raises(ValueError, match="no data of that"):
        vtrace_operator(mdp, pi, np.tile([1.0, 0.0], (3, 1)))
