"""Features, fixed points and Baird's counterexample against expected updates, projections and the book."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rlcourse.equations import linear, markov
from rlcourse.equations.linear import (
    cured_by_target_network,
    spectral_radius,
    target_network_matrix,
    td_system,
    w_to_2w,
)  # fmt: skip

# ----------------------------------------------------------------------------------------- coarse coding


def test_a_feature_is_one_within_half_a_width_of_its_centre_edges_included():
    x, centres = np.array([0.0, 0.5, 1.0, 1.25, -0.5, -0.75]), np.array([0.0, 1.0])
    expected = [[1, 0], [1, 1], [0, 1], [0, 1], [1, 0], [0, 0]]
    code = linear.coarse_code(x, centres, width=1.0)
    assert code.dtype == float and code.tolist() == expected


@given(st.integers(0, 10**6), st.floats(0.1, 3.0))
def test_coarse_codes_are_counted_one_by_one(seed, width):
    rng = np.random.default_rng(seed)
    x, centres = rng.uniform(-2, 2, size=9), rng.uniform(-2, 2, size=4)
    code = linear.coarse_code(x, centres, width)
    for n in range(9):
        for k in range(4):
            assert code[n, k] == (centres[k] - width / 2 <= x[n] <= centres[k] + width / 2)


def test_bad_intervals_are_refused_in_one_line():
    for arguments, message in (
        (([0.0], [0.0], 0.0), "width is 0.0"),
        (([0.0], [0.0], np.nan), "width is nan"),
        (([[0.0]], [0.0], 1.0), r"x has shape \(1, 1\)"),
        (([0.0], 0.0, 1.0), r"centres \(\)"),
    ):
        with pytest.raises(ValueError, match=message) as error:
            linear.coarse_code(*arguments)
        assert "\n" not in str(error.value)


# ------------------------------------------------------------------------------------- TD's fixed point


def random_problem(seed, states=6, dimensions=3, gamma=0.9):
    mdp = markov.MDP.random(states, 2, seed, gamma)
    rng = np.random.default_rng(seed + 1)
    return mdp, markov.random_policy(mdp, rng), rng.normal(size=(states, dimensions))


def expected_update(mdp, policy, features, weighting, w):
    """Σ_s μ(s) Σ_a π(a|s) Σ_s' P(s'|s, a) (r + γ w·φ(s') − w·φ(s)) φ(s), term by term."""
    total = np.zeros_like(w)
    for s in range(mdp.states):
        for a in range(mdp.actions):
            for t in range(mdp.states):
                p = weighting[s] * policy[s, a] * mdp.transition[s, a, t]
                delta = mdp.reward[s, a] + mdp.gamma * features[t] @ w - features[s] @ w
                total += p * delta * features[s]
    return total


@given(st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_the_system_is_the_expected_update_and_the_fixed_point_is_where_it_is_zero(seed):
    mdp, policy, features = random_problem(seed)
    rng = np.random.default_rng(seed)
    weighting = rng.dirichlet(np.ones(6))
    A, b = linear.td_system(mdp, policy, features, weighting)
    for w in rng.normal(size=(2, 3)):
        np.testing.assert_allclose(
            b - A @ w, expected_update(mdp, policy, features, weighting, w), atol=1e-12
        )
    w = linear.td_fixed_point(mdp, policy, features, weighting)
    size = max(1.0, np.abs(w).max())
    assert np.abs(expected_update(mdp, policy, features, weighting, w)).max() < 1e-11 * size
    np.testing.assert_allclose(linear.td_fixed_point(mdp, policy, features, 7 * weighting), w, rtol=1e-9)


@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.5, 0.9, 0.99]))
@settings(max_examples=30, deadline=None)
def test_on_policy_the_update_settles_at_the_fixed_point_near_the_best_that_features_can_do(seed, gamma):
    """Tsitsiklis and Van Roy 1997: ‖Φw − V‖_d ≤ ‖ΠV − V‖_d / √(1 − γ²); Φw = ΠT Φw."""
    mdp, policy, features = random_problem(seed, gamma=gamma)
    d = markov.stationary_distribution(mdp, policy)
    A, b = linear.td_system(mdp, policy, features, d)
    w, fixed = np.zeros(3), linear.td_fixed_point(mdp, policy, features, d)
    alpha = np.linalg.eigvalsh((A + A.T) / 2).min() / np.linalg.norm(A, 2) ** 2  # a step that contracts
    one, shift = np.eye(3) - alpha * A, alpha * b
    for _ in range(60):  # the update after itself, again and again: 2⁶⁰ updates
        one, shift = one @ one, one @ shift + shift
    np.testing.assert_allclose(one @ w + shift, fixed, rtol=1e-6, atol=1e-8)

    def project(V):
        root = np.sqrt(d)
        return features @ np.linalg.lstsq(root[:, None] * features, root * V, rcond=None)[0]

    def error(U):
        return np.sqrt(d @ (U - V) ** 2)

    V = markov.values(mdp, policy)
    np.testing.assert_allclose(
        project(markov.bellman_backup(mdp, policy, features @ fixed)), features @ fixed, atol=1e-9
    )
    assert error(features @ fixed) <= error(project(V)) / np.sqrt(1 - gamma**2) + 1e-9
    assert error(features @ fixed) >= error(project(V)) - 1e-9


def test_a_table_of_features_finds_the_values_whatever_the_weighting():
    mdp, policy, _ = random_problem(3)
    for weighting in (np.full(6, 1 / 6), np.array([5.0, 1, 1, 1, 1, 1e-6])):
        w = linear.td_fixed_point(mdp, policy, np.eye(6), weighting)
        np.testing.assert_allclose(w, markov.values(mdp, policy), rtol=1e-9)


def test_the_units_of_the_features_do_not_matter():
    mdp, policy, features = random_problem(4)
    weighting, units = np.full(6, 1 / 6), np.array([1e-9, 1.0, 1e9])
    w = linear.td_fixed_point(mdp, policy, features, weighting)
    np.testing.assert_allclose(linear.td_fixed_point(mdp, policy, features * units, weighting) * units, w)


def test_three_states_that_diverge_have_the_spectral_radius_that_was_worked_out_for_them():
    """1→3, 2→3, 3→2, features (1, −2), (1, −2), (3, −3), weighting (7, 7, 1)/15, γ = .9, α = ½/λ_max(C)."""
    mdp = markov.MDP(np.eye(3)[[2, 2, 1]][:, None, :], np.zeros((3, 1)), np.full(3, 1 / 3), 0.9)
    features, weighting = np.array([[1.0, -2], [1, -2], [3, -3]]), np.array([7, 7, 1]) / 15
    A, _ = linear.td_system(mdp, np.ones((3, 1)), features, weighting)
    alpha = 0.5 / np.linalg.eigvalsh(features.T @ np.diag(weighting) @ features).max()
    assert np.abs(np.linalg.eigvals(np.eye(2) - alpha * A)).max() == pytest.approx(1.189, abs=5e-4)
    np.testing.assert_allclose(
        linear.td_fixed_point(mdp, np.ones((3, 1)), features, weighting), 0, atol=1e-12
    )


def test_a_system_without_one_solution_and_shapes_that_do_not_fit_are_refused_in_one_line():
    mdp, policy, features = random_problem(0)
    flat = np.full(6, 1 / 6)
    for arguments, message in (
        ((policy, features[:5], flat), r"features has shape \(5, 3\); .* S = 6"),
        ((policy, features[:, 0], flat), r"features has shape \(6,\)"),
        ((policy, features, flat[:5]), r"weighting has shape \(5,\)"),
        ((policy, features, -flat), "weighting must be ≥ 0"),
        ((policy, features, 0 * flat), "weighting must be ≥ 0"),
        ((policy, np.hstack([features, features[:, :1]]), flat), "rank 3 of 4"),
        ((policy, features * [1, 1, 0], flat), "rank 2 of 3"),
        ((2 * policy, features, flat), r"policy\[0\] sums to 2"),
        ((np.array([policy]), features, flat), "one policy"),
    ):
        with pytest.raises(ValueError, match=message) as error:
            linear.td_fixed_point(mdp, *arguments)
        assert "\n" not in str(error.value)


# ---------------------------------------------------------------------------------------------- Baird


def test_bairds_process_is_the_books():
    """Sutton and Barto 2018, figure 11.1, states and weights counted from 0."""
    mdp, features, behaviour, target, w = linear.baird(0.99)
    assert (mdp.states, mdp.actions, mdp.gamma) == (7, 2, 0.99) and not mdp.reward.any()
    values = features @ np.array([1.0, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7])
    np.testing.assert_allclose(values, [*(2 * 10.0**i + 1e7 for i in range(6)), 1e6 + 2e7])
    for s in range(7):
        np.testing.assert_allclose(mdp.transition[s, 0], [1 / 6] * 6 + [0])
        assert mdp.transition[s, 1].tolist() == [0] * 6 + [1]
    np.testing.assert_allclose(behaviour, [[6 / 7, 1 / 7]] * 7)
    assert target.tolist() == [[0, 1]] * 7 and w.tolist() == [1, 1, 1, 1, 1, 1, 10, 1]
    np.testing.assert_allclose(markov.stationary_distribution(mdp, behaviour), np.full(7, 1 / 7))
    assert not markov.values(mdp, target).any()
    assert linear.baird().mdp.gamma == 0.99


def test_off_policy_bairds_weights_explode_and_on_policy_they_do_not():
    mdp, features, behaviour, target, w = linear.baird()
    alpha, size = 0.01, {}
    for name, policy, d in (
        ("off", target, markov.stationary_distribution(mdp, behaviour)),
        ("on", target, markov.stationary_distribution(mdp, target)),
        ("behaviour's own", behaviour, markov.stationary_distribution(mdp, behaviour)),
    ):
        A, b = linear.td_system(mdp, policy, features, d)
        path = [w]
        for _ in range(2000):
            path.append(path[-1] + alpha * (b - A @ path[-1]))
        size[name] = [np.abs(features @ v).max() for v in path]
    assert size["off"][-1] > 10 * size["off"][0] and size["off"][-1] > size["off"][1000]
    assert size["on"][-1] <= size["on"][0] and size["behaviour's own"][-1] < size["behaviour's own"][0]
    with pytest.raises(ValueError, match="rank 7 of 8"):
        linear.td_fixed_point(mdp, behaviour, features, np.full(7, 1 / 7))


# Slow copies of the weights


def iterate(problem, step, tau, updates, w):
    """The update as an algorithm does it, from weights w; ‖w‖ at the end relative to the start."""
    mdp, policy, features, weighting = problem
    P = np.einsum("sa,sat->st", policy, mdp.transition)
    start, copy = np.linalg.norm(w), w.copy()
    for _ in range(updates):
        error = mdp.gamma * P @ features @ copy - features @ w  # no rewards
        w = w + step * features.T @ (weighting * error)
        copy = (1 - tau) * copy + tau * w
    return np.linalg.norm(w) / start


@pytest.mark.parametrize("problem, step", [(cured_by_target_network(), 0.05), (w_to_2w(), 0.5)])
@pytest.mark.parametrize("tau", [1.0, 0.3, 0.1])
def test_iterated_updates_grow_by_the_spectral_radius(problem, step, tau):
    radius = spectral_radius(target_network_matrix(*problem, step, tau))
    w = np.random.default_rng(0).standard_normal(problem.features.shape[1])
    some, more = (iterate(problem, step, tau, n, w) for n in (300, 700))
    assert (more / some) ** (1 / 400) == pytest.approx(radius, rel=5e-3)


def test_without_a_copy_the_radius_is_that_of_td():
    problem = cured_by_target_network()
    A, _ = td_system(*problem)
    online = spectral_radius(np.eye(2) - 0.05 * A)
    assert spectral_radius(target_network_matrix(*problem, 0.05, 1.0)) == pytest.approx(online, rel=1e-12)


def test_a_slow_copy_cures_one_divergence_and_no_speed_of_copying_cures_the_other():
    cured, never = cured_by_target_network(), w_to_2w()
    largest = np.linalg.eigvalsh((cured.features.T * cured.weighting) @ cured.features).max()
    matrices = {tau: target_network_matrix(*cured, 0.5 / largest, tau) for tau in (1, 0.1, 0.03)}
    radii = {tau: spectral_radius(M) for tau, M in matrices.items()}
    assert radii[1] == pytest.approx(1.189, abs=5e-4) and radii[0.1] == pytest.approx(1.012, abs=5e-4)
    assert radii[0.03] == pytest.approx(0.998, abs=5e-4)
    for tau in np.logspace(-4, 0, 30):
        assert spectral_radius(target_network_matrix(*never, 0.5, tau)) > 1


@pytest.mark.parametrize("kind", [np.asarray, torch.from_numpy])
def test_quadratic_features_hold_every_quadratic_function(kind):
    """xᵀMx + bᵀx is linear in them: the coefficients of a least-squares fit give it back elsewhere."""
    rng = np.random.default_rng(0)
    x, M, b = rng.normal(size=(60, 3)), rng.normal(size=(3, 3)), rng.normal(size=3)
    features = np.asarray(linear.quadratic(kind(x)))
    assert features.shape == (60, 3 + 6)
    y = np.einsum("ni,ij,nj->n", x, M, x) + x @ b
    w = np.linalg.lstsq(features[:30], y[:30], rcond=None)[0]
    np.testing.assert_allclose(features[30:] @ w, y[30:], atol=1e-10)
    assert linear.quadratic(x.reshape(2, 30, 3)).shape == (2, 30, 9)
