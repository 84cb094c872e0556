"""What acts: a trained network, or anything else that answers `act(obs)`."""

from typing import Protocol, runtime_checkable

import numpy as np
import torch

from rlcourse.parts.moments import RunningMoments
from rlcourse.parts.networks import DeterministicPolicy, StochasticPolicy


@runtime_checkable
class Policy(Protocol):
    """Actions for observations: act(obs [S, B, O]) → [S, B, A] in [−1, 1], or integers [S, B].

    `evaluate` takes anything with `act(obs)`: a table, a planner, a rule. One that holds the policies of
    several seeds says how many, `members`, and hands one out, `member(i)`; without `members` it is a single
    policy and meets observations [B, O].
    """

    def act(self, obs: np.ndarray) -> np.ndarray: ...


class NetworkPolicy:
    """A trained policy for S seeds, as its network says. A snapshot: further training does not change it.

    moments: where observations are normalised, by what. A policy of one seed also takes [B, O] or [O].
    """

    def __init__(
        self, network: DeterministicPolicy | StochasticPolicy, moments: RunningMoments | None = None
    ):
        self.network, self.moments = network, moments

    @property
    def members(self) -> int:
        return len(self.network.flat)

    def act(
        self, obs: np.ndarray, deterministic: bool = True, rng: np.random.Generator | None = None
    ) -> np.ndarray:
        """The mean or most probable action; with deterministic=False a sample, drawn by rng.

        Raises ValueError for observations of another shape.
        """
        obs = np.asarray(obs, np.float32)
        missing, width = 3 - obs.ndim, self.network.sizes[0]
        if obs.shape[-1:] != (width,) or missing not in (0, 1, 2) or (missing and self.members > 1):
            raise ValueError(
                f"Policy.act: observations must be [{self.members}, B, {width}], got {obs.shape}"
            )
        obs = obs[(None,) * missing]
        if self.moments is not None:
            obs = self.moments.normalise(torch.from_numpy(obs)).numpy()
        if deterministic:
            action = self.network.mode(obs)
        else:
            action = self.network.sample(obs, _OneGenerator(rng or np.random.default_rng(), len(obs)))
        if np.issubdtype(action.dtype, np.floating):
            action = np.clip(action, -1, 1)
        return action[(0,) * missing]

    def member(self, index: int) -> "NetworkPolicy":
        """The policy of one seed."""
        one = slice(index, index + 1)
        return NetworkPolicy(self.network.rows(one), self.moments and self.moments.copy(one))


class _OneGenerator:
    """One generator that draws for all seeds, where `Streams` has one for each."""

    def __init__(self, rng, seeds):
        self.rng, self.seeds = rng, seeds

    def normal(self, *shape):
        return self.rng.standard_normal((self.seeds, *shape)).astype(np.float32)

    def uniform(self, *shape):
        return self.rng.random((self.seeds, *shape))
