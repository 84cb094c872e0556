"""All short sequences over a small alphabet, and a model of them: a language that can be summed over.

Sequences of L letters over K are numbered 0 … K^L − 1, as numbers in base K are. The model is a table: a
softmax over the next letter for each prefix, so it can be any distribution, and all expectations are exact.
"""

from functools import cached_property

import numpy as np

from rlcourse.equations.markov import softmax_policy
from rlcourse.equations.markov.sampling import cumulated


class Sequences:
    """All K^L sequences, with log π(y), its gradient, and draws, for S models at once.

    A model is θ [S, prefixes, K], the logits of the next letter after each prefix; prefixes = Σ_t K^t, the
    empty one first. Raises ValueError for fewer than 2 letters, for lengths < 1, and above 4096 sequences.
    """

    def __init__(self, letters: int = 3, length: int = 4):
        if letters < 2 or length < 1 or letters**length > 4096:
            raise ValueError(
                f"{letters} letters, length {length}: need 2 letters, length 1, at most 4096 sequences"
            )
        self.letters, self.length, self.count = letters, length, letters**length
        place = letters ** np.arange(length - 1, -1, -1)
        self.all = np.arange(self.count)[:, None] // place % letters  # [N, L]
        first = np.cumsum([0, *letters ** np.arange(length)])  # the first prefix of each length
        self.prefixes = int(first[-1])
        self.prefix = first[:-1] + np.arange(self.count)[:, None] // (place * letters)  # [N, L], before each

    @cached_property
    def _uses(self):
        """1[y goes on with letter k after prefix x]: [N, prefixes·K]."""
        uses = np.zeros((self.count, self.prefixes * self.letters))
        uses[np.arange(self.count)[:, None], self.prefix * self.letters + self.all] = 1.0
        return uses

    def log_prob(self, theta: np.ndarray) -> np.ndarray:
        """log π_θ(y) = Σ_t log softmax(θ(y_{<t}))(y_t), of all sequences. [S, prefixes, K] -> [S, N]."""
        top = theta.max(axis=-1, keepdims=True)
        log_p = theta - top - np.log(np.exp(theta - top).sum(axis=-1, keepdims=True))
        each = np.ascontiguousarray(log_p[:, self.prefix, self.all])  # one order of sums for any S
        return each.sum(axis=-1)

    def gradient(self, theta: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Σ_y w(y) ∇_θ log π_θ(y) = n(x, k) − π_θ(k|x) Σ_k′ n(x, k′),  n(x, k) = Σ_y w(y) 1[x, k in y].

        theta [S, prefixes, K], weights [S, N] -> like theta.
        """
        n = (weights[:, None, :] @ self._uses).reshape(theta.shape)
        return n - softmax_policy(theta) * n.sum(axis=-1, keepdims=True)

    def draw(self, probability: np.ndarray, u: np.ndarray) -> np.ndarray:
        """y ~ π by inversion: π [S, N], u [S, B] uniform on [0, 1) -> numbers of sequences [S, B]."""
        rows = zip(cumulated(probability), u, strict=True)
        return np.stack([np.searchsorted(sums, points, side="right") for sums, points in rows])
