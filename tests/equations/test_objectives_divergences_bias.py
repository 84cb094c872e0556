"""Objectives by their gradients, divergences by SciPy, biases by quadrature."""

import numpy as np
import pytest
import scipy.integrate
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rlcourse.equations import bias, divergences, objectives


def gradient(ratio, advantage, clip=0.2):
    """∂ L^CLIP / ∂ log π at a given ratio and advantage."""
    log_prob = torch.tensor([np.log(ratio)], dtype=torch.float64, requires_grad=True)
    zero = torch.zeros(1, dtype=torch.float64)
    objectives.clipped_surrogate(
        log_prob, zero, torch.tensor([advantage], dtype=torch.float64), clip
    ).backward()
    return log_prob.grad.item()


@pytest.mark.parametrize(
    ("ratio", "advantage", "zero"),
    [(1.0, 2.0, 0), (1.0, -2.0, 0), (0.5, 2.0, 0), (0.5, -2.0, 1), (1.5, 2.0, 1), (1.5, -2.0, 0)],
)
def test_the_clipped_gradient_vanishes_in_exactly_two_of_the_six_cases_and_elsewhere_is_signed(
    ratio, advantage, zero
):
    assert gradient(ratio, advantage) == pytest.approx(0.0 if zero else ratio * advantage)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.01, 0.9))
def test_the_clipped_surrogate_is_never_above_the_surrogate(seed, clip):
    log_prob, old, advantage = torch.randn(3, 50, generator=torch.Generator().manual_seed(seed))
    clipped = objectives.clipped_surrogate(log_prob, old, advantage, clip)
    assert clipped <= objectives.surrogate(log_prob, old, advantage) + 1e-6


def test_at_ratio_one_every_objective_has_the_gradient_of_the_score_function():
    """Users of three repositories asked: old and new log-probabilities are identical, is this a bug? No."""
    logits = torch.randn(6, 4, dtype=torch.float64, requires_grad=True)
    action, advantage = torch.tensor([0, 1, 2, 3, 0, 1]), torch.randn(6, dtype=torch.float64)

    def slope(objective):
        log_prob = torch.log_softmax(logits, -1).gather(1, action[:, None])[:, 0]
        return torch.autograd.grad(objective(log_prob, log_prob.detach()), logits)[0]

    expected = slope(lambda new, old: objectives.score_function(new, advantage))
    assert expected.abs().max() > 0
    kl = torch.zeros(6, dtype=torch.float64)
    for objective in (
        lambda new, old: objectives.surrogate(new, old, advantage),
        lambda new, old: objectives.clipped_surrogate(new, old, advantage, 0.2),
        lambda new, old: objectives.kl_penalised_surrogate(new, old, advantage, kl, 3.0),
    ):
        torch.testing.assert_close(slope(objective), expected)


def test_the_kl_penalty_is_subtracted_and_scaled_by_beta():
    zero, kl = torch.zeros(3), torch.tensor([0.1, 0.2, 0.3])
    value = objectives.kl_penalised_surrogate(zero, zero, torch.ones(3), kl, 2.0)
    assert value.item() == pytest.approx(1 - 2 * 0.2)


def test_objectives_stay_finite_far_from_the_old_policy():
    """peers 4.17: log-ratios of ±100."""
    far = torch.tensor([100.0, -100.0], requires_grad=True)
    value = objectives.surrogate(far, torch.zeros(2), torch.ones(2))
    value.backward()
    assert torch.isfinite(value) and torch.isfinite(far.grad).all()
    ratio = objectives.probability_ratio(torch.tensor([100.0, -100.0, 3.0]), torch.zeros(3))
    torch.testing.assert_close(ratio, torch.tensor([20.0, -20.0, 3.0]).exp(), rtol=1e-6, atol=0.0)


def test_no_gradient_flows_through_advantages_or_value_targets():
    advantage, target = torch.ones(3, requires_grad=True), torch.ones(3, requires_grad=True)
    value = torch.zeros(3, requires_grad=True)
    (objectives.score_function(value, advantage) + objectives.value_loss(value, target)).backward()
    assert advantage.grad is None and target.grad is None and value.grad is not None


def test_the_value_loss_is_half_the_mean_square_per_seed():
    value, target = torch.tensor([[1.0, 2.0], [0.0, 0.0]]), torch.tensor([[3.0, 2.0], [4.0, -2.0]])
    assert objectives.value_loss(value, target, dim=-1).tolist() == [1.0, 5.0]
    assert objectives.value_loss(value, target).item() == 3.0
    assert objectives.clipped_value_loss(value[0], 0 * value[0], target[0], 1e6).item() == 1.0  # never binds
    # around old values 5: V is held to 4.8 … 5.2 in the second square, and the larger square counts
    old = torch.tensor([5.0, 1.9])
    assert objectives.clipped_value_loss(value[0], old, target[0], 0.2).item() == pytest.approx(
        0.5 * ((1 - 3) ** 2 + (2 - 2) ** 2) / 2
    )
    assert objectives.clipped_value_loss(target[0], old, target[0], 0.2).item() == pytest.approx(
        0.5 * ((4.8 - 3) ** 2 + 0) / 2
    )


def test_value_clipping_takes_the_larger_error_and_only_acts_away_from_the_old_value():
    """peers 4.16: with the cached old value equal to the new one, clipping would do nothing."""
    old, target = torch.zeros(2), torch.tensor([1.0, 1.0])
    value = torch.tensor([0.1, 0.9], requires_grad=True)
    loss = objectives.clipped_value_loss(value, old, target, 0.2)
    assert loss.item() == pytest.approx(0.5 * (0.9**2 + 0.8**2) / 2)
    loss.backward()
    assert value.grad[0] < 0 and value.grad[1] == 0


def test_explained_variance_is_one_for_a_perfect_critic_zero_for_a_constant_and_nan_without_variance():
    y = torch.tensor([1.0, 2.0, 4.0])
    assert objectives.explained_variance(y, y) == 1
    assert objectives.explained_variance(torch.full((3,), 7.0), y) == 0
    assert torch.isnan(objectives.explained_variance(y, torch.ones(3)))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_categorical_divergences_agree_with_scipy_and_obey_pinsker(seed):
    p, q = np.random.default_rng(seed).dirichlet(np.ones(5), size=(2, 4, 3))
    kl, tv = divergences.categorical_kl(p, q), divergences.categorical_tv(p, q)
    np.testing.assert_allclose(kl, scipy.stats.entropy(p, q, axis=-1), rtol=1e-10)
    assert (tv**2 <= kl / 2 + 1e-12).all()
    np.testing.assert_allclose(tv, np.maximum(p - q, 0).sum(axis=-1))  # the largest difference of an event
    for log_p in (np.log(p), torch.tensor(p).log()):
        np.testing.assert_allclose(divergences.categorical_entropy(log_p), scipy.stats.entropy(p, axis=-1))
    np.testing.assert_allclose(divergences.categorical_kl(torch.tensor(p), torch.tensor(q)), kl)
    logs = divergences.categorical_log_kl(torch.tensor(p).log(), torch.tensor(q).log())
    np.testing.assert_allclose(logs, kl, rtol=1e-9)


def test_kl_of_actions_never_taken_is_zero_and_of_actions_ruled_out_infinite():
    p, q = np.array([1.0, 0.0]), np.array([0.5, 0.5])
    assert divergences.categorical_kl(p, q) == pytest.approx(np.log(2))
    assert divergences.categorical_kl(q, p) == np.inf
    assert divergences.categorical_kl(torch.tensor(q), torch.tensor(p)) == np.inf


def test_gaussian_kl_entropy_and_log_prob_agree_with_quadrature_and_scipy():
    mean, log_std, other, other_log_std = 0.3, -0.2, -0.5, 0.4
    one, two = scipy.stats.norm(mean, np.exp(log_std)), scipy.stats.norm(other, np.exp(other_log_std))
    expected, _ = scipy.integrate.quad(lambda x: one.pdf(x) * (one.logpdf(x) - two.logpdf(x)), -12, 12)
    a = [np.array([x]) for x in (mean, log_std, other, other_log_std)]
    assert divergences.gaussian_kl(*a) == pytest.approx(expected, abs=1e-8)
    assert divergences.gaussian_kl(*map(torch.from_numpy, a)).item() == pytest.approx(expected, abs=1e-8)
    assert divergences.gaussian_entropy(a[1]) == pytest.approx(one.entropy())
    assert divergences.gaussian_log_prob(np.array([1.7]), a[0], a[1]) == pytest.approx(one.logpdf(1.7))


def test_kl_of_several_dimensions_is_the_sum_over_them():
    """Homework and libraries forget the sum: one-dimensional actions hide it."""
    rng = np.random.default_rng(0)
    a = rng.normal(size=(4, 5, 3))
    total = divergences.gaussian_kl(*a)
    by_dimension = sum(divergences.gaussian_kl(*a[..., [i]]) for i in range(3))
    np.testing.assert_allclose(total, by_dimension)


def test_k1_and_k3_are_unbiased_and_k3_is_never_negative():
    p, q = np.array([0.2, 0.3, 0.5]), np.array([0.3, 0.3, 0.4])
    k1, k2, k3 = divergences.kl_estimators(np.log(q / p))
    exact = scipy.stats.entropy(p, q)
    assert p @ k1 == pytest.approx(exact) and p @ k3 == pytest.approx(exact)
    assert p @ k2 != pytest.approx(exact, rel=1e-3) and (k3 >= 0).all()
    np.testing.assert_allclose(k2, np.log(q / p) ** 2 / 2)


def test_all_three_estimators_of_kl_agree_to_second_order():
    """q = p (1 + ε g) with E_p[g] = 0: each mean is ½ ε² E_p[g²] + O(ε³)."""
    p, g = np.array([0.2, 0.3, 0.5]), np.array([1.0, 1.0, -1.0])
    for k in divergences.kl_estimators(np.log1p(1e-4 * g)):
        assert p @ k == pytest.approx(0.5e-8, rel=1e-3)


def expected_order(estimator, actions):
    """Quadrature for independent standard normals."""
    norm = scipy.stats.norm

    def largest(x):  # density of the maximum
        return actions * norm.pdf(x) * norm.cdf(x) ** (actions - 1)

    if estimator == "max":
        return scipy.integrate.quad(
            lambda x: x * actions * norm.pdf(x) * norm.cdf(x) ** (actions - 1), -9, 9
        )[0]
    if estimator == "clipped":  # min of two: distribution function 1 − (1 − Φ)²

        def cdf(x):
            return 1 - norm.sf(x) ** 2

        def density(x):
            return 2 * norm.pdf(x) * norm.sf(x)

        return scipy.integrate.quad(lambda x: x * actions * density(x) * cdf(x) ** (actions - 1), -9, 9)[0]

    def smaller(x):  # E[min(x, ξ)] = x Φ̄(x) − φ(x)
        return x * norm.sf(x) - norm.pdf(x)

    return scipy.integrate.quad(lambda x: smaller(x) * largest(x), -9, 9)[0]


@pytest.mark.parametrize("actions", [2, 10])
@pytest.mark.parametrize("estimator", ["max", "clipped", "actor"])
def test_the_bias_of_each_estimator_is_what_quadrature_says(estimator, actions):
    samples = 200_000
    rng = np.random.default_rng(1)
    simulated = bias.expected_maximum(np.zeros(actions), 1.0, samples, estimator, rng)
    assert simulated == pytest.approx(expected_order(estimator, actions), abs=5 / np.sqrt(samples))


def test_corrections_row_21_to_two_digits():
    table = {("max", 2): 0.56, ("max", 10): 1.54, ("clipped", 2): -0.10, ("clipped", 10): 0.67}
    table |= {("actor", 2): -0.28, ("actor", 10): -0.05}
    for (estimator, actions), value in table.items():
        assert round(expected_order(estimator, actions), 2) == value


def test_the_double_estimator_is_unbiased_for_equal_means_and_never_above_the_best():
    rng = np.random.default_rng(2)
    assert abs(bias.expected_maximum(np.zeros(5), 1.0, 200_000, "double", rng)) < 5 / np.sqrt(200_000)
    assert bias.expected_maximum([0.0, 1.0], 1.0, 50_000, "double", rng) < 1.0


def test_without_noise_every_estimator_is_exact():
    for estimator in bias.ESTIMATORS:
        assert bias.expected_maximum([0.5, 2.0, -1.0], 0.0, 7, estimator) == 2.0
        assert bias.expected_maximum([0.5, 2.0], 0.0, 1, estimator) == 2.0  # one sample is enough


@pytest.mark.parametrize(
    "arguments", [([], 1.0, 5), ([0.0], -1.0, 5), ([0.0], 1.0, 0), ([[0.0]], 1.0, 5), ([np.nan], 1.0, 5)]
)
def test_bad_arguments_of_the_bias_simulation_get_one_line(arguments):
    with pytest.raises(ValueError, match="expected_maximum"):
        bias.expected_maximum(*arguments)
    with pytest.raises(ValueError, match="max, double, clipped, actor"):
        bias.expected_maximum([0.0], 1.0, 5, "median")
