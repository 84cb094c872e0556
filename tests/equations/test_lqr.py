"""The regulator against rollouts, finite differences and SciPy's Riccati solver."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import solve_discrete_are

from rlcourse.equations.lqr import LQR

EYE = np.eye(2)


def double_integrator(gamma=0.95, start=EYE):
    return LQR([[1.0, 0.1], [0, 1]], [[0.0], [0.1]], EYE, [[0.1]], gamma, start)


def random_problem(seed, gamma=0.9, n=3, m=2):
    rng = np.random.default_rng(seed)
    Q, R, start = (x @ x.T + 0.1 * np.eye(len(x)) for x in (rng.normal(size=(k, k)) for k in (n, m, n)))
    return LQR(rng.normal(size=(n, n)), rng.normal(size=(n, m)), Q, R, gamma, start)


def riccati(problem):
    """K* by SciPy: a discount is a process with √γ A and √γ B."""
    root = np.sqrt(problem.gamma)
    A, B = root * problem.A, root * problem.B
    P = solve_discrete_are(A, B, problem.Q, problem.R)
    return np.linalg.solve(problem.R + B.T @ P @ B, B.T @ P @ A), P


def near(problem, seed, size=0.1):
    """A stable gain that is not the best one."""
    best, rng = problem.optimal_gain(), np.random.default_rng(seed)
    while True:
        K = best + size * rng.normal(size=best.shape)
        if problem.is_stable(K):
            return K
        size /= 2


def rolled_out(problem, K, x, steps=4000):
    """Σ_t γ^t (xᵀQx + uᵀRu) from x, step by step."""
    cost, discount = 0.0, 1.0
    for _ in range(steps):
        u = -K @ x
        cost += discount * (x @ problem.Q @ x + u @ problem.R @ u)
        x, discount = problem.A @ x + problem.B @ u, discount * problem.gamma
    return cost


@pytest.mark.parametrize("gamma", [0.0, 0.6, 0.95, 1.0])
def test_the_value_matrix_and_the_cost_are_what_rollouts_cost(gamma):
    problem = double_integrator(gamma, start=[[2.0, 0.5], [0.5, 1.0]])
    K = np.array([[1.0, 2.0]])
    P = problem.value_matrix(K)
    assert np.array_equal(P, P.T)
    for x in np.random.default_rng(0).normal(size=(4, 2)):
        assert x @ P @ x == pytest.approx(rolled_out(problem, K, x), rel=1e-9)
    values, vectors = np.linalg.eigh(problem.start)  # start = Σ λ vvᵀ: so much of each rollout
    mean = sum(value * rolled_out(problem, K, v) for value, v in zip(values, vectors.T, strict=True))
    assert problem.cost(K) == pytest.approx(mean, rel=1e-9)


def test_the_cost_is_the_mean_over_random_starts():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(60, 2)) @ np.array([[1.0, 0.3], [0, 0.5]])
    problem, K = double_integrator(start=x.T @ x / 60), np.array([[1.0, 2.0]])
    mean = np.mean([rolled_out(problem, K, row, steps=600) for row in x])
    assert problem.cost(K) == pytest.approx(mean, rel=1e-9)


def test_the_state_matrix_is_the_discounted_sum_of_the_states_products():
    problem = random_problem(2)
    K = near(problem, 3)
    total, moment = 0.0, problem.start
    for t in range(3000):
        total = total + problem.gamma**t * moment
        moment = (problem.A - problem.B @ K) @ moment @ (problem.A - problem.B @ K).T
    np.testing.assert_allclose(problem.state_matrix(K), total, rtol=1e-9)
    running = problem.Q + K.T @ problem.R @ K  # the cost is also what is paid where the state is
    assert problem.cost(K) == pytest.approx(np.sum(running * total))


@given(st.integers(0, 10**6), st.sampled_from([0.5, 0.9, 1.0]))
@settings(max_examples=30, deadline=None)
def test_the_gradient_is_the_finite_difference_of_the_cost(seed, gamma):
    problem = random_problem(seed, gamma)
    K, h = near(problem, seed + 1), 1e-6
    gradient = problem.gradient(K)
    assert gradient.shape == K.shape
    for index in np.ndindex(K.shape):
        shift = np.zeros(K.shape)
        shift[index] = h
        slope = (problem.cost(K + shift) - problem.cost(K - shift)) / (2 * h)
        assert gradient[index] == pytest.approx(slope, rel=1e-4, abs=1e-5 * np.abs(gradient).max())


@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.5, 0.9, 1.0]))
@settings(max_examples=40, deadline=None)
def test_the_optimal_gain_is_riccatis_has_no_gradient_and_no_neighbour_beats_it(seed, gamma):
    problem = random_problem(seed, gamma)
    K = problem.optimal_gain()
    if gamma > 0:
        expected, P = riccati(problem)
        np.testing.assert_allclose(K, expected, rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(problem.value_matrix(K), P, rtol=1e-7, atol=1e-9)
    else:
        assert not K.any()
    at_best = problem.cost(K)
    assert np.abs(problem.gradient(K)).max() <= 1e-8 * max(1.0, at_best)
    for other in range(3):
        assert problem.cost(near(problem, seed + other)) >= at_best * (1 - 1e-12)


def test_the_double_integrator_without_discount_too():
    problem = double_integrator(gamma=1.0)
    np.testing.assert_allclose(problem.optimal_gain(), riccati(problem)[0], rtol=1e-10)


def test_one_dimension_in_closed_form():
    """x' = a x + b u: P = (q + rk²)/(1 − γ(a − bk)²)."""
    a, b, q, r, gamma, k = 1.1, 0.7, 2.0, 0.5, 0.9, 0.6
    problem = LQR([[a]], [[b]], [[q]], [[r]], gamma, [[3.0]])
    P = (q + r * k**2) / (1 - gamma * (a - b * k) ** 2)
    assert problem.value_matrix([[k]]).item() == pytest.approx(P)
    assert problem.cost([[k]]) == pytest.approx(3 * P)
    slope = (2 * r * k * (1 - gamma * (a - b * k) ** 2) - (q + r * k**2) * 2 * gamma * b * (a - b * k)) / (
        1 - gamma * (a - b * k) ** 2
    ) ** 2
    assert problem.gradient([[k]]).item() == pytest.approx(3 * slope)


def noisy(problem, seed=0):
    spread = np.random.default_rng(seed).normal(size=problem.A.shape)
    return replace(problem, noise=0.1 * spread @ spread.T)


def test_noise_adds_its_own_cost_at_every_step_and_the_sum_is_what_moments_give():
    problem = noisy(random_problem(2))
    K = near(problem, 3)
    M, running, cost, moment = problem.A - problem.B @ K, problem.Q + K.T @ problem.R @ K, 0.0, problem.start
    for t in range(3000):  # E[x xᵀ], step by step
        cost += problem.gamma**t * np.sum(running * moment)
        moment = M @ moment @ M.T + problem.noise
    assert problem.cost(K) == pytest.approx(cost, rel=1e-9)
    assert problem.cost(K) == pytest.approx(np.sum(running * problem.state_matrix(K)))
    without = replace(problem, noise=None)
    extra = 9 * np.sum(problem.value_matrix(K) * problem.noise)  # γ/(1 − γ) = 9
    assert problem.cost(K) - without.cost(K) == pytest.approx(extra)


def test_noise_moves_the_gradient_and_not_the_optimum():
    problem = noisy(random_problem(4))
    K, h = near(problem, 5), 1e-6
    shifts = h * np.eye(K.size).reshape(K.size, *K.shape)
    slopes = [(problem.cost(K + s) - problem.cost(K - s)) / (2 * h) for s in shifts]
    np.testing.assert_allclose(problem.gradient(K).ravel(), slopes, rtol=1e-5)
    without = replace(problem, noise=None)
    assert not np.allclose(problem.gradient(K), without.gradient(K), rtol=1e-2)
    np.testing.assert_allclose(problem.optimal_gain(), without.optimal_gain())


def test_noise_without_a_discount_is_refused():
    with pytest.raises(ValueError, match="gamma must be below 1"):
        noisy(double_integrator(gamma=1.0))


def test_the_cost_of_an_action_is_what_a_rollout_costs_that_begins_with_it():
    problem = random_problem(6)
    K, rng = near(problem, 7), np.random.default_rng(8)
    H = problem.action_value_matrix(K)
    assert np.allclose(H, H.T)
    for _ in range(4):
        x, u = rng.normal(size=3), rng.normal(size=2)
        after = problem.gamma * rolled_out(problem, K, problem.A @ x + problem.B @ u, steps=600)
        z = np.concatenate([x, u])
        assert z @ H @ z == pytest.approx(x @ problem.Q @ x + u @ problem.R @ u + after, rel=1e-8)


def test_a_batch_of_gains_is_solved_as_one_by_one():
    problem = random_problem(5)
    batch = np.array([[near(problem, 3 * i + j) for j in range(3)] for i in range(2)])
    for method in (
        problem.value_matrix,
        problem.action_value_matrix,
        problem.cost,
        problem.state_matrix,
        problem.gradient,
        problem.is_stable,
    ):
        single = np.array([[method(K) for K in row] for row in batch])
        np.testing.assert_allclose(method(batch), single, rtol=1e-9, err_msg=method.__name__)


def test_a_gain_is_stable_where_the_discounted_state_dies_out():
    """x' = (1.2 − k) x: at γ = 0.81 the limit is |1.2 − k| < 1/0.9."""
    problem = LQR([[1.2]], [[1.0]], [[1.0]], [[1.0]], 0.81, [[1.0]])
    gains = np.array([0.08, 0.09, 2.31, 2.32])[:, None, None]
    assert problem.is_stable(gains).tolist() == [False, True, True, False]
    for method in (problem.value_matrix, problem.cost, problem.state_matrix, problem.gradient):
        with pytest.raises(ValueError, match=r"K is unstable: √γ ρ\(A − BK\) = 1.008") as error:
            method([[0.08]])
        assert "\n" not in str(error.value)


def test_a_start_of_zero_costs_nothing_and_the_problem_cannot_be_changed():
    problem = double_integrator(start=np.zeros((2, 2)))
    assert problem.cost(np.array([[1.0, 2.0]])) == 0
    with pytest.raises(ValueError, match="read-only"):
        problem.A[0, 0] = 7.0


GOOD = {"A": EYE, "B": [[0.0], [1.0]], "Q": EYE, "R": [[1.0]], "gamma": 0.9, "start": EYE}


@pytest.mark.parametrize(
    "part, value, message",
    [
        ("A", np.ones((2, 3)), r"A has shape \(2, 3\); A and B ask for \(2, 2\)"),
        ("A", 1.0, r"A has shape \(\); it must be a matrix"),
        ("A", [[np.nan, 0], [0, 1]], "A has shape .* finite numbers"),
        ("A", [[1.0], [2.0, 3.0]], "A is not a matrix of numbers"),
        ("B", np.ones((3, 1)), r"B has shape \(3, 1\); A and B ask for \(2, 1\)"),
        ("Q", [[1.0, 0.0], [1.0, 1.0]], "Q must be symmetric and positive semidefinite"),
        ("Q", -EYE, "Q must be symmetric and positive semidefinite"),
        ("R", [[0.0]], "R must be symmetric and positive definite"),
        ("R", EYE, r"R has shape \(2, 2\); A and B ask for \(1, 1\)"),
        ("noise", -EYE, "noise must be symmetric and positive semidefinite"),
        ("noise", [[1.0]], r"noise has shape \(1, 1\); A and B ask for \(2, 2\)"),
        ("start", -EYE, "start must be symmetric and positive semidefinite"),
        ("gamma", 1.01, r"gamma is 1.01; it must lie in \[0, 1\]"),
        ("gamma", np.nan, "gamma is nan"),
    ],
)
def test_a_bad_problem_is_refused_in_one_line(part, value, message):
    with pytest.raises(ValueError, match=message) as error:
        LQR(**{**GOOD, part: value})
    assert "\n" not in str(error.value)


def test_bad_gains_and_problems_that_no_gain_solves_are_refused_in_one_line():
    problem = LQR(**GOOD)
    for call, message in (
        (
            lambda: problem.cost(np.zeros((2, 1))),
            r"K has shape \(2, 1\); u = −Kx asks for \[m, n\] = \(1, 2\)",
        ),
        (lambda: problem.cost([[np.nan, 0.0]]), "K must be finite"),
        (LQR(2 * EYE, [[0.0], [1.0]], EYE, [[1.0]], 0.9, EYE).optimal_gain, "cannot be stabilised"),
        (LQR(2 * EYE, [[0.0], [1.0]], 0 * EYE, [[1.0]], 0.9, EYE).optimal_gain, "Q must see every mode"),
    ):
        with pytest.raises(ValueError, match=message) as error:
            call()
        assert "\n" not in str(error.value)
