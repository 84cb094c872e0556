"""Means over samples of the old policy: k1 = −x, k2 = x²/2, k3 = eˣ − 1 − x, x = log π_new(a|s) − log
π_old(a|s).

log_ratio (x) [N]; the answer is three numbers (k1, k2, k3), in nats: estimates of KL(old ‖ new). Schulman,
"Approximating KL Divergence", 2020.
"""

import numpy as np

from rlcourse.equations import divergences
from rlcourse.grading.record import Exercise, Mistake


def kl_estimates(log_ratio):
    return tuple(estimate.mean() for estimate in divergences.kl_estimators(log_ratio))


def draw(rng):
    return [
        {"log_ratio": rng.normal(shift, 0.6, n)} for n, shift in ((6, -0.3), (9, 0.3), (4, -0.5), (12, 0.2))
    ]


def but(k1=lambda x: -x, k2=lambda x: x**2 / 2, k3=lambda x: np.exp(x) - 1 - x, reduce=np.mean):
    """The three estimates with one exchanged."""
    return lambda log_ratio: {
        "k1": reduce(k1(log_ratio)), "k2": reduce(k2(log_ratio)), "k3": reduce(k3(log_ratio))
    }  # fmt: skip


def permuted(*order):
    def wrong(log_ratio):
        k = but()(log_ratio)
        return dict(zip(("k1", "k2", "k3"), (k[name] for name in order), strict=True))

    return wrong


MISTAKES = (
    Mistake("k1_sign",
        "k1 has the wrong sign: log_ratio is new minus old, and KL(old ‖ new) averages old minus new.",
        but(k1=lambda x: x)),
    Mistake("k1_absolute", "k1 has no sign any more. Its errors must cancel, or it is biased.",
        but(k1=np.abs), but(k1=lambda x: np.maximum(-x, 0))),
    Mistake("k1_as_ratio", "k1 is made of the ratio. It is minus its logarithm.",
        but(k1=lambda x: np.exp(x)), but(k1=lambda x: -np.exp(x)), but(k1=lambda x: 1 - np.exp(x)),
        but(k1=lambda x: np.exp(-x))),
    Mistake("k2_half_missing", "k2 lacks its ½: near x = 0 the KL is half a square.",
        but(k2=lambda x: x**2)),
    Mistake("k2_square_of_mean", "k2 squares the mean. Square each sample, then average.",
        but(k2=lambda x: 0 * x + x.mean() ** 2 / 2), but(k2=lambda x: 0 * x + x.mean() ** 2)),
    Mistake("k2_variance", "k2 is a variance. The square is not centred.",
        but(k2=lambda x: 0 * x + x.var() / 2), but(k2=lambda x: 0 * x + x.var())),
    Mistake("k2_of_ratio", "k2 squares r − 1, or the ratio. It squares the logarithm.",
        but(k2=lambda x: (np.exp(x) - 1) ** 2 / 2), but(k2=lambda x: np.exp(x) ** 2 / 2),
        but(k2=lambda x: (np.exp(x) - 1) ** 2)),
    Mistake("k2_not_squared", "k2 is not squared.", but(k2=lambda x: np.abs(x) / 2), but(k2=lambda x: x / 2),
        but(k2=lambda x: -x / 2)),
    Mistake("k3_direction",
        "k3 is that of the other ratio, e^{−x} − 1 + x: its mean over the old policy is another divergence.",
        but(k3=lambda x: np.exp(-x) - 1 + x)),
    Mistake("k3_reverse_kl", "k3 weighs by the ratio: x eˣ − (eˣ − 1) estimates KL(new ‖ old).",
        but(k3=lambda x: x * np.exp(x) - (np.exp(x) - 1)), but(k3=lambda x: x * np.exp(x))),
    Mistake("k3_log_missing", "k3 lacks −x: eˣ − 1 alone has the mean 0.",
        but(k3=lambda x: np.exp(x) - 1), but(k3=lambda x: np.exp(x))),
    Mistake("k3_sign_of_log", "k3 adds x. It subtracts it: eˣ − 1 − x ≥ 0.",
        but(k3=lambda x: np.exp(x) - 1 + x)),
    Mistake("k3_one_missing", "k3 lacks −1: at x = 0 it is 0.", but(k3=lambda x: np.exp(x) - x),
        but(k3=lambda x: np.exp(x) + 1 - x)),
    Mistake("k3_sign", "k3 has the wrong sign: it is never negative.",
        but(k3=lambda x: 1 + x - np.exp(x))),
    Mistake("k3_without_exponential", "k3 takes x for the ratio. The ratio is eˣ.",
        but(k3=lambda x: x - 1 - np.log(np.abs(x))), but(k3=lambda x: x - 1 - x), but(k3=lambda x: x - 1)),
    Mistake("k3_of_mean", "k3 is made of the mean of x. Take it of each sample, then average.",
        but(k3=lambda x: 0 * x + np.exp(x.mean()) - 1 - x.mean())),
    Mistake("wrong_direction", "The ratio is upside down in all three: log_ratio is new minus old.",
        but(k1=lambda x: x, k3=lambda x: np.exp(-x) - 1 + x)),
    Mistake("summed", "The samples are summed. Average them.", but(reduce=np.sum)),
    Mistake("not_averaged", "The samples are not averaged: three numbers are asked.",
        but(reduce=lambda x: x)),
    Mistake("order", "The three are right, their order is not: (k1, k2, k3).",
        permuted("k1", "k3", "k2"), permuted("k2", "k1", "k3"), permuted("k3", "k2", "k1"),
        permuted("k2", "k3", "k1"), permuted("k3", "k1", "k2")),
    Mistake("all_the_same", "All three come from one formula.", permuted("k1", "k1", "k1"),
        permuted("k3", "k3", "k3"), permuted("k2", "k2", "k2")),
    Mistake("k1_weighted",
        "k1 is weighed by the ratio. The samples come from the old policy already: a plain mean.",
        but(k1=lambda x: -x * np.exp(x)), but(k1=lambda x: x * np.exp(x))),
    Mistake("k3_factor", "k3 has a factor that does not belong there: eˣ − 1 − x, each once.",
        but(k3=lambda x: (np.exp(x) - 1 - x) / 2), but(k3=lambda x: np.exp(x) - 1 - 2 * x),
        but(k3=lambda x: 2 * (np.exp(x) - 1 - x)), but(k3=lambda x: np.exp(x) - 1 - x / 2),
        but(k3=lambda x: np.exp(x) - 1 - x - x**2 / 2)),
    Mistake("log_twice", "A logarithm is taken of x. x is a logarithm already.",
        but(k1=lambda x: -np.log(np.abs(x)), k2=lambda x: np.log(np.abs(x)) ** 2 / 2,
            k3=lambda x: x - 1 - np.log(np.abs(x)))),
    Mistake("median", "This is the median of the samples. Their mean is asked.", but(reduce=np.median)),
    Mistake("largest", "One sample alone counts. The mean of all is asked.", but(reduce=np.max),
        but(reduce=lambda x: x[0]), but(reduce=lambda x: x[-1])),
)  # fmt: skip

VIVA = (
    "Which of the three may be negative, and what would an early stop by KL make of that?",
    "Why has eˣ − 1 the mean 0 under the old policy, and what does adding it to −x do?",
    "The two policies are far apart. Which estimate has the largest variance, and which sample makes it?",
)

EXERCISE = Exercise(
    kl_estimates,
    draw,
    points=3,
    minutes=10,
    stars=2,
    mistakes=MISTAKES,
    parts=("k1", "k2", "k3"),
    pure=True,
    viva=VIVA,
)
