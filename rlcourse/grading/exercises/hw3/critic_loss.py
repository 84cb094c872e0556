"""L = 1/B Σ (Q(s, a) − y)²: the mean squared TD error, one number; a silent broadcast is to be found.

q and next_q are columns [B, 1], reward and terminated rows [B], gamma a number.
"""

import numpy as np

from rlcourse.equations import returns
from rlcourse.grading.exercises.hw3._bootstrap import TERMINAL, terminal_mask
from rlcourse.grading.record import Exercise, Mistake


def critic_loss(q, next_q, reward, terminated, gamma):
    y = returns.td_target(reward, terminated, next_q[:, 0], gamma)
    return np.mean((q[:, 0] - y) ** 2)


def draw(rng):
    return [
        {
            "q": rng.normal(0, 2, (n, 1)),
            "next_q": rng.normal(1, 2, (n, 1)),
            "reward": rng.normal(0, 1, n),
            "terminated": terminal_mask(rng, n),
            "gamma": rng.uniform(0.8, 0.95),
        }
        for n in (4, 6, 5, 3)
    ]


def of(loss):
    """Another loss of rows q and y."""
    return lambda q, next_q, reward, terminated, gamma: loss(
        q[:, 0], returns.td_target(reward, terminated, next_q[:, 0], gamma)
    )


def pairs(error):
    """The mean over B × B pairs, for an error(q, next_q, reward, keep, gamma) whose shapes do not fit."""
    return lambda q, next_q, reward, terminated, gamma: np.mean(
        error(q, next_q, reward, 1 - terminated, gamma) ** 2
    )


MISTAKES = (
    Mistake("broadcast",
        "The loss still runs over B × B pairs: a column (B, 1) minus a row (B,) is a matrix (B, B). "
        "Give q and the target the same shape first.",
        pairs(lambda q, v, r, keep, g: q - (r + g * keep * v)),
        of(lambda q, y: np.mean((q[:, None] - y) ** 2)),
        pairs(lambda q, v, r, keep, g: q[:, 0] - (r + g * keep * v)),
        pairs(lambda q, v, r, keep, g: q - (r[:, None] + g * keep * v)),
        pairs(lambda q, v, r, keep, g: q - (r + g * keep[:, None] * v))),
    Mistake("sum_for_mean", "The squares are summed. Take their mean.",
        of(lambda q, y: np.sum((q - y) ** 2))),
    Mistake("half", "There is a factor ½ too many: the mean of the squares is asked.",
        of(lambda q, y: np.mean((q - y) ** 2) / 2)),
    Mistake("averaged_too_early",
        "The batch is averaged before the square, so errors of opposite sign cancel. Square first.",
        of(lambda q, y: np.mean(q - y) ** 2)),
    Mistake("missing_square", "The error is not squared.",
        of(lambda q, y: np.mean(np.abs(q - y))),
        of(lambda q, y: np.mean(q - y)),
        of(lambda q, y: np.mean(y - q))),
    Mistake("root", "The root is taken. The mean of the squares is asked.",
        of(lambda q, y: np.sqrt(np.mean((q - y) ** 2)))),
    Mistake("not_reduced", "One loss per transition is left. Take the mean: one number.",
        of(lambda q, y: (q - y) ** 2)),
    Mistake("bootstrap_on_terminal", TERMINAL, pairs(lambda q, v, r, keep, g: q - r[:, None] - g * v)),
    Mistake("first_only", "Only the first transition counts. Average over the whole batch.",
        of(lambda q, y: (q[0] - y[0]) ** 2)),
)  # fmt: skip

VIVA = (
    "Shapes (B, 1) and (B,): draw the array that comes out, and say what its mean pulls q towards.",
    "Why did the broken loss go down all the same?",
    "Which one-line assertion would have caught it?",
)

EXERCISE = Exercise(critic_loss, draw, points=3, minutes=10, stars=2, mistakes=MISTAKES, viva=VIVA)
