"""Homework 4, trust regions: inputs that tell ideas apart, right answers, and the mistakes people make.

Never shipped to a student's process in the judge: this file holds the answers.
Shapes: P [S, A, S], R [S, A], policies [S, A], start [S].
"""

# ruff: noqa: C408  (a case reads best as keyword arguments)

import numpy as np

from rlcourse.equations import markov, solvers, trust_region
from rlcourse.grading.record import Exercise, Mistake, near

# Exact quantities of a small decision process


def mdp(P, R, start, gamma):
    return markov.MDP(P, R, start, gamma)


def chain(P, policy):
    """Pπ(s, s′) = Σₐ π(a|s) P(s′|s, a)."""
    return np.einsum("sa,sat->st", policy, P)


def visitation(P, policy, start, gamma):
    """d = (1 − γ)(I − γPπᵀ)⁻¹ρ₀."""
    return markov.visitation(mdp(P, np.zeros(policy.shape), start, gamma), policy)


def backwards(P, policy, start, gamma):
    """(I − γPπ)⁻¹ρ₀: the flow of values, where that of distributions is meant."""
    return np.linalg.solve(np.eye(len(start)) - gamma * chain(P, policy), start)


def q_values(P, R, start, gamma, policy):
    return markov.q_values(mdp(P, R, start, gamma), policy)


def advantages(P, R, start, gamma, policy):
    return markov.advantages(mdp(P, R, start, gamma), policy)


def performance(P, R, start, gamma, policy):
    return markov.expected_return(mdp(P, R, start, gamma), policy)


def process(rng, states, actions, gamma):
    return dict(
        P=rng.dirichlet(0.5 * np.ones(states), (states, actions)),
        start=rng.dirichlet(0.5 * np.ones(states)),
        gamma=gamma,
    )


def policy(rng, states, actions):
    return rng.dirichlet(np.ones(actions), states)


SIZES = ((4, 2), (5, 3), (3, 2), (6, 2), (4, 3))
GAMMAS = (0.9, 0.8, 0.97, 0.7, 0.95)


def draw_visitation(rng):
    return [
        dict(process(rng, s, a, gamma), policy=policy(rng, s, a))
        for (s, a), gamma in zip(SIZES, GAMMAS, strict=True)
    ]


def stationary(P, policy):
    """The eigenvector of Pπᵀ at eigenvalue 1."""
    states = len(P)
    system = np.vstack([chain(P, policy).T - np.eye(states), np.ones(states)])
    return np.linalg.lstsq(system, np.append(np.zeros(states), 1.0), rcond=None)[0]


def partial_sum(terms, normalise=False, discount=True):
    """(1 − γ) Σ_{t < terms} γᵗ pₜ, or its plain average without γ."""

    def gives(P, policy, start, gamma):
        step = (gamma if discount else 1.0) * chain(P, policy).T
        total = geometric_sum(step, terms) @ start
        return total / total.sum() if normalise else (1 - gamma) * total

    return gives


def geometric_sum(matrix, terms):
    """Σ_{t < n} Mᵗ, by doubling: S₂ₙ = Sₙ + MⁿSₙ."""
    if terms == 1:
        return np.eye(len(matrix))
    half = geometric_sum(matrix, terms // 2)
    total = half + np.linalg.matrix_power(matrix, terms // 2) @ half
    return total if terms % 2 == 0 else np.eye(len(matrix)) + matrix @ total


TRANSPOSED = (
    "P is used the wrong way round: values flow backwards along Pπ, distributions forwards along its "
    "transpose. "
    "Solve (I − γPπᵀ) d = (1 − γ)ρ₀."
)
SHORT = (
    "The series is cut too early: after T terms γᵀ is left. Solve the linear system, or sum until γᵀ is tiny."
)
VISITATION = Exercise(
    name="visitation",
    homework=4,
    asks="the normalised discounted visitation d of a policy",
    points=4,
    minutes=15,
    difficulty=2,
    draw=draw_visitation,
    reference=visitation,
    mistakes=(
        Mistake(
            "unnormalised",
            "This sums to 1/(1 − γ). The normalised visitation sums to 1: multiply by 1 − γ.",
            lambda P, policy, start, gamma: visitation(P, policy, start, gamma) / (1 - gamma),
        ),
        Mistake(
            "transposed",
            TRANSPOSED,
            lambda P, policy, start, gamma: (1 - gamma) * backwards(P, policy, start, gamma),
        ),
        Mistake(
            "transposed",
            TRANSPOSED + " (1 − γ is missing, too.)",
            lambda P, policy, start, gamma: np.linalg.solve(
                np.eye(len(start)) - gamma * chain(P, policy), start
            ),
        ),
        Mistake(
            "transposed",
            TRANSPOSED,
            lambda P, policy, start, gamma: normal(backwards(P, policy, start, gamma)),
        ),
        Mistake(
            "undiscounted",
            "This is the stationary distribution of the chain. d discounts step t by γᵗ and remembers where"
            " the episode starts.",
            lambda P, policy, start, gamma: stationary(P, policy),
        ),
        Mistake(
            "start_ignored",
            "The start distribution is not used: this starts from all states alike.",
            lambda P, policy, start, gamma: visitation(P, policy, uniform_like(start), gamma),
        ),
        Mistake(
            "start_ignored",
            "The start distribution is not used, and the sum is not 1.",
            lambda P, policy, start, gamma: len(start) * visitation(P, policy, uniform_like(start), gamma),
        ),
        Mistake(
            "start_ignored",
            "The start distribution is not used: this starts in state 0.",
            lambda P, policy, start, gamma: visitation(P, policy, np.eye(len(start))[0], gamma),
        ),
        Mistake(
            "misses_start",
            "The sum begins at t = 1: the start distribution itself, t = 0, is part of it.",
            lambda P, policy, start, gamma: gamma * chain(P, policy).T @ visitation(P, policy, start, gamma),
        ),
        Mistake(
            "misses_start",
            "The sum is shifted by one step: the weight of pₜ is γᵗ, and p₀ is the start distribution.",
            lambda P, policy, start, gamma: chain(P, policy).T @ visitation(P, policy, start, gamma),
        ),
        Mistake(
            "policy_ignored",
            "The policy is not used: this averages over the actions. Pπ(s, s′) = Σₐ π(a|s) P(s′|s, a).",
            lambda P, policy, start, gamma: visitation(
                P, np.full(policy.shape, 1 / policy.shape[1]), start, gamma
            ),
        ),
        Mistake(
            "greedy_policy",
            "Only the likeliest action counts. Pπ(s, s′) = Σₐ π(a|s) P(s′|s, a) averages over all of them.",
            lambda P, policy, start, gamma: visitation(
                P, np.eye(policy.shape[1])[policy.argmax(1)], start, gamma
            ),
        ),
        Mistake(
            "policy_ignored",
            "Only the first action's transitions are used.",
            lambda P, policy, start, gamma: visitation(
                P, np.eye(policy.shape[1])[np.zeros(len(start), dtype=int)], start, gamma
            ),
        ),
        Mistake(
            "policy_ignored",
            "The actions' transitions are added without the policy: Pπ(s, s′) = Σₐ π(a|s) P(s′|s, a).",
            lambda P, policy, start, gamma: (
                (1 - gamma) * np.linalg.solve(np.eye(len(start)) - gamma * P.sum(1).T, start)
            ),
        ),
        Mistake(
            "state_action",
            "This is the visitation of states and actions, d(s)π(a|s). Sum over the actions.",
            lambda P, policy, start, gamma: visitation(P, policy, start, gamma)[:, None] * policy,
        ),
        *(Mistake("series_too_short", SHORT, partial_sum(n)) for n in (100, 50, 200, 20, 10, 30, 5, 2, 1)),
        *(Mistake("series_too_short", SHORT, partial_sum(n, normalise=True)) for n in (50, 100, 20, 10, 5)),
        *(
            Mistake(
                "undiscounted",
                "γᵗ is missing: this is a plain average over the first steps.",
                partial_sum(n, normalise=True, discount=False),
            )
            for n in (100, 1000, 200, 50, 20, 10)
        ),
        Mistake(
            "discount_squared",
            "γ is applied twice in each step.",
            lambda P, policy, start, gamma: visitation(P, policy, start, gamma**2),
        ),
        Mistake(
            "wrong_normaliser",
            "It sums to the wrong number: the factor is 1 − γ, not 1/(1 − γ).",
            lambda P, policy, start, gamma: visitation(P, policy, start, gamma) / (1 - gamma) ** 2,
        ),
        Mistake(
            "one_discount_too_many",
            "There is one factor γ too many: d = (1 − γ)(ρ₀ + γPπᵀρ₀ + …), the first term counts in full.",
            lambda P, policy, start, gamma: gamma * visitation(P, policy, start, gamma),
        ),
        Mistake(
            "value_for_visitation",
            "This is the start distribution times something, not a distribution over the states that are "
            "visited.",
            lambda P, policy, start, gamma: start,
        ),
    ),
)


def normal(x):
    return x / x.sum()


def draw_pair(rng):
    return [
        dict(
            process(rng, s, a, gamma),
            R=rng.normal(0.5, 1, (s, a)),
            new=policy(rng, s, a),
            old=policy(rng, s, a),
        )
        for (s, a), gamma in zip(SIZES, (0.9, 0.8, 0.95, 0.7, 0.85), strict=True)
    ]


def lemma(P, R, start, gamma, new, old, visits="new", advantage_of="old", power=1, weigh=None, of=advantages):
    """1/(1 − γ) Σₛ d(s) Σₐ π(a|s) A(s, a), with one thing exchanged at a time."""
    d = visitation(P, new if visits == "new" else old, start, gamma)
    values = of(P, R, start, gamma, old if advantage_of == "old" else new)
    return (d * (values * new if weigh is None else weigh(values, new, old)).sum(1)).sum() / (
        1 - gamma
    ) ** power


def performance_difference(P, R, start, gamma, new, old):
    """η(π′) − η(π) = 1/(1 − γ) Σₛ d^π′(s) Σₐ π′(a|s) A^π(s, a)."""
    return markov.performance_difference(mdp(P, R, start, gamma), new, old)


def but(**changes):
    return lambda **case: lemma(**case, **changes)


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


def policy_gap(values, new, old):
    return (new - old) * values


def swapped_policies(**case):
    return {**case, "new": case["old"], "old": case["new"]}


SHARED = dict(
    missing="The factor 1/(1 − γ) is missing: d sums to 1, while η adds up all the steps of an episode.",
    squared="1/(1 − γ) appears squared. Once is enough: it undoes the normalisation of d.",
    zero="The gain is always 0: advantages average to 0 under their own policy, Σₐ π(a|s) A^π(s, a) = 0. "
    "Take A of the old policy (not of the new) and weigh it by the new policy (not by the old).",
    q_for_a="Q takes the place of A: the value of the state itself is counted as a gain. Use A = Q − V.",
    greedy="Only the best action's advantage is used. Average over the new policy: Σₐ π_new(a|s) A(s, a).",
    unweighted="The advantages are not weighed by the new policy: Σₐ π_new(a|s) A(s, a).",
    squared_ratio="π_new/π_old is used beside π_new. The sum over actions is Σₐ π_new(a|s) A(s, a).",
    ratio_alone="The ratio π_new/π_old needs the weight π_old: Σₐ π_old (π_new/π_old) A = Σₐ π_new A.",
    start="The visitation does not begin at the given start distribution.",
    start_only="Only the start states count. All states visited do: weigh by d.",
    multiplied="1 − γ multiplies where it should divide.",
    uniform="All states count alike. Weigh them by d.",
)
PERFORMANCE_DIFFERENCE = Exercise(
    name="performance_difference",
    homework=4,
    asks="the lemma's right-hand side: η(new) − η(old), unnormalised η",
    points=5,
    minutes=20,
    difficulty=2,
    draw=draw_pair,
    reference=performance_difference,
    mistakes=(
        Mistake("missing_normaliser", SHARED["missing"], but(power=0)),
        Mistake(
            "old_visitation",
            "The states are weighed by the old policy's visitation: that is the surrogate, right to first "
            "order only. "
            "The lemma has d of the new policy.",
            but(visits="old"),
        ),
        Mistake("normaliser_squared", SHARED["squared"], but(power=2)),
        Mistake(
            "new_advantage",
            SHARED["zero"],
            but(advantage_of="new"),
        ),
        Mistake(
            "sign",
            "The sign is turned round: new minus old, positive when the new policy is better.",
            lambda **case: -lemma(**case),
        ),
        Mistake("missing_old_weight", SHARED["ratio_alone"], but(weigh=ratio_alone)),
        Mistake(
            "roles_mixed",
            "The weights and the advantage have changed places: π_new weighs A of the old policy.",
            but(advantage_of="new", weigh=without_new),
        ),
        Mistake(
            "extra_discount",
            "There is one factor γ too many: 1/(1 − γ), not γ/(1 − γ).",
            lambda **case: case["gamma"] * lemma(**case),
        ),
        Mistake(
            "old_visitation",
            "The states are weighed by the old policy's visitation, and 1/(1 − γ) is missing.",
            but(visits="old", power=0),
        ),
        Mistake("q_for_advantage", SHARED["q_for_a"], but(of=q_values)),
        Mistake("q_for_advantage", SHARED["q_for_a"], but(of=q_values, power=0)),
        Mistake("max_for_mean", SHARED["greedy"], but(weigh=best_action)),
        Mistake("unweighted_actions", SHARED["unweighted"], but(weigh=unweighted)),
        Mistake("unweighted_actions", SHARED["unweighted"], but(weigh=unweighted_sum)),
        Mistake("ratio_squared", SHARED["squared_ratio"], but(weigh=ratio_squared)),
        Mistake("one_minus_gamma", SHARED["multiplied"], but(power=-1)),
        Mistake(
            "start_only",
            SHARED["start_only"],
            lambda **case: start_advantage(**case),
        ),
        Mistake(
            "start_only", SHARED["start_only"], lambda **case: start_advantage(**case) / (1 - case["gamma"])
        ),
        Mistake(
            "start_ignored",
            SHARED["start"],
            lambda **case: lemma(**{**case, "start": uniform_like(case["start"])}),
        ),
        Mistake(
            "uniform_states", SHARED["uniform"], lambda **case: mean_advantage(**case) / (1 - case["gamma"])
        ),
        Mistake("uniform_states", SHARED["uniform"], lambda **case: mean_advantage(**case)),
        Mistake(
            "transposed",
            "The visitation is solved with Pπ instead of its transpose: distributions flow forwards.",
            lambda **case: transposed_lemma(**case, by="new"),
        ),
        Mistake(
            "undiscounted",
            "The states are weighed by the stationary distribution. d discounts and remembers the start.",
            lambda P, R, start, gamma, new, old: (
                stationary(P, new) @ (new * advantages(P, R, start, gamma, old)).sum(1) / (1 - gamma)
            ),
        ),
        Mistake(
            "returns_performance",
            "This is η of the new policy. The difference to the old one is asked.",
            lambda P, R, start, gamma, new, old: performance(P, R, start, gamma, new),
        ),
        Mistake(
            "missing_normaliser",
            "This is the difference of (1 − γ)η. The unnormalised η is asked: divide by 1 − γ.",
            lambda P, R, start, gamma, new, old: (1 - gamma) * lemma(P, R, start, gamma, new, old),
        ),
        Mistake(
            "per_state",
            "One number per state is left: sum over the states.",
            lambda P, R, start, gamma, new, old: (
                visitation(P, new, start, gamma)
                * (new * advantages(P, R, start, gamma, old)).sum(1)
                / (1 - gamma)
            ),
        ),
    ),
)


def uniform_like(x):
    return np.full(len(x), 1 / len(x))


def start_advantage(P, R, start, gamma, new, old):
    return start @ (new * advantages(P, R, start, gamma, old)).sum(1)


def mean_advantage(P, R, start, gamma, new, old):
    return np.mean((new * advantages(P, R, start, gamma, old)).sum(1))


def transposed_lemma(P, R, start, gamma, new, old, by):
    d = backwards(P, new if by == "new" else old, start, gamma)
    return d @ (new * advantages(P, R, start, gamma, old)).sum(1)


def surrogate(P, R, start, gamma, new, old):
    """L(π′) = η(π) + 1/(1 − γ) Σₛ d^π(s) Σₐ π′(a|s) A^π(s, a)."""
    return markov.surrogate(mdp(P, R, start, gamma), new, old)


def plus_old(**changes):
    """η(old) plus a wrong gain."""

    def gives(P, R, start, gamma, new, old):
        gain = lemma(P, R, start, gamma, new, old, **{"visits": "old", **changes})
        return performance(P, R, start, gamma, old) + gain

    return gives


def eta(case, which):
    return performance(case["P"], case["R"], case["start"], case["gamma"], case[which])


SURROGATE = Exercise(
    name="surrogate",
    homework=4,
    asks="L_old(new), the performance with the old policy's states",
    points=4,
    minutes=15,
    difficulty=2,
    draw=draw_pair,
    reference=surrogate,
    mistakes=(
        Mistake(
            "missing_eta",
            "η(old) is missing: L is the old performance plus a first-order gain, so that L(old) = η(old).",
            but(visits="old"),
        ),
        Mistake(
            "new_visitation",
            "The states are weighed by the new policy's visitation: then L is η(new) exactly, and needs the"
            " new policy's "
            "data. L uses d of the old one.",
            plus_old(visits="new"),
        ),
        Mistake("missing_normaliser", SHARED["missing"], plus_old(power=0)),
        Mistake("normaliser_squared", SHARED["squared"], plus_old(power=2)),
        Mistake(
            "missing_eta",
            "η(old) is missing, and the states are the new policy's: this is the lemma, not the surrogate.",
            but(),
        ),
        Mistake("missing_eta", "η(old) and 1/(1 − γ) are missing.", but(visits="old", power=0)),
        Mistake(
            "new_eta",
            "η of the new policy is added. L starts from η(old): η(new) is what we do not know.",
            lambda **case: eta(case, "new") + lemma(**case, visits="old"),
        ),
        Mistake(
            "new_advantage",
            SHARED["zero"],
            plus_old(advantage_of="new"),
        ),
        Mistake("missing_old_weight", SHARED["ratio_alone"], plus_old(weigh=ratio_alone)),
        Mistake(
            "roles_mixed",
            "The weights and the advantage have changed places: π_new weighs A of the old policy.",
            plus_old(advantage_of="new", weigh=without_new),
        ),
        Mistake(
            "extra_discount",
            "There is one factor γ too many: 1/(1 − γ), not γ/(1 − γ).",
            lambda **case: eta(case, "old") + case["gamma"] * lemma(**case, visits="old"),
        ),
        Mistake("ratio_squared", SHARED["squared_ratio"], plus_old(weigh=ratio_squared)),
        Mistake("q_for_advantage", SHARED["q_for_a"], plus_old(of=q_values)),
        Mistake(
            "q_for_advantage",
            SHARED["q_for_a"],
            lambda **case: lemma(**case, visits="old", of=q_values, power=0),
        ),
        Mistake(
            "sign",
            "The gain is subtracted: L = η(old) + gain.",
            lambda **case: eta(case, "old") - lemma(**case, visits="old"),
        ),
        Mistake(
            "policies_swapped",
            "Old and new have changed places.",
            lambda **case: surrogate(**swapped_policies(**case)),
        ),
        Mistake("max_for_mean", SHARED["greedy"], plus_old(weigh=best_action)),
        Mistake("unweighted_actions", SHARED["unweighted"], plus_old(weigh=unweighted)),
        Mistake("unweighted_actions", SHARED["unweighted"], plus_old(weigh=unweighted_sum)),
        Mistake(
            "normalised_eta",
            "η(old) is normalised by 1 − γ while the gain is not. Use the unnormalised η for both.",
            lambda **case: (1 - case["gamma"]) * eta(case, "old") + lemma(**case, visits="old"),
        ),
        Mistake(
            "normalised_eta",
            "Everything is multiplied by 1 − γ. The unnormalised η is asked.",
            lambda **case: (1 - case["gamma"]) * surrogate(**case),
        ),
        Mistake("one_minus_gamma", SHARED["multiplied"], plus_old(power=-1)),
        Mistake(
            "ratio_inverted",
            "The ratio is upside down: the expectation under the new policy weighs π_old by π_new/π_old.",
            plus_old(weigh=lambda values, new, old: old**2 / new * values),
        ),
        Mistake(
            "start_only", SHARED["start_only"], lambda **case: eta(case, "old") + start_advantage(**case)
        ),
        Mistake(
            "start_only",
            SHARED["start_only"],
            lambda **case: eta(case, "old") + start_advantage(**case) / (1 - case["gamma"]),
        ),
        Mistake(
            "start_ignored",
            SHARED["start"],
            lambda **case: surrogate(**{**case, "start": uniform_like(case["start"])}),
        ),
        Mistake(
            "start_ignored",
            SHARED["start"],
            lambda **case: (
                eta(case, "old") + lemma(**{**case, "start": uniform_like(case["start"])}, visits="old")
            ),
        ),
        Mistake(
            "uniform_states",
            SHARED["uniform"],
            lambda **case: eta(case, "old") + mean_advantage(**case) / (1 - case["gamma"]),
        ),
        Mistake(
            "uniform_states", SHARED["uniform"], lambda **case: eta(case, "old") + mean_advantage(**case)
        ),
        Mistake(
            "transposed",
            "The visitation is solved with Pπ instead of its transpose: distributions flow forwards.",
            lambda **case: eta(case, "old") + transposed_lemma(**case, by="old"),
        ),
        Mistake(
            "new_visitation",
            "The states are the new policy's, and 1/(1 − γ) is missing.",
            plus_old(visits="new", power=0),
        ),
    ),
)


# The bound


def draw_bound_constant(rng):
    return [
        dict(epsilon=rng.uniform(0.3, 3), gamma=g)
        for g in (0.9, 0.5, 0.99, *rng.uniform(0.6, 0.95, 3).tolist())
    ]


def bound_constant(epsilon, gamma):
    """C = 4εγ/(1 − γ)²."""
    return 4 * epsilon * gamma / (1 - gamma) ** 2


BOUND_CONSTANT = Exercise(
    name="bound_constant",
    homework=4,
    asks="C in η(new) ≥ L_old(new) − C max KL",
    points=2,
    minutes=5,
    difficulty=1,
    draw=draw_bound_constant,
    reference=bound_constant,
    mistakes=(
        Mistake(
            "two_for_four",
            "The constant is 4, not 2. (With the sharper D_TV² ≤ ½ KL a 2 would do; the bound asked uses "
            "D_TV² ≤ KL.)",
            lambda epsilon, gamma: 2 * epsilon * gamma / (1 - gamma) ** 2,
        ),
        Mistake(
            "missing_square",
            "1 − γ is not squared: that constant belongs to the normalised (1 − γ)η. For the unnormalised η"
            " it is squared.",
            lambda epsilon, gamma: 4 * epsilon * gamma / (1 - gamma),
        ),
        Mistake(
            "missing_gamma",
            "γ is missing in the numerator: at t = 0 both policies are in the same states, so there is no "
            "error without it.",
            lambda epsilon, gamma: 4 * epsilon / (1 - gamma) ** 2,
        ),
        Mistake(
            "epsilon_squared",
            "ε is squared. The largest advantage enters once; what is squared is the distance of the "
            "policies.",
            lambda epsilon, gamma: 4 * epsilon**2 * gamma / (1 - gamma) ** 2,
        ),
        Mistake(
            "square_of_gamma",
            "The square is on γ, 1 − γ². It is on the whole of 1 − γ.",
            lambda epsilon, gamma: 4 * epsilon * gamma / (1 - gamma**2),
        ),
        Mistake(
            "missing_parentheses",
            "Without parentheses, x / 1 - gamma**2 is (x / 1) − γ². Write (1 - gamma)**2.",
            lambda epsilon, gamma: 4 * epsilon * gamma / 1 - gamma**2,
        ),
        Mistake(
            "gamma_squared",
            "γ is squared in the numerator. It enters once.",
            lambda epsilon, gamma: 4 * epsilon * gamma**2 / (1 - gamma) ** 2,
        ),
        Mistake(
            "cubed",
            "1 − γ is cubed. Two powers: one from the length of the episode, one from how states drift "
            "apart.",
            lambda epsilon, gamma: 4 * epsilon * gamma / (1 - gamma) ** 3,
        ),
        Mistake(
            "missing_four",
            "The factor 4 is missing.",
            lambda epsilon, gamma: epsilon * gamma / (1 - gamma) ** 2,
        ),
        Mistake(
            "eight_for_four",
            "A factor 2 is counted twice.",
            lambda epsilon, gamma: 8 * epsilon * gamma / (1 - gamma) ** 2,
        ),
        Mistake("missing_epsilon", "ε is missing.", lambda epsilon, gamma: 4 * gamma / (1 - gamma) ** 2),
        Mistake(
            "two_for_four",
            "The constant is 4, and 1 − γ is squared.",
            lambda epsilon, gamma: 2 * epsilon * gamma / (1 - gamma),
        ),
        Mistake(
            "not_divided",
            "(1 − γ)² multiplies. It divides: long horizons make the bound looser.",
            lambda epsilon, gamma: 4 * epsilon * gamma * (1 - gamma) ** 2,
        ),
        Mistake(
            "no_horizon", "The factor 1/(1 − γ)² is missing.", lambda epsilon, gamma: 4 * epsilon * gamma
        ),
        Mistake(
            "sign", "C is positive: it is subtracted in the bound.", lambda **case: -bound_constant(**case)
        ),
        Mistake(
            "plus_for_minus",
            "The denominator is (1 − γ)², not (1 + γ)².",
            lambda epsilon, gamma: 4 * epsilon * gamma / (1 + gamma) ** 2,
        ),
    ),
)


# Trust regions in one dimension

WELL = np.array([1.0, 0.0, -2.0, 0.0, 1.0])  # (x² − 1)²


def draw_trust_region_step(rng):
    inside = float(rng.uniform(0.15, 0.4)) * rng.choice([-1, 1])
    outside = float(rng.uniform(1.2, 1.6)) * rng.choice([-1, 1])
    return [
        dict(coefficients=WELL, x=0.0, radius=0.4),  # gradient 0, curvature −4: only the boundary descends
        dict(coefficients=WELL, x=inside, radius=0.3),  # concave, slope not 0: Newton would climb
        dict(coefficients=WELL, x=-inside, radius=1.3),  # the same with a wide region
        dict(coefficients=WELL, x=outside, radius=1.0),  # convex, Newton's step fits
        dict(coefficients=WELL, x=outside, radius=0.05),  # convex, Newton's step is too long
        dict(coefficients=WELL, x=0.75, radius=0.1),  # convex, to the right
        dict(coefficients=rng.normal(0, 1, 4) + [0, 1, 0, 0], x=0.3, radius=0.7),
        dict(coefficients=np.array([1.0, float(rng.choice([-1.5, 0.8]))]), x=1.2, radius=0.5),  # no curvature
        dict(coefficients=np.array([0.0, -2.0, 3.0]), x=2.5, radius=0.9),  # a parabola, wide
        dict(coefficients=np.array([0.0, -2.0, 3.0]), x=2.5, radius=5.0),
        dict(coefficients=np.array([0.0, 0.3, 0.15]), x=0.2, radius=1.6),  # a shallow one
        # f falls to the left, m to the right
        dict(coefficients=np.array([0.0, -0.2, -0.5, 1.0]), x=0.0, radius=0.8),
        dict(coefficients=np.array([0.2, float(rng.choice([-0.4, 0.4])), -1.5]), x=0.0, radius=0.6),
    ]


def derivatives(coefficients, x):
    f = np.polynomial.Polynomial(coefficients)
    return float(f.deriv()(x)), float(f.deriv(2)(x))


def trust_region_step(coefficients, x, radius):
    """x + argmin over |p| ≤ Δ of f + f′p + ½f″p²."""
    return x + trust_region.exact_step(*derivatives(coefficients, x), radius)


def is_minimiser(case, answer, tolerance):
    """The right point; at f′ = 0, f″ < 0 both ends of the region are."""
    if answer["value"].size != 1:
        return False
    step, best = answer["value"].item() - case["x"], trust_region_step(**case) - case["x"]
    slope, curvature = derivatives(case["coefficients"], case["x"])
    if slope == 0 and curvature < 0:
        step, best = abs(step), abs(best)
    return abs(step - best) <= tolerance * max(1.0, abs(case["x"]), abs(best))


def step_by(rule):
    """x + p for a wrong rule p(slope, curvature, radius)."""
    return lambda coefficients, x, radius: x + rule(*derivatives(coefficients, x), radius)


def cut(p, radius):
    return np.clip(p, -radius, radius)


def newton(g, h, fallback=0.0):
    return -g / h if h != 0 else fallback


def downhill(g, r):
    return -r * np.sign(g)


def only_convex(convex):
    """The right step where f″ ≤ 0, another one where the model is convex."""
    return step_by(lambda g, h, r: convex(g, h, r) if h > 0 else trust_region.exact_step(g, h, r))


TRUST_REGION_STEP = Exercise(
    name="trust_region_step",
    homework=4,
    asks="the minimiser of the quadratic model within the radius",
    points=5,
    minutes=20,
    difficulty=3,
    draw=draw_trust_region_step,
    reference=trust_region_step,
    right=is_minimiser,
    mistakes=(
        Mistake(
            "stuck_at_stationary",
            "Where f′ = 0 and f″ < 0 you stay. The model is a hill there: both ends of the region are "
            "lower, go to one.",
            step_by(lambda g, h, r: cut(-g / h, r) if h > 0 else downhill(g, r)),
        ),
        Mistake(
            "newton_climbs",
            "Newton's step is taken where f″ ≤ 0, where −f′/f″ is the top of the model. There the minimiser"
            " is on the boundary.",
            step_by(lambda g, h, r: cut(newton(g, h), r)),
        ),
        Mistake(
            "newton_climbs",
            "Newton's step is taken where f″ ≤ 0, where −f′/f″ is the top of the model. There the minimiser"
            " is on the boundary.",
            step_by(lambda g, h, r: cut(newton(g, h, -g * np.inf if g else 0.0), r)),
        ),
        Mistake(
            "not_cut",
            "The step is not cut at the radius: the model is trusted within |p| ≤ Δ only.",
            only_convex(lambda g, h, r: -g / h),
        ),
        Mistake(
            "not_cut",
            "The step is not cut at the radius, and at f′ = 0, f″ < 0 you stay: go to the boundary there.",
            step_by(lambda g, h, r: -g / h if h > 0 else downhill(g, r)),
        ),
        Mistake(
            "newton_climbs",
            "This is Newton's method: it climbs where f″ < 0, and it knows no radius.",
            step_by(lambda g, h, r: newton(g, h)),
        ),
        Mistake(
            "newton_climbs",
            "This is Newton's method: it climbs where f″ < 0, and it knows no radius.",
            step_by(lambda g, h, r: newton(g, h, downhill(g, r))),
        ),
        Mistake(
            "always_to_the_edge",
            "Every step goes to the boundary. Where f″ > 0 the model may have its minimum inside.",
            step_by(lambda g, h, r: downhill(g, r)),
        ),
        Mistake(
            "always_to_the_edge",
            "Every step goes to the boundary. Where f″ > 0 the model may have its minimum inside.",
            step_by(lambda g, h, r: downhill(g, r) if g else -r),
        ),
        Mistake(
            "always_to_the_edge",
            "Every step goes to the boundary. Where f″ > 0 the model may have its minimum inside.",
            step_by(lambda g, h, r: downhill(g, r) if g else r),
        ),
        Mistake(
            "gradient_step",
            "This is a gradient step: the curvature is not used.",
            step_by(lambda g, h, r: cut(-g, r)),
        ),
        Mistake(
            "gradient_step",
            "Where f″ ≤ 0 this is a gradient step. The model falls all the way to the boundary there.",
            step_by(lambda g, h, r: cut(-g / h, r) if h > 0 else cut(-g, r)),
        ),
        Mistake(
            "gradient_step",
            "This is a gradient step: neither curvature nor radius is used.",
            step_by(lambda g, h, r: -g),
        ),
        Mistake(
            "sign",
            "The step goes uphill: the minimiser of the model is at −f′/f″, or at the lower end of the "
            "region.",
            step_by(lambda g, h, r: cut(g / h, r) if h > 0 else -downhill(g, r)),
        ),
        Mistake(
            "sign",
            "The step goes uphill where f″ > 0: the model's minimum is at −f′/f″.",
            only_convex(lambda g, h, r: cut(g / h, r)),
        ),
        Mistake(
            "wrong_edge",
            "Where f″ < 0 the wrong end of the region is chosen: compare the model at both, or step against"
            " f′.",
            step_by(lambda g, h, r: cut(-g / h, r) if h > 0 else -downhill(g, r)),
        ),
        Mistake(
            "wrong_edge",
            "Where f″ < 0 the wrong end of the region is chosen: compare the model at both, or step against"
            " f′.",
            step_by(lambda g, h, r: cut(-g / h, r) if h > 0 else (-downhill(g, r) if g else r)),
        ),
        Mistake(
            "wrong_edge",
            "Where f″ ≤ 0 you always step to the right. Compare the model at both ends.",
            step_by(lambda g, h, r: cut(-g / h, r) if h > 0 else r),
        ),
        Mistake(
            "wrong_edge",
            "Where f″ ≤ 0 you always step to the left. Compare the model at both ends.",
            step_by(lambda g, h, r: cut(-g / h, r) if h > 0 else -r),
        ),
        Mistake(
            "absolute_curvature",
            "|f″| takes the place of f″. Where f″ < 0 the model falls to the boundary, not to f′/|f″|.",
            step_by(lambda g, h, r: cut(-g / abs(h), r) if h else downhill(g, r)),
        ),
        Mistake(
            "absolute_curvature",
            "|f″| takes the place of f″. Where f″ < 0 the model falls to the boundary, not to f′/|f″|.",
            step_by(lambda g, h, r: cut(-g / abs(h), r) if h else 0.0),
        ),
        Mistake(
            "half_lost",
            "The ½ of the quadratic term is lost: m(p) = f + f′p + ½f″p², so m′ = 0 at p = −f′/f″.",
            only_convex(lambda g, h, r: cut(-g / (2 * h), r)),
        ),
        Mistake(
            "half_lost",
            "The ½ of the quadratic term is counted twice: m(p) = f + f′p + ½f″p², so m′ = 0 at p = −f′/f″.",
            only_convex(lambda g, h, r: cut(-2 * g / h, r)),
        ),
        Mistake(
            "returns_step",
            "This is the step p. The new point x + p is asked.",
            lambda coefficients, x, radius: trust_region_step(coefficients, x, radius) - x,
        ),
        Mistake(
            "minimises_f",
            "This minimises f itself. The model is asked: it is all that a method sees after one evaluation.",
            lambda coefficients, x, radius: lowest(coefficients, x, radius),
        ),
        Mistake(
            "minimises_f",
            "Where f″ ≤ 0 the ends are compared by f itself. Compare the model: f is not known there.",
            lambda coefficients, x, radius: end_by_f(coefficients, x, radius),
        ),
        Mistake(
            "clips_the_point",
            "The new point is clipped to [−Δ, Δ]. The step is what the radius bounds: |p| ≤ Δ around x.",
            lambda coefficients, x, radius: cut(trust_region_step(coefficients, x, 10.0 * radius), radius),
        ),
        Mistake(
            "radius_ignored_inside",
            "You stay where f″ ≤ 0. The model falls towards the boundary there: go.",
            step_by(lambda g, h, r: cut(-g / h, r) if h > 0 else 0.0),
        ),
        Mistake(
            "does_not_move",
            "The point does not move.",
            lambda coefficients, x, radius: x,
        ),
        Mistake(
            "linear_model",
            "Only the slope is used for the length of the step. The model has curvature: p = −f′/f″ where "
            "f″ > 0.",
            step_by(lambda g, h, r: -r * g),
        ),
    ),
)


def end_by_f(coefficients, x, radius):
    f, (g, h) = np.polynomial.Polynomial(coefficients), derivatives(coefficients, x)
    return x + cut(-g / h, radius) if h > 0 else min((x - radius, x + radius), key=f)


def lowest(coefficients, x, radius):
    f = np.polynomial.Polynomial(coefficients)
    inside = [p.real for p in f.deriv().roots() if abs(p.imag) < 1e-9 and abs(p.real - x) <= radius]
    return min([x - radius, *inside, x + radius], key=f)


def draw_next_radius(rng):
    def case(rho, radius, edge, room):
        return dict(
            radius=radius,
            rho=rho,
            step_length=radius if edge else float(radius * rng.uniform(0.2, 0.7)),
            max_radius=radius * room,
        )

    r = rng.uniform(0.5, 2, 12).tolist()
    return [
        case(float(rng.uniform(0.0, 0.2)), r[0], True, 10.0),
        case(float(rng.uniform(0.21, 0.24)), r[1], False, 10.0),
        case(float(rng.uniform(-3, -0.5)), r[2], True, 10.0),  # rejected
        case(float(rng.uniform(-3, -0.5)), r[3], False, 10.0),
        case(float(rng.uniform(0.8, 1.4)), r[4], True, 10.0),  # grows
        case(float(rng.uniform(0.8, 1.4)), r[5], True, 1.5),  # at most to the largest
        case(float(rng.uniform(0.8, 1.4)), r[6], False, 10.0),  # stays: the step did not need more room
        case(float(rng.uniform(0.26, 0.3)), r[7], True, 10.0),  # neither
        case(float(rng.uniform(0.68, 0.74)), r[8], True, 10.0),
        case(float(rng.uniform(0.35, 0.65)), r[8], False, 10.0),
        case(0.25, r[9], True, 10.0),  # neither: the inequalities are strict
        case(0.75, r[10], True, 10.0),
        case(float(rng.uniform(0.8, 1.4)), r[11], True, 1.0),
    ]


def next_radius(radius, rho, step_length, max_radius):
    """Δ/4 if ρ < ¼;  min(2Δ, Δ_max) if ρ > ¾ and |p| = Δ;  else Δ."""
    return trust_region.radius_rule(rho, step_length >= radius, radius, max_radius)


def radius_rule(
    radius, rho, step_length, max_radius, low=0.25, high=0.75, shrink=0.25, grow=2.0, edge=True, capped=True
):
    if rho < low:
        return shrink * radius
    if rho > high and (not edge or step_length >= radius):
        return min(grow * radius, max_radius) if capped else grow * radius
    return radius


def rule(**changes):
    return lambda **case: radius_rule(**case, **changes)


def otherwise(choose):
    return lambda radius, rho, step_length, max_radius: choose(
        radius, rho, step_length >= radius, max_radius, step_length
    )


NEXT_RADIUS = Exercise(
    name="next_radius",
    homework=4,
    asks="the radius of the next iteration",
    points=3,
    minutes=10,
    difficulty=1,
    draw=draw_next_radius,
    reference=next_radius,
    mistakes=(
        Mistake(
            "grows_on_interior_step",
            "The radius grows although the step stayed inside. The region was no obstacle there: keep the "
            "radius.",
            rule(edge=False),
        ),
        Mistake(
            "no_max",
            "The radius grows past max_radius: min(2Δ, Δ_max).",
            rule(capped=False),
        ),
        Mistake(
            "grows_on_rejection",
            "The radius grows where the model predicted badly. A small ρ means: trust it less, shrink.",
            otherwise(
                lambda r, rho, e, m, p: min(2 * r, m) if rho < 0.25 else r / 4 if rho > 0.75 and e else r
            ),
        ),
        Mistake(
            "grows_on_rejection",
            "The radius grows where the model predicted badly. A small ρ means: trust it less, shrink.",
            otherwise(
                lambda r, rho, e, m, p: min(2 * r, m) if rho < 0.25 and e else r / 4 if rho > 0.75 else r
            ),
        ),
        Mistake(
            "grows_on_rejection",
            "The radius grows where the model predicted badly. A small ρ means: trust it less, shrink.",
            otherwise(lambda r, rho, e, m, p: min(2 * r, m) if rho < 0.25 or (rho > 0.75 and e) else r),
        ),
        Mistake(
            "grows_on_rejection",
            "The radius grows where the model predicted badly. A small ρ means: trust it less, shrink.",
            otherwise(lambda r, rho, e, m, p: min(2 * r, m) if rho < 0.25 else r / 4 if rho > 0.75 else r),
        ),
        Mistake(
            "thresholds_swapped",
            "The thresholds are swapped: shrink below ¼, grow above ¾.",
            rule(low=0.75, high=0.25),
        ),
        Mistake(
            "thresholds_swapped",
            "The thresholds are swapped: grow above ¾ (not ¼) and shrink below ¼ (not ¾).",
            otherwise(
                lambda r, rho, e, m, p: min(2 * r, m) if rho > 0.25 and e else r / 4 if rho < 0.75 else r
            ),
        ),
        Mistake("grow_threshold", "The radius grows already above ¼. It needs ρ > ¾.", rule(high=0.25)),
        Mistake("grow_threshold", "The radius grows already above ½. It needs ρ > ¾.", rule(high=0.5)),
        Mistake("shrink_threshold", "The radius shrinks already below ¾. It takes ρ < ¼.", rule(low=0.75)),
        Mistake(
            "shrink_threshold",
            "The radius shrinks on a negative ρ only. A poor prediction, ρ < ¼, is reason enough.",
            rule(low=0.0),
        ),
        Mistake("shrink_threshold", "The radius shrinks below ½. It takes ρ < ¼.", rule(low=0.5)),
        Mistake("shrink_factor", "The radius shrinks by ½. The rule asks for ¼.", rule(shrink=0.5)),
        Mistake("shrink_factor", "The radius shrinks to ¾. The rule asks for ¼.", rule(shrink=0.75)),
        Mistake("grow_factor", "The radius grows by 4. The rule asks for 2.", rule(grow=4.0)),
        Mistake("grow_factor", "The radius grows by 1.5. The rule asks for 2.", rule(grow=1.5)),
        Mistake("grow_factor", "The radius jumps to max_radius. It grows by 2 at a time.", rule(grow=np.inf)),
        Mistake(
            "never_grows",
            "The radius never grows: above ¾, and with a step to the edge, double it.",
            rule(high=np.inf),
        ),
        Mistake(
            "shrink_threshold",
            "The radius stays when ρ is negative. Then the step went uphill, the poorest prediction of all: "
            "shrink for every ρ < ¼.",
            otherwise(lambda r, rho, e, m, p: r if rho < 0 else next_radius(r, rho, p, m)),
        ),
        Mistake("never_shrinks", "The radius never shrinks: below ¼, quarter it.", rule(low=-np.inf)),
        Mistake(
            "step_for_radius",
            "The length of the step is quartered. This rule quarters the radius.",
            otherwise(
                lambda r, rho, e, m, p: p / 4 if rho < 0.25 else min(2 * r, m) if rho > 0.75 and e else r
            ),
        ),
        Mistake(
            "step_for_radius",
            "The new radius is made from the step's length. The rule changes the radius.",
            otherwise(lambda r, rho, e, m, p: p / 4 if rho < 0.25 else min(2 * p, m) if rho > 0.75 else r),
        ),
        Mistake(
            "edge_inverted",
            "The radius grows when the step stayed inside. It must grow when the step reached the edge.",
            otherwise(
                lambda r, rho, e, m, p: r / 4 if rho < 0.25 else min(2 * r, m) if rho > 0.75 and not e else r
            ),
        ),
        Mistake(
            "max_for_min",
            "max(2Δ, Δ_max) is never smaller than Δ_max. The cap is a minimum: min(2Δ, Δ_max).",
            otherwise(
                lambda r, rho, e, m, p: r / 4 if rho < 0.25 else max(2 * r, m) if rho > 0.75 and e else r
            ),
        ),
        Mistake(
            "or_for_and",
            "The radius grows if ρ > ¾ or the step reached the edge. Both must hold.",
            otherwise(
                lambda r, rho, e, m, p: r / 4 if rho < 0.25 else min(2 * r, m) if rho > 0.75 or e else r
            ),
        ),
        Mistake(
            "ratio_ignored",
            "The radius grows whenever the step reaches the edge. ρ > ¾ must hold as well.",
            otherwise(lambda r, rho, e, m, p: min(2 * r, m) if e else r / 4),
        ),
        Mistake(
            "shrinks_inside",
            "The radius shrinks only when the step reached the edge. ρ < ¼ is enough.",
            otherwise(
                lambda r, rho, e, m, p: (
                    r / 4 if rho < 0.25 and e else min(2 * r, m) if rho > 0.75 and e else r
                )
            ),
        ),
        Mistake(
            "shrinks_in_between",
            "Between ¼ and ¾, or after a good step that stayed inside, the radius shrinks. Keep it.",
            otherwise(lambda r, rho, e, m, p: min(2 * r, m) if rho > 0.75 and e else r / 4),
        ),
        Mistake(
            "grows_in_between",
            "Everything that does not shrink grows. Between ¼ and ¾, and after a step that stayed inside, "
            "keep the radius.",
            otherwise(lambda r, rho, e, m, p: r / 4 if rho < 0.25 else min(2 * r, m)),
        ),
        Mistake(
            "cap_everywhere",
            "The radius is set to max_radius when it would outgrow it by no reason: keep it where the rule "
            "says keep.",
            otherwise(lambda r, rho, e, m, p: m),
        ),
        Mistake(
            "boundary_included",
            "At exactly ρ = ¼ or ρ = ¾ the radius stays: both inequalities are strict.",
            otherwise(
                lambda r, rho, e, m, p: r / 4 if rho <= 0.25 else min(2 * r, m) if rho >= 0.75 and e else r
            ),
        ),
        Mistake(
            "boundary_included",
            "At exactly ρ = ¼ the radius stays: the inequality is strict.",
            otherwise(
                lambda r, rho, e, m, p: r / 4 if rho <= 0.25 else min(2 * r, m) if rho > 0.75 and e else r
            ),
        ),
        Mistake(
            "boundary_included",
            "At exactly ρ = ¾ the radius stays: the inequality is strict.",
            otherwise(
                lambda r, rho, e, m, p: r / 4 if rho < 0.25 else min(2 * r, m) if rho >= 0.75 and e else r
            ),
        ),
        Mistake(
            "ratio_inverted",
            "ρ is turned upside down somewhere: it is actual over predicted, and large is good.",
            otherwise(
                lambda r, rho, e, m, p: (
                    r / 4
                    if 1 / (rho or 1e-9) < 0.25
                    else min(2 * r, m)
                    if 1 / (rho or 1e-9) > 0.75 and e
                    else r
                )
            ),
        ),
        Mistake("radius_unchanged", "The radius never changes.", otherwise(lambda r, rho, e, m, p: r)),
    ),
)


# Conjugate gradient


def positive_definite(rng, n, low=0.5, high=4.0):
    """A random symmetric matrix with eigenvalues spread over [low, high]."""
    q, _ = np.linalg.qr(rng.normal(0, 1, (n, n)))
    return (q * np.linspace(low, high, n)) @ q.T


def draw_conjugate_gradient(rng):
    return [
        dict(matrix=positive_definite(rng, n), b=rng.normal(0, 1, n), iterations=k)
        for n, k in ((5, 2), (4, 4), (6, 3), (5, 1), (8, 5), (3, 3))
    ] + [dict(matrix=positive_definite(rng, 3), b=np.zeros(3), iterations=2)]


def conjugate_gradient(matrix, b, iterations):
    """x ← x + αp,  r ← r − αAp,  p ← r + βp;  α = rᵀr/pᵀAp,  β = r′ᵀr′/rᵀr."""
    return solvers.conjugate_gradient(lambda v: matrix @ v, b, iterations, tolerance=0.0)


def solves(case, answer, tolerance):
    """The right iterate; for b = 0, zeros, or NaN: a remark, no fault."""
    value = answer["value"]
    undefined = not np.any(case["b"]) and value.shape == case["b"].shape and np.all(np.isnan(value))
    return undefined or near(value, conjugate_gradient(**case), tolerance)


def remark_on_zero(cases, answers):
    if all(np.all(np.isfinite(answer["value"])) for answer in answers):
        return ""
    return "(For b = 0 yours divides 0 by 0: stop when rᵀr is tiny, or a zero gradient ends the training.)"


def altered_cg(
    matrix,
    b,
    iterations,
    beta=lambda new, old: new / old,
    alpha=lambda rr, pap: rr / pap,
    aliased=False,
    start=None,
    residual_sign=-1.0,
    x_sign=1.0,
    direction=lambda r, beta, p: r + beta * p,
):
    """Conjugate gradient with one thing exchanged."""
    b = np.asarray(b, dtype=float)
    x = np.zeros_like(b) if start is None else start(b)
    r = b - matrix @ x
    p = r if aliased else r.copy()
    rr = r @ r
    for _ in range(iterations):
        ap = matrix @ p
        step = alpha(rr, p @ ap)
        x = x + x_sign * step * p
        if aliased:
            r += residual_sign * step * ap  # p is the same array as r until it is made anew
        else:
            r = r + residual_sign * step * ap
        new = r @ r
        p = direction(r, beta(new, rr), p)
        rr = new
        if not np.isfinite(rr) or rr < 1e-24:
            break
    return x


def cg_but(**changes):
    return lambda **case: altered_cg(**case, **changes)


def cg_times(count):
    return lambda matrix, b, iterations: conjugate_gradient(matrix, b, max(0, count(iterations, len(b))))


NO_BETA = (
    "The new direction is the residual alone: that is steepest descent. Keep some of the old one, p ← r + βp."
)
CONJUGATE_GRADIENT = Exercise(
    name="conjugate_gradient",
    homework=4,
    asks="x after so many iterations on Ax = b, from x = 0",
    points=5,
    minutes=20,
    difficulty=2,
    draw=draw_conjugate_gradient,
    reference=conjugate_gradient,
    right=solves,
    remark=remark_on_zero,
    extras=frozenset({"calls"}),
    mistakes=(
        Mistake("no_beta", NO_BETA, cg_but(beta=lambda new, old: 0.0)),
        Mistake(
            "aliasing",
            "p and r are the same array: `p = r` makes no copy, so `r -= …` changes p behind your back. Use"
            " r.copy().",
            cg_but(aliased=True),
        ),
        Mistake(
            "beta_inverted",
            "β is upside down: new rᵀr over old rᵀr.",
            cg_but(beta=lambda new, old: old / new if new else 0.0),
        ),
        Mistake(
            "beta_not_squared",
            "β is the ratio of the squared lengths of the residuals, r′ᵀr′/rᵀr, without a root.",
            cg_but(beta=lambda new, old: np.sqrt(new / old)),
        ),
        Mistake(
            "beta_is_one", "β is 1 in your directions. It is r′ᵀr′/rᵀr.", cg_but(beta=lambda new, old: 1.0)
        ),
        Mistake(
            "beta_sign",
            "β has the wrong sign: p ← r + βp.",
            cg_but(beta=lambda new, old: -new / old),
        ),
        Mistake(
            "alpha_inverted",
            "α is upside down: rᵀr over pᵀAp.",
            cg_but(alpha=lambda rr, pap: pap / rr),
        ),
        Mistake(
            "alpha_not_squared",
            "α has the length of r where its square belongs: rᵀr/pᵀAp.",
            cg_but(alpha=lambda rr, pap: np.sqrt(rr) / pap),
        ),
        Mistake(
            "alpha_is_one", "The step length is 1. It is α = rᵀr/pᵀAp.", cg_but(alpha=lambda rr, pap: 1.0)
        ),
        Mistake(
            "residual_sign",
            "The residual is updated with the wrong sign: r ← r − αAp, as r = b − Ax.",
            cg_but(residual_sign=1.0),
        ),
        Mistake("sign", "x moves against its direction: x ← x + αp.", cg_but(x_sign=-1.0)),
        Mistake(
            "one_iteration_short",
            "One iteration is missing: check the range of the loop, and whether the last update is applied.",
            cg_times(lambda k, n: k - 1),
        ),
        Mistake(
            "one_iteration_too_many",
            "One iteration too many: check the range of the loop.",
            cg_times(lambda k, n: k + 1),
        ),
        Mistake(
            "ignores_iterations",
            "The number of iterations is ignored: this runs until it has converged. Stop after `iterations`.",
            lambda matrix, b, iterations: np.linalg.solve(matrix, b),
        ),
        Mistake("one_iteration_only", "Only the first iteration is made.", cg_times(lambda k, n: 1)),
        Mistake("ignores_iterations", "The number of iterations is ignored.", cg_times(lambda k, n: 10)),
        Mistake(
            "starts_at_b",
            "The iteration starts at x = b. Start at x = 0: then r = b.",
            cg_but(start=lambda b: b.copy()),
        ),
        Mistake(
            "starts_at_b",
            "The iteration starts at x = b, with r = b as if x were 0.",
            lambda matrix, b, iterations: b + conjugate_gradient(matrix, b, iterations),
        ),
        Mistake(
            "starts_elsewhere",
            "The iteration starts at x = 1. Start at x = 0: then r = b.",
            cg_but(start=np.ones_like),
        ),
        Mistake(
            "out_of_order",
            "x moves along the new direction: take the step αp before p is renewed.",
            lambda matrix, b, iterations: cg_late(matrix, b, iterations),
        ),
        Mistake(
            "returns_direction",
            "This is the direction p. The solution x is asked.",
            lambda matrix, b, iterations: cg_late(matrix, b, iterations, direction=True),
        ),
        Mistake(
            "direction_wrong",
            "β multiplies the residual. It multiplies the old direction: p ← r + βp.",
            cg_but(direction=lambda r, beta, p: beta * r + p),
        ),
        Mistake(
            "direction_wrong",
            "The new direction leaves the residual out: p ← r + βp.",
            cg_but(direction=lambda r, beta, p: beta * p),
        ),
        Mistake(
            "direction_wrong",
            "The direction is never renewed: p ← r + βp after every step.",
            cg_but(direction=lambda r, beta, p: p),
        ),
        Mistake(
            "residual_not_updated",
            "The residual is never updated: r ← r − αAp.",
            cg_but(residual_sign=0.0),
        ),
        Mistake(
            "returns_residual",
            "This is the residual. The solution x is asked.",
            lambda matrix, b, iterations: b - matrix @ conjugate_gradient(matrix, b, iterations),
        ),
        Mistake(
            "returns_product",
            "This is A b. The solution of Ax = b is asked.",
            lambda matrix, b, iterations: matrix @ b,
        ),
        Mistake(
            "returns_product",
            "This is A x. The solution x is asked.",
            lambda matrix, b, iterations: matrix @ conjugate_gradient(matrix, b, iterations),
        ),
        Mistake(
            "alpha_uses_residual",
            "α divides by rᵀAr. The direction is p: α = rᵀr/pᵀAp.",
            lambda matrix, b, iterations: cg_with_residual_step(matrix, b, iterations),
        ),
        Mistake(
            "alpha_uses_residual",
            "α divides by pᵀp, as if A were the identity: α = rᵀr/pᵀAp.",
            lambda matrix, b, iterations: cg_with_residual_step(matrix, b, iterations, plain=True),
        ),
    ),
)


def cg_late(matrix, b, iterations, direction=False):
    x, r, p = np.zeros_like(b), b.copy(), b.copy()
    for _ in range(iterations):
        rr = r @ r
        step = rr / (p @ matrix @ p)
        r = r - step * matrix @ p
        p = r + (r @ r) / rr * p
        x = x + step * p
    return p if direction else x


def cg_with_residual_step(matrix, b, iterations, plain=False):
    x, r, p = np.zeros_like(b), b.copy(), b.copy()
    for _ in range(iterations):
        rr = r @ r
        step = rr / (p @ p if plain else r @ matrix @ r)
        x, r = x + step * p, r - step * matrix @ p
        p = r + (r @ r) / rr * p
    return x


# Fisher and the natural step


def draw_fisher_vector_product(rng):
    return [
        dict(
            scores=rng.normal(0, 1, (n, p)) + 0.5 * rng.normal(0, 1, p),
            v=rng.normal(0, 1, p),
            damping=float(rng.uniform(0.1, 0.5)),
        )
        for n, p in ((6, 3), (4, 4), (10, 2), (3, 5), (7, 3))
    ]


def fisher_vector_product(scores, v, damping):
    """(F + λI) v,  F = 1/N Σ s sᵀ."""
    return scores.T @ (scores @ v) / len(scores) + damping * v


FISHER_VECTOR_PRODUCT = Exercise(
    name="fisher_vector_product",
    homework=4,
    asks="(F + damping·I) v without building F",
    points=4,
    minutes=10,
    difficulty=2,
    draw=draw_fisher_vector_product,
    reference=fisher_vector_product,
    mistakes=(
        Mistake(
            "missing_normaliser",
            "The samples are summed. F is an expectation: divide by N.",
            lambda scores, v, damping: scores.T @ (scores @ v) + damping * v,
        ),
        Mistake(
            "damping_missing",
            "The damping is missing: add λv.",
            lambda scores, v, damping: scores.T @ (scores @ v) / len(scores),
        ),
        Mistake(
            "damping_twice",
            "The damping is added twice.",
            lambda scores, v, damping: scores.T @ (scores @ v) / len(scores) + 2 * damping * v,
        ),
        Mistake(
            "mean_then_outer",
            "The scores are averaged before the outer product, which leaves a matrix of rank one (and 0 in "
            "expectation). "
            "Average sᵢ(sᵢᵀv) over the samples.",
            lambda scores, v, damping: scores.mean(0) * (scores.mean(0) @ v) + damping * v,
        ),
        Mistake(
            "mean_then_outer",
            "The scores are summed before the outer product. Average sᵢ(sᵢᵀv) over the samples.",
            lambda scores, v, damping: scores.sum(0) * (scores.sum(0) @ v) + damping * v,
        ),
        Mistake(
            "mean_then_outer",
            "Two averages are multiplied. Average the products sᵢ(sᵢᵀv) instead.",
            lambda scores, v, damping: scores.sum(0) * (scores.sum(0) @ v) / len(scores) + damping * v,
        ),
        Mistake(
            "damping_divided",
            "The damping is divided by N as well. Only the sum over samples is an average.",
            lambda scores, v, damping: (scores.T @ (scores @ v) + damping * v) / len(scores),
        ),
        Mistake(
            "wrong_normaliser",
            "The sum is divided by the number of parameters. Divide by the number of samples, N = "
            "len(scores).",
            lambda scores, v, damping: scores.T @ (scores @ v) / scores.shape[1] + damping * v,
        ),
        Mistake(
            "wrong_normaliser",
            "The sum is divided by the number of all entries. Divide by the number of samples, N = "
            "len(scores).",
            lambda scores, v, damping: scores.T @ (scores @ v) / scores.size + damping * v,
        ),
        Mistake(
            "wrong_normaliser",
            "The sum is divided by N². Divide by N once.",
            lambda scores, v, damping: scores.T @ (scores @ v) / len(scores) ** 2 + damping * v,
        ),
        Mistake(
            "wrong_normaliser",
            "The sum is divided by N − 1. F is a plain mean of s sᵀ: divide by N.",
            lambda scores, v, damping: scores.T @ (scores @ v) / max(1, len(scores) - 1) + damping * v,
        ),
        Mistake(
            "diagonal_only",
            "Only the diagonal of F is used: parameters are coupled, sᵢ(sᵢᵀv) mixes them.",
            lambda scores, v, damping: (scores**2).mean(0) * v + damping * v,
        ),
        Mistake(
            "centred",
            "The scores are centred first: that is their covariance. F is the second moment, E[s sᵀ].",
            lambda scores, v, damping: (
                (scores - scores.mean(0)).T @ ((scores - scores.mean(0)) @ v) / len(scores) + damping * v
            ),
        ),
        Mistake(
            "centred",
            "The scores are centred first: that is their covariance. F is the second moment, E[s sᵀ].",
            lambda scores, v, damping: (
                (scores - scores.mean(0)).T @ ((scores - scores.mean(0)) @ v) / max(1, len(scores) - 1)
                + damping * v
            ),
        ),
        Mistake(
            "damping_without_v",
            "λ is added, not λv: the damping is λ times the identity, applied to v.",
            lambda scores, v, damping: scores.T @ (scores @ v) / len(scores) + damping,
        ),
        Mistake(
            "damping_multiplies",
            "The damping multiplies Fv. It is added: Fv + λv.",
            lambda scores, v, damping: (1 + damping) * scores.T @ (scores @ v) / len(scores),
        ),
        Mistake(
            "damping_multiplies",
            "The damping multiplies Fv. It is added: Fv + λv.",
            lambda scores, v, damping: damping * scores.T @ (scores @ v) / len(scores),
        ),
        Mistake(
            "damping_sign",
            "The damping is subtracted. It makes F safely invertible: add λv.",
            lambda scores, v, damping: scores.T @ (scores @ v) / len(scores) - damping * v,
        ),
        Mistake(
            "damping_everywhere",
            "λ is added to every entry of F. It is added to the diagonal: λv.",
            lambda scores, v, damping: scores.T @ (scores @ v) / len(scores) + damping * v.sum(),
        ),
        Mistake(
            "quadratic_form",
            "This is vᵀFv, a number. The product Fv is a vector.",
            lambda scores, v, damping: np.mean((scores @ v) ** 2) + damping * v @ v,
        ),
        Mistake(
            "quadratic_form",
            "This is vᵀFv, a number. The product Fv is a vector.",
            lambda scores, v, damping: np.mean((scores @ v) ** 2),
        ),
        Mistake(
            "inverse",
            "This is F⁻¹v. The product Fv is asked; the inverse is conjugate gradient's work.",
            lambda scores, v, damping: np.linalg.solve(
                scores.T @ scores / len(scores) + damping * np.eye(len(v)), v
            ),
        ),
        Mistake(
            "dot_squared",
            "sᵢᵀv is squared: average sᵢ(sᵢᵀv), each score times one number.",
            lambda scores, v, damping: scores.T @ (scores @ v) ** 2 / len(scores) + damping * v,
        ),
        Mistake(
            "gradient_for_fisher",
            "sᵢᵀv is left out: this is the mean score.",
            lambda scores, v, damping: scores.mean(0) + damping * v,
        ),
        Mistake(
            "one_factor_only",
            "The second factor s is missing: after sᵢᵀv, multiply by sᵢ and average.",
            lambda scores, v, damping: scores @ v / len(scores),
        ),
        Mistake(
            "elementwise",
            "s² v is formed entry by entry: that drops the couplings. Use matrix products.",
            lambda scores, v, damping: (scores * v).sum(0) / len(scores) + damping * v,
        ),
        Mistake(
            "damping_squared",
            "The damping is squared.",
            lambda scores, v, damping: scores.T @ (scores @ v) / len(scores) + damping**2 * v,
        ),
        Mistake(
            "missing_normaliser",
            "1/N and the damping are missing.",
            lambda scores, v, damping: scores.T @ (scores @ v),
        ),
        Mistake(
            "empirical_root",
            "The sum is divided by √N. Divide by N.",
            lambda scores, v, damping: scores.T @ (scores @ v) / np.sqrt(len(scores)) + damping * v,
        ),
    ),
)


def draw_natural_step(rng):
    return [
        dict(F=positive_definite(rng, n), g=rng.normal(0, 1, n), delta=delta)
        for n, delta in zip((3, 4, 2, 5), (0.05, 0.3, 0.1, 0.02), strict=True)
    ]


def natural_step(F, g, delta):
    """d = √(2δ/gᵀF⁻¹g) F⁻¹g."""
    direction = np.linalg.solve(F, g)
    return np.sqrt(2 * delta / (g @ direction)) * direction


def natural(scale, direction=np.linalg.solve):
    """A wrong length on F⁻¹g, or a wrong direction: scale(delta, F, g, direction)."""

    def gives(F, g, delta):
        d = direction(F, g)
        return scale(delta, F, g, d) * d

    return gives


NATURAL_STEP = Exercise(
    name="natural_step",
    homework=4,
    asks="argmax gᵀd subject to ½dᵀFd ≤ δ",
    points=4,
    minutes=15,
    difficulty=2,
    draw=draw_natural_step,
    reference=natural_step,
    mistakes=(
        Mistake(
            "factor_two_lost",
            "The factor 2 is lost: the constraint is ½dᵀFd ≤ δ, so dᵀFd = 2δ.",
            natural(lambda t, F, g, d: np.sqrt(t / (g @ d))),
        ),
        Mistake(
            "missing_sqrt",
            "The root is missing: the length enters ½dᵀFd squared.",
            natural(lambda t, F, g, d: 2 * t / (g @ d)),
        ),
        Mistake(
            "fisher_not_inverted",
            "F multiplies g where F⁻¹ belongs: the natural direction is F⁻¹g.",
            natural(lambda t, F, g, d: np.sqrt(2 * t / (d @ F @ d)), lambda F, g: F @ g),
        ),
        Mistake(
            "fisher_not_inverted",
            "F multiplies g where F⁻¹ belongs: the natural direction is F⁻¹g.",
            natural(lambda t, F, g, d: np.sqrt(2 * t / (g @ d)), lambda F, g: F @ g),
        ),
        Mistake(
            "fisher_not_inverted",
            "F multiplies g where F⁻¹ belongs: the natural direction is F⁻¹g.",
            natural(lambda t, F, g, d: np.sqrt(2 * t / (g @ np.linalg.solve(F, g))), lambda F, g: F @ g),
        ),
        Mistake(
            "unscaled",
            "The direction is right, its length is not: scale it so that ½dᵀFd = δ.",
            natural(lambda t, F, g, d: 1.0),
        ),
        Mistake(
            "sign",
            "This descends: gᵀd is to be as large as possible.",
            natural(lambda t, F, g, d: -np.sqrt(2 * t / (g @ d))),
        ),
        Mistake(
            "plain_gradient",
            "This is the plain gradient, scaled to fit. The maximiser bends it by F⁻¹.",
            natural(lambda t, F, g, d: np.sqrt(2 * t / (g @ F @ g)), lambda F, g: g),
        ),
        Mistake(
            "plain_gradient",
            "This is the plain gradient with a Euclidean length. The constraint measures length by F.",
            natural(lambda t, F, g, d: np.sqrt(2 * t / (g @ g)), lambda F, g: g),
        ),
        Mistake(
            "plain_gradient",
            "This is the plain gradient. The maximiser bends it by F⁻¹.",
            natural(lambda t, F, g, d: np.sqrt(2 * t / (g @ np.linalg.solve(F, g))), lambda F, g: g),
        ),
        Mistake(
            "euclidean_length",
            "The step has a Euclidean length. The constraint is ½dᵀFd = δ.",
            natural(lambda t, F, g, d: np.sqrt(2 * t) / np.linalg.norm(d)),
        ),
        Mistake(
            "euclidean_length",
            "The step has a Euclidean length. The constraint is ½dᵀFd = δ.",
            natural(lambda t, F, g, d: t / np.linalg.norm(d)),
        ),
        Mistake(
            "euclidean_length",
            "The step has a Euclidean length. The constraint is ½dᵀFd = δ.",
            natural(lambda t, F, g, d: np.sqrt(t) / np.linalg.norm(d)),
        ),
        Mistake(
            "wrong_norm",
            "Under the root stands gᵀFg. With d = F⁻¹g it must be dᵀFd = gᵀF⁻¹g.",
            natural(lambda t, F, g, d: np.sqrt(2 * t / (g @ F @ g))),
        ),
        Mistake(
            "wrong_norm",
            "Under the root stands gᵀg. With d = F⁻¹g it must be dᵀFd = gᵀF⁻¹g.",
            natural(lambda t, F, g, d: np.sqrt(2 * t / (g @ g))),
        ),
        Mistake(
            "delta_as_step_size",
            "δ is used as a step size. It bounds ½dᵀFd; the step size follows from it.",
            natural(lambda t, F, g, d: t),
        ),
        Mistake(
            "not_normalised",
            "The length of F⁻¹g itself is not divided out: divide by √(gᵀF⁻¹g).",
            natural(lambda t, F, g, d: np.sqrt(2 * t)),
        ),
        Mistake(
            "factor_two_lost",
            "The factor 2 is on the wrong side: dᵀFd = 2δ, not δ/2.",
            natural(lambda t, F, g, d: np.sqrt(t / (2 * (g @ d)))),
        ),
        Mistake(
            "factor_two_lost",
            "A factor 2 is counted twice: dᵀFd = 2δ.",
            natural(lambda t, F, g, d: np.sqrt(4 * t / (g @ d))),
        ),
        Mistake(
            "factor_two_lost",
            "The 2 stands outside the root: √(2δ/gᵀF⁻¹g).",
            natural(lambda t, F, g, d: 2 * np.sqrt(t / (g @ d))),
        ),
        Mistake(
            "missing_sqrt",
            "The root covers 2δ only: √(2δ/gᵀF⁻¹g).",
            natural(lambda t, F, g, d: np.sqrt(2 * t) / (g @ d)),
        ),
        Mistake(
            "scale_inverted",
            "gᵀF⁻¹g multiplies under the root. It divides: √(2δ/gᵀF⁻¹g).",
            natural(lambda t, F, g, d: np.sqrt(2 * t * (g @ d))),
        ),
        Mistake(
            "scale_inverted",
            "The scale is upside down: √(2δ/gᵀF⁻¹g).",
            natural(lambda t, F, g, d: np.sqrt((g @ d) / (2 * t))),
        ),
        Mistake(
            "missing_sqrt",
            "The root is missing, and a factor 2: the length enters ½dᵀFd squared.",
            natural(lambda t, F, g, d: t / (g @ d)),
        ),
        Mistake(
            "diagonal_only",
            "Only the diagonal of F is inverted. Solve with the whole matrix.",
            natural(lambda t, F, g, d: np.sqrt(2 * t / (g @ d)), lambda F, g: g / np.diag(F)),
        ),
        Mistake(
            "diagonal_only",
            "Only the diagonal of F is inverted. Solve with the whole matrix.",
            natural(lambda t, F, g, d: np.sqrt(2 * t / (d @ F @ d)), lambda F, g: g / np.diag(F)),
        ),
        Mistake(
            "root_of_fisher",
            "The direction is F^(−1/2) g, or 1/F entry by entry. It is F⁻¹g.",
            natural(lambda t, F, g, d: np.sqrt(2 * t / (d @ F @ d)), lambda F, g: root_solve(F, g)),
        ),
        Mistake(
            "wrong_direction",
            "F⁻¹ is applied twice.",
            natural(
                lambda t, F, g, d: np.sqrt(2 * t / (d @ F @ d)),
                lambda F, g: np.linalg.solve(F, np.linalg.solve(F, g)),
            ),
        ),
    ),
)


def root_solve(F, g):
    values, vectors = np.linalg.eigh(F)
    return vectors @ ((vectors.T @ g) / np.sqrt(values))


EXERCISES = (
    VISITATION,
    PERFORMANCE_DIFFERENCE,
    SURROGATE,
    BOUND_CONSTANT,
    TRUST_REGION_STEP,
    NEXT_RADIUS,
    FISHER_VECTOR_PRODUCT,
    CONJUGATE_GRADIENT,
    NATURAL_STEP,
)
