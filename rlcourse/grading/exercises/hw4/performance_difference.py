"""d^π′(s)/(1 − γ) Σₐ π′(a|s) A^π(s, a), [S]: the lemma's right-hand side, state by state.

P [S, A, S], R [S, A], start [S], new (π′) and old (π) [S, A]; η is unnormalised and d sums to 1. The
terms sum to η(π′) − η(π). A number is not enough: the lemma's left-hand side gives the same one. Schulman et
al. 2015, eq. 2.
"""

import numpy as np

from rlcourse.equations import markov
from rlcourse.grading.exercises._processes import stationary, uniform_like
from rlcourse.grading.exercises.hw4 import _lemma
from rlcourse.grading.exercises.hw4._lemma import draw, eta, lemma, terms
from rlcourse.grading.record import Exercise, Mistake


def performance_difference(P, R, start, gamma, new, old):
    mdp = markov.MDP(P, R, start, gamma)
    gain = (new * markov.advantages(mdp, old)).sum(1)
    return markov.visitation(mdp, new) * gain / (1 - gamma)


def but(**changes):
    return lambda **case: terms(**case, **changes)


def weighed_by(states):
    """The gains weighed by something else than d^π′, of a case."""
    return lambda **case: states(case) * _lemma.gains(**case)


def horizon(case):
    return 1 / (1 - case["gamma"])


def value_gap(case):
    """V_new − V_old, [S]."""
    each = [lemma(**{**case, "start": state}) for state in np.eye(len(case["start"]))]
    return np.array(each)


MISTAKES = (
    Mistake("missing_normaliser", _lemma.MISSING, but(power=0)),
    Mistake("old_visitation",
        "The states are weighed by the old policy's visitation: that is the surrogate, right to first order "
        "only. The lemma has d of the new policy.",
        but(visits="old")),
    Mistake("normaliser_squared", _lemma.SQUARED, but(power=2)),
    Mistake("new_advantage", _lemma.ZERO, but(advantage_of="new")),
    Mistake("sign", "The sign is turned round: new minus old, positive when the new policy is better.",
        lambda **case: -terms(**case)),
    Mistake("missing_old_weight", _lemma.RATIO_ALONE, but(weigh=_lemma.ratio_alone)),
    Mistake("roles_mixed", _lemma.ROLES, but(advantage_of="new", weigh=_lemma.without_new)),
    Mistake("extra_discount", _lemma.EXTRA, lambda **case: case["gamma"] * terms(**case)),
    Mistake("old_visitation",
        "The states are weighed by the old policy's visitation, and 1/(1 − γ) is missing.",
        but(visits="old", power=0)),
    Mistake("q_for_advantage", _lemma.Q_FOR_A, but(of=_lemma.q_values), but(of=_lemma.q_values, power=0)),
    Mistake("max_for_mean", _lemma.GREEDY, but(weigh=_lemma.best_action)),
    Mistake("unweighted_actions", _lemma.UNWEIGHTED,
        but(weigh=_lemma.unweighted), but(weigh=_lemma.unweighted_sum)),
    Mistake("ratio_squared", _lemma.SQUARED_RATIO, but(weigh=_lemma.ratio_squared)),
    Mistake("one_minus_gamma", _lemma.MULTIPLIED, but(power=-1)),
    Mistake("left_hand_side",
        "This is the lemma's left-hand side, ρ₀(s)(V_new(s) − V_old(s)): it says where episodes start, not "
        "where the gain is made. Weigh the advantages by d of the new policy.",
        lambda **case: case["start"] * value_gap(case), lambda **case: value_gap(case)),
    Mistake("start_only", _lemma.START_ONLY,
        weighed_by(lambda case: case["start"]), weighed_by(lambda case: case["start"] * horizon(case))),
    Mistake("start_ignored", _lemma.START, lambda **case: terms(**_lemma.from_everywhere(case))),
    Mistake("uniform_states", _lemma.UNIFORM,
        weighed_by(lambda case: uniform_like(case["start"]) * horizon(case)),
        weighed_by(lambda case: uniform_like(case["start"]))),
    Mistake("not_visited",
        "The gains are not weighed by the visitation at all: multiply each by d(s), and divide by 1 − γ.",
        weighed_by(lambda case: 1.0), weighed_by(horizon)),
    Mistake("transposed", _lemma.TRANSPOSED,
        weighed_by(lambda case: _lemma.backwards_visits(case, "new"))),
    Mistake("undiscounted",
        "The states are weighed by the stationary distribution. d discounts and remembers the start.",
        weighed_by(lambda case: stationary(case["P"], case["new"]) * horizon(case))),
    Mistake("returns_performance",
        "This is η of the new policy. The terms of the difference to the old one are asked, one a state.",
        lambda **case: eta(case, "new")),
    Mistake("missing_normaliser",
        "These are the terms of (1 − γ) times the difference, with (1 − γ) twice: η is unnormalised.",
        but(power=-2)),
    Mistake("summed",
        "This is the sum. It equals η(new) − η(old), which one could compute without the lemma: return its "
        "terms, one a state.",
        lambda **case: lemma(**case)),
    Mistake("per_action", "One number a state and action is left: sum over the actions.",
        lambda **case: by_action(**case)),
)  # fmt: skip


def by_action(P, R, start, gamma, new, old):
    mdp = markov.MDP(P, R, start, gamma)
    d = markov.visitation(mdp, new)[:, None]
    return d * new * markov.advantages(mdp, old) / (1 - gamma)


VIVA = (
    "Where is the gain of your two policies made? Point at the largest term, and explain it.",
    "Replace d of the new policy by d of the old. What have you computed, and how wrong is it?",
    "Can a term be negative while the new policy is better? Make an example.",
)

EXERCISE = Exercise(performance_difference, draw, points=5, minutes=20, stars=2, mistakes=MISTAKES, viva=VIVA)
