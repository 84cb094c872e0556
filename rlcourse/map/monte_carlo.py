"""Value, on-policy: ε-greedy Monte Carlo.

    Q(s, a) ← Q(s, a) + α (G − Q(s, a)),  G = Σ_k γ^k r_{t+k} after the first visit of (s, a), α = 1/N(s, a)

It learns from whole episodes and bootstraps from nothing: before the first episode ends it has learnt
nothing. So the cliff is a small one (on Sutton and Barto's a random walk takes 6,453 steps to the goal), and
ε falls from 1. α stays above a floor, as the policy that is averaged over changes.

Source: Sutton and Barto 2018, section 5.4 (with exact averages, α = 1/N; from memory).
"""

from collections.abc import Iterator, Sequence

import numpy as np

from rlcourse.equations import markov
from rlcourse.map.record import Claim, Method, Point, due
from rlcourse.parts.walkers import Walkers

CLIFF, EPSILON = markov.cliff(gamma=0.99, rows=3, columns=4), 0.1


def learn(
    seeds: Sequence[int], steps: int = 20_000, floor: float = 0.02, epsilon: float = EPSILON
) -> Iterator[Point]:
    """One walker a seed; ε falls from 1 to `epsilon` over four fifths of the steps.

    The curve is what the policy that explores with `epsilon` is worth, exactly.
    """
    walkers, Q = Walkers(CLIFF, seeds), np.zeros((len(seeds), CLIFF.states, CLIFF.actions))
    visits, episodes = np.zeros_like(Q), [[] for _ in seeds]
    for step in range(1, steps + 1):
        s, a = walkers.state, walkers.explore(Q, max(epsilon, 1 - (1 - epsilon) * step / (0.8 * steps)))
        r, _, terminated = walkers.step(a)
        for episode, *now in zip(episodes, s, a, r, strict=True):
            episode.append(now)
        for seed in np.flatnonzero(terminated):
            improve(Q[seed], visits[seed], episodes[seed], floor)
            episodes[seed].clear()
        if due(step, steps):
            walking = markov.epsilon_greedy_policy(Q, epsilon)
            yield Point(step, markov.expected_return(CLIFF, walking), {"Q": Q.copy()})


def improve(Q: np.ndarray, visits: np.ndarray, episode: list, floor: float) -> None:
    """Q(s, a) ← Q(s, a) + max(floor, 1/N(s, a)) (G − Q(s, a)) for each first visit of an episode, in place.

    Q, visits N [states, actions]; episode: (s, a, r) of each step.
    """
    G, first = 0.0, {}
    for s, a, r in reversed(episode):
        G = r + CLIFF.gamma * G
        first[s, a] = G  # the earliest visit is written last
    for pair, G in first.items():
        visits[pair] += 1
        Q[pair] += max(floor, 1 / visits[pair]) * (G - Q[pair])


def oracle(end: Point) -> list[Claim]:
    """Exact Q of the ε-greedy policy that Q itself prescribes, by linear algebra, where that policy walks."""
    pi = markov.epsilon_greedy_policy(end.found["Q"], EPSILON)
    d = markov.visitation(CLIFF, pi)[..., None] * pi
    error = np.abs(end.found["Q"] - markov.q_values(CLIFF, pi))
    random = markov.expected_return(CLIFF, markov.uniform_policy(CLIFF))
    return [
        Claim("mean |Q − Q^π| where its own policy walks", (d * error).sum((1, 2)), 0.0, 1.5),
        Claim("worth far more than walking at random", end.measure, random / 4, 0.0, "≥"),
    ]


METHOD = Method(
    name="ε-greedy Monte Carlo",
    box="value, on-policy",
    paper="Sutton and Barto 2018, “Reinforcement Learning”, section 5.4",
    idea="average what was earned after each action, and prefer the best average",
    task="a small cliff",
    learn=learn,
    oracle=oracle,
    measure="return of the ε-greedy policy, exact",
    bounds=(None, -10.508),  # the best that stumbles
)
