"""Policy, on-policy: Exact PG.

    θ ← θ + α ∇η(θ),  ∂η/∂θ(s, a) = d^π(s) π(a|s) A^π(s, a) / (1 − γ),  π = softmax(θ)

The policy gradient where the process is known: nothing is sampled, everything is linear algebra.

Source: Sutton, McAllester, Singh and Mansour 2000, "Policy Gradient Methods for Reinforcement Learning with
Function Approximation", theorem 1, for a table of logits (from memory).
"""

from collections.abc import Iterator, Sequence

import numpy as np

from rlcourse.equations import markov
from rlcourse.map.record import Claim, Method, Point, due
from rlcourse.parts.randomness import INITIALISE, Streams

CORRIDOR = markov.corridor(gamma=0.9)


def learn(seeds: Sequence[int], steps: int = 1000, alpha: float = 1.0) -> Iterator[Point]:
    """From logits θ ~ N(0, 1), which are all that a seed decides; the curve is η, exactly."""
    theta = Streams(seeds, INITIALISE).normal(CORRIDOR.states, CORRIDOR.actions).astype(float)
    for step in range(1, steps + 1):
        # θ ← θ + α ∇η
        for logits in theta:
            logits += alpha * markov.policy_gradient(CORRIDOR, markov.softmax_policy(logits))
        if due(step, steps):
            eta = [markov.expected_return(CORRIDOR, markov.softmax_policy(logits)) for logits in theta]
            yield Point(step, np.array(eta), {"theta": theta.copy()})


def oracle(end: Point) -> list[Claim]:
    """η* by value iteration; and the slope there, which goes to 0."""
    best = markov.value_iteration(CORRIDOR, 500) @ CORRIDOR.start
    slope = markov.policy_gradient(CORRIDOR, markov.softmax_policy(end.found["theta"]))
    return [
        Claim("η(π_θ) = η*", end.measure, best, 0.02),
        Claim("‖∇η‖₂", np.linalg.norm(slope, axis=(1, 2)), 0.0, 0.01),
    ]


METHOD = Method(
    name="Exact PG",
    box="policy, on-policy",
    paper="Sutton et al. 2000, “Policy Gradient Methods … with Function Approximation”",
    idea="climb the slope of the return itself",
    task="the corridor",
    learn=learn,
    oracle=oracle,
    measure="return, exact",
    bounds=(None, 0.774),  # η*
)
