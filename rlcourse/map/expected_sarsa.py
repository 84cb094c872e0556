"""Value, on-policy: Expected Sarsa.

    Q(s, a) ← Q(s, a) + α (r + γ Σ_a′ π(a′|s′) Q(s′, a′) − Q(s, a))

Sarsa without the luck of the next action. Where the world has no chance of its own, the target has no
variance at all, and α may be 1.

Source: van Seijen, van Hasselt, Whiteson and Wiering 2009, "A Theoretical and Empirical Analysis of Expected
Sarsa", abstract; the form is that of Sutton and Barto 2018, section 6.6.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from rlcourse.equations import markov
from rlcourse.equations.returns import td_target
from rlcourse.map.record import Claim, Method, Point, due
from rlcourse.parts.walkers import Walkers

CLIFF, EPSILON = markov.cliff(gamma=0.99), 0.1


def learn(
    seeds: Sequence[int], steps: int = 20_000, alpha: float = 1.0, epsilon: float = EPSILON
) -> Iterator[Point]:
    """One walker a seed on the cliff; the curve is what the ε-greedy policy is worth, exactly."""
    walkers, Q = Walkers(CLIFF, seeds), np.zeros((len(seeds), CLIFF.states, CLIFF.actions))
    each = walkers.each
    for step in range(1, steps + 1):
        s, a = walkers.state, walkers.explore(Q, epsilon)
        r, next_s, terminated = walkers.step(a)

        # y = r + γ Σ_a′ π(a′|s′) Q(s′, a′)
        next_q = Q[each, next_s]
        expected = (markov.epsilon_greedy_policy(next_q, epsilon) * next_q).sum(-1)
        y = td_target(r, terminated, expected, CLIFF.gamma)

        # Q(s, a) ← Q(s, a) + α (y − Q(s, a))
        Q[each, s, a] += alpha * (y - Q[each, s, a])

        if due(step, steps):
            walking = markov.epsilon_greedy_policy(Q, epsilon)
            yield Point(step, markov.expected_return(CLIFF, walking), {"Q": Q.copy()})


def target_variances(mdp: markov.MDP, Q: np.ndarray, policy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Var[γ Q(s′, a′)] and Var[γ E_π Q(s′, ·)] given (s, a): Sarsa's target and Expected Sarsa's.

    They differ by γ² E_s′[Var_π Q(s′, ·)]. Q, policy [..., S, A]; returns two arrays [..., S, A].
    """
    mean, square = (policy * Q).sum(-1), (policy * Q**2).sum(-1)  # [..., S], of a′ in s′
    after = [np.einsum("sat,...t->...sa", mdp.transition, x) for x in (mean, square, mean**2)]
    return mdp.gamma**2 * (after[1] - after[0] ** 2), mdp.gamma**2 * (after[2] - after[0] ** 2)


def oracle(end: Point) -> list[Claim]:
    """Exact Q of its own ε-greedy policy, by linear algebra; and both targets' variances, by enumeration."""
    Q = end.found["Q"]
    pi = markov.epsilon_greedy_policy(Q, EPSILON)
    d = markov.visitation(CLIFF, pi)[..., None] * pi
    error = np.abs(Q - markov.q_values(CLIFF, pi))
    sarsa, expected = ((d * v).sum((1, 2)) for v in target_variances(CLIFF, Q, pi))
    return [
        Claim("mean |Q − Q^π| where its own policy walks", (d * error).sum((1, 2)), 0.0, 0.05),
        Claim("the target's variance", expected, 0.0, 1e-9),
        Claim("Sarsa's is larger", sarsa, 0.5, 0.0, "≥"),
    ]


METHOD = Method(
    name="Expected Sarsa",
    box="value, on-policy",
    paper="van Seijen et al. 2009, “A Theoretical and Empirical Analysis of Expected Sarsa”",
    idea="average over the next action in place of drawing it",
    task="the cliff",
    learn=learn,
    oracle=oracle,
    measure="return of the ε-greedy policy, exact",
    bounds=(None, -19.289),  # the best that stumbles
)
