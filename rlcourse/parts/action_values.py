"""What each of a few actions is worth: one number for it, or numbers that tell of its return's distribution."""

from collections.abc import Sequence

import numpy as np
import torch

from rlcourse.parts.networks import Network, Spaces
from rlcourse.parts.randomness import Streams


class ActionValues(Network):
    """Q(s, ·), or N numbers for each action: obs [S, B, O] → [S, B, A, N], and `values` of them → Q [S, B, A].

    atoms: z_1 … z_N; the numbers are logits, p_i = softmax_i the probability of the return z_i, and
    Q = Σ_i p_i z_i. Without atoms the numbers are quantiles of the return (or, for N = 1, its mean), and Q is
    their mean.
    """

    def __init__(
        self, spaces: Spaces, hidden: Sequence[int], streams: Streams, each: int = 1,
        atoms: np.ndarray | None = None,
    ):  # fmt: skip
        self.each = each if atoms is None else len(atoms)
        self.atoms = None if atoms is None else np.asarray(atoms, np.float32)
        sizes = (spaces.obs_size, *hidden, spaces.action_size * self.each)
        super().__init__(sizes, (len(streams),), streams)

    def __call__(self, obs: torch.Tensor) -> torch.Tensor:
        return super().__call__(obs).unflatten(-1, (-1, self.each))

    def values(self, numbers: torch.Tensor) -> torch.Tensor:
        """Q of the numbers: [..., A, N] → [..., A]."""
        if self.atoms is None:
            return numbers.mean(-1)
        return numbers.softmax(-1) @ torch.from_numpy(self.atoms)

    def mode(self, obs: np.ndarray) -> np.ndarray:
        """argmax_a Q(s, a): int [S, B]."""
        numbers = self.numpy(obs).reshape(*obs.shape[:-1], -1, self.each)
        return self.values(torch.from_numpy(numbers)).numpy().argmax(-1)

    def sample(self, obs: np.ndarray, streams: Streams) -> np.ndarray:
        """The greedy action itself: nothing is drawn."""
        return self.mode(obs)


def of_action(numbers: torch.Tensor, action: torch.Tensor) -> torch.Tensor:
    """The row of the action: [S, B, A, …], action [S, B] int → [S, B, …]."""
    seed, row = (torch.arange(size) for size in action.shape)
    return numbers[seed[:, None], row, action]
