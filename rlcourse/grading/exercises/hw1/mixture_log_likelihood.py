"""log p(a) = log Σ_k w_k N(a; μ_k, σ_k²): log-likelihoods under a mixture of Gaussians.

actions [N]; weights, means and log_stds [K], the weights ≥ 0 with sum 1, σ = exp(log_std); the answer is [N],
in nats, finite however far a lies from every mean: by log-sum-exp. Bishop 2006, section 9.2.
"""

import numpy as np
from scipy.special import logsumexp

from rlcourse.grading.record import Exercise, Mistake


def mixture_log_likelihood(actions, weights, means, log_stds):
    return logsumexp(log_densities(actions, means, log_stds), axis=1, b=weights)


def log_densities(actions, means, log_stds):
    """log N(a_n; μ_k, σ_k²), [N, K]."""
    z = (actions[:, None] - means) / np.exp(log_stds)
    return -(z**2) / 2 - log_stds - np.log(2 * np.pi) / 2


def draw(rng):
    """Near the means; one component without weight, and one alone; so far away that every density is 0."""
    cases = []
    for n, k, kind in ((5, 3, "near"), (4, 2, "near"), (6, 4, "zero"), (3, 1, "near"), (4, 3, "far"),
                       (4, 2, "both")):  # fmt: skip
        weights = rng.dirichlet(2 * np.ones(k))
        if kind == "zero":
            weights[rng.integers(k)] = 0.0
            weights /= weights.sum()
        means, log_stds = rng.normal(0, 1.5, k), rng.uniform(-1.2, -0.3, k)
        actions = rng.normal(0, 1.5, n)
        if kind == "far":
            actions = actions + 60 * rng.choice([-1, 1], n)
        if kind == "both":  # one near, one far: they do not share their largest exponent
            actions = actions + 36 * (np.arange(n) > 0)
        cases.append({"actions": actions, "weights": weights, "means": means, "log_stds": log_stds})
    return cases


def of(wrong):
    """Something else, made of log N [N, K] and the weights."""
    return lambda actions, weights, means, log_stds: wrong(log_densities(actions, means, log_stds), weights)


def but(**changes):
    """The right answer to a case in which something is exchanged."""
    return lambda **case: mixture_log_likelihood(**case | {k: f(case) for k, f in changes.items()})


def plus(term):
    """Something added to each log N: (log_std) -> number."""
    return lambda actions, weights, means, log_stds: logsumexp(
        log_densities(actions, means, log_stds) + term(log_stds), axis=1, b=weights
    )


def naive(floor=0.0, dtype=np.float64):
    """The logarithm of the sum of densities, which are 0 far away."""

    def wrong(L, w):
        with np.errstate(divide="ignore", under="ignore"):
            return np.log((w * np.exp(L.astype(dtype))).sum(1) + floor)

    return of(wrong)


def softmax(w):
    return np.exp(w) / np.exp(w).sum()


def exponent(scale):
    """exp(−z²·scale/2) in the place of exp(−z²/2)."""
    return lambda actions, weights, means, log_stds: logsumexp(
        -scale * ((actions[:, None] - means) / np.exp(log_stds)) ** 2 / 2 - log_stds - np.log(2 * np.pi) / 2,
        axis=1, b=weights)  # fmt: skip


def log_of(w):
    return np.log(np.maximum(w, 1e-300))


def largest_of_all(actions, weights, means, log_stds):
    L = log_densities(actions, means, log_stds) + log_of(weights)
    with np.errstate(divide="ignore"):
        return L.max() + np.log(np.exp(L - L.max()).sum(1))


def but_one(std):
    """A single Gaussian, with a standard deviation made of w, μ and σ."""

    def wrong(actions, weights, means, log_stds):
        s = std(weights, means, np.exp(log_stds))
        return log_densities(actions, np.array([weights @ means]), np.log([s]))[:, 0]

    return wrong


def nearest_mean(actions, weights, means, log_stds):
    L = log_densities(actions, means, log_stds)
    return L[np.arange(len(actions)), np.abs(actions[:, None] - means).argmin(1)]


def absolute_distance(actions, weights, means, log_stds):
    L = -np.abs(actions[:, None] - means) / np.exp(log_stds) / 2 - log_stds - np.log(2 * np.pi) / 2
    return logsumexp(L, axis=1, b=weights)


MISTAKES = (
    Mistake("underflow",
        "Far from every mean all densities are 0 to the computer, and their logarithm is −∞. Take the "
        "largest "
        "logarithm out of the sum first: log Σ e^l = m + log Σ e^{l − m}.",
        naive(), naive(dtype=np.float32)),
    Mistake("floor",
        "A small number is added before the logarithm: far away the answer is that number's, and flat. Take "
        "the "
        "largest logarithm out of the sum: log Σ e^l = m + log Σ e^{l − m}.",
        *(naive(e) for e in (1e-8, 1e-10, 1e-12, 1e-6, 1e-300, 1e-20, 1e-9, 1e-16, 1e-30, 1e-5, 1e-7))),
    Mistake("mean_of_logs",
        "The logarithms are averaged. A mixture averages the densities: the logarithm comes after the sum.",
        of(lambda L, w: L @ w)),
    Mistake("product",
        "The logarithms are added up, so the densities are multiplied. A mixture averages them.",
        of(lambda L, w: L.sum(1)), of(lambda L, w: (L + np.log(np.maximum(w, 1e-300))).sum(1))),
    Mistake("weights_ignored", "The weights are not used.", of(lambda L, w: logsumexp(L, axis=1)),
        of(lambda L, w: logsumexp(L, axis=1) - np.log(L.shape[1])),
        but(weights=lambda c: np.full(len(c["weights"]), 1 / len(c["weights"])))),
    Mistake("weights_as_logs",
        "The weights are added to the logarithms as they are. They multiply the densities: add log w.",
        of(lambda L, w: logsumexp(L + w, axis=1)), of(lambda L, w: logsumexp(L * w, axis=1))),
    Mistake("weights_softmaxed", "A softmax is taken of the weights. They are probabilities already.",
        but(weights=lambda c: softmax(c["weights"]))),
    Mistake("largest_component", "Only the nearest or largest component counts. All of them do: a sum.",
        of(lambda L, w: (L + np.log(np.maximum(w, 1e-300))).max(1)), of(lambda L, w: L.max(1)),
        of(lambda L, w: L[:, w.argmax()]), of(lambda L, w: L.max(1) + np.log(w[L.argmax(1)] + 1e-300))),
    Mistake("first_component", "Only one component counts. All of them do: a sum.",
        of(lambda L, w: L[:, 0]), of(lambda L, w: L[:, -1])),
    Mistake("constant_missing", "½ log 2π is missing: without it the density does not integrate to 1.",
        plus(lambda l: np.log(2 * np.pi) / 2)),
    Mistake("constant_wrong", "The constant is ½ log 2π: 1/√(2π), not 1/(2π), nor √(2π) alone.",
        plus(lambda l: -np.log(2 * np.pi) / 2), plus(lambda l: np.log(2 * np.pi)),
        plus(lambda l: np.log(2) / 2), plus(lambda l: np.log(np.pi) / 2)),
    Mistake("scale_missing", "log σ is missing: a narrow Gaussian is higher.", plus(lambda l: l),
        plus(lambda l: l + np.log(2 * np.pi) / 2)),
    Mistake("scale_twice", "σ stands in the wrong power before the exponential: 1/σ.",
        plus(lambda l: -l), plus(lambda l: 2 * l), plus(lambda l: l / 2)),
    Mistake("log_std_as_std", "log_std is used as σ itself. σ = exp(log_std).",
        lambda **c: naive_density(**c, std=lambda l: l), lambda **c: naive_density(**c, std=np.abs)),
    Mistake("log_std_as_log_variance", "log_std is taken for the logarithm of the variance: σ² = exp(2 "
        "log_std).",
        but(log_stds=lambda c: c["log_stds"] / 2), but(log_stds=lambda c: 2 * c["log_stds"])),
    Mistake("variance_in_part", "The exponent has σ in the wrong power: −(a − μ)²/(2σ²).",
        lambda **c: powers_of_std(**c, power=1), lambda **c: powers_of_std(**c, power=4)),
    Mistake("half_missing", "The exponent lacks its ½: −(a − μ)²/(2σ²).", exponent(2.0), exponent(0.5)),
    Mistake("exponent_sign", "The exponent has the wrong sign: far away the density is small.",
        exponent(-1.0)),
    Mistake("negative", "This is the negative log-likelihood. The log-likelihood itself is asked.",
        of(lambda L, w: -logsumexp(L, axis=1, b=w))),
    Mistake("density", "This is the density. Its logarithm is asked.",
        of(lambda L, w: np.exp(L) @ w)),
    Mistake("summed", "The actions are summed or averaged. Each has its own log-likelihood, [N].",
        of(lambda L, w: logsumexp(L, axis=1, b=w).mean()), of(lambda L, w: logsumexp(L, axis=1, b=w).sum())),
    Mistake("by_component", "The components are still apart, [N, K]. A mixture sums them.",
        of(lambda L, w: L), of(lambda L, w: L + np.log(np.maximum(w, 1e-300))),
        of(lambda L, w: L + np.log(w))),
    Mistake("over_actions", "The sum runs over the actions. It runs over the components.",
        of(lambda L, w: logsumexp(L + np.log(np.maximum(w, 1e-300)), axis=0)),
        of(lambda L, w: logsumexp(L, axis=0))),
    Mistake("largest_of_all",
        "One largest exponent is taken for all actions: far actions underflow all the same. Each action "
        "has its own, along the components.",
        largest_of_all),
    Mistake("not_added_back",
        "The largest exponent is taken out of the sum and not added again: log Σ e^l = m + log Σ e^{l − m}.",
        *(of(lambda L, w, k=k: logsumexp(L, axis=1, b=w) - (L + k * log_of(w)).max(1)) for k in (0.0, 1.0))),
    Mistake("one_gaussian",
        "This is one Gaussian with the mixture's mean. The mixture has a hill for each component.",
        but_one(lambda w, m, s: w @ s), but_one(lambda w, m, s: np.sqrt(w @ (s**2 + m**2) - (w @ m) ** 2)),
        but_one(lambda w, m, s: np.sqrt(w @ s**2))),
    Mistake("largest_component", "Only the nearest component counts. All of them do: a sum.",
        nearest_mean),
    Mistake("weights_twice", "The weights are used twice.", but(weights=lambda c: c["weights"] ** 2)),
    Mistake("not_squared",
        "The distance in the exponent is not squared: −(a − μ)²/(2σ²).",
        absolute_distance),
)  # fmt: skip


def naive_density(actions, weights, means, log_stds, std):
    """With another standard deviation, which may be negative."""
    s = std(log_stds)
    with np.errstate(all="ignore"):
        L = -(((actions[:, None] - means) / s) ** 2) / 2 - np.log(np.sqrt(2 * np.pi) * s)
    return logsumexp(L, axis=1, b=weights)


def powers_of_std(actions, weights, means, log_stds, power):
    s = np.exp(log_stds)
    L = -((actions[:, None] - means) ** 2) / (2 * s**power) - log_stds - np.log(2 * np.pi) / 2
    return logsumexp(L, axis=1, b=weights)


VIVA = (
    "Two equal components, far apart: what is log p at one of the means, and what of that is the weight?",
    "A weight is exactly 0. What happens in your code, and why is the answer finite?",
    "Fit one Gaussian to the two ways round a tree. Where is its mean, and what does the mixture gain there?",
)

EXERCISE = Exercise(
    mixture_log_likelihood, draw, points=4, minutes=20, stars=2, mistakes=MISTAKES, pure=True, viva=VIVA
)
