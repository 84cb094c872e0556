"""V_{k+1}(s) = maxₐ [ r(s, a) + γ Σ P(s′|s, a) V_k(s′) ] in all states at once, from V_0 = 0.

P [S, A, S], R [S, A], gamma a number from 0, sweeps ≥ 0; the answer is V_sweeps [S]. Sutton & Barto 2018,
eq. 4.10.
"""

import functools

import numpy as np

from rlcourse.equations import markov
from rlcourse.grading.exercises._processes import SIZES, process
from rlcourse.grading.exercises.hw1 import _backups
from rlcourse.grading.exercises.hw1._backups import one_after_another, q, turned
from rlcourse.grading.record import Exercise, Mistake, Trace
from rlcourse.grading.rules import traces


def value_iteration(P, R, gamma, sweeps):
    return markov.value_iteration(_backups.mdp(P, R, gamma), sweeps)


def draw(rng):
    """Few sweeps, no sweep, many; rewards of both signs; the best reward is no good guide."""
    return [
        {
            "P": process(rng, *size, gamma)["P"],
            "R": rng.normal(0, 2, (size[0], 1)) + rng.normal(0, 0.5, size),
            "gamma": gamma,
            "sweeps": sweeps,
        }
        for size, gamma, sweeps in zip(
            (*SIZES, (8, 4), (4, 2)),
            (0.9, 0.8, 0.95, 0.6, 0.0, 0.95, 0.9),
            (2, 3, 5, 1, 2, 0, 40),
            strict=True,
        )
    ]


def swept(backup, count=lambda sweeps: sweeps, start=lambda R, gamma: np.zeros(len(R))):
    """Another backup, (P, R, V, gamma) -> V, another number of them, another start."""

    def wrong(P, R, gamma, sweeps):
        V = start(R, gamma)
        for _ in range(count(sweeps)):
            V = backup(P, R, V, gamma)
        return V

    return wrong


def best(P, R, V, gamma):
    return q(P, R, V, gamma).max(1)


def in_order(turn):
    return swept(
        lambda P, R, V, gamma: one_after_another(V, lambda W: q(P, R, W, gamma).max(1), range(len(V))[::turn])
    )


def started(start):
    return swept(best, start=start)


def per_action(P, R, gamma, sweeps):
    return q(P, R, value_iteration(P, R, gamma, sweeps), gamma)


def fixed_point(P, R, gamma):
    mdp = _backups.mdp(P, R, gamma)
    return markov.values(mdp, markov.policy_iteration(mdp, markov.uniform_policy(mdp))[-1])


def last_policy(P, R, gamma, sweeps):
    """V^π of the policy that is greedy after so many sweeps."""
    greedy = np.eye(R.shape[1])[per_action(P, R, gamma, sweeps).argmax(1)]
    return markov.values(_backups.mdp(P, R, gamma), greedy)


def stopped(P, R, gamma, sweeps):
    """V after fewer sweeps than were asked."""
    return {"among": np.array([value_iteration(P, R, gamma, n) for n in range(sweeps)])}


MISTAKES = (
    Mistake("one_sweep_too_many", "One sweep too many: after 0 sweeps V is 0.",
        swept(best, lambda n: n + 1), started(lambda R, gamma: R.max(1))),
    Mistake("one_sweep_too_few", "One sweep too few: V = 0 is before the first.",
        swept(best, lambda n: max(n - 1, 0))),
    Mistake("no_sweep", "Where no sweep is asked, yours makes one: after 0 sweeps V is 0.",
        swept(best, lambda n: max(n, 1))),
    Mistake("converged", "This is the fixed point, V*. V after the given number of sweeps is asked.",
        lambda P, R, gamma, sweeps: fixed_point(P, R, gamma), swept(best, lambda n: 100)),
    Mistake("one_sweep", "One sweep only, whatever `sweeps` is: does the loop return too early, or forget V?",
        swept(best, lambda n: min(n, 1)), swept(best, lambda n: 1)),
    Mistake("in_place", _backups.IN_PLACE, in_order(1), in_order(-1)),
    Mistake("mean_for_max", "The actions are averaged. The best one counts: a maximum.",
        swept(lambda P, R, V, g: q(P, R, V, g).mean(1))),
    Mistake("sum_for_max", "The actions are summed. The best one counts: a maximum.",
        swept(lambda P, R, V, g: q(P, R, V, g).sum(1))),
    Mistake("min_for_max", "The worst action counts. Take the maximum.",
        swept(lambda P, R, V, g: q(P, R, V, g).min(1))),
    Mistake("two_maxima",
        "The best reward and the best future are taken of two different actions. One action brings both: the "
        "maximum is of their sum.",
        swept(lambda P, R, V, g: R.max(1) + g * (P @ V).max(1)),
        swept(lambda P, R, V, g: (R.max(1)[:, None] + g * P @ V).max(1)),
        swept(lambda P, R, V, g: R.mean(1) + g * (P @ V).max(1)),
        swept(lambda P, R, V, g: R.max(1) + g * (P.mean(1) @ V))),
    Mistake("greedy_reward", "The action with the best reward is taken, whatever follows it.",
        swept(lambda P, R, V, g: np.take_along_axis(q(P, R, V, g), R.argmax(1)[:, None], 1)[:, 0])),
    Mistake("best_state",
        "The best s′ is assumed. The agent chooses the action, the environment draws s′: average over P.",
        swept(lambda P, R, V, g: (R + g * V.max()).max(1)),
        swept(lambda P, R, V, g: (R + g * np.where(P > 0, V, -np.inf).max(2)).max(1)),
        swept(lambda P, R, V, g: (R + g * (P * V).max(2)).max(1))),
    Mistake("discount_missing", _backups.NO_DISCOUNT, swept(lambda P, R, V, g: best(P, R, V, 1.0))),
    Mistake("reward_discounted", _backups.REWARD_DISCOUNTED,
        swept(lambda P, R, V, g: g * (R + P @ V).max(1))),
    Mistake("reward_missing", _backups.NO_REWARD, swept(lambda P, R, V, g: g * (P @ V).max(1))),
    Mistake("transposed", _backups.TRANSPOSED, swept(lambda P, R, V, g: best(turned(P), R, V, g))),
    Mistake("own_value", "V of the state itself is used. The step ends in s′: average V(s′) over P(s′|s, a).",
        swept(lambda P, R, V, g: (R + g * V[:, None]).max(1))),
    Mistake("absolute", "The largest value in size is taken, or all below 0 is cut. Take the plain maximum.",
        swept(lambda P, R, V, g: np.abs(q(P, R, V, g)).max(1)),
        swept(lambda P, R, V, g: np.maximum(best(P, R, V, g), 0.0)),
        swept(lambda P, R, V, g: np.maximum(best(P, R, V, g), V))),
    Mistake("accumulates", "The backup is added to the old values. It takes their place.",
        swept(lambda P, R, V, g: V + best(P, R, V, g))),
    Mistake("other_start", "The sweeps do not begin at V = 0.",
        started(lambda R, gamma: np.ones(len(R))), started(lambda R, gamma: R.mean(1)),
        started(lambda R, gamma: R.max(1) / (1 - gamma)), started(lambda R, gamma: np.full(len(R), R.max()))),
    Mistake("policy_evaluated",
        "This is the value of the greedy policy, for ever. V after the sweeps themselves is asked.",
        last_policy),
    Mistake("per_action", _backups.PER_ACTION, per_action,
        lambda P, R, gamma, sweeps: q(P, R, value_iteration(P, R, gamma, max(sweeps - 1, 0)), gamma)),
    Mistake("all_sweeps", "The values of all sweeps come back. Only those after the last one are asked.",
        lambda P, R, gamma, sweeps: np.array([value_iteration(P, R, gamma, k) for k in range(sweeps + 1)]),
        lambda P, R, gamma, sweeps: np.array([value_iteration(P, R, gamma, k + 1) for k in range(sweeps)])),
    Mistake("actions", "The best actions come back. Their values are asked.",
        lambda P, R, gamma, sweeps: per_action(P, R, gamma, sweeps).argmax(1),
        lambda P, R, gamma, sweeps: (
            per_action(P, R, gamma, sweeps - 1).argmax(1) if sweeps else np.zeros(len(R)))),
    Mistake("likeliest_state", "Only the likeliest s′ counts. Average over all with P(s′|s, a).",
        swept(lambda P, R, V, g: (R + g * V[P.argmax(2)]).max(1))),
    Mistake("over_everything", "One maximum is taken for all states. Each state has its own.",
        swept(lambda P, R, V, g: np.full(len(V), q(P, R, V, g).max()))),
    Mistake("discount_by_sweep",
        "The discount changes from sweep to sweep. Each backup discounts once, by γ.",
        lambda P, R, gamma, sweeps: functools.reduce(
            lambda V, k: q(P, R, V, gamma ** (k + 1)).max(1), range(sweeps), np.zeros(len(R))),
        lambda P, R, gamma, sweeps: functools.reduce(
            lambda V, k: q(P, R, V, gamma**k).max(1), range(sweeps), np.zeros(len(R)))),
    Mistake("stops_early", "It stops before all sweeps are made, where V changes little. Make them all.",
        shows=Trace(traces.one_of, stopped)),
)  # fmt: skip

VIVA = (
    "How far can V after 50 sweeps be from V*, for γ = 0.9 and rewards between 0 and 1?",
    "Renew the states one after another with the newest values. Is the end another, is the way?",
    "After how many sweeps is the greedy policy the best one: can one say so before V has settled?",
)

EXERCISE = Exercise(
    value_iteration, draw, points=3, minutes=15, stars=2, mistakes=MISTAKES, pure=True, viva=VIVA
)
