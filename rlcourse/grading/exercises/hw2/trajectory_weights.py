"""w_i = Π_t π(a_t|s_t) / μ(a_t|s_t): how much more likely the target makes trajectory i than who drew it.

target_probs (π) and behaviour_probs (μ) [N, T]; the answer is [N]. The environment's probabilities cancel.
"""

import numpy as np

from rlcourse.grading.exercises.hw2._weights import probabilities, shares
from rlcourse.grading.record import Exercise, Mistake


def trajectory_weights(target_probs, behaviour_probs):
    return np.prod(target_probs / behaviour_probs, axis=1)


def draw(rng):
    sizes = ((4, 3), (5, 2), (3, 4), (6, 3), (2, 5), (4, 1))
    return [
        dict(zip(("target_probs", "behaviour_probs"), probabilities(rng, *s), strict=True)) for s in sizes
    ]


def of(wrong):
    """Something else made of the ratios [N, T]."""
    return lambda target_probs, behaviour_probs: wrong(target_probs / behaviour_probs)


def apart(wrong):
    """Something else made of both probabilities."""
    return lambda target_probs, behaviour_probs: wrong(target_probs, behaviour_probs)


MISTAKES = (
    Mistake("inverted",
        "The ratio is upside down. An action that the target likes more than who drew it must count more: "
        "π/μ.",
        of(lambda r: (1 / r).prod(1))),
    Mistake("sum_for_product",
        "The ratios are added. Probabilities of a trajectory multiply, and so do ratios.",
        of(lambda r: r.sum(1)), of(lambda r: np.log(r).sum(1) + 1)),
    Mistake("mean_for_product", "The ratios are averaged. They are multiplied over the horizon.",
        of(lambda r: r.mean(1)), of(lambda r: r.prod(1) / r.shape[1])),
    Mistake("log_weights", "These are log-weights. Take the exponential at the end.",
        of(lambda r: np.log(r).sum(1))),
    Mistake("log_weights", "The logarithms of the ratios are averaged over the horizon. Sum them: exp Σ log.",
        of(lambda r: np.exp(np.log(r).mean(1))), of(lambda r: np.log(r).mean(1))),
    Mistake("one_step_only", "Only one step counts. The weight is the product over the whole horizon.",
        of(lambda r: r[:, -1]), of(lambda r: r[:, 0])),
    Mistake("step_missing", "The last or the first step is left out of the product.",
        of(lambda r: r[:, :-1].prod(1)), of(lambda r: r[:, 1:].prod(1))),
    Mistake("per_step", "One weight a step comes back. Asked is one a trajectory: that of its last step.",
        of(lambda r: np.cumprod(r, 1)), of(lambda r: r), of(lambda r: np.cumprod(r, 1).sum(1)),
        of(lambda r: np.cumprod(r, 1).mean(1))),
    Mistake("over_trajectories",
        "The product runs over the trajectories. It runs over the steps of each one: axis 1.",
        of(lambda r: r.prod(0)), of(lambda r: np.full(len(r), r.prod())), of(lambda r: r.prod())),
    Mistake("self_normalised",
        "The weights are divided by their sum or mean. Here they are asked as they are.",
        of(lambda r: shares(r.prod(1))), of(lambda r: len(r) * shares(r.prod(1))),
        of(lambda r: r.prod(1) / len(r)), of(lambda r: r.prod(1) / r.prod(1).max())),
    Mistake("clipped",
        "The weights or ratios are cut off. Clipping comes with V-trace; here the plain product.",
        of(lambda r: np.minimum(r, 1).prod(1)), of(lambda r: np.minimum(r.prod(1), 1)),
        of(lambda r: np.maximum(r, 1).prod(1))),
    Mistake("target_only", "The behaviour's probabilities are not used: divide by them.",
        apart(lambda p, q: p.prod(1))),
    Mistake("behaviour_only", "The target's probabilities are not used: multiply by them.",
        apart(lambda p, q: q.prod(1)), apart(lambda p, q: 1 / q.prod(1))),
    Mistake("ratio_of_sums", "Sums are divided. The probability of a trajectory is a product.",
        apart(lambda p, q: p.sum(1) / q.sum(1))),
    Mistake("difference", "The probabilities are subtracted. The weight is a ratio.",
        apart(lambda p, q: (p - q).prod(1)), apart(lambda p, q: p.prod(1) - q.prod(1)),
        apart(lambda p, q: (p - q).sum(1))),
    Mistake("product_for_ratio", "The probabilities of both are multiplied. The weight is a ratio.",
        apart(lambda p, q: (p * q).prod(1))),
    Mistake("extreme_ratio", "Only the largest or smallest ratio counts. All of them multiply.",
        of(lambda r: r.max(1)), of(lambda r: r.min(1))),
    Mistake("ratios_of_logs",
        "Probabilities or ratios are treated as logarithms. Here they multiply as they are.",
        of(lambda r: np.exp(r.sum(1))), apart(lambda p, q: np.exp((p - q).sum(1))),
        apart(lambda p, q: np.log(p).sum(1) / np.log(q).sum(1)),
        apart(lambda p, q: (np.log(p) / np.log(q)).prod(1))),
    Mistake("squared", "The weights are squared, or their root is taken.",
        of(lambda r: r.prod(1) ** 2), of(lambda r: np.sqrt(r.prod(1)))),
    Mistake("averaged", "One number for all trajectories comes back. Each has its own weight.",
        of(lambda r: r.prod(1).mean()), of(lambda r: r.prod(1).sum())),
)  # fmt: skip

VIVA = (
    "Why do the transition probabilities not appear?",
    "What is the mean of the weight under the behaviour policy, and what happens to its variance as T grows?",
    "The target takes an action that the behaviour never takes. What is lost, and where would your code "
    "show it?",
)

EXERCISE = Exercise(
    trajectory_weights, draw, points=2, minutes=5, stars=1, mistakes=MISTAKES, pure=True, viva=VIVA
)
