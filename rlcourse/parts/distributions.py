"""What a stochastic policy says of an action, in PyTorch: log-probabilities, entropy and KL, each [S, B]."""

import math
from typing import NamedTuple, Self

import torch

from rlcourse.equations import divergences


class Gaussian(NamedTuple):
    """π(·|s) = N(μ(s), σ²), diagonal; mean [S, B, A], log_std [S, B, A]."""

    mean: torch.Tensor
    log_std: torch.Tensor

    def log_prob(self, action: torch.Tensor) -> torch.Tensor:
        return divergences.gaussian_log_prob(action, self.mean, self.log_std)

    def entropy(self) -> torch.Tensor:
        return divergences.gaussian_entropy(self.log_std)

    def kl(self, other: Self) -> torch.Tensor:
        """KL(self ‖ other), [S, B]."""
        return divergences.gaussian_kl(*self, *other)

    def fisher(self, tangent: torch.Tensor) -> torch.Tensor:
        """M u = u / σ², the Fisher matrix of the mean times u: [S, B, A] → [S, B, A]."""
        return tangent * (-2 * self.log_std).exp()

    def detach(self) -> Self:
        return Gaussian(self.mean.detach(), self.log_std.detach())


class SquashedGaussian(NamedTuple):
    """a = tanh(u), u ~ N(μ(s), σ²), diagonal: a law on (−1, 1); mean and log_std [S, B, A] are u's."""

    mean: torch.Tensor
    log_std: torch.Tensor

    def draw(self, xi: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """a = tanh(μ + σ ξ) and log π(a|s), both with gradients: xi [S, B, A] → [S, B, A], [S, B]."""
        u = self.mean + self.log_std.exp() * xi
        return torch.tanh(u), self._log_prob(u)

    def log_prob(self, action: torch.Tensor) -> torch.Tensor:
        """log π(a|s), [S, B], of actions within (−1, 1)."""
        return self._log_prob(torch.atanh(action))

    def _log_prob(self, u):
        # log π(a) = log N(u; μ, σ²) − Σ log(1 − tanh²u), and log(1 − tanh²u) = −2 log cosh u, a number also
        # where tanh u rounds to 1. (PyTorch's softplus rounds by where in the batch a sample stands.)
        log_cosh = u.abs() + torch.log1p(torch.exp(-2 * u.abs())) - math.log(2)
        return divergences.gaussian_log_prob(u, self.mean, self.log_std) + 2 * log_cosh.sum(-1)

    def detach(self) -> Self:
        return SquashedGaussian(self.mean.detach(), self.log_std.detach())


class Categorical(NamedTuple):
    """π(a|s) = softmax of the logits; log_p [S, B, A]."""

    log_p: torch.Tensor

    def log_prob(self, action: torch.Tensor) -> torch.Tensor:
        return self.log_p.gather(-1, action[..., None])[..., 0]

    def entropy(self) -> torch.Tensor:
        return divergences.categorical_entropy(self.log_p)

    def kl(self, other: Self) -> torch.Tensor:
        """KL(self ‖ other), [S, B]."""
        return divergences.categorical_log_kl(self.log_p, other.log_p)

    def fisher(self, tangent: torch.Tensor) -> torch.Tensor:
        """M u = p ⊙ (u − pᵀu), the Fisher matrix of the logits times u: [S, B, A] → [S, B, A]."""
        p = self.log_p.exp()
        return p * (tangent - (p * tangent).sum(-1, keepdim=True))

    def detach(self) -> Self:
        return Categorical(self.log_p.detach())


class Mixture(NamedTuple):
    """π(·|s) = Σ_k w_k(s) N(μ_k(s), σ_k²), diagonal; log_weight [S, B, K], mean and log_std [S, B, K, A]."""

    log_weight: torch.Tensor
    mean: torch.Tensor
    log_std: torch.Tensor

    def log_prob(self, action: torch.Tensor) -> torch.Tensor:
        """log Σ_k w_k N(a; μ_k, σ_k²): action [S, B, A] → [S, B]."""
        each = divergences.gaussian_log_prob(action[..., None, :], self.mean, self.log_std)
        return torch.logsumexp(self.log_weight + each, dim=-1)

    def detach(self) -> Self:
        return Mixture(*(x.detach() for x in self))


Distribution = Gaussian | Categorical
