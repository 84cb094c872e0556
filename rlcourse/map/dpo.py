"""Imitation: DPO.

    max_θ E[log σ(β log π_θ(y⁺)/π_ref(y⁺) − β log π_θ(y⁻)/π_ref(y⁻))]

The best policy of a reward r is π* ∝ π_ref exp(r/β), so r = β log π*/π_ref + a constant that no comparison
sees. Put that into the reward model's likelihood: one fit, and neither a reward model nor any sampling.

Source (from memory): Rafailov et al. 2023, "Direct Preference Optimization: Your Language Model is Secretly a
Reward Model".
"""

from collections.abc import Iterator, Sequence

import numpy as np

from rlcourse.map.record import Claim, Method, Point, due
from rlcourse.parts.preferences import LANGUAGE, better, comparisons, reference, taste, tilted
from rlcourse.parts.randomness import INITIALISE, Streams

BETA = 0.5


def learn(
    seeds: Sequence[int], steps: int = 1500, beta: float = BETA, alpha: float = 10.0,
    count: int | None = None,
) -> Iterator[Point]:  # fmt: skip
    """From `count` comparisons (None: endlessly many), θ = θ_ref + N(0, 1): that noise is the seed's.

    The curve is E_π[r*].
    """
    W, theta_ref = comparisons(seeds, count), reference()
    theta = theta_ref + Streams(seeds, INITIALISE).normal(*theta_ref.shape)
    log_ref = LANGUAGE.log_prob(theta_ref[None])
    for step in range(1, steps + 1):
        # r̂(y) = β log π_θ(y)/π_ref(y), the reward that this policy would be best for
        implicit = beta * (LANGUAGE.log_prob(theta) - log_ref)

        # θ ← θ + α β Σ W(y⁺, y⁻) σ(r̂(y⁻) − r̂(y⁺)) (∇ log π_θ(y⁺) − ∇ log π_θ(y⁻))
        surprise = W * (1 - better(implicit))
        theta += alpha * beta * LANGUAGE.gradient(theta, surprise.sum(axis=2) - surprise.sum(axis=1))

        if due(step, steps):
            policy = np.exp(LANGUAGE.log_prob(theta))
            yield Point(step, (policy * taste()).sum(axis=1), {"policy": policy, "implicit": implicit})


def oracle(end: Point) -> list[Claim]:
    """π* ∝ π_ref exp(r*/β), by enumeration: where RLHF ends, too, if its reward model can say r*."""
    gap = np.abs(end.found["policy"] - tilted(taste(), BETA)).sum(axis=1) / 2
    return [Claim("TV(π, π*)", gap, 0.0, 0.02)]


METHOD = Method(
    name="DPO",
    box="imitation",
    paper="Rafailov et al. 2023, “Direct Preference Optimization”",
    idea="the policy is its own reward model, so comparisons teach it directly",
    task="words of four letters",
    learn=learn,
    oracle=oracle,
    measure="true reward",
    bounds=(taste().min(), taste().max()),
)
