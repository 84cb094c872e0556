"""What acts: a trained network, or anything else that answers `act(obs)`."""

from typing import Protocol, runtime_checkable

import numpy as np
import torch

from rlcourse.parts.moments import RunningMoments
from rlcourse.parts.networks import DeterministicPolicy, StochasticPolicy
from rlcourse.parts.spaces import numbers


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
    seen: what normalisers among the environments' wrappers had seen (`Stepper.seen`), for whoever makes new
    environments for it.
    """

    def __init__(
        self, network: DeterministicPolicy | StochasticPolicy, moments: RunningMoments | None = None,
        seen: dict | None = None,
    ):  # fmt: skip
        self.network, self.moments, self.seen = network, moments, seen

    @property
    def members(self) -> int:
        return len(self.network.flat)

    def act(
        self, obs: np.ndarray, deterministic: bool = True, rng: np.random.Generator | None = None
    ) -> np.ndarray:
        """The mean or most probable action; with deterministic=False a sample, drawn by rng.

        Raises ValueError for observations of another shape, and for what is no array of numbers.
        """
        try:
            obs = numbers(obs).astype(np.float32, copy=False)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"Policy.act: observations must be numbers: {error}") from None
        missing, width = 3 - obs.ndim, self.network.obs_size
        if obs.shape[-1:] != (width,) or missing not in (0, 1, 2) or (missing and self.members > 1):
            raise ValueError(
                f"Policy.act: observations must be [{self.members}, B, {width}], got {obs.shape}; "
                "training.in_own_units(agent, env) takes those of an environment as they are"
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
        seen = self.seen and {**self.seen, "within": self.seen["within"][one]}
        return NetworkPolicy(self.network.rows(one), self.moments and self.moments.copy(one), seen)

    def state(self) -> dict:
        moments = self.moments and {**self.moments.state(), "limit": self.moments.limit}
        return {"network": self.network.state(), "moments": moments, "seen": self.seen}

    def restored(self, state: dict) -> "NetworkPolicy":
        """The policy of this form with that `state()`."""
        network, moments = self.network.copy(), None
        network.restore(state["network"])
        if state["moments"] is not None:
            moments = RunningMoments(len(network.flat), network.obs_size, state["moments"]["limit"])
            moments.restore(state["moments"])
        return NetworkPolicy(network, moments, state["seen"])

    def take_over(self, other: "NetworkPolicy", better: np.ndarray) -> "NetworkPolicy":
        """This policy, but that of `other` for the seeds that are better, [S] bool."""
        rows, network = torch.from_numpy(np.flatnonzero(better)), self.network.copy()
        network.flat[rows] = other.network.flat[rows]
        moments = self.moments
        if other.moments is not None:
            moments = other.moments.copy()
            if self.moments is not None:
                kept = torch.from_numpy(np.flatnonzero(~better))
                moments.mean[kept], moments.var[kept] = self.moments.mean[kept], self.moments.var[kept]
        seen = other.seen
        if seen is not None and self.seen is not None:
            pairs = zip(self.seen["within"], other.seen["within"], better, strict=False)
            seen = {**seen, "within": [new if take else old for old, new, take in pairs]}
        return NetworkPolicy(network, moments, seen)


class _OneGenerator:
    """One generator that draws for all seeds, where `Streams` has one for each."""

    def __init__(self, rng, seeds):
        self.rng, self.seeds = rng, seeds

    def normal(self, *shape):
        return self.rng.standard_normal((self.seeds, *shape)).astype(np.float32)

    def uniform(self, *shape):
        return self.rng.random((self.seeds, *shape))
