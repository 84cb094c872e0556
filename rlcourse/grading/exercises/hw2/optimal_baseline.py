"""b* = E[‖g‖² R] / E[‖g‖²]: the baseline that makes E‖g (R − b)‖² smallest; expectations are means over N.

scores [N, P] (g, one row a trajectory), returns [N]; the answer is a number. As E[g] = 0, that second moment
is the summed variance of g (R − b) up to a constant.
"""

import numpy as np

from rlcourse.grading.record import Exercise, Mistake


def optimal_baseline(scores, returns):
    weights = (scores**2).sum(1)
    return weights @ returns / weights.sum()


def draw(rng):
    cases = []
    for n, p in ((5, 3), (8, 2), (4, 4), (6, 1), (10, 3)):
        scores = rng.normal(0, 1, (n, p)) * rng.uniform(0.3, 2, (n, 1))
        returns = rng.normal(2, 1.5, n) + 0.8 * (scores**2).sum(1)  # large scores, large returns
        cases.append({"scores": scores, "returns": returns})
    return cases


def weighed(weights):
    """Σ w R / Σ w with other weights w(scores) [N]."""
    return lambda scores, returns: weights(scores) @ returns / weights(scores).sum()


def of(wrong):
    """Something else, made of ‖g‖² [N], R and the scores."""
    return lambda scores, returns: wrong((scores**2).sum(1), returns, scores)


def centred(w, R, g):
    """The minimiser of the sample variance: with the sample means of g and gR taken off."""
    mean_g, mean_gR = g.mean(0), (g * R[:, None]).mean(0)
    return (w @ R / len(R) - mean_g @ mean_gR) / (w.mean() - mean_g @ mean_g)


def by_covariance(w, R, g):
    """Cov(g, gR) / Var(g), parameter by parameter."""
    off = g - g.mean(0)
    return (off * g * R[:, None]).mean(0) / (off**2).mean(0)


def by_parameter(w, R, g):
    return (g**2 * R[:, None]).mean(0) / (g**2).mean(0)


MISTAKES = (
    Mistake("mean_return",
        "This is the mean return: a good baseline, not the best one. Weigh each return by ‖g‖².",
        of(lambda w, R, g: R.mean()), of(lambda w, R, g: R.sum())),
    Mistake("norm_not_squared", "The weights are ‖g‖. The variance is of second order: ‖g‖².",
        weighed(lambda g: np.linalg.norm(g, axis=1))),
    Mistake("sum_before_square",
        "The entries of each score are summed before the square. ‖g‖² is the sum of the squares.",
        weighed(lambda g: g.sum(1) ** 2)),
    Mistake("absolute_values", "The weights are sums of absolute values. ‖g‖² is the sum of the squares.",
        weighed(lambda g: np.abs(g).sum(1))),
    Mistake("signed_scores", "The scores weigh with their signs. Their squares do: ‖g‖².",
        weighed(lambda g: g.sum(1)), weighed(lambda g: g[:, 0]),
        lambda scores, returns: (scores * returns[:, None]).mean(0) / scores.mean(0),
        lambda scores, returns: ((scores * returns[:, None]).mean(0) / scores.mean(0)).mean()),
    Mistake("one_per_parameter",
        "This is a baseline for each parameter. Asked is one number for all: sum the squares over the "
        "parameters first.",
        of(by_parameter), of(lambda w, R, g: by_parameter(w, R, g).mean()),
        of(lambda w, R, g: by_parameter(w, R, g).sum())),
    Mistake("one_per_parameter", "Only one parameter has a say. ‖g‖² sums over all of them.",
        weighed(lambda g: g[:, 0] ** 2)),
    Mistake("not_divided", "The mean of ‖g‖² R is not divided by that of ‖g‖².",
        of(lambda w, R, g: np.mean(w * R)), of(lambda w, R, g: np.sum(w * R))),
    Mistake("not_divided",
        "The numerator is a mean over N and the denominator a sum, or the other way round.",
        of(lambda w, R, g: np.mean(w * R) / w.sum()), of(lambda w, R, g: np.sum(w * R) / w.mean())),
    Mistake("inverted", "Numerator and denominator have changed places.",
        of(lambda w, R, g: w.sum() / (w @ R))),
    Mistake("sample_means_removed",
        "The sample means of g and gR are taken off. E[g] = 0 is known: b minimises the mean of ‖g(R − b)‖².",
        of(centred), of(by_covariance), of(lambda w, R, g: by_covariance(w, R, g).mean()),
        of(lambda w, R, g: ((g - g.mean(0)) ** 2).sum(1) @ R / ((g - g.mean(0)) ** 2).sum())),
    Mistake("divided_by_returns", "The sum is divided by that of the returns. The weights are ‖g‖².",
        of(lambda w, R, g: w @ R / R.sum())),
    Mistake("returns_squared", "The returns enter twice. They are averaged as they are, with weights ‖g‖².",
        of(lambda w, R, g: w @ R**2 / (w @ R)), of(lambda w, R, g: w @ R**2 / w.sum()),
        of(lambda w, R, g: np.sqrt(w @ R**2 / w.sum()))),
    Mistake("regression", "This is a slope or a correlation of R over ‖g‖². Asked is a weighted mean of R.",
        of(lambda w, R, g: np.cov(w, R)[0, 1] / w.var(ddof=1)), of(lambda w, R, g: np.corrcoef(w, R)[0, 1]),
        of(lambda w, R, g: np.cov(w, R, ddof=0)[0, 1]), of(lambda w, R, g: w @ R / (w @ w))),
    Mistake("product_of_means",
        "‖g‖² and R are averaged apart. It is their product whose mean counts.",
        of(lambda w, R, g: w.mean() * R.mean())),
    Mistake("norm_of_mean", "The scores are averaged before they are squared. Square each sample's own.",
        of(lambda w, R, g: (g.mean(0) ** 2).sum() * R.mean()),
        of(lambda w, R, g: (g.mean(0) ** 2).sum() * R.mean() / w.mean()),
        of(lambda w, R, g: ((g * R[:, None]).mean(0) ** 2).sum() / w.mean())),
    Mistake("sign", "The sign is turned round: b is subtracted from R, R − b.",
        of(lambda w, R, g: -w @ R / w.sum())),
    Mistake("norm_to_the_fourth", "The norm is taken to the fourth power. ‖g‖² is the weight.",
        of(lambda w, R, g: w**2 @ R / (w**2).sum()), of(lambda w, R, g: (g**4).sum(1) @ R / (g**4).sum()),
        of(lambda w, R, g: w**1.5 @ R / (w**1.5).sum())),
    Mistake("weights_inverted", "Large scores count little. They make the variance: they must count most.",
        of(lambda w, R, g: (1 / w) @ R / (1 / w).sum())),
    Mistake("centred_returns", "The mean is taken off the returns first. Asked is the baseline itself.",
        of(lambda w, R, g: w @ (R - R.mean()) / w.sum())),
    Mistake("one_per_sample", "One number a sample comes back. The baseline is one number for all.",
        of(lambda w, R, g: w * R / w.sum()), of(lambda w, R, g: w * R / w.mean()),
        of(lambda w, R, g: R - w @ R / w.sum())),
    Mistake("median", "This is the median return. Weigh each return by ‖g‖² and average.",
        of(lambda w, R, g: np.median(R))),
    Mistake("extreme_return", "This is the largest or smallest return.",
        of(lambda w, R, g: R.max()), of(lambda w, R, g: R.min()), of(lambda w, R, g: R[w.argmax()])),
)  # fmt: skip

VIVA = (
    "Which returns have the most say in b, and why these?",
    "Put b twice as far from b* as 0 is. What happens to the variance?",
    "May b be computed from the same trajectories as the gradient? What is then no longer exact?",
)

EXERCISE = Exercise(
    optimal_baseline, draw, points=3, minutes=15, stars=2, mistakes=MISTAKES, pure=True, viva=VIVA
)
