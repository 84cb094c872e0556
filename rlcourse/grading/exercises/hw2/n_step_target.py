"""y = Σ_{k<n} γ^k r_{t+k} + γ^n V(s_{t+n}): n rewards, then the critic.

rewards [n], next_value = V(s_{t+n}) and gamma numbers; the answer is a number. Sutton & Barto 2018, eq. 7.1.
"""

import numpy as np

from rlcourse.grading.exercises.hw2._sums import powers
from rlcourse.grading.record import Exercise, Mistake


def n_step_target(rewards, next_value, gamma):
    return powers(gamma, len(rewards)) @ rewards + gamma ** len(rewards) * next_value


def draw(rng):
    return [
        {
            "rewards": rng.normal(0.5, 1, n),
            "next_value": float(rng.choice([-1, 1]) * rng.uniform(2, 5)),
            "gamma": gamma,
        }
        for n, gamma in zip((3, 5, 1, 4, 2, 3), (0.9, 0.8, 0.95, 0.7, 0.85, 0.0), strict=True)
    ]


def bootstrapping(power, value=lambda v: v):
    """Rewards right, the value with another power of γ: power(n)."""
    return lambda rewards, next_value, gamma: (
        powers(gamma, len(rewards)) @ rewards + gamma ** power(len(rewards)) * value(next_value)
    )


def of(rewards_part):
    """The value right, the rewards otherwise: rewards_part(r, γ)."""
    return lambda rewards, next_value, gamma: (
        rewards_part(rewards, gamma) + gamma ** len(rewards) * next_value
    )


def one_minus(weight):
    """Rewards right, the value with 1 − γ or 1 − γⁿ."""
    return lambda rewards, next_value, gamma: (
        powers(gamma, len(rewards)) @ rewards + weight(gamma, len(rewards)) * next_value
    )


def along(rewards, next_value, gamma):
    """Σ_{k<j} γ^k r_k + γ^j V after each j = 1 … n."""
    n = len(rewards)
    return np.cumsum(powers(gamma, n) * rewards) + gamma ** np.arange(1, n + 1) * next_value


MISTAKES = (
    Mistake("bootstrap_one_late",
        "The value is discounted once too often. V(s_{t+n}) stands n steps ahead: γⁿ. (Where the sum runs to "
        "n included, there are n + 1 rewards.)",
        bootstrapping(lambda n: n + 1), bootstrapping(lambda n: n + 2)),
    Mistake("bootstrap_one_early",
        "The value is discounted once too little. The last reward stands n − 1 steps ahead, V one more: γⁿ.",
        bootstrapping(lambda n: n - 1)),
    Mistake("bootstrap_not_discounted", "The value is not discounted. It stands n steps ahead: γⁿ.",
        bootstrapping(lambda n: 0)),
    Mistake("bootstrap_discounted_once", "The value is discounted once. It stands n steps ahead: γⁿ.",
        bootstrapping(lambda n: 1)),
    Mistake("no_bootstrap", "The value of s_{t+n} is missing: without it all later rewards are forgotten.",
        bootstrapping(lambda n: 0, lambda v: 0.0)),
    Mistake("bootstrap_subtracted", "The value is subtracted. It stands for the rewards to come: add it.",
        bootstrapping(lambda n: n, lambda v: -v)),
    Mistake("one_step_only", "Only the first reward is used. Sum all n of them, then V.",
        lambda rewards, next_value, gamma: rewards[0] + gamma * next_value,
        of(lambda r, g: r[0]), lambda rewards, next_value, gamma: rewards[-1] + gamma * next_value),
    Mistake("rewards_not_discounted", "The rewards are not discounted: r_{t+k} counts γ^k.",
        of(lambda r, g: r.sum()), lambda rewards, next_value, gamma: rewards.sum() + gamma * next_value),
    Mistake("discount_squared", "γ is applied twice a step.",
        lambda rewards, next_value, gamma: n_step_target(rewards, next_value, gamma**2)),
    Mistake("no_discount", "γ appears nowhere.",
        lambda rewards, next_value, gamma: rewards.sum() + next_value),
    Mistake("rewards_one_late", "Even the first reward is discounted. It comes at once: γ⁰ = 1.",
        of(lambda r, g: g * powers(g, len(r)) @ r)),
    Mistake("one_discount_too_many",
        "Everything is discounted once too often: the first reward counts in full.",
        lambda rewards, next_value, gamma: gamma * n_step_target(rewards, next_value, gamma)),
    Mistake("last_reward_missing", "The last reward is left out: the sum has n terms, k = 0 … n − 1.",
        of(lambda r, g: powers(g, len(r) - 1) @ r[:-1]),
        lambda rewards, next_value, gamma: n_step_target(rewards[:-1], next_value, gamma)),
    Mistake("first_reward_missing", "The first reward is left out: the sum starts with k = 0.",
        of(lambda r, g: g * powers(g, len(r) - 1) @ r[1:]),
        of(lambda r, g: powers(g, len(r) - 1) @ r[1:]),
        lambda rewards, next_value, gamma: n_step_target(rewards[1:], next_value, gamma)),
    Mistake("rewards_reversed",
        "The discount runs the wrong way: the first reward must count in full, the last one γ^{n−1}.",
        of(lambda r, g: powers(g, len(r)) @ r[::-1])),
    Mistake("mean_for_sum", "The rewards are averaged. Sum them.",
        of(lambda r, g: powers(g, len(r)) @ r / len(r)), of(lambda r, g: r.mean())),
    Mistake("bootstraps_every_step",
        "The value is added at every step. It is added once, after the last reward.",
        lambda rewards, next_value, gamma: powers(gamma, len(rewards)) @ (rewards + gamma * next_value),
        lambda rewards, next_value, gamma: powers(gamma, len(rewards)) @ (rewards + next_value)),
    Mistake("one_minus_gamma",
        "1 − γ or 1 − γⁿ stands where it does not belong: rewards count γ^k, the value γⁿ.",
        of(lambda r, g: (1 - g) * powers(g, len(r)) @ r),
        one_minus(lambda g, n: 1 - g), one_minus(lambda g, n: 1 - g**n),
        lambda rewards, next_value, gamma: (1 - gamma) * n_step_target(rewards, next_value, gamma)),
    Mistake("not_summed", "Several numbers come back. The target is one: all n rewards and the value.",
        along, lambda rewards, next_value, gamma: powers(gamma, len(rewards)) * rewards
        + gamma ** len(rewards) * next_value),
    Mistake("target_is_value", "Only the value is left: the n rewards are missing.",
        lambda rewards, next_value, gamma: gamma ** len(rewards) * next_value,
        lambda rewards, next_value, gamma: next_value),
    Mistake("gamma_times_n", "γ is multiplied by k where it must be raised to the power k.",
        lambda rewards, next_value, gamma: np.sum(np.r_[1, gamma * np.arange(1, len(rewards))] * rewards)
        + gamma * len(rewards) * next_value,
        lambda rewards, next_value, gamma: np.arange(len(rewards)) * gamma @ rewards
        + gamma * len(rewards) * next_value),
)  # fmt: skip

VIVA = (
    "Rewards 1, 1 and a value of 4, γ = 0.5: what is the target?",
    "A slide writes γ^{n+1} V(s_{t+n+1}). How many rewards must its sum then have?",
    "What does a larger n trade for what?",
)

EXERCISE = Exercise(
    n_step_target, draw, points=2, minutes=5, stars=1, mistakes=MISTAKES, pure=True, viva=VIVA
)
