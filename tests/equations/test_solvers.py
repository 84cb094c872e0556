"""Conjugate gradient, Fisher-vector products and line search against dense algebra and scripted answers."""

import numpy as np
import pytest
import scipy.sparse.linalg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rlcourse.equations import divergences
from rlcourse.equations.solvers import (
    conjugate_gradient,
    fisher_vector_product,
    flat_gradient,
    line_search,
    step_length,
)


@pytest.fixture(autouse=True)
def same_numbers_every_time():
    torch.manual_seed(0)


def positive_definite(rng, size, problems=()):
    """A = M Mᵀ + ½ I, with a condition number that float64 can bear."""
    M = rng.standard_normal((*problems, size, size)) / np.sqrt(size)
    return M @ np.swapaxes(M, -1, -2) + 0.5 * np.eye(size)


def times(A):
    return lambda v: (A @ v[..., None])[..., 0]


# Conjugate gradient


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), size=st.integers(1, 12))
def test_conjugate_gradient_is_exact_after_as_many_steps_as_unknowns(seed, size):
    """peers.md 4.13: the residual is 1e-10, not 1e-2."""
    rng = np.random.default_rng(seed)
    A, b = positive_definite(rng, size), rng.standard_normal(size)
    x = conjugate_gradient(times(A), b, iterations=size, tolerance=0.0)
    np.testing.assert_allclose(x, np.linalg.solve(A, b), rtol=1e-6, atol=1e-8)


def test_directions_are_conjugate_and_curve_upwards():
    """peers.md 4.13: pᵢᵀ A pⱼ = 0 for i ≠ j, and pᵀ A p > 0."""
    rng = np.random.default_rng(0)
    A, b, seen = positive_definite(rng, 8), rng.standard_normal(8), []

    def matvec(p):
        seen.append(p.copy())
        return A @ p

    conjugate_gradient(matvec, b, iterations=8, tolerance=0.0)
    P = np.stack(seen)
    products = P @ A @ P.T
    assert len(P) == 8 and (np.diag(products) > 0).all()
    scale = np.sqrt(np.diag(products))
    np.testing.assert_allclose(products / np.outer(scale, scale), np.eye(8), atol=1e-7)


@pytest.mark.parametrize("iterations", [1, 2, 5, 10])
def test_a_few_iterations_give_scipys_iterate(iterations):
    rng = np.random.default_rng(1)
    A, b = positive_definite(rng, 40), rng.standard_normal(40)
    ours = conjugate_gradient(times(A), b, iterations=iterations, tolerance=0.0)
    theirs, _ = scipy.sparse.linalg.cg(A, b, maxiter=iterations, rtol=0.0, atol=0.0)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


def test_problems_side_by_side_do_not_mix():
    rng = np.random.default_rng(2)
    A, b = positive_definite(rng, 6, (5,)), rng.standard_normal((5, 6))
    b[1] *= 1e6  # tolerances are relative: scales must not mix either
    b[3] = 0.0
    together = conjugate_gradient(times(A), b, iterations=4)
    alone = np.stack([conjugate_gradient(times(A[i]), b[i], iterations=4) for i in range(5)])
    np.testing.assert_allclose(together, alone, rtol=1e-9, atol=1e-14)


def test_a_solved_problem_stays_put_while_its_neighbours_go_on():
    rng = np.random.default_rng(3)
    A = np.stack([np.eye(6), positive_definite(rng, 6)])  # the first is solved in one step
    b = rng.standard_normal((2, 6))
    x = conjugate_gradient(times(A), b, iterations=50)
    np.testing.assert_allclose(x[0], b[0], rtol=1e-14)
    np.testing.assert_allclose(x[1], np.linalg.solve(A[1], b[1]), rtol=1e-4)


def test_the_tolerance_is_relative_to_the_right_hand_side():
    rng = np.random.default_rng(4)
    A, b = positive_definite(rng, 30), rng.standard_normal(30)
    for scale in (1e-12, 1.0, 1e12):
        x = conjugate_gradient(times(A), scale * b, iterations=100, tolerance=1e-6)
        residual = np.linalg.norm(A @ x - scale * b) / np.linalg.norm(scale * b)
        assert 1e-6 < residual < 1e-3  # stopped once ‖r‖² ≤ 1e-6 ‖b‖², and not long after


def test_a_zero_right_hand_side_gives_zero_and_asks_for_no_product():
    """peers.md 4.13: zero gradient, no step."""

    def never(v):
        raise AssertionError("no product is needed")

    assert (conjugate_gradient(never, np.zeros((2, 4))) == 0).all()


def test_negative_curvature_keeps_the_last_good_point():
    """peers.md 4.13: where pᵀAp ≤ 0 the iteration stops; nothing is divided by it."""
    indefinite = np.diag([3.0, -1.0])
    b = np.array([1.0, 0.5])  # the first direction curves upwards, the second cannot
    first = (b @ b) / (b @ indefinite @ b) * b
    np.testing.assert_allclose(conjugate_gradient(times(indefinite), b, iterations=10), first)
    assert (conjugate_gradient(times(-np.eye(3)), np.ones(3)) == 0).all()
    assert (conjugate_gradient(times(np.zeros((3, 3))), np.ones(3)) == 0).all()


def test_negative_curvature_of_one_problem_leaves_the_others_exact():
    A = np.stack([np.diag([3.0, 1.0]), -np.eye(2)])
    x = conjugate_gradient(times(A), np.ones((2, 2)), iterations=10)
    np.testing.assert_allclose(x, [[1 / 3, 1], [0, 0]], rtol=1e-10)


def test_numpy_and_torch_give_the_same_numbers_and_the_input_is_left_alone():
    rng = np.random.default_rng(5)
    A, b = positive_definite(rng, 7, (3,)), rng.standard_normal((3, 7))
    kept, b_torch = b.copy(), torch.from_numpy(b.copy())
    ours = conjugate_gradient(times(A), b, iterations=5)
    theirs = conjugate_gradient(times(torch.from_numpy(A)), b_torch, iterations=5)
    assert torch.is_tensor(theirs)
    np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-10)
    assert (b == kept).all() and (b_torch.numpy() == kept).all()


# Fisher-vector products


def categorical_policy(rng, seeds=3, inputs=2, actions=3):
    """log π = log softmax(obs W + b), float64, with seeds in front; and some observations."""
    W = torch.from_numpy(rng.standard_normal((seeds, inputs, actions))).requires_grad_()
    b = torch.from_numpy(rng.standard_normal((seeds, 1, actions))).requires_grad_()
    obs = torch.from_numpy(rng.standard_normal((seeds, 20, inputs)))
    return [W, b], obs


def log_policy(parameters, obs):
    W, b = parameters
    return torch.log_softmax(obs @ W + b, dim=-1)


def mean_kl(parameters, obs):
    """Σ over seeds of the mean KL(π_old ‖ π_θ), at θ = θ_old."""
    log_p = log_policy(parameters, obs)
    return divergences.categorical_log_kl(log_p.detach(), log_p).mean(-1).sum()


def dense_fisher(parameters, obs, seed):
    """F = E_s Σ_a π(a|s) ∇log π(a|s) ∇log π(a|s)ᵀ, one score at a time."""
    row = [p[seed : seed + 1].detach().clone().requires_grad_() for p in parameters]
    log_p, fisher = log_policy(row, obs[seed : seed + 1])[0], 0.0
    for state in log_p:
        for value in state:
            score = torch.cat([g.flatten() for g in torch.autograd.grad(value, row, retain_graph=True)])
            fisher = fisher + value.exp().detach() * torch.outer(score, score) / len(log_p)
    return fisher


def columns(product, seeds, size):
    """The dense matrices [S, P, P] of a product, column by column."""
    return torch.stack([product(e.expand(seeds, size)) for e in torch.eye(size).double()], dim=-1)


def test_the_product_is_the_fisher_matrix_of_the_scores_seed_by_seed():
    """peers.md 4.13: against the explicit Fisher matrix, 9 parameters, float64."""
    parameters, obs = categorical_policy(np.random.default_rng(0))
    dense = columns(fisher_vector_product(mean_kl(parameters, obs), parameters), 3, 9)
    for seed in range(3):
        torch.testing.assert_close(dense[seed], dense_fisher(parameters, obs, seed), rtol=1e-9, atol=1e-12)


def test_the_kl_is_zero_at_the_old_policy_but_its_hessian_is_the_product():
    """peers.md 4.12: value and gradient 0, curvature not. The Hessian by central differences of the KL."""
    parameters, obs = categorical_policy(np.random.default_rng(1), seeds=1)
    kl = mean_kl(parameters, obs)
    assert abs(kl.item()) < 1e-14
    assert flat_gradient(kl, parameters, create_graph=True).abs().max() < 1e-14
    old, theta = log_policy(parameters, obs).detach(), torch.cat([p.detach().flatten() for p in parameters])

    def kl_at(theta):
        return divergences.categorical_log_kl(
            old, log_policy([theta[:6].view(1, 2, 3), theta[6:].view(1, 1, 3)], obs)
        ).mean()

    hessian, h, eye = torch.zeros(9, 9).double(), 1e-4, torch.eye(9).double()
    for i in range(9):
        for j in range(9):
            corners = [a * b * kl_at(theta + h * (a * eye[i] + b * eye[j])) for a in (1, -1) for b in (1, -1)]
            hessian[i, j] = sum(corners) / (4 * h**2)
    dense = columns(fisher_vector_product(kl, parameters), 1, 9)[0]
    assert dense.abs().max() > 0.01
    torch.testing.assert_close(dense, hessian, rtol=1e-4, atol=1e-6)


def test_the_fisher_matrix_of_a_gaussian_is_known_in_closed_form():
    """F = diag(1/σ²) for the mean and 2 for each log σ."""
    mean = torch.zeros(2, 1, 3).double().requires_grad_()
    log_std = torch.tensor([[[0.0, -1.0, 0.5]], [[0.3, 0.2, 0.1]]]).double().requires_grad_()
    kl = divergences.gaussian_kl(mean.detach(), log_std.detach(), mean, log_std).sum()
    dense = columns(fisher_vector_product(kl, [mean, log_std]), 2, 6)
    for seed in range(2):
        expected = torch.cat([(-2 * log_std[seed, 0]).exp(), torch.full((3,), 2.0).double()]).detach()
        torch.testing.assert_close(dense[seed], torch.diag(expected))


def test_damping_adds_its_multiple_of_the_identity_and_makes_the_product_invertible():
    """Softmax logits have a direction that changes nothing: without damping pᵀFp = 0 along it."""
    parameters, obs = categorical_policy(np.random.default_rng(2))
    bare = columns(fisher_vector_product(mean_kl(parameters, obs), parameters), 3, 9)
    damped = columns(fisher_vector_product(mean_kl(parameters, obs), parameters, damping=0.1), 3, 9)
    torch.testing.assert_close(damped, bare + 0.1 * torch.eye(9).double(), rtol=1e-10, atol=1e-12)
    assert torch.linalg.eigvalsh(bare).min() < 1e-10 and torch.linalg.eigvalsh(damped).min() > 0.0999


def test_conjugate_gradient_on_the_damped_product_is_the_natural_gradient_of_every_seed():
    parameters, obs = categorical_policy(np.random.default_rng(3))
    product = fisher_vector_product(mean_kl(parameters, obs), parameters, damping=0.1)
    g = torch.from_numpy(np.random.default_rng(4).standard_normal((3, 9)))
    x = conjugate_gradient(product, g, iterations=20, tolerance=1e-24)
    for seed in range(3):
        F = dense_fisher(parameters, obs, seed) + 0.1 * torch.eye(9).double()
        torch.testing.assert_close(x[seed], torch.linalg.solve(F, g[seed]), rtol=1e-8, atol=1e-10)


def test_the_flat_gradient_has_one_row_per_seed_in_the_order_of_the_parameters():
    a = torch.randn(2, 3, 4, requires_grad=True)
    b = torch.randn(2, 1, 5, requires_grad=True)
    gradient = flat_gradient((a**2).sum() / 2 + (3 * b).sum(), [a, b])
    torch.testing.assert_close(gradient, torch.cat([a.flatten(1), torch.full((2, 5), 3.0)], dim=1).detach())


# Step length


def test_the_length_spends_the_whole_divergence_of_the_quadratic_model_in_each_problem():
    rng = np.random.default_rng(0)
    F, s = positive_definite(rng, 4, (3,)), rng.standard_normal((3, 4))
    alpha = step_length(s, times(F)(s), 0.02)
    assert alpha.shape == (3, 1)
    energy = 0.5 * np.einsum("bi,bij,bj->b", alpha * s, F, alpha * s)
    np.testing.assert_allclose(energy, 0.02, rtol=1e-12)
    same = step_length(torch.from_numpy(s), torch.from_numpy(times(F)(s)), 0.02)
    np.testing.assert_allclose(same.numpy(), alpha, rtol=1e-12)


def test_no_direction_and_a_direction_that_rounding_bends_down_have_a_finite_length():
    for Fs in (np.zeros(3), -1e-25 * np.ones(3)):
        alpha = step_length(1e-3 * np.ones(3), Fs, 0.01)
        assert np.isfinite(alpha).all() and (alpha > 0).all()


# Line search


def scripted(gains, kls):
    """An `evaluate` that answers from a table, row by row [tries][S], whatever it is asked; and its calls."""
    asked = []

    def evaluate(theta):
        asked.append(theta.clone())
        j = len(asked) - 1
        return torch.tensor(gains[j]), torch.tensor(kls[j])

    return evaluate, asked


def test_the_full_step_is_taken_where_it_gains_within_the_limit_and_is_the_only_one_tried():
    start, step = torch.randn(2, 3), torch.randn(2, 3)
    evaluate, asked = scripted([[1.0, 0.5]], [[0.01, 0.0]])
    theta, fraction = line_search(evaluate, start, step, max_kl=0.01)
    assert torch.equal(theta, start + step) and fraction.tolist() == [1.0, 1.0] and len(asked) == 1


def test_a_gain_does_not_excuse_a_kl_above_the_limit():
    """peers.md 4.14: a step that improves but leaves the trust region is shortened until it is inside."""
    start, step = torch.zeros(1, 2).double(), torch.tensor([[3.0, 4.0]]).double()

    def evaluate(theta):  # every step gains; KL = ½‖θ‖², so ½ · 25 · 0.64ʲ ≤ 1 first at j = 6
        return theta.sum(-1), 0.5 * (theta**2).sum(-1)

    theta, fraction = line_search(evaluate, start, step, max_kl=1.0, shrink=0.8)
    assert fraction.item() == pytest.approx(0.8**6)
    torch.testing.assert_close(theta, 0.8**6 * step)


def test_a_kl_within_the_limit_does_not_excuse_a_loss():
    """peers.md 4.14: the quadratic model lies; gain = θ − θ² is positive only below 1."""
    theta, fraction = line_search(
        lambda theta: ((theta - theta**2).sum(-1), torch.zeros(1)), torch.zeros(1, 1),
        torch.full((1, 1), 3.0), max_kl=1.0, shrink=0.5,
    )  # fmt: skip
    assert fraction.item() == 0.25 and theta.item() == 0.75


@pytest.mark.parametrize(
    ("gain", "kl"),
    [(-1.0, 0.0), (0.0, 0.0), (1.0, 2.0), (float("nan"), 0.0), (float("inf"), 0.0), (1.0, float("nan")),
     (1.0, float("inf"))],
)  # fmt: skip
def test_where_no_step_is_accepted_the_start_comes_back_bit_for_bit(gain, kl):
    """peers.md 4.14: θ_old restored exactly; a loss, no change, NaN and infinity are all refused."""
    start = torch.tensor([[0.1, 1e-30, -0.0, 3e30]])
    evaluate, asked = scripted([[gain]] * 7, [[kl]] * 7)
    theta, fraction = line_search(evaluate, start, torch.ones(1, 4), max_kl=1.0, backtracks=7)
    assert theta.numpy().tobytes() == start.numpy().tobytes()
    assert fraction.item() == 0 and len(asked) == 7


def test_the_start_itself_is_never_written_to():
    start = torch.zeros(2, 2)
    theta, _ = line_search(lambda t: (torch.ones(2), torch.zeros(2)), start, torch.ones(2, 2), max_kl=1.0)
    theta += 5.0
    assert (start == 0).all()


def test_each_seed_finds_its_own_fraction_and_keeps_it():
    """Seed 0 accepts at once, seed 1 at the third try, seed 2 never: later answers change nothing."""
    start = torch.arange(6.0).reshape(3, 2)
    step = torch.ones(3, 2)
    nan = float("nan")
    evaluate, asked = scripted(
        gains=[[1.0, 1.0, 1.0], [-9.0, nan, 1.0], [nan, 2.0, -1.0], [1.0, -1.0, nan]],
        kls=[[0.5, 3.0, 3.0], [9.0, 0.0, 2.0], [nan, 0.5, 0.0], [0.0, 9.0, 0.0]],
    )
    theta, fraction = line_search(evaluate, start, step, max_kl=1.0, backtracks=4, shrink=0.5)
    assert fraction.tolist() == [1.0, 0.25, 0.0]
    assert torch.equal(theta, start + fraction[:, None] * step)
    assert all(torch.equal(candidate[0], theta[0]) for candidate in asked)
    assert torch.equal(asked[3][1], theta[1])  # a seed that is done is evaluated where it stands
