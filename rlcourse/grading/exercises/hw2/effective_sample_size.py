"""ESS = (Σ w)² / Σ w²: how many samples of equal weight would average as well.

weights [N] ≥ 0, not all 0, of any scale; the answer is a number from 1 to N. Kish 1965.
"""

import numpy as np

from rlcourse.equations import importance
from rlcourse.grading.record import Exercise, Mistake


def effective_sample_size(weights):
    return importance.effective_sample_size(weights)


def draw(rng):
    one = np.zeros(5)
    one[rng.integers(5)] = rng.uniform(0.5, 3)
    return [
        {"weights": rng.gamma(0.8, 1, 6)},
        {"weights": rng.uniform(0.2, 3, 5)},
        {"weights": 40 * rng.gamma(0.5, 1, 8)},
        {"weights": np.full(4, 0.25)},  # equal: all of them
        {"weights": np.full(6, 2.0)},
        {"weights": one},  # one has everything
        {"weights": 0.05 * rng.uniform(0.2, 3, 7) * (rng.permutation(7) > 1)},  # some have nothing
    ]


def of(wrong):
    return lambda weights: wrong(weights / weights.sum(), weights, len(weights))


def entropy(share):
    return -np.sum(share[share > 0] * np.log(share[share > 0]))


MISTAKES = (
    Mistake("inverted", "The fraction is upside down: equal weights must give N, one weight alone 1.",
        of(lambda p, w, n: (p**2).sum()), of(lambda p, w, n: 1 - (p**2).sum())),
    Mistake("sum_not_squared", "The sum is not squared, so the answer depends on the scale of the weights.",
        of(lambda p, w, n: w.sum() / (w**2).sum())),
    Mistake("squares_missing", "The weights are not squared below the fraction: what is left is their sum.",
        of(lambda p, w, n: w.sum())),
    Mistake("squares_for_square",
        "(Σw)² is the square of the sum, Σw² the sum of the squares: they are two things.",
        of(lambda p, w, n: 1.0), of(lambda p, w, n: (w**2).sum())),
    Mistake("not_divided", "The square of the sum is not divided by the sum of the squares.",
        of(lambda p, w, n: w.sum() ** 2)),
    Mistake("weights_normalised_once",
        "The weights are assumed to sum to 1: divide by their sum first, squared.",
        of(lambda p, w, n: 1 / (w**2).sum())),
    Mistake("fraction_of_n", "This is a fraction of N. Asked is the number of samples.",
        of(lambda p, w, n: 1 / (p**2).sum() / n), of(lambda p, w, n: 1 / (p**2).sum() / n**2)),
    Mistake("times_n", "A factor N too many: sums above and below, or means above and below with N.",
        of(lambda p, w, n: n / (p**2).sum())),
    Mistake("perplexity", "This is exp of the entropy, another measure. Asked is (Σw)²/Σw².",
        of(lambda p, w, n: np.exp(entropy(p))), of(lambda p, w, n: entropy(p))),
    Mistake("largest_weight", "This is one over the largest share, another measure. Asked is (Σw)²/Σw².",
        of(lambda p, w, n: 1 / p.max())),
    Mistake("count", "This counts samples, whatever their weights.",
        of(lambda p, w, n: n), of(lambda p, w, n: np.count_nonzero(w)),
        of(lambda p, w, n: np.count_nonzero(w > w.mean())),
        of(lambda p, w, n: np.count_nonzero(w >= w.mean()))),
    Mistake("sample_variance",
        "N/(1 + cv²) is right with the population's variance. The sample's, which divides by N − 1, is too "
        "large.",
        of(lambda p, w, n: n / (1 + w.var(ddof=1) / w.mean() ** 2))),
    Mistake("variance_not_scaled",
        "N/(1 + Var w) holds for weights of mean 1: divide the variance by the square of the mean.",
        of(lambda p, w, n: n / (1 + w.var())), of(lambda p, w, n: n / (1 + w.var(ddof=1))),
        of(lambda p, w, n: n / (1 + p.var())), of(lambda p, w, n: n / (1 + w.std() / w.mean()))),
    Mistake("root", "The root is taken: (Σw)/√Σw². Asked is its square.",
        of(lambda p, w, n: 1 / np.sqrt((p**2).sum()))),
    Mistake("squared_again", "The weights are squared before they are summed above: Σw above, not Σw².",
        of(lambda p, w, n: (w**2).sum() ** 2 / (w**4).sum())),
    Mistake("wrong_power", "The powers are others: Σw squared, over the sum of the squares.",
        of(lambda p, w, n: np.sqrt(w).sum() ** 2 / w.sum()), of(lambda p, w, n: w.sum() ** 3 / (w**3).sum()),
        of(lambda p, w, n: np.sqrt(w.sum() ** 3 / (w**3).sum())), of(lambda p, w, n: n - (w**2).sum())),
    Mistake("rounded", "The answer is rounded. It need not be a whole number.",
        of(lambda p, w, n: np.floor(1 / (p**2).sum() + 1e-9)),
        of(lambda p, w, n: np.round(1 / (p**2).sum())),
        of(lambda p, w, n: np.ceil(1 / (p**2).sum() - 1e-9))),
    Mistake("per_sample", "Several numbers come back. The effective size is one.",
        of(lambda p, w, n: p), of(lambda p, w, n: w**2 / (w**2).sum())),
)  # fmt: skip

VIVA = (
    "Weights 1, 1, 2: compute it by hand.",
    "All samples drawn have nearly equal weights, and the ones that matter were not drawn. What does the "
    "number say?",
    "Multiply all weights by 7. Which line of your code makes sure that nothing happens?",
)

EXERCISE = Exercise(
    effective_sample_size, draw, points=2, minutes=5, stars=1, mistakes=MISTAKES, pure=True, viva=VIVA
)
