"""Value, on-policy: Sarsa.

    Q(s, a) ← Q(s, a) + α (r + γ Q(s′, a′) − Q(s, a)),  a′ the action that is taken next

The target is that of the policy that walks, exploration and all: it learns to keep away from the edge.

Source: Rummery and Niranjan 1994, "On-line Q-learning using connectionist systems" (not opened); the form is
that of Sutton and Barto 2018, section 6.4.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from rlcourse.equations import markov
from rlcourse.equations.returns import td_target
from rlcourse.map.record import Claim, Method, Point, due
from rlcourse.parts.walkers import Walkers

CLIFF, EPSILON = markov.cliff(gamma=0.99), 0.1


def learn(
    seeds: Sequence[int], steps: int = 40_000, alpha: float = 0.1, epsilon: float = EPSILON
) -> Iterator[Point]:
    """One walker a seed on the cliff; the curve is what the ε-greedy policy is worth, exactly."""
    walkers, Q = Walkers(CLIFF, seeds), np.zeros((len(seeds), CLIFF.states, CLIFF.actions))
    each, s, a = walkers.each, walkers.state, walkers.explore(Q, epsilon)
    for step in range(1, steps + 1):
        r, next_s, terminated = walkers.step(a)
        next_a = walkers.explore(Q, epsilon)

        # y = r + γ Q(s′, a′)
        y = td_target(r, terminated, Q[each, next_s, next_a], CLIFF.gamma)

        # Q(s, a) ← Q(s, a) + α (y − Q(s, a)),  α falling to 0
        Q[each, s, a] += alpha * (1 - step / steps) * (y - Q[each, s, a])
        s, a = walkers.state, next_a

        if due(step, steps):
            walking = markov.epsilon_greedy_policy(Q, epsilon)
            yield Point(step, markov.expected_return(CLIFF, walking), {"Q": Q.copy()})


def oracle(end: Point) -> list[Claim]:
    """Exact Q of the ε-greedy policy that Q prescribes, by linear algebra; the best return, by iteration.

    Of 800 seeds the worst ended 8.0 below the best return, half of them within 0.2; the edge is 27 below.
    """
    pi = markov.epsilon_greedy_policy(end.found["Q"], EPSILON)
    d = markov.visitation(CLIFF, pi)[..., None] * pi
    error = np.abs(end.found["Q"] - markov.q_values(CLIFF, pi))
    stumbling = markov.with_random_actions(CLIFF, EPSILON)
    best = markov.optimal_q_values(stumbling).max(axis=1) @ CLIFF.start  # of all ε-soft policies
    return [
        Claim("mean |Q − Q^π| where its own policy walks", (d * error).sum((1, 2)), 0.0, 2.8),
        Claim("the best return of a policy that explores", end.measure, best, 12.0),
    ]


METHOD = Method(
    name="Sarsa",
    box="value, on-policy",
    paper="Rummery and Niranjan 1994, “On-line Q-learning using connectionist systems”",
    idea="learn what the policy is worth that walks, by the action that it takes next",
    task="the cliff",
    learn=learn,
    oracle=oracle,
    measure="return of the ε-greedy policy, exact",
    bounds=(None, -19.289),  # the best that stumbles
)
