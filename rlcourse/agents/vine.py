"""Acting in a vine: from states of a trunk several actions are tried, each followed by a short branch."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np
import torch

from rlcourse.agents.on_policy import OnPolicyAgent
from rlcourse.agents.samples import rows
from rlcourse.equations import objectives
from rlcourse.parts.distributions import Distribution
from rlcourse.parts.environments import Stepper
from rlcourse.parts.networks import Networks, Spaces
from rlcourse.parts.randomness import BRANCH, Streams
from rlcourse.parts.room import must_fit
from rlcourse.parts.worlds import System


class VineSamples(NamedTuple):
    """A rollout set: M = n·K rows, the K actions tried in one state side by side. Read as `Samples` are."""

    obs: torch.Tensor  # [S, M, O]
    action: torch.Tensor  # [S, M, A], or integers [S, M]
    advantage: torch.Tensor  # [S, M]  Q̂ less its mean over the state's actions
    value: torch.Tensor  # [S, M]  V(s) before the update
    target: torch.Tensor  # [S, M]  that mean, for the critic
    log_prob: torch.Tensor  # [S, M]  log q(a|s) of how actions were chosen
    old: Distribution  # π_old(·|s)
    actions: int  # K
    whole: bool  # were all actions tried, or K that π_old drew?

    def samples(self, nets: Networks, *estimator: Any) -> Self:
        """Itself: Q̂ was measured, there is nothing to estimate."""
        return self

    def surrogate(self, log_prob: torch.Tensor, advantage: torch.Tensor) -> torch.Tensor:
        """Σ_a π_θ(a|s) Q̂_a, or Σ_k ρ_k Q̂_k / Σ_k ρ_k over K draws; averaged over the states, [S]."""
        if self.whole:
            return objectives.surrogate(log_prob, self.log_prob, advantage, dim=-1)
        ratio, q = (
            x.unflatten(1, (-1, self.actions))
            for x in (objectives.probability_ratio(log_prob, self.log_prob), advantage)
        )
        return objectives.vine_surrogate(ratio, torch.ones_like(ratio), q).mean(-1)


class CommonNumbers:
    """Streams whose draws all K branches of a state share: common random numbers."""

    def __init__(self, streams: Streams, branches: int):
        self.streams, self.branches = streams, branches

    def normal(self, *shape: int) -> np.ndarray:
        """ξ ~ N(0, 1), [S, n·K, …]: rows come in groups of K equal ones."""
        return self.streams.normal(shape[0] // self.branches, *shape[1:]).repeat(self.branches, axis=1)

    def uniform(self, *shape: int) -> np.ndarray:
        """u ~ U[0, 1), likewise."""
        return self.streams.uniform(shape[0] // self.branches, *shape[1:]).repeat(self.branches, axis=1)


class VineAgent(OnPolicyAgent):
    """Schulman et al. 2015, section 5.2: a trunk by π_θ, a rollout set of its states, branches from each.

    In `branch_states` states of the trunk K actions are tried: `branches` draws of π_θ, or, where actions are
    discrete, all there are. Each is followed by `branch_steps` steps of π_θ that share their random numbers
    with the state's other branches. Q̂ is what a branch earned, with V beyond its end. All simulated steps
    count. Only environments of the course can be set to a state; ValueError for others.
    """

    saved = (*OnPolicyAgent.saved, "branching")

    def __init__(self, algorithm: Any, spaces: Spaces, seeds: Sequence[int]):
        super().__init__(algorithm, spaces, seeds)
        self.branching = Streams(seeds, BRANCH)
        self.tried = spaces.action_size if spaces.discrete else algorithm.branches
        states = min(algorithm.branch_states, algorithm.num_envs * algorithm.horizon)
        must_fit(
            f"{type(algorithm).__name__}: a vine of {states:,} × {self.tried:,} branches "
            f"for {len(seeds)} seeds",
            4 * len(seeds) * states * self.tried * (spaces.obs_size + 4),
            "lower branches or branch_states",
        )

    def advance(self, algorithm: Any, stepper: Stepper) -> tuple[int, dict, list]:
        """A trunk, its branches, and one update. Returns as `OnPolicyAgent.advance` does."""
        if stepper.settable is None:
            raise ValueError(
                f"{stepper.name} cannot be set to a state, which a vine needs; "
                "take one of the course's own environments, or branches=0"
            )
        self._env, self._passed = stepper.settable, []
        rollout, finished = self._collect(algorithm, stepper)
        scaled = self._scaled(algorithm, rollout)
        batch = self._grow(algorithm, rows(rollout.obs), rows(scaled.obs), self._trunk_states())
        metrics = algorithm.update(self.nets, batch, self.learning)
        self._learn_scale(algorithm, rollout)
        n = min(algorithm.branch_states, algorithm.num_envs * algorithm.horizon)
        taken = algorithm.num_envs * algorithm.horizon + n * self.tried * algorithm.branch_steps
        self.steps += taken
        return taken, metrics, finished

    def _act(self, algorithm, obs):
        self._passed.append(self._env.state.copy())
        return super()._act(algorithm, obs)

    def _trunk_states(self):
        """The physical state at every row of the batch, [S, T·N, D]."""
        state = np.stack(self._passed)
        return rows(torch.from_numpy(state.reshape(len(state), self.seeds, -1, state.shape[-1]))).numpy()

    @torch.no_grad()
    def _grow(self, algorithm, obs, seen, state):
        """The rollout set with its branches: VineSamples."""
        n, K = min(algorithm.branch_states, obs.shape[1]), self.tried
        chosen = torch.from_numpy(self.branching.permutation(obs.shape[1])[:, :n])
        at = torch.arange(self.seeds)[:, None], chosen.repeat_interleave(K, dim=1)  # [S, n·K]
        seen, state = seen[at].contiguous(), state[at]
        pi = self.nets.policy(seen)
        if self.spaces.discrete:  # every action: q is uniform, and Σ_k q ρ Q̂ is Σ_k π_θ Q̂
            action = np.tile(np.arange(K), (self.seeds, n))
            log_q = torch.full(action.shape, -float(np.log(K)))
            weight = pi.log_p.exp()[:, ::K]  # [S, n, K]
        else:
            action = self.nets.policy.sample(seen.numpy(), self.branching)
            log_q = pi.log_prob(torch.from_numpy(action))
            weight = torch.full((self.seeds, n, K), 1 / K)
        q = self._branch(algorithm, self._env.system, state, action)
        mean = (weight * q.unflatten(1, (n, K))).sum(-1).repeat_interleave(K, dim=1)
        value, action = self.nets.critic(seen), torch.from_numpy(action)
        return VineSamples(seen, action, q - mean, value, mean, log_q, pi, K, self.spaces.discrete)

    def _branch(self, algorithm, system, state, action):
        """Q̂ = Σ_{l<L} γˡ r_l + γᴸ V(s_L), in the critic's unit, of action [S, M, …] in state [S, M, D]."""
        shape, common = state.shape[:2], CommonNumbers(self.branching, self.tried)
        state, alive = state.reshape(-1, state.shape[-1]), np.ones(state.shape[0] * state.shape[1], bool)
        earned, discount = np.zeros(alive.shape), 1.0
        for _ in range(algorithm.branch_steps):
            dice = getattr(system, "chance", 0)
            chance = (common.uniform(shape[1], dice).reshape(-1, dice),) if dice else ()
            state, reward, terminated = system.step(state, in_units(system, action, len(state)), *chance)
            earned += np.where(alive, discount * reward, 0.0)
            alive &= ~terminated
            discount *= algorithm.gamma
            obs = self._seen(algorithm, system.observe(state))
            action = self.nets.policy.sample(obs, common)
        beyond = torch.where(
            torch.from_numpy(alive.reshape(shape)), self.nets.critic(torch.from_numpy(obs)), 0.0
        )
        earned = torch.from_numpy(earned.reshape(shape))
        if algorithm.normalise_reward:
            earned = earned / (self.return_moments.var + 1e-8).sqrt()
        return earned.float() + discount * beyond


def in_units(system: System, action: np.ndarray, count: int) -> np.ndarray:
    """Actions as the system knows them, [count, …]: from [−1, 1] to its Box, or the integers as they are."""
    space = system.action_space
    if not hasattr(space, "low"):
        return action.reshape(count)
    low, high = space.low.astype(np.float64), space.high.astype(np.float64)
    inside = np.clip(action.reshape(count, -1), -1.0, 1.0).astype(np.float64)
    return (inside * (high - low) / 2 + (high + low) / 2).astype(space.dtype)
