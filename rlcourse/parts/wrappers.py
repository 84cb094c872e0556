"""Two wrappers around Gymnasium: `Episode` checks and replays one environment, `CourseEnv` adapts many.

`environments.make` puts both on; nothing else needs to know them.
"""

import math
import warnings
from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import VectorEnv, VectorWrapper
from gymnasium.vector.utils import batch_space

from rlcourse.parts.randomness import space_seed
from rlcourse.parts.worlds import SystemVectorEnv

SUPPORTED_OBSERVATIONS = "Box (numbers, not images) and Discrete"
SUPPORTED_ACTIONS = "Box of floats with finite bounds, and Discrete"


class EnvironmentFault(ValueError):
    """An environment broke its contract: one line that says which copy, when, and what it returned."""


class Episode(gymnasium.Wrapper):
    """One environment that is checked at every step and remembers how its current episode came about.

    An episode is a function of the random state at its reset and of the actions since. Both are kept, so
    that `restore(snapshot())` can bring an environment back without pickling it: reset as then, act as then.
    That is exact where Gymnasium's `np_random` is the only source of chance and a reset forgets the episodes
    before; `Stepper.restore` compares what it leads to with what was. Beyond `LONGEST` steps an episode is
    not kept.

    Raises EnvironmentFault for results that are not Gymnasium's: the field is named.
    """

    LONGEST = 100_000

    def __init__(self, env: gymnasium.Env, index: int = 0):
        super().__init__(env)
        self.index = index
        self.seed = None  # the last seed that was given to reset
        self.stream = None  # state of np_random just before the last reset; None if that reset had the seed
        self.actions = []  # since the last reset
        self.held = False  # a step leaves it as it is
        self.obs = None  # the last observation

    def reset(self, *, seed: int | None = None, options: dict | None = None) -> tuple[Any, dict]:
        if seed is None:
            self.stream = self.unwrapped.np_random.bit_generator.state
        else:
            self.seed, self.stream = seed, None
        self.actions = []
        result = self.env.reset(seed=seed, options=options)
        if not (isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], dict)):
            raise EnvironmentFault(
                f"env {self.index}: reset must return (observation, info), got {_described(result)}; "
                "that is old Gym: update the environment to Gymnasium"
            )
        self.obs = self._checked(result[0], "reset")
        return self.obs, result[1]

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict]:
        if self.held:
            return self.obs, 0.0, False, False, {}
        try:
            result = self.env.step(action)
        except ValueError as error:  # a wrapper of Gymnasium's tried to unpack four values
            if "to unpack (expected 5, got 4)" not in str(error):
                raise
            result = (None,) * 4
        obs, reward, terminated, truncated, info = five_fields(result, f"env {self.index}")
        try:
            reward = float(reward)
        except (TypeError, ValueError):
            raise EnvironmentFault(f"env {self.index}: reward must be a number, got {reward!r}") from None
        if len(self.actions) <= self.LONGEST:
            self.actions.append(np.array(action))
        self.obs = self._checked(obs, "step")
        return self.obs, reward, terminated, truncated, info

    def _checked(self, obs, where):
        space = self.env.observation_space
        if isinstance(space, Box):
            if getattr(obs, "shape", None) == space.shape and obs.dtype == space.dtype:
                return obs
            try:
                array = np.asarray(obs, dtype=np.float64)
            except (TypeError, ValueError):
                raise EnvironmentFault(
                    f"env {self.index}: observation of {where} is not an array of numbers: {_described(obs)}"
                ) from None
            if array.shape != space.shape:
                raise EnvironmentFault(
                    f"env {self.index}: observation of {where} has shape {array.shape}, "
                    f"its observation_space has shape {space.shape}"
                )
            return array.astype(space.dtype)
        if isinstance(space, Discrete) and not space.contains(obs):
            raise EnvironmentFault(f"env {self.index}: observation of {where} is {obs!r}, outside {space}")
        return obs

    def snapshot(self) -> dict | None:
        """How the current episode came about: JSON-able, but for `actions` [t, ...]; None if too long."""
        if len(self.actions) > self.LONGEST:
            return None
        space = self.env.action_space
        return {
            "seed": self.seed,
            "stream": self.stream,
            "length": len(self.actions),
            "actions": np.array(self.actions, space.dtype).reshape(-1, *space.shape),
        }

    def restore(self, snapshot: dict) -> tuple[np.ndarray, float]:
        """Reset and act as in `snapshot` -> the observation and the episode's return that this leads to."""
        obs, _ = self.reset(seed=snapshot["seed"])
        if snapshot["stream"] is not None:
            self.unwrapped.np_random.bit_generator.state = snapshot["stream"]
            obs, _ = self.reset()
        total = 0.0
        for action in np.asarray(snapshot["actions"], self.env.action_space.dtype):
            obs, reward, *_ = self.step(action)
            total += reward
        return obs, total


class CourseEnv(VectorWrapper):
    """u = middle + scale · a per dimension, a in [−1, 1]; observations float32 [E, O]; a seeded first reset.

    name: how error messages call it. seeds: one per environment, for the first `reset` without a seed.
    Raises ValueError for spaces that the course's networks cannot take, in one line that says what to do.
    """

    def __init__(self, env: VectorEnv, name: str | None = None, seeds: Sequence[int] | None = None):
        super().__init__(env)
        self.name = name or _name_of(env)
        self.pending_seeds = seeds
        if "autoreset_mode" not in env.metadata:
            raise ValueError(
                f'{self.name}: metadata["autoreset_mode"] is missing; state a gymnasium AutoresetMode'
            )
        self._native = isinstance(env, SystemVectorEnv)  # it returns new float32 arrays [E, O] already
        self._read_action_space(env.single_action_space)
        self._read_observation_space(env.single_observation_space)
        if seeds is not None:
            for space in (self.action_space, self.single_action_space):
                space.seed(space_seed(seeds))

    def _read_action_space(self, space):
        self._scale = None
        if isinstance(space, Discrete):
            self._first = int(space.start)
            self.single_action_space = Discrete(int(space.n))
        elif isinstance(space, Box) and np.issubdtype(space.dtype, np.floating):
            if not (np.isfinite(space.low).all() and np.isfinite(space.high).all()):
                raise ValueError(
                    f"{self.name}: the action space {space} has no finite bound on some side, so [−1, 1] "
                    "cannot be scaled to it; wrap the environment so that low and high are finite"
                )
            low, high = space.low.astype(np.float64), space.high.astype(np.float64)
            self._scale, self._middle = (high - low) / 2, (high + low) / 2
            self._shape = (self.env.num_envs, *space.shape)
            self.single_action_space = Box(-1.0, 1.0, (math.prod(space.shape),), np.float32)
        else:
            raise ValueError(
                f"{self.name}: the action space {space} is not supported; supported: {SUPPORTED_ACTIONS}"
            )
        self.action_space = batch_space(self.single_action_space, self.env.num_envs)

    def _read_observation_space(self, space):
        self._one_hot = None
        if isinstance(space, Discrete):
            self._one_hot, self._first_obs = np.eye(int(space.n), dtype=np.float32), int(space.start)
            self.single_observation_space = Box(0.0, 1.0, (int(space.n),), np.float32)
        elif isinstance(space, Box) and not _is_image(space):
            low, high = space.low.ravel().astype(np.float32), space.high.ravel().astype(np.float32)
            self.single_observation_space = Box(low, high, dtype=np.float32)
        else:
            kind = f"Box of images {space.shape}" if isinstance(space, Box) else type(space).__name__
            raise ValueError(
                f"{self.name}: observations of type {kind} are not supported; supported: "
                f"{SUPPORTED_OBSERVATIONS}; gymnasium.wrappers.FlattenObservation makes a Box of most spaces"
            )
        self.observation_space = batch_space(self.single_observation_space, self.env.num_envs)

    def reset(
        self, *, seed: int | Sequence[int] | None = None, options: dict | None = None
    ) -> tuple[np.ndarray, dict]:
        if seed is None and self.pending_seeds is not None:
            seed, self.pending_seeds = self.pending_seeds, None
            try:
                obs, info = self.env.reset(seed=seed, options=options)
            except (gymnasium.error.Error, TypeError):  # it has one stream for all its copies
                obs, info = self.env.reset(seed=seed[0], options=options)
        else:
            obs, info = self.env.reset(seed=seed, options=options)
        return self.observations(obs), info

    def step(self, action: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict]:
        if self._native:
            return self.env.step(self.actions(action))
        result = five_fields(self.env.step(self.actions(action)), "the vector environment")
        obs, reward, terminated, truncated, info = result
        terminated, truncated = np.asarray(terminated, bool), np.asarray(truncated, bool)
        if info.get("final_obs") is not None:
            info = {**info, "final_obs": self._final(info["final_obs"], terminated | truncated)}
        return self.observations(obs), np.asarray(reward, np.float64), terminated, truncated, info

    def actions(self, action: np.ndarray) -> np.ndarray:
        """[−1, 1]^A -> the environment's Box, or 0 … n−1 -> its Discrete."""
        if self._scale is None:
            return action + self._first if self._first else action
        space = self.env.single_action_space
        action = np.asarray(action, np.float64).reshape(self._shape) * self._scale + self._middle
        return np.minimum(np.maximum(action.astype(space.dtype), space.low), space.high)

    def observations(self, obs: np.ndarray) -> np.ndarray:
        """The environment's batch of observations -> float32 [E, O], a new array."""
        if self._native:
            return obs
        if self._one_hot is not None:
            return self._one_hot[np.asarray(obs) - self._first_obs]
        try:
            return np.array(obs, dtype=np.float32).reshape(self.env.num_envs, -1)
        except (TypeError, ValueError):
            raise EnvironmentFault(
                f"observation {_described(obs)} is not {self.env.num_envs} arrays of numbers"
            ) from None

    def _final(self, final, done):
        """The final observations [E, O] where `done`, else 0. `final` may be an array of objects."""
        out = np.zeros(self.observation_space.shape, np.float32)
        for i in np.flatnonzero(done):
            one_hot = self._one_hot is not None
            out[i] = self._one_hot[int(final[i]) - self._first_obs] if one_hot else np.ravel(final[i])
        return out

    def warn_if_outside(self, obs: np.ndarray) -> None:
        """One warning if an observation lies outside the space that the environment declares."""
        space = self.single_observation_space
        outside = np.argwhere((obs < space.low) | (obs > space.high))
        if len(outside):
            i, j = outside[0]
            warnings.warn(
                f"{self.name}, env {i}: observation[{j}] = {obs[i, j]} lies outside observation_space "
                f"[{space.low[j]}, {space.high[j]}]; correct the space",
                stacklevel=3,
            )


def five_fields(result: Any, who: str) -> tuple:
    """(observation, reward, terminated, truncated, info), or an EnvironmentFault that names the fields."""
    if isinstance(result, tuple) and len(result) == 5:
        return result
    raise EnvironmentFault(
        f"{who}: step must return (observation, reward, terminated, truncated, info), "
        f"got {_described(result)}; old Gym's `done` has to be split into terminated and truncated"
    )


def _described(value):
    if isinstance(value, tuple):
        return f"{len(value)} values"
    return type(value).__name__ + (f" of shape {value.shape}" if hasattr(value, "shape") else "")


def _is_image(space):
    return len(space.shape) >= 3 or (len(space.shape) == 2 and space.dtype == np.uint8)


def _name_of(env):
    one = env.envs[0] if getattr(env, "envs", None) else env  # SyncVectorEnv holds its environments
    return one.spec.id if one.spec is not None else type(one.unwrapped).__name__
