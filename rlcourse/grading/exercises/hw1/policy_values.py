"""V^π = (I − γP_π)⁻¹ r_π: the values of a policy, exactly.

P [S, A, S], R and policy [S, A], 0 ≤ gamma < 1; the answer is [S]. Solving and iterating to the end are
equally right. Sutton & Barto 2018, eq. 4.4.
"""

import numpy as np

from rlcourse.equations import markov
from rlcourse.grading.exercises._processes import SIZES, chain, process, random_policy
from rlcourse.grading.exercises.hw1 import _backups
from rlcourse.grading.exercises.hw1._backups import even, first_action, likeliest, q
from rlcourse.grading.record import Exercise, Mistake, Trace
from rlcourse.grading.rules import traces


def policy_values(P, R, policy, gamma):
    return markov.values(_backups.mdp(P, R, gamma), policy)


def draw(rng):
    return [
        {
            "P": process(rng, *size, gamma)["P"],
            "R": rng.normal(1, 1, size),
            "policy": random_policy(rng, *size),
            "gamma": gamma,
        }
        for size, gamma in zip(SIZES, (0.9, 0.8, 0.97, 0.7, 0.0), strict=True)
    ]


def of(wrong):
    """Something else than V, made of V, r_π, P_π and γ."""
    return lambda P, R, policy, gamma: wrong(
        policy_values(P, R, policy, gamma), (policy * R).sum(1), chain(P, policy), gamma
    )


def but(**changes):
    return lambda **case: policy_values(**case | {name: make(case) for name, make in changes.items()})


def acting(change):
    return but(policy=lambda case: change(case["policy"]))


def backups(count, start=0.0):
    """V after so many backups from V = 0."""

    def wrong(V, r, P, gamma):
        now = np.zeros(len(r)) + start
        for _ in range(count):
            now = r + gamma * P @ now
        return now

    return of(wrong)


def swept(P, R, policy, gamma):
    """V after 1 to 300 backups from 0, and I − γP_π, which says what one more would change."""
    r, M = (policy * R).sum(1), gamma * chain(P, policy)
    now = np.zeros(len(r))
    among = [now := r + M @ now for _ in range(300)]
    return {"among": np.float32(among), "matrix": np.eye(len(r)) - M}


def not_discounted(P, R, policy, gamma):
    """Sums of rewards over up to 1001 steps, without γ."""
    r, M = (policy * R).sum(1), chain(P, policy)
    now = np.zeros(len(r))
    return {"among": np.float32([now := r + M @ now for _ in range(1001)])}


def optimal(P, R, policy, gamma):
    best = markov.policy_iteration(_backups.mdp(P, R, gamma), policy)[-1]
    return policy_values(P, R, best, gamma)


def greedy_once(P, R, policy, gamma):
    best = q(P, R, policy_values(P, R, policy, gamma), gamma).argmax(1)
    return policy_values(P, R, np.eye(R.shape[1])[best], gamma)


def solved(M, b):
    return np.linalg.solve(np.eye(len(b)) - M, b)


MISTAKES = (
    Mistake("policy_ignored", _backups.POLICY, acting(even), acting(first_action)),
    Mistake("likeliest_action", _backups.LIKELIEST, acting(likeliest)),
    Mistake("optimal", "These are the values of the best policy. Those of the given one are asked.",
        optimal, greedy_once),
    Mistake("reward_not_averaged",
        "The rewards are not averaged over the policy: r_π(s) = Σₐ π(a|s) r(s, a).",
        lambda P, R, policy, gamma: solved(gamma * chain(P, policy), R.sum(1)),
        lambda P, R, policy, gamma: solved(gamma * chain(P, policy), R.mean(1)),
        lambda P, R, policy, gamma: solved(gamma * chain(P, policy), R.max(1))),
    Mistake("future_not_averaged",
        "The transitions are not averaged over the policy: P_π(s, s′) = Σₐ π(a|s) P(s′|s, a).",
        lambda P, R, policy, gamma: solved(gamma * P.mean(1), (policy * R).sum(1)),
        lambda P, R, policy, gamma: solved(gamma * P.sum(1), (policy * R).sum(1))),
    Mistake("transposed", "The matrix is transposed: V(s) looks ahead along P_π(s, s′). Solve (I − γP_π)V = "
        "r.",
        of(lambda V, r, P, g: solved(g * P.T, r))),
    Mistake("inverted_sign", "A sign is wrong: V = r + γP_πV gives (I − γP_π)V = r.",
        of(lambda V, r, P, g: solved(-g * P, r)), of(lambda V, r, P, g: -V)),
    Mistake("not_solved", "The matrix is multiplied with, not inverted: solve (I − γP_π)V = r for V.",
        of(lambda V, r, P, g: r - g * P @ r), of(lambda V, r, P, g: (np.eye(len(r)) - g * P).T @ r)),
    Mistake("normalised", "The values are multiplied by 1 − γ. Asked is the plain discounted sum.",
        of(lambda V, r, P, g: (1 - g) * V)),
    Mistake("one_discount_too_many", "Even the first reward is discounted: V = r + γP_πr + ….",
        of(lambda V, r, P, g: g * V)),
    Mistake("misses_own_reward", "The first reward is left out: V = r + γP_πr + ….",
        of(lambda V, r, P, g: V - r), of(lambda V, r, P, g: P @ V)),
    Mistake("reward_only", "This is the mean reward of one step. What follows it is missing.",
        of(lambda V, r, P, g: r)),
    Mistake("too_few_backups",
        "The iteration stops too early: after k backups γᵏ of the error is left. Solve the linear system, or "
        "iterate until nothing changes.",
        *(backups(n) for n in (2, 3, 5, 10, 20, 30, 50, 100, 200)),
        *(backups(n, 1.0) for n in (1, 10, 50, 100, 200))),
    Mistake("too_few_backups",
        "The iteration stops too early: a change below some bound leaves 1/(1 − γ) times as large an error. "
        "Solve the linear system, or iterate until nothing changes.",
        shows=Trace(traces.nearly_settled, swept)),
    Mistake("constant_reward", "Each state is taken to pay its own reward for ever: r/(1 − γ). States "
        "change.",
        of(lambda V, r, P, g: r / (1 - g))),
    Mistake("discount_squared", "γ is applied twice in each step.",
        of(lambda V, r, P, g: solved(g**2 * P, r))),
    Mistake("discount_missing_in_part", "γ stands in the wrong place: I − γP_π, not γ(I − P_π) or (1 − γ)I.",
        of(lambda V, r, P, g: np.linalg.solve((1 + 1e-9) * np.eye(len(r)) - P * (1 - g), r)),
        of(lambda V, r, P, g: solved(min(1 - g, 0.999) * P, r))),
    Mistake("per_action", "These are Q(s, a), [S, A]. Average them over the policy: V(s), [S].",
        lambda P, R, policy, gamma: q(P, R, policy_values(P, R, policy, gamma), gamma)),
    Mistake("mean_over_states", "One number is left. Each state has a value of its own, [S].",
        of(lambda V, r, P, g: V.mean()), of(lambda V, r, P, g: V.sum())),
    Mistake("inverse", "This is the matrix (I − γP_π)⁻¹. Apply it to r_π.",
        of(lambda V, r, P, g: np.linalg.inv(np.eye(len(r)) - g * P))),
    Mistake("discount_missing", "γ is missing: rewards are added up over some number of steps, as they are.",
        shows=Trace(traces.one_of, not_discounted)),
    Mistake("visitation",
        "The inverse is summed over its rows, which counts visits. It is a matrix times r_π.",
        of(lambda V, r, P, g: np.linalg.inv(np.eye(len(r)) - g * P).sum(0) * r)),
)  # fmt: skip

VIVA = (
    "What do the rows of (I − γP_π)⁻¹ sum to, and what do its entries mean?",
    "How many backups would do in the place of the solve, for an error of 1 % and γ = 0.99?",
    "A state is never left and pays 1 a step. What is its value, and which line of yours says so?",
)

EXERCISE = Exercise(
    policy_values, draw, points=3, minutes=10, stars=1, mistakes=MISTAKES, pure=True, viva=VIVA
)
