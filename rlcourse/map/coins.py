"""What the boxes with networks of action values learn on the map: three coins, and how one can tell."""

from typing import Any

import numpy as np

from rlcourse.map.record import Claim, Loop, Method, Point
from rlcourse.parts.aims import Coins

STATES = np.eye(Coins.tosses, dtype=np.float32)  # the three states


def falling(progress: float) -> float:
    """A learning rate that ends at nearly 0, so that the noise of the last batches does not stay."""
    return 1e-2 * (1.001 - progress)


SETTINGS = {
    "gamma": 0.9, "tau": 0.05, "learning_rate": falling, "num_envs": 4, "batch_size": 32, "epsilon": 0.2,
    "warmup": 100,
}  # fmt: skip


def on_coins(name: str, paper: str, idea: str, algorithm: Any, distance: float | None = None) -> Method:
    """The record of a method that learns values of actions on the coins.

    distance: of one that learns the law of the return, the largest W₁ to the enumerated law that may be left.
    """

    def oracle(end: Point) -> list[Claim]:
        """Q* in closed form; the law of the return from the start by enumeration."""
        seen = np.broadcast_to(STATES, (len(end.measure), *STATES.shape))
        z, p = end.found["policy"].network.law(seen)  # [S, 3, 2, N]
        Q, best = (z * p).sum(-1), Coins.best(algorithm.gamma)
        claims = [
            Claim("Q(s, toss) = Q*(s, toss)", Q[..., 1], best[:, 1], 0.2),
            Claim("tossing is chosen", Q[..., 1] - Q[..., 0], 0.0, 0.0, "≥"),
        ]
        if distance is not None:
            found = Coins.distances(z[:, 0, 1], p[:, 0, 1], algorithm.gamma)
            claims.append(Claim("W₁(law of tossing, enumeration)", found, 0.0, distance, "≤"))
        return claims

    loop = Loop(algorithm, Coins, 4000, {"evaluation_episodes": 50})
    most = float(Coins.tosses)
    return Method(name, "value, off-policy", paper, idea, "three coins", loop, oracle, bounds=(-most, most))
