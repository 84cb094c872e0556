"""What a stochastic policy says of an action: log-probabilities, entropy, KL; PyTorch, [S, B, …]."""

from typing import NamedTuple

import torch

from rlcourse.equations import divergences


class Gaussian(NamedTuple):
    """π(·|s) = N(μ(s), σ²), diagonal; mean [S, B, A], log_std [S, B, A]."""

    mean: torch.Tensor
    log_std: torch.Tensor

    def log_prob(self, action):
        return divergences.gaussian_log_prob(action, self.mean, self.log_std)

    def entropy(self):
        return divergences.gaussian_entropy(self.log_std)

    def kl(self, other):
        """KL(self ‖ other), [S, B]."""
        return divergences.gaussian_kl(*self, *other)

    def detach(self):
        return Gaussian(self.mean.detach(), self.log_std.detach())


class Categorical(NamedTuple):
    """π(a|s) = softmax of the logits; log_p [S, B, A]."""

    log_p: torch.Tensor

    def log_prob(self, action):
        return self.log_p.gather(-1, action[..., None])[..., 0]

    def entropy(self):
        return divergences.categorical_entropy(self.log_p)

    def kl(self, other):
        """KL(self ‖ other), [S, B]."""
        return divergences.categorical_log_kl(self.log_p, other.log_p)

    def detach(self):
        return Categorical(self.log_p.detach())


Distribution = Gaussian | Categorical
