"""min(r Â, clip(r, 1 − ε, 1 + ε) Â) of each sample, r = π_θ(a|s) / π_old(a|s): PPO's objective before the
mean.

ratio and advantage [N], clip (ε) a number between 0 and 1; the answer is [N], in the units of the advantage.
Schulman et al. 2017, eq. 7.
"""

import numpy as np

from rlcourse.equations import objectives
from rlcourse.grading.exercises.hw5._open import left_open, ratios
from rlcourse.grading.record import Exercise, Mistake, Trace
from rlcourse.grading.rules import traces


def clipped_objective(ratio, advantage, clip):
    return objectives.clipped_objective(ratio, advantage, clip)


def draw(rng):
    cases = []
    for n, clip in ((1, 0.2), (2, 0.1), (1, 0.3), (2, 0.2)):
        ratio, advantage = ratios(rng, n, clip)
        cases.append({"ratio": ratio, "advantage": advantage, "clip": clip})
    return cases


def of(wrong):
    return lambda ratio, advantage, clip: left_open(wrong(ratio, advantage, clip), ratio=ratio)


def by_clip(inner):
    """min(r Â, c Â) with another clipped ratio c."""
    return of(lambda r, A, e: np.minimum(r * A, inner(r, e) * A))


def slope(wrong):
    """The right values with another gradient."""
    return lambda ratio, advantage, clip: {
        "value": clipped_objective(ratio, advantage, clip),
        "ratio_gradient": wrong(ratio, advantage, clip),
    }


def clipped(r, e):
    return np.clip(r, 1 - e, 1 + e)


def right(r, A, e):
    return np.minimum(r * A, clipped(r, e) * A)


MISTAKES = (
    Mistake("no_minimum",
        "The clipped term stands alone. Without the minimum a ratio on the bad side has no slope back: where "
        "r < 1 − ε and Â > 0 nothing repairs it.",
        of(lambda r, A, e: clipped(r, e) * A)),
    Mistake("maximum", "The maximum is taken. The minimum makes it a pessimistic bound: never above r Â.",
        of(lambda r, A, e: np.maximum(r * A, clipped(r, e) * A))),
    Mistake("no_clip", "Nothing is clipped: this is the plain surrogate r Â.", of(lambda r, A, e: r * A)),
    Mistake("minimum_of_ratios",
        "The minimum is of the ratios, before Â multiplies them. With Â < 0 that turns it round: take it of "
        "the products.",
        of(lambda r, A, e: np.minimum(r, clipped(r, e)) * A)),
    Mistake("maximum", "The ratio is only bounded from below. The minimum of the two products is asked.",
        of(lambda r, A, e: np.maximum(r, clipped(r, e)) * A)),
    Mistake("lower_edge_missing", "There is no lower edge: with Â < 0 and r < 1 − ε nothing is clipped.",
        by_clip(lambda r, e: np.minimum(r, 1 + e))),
    Mistake("upper_edge_missing", "There is no upper edge: with Â > 0 and r > 1 + ε nothing is clipped.",
        by_clip(lambda r, e: np.maximum(r, 1 - e))),
    Mistake("clips_the_product", "The product r Â is clipped. The ratio alone is.",
        of(lambda r, A, e: np.minimum(r * A, clipped(r * A, e))), of(lambda r, A, e: clipped(r * A, e))),
    Mistake("centred_at_zero", "The ratio is clipped to [−ε, ε]. It lies around 1.",
        by_clip(lambda r, e: np.clip(r, -e, e)), of(lambda r, A, e: np.clip(r, -e, e) * A)),
    Mistake("centred_at_zero", "The ratio is clipped to [0, ε]. It lies around 1.",
        by_clip(lambda r, e: np.clip(r, 0, e))),
    Mistake("geometric_edges", "The lower edge is 1/(1 + ε), or the upper 1/(1 − ε). Here both are 1 ± ε.",
        by_clip(lambda r, e: np.clip(r, 1 / (1 + e), 1 + e)),
        by_clip(lambda r, e: np.clip(r, 1 - e, 1 / (1 - e)))),
    Mistake("width_wrong", "The edges are not 1 − ε and 1 + ε.",
        by_clip(lambda r, e: clipped(r, e / 2)), by_clip(lambda r, e: clipped(r, 2 * e)),
        by_clip(lambda r, e: clipped(r, 0)), by_clip(lambda r, e: clipped(r, 0.15)),
        by_clip(lambda r, e: clipped(r, e**2))),
    Mistake("one_subtracted", "r − 1 multiplies Â. The ratio does.",
        of(lambda r, A, e: right(r, A, e) - A)),
    Mistake("zeroed", "What is clipped is set to 0. It stays at the edge's value: its slope is 0, not it.",
        of(lambda r, A, e: np.where(np.abs(r - 1) > e, 0, r * A)),
        of(lambda r, A, e: np.where(right(r, A, e) < r * A, 0, r * A))),
    Mistake("sign", "The sign is wrong. This objective is maximised; a loss is made of it later.",
        of(lambda r, A, e: -right(r, A, e))),
    Mistake("reduced", "The samples are summed or averaged. Each has its own value here, [N].",
        of(lambda r, A, e: right(r, A, e).mean()), of(lambda r, A, e: -right(r, A, e).mean()),
        of(lambda r, A, e: right(r, A, e).sum())),
    Mistake("exponentiated", "The ratio is exponentiated. It is a ratio already, not a logarithm.",
        of(lambda r, A, e: right(np.exp(r), A, e))),
    Mistake("log_taken", "The logarithm of the ratio is taken. The ratio itself enters.",
        of(lambda r, A, e: right(np.log(r), A, e)),
        of(lambda r, A, e: np.log(r) * A)),
    Mistake("advantage_normalised",
        "The advantages are normalised. That is another step; here they are data.",
        of(lambda r, A, e: right(r, (A - A.mean()) / A.std(), e)),
        of(lambda r, A, e: right(r, A - A.mean(), e)),
        of(lambda r, A, e: right(r, A / A.std(), e))),
    Mistake("advantage_sign_lost", "Â has lost its sign, or its size.",
        of(lambda r, A, e: right(r, np.abs(A), e)), of(lambda r, A, e: right(r, np.sign(A), e)),
        of(lambda r, A, e: right(r, np.maximum(A, 0), e))),
    Mistake("ratio_inverted", "The ratio is turned round: it is new over old already.",
        of(lambda r, A, e: right(1 / r, A, e))),
    Mistake("ratio_ignored", "The ratio does not enter.", of(lambda r, A, e: A)),
    Mistake("ratio_alone", "The advantage does not enter.", of(lambda r, A, e: clipped(r, e)),
        of(lambda r, A, e: np.minimum(r, clipped(r, e)))),
    Mistake("clips_the_advantage", "Â is clipped. The ratio is.",
        of(lambda r, A, e: np.minimum(r * A, r * np.clip(A, 1 - e, 1 + e))),
        of(lambda r, A, e: r * np.clip(A, -e, e))),
    Mistake("one_side_for_all",
        "The edge does not depend on the sign of Â. Upwards it matters where Â > 0, downwards where Â < 0.",
        of(lambda r, A, e: np.minimum(r * A, (1 + e) * A)),
        of(lambda r, A, e: np.minimum(r * A, (1 - e) * A)),
        of(lambda r, A, e: np.where(A > 0, (1 + e) * A, (1 - e) * A))),
    Mistake("no_gradient", "The values are right, but no gradient reaches the ratio: is it detached?",
        slope(lambda r, A, e: 0 * A)),
    Mistake("gradient_of_surrogate",
        "The values are right, but their gradient is that of r Â: what is clipped has none.",
        slope(lambda r, A, e: A)),
    Mistake("log_taken",
        "Logarithms of the ratio and of the clipped ratio are taken. The ratios themselves enter.",
        of(lambda r, A, e: np.minimum(np.log(r) * A, np.log(clipped(r, e)) * A))),
    Mistake("crossed", "Every ratio meets every advantage, [N, N]. Sample n has ratio n and advantage n.",
        *(of(lambda r, A, e, axis=axis: np.minimum(
            r[:, None] * A, clipped(r, e)[:, None] * A).mean(axis)) for axis in (0, 1)),
        of(lambda r, A, e: np.minimum(r[:, None] * A, clipped(r, e)[:, None] * A))),
    Mistake("penalty_for_clip",
        "The distance from the interval is subtracted. The clipped ratio takes the ratio's place.",
        of(lambda r, A, e: r * A - np.abs(r - clipped(r, e))),
        of(lambda r, A, e: r * A - (r - clipped(r, e)) ** 2)),
    Mistake("no_gradient",
        "The values are right, but some gradients are missing: is one of the two terms detached?",
        shows=Trace(traces.value_without_gradient)),
)  # fmt: skip

VIVA = (
    "Draw your function of r for Â = 1 and for Â = −1. On which pieces is it flat?",
    "r = 3 and Â = −1. What would happen to this sample without the minimum?",
    "Show a batch in which every sample is clipped and the policy still moves on.",
)

EXERCISE = Exercise(
    clipped_objective,
    draw,
    points=3,
    minutes=15,
    stars=1,
    mistakes=MISTAKES,
    pure=True,
    gradient=("ratio",),
    viva=VIVA,
)
