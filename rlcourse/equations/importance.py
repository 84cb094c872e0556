"""What samples of one policy are worth for another."""

import numpy as np
import torch

from rlcourse.equations.arrays import Array


def effective_sample_size(weights: Array) -> Array:
    """ESS = (Σ_i w_i)² / Σ_i w_i²: how many samples of equal weight would average as well.

    weights [..., N] ≥ 0, NumPy or torch -> [...], between 1 (one weight has everything) and N (all are
    equal); the scale of the weights plays no part. Raises ValueError for negative or infinite weights, and
    where all are 0.
    """
    weights = weights if torch.is_tensor(weights) else np.asarray(weights, dtype=float)
    total = weights.sum(-1)
    if not (weights >= 0).all() or not ((total > 0) & (total < np.inf)).all():
        raise ValueError("effective_sample_size: weights must be ≥ 0 and finite, at least one of them > 0")
    share = weights / total[..., None]  # first to shares: w² of a small or large weight leaves float's range
    return 1 / (share**2).sum(-1)
