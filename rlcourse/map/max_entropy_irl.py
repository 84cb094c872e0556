"""Imitation: MaxEnt IRL.

    w ← w + α (E_demonstrations[φ] − E_{π_w}[φ]),  π_w(a|s) = exp(Q_w(s, a) − V_w(s)) for r = w·φ

Of all policies whose features are the expert's on average, take the one that decides nothing else: the most
random one. It is the soft-optimal policy of a reward w·φ, and w are the multipliers of these conditions.

Source (from memory): Ziebart, Maas, Bagnell and Dey 2008, "Maximum Entropy Inverse Reinforcement Learning",
which is for worlds without chance. Steps slip here, so the entropy is the causal one, discounted: Ziebart,
Bagnell and Dey 2010, "Modeling Interaction via the Principle of Maximum Causal Entropy".
"""

from collections.abc import Iterator, Sequence

import numpy as np

from rlcourse.equations.markov import occupancy, soft_optimal_policy
from rlcourse.map.record import Claim, Method, Point, due
from rlcourse.parts.field import EXPERT, FIELD, WEIGHTS, demonstrations, expert_occupancy, features
from rlcourse.parts.randomness import INITIALISE, Streams


def learn(
    seeds: Sequence[int], steps: int = 300, alpha: float = 1.0, walks: int | None = 500,
    phi: np.ndarray | None = None,
) -> Iterator[Point]:  # fmt: skip
    """From `walks` demonstrations (None: endlessly many) and weights w ~ N(0, 1).

    phi: φ [states, actions, F], by default home, mud and east; one feature for each state and action leaves
    the reward all its liberty. The curve is max_k |E_demonstrations[φ_k] − E_{π_w}[φ_k]|.
    """
    phi = features() if phi is None else np.asarray(phi, dtype=float)
    w = Streams(seeds, INITIALISE).normal(phi.shape[-1]).astype(float)
    watched = np.broadcast_to(expert_occupancy(), (len(seeds), *FIELD.reward.shape))
    if walks is not None:
        watched = demonstrations(seeds, walks)
    goal = expectation(watched, phi)
    for step in range(1, steps + 1):
        # The backward pass, exactly: π_w(a|s) ∝ exp Q_w(s, a),  Q_w = w·φ + γ P log Σ exp Q_w
        reward = (phi @ w[:, None, :, None])[..., 0]
        policy = soft_optimal_policy(FIELD, reward)

        # The forward pass: ∇L(w) = E_demonstrations[φ] − E_{π_w}[φ]
        gradient = goal - expectation(occupancy(FIELD, policy), phi)

        # w ← w + α ∇L(w)
        w += alpha * gradient

        if due(step, steps):
            found = {"w": w.copy(), "reward": reward, "policy": policy, "watched": watched}
            yield Point(step, np.abs(gradient).max(axis=1), found)


def expectation(rho: np.ndarray, phi: np.ndarray) -> np.ndarray:
    """E_ρ[φ] = Σ_{s,a} ρ(s, a) φ(s, a). rho [S, states, actions], phi [states, actions, F] -> [S, F]."""
    return (rho.reshape(len(rho), 1, -1) @ phi.reshape(-1, phi.shape[-1]))[:, 0]


def oracle(end: Point) -> list[Claim]:
    """The conditions hold, by a linear solve; w is what the owner pays; π_w is the expert's policy."""
    policy, phi = end.found["policy"], features()
    gap = np.abs(policy - EXPERT).sum(axis=-1) / 2 @ expert_occupancy().sum(axis=-1)
    return [
        Claim(
            "features as in the demonstrations",
            expectation(occupancy(FIELD, policy), phi),
            expectation(end.found["watched"], phi),
            1e-3,
        ),
        Claim("w = w*, but for what 500 walks leave open", end.found["w"], WEIGHTS, 0.4),
        Claim("E_{d_E} TV(π_w, π_E)", gap, 0.0, 0.05),
    ]


METHOD = Method(
    name="MaxEnt IRL",
    box="imitation",
    paper="Ziebart et al. 2008, “Maximum Entropy Inverse Reinforcement Learning”",
    idea="find the reward under which the expert's walks are likely, and decide nothing else",
    task="the muddy field",
    learn=learn,
    oracle=oracle,
    measure="largest gap between the expert's features and ours",
    bounds=(0, None),
)
