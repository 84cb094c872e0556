"""C51's projection, against the algorithm as its paper writes it; the quantile loss, against quantiles."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar

from rlcourse.equations.distributional import projected, quantile_huber

Z = np.linspace(-2, 3, 11)


def laws(low, high, rows=5, count=7):
    rng = np.random.default_rng(0)
    return rng.uniform(low, high, (rows, count)), rng.dirichlet(np.ones(count), rows)


def by_the_paper(y, p):
    """Algorithm 1 of Bellemare et al. 2017: b = (y − z_1)/Δz, its floor gets p (u − b)."""
    m = np.zeros(len(Z))
    for yj, pj in zip(np.clip(y, Z[0], Z[-1]), p, strict=True):
        b = (yj - Z[0]) / (Z[1] - Z[0])
        low, high = int(np.floor(b)), int(np.ceil(b))
        if low == high:  # where the paper's algorithm loses the mass
            m[low] += pj
        else:
            m[low] += pj * (high - b)
            m[high] += pj * (b - low)
    return m


@pytest.mark.parametrize(("low", "high"), [(-2, 3), (-5, 8)])
def test_the_projection_is_the_papers_algorithm_atom_by_atom(low, high):
    y, p = laws(low, high)
    expected = [by_the_paper(*row) for row in zip(y, p, strict=True)]
    np.testing.assert_allclose(projected(y, p, Z), expected, atol=1e-12)
    found = projected(*(torch.from_numpy(x) for x in (y, p, Z)))
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-12)


def test_the_projection_keeps_the_mass_always_and_the_mean_within_the_support():
    y, p = laws(-2, 3)
    np.testing.assert_allclose(projected(y, p, Z).sum(-1), 1)
    np.testing.assert_allclose(projected(y, p, Z) @ Z, (p * y).sum(-1))
    np.testing.assert_allclose(projected(y + 4, p, Z).sum(-1), 1)
    assert (projected(y + 4, p, Z) @ Z < (p * (y + 4)).sum(-1) - 0.1).all(), "beyond z_N it is cut"


def test_an_atom_that_meets_another_one_gives_it_all_its_mass():
    np.testing.assert_allclose(
        projected(Z[[3, 10, 0]], np.array([0.2, 0.5, 0.3]), Z)[[3, 10, 0]], [0.2, 0.5, 0.3]
    )


@pytest.mark.parametrize("tau", [0.05, 0.25, 0.5, 0.9])
def test_the_quantile_loss_is_least_at_the_quantile_of_the_sample(tau):
    y = np.random.default_rng(1).exponential(size=2001)
    least = minimize_scalar(
        lambda theta: quantile_huber(y - theta, tau, 1e-4).mean(), bounds=(0, 8), method="bounded"
    )
    assert least.x == pytest.approx(np.quantile(y, tau), abs=0.01)


def test_far_from_0_the_quantile_loss_is_linear_near_it_quadratic_and_kappa_is_where_they_meet():
    u = torch.tensor([-3.0, -0.5, -0.1, 0.1, 0.5, 3.0], dtype=torch.float64, requires_grad=True)
    quantile_huber(u, 0.3, 0.5).sum().backward()
    np.testing.assert_allclose(u.grad, [-0.7, -0.7, -0.14, 0.06, 0.3, 0.3])
    huber = torch.nn.functional.huber_loss(u, torch.zeros(6, dtype=torch.float64), "none", 0.5) / 0.5
    weights = torch.tensor([0.7, 0.7, 0.7, 0.3, 0.3, 0.3])
    torch.testing.assert_close(quantile_huber(u, 0.3, 0.5), weights * huber)
