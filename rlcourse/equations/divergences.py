"""How far apart two policies are: Kullback-Leibler divergence and total variation.

NumPy arrays or torch tensors; the last axis is summed (actions, or action dimensions), the rest is carried
along.
"""

import math

import numpy as np
import torch

from rlcourse.equations.returns import same_shape


def categorical_kl(p, q):
    """KL(p ‖ q) = Σ_a p_a log(p_a / q_a), with 0 log 0 = 0; infinite where q_a = 0 < p_a.

    p, q: probabilities [..., A]. Returns [...] in nats.
    """
    same_shape(p=p, q=q)
    if torch.is_tensor(p):
        return (torch.special.xlogy(p, p) - torch.special.xlogy(p, q)).sum(-1)
    p, q = np.asarray(p, float), np.asarray(q, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p > 0, p * (np.log(p) - np.log(q)), 0.0)
    return terms.sum(-1)


def categorical_log_kl(log_p, log_q):
    """KL(p ‖ q) = Σ_a e^{log p_a} (log p_a − log q_a), from log-probabilities [..., A]; returns [...] in
    nats.
    """
    same_shape(log_p=log_p, log_q=log_q)
    return (log_p.exp() * (log_p - log_q)).sum(-1)


def categorical_tv(p, q):
    """TV(p, q) = ½ Σ_a |p_a − q_a|, between 0 and 1.  Pinsker: TV² ≤ ½ KL.

    p, q: probabilities [..., A]. Returns [...].
    """
    same_shape(p=p, q=q)
    return 0.5 * abs(p - q).sum(-1)


def gaussian_kl(mean, log_std, other_mean, other_log_std):
    """KL(N(μ, σ²) ‖ N(μ₂, σ₂²)) = Σ_i [ log σ₂/σ + (σ² + (μ − μ₂)²) / (2σ₂²) − ½ ], diagonal Gaussians.

    All [..., D], broadcasting allowed between means and log_stds. Returns [...] in nats.
    """
    exp = torch.exp if torch.is_tensor(mean) else np.exp
    spread = exp(2 * (log_std - other_log_std)) + (mean - other_mean) ** 2 * exp(-2 * other_log_std)
    return (other_log_std - log_std + 0.5 * spread - 0.5).sum(-1)


def gaussian_log_prob(action, mean, log_std):
    """log N(a; μ, σ²) = Σ_i [ −½ ((a_i − μ_i)/σ_i)² − log σ_i − ½ log 2π ], shape [..., D] → [...]."""
    exp = torch.exp if torch.is_tensor(mean) else np.exp
    z = (action - mean) * exp(-log_std)
    return (-0.5 * z**2 - log_std - 0.5 * math.log(2 * math.pi)).sum(-1)


def gaussian_entropy(log_std):
    """H = Σ_i [ log σ_i + ½ log 2πe ], shape [..., D] → [...], in nats."""
    return (log_std + 0.5 * math.log(2 * math.pi * math.e)).sum(-1)


def categorical_entropy(log_p):
    """H = −Σ_a p_a log p_a, from log-probabilities [..., A] → [...], in nats."""
    exp = torch.exp if torch.is_tensor(log_p) else np.exp
    return -(exp(log_p) * log_p).sum(-1)


def kl_estimators(log_ratio):
    """Estimates of KL(old ‖ new) from samples of old: k1 = −log r, k2 = ½ (log r)², k3 = r − 1 − log r ≥ 0.

    log_ratio = log π_new(a|s) − log π_old(a|s), [...]; returns the three [...] arrays. k1 and k3 are
    unbiased, k2 is not.
    Source: Schulman, "Approximating KL Divergence", 2020.
    """
    exp = torch.exp if torch.is_tensor(log_ratio) else np.exp
    return -log_ratio, 0.5 * log_ratio**2, exp(log_ratio) - 1 - log_ratio
