"""Model: MPC.

    a_t = a*_0,  (a*_0 … a*_H) = argmax Σ_h r(s_h, a_h),  s_{h+1} = f(s_h, a_h),  s_0 = s_t: at each step anew

Nothing is learnt: the model f is known, and a plan is made, begun, and thrown away. The cross-entropy method
makes it: draw sequences, keep the best, draw around those.

Source (from memory): Chua et al. 2018, "Deep Reinforcement Learning in a Handful of Trials …", section 5, for
the planner.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from rlcourse.map.record import Claim, Method, Point, due
from rlcourse.parts.optima import PENDULUM, PENDULUM_ERROR
from rlcourse.parts.randomness import ACT, Streams
from rlcourse.parts.worlds import Pendulum

WORLD, HANGING = Pendulum(), (np.pi, 0.0)


def cross_entropy(
    score: Callable, mean: np.ndarray, rng: Streams, candidates: int, elite: int, rounds: int, sigma: float
) -> np.ndarray:
    """m, σ ← mean and deviation of the elite of sequences a ~ N(m, σ²) within [−1, 1]; m after the rounds.

    score: [S, N, K] → [S, N], what each of N `candidates` is worth; mean, σ of the first, [S, K]. The first
    candidate is m itself.
    """
    std = np.full_like(mean, sigma)
    for _ in range(rounds):
        xi = rng.normal(candidates, mean.shape[1])
        xi[:, 0] = 0
        a = np.clip(mean[:, None] + std[:, None] * xi, -1, 1)
        best = np.argsort(-score(a), axis=1, kind="stable")[:, :elite]
        kept = np.take_along_axis(a, best[..., None], axis=1)
        mean, std = kept.mean(1), kept.std(1)
    return mean


def learn(
    seeds: Sequence[int], steps: int = 200, horizon: int = 60, hold: int = 6, candidates: int = 128,
    elite: int = 12, rounds: int = 4, sigma: float = 1.0,
) -> Iterator[Point]:  # fmt: skip
    """One pendulum a seed, from hanging at rest; in a plan each torque is held for `hold` steps.

    The curve is what was earned so far.
    """
    rng, state = Streams(seeds, ACT), np.tile(HANGING, (len(seeds), 1))
    plan, earned = np.zeros((len(seeds), horizon // hold)), np.zeros(len(seeds))

    def score(a):
        """Σ_h r(s_h, a_h) along the true motion."""
        s, total = np.repeat(state, a.shape[1], axis=0), 0.0
        for h in range(horizon):
            s, r, _ = WORLD.step(s, WORLD.max_torque * a[..., h // hold].reshape(-1, 1))
            total = total + r
        return total.reshape(a.shape[:2])

    for step in range(1, steps + 1):
        # The last plan is where the next one begins; its first torque is taken
        plan = cross_entropy(score, plan, rng, candidates, elite, rounds, sigma)
        state, r, _ = WORLD.step(state, WORLD.max_torque * plan[:, :1])
        earned = earned + r
        if due(step, steps):
            yield Point(step, earned, {"state": state})


def oracle(end: Point) -> list[Claim]:
    """The best return from there, by dynamic programming on a fine grid: no planner can have more."""
    angle = (end.found["state"][:, 0] + np.pi) % (2 * np.pi) - np.pi
    return [
        Claim("earned nearly the best return", end.measure, PENDULUM["from rest"], 200.0, "≥"),
        Claim("and not more", end.measure, PENDULUM["from rest"], PENDULUM_ERROR["from rest"], "≤"),
        Claim("it stands", angle, 0.0, 0.2),
    ]


METHOD = Method(
    name="MPC",
    box="model",
    paper="Chua et al. 2018, “Deep Reinforcement Learning in a Handful of Trials …” (its planner)",
    idea="know the world, plan ahead, take the first step, plan anew",
    task="a pendulum that hangs",
    learn=learn,
    oracle=oracle,
    measure="reward earned so far",
    bounds=(None, 0),
)
