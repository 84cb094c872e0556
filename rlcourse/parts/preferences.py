"""Who prefers which sequence: a language, someone's taste, and comparisons of pairs.

Taste r*: one point for each a, PRICE lost wherever an a follows an a. The reference hardly ever repeats a
letter, so few comparisons show that price: who learns from them that a is good has yet to see too much of it.
"""

from collections.abc import Sequence

import numpy as np

from rlcourse.parts.randomness import ENVIRONMENT, Streams
from rlcourse.parts.sequences import Sequences

LANGUAGE = Sequences(letters=3, length=4)  # a, b, c: 81 sequences
REPEATS, PRICE = 0.1, 1.5


def reference() -> np.ndarray:
    """θ_ref [prefixes, K]: the first letter at random, then a repetition with probability REPEATS."""
    theta = np.zeros((LANGUAGE.prefixes, LANGUAGE.letters))
    logit = np.log(REPEATS * (LANGUAGE.letters - 1) / (1 - REPEATS))
    theta[LANGUAGE.prefix[:, 1:], LANGUAGE.all[:, :-1]] = logit
    return theta


def taste() -> np.ndarray:
    """r*(y) = #{t : y_t = a} − PRICE #{t : y_t = y_{t+1} = a}. [N]."""
    a = LANGUAGE.all == 0
    return a.sum(axis=1) - PRICE * (a[:, 1:] & a[:, :-1]).sum(axis=1)


def letter_counts() -> np.ndarray:
    """φ_k(y) = #{t : y_t = k}: all that a simple reward model looks at. [N, K]."""
    return (LANGUAGE.all[:, :, None] == np.arange(LANGUAGE.letters)).sum(axis=1).astype(float)


def better(reward: np.ndarray) -> np.ndarray:
    """P(y ≻ y′) = σ(r(y) − r(y′)), Bradley and Terry 1952. reward [..., N] -> [..., N, N]."""
    return 1 / (1 + np.exp(reward[..., None, :] - reward[..., :, None]))


def comparisons(seeds: Sequence[int], count: int | None) -> np.ndarray:
    """W(y, y′): the share of comparisons that y won against y′. [S, N, N], each seed's sums to 1.

    Pairs y, y′ ~ π_ref, the winner by P(y ≻ y′) = σ(r*(y) − r*(y′)). count None: endlessly many, so that
    W(y, y′) = 2 π_ref(y) π_ref(y′) P(y ≻ y′), the same for all seeds. Raises ValueError for count < 1.
    """
    if count is not None and count < 1:
        raise ValueError(f"count is {count}; at least 1 comparison is needed, or None for endlessly many")
    p, wins = np.exp(LANGUAGE.log_prob(reference()[None]))[0], better(taste())
    if count is None:
        return np.tile(2 * p[:, None] * p * wins, (len(seeds), 1, 1))
    W = np.zeros((len(seeds), LANGUAGE.count, LANGUAGE.count))
    for won, u in zip(W, Streams(seeds, ENVIRONMENT).uniform(3, count), strict=True):
        one, other = LANGUAGE.draw(np.stack([p, p]), u[:2])
        first = u[2] < wins[one, other]
        np.add.at(won, (np.where(first, one, other), np.where(first, other, one)), 1 / count)
    return W


def tilted(reward: np.ndarray, beta: float) -> np.ndarray:
    """π*(y) = π_ref(y) exp(r(y)/β) / Z: the maximiser of E_π[r] − β KL(π‖π_ref). [..., N] -> [..., N].

    Raises ValueError for β ≤ 0.
    """
    if not beta > 0:
        raise ValueError(f"beta is {beta}; the price of KL must be > 0")
    logits = LANGUAGE.log_prob(reference()[None])[0] + np.asarray(reward) / beta
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)
