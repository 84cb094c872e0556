"""d = d P_π with Σ d(s) = 1: the share of time that a chain spends in each state in the long run.

P [S, A, S], policy [S, A]; the answer is [S]. The chain is irreducible and may be periodic.
"""

import numpy as np

from rlcourse.equations import markov
from rlcourse.grading.exercises._processes import chain, geometric_sum, random_policy
from rlcourse.grading.exercises.hw1._backups import even, first_action, likeliest
from rlcourse.grading.record import Exercise, Mistake, Trace
from rlcourse.grading.rules import traces


def stationary_distribution(P, policy):
    mdp = markov.MDP(P, np.zeros(policy.shape), np.eye(len(P))[0], 0.0)
    return markov.stationary_distribution(mdp, policy)


def draw(rng):
    """Everything reaches everything; two of five chains are periodic: they go back and forth, or round."""
    cases = [
        {"P": 0.1 / n + 0.9 * rng.dirichlet(0.4 * np.ones(n), (n, m)), "policy": random_policy(rng, n, m)}
        for n, m in ((4, 2), (5, 3), (3, 2))
    ]
    for sides in ((2, 3), (1, 2, 2)):
        n, m = sum(sides), 2
        P, first = np.zeros((n, m, n)), np.cumsum((0, *sides))
        for k, size in enumerate(sides):
            ahead = slice(first[(k + 1) % len(sides)], first[(k + 1) % len(sides) + 1])
            shares = rng.dirichlet(np.ones(ahead.stop - ahead.start), (size, m))
            P[first[k] : first[k + 1], :, ahead] = 0.1 + (1 - 0.1 * (ahead.stop - ahead.start)) * shares
        cases.append({"P": P, "policy": random_policy(rng, n, m)})
    return cases


def of(wrong):
    """Something else than d, made of d and P_π."""
    return lambda P, policy: wrong(stationary_distribution(P, policy), chain(P, policy))


def acting(change):
    return lambda P, policy: stationary_distribution(P, change(policy))


def after(steps, start):
    """The distribution after so many steps: on a periodic chain it never settles."""
    return of(lambda d, P: start(len(d)) @ np.linalg.matrix_power(P, steps))


def first_state(n):
    return np.eye(n)[0]


def uniform(n):
    return np.full(n, 1 / n)


def mean_over(steps, start):
    """The mean over the first steps: its error falls as 1/steps only."""
    return of(lambda d, P: start(len(d)) @ geometric_sum(P, steps) / steps)


def discounted(gamma, start=uniform):
    return of(lambda d, P: (1 - gamma) * np.linalg.solve(np.eye(len(d)) - gamma * P.T, start(len(d))))


def a_few_steps(P, policy):
    """The distributions after 4 to 40 steps, from a uniform start and from the first state."""
    turn = chain(P, policy)
    now = np.stack([uniform(len(P)), first_state(len(P))])
    return {"among": np.concatenate([now := now @ turn for _ in range(40)][3:])}


MISTAKES = (
    Mistake("right_eigenvector",
        "This is the eigenvector on the other side: P_π 1 = 1 holds for every chain. d multiplies from the "
        "left, so it is an eigenvector of the transpose.",
        of(lambda d, P: uniform(len(d))), of(lambda d, P: np.ones(len(d))),
        of(lambda d, P: np.ones(len(d)) / np.sqrt(len(d))),
        of(lambda d, P: -np.ones(len(d)) / np.sqrt(len(d)))),
    Mistake("not_normalised", "The entries do not sum to 1: divide by their sum (which also settles the "
        "sign).",
        of(lambda d, P: d / np.linalg.norm(d)), of(lambda d, P: -d / np.linalg.norm(d)), of(lambda d, P: -d),
        of(lambda d, P: d / d.max()), of(lambda d, P: len(d) * d)),
    Mistake("not_normalised",
        "These are the right shares times a number: divide by their sum, and they sum to 1.",
        shows=Trace(traces.multiple)),
    Mistake("periodic",
        "A chain that goes round in a circle never settles, however long one waits. Solve d = d P_π for d, "
        "or "
        "average over time.",
        *(after(n, start) for n in (10000, 1000, 500, 200, 100, 50) for start in
          (uniform, first_state)),
        *(after(n, start) for n in (1001, 101, 1 << 20) for start in (uniform, first_state)),
        of(lambda d, P: np.linalg.matrix_power(P, 1000)[0]), of(lambda d, P: np.linalg.matrix_power(P,
        100)[-1])),
    Mistake("periodic",
        "The mean over two steps settles where a chain goes back and forth, and not where it goes round in "
        "three.",
        *(of(lambda d, P, n=n, s=s: s(len(d)) @ np.linalg.matrix_power(P, n) @ (np.eye(len(d)) + P) / 2)
          for n in (1000, 500, 100, 999, 99) for s in (uniform, first_state))),
    Mistake("mean_too_short",
        "A mean over the first steps: its error falls only as one over their number. Solve d = d P_π, or "
        "take "
        "many more steps.",
        *(mean_over(n, start) for n in (1000, 100, 500, 2000) for start in (uniform, first_state))),
    Mistake("policy_ignored",
        "The policy is not used: P_π(s, s′) = Σₐ π(a|s) P(s′|s, a).", acting(even), acting(first_action)),
    Mistake("likeliest_action", "Only the likeliest action counts. P_π averages over all with π(a|s).",
        acting(likeliest)),
    Mistake("discounted",
        "This is a discounted visitation. In the long run no step counts more than another.",
        *(discounted(g, start) for g in (0.99, 0.9, 0.999, 0.95, 0.5) for start in (uniform, first_state))),
    Mistake("one_step", "This is the distribution after a step or two. Where it no longer changes is asked.",
        after(1, uniform), after(2, uniform), after(1, first_state), after(3, uniform)),
    Mistake("one_step",
        "These are a few steps only: the start still counts. Where it no longer changes is asked.",
        shows=Trace(traces.one_of, a_few_steps)),
    Mistake("state_action", "This is the share of states and actions, d(s)π(a|s). Sum over the actions.",
        lambda P, policy: stationary_distribution(P, policy)[:, None] * policy),
    Mistake("matrix", "A matrix comes back. One row of shares is asked, [S].",
        of(lambda d, P: P), of(lambda d, P: np.linalg.matrix_power(P, 1000)),
        of(lambda d, P: np.tile(d, (len(d), 1)))),
    Mistake("return_time", "This is 1/d: how long it takes to come back. Asked is the share of time.",
        of(lambda d, P: 1 / d)),
    Mistake("squared", "The entries are squared. Probabilities are the entries themselves here.",
        of(lambda d, P: d**2 / (d**2).sum()), of(lambda d, P: d**2)),
    Mistake("softmax", "A softmax is taken of something. Divide by the sum.",
        of(lambda d, P: np.exp(d) / np.exp(d).sum())),
    Mistake("column_sums", "This adds up the columns of P_π: the chances of coming in, if all states were "
        "alike.",
        of(lambda d, P: P.sum(0))),
    Mistake("other_eigenvector",
        "This is an eigenvector with another eigenvalue: take the one of eigenvalue 1. `eig` does not sort.",
        shows=Trace(traces.other_eigenvector, lambda P, policy: {"matrix": chain(P, policy)})),
    Mistake("staying", "These are the chances of staying, the diagonal of P_π. A state is also come back to.",
        of(lambda d, P: np.diag(P)), of(lambda d, P: np.diag(P) / max(np.trace(P), 1e-9))),
    Mistake("not_exact", "Near, but not exact: counted along a walk, or averaged over too few steps? Solve "
        "d = d P_π for d.", shows=Trace(traces.near_shares)),
)  # fmt: skip

VIVA = (
    "Your chain goes back and forth between two halves. Where does d·Pⁿ go, and where its mean over n?",
    "Why has P_π the eigenvalue 1, without any calculation?",
    "What would your code return if two parts of the chain could not reach each other?",
)

EXERCISE = Exercise(
    stationary_distribution, draw, points=3, minutes=20, stars=2, mistakes=MISTAKES, pure=True, viva=VIVA
)
