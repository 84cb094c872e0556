"""Environments as the trainers see them: E at once, actions in [−1, 1], observations float32 [E, O], one kind of transition.

    env = make("Pendulum-v1", num_envs=8, seed=0)     # any Gymnasium id, or a factory
    stepper = Stepper(env)                            # understands every autoreset mode
    transition = stepper.step(policy(stepper.obs))    # next_obs is the true successor, always

Three layers, each optional to the one above: `Episode` checks one Gymnasium environment and can replay it,
`CourseEnv` gives a vector environment the course's action and observation form, `Stepper` turns steps into transitions.
"""

import inspect
import math
import warnings
from functools import partial
from typing import NamedTuple

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv, VectorWrapper
from gymnasium.vector.utils import batch_space

from rlcourse.parts.classic import SystemVectorEnv

SUPPORTED_OBSERVATIONS = "Box (of floats or integers, not images) and Discrete"
SUPPORTED_ACTIONS = "Box with finite bounds and Discrete"


class EnvironmentFault(ValueError):
    """An environment broke its contract: the message says which copy, at which step, and what it returned."""


class Transition(NamedTuple):
    """(s, a, r, terminated, truncated, s′) of E environments at one step; s′ is never a reset observation."""

    obs: np.ndarray  # [E, O] float32   what the action was chosen on
    action: np.ndarray  # [E, A] float32 in [−1, 1], or [E] int
    reward: np.ndarray  # [E] float64
    terminated: np.ndarray  # [E] bool   the MDP ended: the future is worth 0
    truncated: np.ndarray  # [E] bool   the clock ended it: the future is worth V(s′)
    next_obs: np.ndarray  # [E, O] float32   the final observation where the episode ended
    valid: np.ndarray  # [E] bool   False: no transition here, the environment only reset itself (NEXT_STEP)
    finished: list  # [(environment, return, length)] of the episodes that ended at this step


# --------------------------------------------------------------------------------------------------- make


def make(env, num_envs=1, seed=None, *, twin=True):
    """E = `num_envs` environments in the course's form, as a `gymnasium.vector.VectorEnv`.

    env: a Gymnasium id; or a factory: a function without arguments that returns a `gymnasium.Env`, or one with an
      argument `num_envs` that returns a `VectorEnv`. If `rlcourse/<id>` is registered it is used in place of <id>
      (the same dynamics in NumPy, tested equal step by step); `twin=False` insists on Gymnasium's own.
    seed: an int, or a list of S ints with E = S·N: environment i then belongs to member i // N, and its random stream
      depends on that member's seed and on i % N only, so a member meets the same episodes alone or among others.
      The first `reset()` uses the streams. `env.action_space.sample()` is seeded as well (one stream for all E).

    Actions: [E, A] in [−1, 1], scaled per dimension to the environment's Box; or [E] int. Observations: float32
    [E, O], flattened; a Discrete observation becomes one-hot. Episodes restart in the step that ends them (SAME_STEP)
    wherever the environment leaves the choice; `env.metadata["autoreset_mode"]` says so.

    Raises ValueError (spaces, seeds, unknown ids), TypeError (what `env` is), ImportError (a missing package).
    """
    seeds = environment_seeds(seed, num_envs)
    if isinstance(env, str):
        name, vector = env, _from_id(env, num_envs, twin)
    elif callable(env) and not isinstance(env, gymnasium.Env | VectorEnv):
        name, vector = getattr(env, "__name__", type(env).__name__), _from_factory(env, num_envs)
    else:
        raise TypeError(
            f"make: env must be a Gymnasium id or a factory, got {type(env).__name__}; "
            "pass a function that returns the environment, for example lambda: my_env"
        )
    return CourseEnv(vector, name, seeds)


def environment_seeds(seed, num_envs):
    """One seed per environment: seed of environment i = hash(seed of member i // N, i % N), N = num_envs / members."""
    if seed is None:
        return None
    members = [seed] if isinstance(seed, int | np.integer) else list(seed)
    for member in members:
        if isinstance(member, bool) or not isinstance(member, int | np.integer) or member < 0:
            raise ValueError(f"seed must be an integer ≥ 0 or a list of them, got {member!r}")
    if not members or num_envs % len(members):
        raise ValueError(f"{num_envs} environments cannot be shared evenly among {len(members)} seeds")
    each = num_envs // len(members)
    return [
        int(np.random.SeedSequence(int(member), spawn_key=(i,)).generate_state(1)[0])
        for member in members
        for i in range(each)
    ]


def _from_id(name, num_envs, twin):
    if twin and f"rlcourse/{name}" in gymnasium.registry:
        name = f"rlcourse/{name}"
    spec = gymnasium.registry.get(name)
    vector_only = spec is not None and spec.entry_point is None
    try:
        if name.startswith("rlcourse/") or vector_only:
            return gymnasium.make_vec(name, num_envs=num_envs)
        return _from_factory(partial(gymnasium.make, name), num_envs)
    except (gymnasium.error.DependencyNotInstalled, ImportError) as error:
        if "mujoco" in str(error).lower():
            raise ImportError(f'{name} needs MuJoCo: pip install "rlcourse[mujoco]"') from error
        raise ImportError(f"{name} needs a package that is missing: {_one_line(error)}") from error
    except gymnasium.error.UnregisteredEnv as error:
        raise ValueError(f"{name} is not a Gymnasium environment here: {_one_line(error)}") from error


def _from_factory(factory, num_envs):
    try:
        takes_num_envs = "num_envs" in inspect.signature(factory).parameters
    except ValueError:  # some built-in callables have no signature
        takes_num_envs = False
    if takes_num_envs and factory is not gymnasium.make:
        env = factory(num_envs=num_envs)
        if not isinstance(env, VectorEnv) or env.num_envs != num_envs:
            raise TypeError(
                f"make: the factory must return a VectorEnv of {num_envs} environments, got {env!r}"
            )
        return env

    def one(index):
        env = factory()
        if not isinstance(env, gymnasium.Env):
            raise TypeError(
                f"make: the factory must return a gymnasium.Env, got {type(env).__name__}; "
                "a factory of vector environments takes the argument num_envs"
            )
        return Episode(env, index)

    return SyncVectorEnv([partial(one, i) for i in range(num_envs)], autoreset_mode=AutoresetMode.SAME_STEP)


def _one_line(error):
    return " ".join(str(error).split())


# ------------------------------------------------------------------------------------- one environment, checked


class Episode(gymnasium.Wrapper):
    """One environment that is checked at every step and remembers how its current episode came about.

    An episode is a function of the random state it was reset with and of the actions since. Both are kept, so that
    `restore(snapshot())` can bring any environment back that draws its randomness from Gymnasium's `np_random`,
    without pickling it: reset as then, act as then. An episode longer than `LONGEST` steps is no longer kept.
    """

    LONGEST = 100_000

    def __init__(self, env, index=0):
        super().__init__(env)
        self.index = index
        self.seed = None  # the last seed that was given to reset
        self.stream = None  # state of np_random just before the last reset; None if that reset had the seed
        self.actions = []  # since the last reset

    def reset(self, *, seed=None, options=None):
        if seed is None:
            self.stream = self.unwrapped.np_random.bit_generator.state
        else:
            self.seed, self.stream = seed, None
        self.actions = []
        result = self.env.reset(seed=seed, options=options)
        if not (isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], dict)):
            raise EnvironmentFault(
                f"env {self.index}: reset must return (observation, info), got {_shape_of(result)}; "
                "this is the API of old Gym: update the environment to Gymnasium"
            )
        return self._checked(result[0], "reset"), result[1]

    def step(self, action):
        try:
            result = self.env.step(action)
        except ValueError as error:  # a Gymnasium wrapper unpacked four values
            if "to unpack (expected 5, got 4)" not in str(error):
                raise
            result = (None,) * 4
        if not (isinstance(result, tuple) and len(result) == 5):
            raise EnvironmentFault(
                f"env {self.index}: step must return (observation, reward, terminated, truncated, info), got "
                f"{_shape_of(result)}; `done` of old Gym has to be split into the fields terminated and truncated"
            )
        obs, reward, terminated, truncated, info = result
        try:
            reward = float(reward)
        except (TypeError, ValueError):
            raise EnvironmentFault(f"env {self.index}: reward must be a number, got {reward!r}") from None
        if len(self.actions) <= self.LONGEST:
            self.actions.append(np.array(action))
        return self._checked(obs, "step"), reward, terminated, truncated, info

    def _checked(self, obs, where):
        space = self.env.observation_space
        if isinstance(space, Box):
            if getattr(obs, "shape", None) == space.shape and obs.dtype == space.dtype:
                return obs
            try:
                array = np.asarray(obs, dtype=np.float64)
            except (TypeError, ValueError):
                raise EnvironmentFault(
                    f"env {self.index}: observation of {where} is not numbers: {_shape_of(obs)}"
                ) from None
            if array.shape != space.shape:
                raise EnvironmentFault(
                    f"env {self.index}: observation of {where} has shape {array.shape}, observation_space says {space.shape}"
                )
            return array.astype(space.dtype)
        if isinstance(space, Discrete) and not space.contains(obs):
            raise EnvironmentFault(f"env {self.index}: observation of {where} is {obs!r}, outside {space}")
        return obs

    def snapshot(self):
        """How the current episode came about, JSON-able but for `actions`; None if it is too long to be kept."""
        if len(self.actions) > self.LONGEST:
            return None
        return {
            "seed": self.seed,
            "stream": self.stream,
            "now": self.unwrapped.np_random.bit_generator.state,
            "actions": np.array(self.actions),
        }

    def restore(self, snapshot):
        """Reset and act as in `snapshot`; returns the observation that this leads to."""
        obs, _ = self.reset(seed=snapshot["seed"])
        if snapshot["stream"] is not None:
            self.unwrapped.np_random.bit_generator.state = snapshot["stream"]
            obs, _ = self.reset()
        space = self.env.action_space
        for action in snapshot["actions"]:
            obs, *_ = self.step(action.astype(space.dtype) if isinstance(space, Box) else int(action))
        self.seed = snapshot["seed"]
        self.unwrapped.np_random.bit_generator.state = snapshot["now"]
        return obs


def _shape_of(value):
    if isinstance(value, tuple):
        return f"{len(value)} values"
    return f"{type(value).__name__}" + (f" of shape {value.shape}" if hasattr(value, "shape") else "")


# ------------------------------------------------------------------------------------------ the course's form


class CourseEnv(VectorWrapper):
    """u = mid + half · a, per dimension, a in [−1, 1]; observations float32 [E, O]; the first reset is seeded.

    Raises ValueError for spaces that the course's networks cannot take, in one line that says what to do.
    """

    def __init__(self, env, name=None, seeds=None):
        super().__init__(env)
        self.name = name or getattr(env.spec, "id", None) or type(env.unwrapped).__name__
        self._seeds = seeds
        self._read_action_space(env.single_action_space)
        self._read_observation_space(env.single_observation_space)
        self._trusted = isinstance(
            env.unwrapped, SystemVectorEnv
        )  # fresh float32 [E, O] arrays, nothing to convert
        if "autoreset_mode" not in env.metadata:
            raise ValueError(
                f'{self.name}: metadata["autoreset_mode"] is missing; state it as a gymnasium AutoresetMode'
            )
        if seeds is not None:
            sequence = np.random.SeedSequence(seeds)
            for space in (self.action_space, self.single_action_space):
                space.seed(int(sequence.generate_state(1)[0]))

    def _read_action_space(self, space):
        self._scale = None
        if isinstance(space, Discrete):
            self._start = int(space.start)
            self.single_action_space = Discrete(int(space.n))
        elif isinstance(space, Box) and np.issubdtype(space.dtype, np.floating):
            if not (np.isfinite(space.low).all() and np.isfinite(space.high).all()):
                raise ValueError(
                    f"{self.name}: {space} has an action without finite bounds, so [−1, 1] cannot be scaled to it; "
                    "wrap the environment to give its action_space finite low and high"
                )
            low, high = space.low.astype(np.float64), space.high.astype(np.float64)
            self._dtype, self._low, self._high = space.dtype, space.low, space.high
            self._scale, self._middle = (high - low) / 2, (high + low) / 2
            self._shape = (self.env.num_envs, *space.shape)
            self.single_action_space = Box(-1.0, 1.0, (math.prod(space.shape),), np.float32)
        else:
            raise ValueError(
                f"{self.name}: actions {space} are not supported; supported: {SUPPORTED_ACTIONS}"
            )
        self.action_space = batch_space(self.single_action_space, self.env.num_envs)

    def _read_observation_space(self, space):
        self._one_hot = None
        if isinstance(space, Discrete):
            self._one_hot, self._obs_start = np.eye(int(space.n), dtype=np.float32), int(space.start)
            self.single_observation_space = Box(0.0, 1.0, (int(space.n),), np.float32)
        elif isinstance(space, Box) and not (
            len(space.shape) >= 3 or (len(space.shape) == 2 and space.dtype == np.uint8)
        ):
            low, high = space.low.ravel().astype(np.float32), space.high.ravel().astype(np.float32)
            self.single_observation_space = Box(low, high, dtype=np.float32)
        else:
            kind = "images" if isinstance(space, Box) else type(space).__name__
            raise ValueError(
                f"{self.name}: observations {kind} {getattr(space, 'shape', None) or ''} are not supported; "
                f"supported: {SUPPORTED_OBSERVATIONS}; a wrapper such as gymnasium.wrappers.FlattenObservation makes one"
            )
        self.observation_space = batch_space(self.single_observation_space, self.env.num_envs)

    def reset(self, *, seed=None, options=None):
        if seed is None and self._seeds is not None:
            seed, self._seeds = self._seeds, None
            try:
                obs, info = self.env.reset(seed=seed, options=options)
            except (gymnasium.error.Error, TypeError):  # a vector environment with one stream for all
                obs, info = self.env.reset(seed=seed[0], options=options)
        else:
            obs, info = self.env.reset(seed=seed, options=options)
        return self._observations(obs), info

    def step(self, action):
        obs, reward, terminated, truncated, info = self.env.step(self._actions(action))
        if self._trusted:
            return obs, reward, terminated, truncated, info
        if info.get("final_obs") is not None:
            info = {**info, "final_obs": self._final(info["final_obs"], terminated | truncated)}
        return self._observations(obs), np.asarray(reward, np.float64), terminated, truncated, info

    def _actions(self, action):
        if self._scale is None:
            return action + self._start if self._start else action
        action = np.asarray(action, np.float64).reshape(self._shape) * self._scale + self._middle
        return np.minimum(np.maximum(action.astype(self._dtype), self._low), self._high)

    def _observations(self, obs):
        if self._trusted:
            return obs
        if self._one_hot is not None:
            return self._one_hot[np.asarray(obs) - self._obs_start]
        try:
            return np.array(obs, dtype=np.float32).reshape(self.env.num_envs, -1)
        except (TypeError, ValueError):
            raise EnvironmentFault(f"observation {_shape_of(obs)} cannot be read as numbers") from None

    def _final(self, final, done):
        """The final observations [E, O]; rows of environments whose episode goes on are meaningless."""
        out = np.zeros((self.env.num_envs, self.single_observation_space.shape[0]), np.float32)
        for i in np.flatnonzero(done):
            row = np.asarray(final[i])
            out[i] = self._one_hot[int(row) - self._obs_start] if self._one_hot is not None else row.ravel()
        return out


# ------------------------------------------------------------------------------------------------- transitions


class Stepper:
    """s, a ↦ (s, a, r, terminated, truncated, s′): the one place that knows when an environment resets itself.

    Gymnasium's vector environments restart an ended episode in the same step (SAME_STEP: the final observation is in
    `info["final_obs"]`), in the next one (NEXT_STEP: that step ignores the action; here `valid` is False), or leave
    it to the caller (DISABLED: done here). The valid transitions are the same in all three.

    env: what `make` returns, or any `VectorEnv` whose spaces the course supports.
    Raises EnvironmentFault (environment and step named) for a reward, observation or action that is not finite or has
    the wrong shape.
    """

    def __init__(self, env):
        self.env = env if isinstance(env, CourseEnv) else CourseEnv(env)
        self.name = self.env.name
        self.num_envs = self.env.num_envs
        self.discrete = isinstance(self.env.single_action_space, Discrete)
        self.obs_size = self.env.single_observation_space.shape[0]
        self.action_size = (
            int(self.env.single_action_space.n) if self.discrete else self.env.single_action_space.shape[0]
        )
        self.mode = self.env.metadata["autoreset_mode"]
        self.steps = 0  # calls of step so far
        self.exact = self._is_exact()  # does restore(state()) continue exactly?
        self._action_shape = (self.num_envs,) if self.discrete else (self.num_envs, self.action_size)
        self._obs_shape = (self.num_envs, self.obs_size)
        self._all = np.ones(self.num_envs, bool)
        self.reset()

    def reset(self):
        """Start a new episode everywhere; returns obs [E, O]."""
        try:
            obs, _ = self.env.reset()
        except EnvironmentFault as fault:
            raise EnvironmentFault(f"{self.name}, reset: {fault}") from None
        self.obs = obs
        self._resetting = ~self._all  # [E] the next step of a NEXT_STEP environment only resets it
        self._returns = np.zeros(self.num_envs)
        self._lengths = np.zeros(self.num_envs, np.int64)
        self._check_finite("observation of reset", obs, self._obs_shape)
        return obs

    def step(self, action):
        """One step of all environments: action [E, A] (clipped to [−1, 1]) or [E] int -> Transition."""
        obs, action = self.obs, self._legal(action)
        try:
            next_obs, reward, terminated, truncated, info = self.env.step(action)
        except EnvironmentFault as fault:
            raise EnvironmentFault(f"{self.name}, step {self.steps}: {fault}") from None

        done = terminated | truncated
        valid, finished = self._all, []
        self._returns += reward
        self._lengths += 1
        self.obs = next_obs
        if self.mode is AutoresetMode.NEXT_STEP:
            valid = ~self._resetting
            self._returns[self._resetting] = 0.0
            self._lengths[self._resetting] = 0
            self._resetting = done
        if done.any():
            if self.mode is AutoresetMode.SAME_STEP:
                next_obs = np.where(done[:, None], info["final_obs"], next_obs)
            elif self.mode is AutoresetMode.DISABLED:
                self.obs, _ = self.env.reset(options={"reset_mask": done})
            ended = np.flatnonzero(done & valid)
            finished = [(int(i), float(self._returns[i]), int(self._lengths[i])) for i in ended]
            self._returns[done] = 0.0
            self._lengths[done] = 0
            self._check_finite("observation of reset", self.obs, self._obs_shape)

        # One sum says whether every number is finite; only if not is the culprit looked for
        total = np.vdot(reward, reward) + np.vdot(next_obs, next_obs)
        if not total < math.inf or next_obs.shape != self._obs_shape:
            self._check_finite("reward", reward, (self.num_envs,))
            self._check_finite("observation", next_obs, self._obs_shape)
        self.steps += 1
        return Transition(obs, action, reward, terminated, truncated, next_obs, valid, finished)

    def _legal(self, action):
        action = np.asarray(action) if self.discrete else np.asarray(action, np.float32)
        if action.shape != self._action_shape:
            raise ValueError(f"{self.name}: action has shape {action.shape}, expected {self._action_shape}")
        if self.discrete:
            if action.dtype.kind not in "iu" or action.min() < 0 or action.max() >= self.action_size:
                raise ValueError(
                    f"{self.name}: actions must be integers 0 … {self.action_size - 1}, got {action}"
                )
            return action
        if not np.vdot(action, action) < math.inf:
            self._check_finite("action (from the policy, not the environment)", action, self._action_shape)
        return np.minimum(np.maximum(action, -1.0), 1.0)

    def _check_finite(self, what, value, shape):
        if value.shape != shape:
            raise EnvironmentFault(
                f"{self.name}, step {self.steps}: {what} has shape {value.shape}, expected {shape}"
            )
        bad = ~np.isfinite(value)
        if bad.any():
            index = np.argwhere(bad)[0]
            raise EnvironmentFault(
                f"{self.name}, env {index[0]}, step {self.steps}: {what} is {value[tuple(index)]}; training stops here"
            )

    # ------------------------------------------------------------------------------------------------ resume

    def _is_exact(self):
        inner = self.env.unwrapped
        if isinstance(inner, SystemVectorEnv):
            return True
        return (
            isinstance(inner, SyncVectorEnv)
            and self.mode is AutoresetMode.SAME_STEP
            and all(isinstance(env, Episode) for env in inner.envs)
        )

    def state(self):
        """Everything the next steps depend on, as a flat dict of arrays and JSON-able values.

        The course's own environments give their state and streams; an environment made by `make` from Gymnasium gives,
        per copy, the random state of its last reset and the actions since (see `Episode`). `exact` is False for
        others, and for an episode too long to be replayed: `restore` then starts new episodes.
        """
        state = {
            "obs": self.obs.copy(),
            "returns": self._returns.copy(),
            "lengths": self._lengths.copy(),
            "resetting": self._resetting.copy(),
            "steps": self.steps,
        }
        inner = self.env.unwrapped
        if isinstance(inner, SystemVectorEnv):
            state |= inner.snapshot()
        elif self._is_exact():
            episodes = [env.snapshot() for env in inner.envs]
            if all(episodes):
                state["env_actions"] = np.concatenate(
                    [e.pop("actions").reshape(n, -1) for e, n in _with_lengths(episodes)]
                )
                state["env_episodes"] = episodes
        state["exact"] = any(key.startswith("env_") for key in state)
        return state

    def restore(self, state):
        """Continue from `state` as if never interrupted; if that cannot be done, warn, start new episodes, exact = False."""
        self.steps = int(state["steps"])
        self.exact = bool(state["exact"]) and self._restore_environments(state)
        if not self.exact:
            warnings.warn(
                f"{self.name}: its state cannot be restored exactly; new episodes are started", stacklevel=2
            )
            self.reset()
            return
        self.env._seeds = None
        self.obs = np.array(state["obs"], np.float32)
        self._returns = np.array(state["returns"], np.float64)
        self._lengths = np.array(state["lengths"], np.int64)
        self._resetting = np.array(state["resetting"], bool)

    def _restore_environments(self, state):
        inner = self.env.unwrapped
        if isinstance(inner, SystemVectorEnv):
            inner.restore(state)
            return True
        if not self._is_exact():
            return False
        reached, start = [], 0
        for env, episode in zip(inner.envs, state["env_episodes"], strict=True):
            stop = start + episode["length"]
            actions = state["env_actions"][start:stop].reshape(-1, *(inner.single_action_space.shape or ()))
            reached.append(env.restore({**episode, "actions": actions}))
            start = stop
        return np.array_equal(self.env._observations(np.stack(reached)), state["obs"])


def _with_lengths(episodes):
    for episode in episodes:
        episode["length"] = len(episode["actions"])
        yield episode, episode["length"]
