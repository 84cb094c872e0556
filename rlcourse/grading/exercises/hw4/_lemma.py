"""The performance difference lemma with one thing exchanged at a time, for the lemma and for its surrogate.

Cases hold P [S, A, S], R [S, A], start [S], gamma, and two policies, new and old [S, A].
"""

import numpy as np

from rlcourse.equations import markov
from rlcourse.grading.exercises._processes import (
    SIZES,
    backwards,
    process,
    random_policy,
    uniform_like,
    visitation,
)


def draw(rng):
    return [
        dict(
            process(rng, *size, gamma),
            R=rng.normal(0.5, 1, size),
            new=random_policy(rng, *size),
            old=random_policy(rng, *size),
        )
        for size, gamma in zip(SIZES, (0.9, 0.8, 0.95, 0.7, 0.85), strict=True)
    ]


def q_values(P, R, start, gamma, policy):
    return markov.q_values(markov.MDP(P, R, start, gamma), policy)


def advantages(P, R, start, gamma, policy):
    return markov.advantages(markov.MDP(P, R, start, gamma), policy)


def eta(case, which):
    """η of the new or the old policy."""
    mdp = markov.MDP(case["P"], case["R"], case["start"], case["gamma"])
    return markov.expected_return(mdp, case[which])


def terms(P, R, start, gamma, new, old, visits="new", advantage_of="old", power=1, weigh=None, of=advantages):
    """1/(1 − γ) d(s) Σₐ π(a|s) A(s, a), [S].

    d is of the policy `visits`, A of `advantage_of`; `power` of 1/(1 − γ); `weigh`(A, new, old) takes the
    place of π_new A; `of` may put Q in the place of A.
    """
    d = visitation(P, new if visits == "new" else old, start, gamma)
    values = of(P, R, start, gamma, old if advantage_of == "old" else new)
    return d * (new * values if weigh is None else weigh(values, new, old)).sum(1) / (1 - gamma) ** power


def lemma(**case):
    """The sum of the terms, with the same things to exchange."""
    return terms(**case).sum()


def but(**changes):
    return lambda **case: lemma(**case, **changes)


def gains(P, R, start, gamma, new, old):
    """Σₐ π_new(a|s) A_old(s, a), for every state."""
    return (new * advantages(P, R, start, gamma, old)).sum(1)


def start_advantage(**case):
    return case["start"] @ gains(**case)


def mean_advantage(**case):
    return np.mean(gains(**case))


def backwards_visits(case, visits):
    """d/(1 − γ), solved along Pπ instead of its transpose."""
    return backwards(case["P"], case[visits], case["start"], case["gamma"])


def transposed(case, visits):
    """1/(1 − γ) Σₛ d(s) …, with that d."""
    return backwards_visits(case, visits) @ gains(**case)


def from_everywhere(case):
    return {**case, "start": uniform_like(case["start"])}


# Weights other than π_new.


def without_new(values, new, old):
    return old * values


def ratio_squared(values, new, old):
    return new**2 / old * values


def ratio_alone(values, new, old):
    return new / old * values


def best_action(values, new, old):
    return np.eye(new.shape[1])[values.argmax(1)] * values


def unweighted(values, new, old):
    return values / new.shape[1]


def unweighted_sum(values, new, old):
    return values


# Hints that both exercises give.

MISSING = "The factor 1/(1 − γ) is missing: d sums to 1, while η adds up all the steps of an episode."
SQUARED = "1/(1 − γ) appears squared. Once is enough: it undoes the normalisation of d."
ZERO = (
    "The gain is always 0: advantages average to 0 under their own policy, Σₐ π(a|s) A^π(s, a) = 0. "
    "Take A of the old policy (not of the new) and weigh it by the new policy (not by the old)."
)
ROLES = "The weights and the advantage have changed places: π_new weighs A of the old policy."
Q_FOR_A = "Q takes the place of A: the value of the state itself is counted as a gain. Use A = Q − V."
GREEDY = "Only the best action's advantage is used. Average over the new policy: Σₐ π_new(a|s) A(s, a)."
UNWEIGHTED = "The advantages are not weighed by the new policy: Σₐ π_new(a|s) A(s, a)."
SQUARED_RATIO = "π_new/π_old is used beside π_new. The sum over actions is Σₐ π_new(a|s) A(s, a)."
RATIO_ALONE = "The ratio π_new/π_old needs the weight π_old: Σₐ π_old (π_new/π_old) A = Σₐ π_new A."
START = "The visitation does not begin at the given start distribution."
START_ONLY = "Only the start states count. All states visited do: weigh by d."
MULTIPLIED = "1 − γ multiplies where it should divide."
UNIFORM = "All states count alike. Weigh them by d."
TRANSPOSED = "The visitation is solved with Pπ instead of its transpose: distributions flow forwards."
EXTRA = "There is one factor γ too many: 1/(1 − γ), not γ/(1 − γ)."
