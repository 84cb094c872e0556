"""Imitation: RLHF.

    max_w E[log σ(r_w(y⁺) − r_w(y⁻))],  then  max_π E_π[r_w(y)] − β KL(π‖π_ref)

People cannot show what they want, but they can say which of two answers is better. A reward model learns
that, and a policy climbs it, held near the reference, since the model knows nothing of what lies far away.

Sources (from memory): Christiano et al. 2017, "Deep Reinforcement Learning from Human Preferences"; Ouyang
et al. 2022, "Training language models to follow instructions with human feedback". REINFORCE with the mean
of the others as baseline stands in for PPO: Ahmadian et al. 2024, "Back to Basics".
"""

from collections.abc import Iterator, Sequence

import numpy as np

from rlcourse.map.record import Claim, Method, Point, due
from rlcourse.parts.preferences import LANGUAGE, better, comparisons, letter_counts, reference, taste, tilted
from rlcourse.parts.randomness import ACT, Streams

BETA = 0.5


def learn(
    seeds: Sequence[int], steps: int = 1500, beta: float = BETA, alpha: float = 1.0, batch: int = 128,
    count: int | None = 500, phi: np.ndarray | None = None,
) -> Iterator[Point]:  # fmt: skip
    """From `count` comparisons (None: endlessly many), the reward model r_w = w·φ(y), the policy from π_ref.

    phi: φ [N, F], by default the counts of letters. The curve is E_π[r*], what the people would say of it;
    found has the learnt reward, "kl" = KL(π‖π_ref) and both means, "learnt" and "true".
    """
    reward = reward_model(comparisons(seeds, count), letter_counts() if phi is None else phi)
    theta_ref, dice, each = reference(), Streams(seeds, ACT), np.arange(len(seeds))[:, None]
    log_ref, theta = LANGUAGE.log_prob(theta_ref[None]), np.tile(theta_ref, (len(seeds), 1, 1))
    for step in range(steps + 1):
        log_pi = LANGUAGE.log_prob(theta)
        if due(step, steps):
            policy = np.exp(log_pi)
            found = {"policy": policy, "reward": reward, "kl": (policy * (log_pi - log_ref)).sum(axis=1)}
            means = {"learnt": (policy * reward).sum(axis=1), "true": (policy * taste()).sum(axis=1)}
            yield Point(step, means["true"], found | means)

        # R(y) = r_w(y) − β log(π(y)/π_ref(y)), less the mean of the others; constant in y at the optimum
        y = LANGUAGE.draw(np.exp(log_pi), dice.uniform(batch))
        R = (reward - beta * (log_pi - log_ref))[each, y]
        advantage = (R - R.mean(axis=1, keepdims=True)) * batch / (batch - 1)

        # θ ← θ + α 1/B Σ_b A_b ∇ log π_θ(y_b)
        weights = np.zeros_like(log_pi)
        np.add.at(weights, (each, y), advantage / batch)
        theta += alpha * LANGUAGE.gradient(theta, weights)


def reward_model(W: np.ndarray, phi: np.ndarray, steps: int = 500, alpha: float = 2.0) -> np.ndarray:
    """w ← w + α ∇ Σ W(y⁺, y⁻) log σ(r_w(y⁺) − r_w(y⁻)), from 0: r_w = φ w, less its mean.

    W [S, N, N], phi [N, F] -> [S, N].
    """
    reward = np.zeros(W.shape[:2])
    for _ in range(steps):
        # ∂/∂r(y) = Σ_y′ W(y, y′) (1 − P(y ≻ y′)) − W(y′, y) (1 − P(y′ ≻ y))
        surprise = W * (1 - better(reward))
        slope = surprise.sum(axis=2) - surprise.sum(axis=1)
        reward = reward + alpha * ((slope[:, None, :] @ phi) @ phi.T)[:, 0]
    return reward - reward.mean(axis=1, keepdims=True)


def oracle(end: Point) -> list[Claim]:
    """π* ∝ π_ref exp(r_w/β), by enumeration; and what a price of a tenth would do to both rewards."""
    reward, policy = end.found["reward"], end.found["policy"]
    best, cheap = tilted(reward, BETA), tilted(reward, BETA / 10)
    learnt, true = ((cheap - policy) * reward).sum(axis=1), ((cheap - policy) * taste()).sum(axis=1)
    return [
        Claim("TV(π, π*)", np.abs(policy - best).sum(axis=1) / 2, 0.0, 0.02),
        Claim("at a tenth of the price β the learnt reward gains", learnt, 0.4, 0.0, "≥"),
        Claim("at a tenth of the price β the true reward loses", true, -1.0, 0.0, "≤"),
    ]


METHOD = Method(
    name="RLHF",
    box="imitation",
    paper="Ouyang et al. 2022, “Training language models to follow instructions with human feedback”",
    idea="learn a reward from comparisons, then climb it, but stay near the reference",
    task="words of four letters",
    learn=learn,
    oracle=oracle,
    measure="true reward",
    bounds=(taste().min(), taste().max()),
)
