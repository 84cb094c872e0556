"""Model: PETS.

    s′ ~ N(s + m_b(s, a), σ_b(s, a)²),  a_t = a*_0,  (a*_0 … a*_H) = argmax (1/P) Σ_p Σ_h r(s^p_{h+1}, a_h)

The model is learnt: networks b, each with a noise of its own. A plan is worth what it earns on average over
particles p that follow them, each step another one (TS1), or the same one for the whole plan (TS∞).
Source (from memory): Chua et al. 2018, "Deep Reinforcement Learning in a Handful of Trials …".
"""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import torch

from rlcourse.map.mpc import HANGING, WORLD, cross_entropy
from rlcourse.map.record import Claim, Method, Point
from rlcourse.parts.ensembles import Ensemble, with_known_noise
from rlcourse.parts.optima import PENDULUM, PENDULUM_ERROR
from rlcourse.parts.randomness import ACT, INITIALISE, LEARN, Streams

HOLD, EPISODE = 5, 40  # steps for which a torque is held, and decisions in an episode of 200 steps


def learn(
    seeds: Sequence[int], steps: int = 2000, every_step: bool = True, horizon: int = 12,
    candidates: int = 128, elite: int = 12, rounds: int = 4,
) -> Iterator[Point]:  # fmt: skip
    """Episodes of 200 steps from hanging at rest, the first at random; every_step: TS1, or else TS∞."""
    acting, learning, S = Streams(seeds, ACT), Streams(seeds, LEARN), len(seeds)
    ensemble, data = Ensemble(4, 2, Streams(seeds, INITIALISE)), ([], [])
    found = {"returns": np.zeros((S, 0)), "coverage": np.zeros((S, 0))}
    for step in range(0, steps, HOLD * EPISODE):
        state, plan = np.tile(HANGING, (S, 1)), np.zeros((S, horizon))
        earned, x, y = np.zeros(S), [], []
        for _ in range(min(EPISODE, -(-(steps - step) // HOLD))):
            if step == 0:
                plan = 2 * acting.uniform(horizon) - 1
            else:
                score = partial(_worth, ensemble, state, rng=acting, every_step=every_step)
                plan = cross_entropy(score, plan, acting, candidates, elite, rounds, sigma=1.0)
            before = state
            for _ in range(HOLD):
                state, r, _ = WORLD.step(state, WORLD.max_torque * plan[:, :1])
                earned = earned + r
            x.append(_seen(before, plan[:, 0], np))
            y.append(state - before)
            plan = np.concatenate([plan[:, 1:], 0 * plan[:, :1]], axis=1)
        for kept, new in zip(data, (x, y), strict=True):
            kept.append(np.stack(new, axis=1))  # [S, decisions, 4 or 2]; covered before it is learnt from
        for name, value in (("returns", earned), ("coverage", ensemble.coverage(data[0][-1], data[1][-1]))):
            found[name] = np.column_stack([found[name], value])
        ensemble.fit(*(np.concatenate(part, axis=1) for part in data), learning)
        yield Point(min(step + HOLD * EPISODE, steps), earned, found.copy())


def _seen(state, action, array):
    """(cos θ, sin θ, ω, a), what a network sees of (θ, ω) [..., 2] and a [...]; array: numpy or torch."""
    theta, omega = state[..., 0], state[..., 1]
    return array.stack([array.cos(theta), array.sin(theta), omega, action], -1)


@torch.no_grad()
def _worth(ensemble, state, actions, rng, every_step):
    """Trajectory sampling: Σ_h r(s_{h+1}, a_h), a particle a network, their mean: [S, N]."""
    (S, B), N = ensemble.members, actions.shape[1]
    s = torch.from_numpy(state.astype(np.float32))[:, None, None].expand(S, B, N, 2)
    actions = torch.from_numpy(actions.astype(np.float32))[:, None].expand(-1, B, -1, -1)
    xi = torch.from_numpy(rng.normal(actions.shape[-1], B, 1, 2))  # the same for all plans
    total, each = 0.0, torch.arange(S)[:, None]
    for h, a in enumerate(actions.unbind(-1)):
        mean, std = ensemble(_seen(s, a, torch))
        s = s + mean + std * xi[:, h]
        if every_step:  # the particles change networks, by chance
            s = s[each, torch.from_numpy(rng.permutation(B))]
        theta = torch.remainder(s[..., 0] + np.pi, 2 * np.pi) - np.pi
        total = total - (theta**2 + 0.1 * s[..., 1] ** 2 + 0.001 * (WORLD.max_torque * a) ** 2)
    return HOLD * total.mean(1).numpy()


def oracle(end: Point) -> list[Claim]:
    """The best return, by dynamic programming; intervals that cover; and a noise that is known."""
    seeds, late = range(len(end.measure)), {name: x[:, -5:] for name, x in end.found.items()}
    (_, few, _), (aleatoric, many, covered) = (with_known_noise(seeds, n) for n in (64, 4096))
    returns = np.median(late["returns"], axis=1)
    return [
        Claim("the last returns' median is near the best", returns, PENDULUM["from rest"], 300.0, "≥"),
        Claim("90 % intervals cover what comes", late["coverage"].mean(1), 0.9, 0.05, "≥"),
        Claim("and 90 % where the noise is known", covered, 0.9, 0.04),
        Claim("aleatoric = σ² = 0.04, with 4,096 points", aleatoric, 0.04, 0.015),
        Claim("epistemic → 0: below a quarter of that", many, 0.01, 0.0, "≤"),
        Claim("with 64 points it was larger", few - many, 0.001, 0.0, "≥"),
    ]


METHOD = Method(
    "PETS", "model", "Chua et al. 2018, “Deep Reinforcement Learning in a Handful of Trials …”",
    "learn several models, and trust a plan as far as they agree", "a pendulum that hangs",
    learn, oracle, "return of the episode", (None, PENDULUM["from rest"] + PENDULUM_ERROR["from rest"]),
)  # fmt: skip
