"""d(s) = (1 − γ) Σₜ γᵗ Pr(sₜ = s) = (1 − γ)(I − γPπᵀ)⁻¹ρ₀: the normalised discounted visitation of a policy.

P [S, A, S], policy [S, A], start [S], gamma a number; the answer is [S] and sums to 1.
"""

import numpy as np

from rlcourse.grading.exercises._processes import (
    SIZES,
    backwards,
    chain,
    geometric_sum,
    process,
    random_policy,
    stationary,
    uniform_like,
)
from rlcourse.grading.exercises._processes import visitation as exactly
from rlcourse.grading.record import Exercise, Mistake


def visitation(P, policy, start, gamma):
    return exactly(P, policy, start, gamma)


def draw(rng):
    return [
        dict(process(rng, *size, gamma), policy=random_policy(rng, *size))
        for size, gamma in zip(SIZES, (0.9, 0.8, 0.97, 0.7, 0.95), strict=True)
    ]


def of(wrong):
    """Something else than d, made of the right d and γ."""
    return lambda **case: wrong(visitation(**case), case["gamma"])


def starting(start):
    return lambda **case: visitation(**{**case, "start": start(case["start"])})


def acting(policy):
    return lambda **case: visitation(**{**case, "policy": policy(case["policy"])})


def unweighted(P, policy, start, gamma):
    """Pπ = Σₐ P, without π."""
    return (1 - gamma) * np.linalg.solve(np.eye(len(start)) - gamma * P.sum(1).T, start)


def normalised(x):
    return x / x.sum()


def partial_sum(terms, normalise=False, discount=True):
    """(1 − γ) Σ_{t < terms} γᵗ pₜ, or the same divided by its sum, or the plain average without γ."""

    def wrong(P, policy, start, gamma):
        step = (gamma if discount else 1.0) * chain(P, policy).T
        total = geometric_sum(step, terms) @ start
        return normalised(total) if normalise else (1 - gamma) * total

    return wrong


TRANSPOSED = (
    "P is used the wrong way round: values flow backwards along Pπ, distributions forwards along its "
    "transpose. Solve (I − γPπᵀ) d = (1 − γ)ρ₀."
)
SHORT = (
    "The series is cut too early: after T terms γᵀ is left. Solve the linear system, or sum until γᵀ is tiny."
)

MISTAKES = (
    Mistake("unnormalised", "This sums to 1/(1 − γ). The normalised visitation sums to 1: multiply by 1 − γ.",
        of(lambda d, gamma: d / (1 - gamma))),
    Mistake("transposed", TRANSPOSED,
        lambda **case: (1 - case["gamma"]) * backwards(**case), lambda **case: normalised(backwards(**case))),
    Mistake("transposed", TRANSPOSED + " (1 − γ is missing, too.)", backwards),
    Mistake("undiscounted",
        "This is the stationary distribution of the chain. d discounts step t by γᵗ and remembers where the "
        "episode starts.",
        lambda P, policy, start, gamma: stationary(P, policy)),
    Mistake("start_ignored", "The start distribution is not used: this starts from all states alike.",
        starting(uniform_like)),
    Mistake("start_ignored", "The start distribution is not used, and the sum is not 1.",
        lambda **case: len(case["start"]) * starting(uniform_like)(**case)),
    Mistake("start_ignored", "The start distribution is not used: this starts in state 0.",
        starting(lambda start: np.eye(len(start))[0])),
    Mistake("misses_start", "The sum begins at t = 1: the start distribution itself, t = 0, is part of it.",
        lambda P, policy, start, gamma: gamma * chain(P, policy).T @ visitation(P, policy, start, gamma)),
    Mistake("misses_start",
        "The sum is shifted by one step: the weight of pₜ is γᵗ, and p₀ is the start distribution.",
        lambda P, policy, start, gamma: chain(P, policy).T @ visitation(P, policy, start, gamma)),
    Mistake("policy_ignored",
        "The policy is not used: this averages over the actions. Pπ(s, s′) = Σₐ π(a|s) P(s′|s, a).",
        acting(lambda policy: np.full(policy.shape, 1 / policy.shape[1]))),
    Mistake("greedy_policy",
        "Only the likeliest action counts. Pπ(s, s′) = Σₐ π(a|s) P(s′|s, a) averages over all of them.",
        acting(lambda policy: np.eye(policy.shape[1])[policy.argmax(1)])),
    Mistake("policy_ignored", "Only the first action's transitions are used.",
        acting(lambda policy: np.eye(policy.shape[1])[0 * policy.argmax(1)])),
    Mistake("policy_ignored",
        "The actions' transitions are added without the policy: Pπ(s, s′) = Σₐ π(a|s) P(s′|s, a).",
        unweighted),
    Mistake("state_action", "This is the visitation of states and actions, d(s)π(a|s). Sum over the actions.",
        lambda **case: visitation(**case)[:, None] * case["policy"]),
    Mistake("series_too_short", SHORT,
        *(partial_sum(n) for n in (100, 50, 200, 20, 10, 30, 5, 2, 1)),
        *(partial_sum(n, normalise=True) for n in (50, 100, 20, 10, 5))),
    Mistake("undiscounted", "γᵗ is missing: this is a plain average over the first steps.",
        *(partial_sum(n, normalise=True, discount=False) for n in (100, 1000, 200, 50, 20, 10))),
    Mistake("discount_squared", "γ is applied twice in each step.",
        lambda P, policy, start, gamma: visitation(P, policy, start, gamma**2)),
    Mistake("wrong_normaliser", "It sums to the wrong number: the factor is 1 − γ, not 1/(1 − γ).",
        of(lambda d, gamma: d / (1 - gamma) ** 2)),
    Mistake("one_discount_too_many",
        "There is one factor γ too many: d = (1 − γ)(ρ₀ + γPπᵀρ₀ + …), the first term counts in full.",
        of(lambda d, gamma: gamma * d)),
    Mistake("value_for_visitation",
        "This is the start distribution times something, not a distribution over the states that are "
        "visited.",
        lambda P, policy, start, gamma: start),
)  # fmt: skip

VIVA = (
    "Sum your d. Which line of your code makes it 1?",
    "Transpose the matrix by mistake: what does the solution mean then?",
    "Let γ go to 1. What does d become, and where does the start go?",
)

EXERCISE = Exercise(visitation, draw, points=4, minutes=15, stars=2, mistakes=MISTAKES, viva=VIVA)
