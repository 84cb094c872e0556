"""L(θ) = Σ_k ρ_k Q_k / Σ_k ρ_k, ρ_k = π_θ(a_k|s) / π_old(a_k|s): the vine's surrogate at one state.

new_probs, old_probs (> 0) and q [K], one entry for each action that was tried; the answer is one number in
the units of q. Schulman et al. 2015, eq. 16.
"""

import numpy as np

from rlcourse.equations import objectives
from rlcourse.grading.exercises.hw5._open import left_open
from rlcourse.grading.record import Exercise, Mistake, Trace
from rlcourse.grading.rules import traces


def vine_surrogate(new_probs, old_probs, q):
    return objectives.vine_surrogate(new_probs, old_probs, q)


def draw(rng):
    return [
        {
            "new_probs": rng.uniform(0.05, 0.35, k),
            "old_probs": rng.uniform(0.05, 0.35, k),
            "q": rng.uniform(0.5, 4.0, k) * np.where(np.arange(k) == 0, -1, 1),
        }
        for k in (4, 3, 6, 2, 5)
    ]


def of(wrong):
    """Something else, made of ρ and Q."""
    return lambda new_probs, old_probs, q: left_open(wrong(new_probs / old_probs, q), new_probs=new_probs)


def by_weights(weights):
    """Σ w Q / Σ w with another weight."""
    return lambda new_probs, old_probs, q: left_open(
        np.average(q, weights=weights(new_probs, old_probs)), new_probs=new_probs)  # fmt: skip


def summed(weights):
    return lambda new_probs, old_probs, q: left_open(weights(new_probs, old_probs) @ q, new_probs=new_probs)


def slope(wrong):
    """The right value with another gradient."""

    def cut(new_probs, old_probs, q):
        value = float(vine_surrogate(new_probs, old_probs, q))
        return {"value": value, "new_probs_gradient": wrong(new_probs / old_probs, old_probs, q)}

    return cut


def softmax(x):
    return np.exp(x) / np.exp(x).sum()


MISTAKES = (
    Mistake("not_normalised",
        "Σ ρ Q is not divided by Σ ρ. Dividing by the sum of the weights is what makes this a mean, and what "
        "spares the baseline.",
        of(lambda r, q: r @ q)),
    Mistake("divided_by_number", "The sum is divided by K. Equation 16 divides by Σ ρ.",
        of(lambda r, q: np.mean(r * q))),
    Mistake("ratio_inverted", "The ratio is upside down: the new policy's probability stands above.",
        by_weights(lambda new, old: old / new), summed(lambda new, old: old / new)),
    Mistake("old_ignored",
        "π_old is not used. The actions were drawn from it, so each counts by new over old.",
        by_weights(lambda new, old: new), summed(lambda new, old: new)),
    Mistake("new_ignored", "π_θ is not used: the answer would be the same for every policy.",
        by_weights(lambda new, old: old), summed(lambda new, old: old), of(lambda r, q: np.mean(q)),
        of(lambda r, q: np.sum(q)), by_weights(lambda new, old: 1 / old)),
    Mistake("product_for_ratio", "The two probabilities are multiplied. Their ratio is the weight.",
        by_weights(lambda new, old: new * old), summed(lambda new, old: new * old)),
    Mistake("product_of_means", "Ratios and Q are averaged apart. Their products are summed.",
        of(lambda r, q: np.mean(r) * np.mean(q)), of(lambda r, q: np.sum(r) * np.sum(q))),
    Mistake("divided_by_q", "The divisor is the sum of the Q. It is the sum of the ratios.",
        of(lambda r, q: (r @ q) / q.sum())),
    Mistake("log_ratio", "The logarithm of the ratio is the weight. The ratio itself is.",
        of(lambda r, q: np.log(r) @ q), of(lambda r, q: np.mean(np.log(r) * q)),
        of(lambda r, q: (np.log(r) @ q) / np.log(r).sum())),
    Mistake("one_subtracted", "The weight is ρ − 1. It is ρ.", of(lambda r, q: (r - 1) @ q),
        of(lambda r, q: np.mean((r - 1) * q)), of(lambda r, q: ((r - 1) @ q) / r.sum())),
    Mistake("difference_for_ratio", "The difference of the probabilities is the weight. Their ratio is.",
        summed(lambda new, old: new - old)),
    Mistake("softmaxed", "A softmax is taken of the ratios. They are divided by their sum as they are.",
        of(lambda r, q: softmax(r) @ q)),
    Mistake("squared", "The ratios enter squared.", of(lambda r, q: r**2 @ q / (r**2).sum()),
        of(lambda r, q: r**2 @ q / r.sum()), of(lambda r, q: (r @ q) / (r @ r)),
        of(lambda r, q: (r @ q) / r.sum() ** 2)),
    Mistake("baseline_subtracted",
        "The mean of the Q is subtracted. Here the division does that work; Q enters as it is.",
        of(lambda r, q: r @ (q - q.mean()) / r.sum()), of(lambda r, q: r @ (q - q.mean())),
        of(lambda r, q: np.mean(r * (q - q.mean())))),
    Mistake("not_summed", "One number an action is left. One number for the state is asked: sum over k.",
        of(lambda r, q: r * q / r.sum()), of(lambda r, q: r * q), of(lambda r, q: r)),
    Mistake("averaged_twice", "The normalised sum is divided by K once more.",
        of(lambda r, q: np.mean(r * q / r.sum()))),
    Mistake("ratios_divided_by_mean", "Divided by the mean of the ratios. Divide by their sum.",
        of(lambda r, q: r @ q / r.mean())),
    Mistake("best_action", "Only one action counts. All that were tried do.",
        of(lambda r, q: q.max()), of(lambda r, q: q[r.argmax()]), of(lambda r, q: (r * q).max()),
        of(lambda r, q: q[0]), of(lambda r, q: r[0] * q[0])),
    Mistake("sign", "The sign is wrong: this objective is to be maximised.",
        of(lambda r, q: -(r @ q) / r.sum())),
    Mistake("clipped", "The ratios are clipped. That is PPO; here they enter as they are.",
        of(lambda r, q: r.clip(0.8, 1.2) @ q / r.clip(0.8, 1.2).sum()),
        of(lambda r, q: np.minimum(r, 1) @ q / np.minimum(r, 1).sum())),
    Mistake("no_gradient", "The value is right, but no gradient reaches new_probs: is something detached?",
        slope(lambda r, old, q: 0 * q)),
    Mistake("divisor_detached",
        "The value is right, but Σ ρ is detached. Its gradient is the baseline: leave it in the graph.",
        slope(lambda r, old, q: q / old / r.sum())),
    Mistake("divisor_wrong",
        "The divisor is the sum of the new probabilities, or of something else. It is Σ ρ.",
        lambda new_probs, old_probs, q: left_open(
            (new_probs / old_probs) @ q / new_probs.sum(), new_probs=new_probs),
        lambda new_probs, old_probs, q: left_open(
            (new_probs / old_probs) @ q / old_probs.sum(), new_probs=new_probs),
        of(lambda r, q: (r @ q) / np.abs(r * q).sum()), of(lambda r, q: (r @ q) / np.abs(r @ q))),
    Mistake("ratio_of_sums",
        "The probabilities are summed before they are divided. Each action has a ratio of its own.",
        lambda new_probs, old_probs, q: left_open(
            new_probs.sum() / old_probs.sum() * q.mean(), new_probs=new_probs)),
    Mistake("root_of_ratio", "The root of the ratio is the weight. The ratio itself is.",
        of(lambda r, q: np.sqrt(r) @ q / np.sqrt(r).sum())),
    Mistake("log_probability", "The logarithm of the new probability is the weight. The ratio is.",
        lambda new_probs, old_probs, q: left_open(np.log(new_probs) @ q, new_probs=new_probs),
        lambda new_probs, old_probs, q: left_open(
            np.log(new_probs) @ q / (new_probs / old_probs).sum(), new_probs=new_probs)),
    Mistake("numerator_detached",
        "The value is right, but part of the gradient is missing: the ratios stand above and below, and "
        "both move.",
        shows=Trace(traces.value_without_gradient)),
)  # fmt: skip

VIVA = (
    "Add 10 to every Q. What happens to your number, and what to its gradient?",
    "Which property of the plain importance-weighted mean is given up by dividing by Σ ρ?",
    "All K actions drawn were the same one. What is the surrogate, and what does the state teach?",
)

EXERCISE = Exercise(
    vine_surrogate,
    draw,
    points=2,
    minutes=10,
    stars=1,
    mistakes=MISTAKES,
    pure=True,
    gradient=("new_probs",),
    viva=VIVA,
)
