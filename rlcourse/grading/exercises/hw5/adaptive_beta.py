"""β ← 2β where KL > 1.5 d_targ, β/2 where KL < d_targ / 1.5, otherwise β.

beta, kl and target (d_targ) are numbers, kl and target in nats; the answer is the new β. Schulman et al.
2017, section 4.
"""

import numpy as np

from rlcourse.equations import objectives
from rlcourse.grading.record import Exercise, Mistake, Trace
from rlcourse.grading.rules import traces


def adaptive_beta(beta, kl, target):
    return float(objectives.adaptive_beta(np.asarray(beta), np.asarray(kl), target))


def draw(rng):
    """KL far above, above, on both edges, within on either side of the target, below, far below, 0."""
    cases = [
        {"beta": rng.uniform(0.5, 3.0), "kl": share * target, "target": target}
        for share in (3.6, 1.7, 1.3, 0.8, 0.58, 0.2)
        for target in (0.01, 0.03)
    ]
    edges = [(0.75, 0.5), (0.5, 0.75), (0.5, 0.5), (0.0, 0.25)]  # exact: 1.5 · 0.5, 0.75 / 1.5
    cases += [{"beta": rng.uniform(0.5, 3.0), "kl": kl, "target": target} for kl, target in edges]
    extremes = [(0.02, 0.1), (0.02, 3.0), (3e3, 3.0), (3e3, 0.1)]  # far outside of what a clamp would keep
    return cases + [
        {"beta": b * rng.uniform(1, 2), "kl": share * 0.02, "target": 0.02} for b, share in extremes
    ]


def rule(high=1.5, low=1 / 1.5, up=2.0, down=0.5, between=lambda b, x: b):
    """β · up where KL/d_targ > high, β · down where it is < low. Exact on the edges of the right answer."""

    def wrong(beta, kl, target):
        if kl > (1.5 * target if high == 1.5 else high * target):
            return beta * up
        if kl < (target / 1.5 if low == 1 / 1.5 else low * target):
            return beta * down
        return between(beta, kl / target)

    return wrong


def edges_inside(beta, kl, target):
    return 2 * beta if kl >= 1.5 * target else beta / 2 if kl <= target / 1.5 else beta


def one_edge(upper):
    def wrong(beta, kl, target):
        return (2 if upper else 0.5) * beta if kl == (1.5 * target if upper else target / 1.5) else (
            adaptive_beta(beta, kl, target))  # fmt: skip

    return wrong


MISTAKES = (
    Mistake("directions_swapped",
        "The penalty falls where the KL is too large. β is the price of moving: raise it there.",
        rule(up=0.5, down=2.0)),
    Mistake("no_tolerance",
        "β changes whenever the KL misses the target. Between d_targ/1.5 and 1.5 d_targ it stays.",
        rule(high=1.0, low=1.0)),
    Mistake("tolerance_missing_above", "Above the target the tolerance is missing: 1.5 d_targ.",
        rule(high=1.0)),
    Mistake("tolerance_missing_below", "Below the target the tolerance is missing: d_targ/1.5.",
        rule(low=1.0)),
    Mistake("factors_swapped", "2 and 1.5 have changed places: β is doubled or halved, the tolerance is 1.5.",
        rule(high=2.0, low=0.5, up=1.5, down=1 / 1.5)),
    Mistake("factor_wrong", "β is multiplied by 1.5. The factor is 2.",
        rule(up=1.5, down=1 / 1.5), rule(up=1.5), rule(down=1 / 1.5)),
    Mistake("tolerance_two", "The tolerance is 2. It is 1.5.",
        rule(high=2.0, low=0.5), rule(high=2.0), rule(low=0.5)),
    Mistake("never_lowered", "β never falls. Where the KL is below d_targ/1.5 it is halved.",
        rule(down=1.0)),
    Mistake("never_raised", "β never rises. Where the KL is above 1.5 d_targ it is doubled.", rule(up=1.0)),
    Mistake("always_doubled", "β is doubled on both sides.", rule(down=2.0)),
    Mistake("always_halved", "β is halved on both sides.", rule(up=0.5)),
    Mistake("lower_edge_wrong", "The lower edge lies at another multiple of the target. It is d_targ/1.5.",
        rule(low=1.5)),
    Mistake("edges_inclusive", "On an edge β changes. The comparisons are strict: > and <.", edges_inside,
        one_edge(True), one_edge(False)),
    Mistake("target_ignored", "The KL is compared with a number of its own. It is compared with d_targ.",
        lambda beta, kl, target: 2 * beta if kl > 1.5 else beta / 2 if kl < 1 / 1.5 else beta),
    Mistake("proportional", "β is multiplied by KL/d_targ. The rule is in steps.",
        lambda beta, kl, target: beta * kl / target, lambda beta, kl, target: kl / target,
        lambda beta, kl, target: beta * target / kl if kl else np.inf),
    Mistake("beta_compared", "β is compared, or the KL weighed by it. The KL alone is compared.",
        lambda beta, kl, target: adaptive_beta(beta, beta * kl, target),
        lambda beta, kl, target: 2 * beta if beta > 1.5 * target else beta / 2),
    Mistake("overwritten", "One case overwrites the other: after doubling, β is halved, or left. Check the "
        "`else`.",
        lambda beta, kl, target: 2 * beta if kl > 1.5 * target else beta / 2,
        lambda beta, kl, target: beta / 2 if kl < target / 1.5 else 2 * beta),
    Mistake("added", "A number is added to β. It is multiplied.",
        lambda beta, kl, target: beta + 2 if kl > 1.5 * target else beta - 0.5 if kl < target / 1.5 else beta,
        lambda beta, kl, target: beta + 1 if kl > 1.5 * target else beta - 1 if kl < target / 1.5 else beta,
        lambda beta, kl, target: beta + 0.1 * (kl - target)),
    Mistake("factor_alone", "This is the factor. The new β is asked.",
        lambda beta, kl, target: adaptive_beta(beta, kl, target) / beta),
    Mistake("unchanged", "β stays as it was, always.", lambda beta, kl, target: beta),
    Mistake("added", "Something is added to β or subtracted from it. It is doubled or halved.",
        *(lambda beta, kl, target, a=a: beta + a * ((kl > 1.5 * target) - (kl < target / 1.5))
          for a in (2, 1, 0.5, 0.1)),
        *(lambda beta, kl, target, a=a: beta + a * (kl - target) for a in (1, 0.5, 2, 0.1)),
        lambda beta, kl, target: beta + 2 if kl > 1.5 * target else beta / 2 if kl < target / 1.5 else beta),
    Mistake("factor_wrong", "The factor is another one. β is doubled or halved.",
        *(rule(up=k, down=1 / k) for k in (4.0, 3.0, 10.0, 1.1, 1.2)), rule(down=0.25), rule(up=4.0)),
    Mistake("power_for_multiple",
        "The tolerance is an exponent here. The target is multiplied by 1.5, and divided.",
        lambda beta, kl, target: (
            2 * beta if kl > target**1.5 else beta / 2 if kl < target ** (1 / 1.5) else beta)),
    Mistake("proportional", "β follows KL/d_targ smoothly. The rule is in steps.",
        lambda beta, kl, target: beta * np.sqrt(kl / target),
        lambda beta, kl, target: beta * np.exp(kl - target)),
    Mistake("whole_numbers", "β is rounded to a whole number: / and not //.",
        lambda beta, kl, target: 2 * beta if kl > 1.5 * target else beta // 2 if kl < target / 1.5 else beta,
        lambda beta, kl, target: float(round(adaptive_beta(beta, kl, target)))),
    Mistake("clamped", "β is kept within bounds. It may become as small or as large as the rule makes it.",
        shows=Trace(traces.cut_off)),
)  # fmt: skip

VIVA = (
    "β is far too small for your task. After how many batches is it right, and what happens meanwhile?",
    "Why a factor and not a sum? Think of rewards a hundred times as large.",
    "The KL lies within the tolerance all the time. Is the step then as long as it may be?",
)

EXERCISE = Exercise(adaptive_beta, draw, points=1, minutes=5, stars=1, mistakes=MISTAKES, viva=VIVA)
