"""y = r + γ(1 − terminated) Q′(s′, μ′(s′)): the critic's regression target, one per transition.

reward, terminated and next_q [B], gamma a number; the answer is [B].
"""

import numpy as np

from rlcourse.equations import returns
from rlcourse.grading.exercises.hw3._bootstrap import bootstrap_mistakes, terminal_mask
from rlcourse.grading.record import Exercise, Mistake


def ddpg_target(reward, terminated, next_q, gamma):
    return returns.td_target(reward, terminated, next_q, gamma)


def draw(rng):
    return [
        {
            "reward": rng.normal(0.5, 1, n),
            "terminated": terminal_mask(rng, n),
            "next_q": rng.normal(2, 3, n),
            "gamma": rng.uniform(0.8, 0.95),
        }
        for n in (5, 4, 7, 6, 3)
    ]


def next_value(value):
    """Another next value, value(next_q, reward), than next_q."""
    return lambda reward, terminated, next_q, gamma: reward + gamma * (1 - terminated) * value(next_q, reward)


MISTAKES = (
    *bootstrap_mistakes(lambda next_q: next_q),
    Mistake("future_rewards",
        "The rewards of later rows are added. The rows of a replay batch are unrelated transitions: one "
        "step, then Q.",
        next_value(lambda q, r: np.append(r[1:], 0.0) + q)),
    Mistake("shifted",
        "Row i uses the next value of row i + 1. next_q[i] already belongs to the successor of row i.",
        next_value(lambda q, r: np.roll(q, -1)), next_value(lambda q, r: np.append(q[1:], 0.0))),
    Mistake("value_clipped",
        "Negative next values are cut to 0. Values may be negative: use them as they are.",
        next_value(lambda q, r: np.maximum(q, 0))),
)  # fmt: skip

VIVA = (
    "A pendulum is cut off after 200 steps. What stands in `terminated` at the last one, and why?",
    "A reward of 10 arrives with the last step. What is the target there, by your line?",
    "Which mistake in your line could no learning curve on Pendulum show?",
)

EXERCISE = Exercise(ddpg_target, draw, points=4, minutes=10, stars=1, mistakes=MISTAKES, viva=VIVA)
