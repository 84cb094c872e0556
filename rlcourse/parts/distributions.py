"""What a stochastic policy says of an action, in PyTorch: log-probabilities, entropy and KL, each [S, B]."""

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

    def detach(self) -> Self:
        return Gaussian(self.mean.detach(), self.log_std.detach())


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

    def detach(self) -> Self:
        return Categorical(self.log_p.detach())


Distribution = Gaussian | Categorical
