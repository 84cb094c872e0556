"""Imitation: IQ-Learn.

    max_Q  E_{π_E}[φ(Q(s, a) − γ V(s′))] − (1 − γ) E_{ρ₀}[V(s₀)],  V = log Σ_a exp Q,  φ(x) = x − x²/(4c)

Each Q is the soft Q of some reward, r = Q − γ E[V(s′)], and has its soft-optimal policy with it. So GAIL's
game of two becomes a climb in one table, without a judge; −x²/(4c) keeps the reward small.

Source (from memory): Garg et al. 2021, "IQ-Learn: Inverse soft-Q Learning for Imitation", with the χ²
divergence and exact expectations. At the top ρ_E φ′(r) = ρ_π, so c → ∞ gives the expert's policy exactly.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from rlcourse.equations.markov import occupancy, soft_values, softmax_policy, unshaped
from rlcourse.map.record import Claim, Method, Point, due
from rlcourse.parts.field import EXPERT, FIELD, expert_occupancy
from rlcourse.parts.randomness import INITIALISE, Streams


def learn(seeds: Sequence[int], steps: int = 2000, alpha: float = 1.0, c: float = 500.0) -> Iterator[Point]:
    """From endlessly many demonstrations; the first Q ~ N(0, 1) is the seed's.

    The curve is E_{s~d_E} TV(softmax Q(s, ·), π_E(·|s)).
    """
    Q = Streams(seeds, INITIALISE).normal(*FIELD.reward.shape).astype(float)
    rho_E, P = expert_occupancy(), FIELD.transition.reshape(-1, FIELD.states)
    d_E = rho_E.sum(axis=-1)
    for step in range(1, steps + 1):
        # r(s, a) = Q(s, a) − γ Σ_s′ P(s′|s, a) V(s′): the reward that Q is the soft Q of
        policy, V = softmax_policy(Q), soft_values(Q)
        reward = Q - FIELD.gamma * (P @ V[..., None]).reshape(Q.shape)

        # ∂J/∂Q(s, a) = m(s, a) − π_Q(a|s) (γ Σ m(s₋, a₋) P(s|s₋, a₋) + (1 − γ) ρ₀(s)),  m = ρ_E φ′(r)
        m = rho_E * (1 - reward / (2 * c))
        arrives = FIELD.gamma * (m.reshape(len(m), 1, -1) @ P)[:, 0] + (1 - FIELD.gamma) * FIELD.start
        gradient = m - policy * arrives[..., None]

        # Q ← Q + α ∇J, the slope for each of the expert's visits
        Q += alpha * gradient / d_E[:, None]

        if due(step, steps):
            gap = (np.abs(policy - EXPERT).sum(axis=-1) / 2 * d_E).sum(axis=-1)
            yield Point(step, gap, {"Q": Q.copy(), "reward": reward, "policy": policy})


def oracle(end: Point) -> list[Claim]:
    """π_E by soft dynamic programming; the condition for a top, by a linear solve; r* but for a shaping."""
    policy, c = softmax_policy(end.found["Q"]), 500.0
    implied = expert_occupancy() * (1 - end.found["reward"] / (2 * c))
    off = end.found["reward"] - FIELD.reward
    return [
        Claim("softmax Q = π_E", policy, EXPERT, 0.02),
        Claim("ρ_E φ′(r) = ρ_π", implied, occupancy(FIELD, policy), 1e-3),
        Claim("r − r* is a shaping, γ E[Φ(s′)] − Φ(s)", unshaped(FIELD, off), 0.0, 0.1),
    ]


METHOD = Method(
    name="IQ-Learn",
    box="imitation",
    paper="Garg et al. 2021, “IQ-Learn: Inverse soft-Q Learning for Imitation”",
    idea="a table Q is a policy and a reward at once, so one climb replaces the game",
    task="the muddy field",
    learn=learn,
    oracle=oracle,
    measure="total variation between our policy and the expert's",
    bounds=(0, 1),
)
