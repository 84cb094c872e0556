"""The maximum of noisy estimates is too large: maximisation bias, and what three other estimates make of it.

`expected_maximum` simulates four estimates of the best action's worth, `exact_biases` integrates them, and
`wrong_choices` lets Q-learning be misled by three of them.
"""

from collections.abc import Sequence

import numpy as np
import torch

ESTIMATORS = ("max", "double", "maxmin", "clipped double")
FORMER = {"clipped": "maxmin", "actor": "clipped double"}  # names of earlier versions, understood as well


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
    "maxmin":  max_a min(Q̂₁(a), Q̂₂(a))       the maximum of minima: its bias grows with the number of actions
    "clipped double": min(Q̂₁, Q̂₂)(argmax_a Q̂₁(a))   Clipped Double Q-learning: TD3's actor and target

    means: true values q [actions]; noise: standard deviation, a number or [actions], ≥ 0; samples:
    Monte-Carlo draws ≥ 1. Returns the mean over the draws (a float, in the units of means; standard error ≈
    noise/√samples). Raises ValueError for an unknown estimator, empty means, negative noise or no samples.
    "clipped" and "actor", the former names of the last two, are understood too. Sources: van Hasselt 2010,
    "Double Q-learning"; Fujimoto et al. 2018, section 4; the name maxmin from Lan et al. 2020, "Maxmin
    Q-learning" (its paper not opened).
    """
    estimator = FORMER.get(estimator, estimator)
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
    if estimator == "maxmin":
        return np.minimum(first, second).max(axis=1)
    judge = second if estimator == "double" else np.minimum(first, second)
    return np.take_along_axis(judge, first.argmax(axis=1)[:, None], axis=1)


def exact_biases(
    gap: float, noise: float, actions: int | Sequence[int] | np.ndarray, points: int = 2001
) -> dict[str, float | np.ndarray]:
    """The biases that `expected_maximum` estimates, by quadrature: one action worth 0, n − 1 worth −gap.

    F and f are the distribution function and the density of an estimate, subscript 0 of the best action:

    "max":     x_top − ∫ F₀ F^(n−1) dx
    "maxmin":  the same with 1 − (1 − F)² for each F
    "double":  −gap · ∫ (n−1) f F₀ F^(n−2) dx
    "clipped double": ∫ f₀ F^(n−1) g₀ + (n−1) f F₀ F^(n−2) g dx,  g(x) = E[min(x, Y)], Y a second estimate

    actions: n ≥ 2, or several; the arrays returned have its shape. Trapezoids; good to 1e-8 with 2001 points.
    """
    x, rivals = np.linspace(-gap - 8 * noise, 8 * noise, points), np.asarray(actions)[..., None] - 1
    below_0, below = (torch.special.ndtr(torch.from_numpy(z / noise)).numpy() for z in (x, x + gap))
    phi_0, phi = (np.exp(-0.5 * (z / noise) ** 2) / (2 * np.pi) ** 0.5 for z in (x, x + gap))

    def top(F_0, F):
        return x[-1] - np.trapezoid(F_0 * F**rivals, x)

    best_wins = phi_0 / noise * below**rivals
    rival_wins = rivals * phi / noise * below_0 * below ** (rivals - 1)
    smaller_0 = x - x * below_0 - noise * phi_0
    smaller = x - (x + gap) * below - noise * phi
    return {
        "max": top(below_0, below),
        "double": -gap * np.trapezoid(rival_wins, x),
        "maxmin": top(1 - (1 - below_0) ** 2, 1 - (1 - below) ** 2),
        "clipped double": np.trapezoid(best_wins * smaller_0 + rival_wins * smaller, x),
    }


def wrong_choices(
    estimator: str = "max",
    agents: int = 2000,
    episodes: int = 300,
    actions: int = 10,
    mean: float = -0.1,
    noise: float = 1.0,
    rate: float = 0.1,
    epsilon: float = 0.1,
    rng: np.random.Generator | int | None = None,
) -> np.ndarray:
    """Q ← Q + α (target − Q) in Sutton and Barto's example 6.7: who goes left, bool [agents, episodes].

    In A, right ends the episode with 0 and left leads to B with 0. In B each of `actions` ends it with a
    reward ~ N(mean, noise²): for mean < 0 left is the wrong choice. γ = 1; all agents act ε-greedily on the
    sum of their tables, ties broken at random, so that the best go left in a share ε/2 of the episodes.

    The target of left is an estimate of B's worth: "max" from one table, "double" and "clipped double" from
    two, one of which, drawn at random, learns and chooses the action of B, which the other one values, or the
    smaller of both. Raises ValueError for another estimator. Source: Sutton and Barto 2018, figure 6.5.
    """
    given, estimator = estimator, FORMER.get(estimator, estimator)
    if estimator not in ("max", "double", "clipped double"):
        raise ValueError(f"wrong_choices: estimator must be max, double or clipped double; got {given!r}")
    rng, who = np.random.default_rng(rng), np.arange(agents)
    tables = 1 if estimator == "max" else 2
    q_a, q_b = np.zeros((tables, agents, 2)), np.zeros((tables, agents, actions))
    left = np.empty((agents, episodes), bool)

    def act(q):
        q = q.sum(axis=0)
        ties = np.where(q == q.max(axis=1, keepdims=True), rng.random(q.shape), -1.0)
        explores = rng.random(agents) < epsilon
        return np.where(explores, rng.integers(q.shape[1], size=agents), ties.argmax(axis=1))

    for episode in range(episodes):
        in_a, in_b, reward = act(q_a), act(q_b), rng.normal(mean, noise, agents)
        goes = left[:, episode] = in_a == 0
        i = rng.integers(tables, size=agents)  # the table that learns
        own, other = q_b[i, who], q_b[tables - 1 - i, who]  # of one table, both are that one
        best = own.argmax(axis=1)
        worth = other[who, best] if estimator == "double" else np.minimum(own, other)[who, best]
        q_a[i, who, in_a] += rate * (goes * worth - q_a[i, who, in_a])
        i, at, b, r = i[goes], who[goes], in_b[goes], reward[goes]
        q_b[i, at, b] += rate * (r - q_b[i, at, b])
    return left
