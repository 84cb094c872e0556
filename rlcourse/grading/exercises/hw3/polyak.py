"""θ′ ← (1 − τ)θ′ + τθ: the target's parameters after one step of size τ towards the online ones.

Two arrays of one shape and a number in, an array of that shape out.
"""

import numpy as np

from rlcourse.grading.record import Exercise, Mistake


def polyak(target, online, tau):
    return (1 - tau) * target + tau * online


def draw(rng):
    return [
        {"target": rng.normal(0, 1, n), "online": rng.normal(0, 1, n), "tau": tau}
        for n, tau in zip((4, 3, 6, 5, 2), (0.05, 0.1, 0.3, 0.8, 0.005), strict=True)
    ]


MISTAKES = (
    Mistake("tau_swapped", "τ and 1 − τ are swapped: with a small τ the target must stay almost where it is.",
        lambda target, online, tau: tau * target + (1 - tau) * online),
    Mistake("hard_copy", "This copies the online network. The target must move by the fraction τ only.",
        lambda target, online, tau: online),
    Mistake("target_unchanged", "The target does not move: add τ(online − target).",
        lambda target, online, tau: target),
    Mistake("missing_one_minus_tau",
        "The old target is not shrunk by 1 − τ, so the weights sum to 1 + τ and the target grows.",
        lambda target, online, tau: target + tau * online),
    Mistake("sign", "The target moves away from the online network: the step is +τ(online − target).",
        lambda target, online, tau: target - tau * (online - target)),
    Mistake("step_only", "This is the step. Add it to the target.",
        lambda target, online, tau: tau * (online - target)),
    Mistake("forgets_target", "The old target has no part in the result: (1 − τ)·target is missing.",
        lambda target, online, tau: tau * online),
    Mistake("forgets_online", "The online network has no part in the result: τ·online is missing.",
        lambda target, online, tau: (1 - tau) * target),
    Mistake("tau_ignored", "This is the plain average: the weights are 1 − τ and τ.",
        lambda target, online, tau: (target + online) / 2),
    Mistake("tau_ignored", "τ is not used: the weights are 1 − τ and τ.",
        lambda target, online, tau: target + online),
    Mistake("minus_for_plus", "The online part is subtracted: the weights 1 − τ and τ are both positive.",
        lambda target, online, tau: (1 - tau) * target - tau * online),
    Mistake("minus_for_plus",
        "The weight of the target is 1 + τ. It is 1 − τ: the two weights must sum to 1.",
        lambda target, online, tau: (1 + tau) * target + tau * online),
    Mistake("missing_tau_weight", "The online part lacks its weight τ.",
        lambda target, online, tau: (1 - tau) * target + online),
    Mistake("averages_parameters",
        "All parameters became one number: the average runs over the two networks, entry by entry.",
        lambda target, online, tau: np.full(target.shape, np.mean((1 - tau) * target + tau * online))),
    Mistake("tau_squared", "τ is applied twice.",
        lambda target, online, tau: target + tau**2 * (online - target)),
)  # fmt: skip

VIVA = (
    "How many updates until the copy has gone half of the way, for τ = 0.005?",
    "What do τ = 0 and τ = 1 mean for the critic's target?",
    "Why are parameters averaged, and not the networks' outputs?",
)

EXERCISE = Exercise(polyak, draw, points=2, minutes=5, stars=1, mistakes=MISTAKES, viva=VIVA)
