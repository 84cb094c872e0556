"""How far apart two policies are: Kullback-Leibler divergence and total variation.

NumPy arrays or torch tensors; the last axis (actions, or their dimensions) is summed, the rest carried along.
"""

import math

import numpy as np
import torch

from rlcourse.equations.arrays import Array, exp, same_shape


def categorical_kl(p: Array, q: Array) -> Array:
    """KL(p ‖ q) = Σ_a p_a log(p_a / q_a), with 0 log 0 = 0; infinite where q_a = 0 < p_a.

    p, q: probabilities [..., A]. Returns [...] in nats. Raises ValueError where the shapes differ.
    """
    same_shape(p=p, q=q)
    if torch.is_tensor(p):
        return (torch.special.xlogy(p, p) - torch.special.xlogy(p, q)).sum(-1)
    p, q = np.asarray(p, float), np.asarray(q, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p > 0, p * (np.log(p) - np.log(q)), 0.0)
    return terms.sum(-1)


def categorical_log_kl(log_p: Array, log_q: Array) -> Array:
    """KL(p ‖ q) = Σ_a e^{log p_a} (log p_a − log q_a).

    log_p, log_q: log-probabilities [..., A], finite. Returns [...] in nats. Raises ValueError where the
    shapes differ.
    """
    same_shape(log_p=log_p, log_q=log_q)
    return (exp(log_p) * (log_p - log_q)).sum(-1)


def categorical_tv(p: Array, q: Array) -> Array:
    """TV(p, q) = ½ Σ_a |p_a − q_a|, between 0 and 1.  Pinsker: TV² ≤ ½ KL.

    p, q: probabilities [..., A]. Returns [...], no unit. Raises ValueError where the shapes differ.
    """
    same_shape(p=p, q=q)
    return 0.5 * abs(p - q).sum(-1)


def gaussian_kl(mean: Array, log_std: Array, other_mean: Array, other_log_std: Array) -> Array:
    """KL(N(μ, σ²) ‖ N(μ₂, σ₂²)) = Σ_i [ log σ₂/σ + (σ² + (μ − μ₂)²) / (2σ₂²) − ½ ], diagonal Gaussians.

    All [..., D]; means and log_stds may broadcast. Returns [...] in nats.
    """
    spread = exp(2 * (log_std - other_log_std)) + (mean - other_mean) ** 2 * exp(-2 * other_log_std)
    return (other_log_std - log_std + 0.5 * spread - 0.5).sum(-1)


def gaussian_log_prob(action: Array, mean: Array, log_std: Array) -> Array:
    """log N(a; μ, σ²) = Σ_i [ −½ ((a_i − μ_i)/σ_i)² − log σ_i − ½ log 2π ].

    All [..., D], broadcasting allowed; returns [...], the log of a density in the units of 1/action.
    """
    z = (action - mean) * exp(-log_std)
    return (-0.5 * z**2 - log_std - 0.5 * math.log(2 * math.pi)).sum(-1)


def gaussian_entropy(log_std: Array) -> Array:
    """H = Σ_i [ log σ_i + ½ log 2πe ].  [..., D] -> [...], in nats."""
    return (log_std + 0.5 * math.log(2 * math.pi * math.e)).sum(-1)


def categorical_entropy(log_p: Array) -> Array:
    """H = −Σ_a p_a log p_a, from log-probabilities.  [..., A] -> [...], in nats."""
    return -(exp(log_p) * log_p).sum(-1)


def kl_estimators(log_ratio: Array) -> tuple[Array, Array, Array]:
    """Estimates of KL(old ‖ new) from samples of old: k1 = −log r, k2 = ½ (log r)², k3 = r − 1 − log r ≥ 0.

    log_ratio = log π_new(a|s) − log π_old(a|s), [...]; returns the three arrays [...], in nats. k1 and k3 are
    unbiased, k2 is not. Source: Schulman, "Approximating KL Divergence", 2020.
    """
    return -log_ratio, 0.5 * log_ratio**2, exp(log_ratio) - 1 - log_ratio
