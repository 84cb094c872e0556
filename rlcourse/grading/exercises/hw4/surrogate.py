"""L_π(π′) = η(π) + 1/(1 − γ) Σₛ d^π(s) Σₐ π′(a|s) A^π(s, a): the performance with the old policy's states.

P [S, A, S], R [S, A], start [S], new (π′) and old (π) [S, A]; η is unnormalised and d sums to 1; the answer
is a number. Schulman et al. 2015, eq. 3.
"""

from rlcourse.equations import markov
from rlcourse.grading.exercises.hw4 import _lemma
from rlcourse.grading.exercises.hw4._lemma import but, draw, eta, lemma
from rlcourse.grading.record import Exercise, Mistake


def surrogate(P, R, start, gamma, new, old):
    return markov.surrogate(markov.MDP(P, R, start, gamma), new, old)


def plus(gain, eta_of="old"):
    """η of a policy plus a wrong gain(**case)."""
    return lambda **case: eta(case, eta_of) + gain(**case)


def plus_old(**changes):
    """η(old) plus the gain of the surrogate with one thing exchanged."""
    return plus(but(**{"visits": "old", **changes}))


MISTAKES = (
    Mistake("missing_eta",
        "η(old) is missing: L is the old performance plus a first-order gain, so that L(old) = η(old).",
        but(visits="old")),
    Mistake("new_visitation",
        "The states are weighed by the new policy's visitation: then L is η(new) exactly, and needs the new "
        "policy's data. L uses d of the old one.",
        plus_old(visits="new")),
    Mistake("missing_normaliser", _lemma.MISSING, plus_old(power=0)),
    Mistake("normaliser_squared", _lemma.SQUARED, plus_old(power=2)),
    Mistake("missing_eta",
        "η(old) is missing, and the states are the new policy's: this is the lemma, not the surrogate.",
        but()),
    Mistake("missing_eta", "η(old) and 1/(1 − γ) are missing.", but(visits="old", power=0)),
    Mistake("new_eta", "η of the new policy is added. L starts from η(old): η(new) is what we do not know.",
        plus(but(visits="old"), eta_of="new")),
    Mistake("new_advantage", _lemma.ZERO, plus_old(advantage_of="new")),
    Mistake("missing_old_weight", _lemma.RATIO_ALONE, plus_old(weigh=_lemma.ratio_alone)),
    Mistake("roles_mixed", _lemma.ROLES, plus_old(advantage_of="new", weigh=_lemma.without_new)),
    Mistake("extra_discount", _lemma.EXTRA,
        lambda **case: eta(case, "old") + case["gamma"] * lemma(**case, visits="old")),
    Mistake("ratio_squared", _lemma.SQUARED_RATIO, plus_old(weigh=_lemma.ratio_squared)),
    Mistake("q_for_advantage", _lemma.Q_FOR_A,
        plus_old(of=_lemma.q_values), but(visits="old", of=_lemma.q_values, power=0)),
    Mistake("sign", "The gain is subtracted: L = η(old) + gain.",
        lambda **case: eta(case, "old") - lemma(**case, visits="old")),
    Mistake("policies_swapped", "Old and new have changed places.",
        lambda new, old, **process: surrogate(new=old, old=new, **process)),
    Mistake("max_for_mean", _lemma.GREEDY, plus_old(weigh=_lemma.best_action)),
    Mistake("unweighted_actions", _lemma.UNWEIGHTED,
        plus_old(weigh=_lemma.unweighted), plus_old(weigh=_lemma.unweighted_sum)),
    Mistake("normalised_eta",
        "η(old) is normalised by 1 − γ while the gain is not. Use the unnormalised η for both.",
        lambda **case: (1 - case["gamma"]) * eta(case, "old") + lemma(**case, visits="old")),
    Mistake("normalised_eta", "Everything is multiplied by 1 − γ. The unnormalised η is asked.",
        lambda **case: (1 - case["gamma"]) * surrogate(**case)),
    Mistake("one_minus_gamma", _lemma.MULTIPLIED, plus_old(power=-1)),
    Mistake("ratio_inverted",
        "The ratio is upside down: the expectation under the new policy weighs π_old by π_new/π_old.",
        plus_old(weigh=lambda values, new, old: old**2 / new * values)),
    Mistake("start_only", _lemma.START_ONLY,
        plus(_lemma.start_advantage),
        lambda **case: eta(case, "old") + _lemma.start_advantage(**case) / (1 - case["gamma"])),
    Mistake("start_ignored", _lemma.START,
        lambda **case: surrogate(**_lemma.from_everywhere(case)),
        lambda **case: eta(case, "old") + lemma(**_lemma.from_everywhere(case), visits="old")),
    Mistake("uniform_states", _lemma.UNIFORM,
        lambda **case: eta(case, "old") + _lemma.mean_advantage(**case) / (1 - case["gamma"]),
        plus(_lemma.mean_advantage)),
    Mistake("transposed", _lemma.TRANSPOSED,
        lambda **case: eta(case, "old") + _lemma.transposed(case, "old")),
    Mistake("new_visitation", "The states are the new policy's, and 1/(1 − γ) is missing.",
        plus_old(visits="new", power=0)),
)  # fmt: skip

VIVA = (
    "What is L at the old policy, and which part of your sum vanishes there?",
    "Which quantity in L can be estimated from the old policy's data, and which in the lemma cannot?",
    "L rises, η falls: how far apart must the policies be, and by which formula?",
)

EXERCISE = Exercise(surrogate, draw, points=4, minutes=15, stars=2, mistakes=MISTAKES, viva=VIVA)
