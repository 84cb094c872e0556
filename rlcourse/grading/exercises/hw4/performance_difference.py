"""η(π′) − η(π) = 1/(1 − γ) Σₛ d^π′(s) Σₐ π′(a|s) A^π(s, a): the lemma's right-hand side, a number.

P [S, A, S], R [S, A], start [S], new (π′) and old (π) [S, A]; η is unnormalised and d sums to 1.
Schulman et al. 2015, eq. 2.
"""

from rlcourse.equations import markov
from rlcourse.grading.exercises.hw4 import _lemma
from rlcourse.grading.exercises.hw4._lemma import but, draw, eta, lemma
from rlcourse.grading.exercises.hw4._processes import stationary, visitation
from rlcourse.grading.record import Exercise, Mistake


def performance_difference(P, R, start, gamma, new, old):
    return markov.performance_difference(markov.MDP(P, R, start, gamma), new, old)


def per_state(**case):
    d = visitation(case["P"], case["new"], case["start"], case["gamma"])
    return d * _lemma.gains(**case) / (1 - case["gamma"])


def with_stationary(**case):
    return stationary(case["P"], case["new"]) @ _lemma.gains(**case) / (1 - case["gamma"])


MISTAKES = (
    Mistake("missing_normaliser", _lemma.MISSING, but(power=0)),
    Mistake("old_visitation",
        "The states are weighed by the old policy's visitation: that is the surrogate, right to first order "
        "only. The lemma has d of the new policy.",
        but(visits="old")),
    Mistake("normaliser_squared", _lemma.SQUARED, but(power=2)),
    Mistake("new_advantage", _lemma.ZERO, but(advantage_of="new")),
    Mistake("sign", "The sign is turned round: new minus old, positive when the new policy is better.",
        lambda **case: -lemma(**case)),
    Mistake("missing_old_weight", _lemma.RATIO_ALONE, but(weigh=_lemma.ratio_alone)),
    Mistake("roles_mixed", _lemma.ROLES, but(advantage_of="new", weigh=_lemma.without_new)),
    Mistake("extra_discount", _lemma.EXTRA, lambda **case: case["gamma"] * lemma(**case)),
    Mistake("old_visitation",
        "The states are weighed by the old policy's visitation, and 1/(1 − γ) is missing.",
        but(visits="old", power=0)),
    Mistake("q_for_advantage", _lemma.Q_FOR_A, but(of=_lemma.q_values), but(of=_lemma.q_values, power=0)),
    Mistake("max_for_mean", _lemma.GREEDY, but(weigh=_lemma.best_action)),
    Mistake("unweighted_actions", _lemma.UNWEIGHTED,
        but(weigh=_lemma.unweighted), but(weigh=_lemma.unweighted_sum)),
    Mistake("ratio_squared", _lemma.SQUARED_RATIO, but(weigh=_lemma.ratio_squared)),
    Mistake("one_minus_gamma", _lemma.MULTIPLIED, but(power=-1)),
    Mistake("start_only", _lemma.START_ONLY,
        _lemma.start_advantage, lambda **case: _lemma.start_advantage(**case) / (1 - case["gamma"])),
    Mistake("start_ignored", _lemma.START, lambda **case: lemma(**_lemma.from_everywhere(case))),
    Mistake("uniform_states", _lemma.UNIFORM,
        lambda **case: _lemma.mean_advantage(**case) / (1 - case["gamma"]), _lemma.mean_advantage),
    Mistake("transposed", _lemma.TRANSPOSED, lambda **case: _lemma.transposed(case, "new")),
    Mistake("undiscounted",
        "The states are weighed by the stationary distribution. d discounts and remembers the start.",
        with_stationary),
    Mistake("returns_performance", "This is η of the new policy. The difference to the old one is asked.",
        lambda **case: eta(case, "new")),
    Mistake("missing_normaliser",
        "This is the difference of (1 − γ)η. The unnormalised η is asked: divide by 1 − γ.",
        lambda **case: (1 - case["gamma"]) * lemma(**case)),
    Mistake("per_state", "One number per state is left: sum over the states.", per_state),
)  # fmt: skip

EXERCISE = Exercise(performance_difference, draw, points=5, minutes=20, stars=2, mistakes=MISTAKES)
