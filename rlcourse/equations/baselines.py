"""Baselines: a number b that is subtracted from the weights of ∇log π, and leaves their mean as it was.

E[∇log π (R − b)] is the same for every b that does not depend on the action, as E[∇log π] = 0; the variance
is a parabola in b. scores [..., N, P] are ∇log π of N samples, returns [..., N] their weights, NumPy or
torch; the answer is one number, [...], in the units of the returns.
"""

from rlcourse.equations.arrays import Array


def no_baseline(scores: Array, returns: Array) -> Array:
    """b = 0."""
    return 0.0 * returns[..., 0]


def mean_baseline(scores: Array, returns: Array) -> Array:
    """b = E[R]: best where ‖∇log π‖² and R are uncorrelated."""
    return returns.mean(-1)


def optimal_baseline(scores: Array, returns: Array) -> Array:
    """b = E[‖∇log π‖² R] / E[‖∇log π‖²], where E‖∇log π (R − b)‖², and with it the variance, is least.

    Raises ValueError where all scores are 0: every b is as good.
    Source (from memory): Greensmith et al. 2004, "Variance Reduction Techniques for Gradient Estimates".
    """
    square = (scores**2).sum(-1)
    total = square.sum(-1)
    if not (total > 0).all():
        raise ValueError("optimal_baseline: all scores are 0, so that no baseline is better than another")
    return (square * returns).sum(-1) / total
