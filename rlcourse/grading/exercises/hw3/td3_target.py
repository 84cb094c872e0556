"""y = r + γ(1 − terminated) minᵢ Q′ᵢ(s′, ã): the clipped double-Q target, one per transition.

reward, terminated, next_q1 and next_q2 [B], gamma a number; the answer is [B]. Fujimoto et al. 2018, eq. 10.
"""

import numpy as np

from rlcourse.equations import returns
from rlcourse.grading.exercises.hw3._bootstrap import bootstrap_mistakes, terminal_mask
from rlcourse.grading.record import Exercise, Mistake


def td3_target(reward, terminated, next_q1, next_q2, gamma):
    return returns.clipped_double_q_target(reward, terminated, np.stack([next_q1, next_q2]), gamma)


def draw(rng):
    cases = [
        {
            "reward": rng.normal(0.5, 1, n),
            "terminated": terminal_mask(rng, n),
            "next_q1": rng.normal(1, 3, n),
            "next_q2": rng.normal(1, 3, n),
            "gamma": rng.uniform(0.8, 0.95),
        }
        for n in (6, 5, 8, 4, 7, 4, 5)
    ]
    for case, sign in zip(cases[-2:], (1, -1), strict=True):  # one critic below the other, everywhere
        case["next_q2"] = case["next_q1"] + sign * rng.uniform(0.5, 3, len(case["next_q1"]))
    return cases


def pick(one_value):
    """Another way to make one value of two critics."""
    return lambda reward, terminated, next_q1, next_q2, gamma: (
        reward + gamma * (1 - terminated) * one_value(next_q1, next_q2)
    )


def of(y):
    """Another target y(reward, 1 − terminated, next_q1, next_q2, gamma)."""
    return lambda reward, terminated, next_q1, next_q2, gamma: y(
        reward, 1 - terminated, next_q1, next_q2, gamma
    )


MISTAKES = (
    Mistake("max_for_min",
        "This takes the larger critic, which makes overestimation worse. Take the smaller of the two.",
        pick(np.maximum)),
    Mistake("mean_for_min",
        "This averages the critics: less noise, the same bias upwards. Take the smaller of the two.",
        pick(lambda a, b: (a + b) / 2)),
    Mistake("first_critic_only",
        "Only the first critic is used: that is DDPG. Take the smaller of the two, entry by entry.",
        pick(lambda a, b: a)),
    Mistake("second_critic_only", "Only the second critic is used. Take the smaller of the two.",
        pick(lambda a, b: b)),
    Mistake("min_over_batch",
        "The smallest value of the whole batch is used. The minimum runs over the two critics, entry by "
        "entry.",
        pick(lambda a, b: np.full(a.shape, min(a.min(), b.min())))),
    Mistake("one_critic_for_batch",
        "One critic is chosen for the whole batch. The minimum is taken entry by entry.",
        pick(lambda a, b: a if a.mean() < b.mean() else b),
        pick(lambda a, b: a if a.min() < b.min() else b),
        pick(lambda a, b: a if np.all(a < b) else b),
        pick(lambda a, b: a if np.any(a < b) else b)),
    Mistake("one_critic_for_batch",
        "One critic is chosen for the whole batch by its first entry. Take the minimum entry by entry.",
        pick(lambda a, b: a if a[0] < b[0] else b)),
    Mistake("soft_minimum", "The larger critic still has a weight. TD3 takes the smaller one alone.",
        pick(lambda a, b: 0.75 * np.minimum(a, b) + 0.25 * np.maximum(a, b))),
    Mistake("sum_for_min", "The critics are added. Take the smaller of the two.", pick(lambda a, b: a + b)),
    Mistake("smallest_magnitude",
        "This takes the value nearest to zero. The minimum is signed: −3 is smaller than 1.",
        pick(lambda a, b: np.where(np.abs(a) < np.abs(b), a, b))),
    Mistake("min_over_batch",
        "Each critic's own smallest value is used. The minimum runs over the two critics, entry by entry.",
        pick(lambda a, b: np.full(a.shape, a.min()))),
    Mistake("target_per_critic",
        "Each critic gets its own target. Both must regress to the same one, made from the smaller value.",
        pick(lambda a, b: np.stack([a, b])), lambda **case: pick(lambda a, b: np.stack([a, b]))(**case).T),
    *bootstrap_mistakes(lambda next_q1, next_q2: np.minimum(next_q1, next_q2)),
    Mistake("mask_on_one_critic",
        "Only one critic is masked before the minimum: at terminal states the other one still leaks in. Mask "
        "after it.",
        of(lambda r, keep, a, b, g: r + g * np.minimum(keep * a, b)),
        of(lambda r, keep, a, b, g: r + g * np.minimum(a, keep * b))),
    Mistake("max_for_min",
        "This takes the larger critic, and bootstraps from terminal states. Take the smaller, times 1 − "
        "terminated.",
        of(lambda r, keep, a, b, g: r + g * np.maximum(a, b))),
    Mistake("min_with_reward", "The reward takes part in the minimum. It runs over the two critics only.",
        of(lambda r, keep, a, b, g: np.minimum(r + g * keep * a, g * keep * b))),
)  # fmt: skip

VIVA = (
    "Give two arrays for which the minimum entry by entry and the smaller array differ.",
    "Why do both critics get the same target, although one of them made it?",
    "The minimum is too low on average. Why is that the better error for an actor that climbs?",
)

EXERCISE = Exercise(td3_target, draw, points=4, minutes=10, stars=1, mistakes=MISTAKES, viva=VIVA)
