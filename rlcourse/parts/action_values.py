"""What each of a few actions is worth: a number, or numbers that tell of its return's distribution."""

from collections.abc import Sequence

import numpy as np
import torch

from rlcourse.parts.networks import Network, Spaces
from rlcourse.parts.randomness import Streams


class ActionValues(Network):
    """Q(s, ·), or N numbers for each action: obs [S, B, O] → [S, B, A, N]; `values` of them are Q [S, B, A].

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

    @property
    def choices(self) -> int:
        """How many actions there are to choose among."""
        return self.sizes[-1] // self.each

    def __call__(self, obs: torch.Tensor) -> torch.Tensor:
        return super().__call__(obs).unflatten(-1, (-1, self.each))

    def values(self, numbers: torch.Tensor) -> torch.Tensor:
        """Q of the numbers: [..., A, N] → [..., A]."""
        if self.atoms is None:
            return numbers.mean(-1)
        return numbers.softmax(-1) @ torch.from_numpy(self.atoms)

    @torch.no_grad()
    def law(self, obs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The values that the return may take, and their probabilities: [S, B, A, N] each."""
        numbers = self(torch.from_numpy(np.array(obs, np.float32)))
        if self.atoms is None:
            return numbers.numpy(), np.full(numbers.shape, 1 / self.each)
        p = numbers.double().softmax(-1).numpy()
        return np.broadcast_to(self.atoms, p.shape), p

    def mode(self, obs: np.ndarray) -> np.ndarray:
        """argmax_a Q(s, a): int [S, B]."""
        numbers = self.numpy(obs).reshape(*obs.shape[:-1], -1, self.each)
        return self.values(torch.from_numpy(numbers)).numpy().argmax(-1)

    def sample(self, obs: np.ndarray, streams: Streams) -> np.ndarray:
        """The greedy action itself: nothing is drawn."""
        return self.mode(obs)


class ImplicitQuantiles(Network):
    """Z_τ(s, ·), the τ-quantile of each action's return: obs [S, B, O], τ [S, B, N] → [S, B, A, N].

    τ is seen as cos(πiτ), i = 0 … 15, beside the observation. (The paper multiplies features of the one by
    features of the other.) Acting takes the mean over the quantiles at 1/64, 3/64, … 63/64.
    """

    cosines, asked = 16, 32

    def __init__(self, spaces: Spaces, hidden: Sequence[int], streams: Streams):
        sizes = (spaces.obs_size + self.cosines, *hidden, spaces.action_size)
        super().__init__(sizes, (len(streams),), streams)

    @property
    def obs_size(self) -> int:
        return self.sizes[0] - self.cosines

    @property
    def choices(self) -> int:
        """How many actions there are to choose among."""
        return self.sizes[-1]

    def __call__(self, obs: torch.Tensor, tau: torch.Tensor) -> torch.Tensor:
        waves = torch.cos(torch.pi * torch.arange(self.cosines) * tau[..., None])  # [S, B, N, 16]
        seen = obs[:, :, None].expand(*tau.shape, -1)
        numbers = super().__call__(torch.cat([seen, waves], -1).flatten(1, 2))
        return numbers.unflatten(1, tau.shape[1:]).mT

    @torch.no_grad()
    def law(self, obs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The quantiles that acting asks for, and their probabilities: [S, B, A, N] each."""
        obs = torch.from_numpy(np.array(obs, np.float32))
        tau = (torch.arange(self.asked) + 0.5) / self.asked
        numbers = self(obs, tau.expand(*obs.shape[:2], -1)).numpy()
        return numbers, np.full(numbers.shape, 1 / self.asked)

    def mode(self, obs: np.ndarray) -> np.ndarray:
        """argmax_a of the mean over the quantiles: int [S, B]."""
        return self.law(obs)[0].mean(-1).argmax(-1)

    def sample(self, obs: np.ndarray, streams: Streams) -> np.ndarray:
        """The greedy action itself: nothing is drawn."""
        return self.mode(obs)


def of_action(numbers: torch.Tensor, action: torch.Tensor) -> torch.Tensor:
    """The row of the action: [S, B, A, …], action [S, B] int → [S, B, …]."""
    seed, row = (torch.arange(size) for size in action.shape)
    return numbers[seed[:, None], row, action]
