"""Two wrappers around Gymnasium: `Episode` checks and replays one environment, `CourseEnv` adapts many.

`environments.make` puts both on; nothing else needs to know them. What an environment returns is copied: it
may keep its arrays and change them later. `info` goes no further: nothing here needs it, and its form varies.
"""

import contextlib
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete, Space
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv, VectorWrapper
from gymnasium.vector.utils import batch_space

from rlcourse.parts.randomness import space_seed
from rlcourse.parts.spaces import Actions, Observations, as_declared, flat, flattened, numbers, one_of
from rlcourse.parts.worlds import SystemVectorEnv

UNKNOWN = "unknown"


class EnvironmentFault(ValueError):
    """An environment broke its contract: one line that says which copy, when, and what it returned."""


class Episode(gymnasium.Wrapper):
    """One environment that is checked at every step and remembers how its current episode came about.

    An episode is a function of the random state at its reset and of the actions since. Both are kept, so
    that `restore(snapshot())` can bring an environment back without pickling it: reset as then, act as then.
    That is exact where Gymnasium's `np_random` is the only source of chance and a reset forgets the episodes
    before; `Stepper.restore` compares what it leads to with what was. Beyond `LONGEST` steps an episode is
    not kept; nor is one whose chance is not a `numpy.random.Generator`.

    Observations of several parts (Dict, Tuple, MultiDiscrete, MultiBinary) leave it as one Box.

    Raises EnvironmentFault for results that are not Gymnasium's: the field is named.
    """

    LONGEST = 100_000

    def __init__(self, env: gymnasium.Env, index: int = 0):
        super().__init__(env)
        if not isinstance(env.metadata, Mapping):
            self.metadata = {}  # nothing here needs it, but Gymnasium's vector environments read it
        for name in ("action_space", "observation_space"):
            if not isinstance(getattr(env, name, None), Space):
                raise EnvironmentFault(
                    f"{type(env.unwrapped).__name__} has no {name}; give it one of gymnasium.spaces"
                )
        self.observation_space = flattened(env.observation_space)
        self.index = index
        self.seed = None  # the last seed that was given to reset
        self.stream = None  # state of np_random just before the last reset; None if that reset had the seed
        self.actions = []  # since the last reset
        self.held = False  # a step leaves it as it is
        self.obs = None  # the last observation

    def reset(self, *, seed: int | None = None, options: dict | None = None) -> tuple[Any, dict]:
        if seed is None:
            self.stream = self._state_of_chance()
        else:
            self.seed, self.stream = seed, None
        self.actions = []
        try:
            result = self.env.reset(seed=seed, options=options)
        except TypeError as error:
            if "reset() got an unexpected keyword argument" not in str(error):
                raise
            raise EnvironmentFault(
                f"env {self.index}: {error}; write def reset(self, *, seed=None, options=None)"
            ) from error
        if not (isinstance(result, tuple) and len(result) == 2):
            raise EnvironmentFault(
                f"env {self.index}: reset must return (observation, info), got {_described(result)}; "
                "that is old Gym: update the environment to Gymnasium"
            )
        if not isinstance(result[1], Mapping | None):
            raise EnvironmentFault(
                f"env {self.index}: reset must return (observation, info) with info a dictionary, "
                f"got {_described(result[1])}"
            )
        self.obs = self.checked(result[0], "reset")
        return self.obs, {}

    def _state_of_chance(self):
        """The state of np_random before a reset; "unknown" where it is no generator of NumPy's."""
        generator = None
        with contextlib.suppress(Exception):  # a property of the environment's own
            generator = self.unwrapped.np_random
        return generator.bit_generator.state if isinstance(generator, np.random.Generator) else UNKNOWN

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict]:
        if self.held:
            return self.obs, 0.0, False, False, {}
        if len(self.actions) <= self.LONGEST:
            self.actions.append(np.array(action))  # before the environment can change it
        try:
            result = self.env.step(action)
        except ValueError as error:  # a wrapper of Gymnasium's tried to unpack four values
            if "to unpack (expected 5, got 4)" not in str(error):
                raise
            result = (None,) * 4
        obs, reward, terminated, truncated, _ = five_fields(result, f"env {self.index}")
        if not isinstance(reward, float):
            reward = self._one_number("reward", reward, "a number")
        if not isinstance(terminated, bool | np.bool_) or not isinstance(truncated, bool | np.bool_):
            terminated = self._one_number("terminated", terminated, "True or False", (0, 1))
            truncated = self._one_number("truncated", truncated, "True or False", (0, 1))
        self.obs = self.checked(obs, "step")
        return self.obs, float(reward), bool(terminated), bool(truncated), {}

    def _one_number(self, what, value, wanted, among=None):
        """The number in an array, a tensor or whatever holds a single one."""
        with contextlib.suppress(Exception):
            array = numbers(value)
            if array.size == 1 and (among is None or array.item() in among):
                return array.item()
        raise EnvironmentFault(f"env {self.index}: {what} must be {wanted}, got {_shown(value)}")

    def checked(self, obs: Any, where: str) -> Any:
        """A copy of the observation, in the form that the space declares; of several parts as one row."""
        declared = self.env.observation_space
        if self.observation_space is not declared:
            with contextlib.suppress(TypeError, ValueError, AttributeError, OverflowError):
                return flat(declared, obs)
            raise EnvironmentFault(
                f"env {self.index}: observation of {where} is {_shown(obs)}, outside {declared}"
            )
        space = self.observation_space
        if isinstance(space, Box):
            if type(obs) is np.ndarray and obs.shape == space.shape and obs.dtype == space.dtype:
                return np.array(obs)
            try:
                array = numbers(obs)
            except (TypeError, ValueError, OverflowError) as error:
                raise EnvironmentFault(
                    f"env {self.index}: observation of {where} is not an array of numbers: "
                    f"{_described(obs)} ({_one_line(error)})"
                ) from None
            if array.shape != space.shape:
                raise EnvironmentFault(
                    f"env {self.index}: observation of {where} has shape {array.shape}, "
                    f"its observation_space has shape {space.shape}"
                )
            try:
                return as_declared(array, space.dtype)
            except ValueError as error:
                raise EnvironmentFault(
                    f"env {self.index}: observation of {where}: {error}; correct the space"
                ) from None
        if isinstance(space, Discrete):
            with contextlib.suppress(TypeError, ValueError, OverflowError):
                return space.dtype.type(one_of(space, obs))
            raise EnvironmentFault(
                f"env {self.index}: observation of {where} is {_shown(obs)}, outside {space}"
            )
        return obs

    def snapshot(self) -> dict | None:
        """How the current episode came about: JSON-able, but for `actions` [t, ...]; None if not kept."""
        if len(self.actions) > self.LONGEST or self.stream == UNKNOWN:
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
        mode = (env.metadata or {}).get("autoreset_mode", "missing")
        if not isinstance(mode, AutoresetMode):
            raise ValueError(
                f'{self.name}: metadata["autoreset_mode"] is {mode}; state a gymnasium AutoresetMode'
            )
        self.same_step = mode is AutoresetMode.SAME_STEP
        self._native = isinstance(env, SystemVectorEnv)  # it returns new float32 arrays [E, O] already
        tolerate_infos(env.unwrapped)
        self._actions = Actions(env.single_action_space, self.name)
        self._observations = Observations(env.single_observation_space, self.name)
        self.single_action_space, self.single_observation_space = (
            self._actions.space,
            self._observations.space,
        )
        self.action_space = batch_space(self.single_action_space, env.num_envs)
        self.observation_space = batch_space(self.single_observation_space, env.num_envs)
        if seeds is not None:
            for space in (self.action_space, self.single_action_space):
                space.seed(space_seed(seeds))

    def reset(
        self, *, seed: int | Sequence[int] | None = None, options: dict | None = None
    ) -> tuple[np.ndarray, dict]:
        if seed is None and self.pending_seeds is not None:
            seed, self.pending_seeds = self.pending_seeds, None
            try:
                result = self.env.reset(seed=seed, options=options)
            except (gymnasium.error.Error, TypeError):  # it has one stream for all its copies
                result = self.env.reset(seed=seed[0], options=options)
        else:
            result = self.env.reset(seed=seed, options=options)
        if not (isinstance(result, tuple) and len(result) == 2):
            raise EnvironmentFault(f"reset must return (observation, info), got {_described(result)}")
        return self.observations(result[0]), result[1]

    def step(self, action: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict]:
        if self._native:
            return self.env.step(self.actions(action))
        result = five_fields(self.env.step(self.actions(action)), "the vector environment")
        obs, reward, terminated, truncated, info = result
        reward = self._each("reward", reward, "numbers", np.float64)
        terminated = self._each("terminated", terminated, "True or False", bool)
        truncated = self._each("truncated", truncated, "True or False", bool)
        info = info if isinstance(info, Mapping) else {}
        if self.same_step and info.get("final_obs") is not None:
            info = {**info, "final_obs": self._final(info["final_obs"], terminated | truncated)}
        return self.observations(obs), reward, terminated, truncated, info

    def _each(self, what, value, wanted, kind):
        """One number of each environment, [E]: a new array."""
        with contextlib.suppress(Exception):
            array = numbers(value)
            each = array.astype(kind)
            if array.shape == (self.env.num_envs,) and (kind is not bool or (each == array).all()):
                return each
        raise EnvironmentFault(f"{what} must be {self.env.num_envs} {wanted}, got {_shown(value)}")

    def actions(self, action: np.ndarray) -> np.ndarray:
        """[−1, 1]^A -> the environment's Box, or 0 … n−1 -> its Discrete, MultiDiscrete or MultiBinary."""
        return self._actions.to_environments(action)

    def observations(self, obs: Any) -> np.ndarray:
        """The environment's batch of observations -> float32 [E, O], a new array."""
        if self._native:
            return obs
        return self._rows("observation", obs, self.env.num_envs)

    def _rows(self, what, obs, count):
        try:
            return self._observations.to_rows(obs, count)
        except (TypeError, ValueError, IndexError, OverflowError) as error:
            raise EnvironmentFault(
                f"{what} {_described(obs)} is not {count} arrays of numbers ({_one_line(error)})"
            ) from None

    def _final(self, final, done):
        """The final observations [E, O] where `done`, else 0. `final` may be an array of objects."""
        out = np.zeros(self.observation_space.shape, np.float32)
        for i in np.flatnonzero(done):
            with contextlib.suppress(IndexError, KeyError, TypeError):
                row = self._rows('info["final_obs"]', final[i], 1)[0]
                if row.shape == out[i].shape:
                    out[i] = row
                    continue
            raise EnvironmentFault(f'info["final_obs"] holds no observation of env {i}: {_described(final)}')
        return out

    def close(self, **options: Any) -> None:
        """Close what is inside, once, all of it."""
        if not self.env.closed:
            inner = self.unwrapped
            if type(inner) is SyncVectorEnv:  # which would stop at the first that cannot be closed
                close_all(inner.envs)
                inner.closed = True
            close_all([self.env])

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


def close_all(envs: Sequence[Any]) -> None:
    """Close each of them; a fault of one is a warning, and not in the way of the others.

    Ctrl-C in between is heard once all are closed.
    """
    interrupted = None
    for env in envs:
        try:
            env.close()
        except Exception as error:
            name, said = type(env.unwrapped).__name__, " ".join(str(error).split())
            warnings.warn(f"{name} could not be closed: {type(error).__name__}: {said}", stacklevel=2)
        except BaseException as error:
            interrupted = error
    if interrupted is not None:
        raise interrupted


def five_fields(result: Any, who: str) -> tuple:
    """(observation, reward, terminated, truncated, info), or an EnvironmentFault that names the fields."""
    if isinstance(result, tuple) and len(result) == 5:
        return result
    raise EnvironmentFault(
        f"{who}: step must return (observation, reward, terminated, truncated, info), "
        f"got {_described(result)}; old Gym's `done` has to be split into terminated and truncated"
    )


def tolerate_infos(env: VectorEnv) -> None:
    """Let Gymnasium's collection of the copies' `info` leave out what does not fit an array.

    Its entries vary in length, type and key as an environment likes. The last observation of an episode is
    kept, as a copy: the reset that follows may change it.
    """
    collect = env._add_info

    def add(infos, info, index):
        for key, value in info.items() if isinstance(info, Mapping) else ():
            if key == "final_obs" and infos.get("_final_obs", np.zeros(index + 1))[index]:
                continue  # Gymnasium's own came first
            value = np.array(value) if key == "final_obs" and isinstance(value, np.ndarray) else value
            with contextlib.suppress(Exception):
                infos = collect(infos, {key: value}, index)
        return infos

    env._add_info = add


def _shown(value):
    """The value in one line of at most a hundred characters or so."""
    try:
        said = " ".join(repr(value).split())
    except ValueError:  # an integer of thousands of digits
        said = f"a very large {type(value).__name__}"
    return said if len(said) <= 110 else f"{said[:100]} …"


def _one_line(error):
    return " ".join(str(error).split())


def _described(value):
    if isinstance(value, tuple):
        return f"{len(value)} values"
    return type(value).__name__ + (f" of shape {value.shape}" if hasattr(value, "shape") else "")


def _name_of(env):
    one = env.envs[0] if getattr(env, "envs", None) else env  # SyncVectorEnv holds its environments
    return one.spec.id if one.spec is not None else type(one.unwrapped).__name__
