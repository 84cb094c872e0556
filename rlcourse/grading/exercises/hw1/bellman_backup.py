"""(T^π V)(s) = Σₐ π(a|s) [ r(s, a) + γ Σ P(s′|s, a) V(s′) ]: one synchronous backup.

P [S, A, S], R and policy [S, A], V [S], gamma a number from 0; the answer is [S]. Sutton & Barto
2018, eq. 4.5.
"""

import numpy as np

from rlcourse.equations import markov
from rlcourse.grading.exercises._processes import SIZES, chain, process, random_policy
from rlcourse.grading.exercises.hw1 import _backups
from rlcourse.grading.exercises.hw1._backups import (
    even,
    first_action,
    likeliest,
    one_after_another,
    q,
    turned,
)
from rlcourse.grading.record import Exercise, Mistake


def bellman_backup(P, R, policy, V, gamma):
    return markov.bellman_backup(_backups.mdp(P, R, gamma), policy, V)


def draw(rng):
    return [
        {
            "P": process(rng, *size, gamma)["P"],
            "R": rng.normal(0.5, 1, size),
            "policy": random_policy(rng, *size),
            "V": rng.normal(1, 3, size[0]),
            "gamma": gamma,
        }
        for size, gamma in zip(SIZES, (0.9, 0.8, 0.95, 0.6, 0.0), strict=True)
    ]


def but(**changes):
    """The right backup of a case in which something is exchanged: name -> (case) -> value."""
    return lambda **case: bellman_backup(**case | {name: make(case) for name, make in changes.items()})


def of(wrong):
    """Something else, made of r_π, P_π, V and γ."""
    return lambda P, R, policy, V, gamma: wrong((policy * R).sum(1), chain(P, policy), V, gamma)


def acting(change):
    return but(policy=lambda case: change(case["policy"]))


def in_order(turn):
    def wrong(P, R, policy, V, gamma):
        return one_after_another(V, lambda W: (policy * q(P, R, W, gamma)).sum(1), range(len(V))[::turn])

    return wrong


MISTAKES = (
    Mistake("discount_missing", _backups.NO_DISCOUNT, of(lambda r, P, V, g: r + P @ V)),
    Mistake("reward_discounted", _backups.REWARD_DISCOUNTED, of(lambda r, P, V, g: g * (r + P @ V))),
    Mistake("reward_missing", _backups.NO_REWARD, of(lambda r, P, V, g: g * P @ V),
        of(lambda r, P, V, g: P @ V)),
    Mistake("optimality",
        "This takes the best action: the backup of value iteration. T^π averages over the policy's actions.",
        lambda P, R, policy, V, gamma: q(P, R, V, gamma).max(1)),
    Mistake("policy_ignored", _backups.POLICY, acting(even), acting(first_action),
        lambda P, R, policy, V, gamma: q(P, R, V, gamma).sum(1)),
    Mistake("likeliest_action", _backups.LIKELIEST, acting(likeliest)),
    Mistake("reward_not_averaged",
        "The rewards are not averaged over the policy, while the rest is. Both stand inside the sum.",
        lambda P, R, policy, V, gamma: R.sum(1) + gamma * chain(P, policy) @ V,
        lambda P, R, policy, V, gamma: R.mean(1) + gamma * chain(P, policy) @ V,
        lambda P, R, policy, V, gamma: R.max(1) + gamma * chain(P, policy) @ V),
    Mistake("future_not_averaged",
        "The transitions are not averaged over the policy, while the rewards are. Both stand inside the sum.",
        lambda P, R, policy, V, gamma: (policy * R).sum(1) + gamma * P.mean(1) @ V,
        lambda P, R, policy, V, gamma: (policy * R).sum(1) + gamma * P.sum(1) @ V,
        lambda P, R, policy, V, gamma: (policy * R).sum(1) + gamma * (P @ V).max(1)),
    Mistake("transposed", _backups.TRANSPOSED,
        lambda P, R, policy, V, gamma: (policy * q(turned(P), R, V, gamma)).sum(1),
        of(lambda r, P, V, g: r + g * P.T @ V)),
    Mistake("own_value", "V of the state itself is used. The step ends in s′: average V(s′) over P(s′|s, a).",
        of(lambda r, P, V, g: r + g * V)),
    Mistake("fixed_point",
        "This is V^π, where the backups end. One backup of the given V is asked.",
        of(lambda r, P, V, g: np.linalg.solve(np.eye(len(V)) - g * P, r))),
    Mistake("two_backups", "The backup is applied twice.",
        lambda **case: bellman_backup(**case | {"V": bellman_backup(**case)})),
    Mistake("in_place", _backups.IN_PLACE, in_order(1), in_order(-1)),
    Mistake("change_for_value", "This is the change T^πV − V. The new values themselves are asked.",
        of(lambda r, P, V, g: r + g * P @ V - V)),
    Mistake("added_to_the_old", "The backup is added to the old values. It takes their place.",
        of(lambda r, P, V, g: r + g * P @ V + V)),
    Mistake("normalised", "The reward is multiplied by 1 − γ. Values are not normalised here.",
        of(lambda r, P, V, g: (1 - g) * r + g * P @ V)),
    Mistake("discount_squared", "γ is applied twice.", of(lambda r, P, V, g: r + g**2 * P @ V)),
    Mistake("per_action", _backups.PER_ACTION, lambda P, R, policy, V, gamma: q(P, R, V, gamma),
        lambda P, R, policy, V, gamma: policy * q(P, R, V, gamma)),
    Mistake("mean_over_actions", "The weighted values are averaged once more: the weights π(a|s) sum to 1.",
        lambda P, R, policy, V, gamma: (policy * q(P, R, V, gamma)).mean(1)),
    Mistake("mean_over_states", "The states are averaged. Each state has a value of its own.",
        of(lambda r, P, V, g: np.mean(r + g * P @ V)), of(lambda r, P, V, g: r + g * np.mean(V))),
    Mistake("likeliest_state", "Only the likeliest s′ counts. Average over all with P(s′|s, a).",
        lambda P, R, policy, V, gamma: (policy * (R + gamma * V[P.argmax(2)])).sum(1)),
    Mistake("best_state", "The best s′ is assumed. The environment draws it: average with P(s′|s, a).",
        lambda P, R, policy, V, gamma: (policy * (R + gamma * V.max())).sum(1)),
    Mistake("sign", "The future is subtracted.", of(lambda r, P, V, g: r - g * P @ V)),
    Mistake("future_missing",
        "This is the mean reward alone. What follows it is missing: γ Σ P(s′|s, a) V(s′).",
        of(lambda r, P, V, g: r)),
    Mistake("step_towards", "The old value is kept in part. A backup takes its place.",
        *(of(lambda r, P, V, g, a=a: V + a * (r + g * P @ V - V)) for a in (0.5, 0.1, 0.9, 0.01))),
)  # fmt: skip

VIVA = (
    "Start from two different V and back both up. By what factor do they come closer, at least?",
    "γ = 0: what does your function return, and does it still need P?",
    "Which V does your function leave as it is?",
)

EXERCISE = Exercise(
    bellman_backup, draw, points=3, minutes=10, stars=1, mistakes=MISTAKES, pure=True, viva=VIVA
)
