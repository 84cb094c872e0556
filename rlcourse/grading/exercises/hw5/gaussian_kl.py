"""KL(N(μ, σ²) ‖ N(μ₂, σ₂²)) = Σ_d [ log σ₂/σ + (σ² + (μ − μ₂)²) / (2σ₂²) − ½ ], diagonal, in nats.

mean and other_mean [N, D], std and other_std > 0, [N, D] or [D]; the answer is [N].
"""

import numpy as np

from rlcourse.equations import divergences
from rlcourse.grading.record import Exercise, Mistake


def gaussian_kl(mean, std, other_mean, other_std):
    return divergences.gaussian_kl(mean, np.log(std), other_mean, np.log(other_std))


def draw(rng):
    cases = []
    for n, d, own, other in ((5, 3, True, True), (4, 2, False, False), (3, 1, True, True),
                             (6, 4, False, True), (4, 3, True, False)):  # fmt: skip
        cases.append(
            {
                "mean": rng.normal(0, 1, (n, d)),
                "std": rng.uniform(0.4, 0.9, (n, d) if own else d),
                "other_mean": rng.normal(0.5, 1, (n, d)),
                "other_std": rng.uniform(1.1, 1.8, (n, d) if other else d),
            }
        )
    return cases


def but(
    log=lambda s, t: np.log(t / s),
    spread=lambda s, t: s**2 / (2 * t**2),
    shift=lambda gap, s, t: gap**2 / (2 * t**2),
    constant=0.5,
    reduce=lambda x: x.sum(-1),
):
    """The formula with one term exchanged."""

    def wrong(mean, std, other_mean, other_std):
        x = log(std, other_std) + spread(std, other_std) + shift(mean - other_mean, std, other_std)
        return reduce(x - constant)

    return wrong


def reverse(mean, std, other_mean, other_std):
    return gaussian_kl(other_mean, other_std, mean, std)


MISTAKES = (
    Mistake("reversed",
        "This is KL(other ‖ own). The KL is not symmetric: the expectation is under the first, so the "
        "variance of the second stands below.", reverse),
    Mistake("symmetrised", "Both directions are mixed. KL(own ‖ other) alone is asked.",
        lambda **c: (gaussian_kl(**c) + reverse(**c)) / 2, lambda **c: gaussian_kl(**c) + reverse(**c)),
    Mistake("log_term_inverted", "log σ₂/σ has the wrong sign: the other's spread stands above.",
        but(log=lambda s, t: np.log(s / t))),
    Mistake("log_term_missing", "log σ₂/σ is missing.", but(log=lambda s, t: 0 * s * t)),
    Mistake("log_of_variances",
        "The logarithm is of the ratio of variances, twice too large: log σ₂/σ, or half that of the squares.",
        but(log=lambda s, t: 2 * np.log(t / s))),
    Mistake("log_term_missing", "The logarithm is halved.", but(log=lambda s, t: np.log(t / s) / 2)),
    Mistake("constant_missing", "−½ is missing in each dimension: the KL of equal Gaussians is 0.",
        but(constant=0.0)),
    Mistake("constant_wrong", "−½ belongs to each dimension: the KL of equal Gaussians is 0.",
        but(constant=1.0), but(constant=-0.5),
        lambda **c: but(constant=0.0)(**c) - 0.5),
    Mistake("half_missing", "The ½ is missing before (σ² + (μ − μ₂)²)/σ₂².",
        but(spread=lambda s, t: s**2 / t**2, shift=lambda g, s, t: g**2 / t**2),
        but(spread=lambda s, t: s**2 / t**2, shift=lambda g, s, t: g**2 / t**2, constant=1.0),
        but(shift=lambda g, s, t: g**2 / t**2), but(spread=lambda s, t: s**2 / t**2)),
    Mistake("doubled", "Everywhere twice, or half, the right answer.",
        lambda **c: 2 * gaussian_kl(**c), lambda **c: gaussian_kl(**c) / 2),
    Mistake("own_variance_below", "The distance of the means is divided by σ². Divide by the other's σ₂².",
        but(shift=lambda g, s, t: g**2 / (2 * s**2))),
    Mistake("std_not_squared", "A standard deviation stands where its square belongs.",
        but(spread=lambda s, t: s / (2 * t), shift=lambda g, s, t: g**2 / (2 * t)),
        but(spread=lambda s, t: s / (2 * t)), but(shift=lambda g, s, t: g**2 / (2 * t)),
        but(spread=lambda s, t: s / (2 * t**2))),
    Mistake("std_as_variance", "std is taken for the variance. It is σ: square it.",
        lambda mean, std, other_mean, other_std:
            gaussian_kl(mean, np.sqrt(std), other_mean, np.sqrt(other_std))),
    Mistake("std_as_log_std", "std is taken for log σ. It is σ itself.",
        lambda mean, std, other_mean, other_std:
            divergences.gaussian_kl(mean, std, other_mean, other_std)),
    Mistake("distance_not_squared", "The distance of the means is not squared.",
        but(shift=lambda g, s, t: np.abs(g) / (2 * t**2)), but(shift=lambda g, s, t: g / (2 * t**2)),
        but(shift=lambda g, s, t: -g / (2 * t**2))),
    Mistake("distance_missing", "The means are not compared.", but(shift=lambda g, s, t: 0 * g)),
    Mistake("spreads_missing", "Only the means are compared. The spreads differ, too.",
        lambda **c: but(log=lambda s, t: 0 * s * t, spread=lambda s, t: 0 * s * t, constant=0.0)(**c),
        but(spread=lambda s, t: 0 * s * t)),
    Mistake("sum_of_means", "The means are added. Their difference is squared.",
        lambda other_mean, **c: gaussian_kl(other_mean=-other_mean, **c)),
    Mistake("not_summed", "The dimensions are still apart, [N, D]. Those of one Gaussian are summed: [N].",
        but(reduce=lambda x: x)),
    Mistake("mean_over_dimensions", "The dimensions are averaged. The KL of independent parts is a sum.",
        but(reduce=lambda x: x.mean(-1))),
    Mistake("batch_reduced", "The batch is summed or averaged. Each row has a KL of its own, [N].",
        but(reduce=lambda x: x.sum()), but(reduce=lambda x: x.mean()), but(reduce=lambda x: x.sum(-1).mean()),
        but(reduce=lambda x: x.sum(0)), but(reduce=lambda x: x.mean(0))),
    Mistake("sign", "The sign is wrong: a KL is never negative.", lambda **c: -gaussian_kl(**c)),
    Mistake("kept_dimension", "The summed axis is still there, [N, 1]. [N] is asked.",
        but(reduce=lambda x: np.repeat(x.sum(-1, keepdims=True), 2, -1)[:, :1])),
    Mistake("own_variance_below", "All is divided by the own variance. σ₂², the other's, stands below.",
        but(spread=lambda s, t: 0.5 + 0 * s * t, shift=lambda g, s, t: g**2 / (2 * s**2)),
        but(spread=lambda s, t: t**2 / (2 * s**2), shift=lambda g, s, t: g**2 / (2 * s**2))),
    Mistake("std_not_squared", "σ₂ stands below where σ₂² belongs.",
        but(spread=lambda s, t: s**2 / (2 * t), shift=lambda g, s, t: g**2 / (2 * t))),
    Mistake("sum_squared", "(σ + |μ − μ₂|)² takes the place of σ² + (μ − μ₂)²: square each by itself.",
        but(spread=lambda s, t: 0 * s * t, shift=lambda g, s, t: (s + np.abs(g)) ** 2 / (2 * t**2)),
        but(spread=lambda s, t: 0 * s * t, shift=lambda g, s, t: (s + g) ** 2 / (2 * t**2))),
    Mistake("brackets_missing",
        "Brackets are missing: σ² + (μ − μ₂)² as a whole is divided by 2σ₂² as a whole.",
        but(spread=lambda s, t: s**2 + 0 * t), but(shift=lambda g, s, t: g**2 + 0 * t),
        but(spread=lambda s, t: s**2 / 2 * t**2, shift=lambda g, s, t: g**2 / 2 * t**2),
        but(spread=lambda s, t: s**2 + 0 * t, shift=lambda g, s, t: g**2 / 2 * t**2)),
    Mistake("largest_dimension", "One dimension alone counts. Those of one Gaussian are summed: [N].",
        but(reduce=lambda x: x.max(-1)), but(reduce=lambda x: x[..., 0]), but(reduce=lambda x: x[..., -1])),
)  # fmt: skip

VIVA = (
    "Which of the two spreads may go to 0 without the KL going to infinity?",
    "Halve both standard deviations and keep the means. What happens to the KL, and to a step in θ of PPO?",
    "Which entries of the answer change when one row of `mean` does, and why is the batch not averaged here?",
)

EXERCISE = Exercise(gaussian_kl, draw, points=3, minutes=15, stars=2, mistakes=MISTAKES, pure=True, viva=VIVA)
