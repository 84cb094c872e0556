"""Value, off-policy: Q-learning.

    Q(s, a) ← Q(s, a) + α (r + γ max_a′ Q(s′, a′) − Q(s, a))

The target is that of the greedy policy, whatever the walker does: the table learns Q* while it explores.

Source: Watkins and Dayan 1992, "Q-learning"; the form is that of Sutton and Barto 2018, section 6.5.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from rlcourse.equations import markov
from rlcourse.equations.returns import td_target
from rlcourse.map.record import Claim, Method, Point, due
from rlcourse.parts.walkers import Walkers

CLIFF = markov.cliff(gamma=0.99)


def learn(
    seeds: Sequence[int], steps: int = 10_000, alpha: float = 0.5, epsilon: float = 0.1,
    mdp: markov.MDP = CLIFF, noise: float | np.ndarray = 0.0,
) -> Iterator[Point]:  # fmt: skip
    """One walker a seed, ε-greedy, on the cliff or another process, whose rewards may have noise.

    The curve is what the greedy policy is worth, exactly.
    """
    walkers, Q = Walkers(mdp, seeds, noise), np.zeros((len(seeds), mdp.states, mdp.actions))
    each = walkers.each
    for step in range(1, steps + 1):
        # a ~ ε-greedy(Q(s, ·))
        s, a = walkers.state, walkers.explore(Q, epsilon)
        r, next_s, terminated = walkers.step(a)

        # y = r + γ max_a′ Q(s′, a′)
        y = td_target(r, terminated, Q[each, next_s].max(-1), mdp.gamma)

        # Q(s, a) ← Q(s, a) + α (y − Q(s, a))
        Q[each, s, a] += alpha * (y - Q[each, s, a])

        if due(step, steps):
            greedy = markov.epsilon_greedy_policy(Q, 0.0)
            yield Point(step, markov.expected_return(mdp, greedy), {"Q": Q.copy()})


def oracle(end: Point) -> list[Claim]:
    """Q* by value iteration, where the best path leads."""
    best = markov.optimal_q_values(CLIFF)
    path = [36, *range(24, 36)]  # up from the start, then along the edge
    return [
        Claim("max Q = max Q* on the best path", end.found["Q"][:, path].max(-1), best[path].max(-1), 1e-6),
        Claim("the greedy policy is the best one", end.measure, best[36].max(), 1e-9),
    ]


METHOD = Method(
    name="Q-learning",
    box="value, off-policy",
    paper="Watkins and Dayan 1992, “Q-learning”",
    idea="learn what the best action is worth while doing something else",
    task="the cliff",
    learn=learn,
    oracle=oracle,
    measure="return of the greedy policy, exact",
    bounds=(None, -12.247),  # the shortest path
)
