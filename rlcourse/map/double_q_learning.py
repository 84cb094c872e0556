"""Value, off-policy: Double Q-learning.

    Q₁(s, a) ← Q₁(s, a) + α (r + γ Q₂(s′, argmax_a′ Q₁(s′, a′)) − Q₁(s, a)), or with 1 and 2 exchanged: a coin

The maximum of noisy estimates is too large. Here one table chooses the action, and the other one, which had
other luck, says what it is worth.

Source: van Hasselt 2010, "Double Q-learning"; the task is Sutton and Barto's example 6.7.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from rlcourse.equations import bias, markov
from rlcourse.equations.returns import td_target
from rlcourse.map.record import Claim, Method, Point, due
from rlcourse.parts.randomness import LEARN, Streams
from rlcourse.parts.walkers import Walkers

ARMS = markov.noisy_arms(arms=10, mean=-0.1)
NOISE = np.array([0.0, 1.0, 0.0])[:, None]  # σ of the rewards in A, in B, and at the end


def learn(
    seeds: Sequence[int], steps: int = 20_000, alpha: float = 0.1, epsilon: float = 1.0,
    mdp: markov.MDP = ARMS, noise: float | np.ndarray = NOISE,
) -> Iterator[Point]:  # fmt: skip
    """One walker a seed, ε-greedy on the sum of its tables, which at ε = 1 is at random.

    The curve is the worth of the start's first action (left), the mean of both tables. found has both, Q, and
    `average`, their mean over the second half of the steps.
    """
    walkers, Q = Walkers(mdp, seeds, noise), np.zeros((len(seeds), 2, mdp.states, mdp.actions))
    each, total = walkers.each, np.zeros((len(seeds), mdp.states, mdp.actions))
    coins = (Streams(seeds, LEARN).uniform(steps) < 0.5).astype(int).T
    for step, i in enumerate(coins, start=1):
        s, a = walkers.state, walkers.explore(Q.sum(1), epsilon)
        r, next_s, terminated = walkers.step(a)

        # y = r + γ Q_j(s′, argmax_a′ Q_i(s′, a′)),  j the other table
        best = Q[each, i, next_s].argmax(-1)
        y = td_target(r, terminated, Q[each, 1 - i, next_s, best], mdp.gamma)

        # Q_i(s, a) ← Q_i(s, a) + α (y − Q_i(s, a))
        Q[each, i, s, a] += alpha * (y - Q[each, i, s, a])

        total += Q.mean(1) if 2 * step > steps else 0.0
        if due(step, steps):
            left = Q[:, :, mdp.start.argmax(), 0].mean(1)
            yield Point(step, left, {"Q": Q.copy(), "average": total / max(1, step - steps // 2)})


def oracle(end: Point) -> list[Claim]:
    """Left seems worth what it is, Q* by value iteration, and not what the maximum of one table would say.

    An estimate with step size α has the variance α/(2 − α) of one reward; the mean of the largest of ten such
    is known (`bias.exact_biases`).
    """
    left, best = end.found["average"][:, 0, 0], markov.optimal_q_values(ARMS)[0, 0]
    maximum = bias.exact_biases(gap=0.0, noise=(0.1 / 1.9) ** 0.5, actions=10)["max"]
    return [
        Claim("left seems worth Q*(A, left)", left, best, 0.25),
        Claim("one table would have been biased", left, best + ARMS.gamma * maximum, 0.0, "≤"),
    ]


METHOD = Method(
    name="Double Q-learning",
    box="value, off-policy",
    paper="van Hasselt 2010, “Double Q-learning”",
    idea="one table chooses the best action, another one says what it is worth",
    task="the noisy arms",
    learn=learn,
    oracle=oracle,
    measure="estimate of the worth of going left",
)
