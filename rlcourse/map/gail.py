"""Imitation: GAIL.

    min_π max_D  E_π[log D(s, a)] + E_{π_E}[log(1 − D(s, a))] − λ H(π)

A judge D says how probably a step is the imitator's; the imitator moves to where the judge takes it for the
expert. At the end it is the expert's occupancy, and the judge can only toss a coin.

Source (from memory): Ho and Ermon 2016, "Generative Adversarial Imitation Learning". Both are tables here,
and expectations exact; a natural gradient step stands in for TRPO's, and λ = 0, as in most of their tasks.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from rlcourse.equations.markov import occupancy, softmax_policy
from rlcourse.map.record import Claim, Method, Point, due
from rlcourse.parts.field import EXPERT, FIELD, expert_occupancy
from rlcourse.parts.randomness import INITIALISE, Streams


def learn(seeds: Sequence[int], steps: int = 300, alpha: float = 0.1, beta: float = 1.0) -> Iterator[Point]:
    """From endlessly many demonstrations; the first logits of policy and judge, N(0, 1), are the seed's.

    The curve is TV(ρ_π, ρ_E) = ½ Σ |ρ_π − ρ_E|.
    """
    streams, rho_E = Streams(seeds, INITIALISE), expert_occupancy()
    theta, x = streams.normal(2, *FIELD.reward.shape).astype(float).swapaxes(0, 1)
    P = FIELD.transition.reshape(-1, FIELD.states)
    for step in range(1, steps + 1):
        policy = softmax_policy(theta)
        rho = occupancy(FIELD, policy)

        # The judge, D = σ(x): x ← x + β (ρ_π (1 − D) − ρ_E D) / (ρ_π + ρ_E), the slope for each visit
        D = 1 / (1 + np.exp(-x))
        x = x + beta * (rho * (1 - D) - rho_E * D) / (rho + rho_E)

        # What a step costs is log D: Q^π = −log D + γ P V^π,  V^π = (I − γ P_π)⁻¹ Σ_a π(a|s) (−log D)
        reward = np.logaddexp(0, -x)
        P_pi = (policy[..., None, :] @ FIELD.transition)[..., 0, :]
        paid = np.sum(policy * reward, axis=-1)[..., None]
        V = np.linalg.solve(np.eye(FIELD.states) - FIELD.gamma * P_pi, paid)
        Q = reward + FIELD.gamma * (P @ V).reshape(reward.shape)

        # The imitator: θ ← θ + α A^π, the natural gradient of a table of logits
        theta = theta + alpha * (Q - V)

        if due(step, steps):
            gap = np.abs(rho - rho_E).sum(axis=(1, 2)) / 2
            yield Point(step, gap, {"D": D, "policy": policy, "occupancy": rho})


def oracle(end: Point) -> list[Claim]:
    """The judge's ½ wherever the expert goes (everywhere: it is soft), and occupancies by a linear solve."""
    rho = occupancy(FIELD, end.found["policy"])
    return [
        Claim("D(s, a) = ½, everywhere", end.found["D"], 0.5, 0.02),
        Claim("TV(ρ_π, ρ_E)", np.abs(rho - expert_occupancy()).sum(axis=(1, 2)) / 2, 0.0, 0.01),
        Claim("π = π_E", end.found["policy"], EXPERT, 0.03),
    ]


METHOD = Method(
    name="GAIL",
    box="imitation",
    paper="Ho and Ermon 2016, “Generative Adversarial Imitation Learning”",
    idea="a judge tells the imitator from the expert; fool it",
    task="the muddy field",
    learn=learn,
    oracle=oracle,
    measure="total variation between our occupancy and the expert's",
    bounds=(0, 1),
)
