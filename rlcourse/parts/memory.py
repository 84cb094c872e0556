"""What an agent remembers: a replay buffer per seed."""

from typing import NamedTuple

import numpy as np
import torch

from rlcourse.parts.randomness import Streams
from rlcourse.parts.room import must_fit
from rlcourse.parts.saving import fitted


class Batch(NamedTuple):
    """Transitions sampled from replay: B for each of S seeds."""

    obs: torch.Tensor  # [S, B, O]
    action: torch.Tensor  # [S, B, A], in [−1, 1]
    reward: torch.Tensor  # [S, B]
    terminated: torch.Tensor  # [S, B], 1.0 where there is no future; a time limit is not one
    next_obs: torch.Tensor  # [S, B, O], the true successor


class ReplayBuffer:
    """The last `capacity` transitions of each seed, first in, first out; samples uniformly, with replacement.

    One float32 array [S · capacity, O + A + 2 + O], so that a batch is a single gather.
    Raises ValueError for a capacity below 1, for more than fits into memory (before it is filled), and for
    sampling from an empty one.
    """

    def __init__(self, capacity: int, seeds: int, obs_size: int, action_size: int):
        if capacity < 1:
            raise ValueError(f"ReplayBuffer: capacity must be at least 1, got {capacity}")
        self.capacity, self.seeds = int(capacity), seeds
        self.widths = (obs_size, action_size, 1, 1, obs_size)
        must_fit(
            f"ReplayBuffer: a memory of {self.capacity:,} transitions for {seeds} seeds",
            4 * seeds * self.capacity * sum(self.widths),
            "lower capacity",
        )
        self.rows = torch.empty(seeds * self.capacity, sum(self.widths), dtype=torch.float32, device="cpu")
        self.added = np.zeros(seeds, dtype=np.int64)  # transitions ever added, per seed
        self._offset = np.arange(seeds) * self.capacity

    def __len__(self) -> int:
        return int(min(self.added.min(), self.capacity))

    def add(
        self, obs: np.ndarray, action: np.ndarray, reward: np.ndarray, terminated: np.ndarray,
        next_obs: np.ndarray, valid: np.ndarray | None = None,
    ) -> None:  # fmt: skip
        """One transition per seed: obs and next_obs [S, O], action [S, A], the rest [S].

        Seeds whose `valid` is False add nothing.
        """
        row = np.concatenate(
            [obs, action, reward[:, None], terminated[:, None], next_obs], axis=1, dtype=np.float32
        )
        where = self._offset + self.added % self.capacity
        if valid is None or valid.all():
            self.rows.numpy()[where] = row
            self.added += 1
        else:
            self.rows.numpy()[where[valid]] = row[valid]
            self.added += valid

    def sample(self, batch_size: int, streams: Streams) -> Batch:
        """A Batch of `batch_size` transitions per seed, each seed's indices drawn from its own stream."""
        if len(self) == 0:
            raise ValueError("ReplayBuffer: cannot sample before every seed has added a transition")
        filled = np.minimum(self.added, self.capacity)[:, None]
        index = (streams.uniform(batch_size) * filled).astype(np.int64) + self._offset[:, None]
        rows = self.rows.index_select(0, torch.from_numpy(index.ravel())).view(self.seeds, batch_size, -1)
        obs, action, reward, terminated, next_obs = rows.split(self.widths, dim=2)
        return Batch(obs, action, reward[..., 0], terminated[..., 0], next_obs)

    def state(self) -> dict:
        kept = int(min(self.added.max(), self.capacity))
        return {
            "added": self.added.copy(),
            "rows": self.rows.view(self.seeds, self.capacity, -1)[:, :kept].numpy().copy(),
        }

    def restore(self, state: dict) -> None:
        self.added = fitted(state["added"], self.added)
        kept = int(min(self.added.max(), self.capacity))
        rows = self.rows.view(self.seeds, self.capacity, -1)[:, :kept]
        rows.copy_(torch.from_numpy(fitted(state["rows"], rows)))
