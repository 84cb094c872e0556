"""The maximum of noisy estimates is too large: the bias, and what double and clipped estimates make of it."""

from collections.abc import Sequence

import numpy as np

ESTIMATORS = ("max", "double", "clipped", "actor")


def expected_maximum(
    means: Sequence[float] | np.ndarray,
    noise: float | Sequence[float] | np.ndarray,
    samples: int,
    estimator: str = "max",
    rng: np.random.Generator | None = None,
) -> float:
    """E[ max_a Q̂(a) ] ≥ max_a E[ Q̂(a) ], by simulation with Q̂(a) = q(a) + noise · ξ, ξ ~ N(0, 1) independent.

    "max":     max_a Q̂₁(a)                   one estimate selects and evaluates: biased up
    "double":  Q̂₂(argmax_a Q̂₁(a))            a second estimate evaluates: never biased up
    "clipped": max_a min(Q̂₁(a), Q̂₂(a))       the lecture's example; its bias grows with the number of actions
    "actor":   min(Q̂₁, Q̂₂)(argmax_a Q̂₁(a))   what TD3's actor and target do

    means: true values q [actions]; noise: standard deviation, a number or [actions], ≥ 0; samples:
    Monte-Carlo draws ≥ 1. Returns the mean over the draws (a float, in the units of means; standard error ≈
    noise/√samples). Raises ValueError for an unknown estimator, empty means, negative noise or no samples.
    Sources: van Hasselt 2010, "Double Q-learning"; Fujimoto et al. 2018, section 4.
    """
    means = np.asarray(means, dtype=float)
    noise = np.broadcast_to(np.asarray(noise, dtype=float), means.shape)
    if estimator not in ESTIMATORS:
        raise ValueError(
            f"expected_maximum: estimator must be one of {', '.join(ESTIMATORS)}; got {estimator!r}"
        )
    if means.ndim != 1 or means.size == 0 or not np.isfinite(means).all():
        raise ValueError(
            f"expected_maximum: means must be a finite vector [actions], got shape {means.shape}"
        )
    if (noise < 0).any() or samples < 1:
        raise ValueError("expected_maximum: noise must be ≥ 0 and samples ≥ 1")
    rng = np.random.default_rng() if rng is None else rng
    total, left = 0.0, int(samples)
    while left > 0:  # in blocks, so that a million samples of a thousand actions fit in memory
        n = min(left, max(1, 2_000_000 // means.size))
        total += _draw(means, noise, n, estimator, rng).sum()
        left -= n
    return float(total / int(samples))


def _draw(
    means: np.ndarray, noise: np.ndarray, n: int, estimator: str, rng: np.random.Generator
) -> np.ndarray:
    """n draws of the estimator, [n] or [n, 1]."""
    first = means + noise * rng.standard_normal((n, means.size))
    if estimator == "max":
        return first.max(axis=1)
    second = means + noise * rng.standard_normal((n, means.size))
    if estimator == "clipped":
        return np.minimum(first, second).max(axis=1)
    judge = second if estimator == "double" else np.minimum(first, second)
    return np.take_along_axis(judge, first.argmax(axis=1)[:, None], axis=1)
