"""Distributions against PyTorch's own, and the policy networks that stand for them."""

import pytest
import torch

from rlcourse.parts.distributions import Categorical, Gaussian
from rlcourse.parts.networks import Spaces, StochasticPolicy
from tests.parts.made_up import streams


@pytest.fixture(autouse=True)
def same_numbers_every_time():
    torch.manual_seed(0)


def test_gaussian_policies_agree_with_torchs():
    a, b = (Gaussian(torch.randn(3, 5, 2), 0.3 * torch.randn(3, 5, 2)) for _ in range(2))
    ours, action = a, torch.randn(3, 5, 2)
    p, q = (torch.distributions.Normal(d.mean, d.log_std.exp()) for d in (a, b))
    torch.testing.assert_close(ours.log_prob(action), p.log_prob(action).sum(-1), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(ours.entropy(), p.entropy().sum(-1))
    expected = torch.distributions.kl_divergence(p, q).sum(-1)
    torch.testing.assert_close(a.kl(b), expected, rtol=1e-4, atol=1e-5)
    assert (a.kl(b) - b.kl(a)).abs().max() > 0.1  # peers.md 4.11: the direction shows off θ_old


def test_categorical_policies_agree_with_torchs():
    a, b = (Categorical(torch.log_softmax(torch.randn(3, 5, 4), -1)) for _ in range(2))
    p, q = (torch.distributions.Categorical(logits=d.log_p) for d in (a, b))
    action = torch.randint(4, (3, 5))
    torch.testing.assert_close(a.log_prob(action), p.log_prob(action))
    torch.testing.assert_close(a.entropy(), p.entropy())
    torch.testing.assert_close(a.kl(b), torch.distributions.kl_divergence(p, q), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("discrete", [True, False])
def test_the_fisher_matrix_of_the_outputs_is_the_hessian_of_the_kl(discrete):
    """d²/dz² KL(π(z₀) ‖ π(z)) at z₀, of logits or means z, times u."""
    z, u, log_std = torch.randn(3), torch.randn(3), torch.tensor([-1.0, 0.0, 0.5])

    def pi(z):
        return Categorical(torch.log_softmax(z, -1)) if discrete else Gaussian(z, log_std)

    hessian = torch.autograd.functional.hessian(lambda x: pi(z).kl(pi(x)), z)
    torch.testing.assert_close(pi(z).fisher(u), hessian @ u, rtol=1e-4, atol=1e-5)


def policy(discrete, log_std=0.0):
    return StochasticPolicy(Spaces(4, 2, discrete), (8, 6), streams(), log_std, "tanh", "uniform")


@pytest.mark.parametrize("discrete", [True, False])
def test_the_policy_that_is_differentiated_once_has_the_gradient_of_the_plain_one(discrete):
    """σ included; a gradient that was there is overwritten, not added to."""
    network = policy(discrete)
    obs = torch.randn(3, 5, 4)
    action = torch.randint(2, (3, 5)) if discrete else torch.randn(3, 5, 2)
    log_prob = network.graph(obs).log_prob(action)
    assert torch.equal(network(obs).log_prob(action), log_prob)
    plain = torch.autograd.grad(log_prob.sum(), network.parameters)
    network.grad.fill_(9.0)
    network(obs).log_prob(action).sum().backward()
    for gradient, parameter in zip(plain, network.parameters, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("extreme", [-200.0, 200.0])
def test_a_runaway_log_sigma_stays_finite(extreme):
    """peers.md 4.17: σ = e^−200 is 0 in float32; the policy keeps it above e^−20."""
    pi = policy(False, extreme)(torch.randn(3, 5, 4))
    assert torch.isfinite(pi.log_prob(pi.mean)).all() and torch.isfinite(pi.entropy()).all()
    assert (pi.log_std.exp() > 0).all()


def test_a_detached_policy_lets_no_gradient_through():
    obs = torch.randn(3, 5, 4)
    assert not any(part.requires_grad for part in policy(False)(obs).detach())
    assert not policy(True)(obs).detach().log_p.requires_grad
