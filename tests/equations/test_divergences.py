"""Divergences, entropies and estimators of KL against SciPy and quadrature."""

import numpy as np
import pytest
import scipy.integrate
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rlcourse.equations import divergences


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


@pytest.mark.parametrize("gap", [0.1, 0.5])
def test_the_moments_of_k1_k2_k3_for_two_gaussians_of_one_width(gap):
    """x = log r ~ N(−KL, 2 KL), KL = gap²/2: all moments in closed form."""
    kl = gap**2 / 2
    z, weight = np.polynomial.hermite_e.hermegauss(60)
    weight = weight / weight.sum()
    for k, mean, variance in zip(
        divergences.kl_estimators(-kl + gap * z),
        (kl, kl + kl**2 / 2, kl),
        (2 * kl, 2 * kl**2 + 2 * kl**3, np.exp(2 * kl) - 1 - 2 * kl),
        strict=True,
    ):
        assert weight @ k == pytest.approx(mean)
        assert weight @ (k - weight @ k) ** 2 == pytest.approx(variance)


def test_all_three_estimators_of_kl_agree_to_second_order():
    """q = p (1 + ε g) with E_p[g] = 0: each mean is ½ ε² E_p[g²] + O(ε³)."""
    p, g = np.array([0.2, 0.3, 0.5]), np.array([1.0, 1.0, -1.0])
    for k in divergences.kl_estimators(np.log1p(1e-4 * g)):
        assert p @ k == pytest.approx(0.5e-8, rel=1e-3)
