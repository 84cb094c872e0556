"""Environments as the trainers see them: E at once, actions in [−1, 1], one kind of transition.

    env = make("Pendulum-v1", num_envs=8, seed=0)     # any Gymnasium id, or a factory
    stepper = Stepper(env)                            # understands every autoreset mode
    transition = stepper.step(policy(stepper.obs))    # next_obs is the true successor, always

`worlds` has the course's own environments, `wrappers.py` what adapts everybody else's.
"""

import importlib
import inspect
import math
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import gymnasium
import numpy as np
from gymnasium.spaces import Discrete
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv

from rlcourse.parts.randomness import environment_seeds
from rlcourse.parts.worlds import SystemVectorEnv
from rlcourse.parts.wrappers import CourseEnv, EnvironmentFault, Episode


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


def make(
    env: str | Callable, num_envs: int = 1, seed: int | Sequence[int] | None = None, *, twin: bool = True
) -> VectorEnv:
    """E = `num_envs` environments in the course's form, as a `gymnasium.vector.VectorEnv`.

    env: a Gymnasium id ("module:id" imports the module first); or a factory: a function without arguments
      that returns a `gymnasium.Env`, or one with an argument `num_envs` that returns a `VectorEnv`. If
      `rlcourse/<id>` is registered it stands in for <id> (the same dynamics in NumPy, tested equal step by
      step); `twin=False` insists on Gymnasium's own.
    seed: an int, or a list of S ints with E = S·N: environment i then belongs to member i // N, and its
      random stream depends on that member's seed and on i % N only: a member meets the same episodes alone
      or among others. The first `reset()` uses the streams. `env.action_space.sample()` is seeded too, by
      one stream for all E together. (A factory of vector environments with a single stream gets a single
      seed.)

    Actions: [E, A] in [−1, 1], scaled per dimension to the environment's Box; or [E] int from 0.
    Observations: float32 [E, O], flattened; a Discrete observation becomes one-hot. Episodes restart in the
    step that ends them (SAME_STEP) wherever there is a choice; `env.metadata["autoreset_mode"]` says so.

    Raises ValueError (spaces, seeds, unknown ids), TypeError (what `env` is), ImportError (a missing
    package).
    """
    if not isinstance(num_envs, int | np.integer) or num_envs < 1:
        raise ValueError(f"make: num_envs must be an integer ≥ 1, got {num_envs!r}")
    seeds = environment_seeds(seed, num_envs)
    if isinstance(env, str):
        return CourseEnv(_from_id(env, num_envs, twin), env, seeds)
    if callable(env) and not isinstance(env, gymnasium.Env | VectorEnv):
        return CourseEnv(_from_factory(env, num_envs), None, seeds)
    raise TypeError(
        f"make: env must be a Gymnasium id or a factory, got {type(env).__name__}; "
        "pass a function that returns the environment, for example lambda: MyEnv()"
    )


def _from_id(name, num_envs, twin):
    try:
        module, _, name = name.rpartition(":")  # "module:id" imports the module that registers the id
        if module:
            importlib.import_module(module)
        if twin and f"rlcourse/{name}" in gymnasium.registry:
            name = f"rlcourse/{name}"
        spec = gymnasium.registry.get(name)
        if spec is not None and (spec.entry_point is None or spec.namespace == "rlcourse"):
            return gymnasium.make_vec(name, num_envs=num_envs)
        return _from_factory(partial(gymnasium.make, name), num_envs)
    except gymnasium.error.UnregisteredEnv as error:
        raise ValueError(f"{name} is no environment of Gymnasium's: {_one_line(error)}") from error
    except (gymnasium.error.DependencyNotInstalled, ImportError) as error:
        if "MuJoCo is not installed" in str(error):
            raise ImportError(f'{name} needs MuJoCo: pip install "rlcourse[mujoco]"') from error
        raise ImportError(f"{name} needs a package that is not here: {_one_line(error)}") from error


def _from_factory(factory, num_envs):
    try:
        makes_many = "num_envs" in inspect.signature(factory).parameters
    except ValueError:  # some built-in callables have no signature
        makes_many = False
    if makes_many:
        env = factory(num_envs=num_envs)
        if not isinstance(env, VectorEnv) or env.num_envs != num_envs:
            raise TypeError(
                f"make: the factory must return a VectorEnv of {num_envs} environments, got {env!r}"
            )
        return env.env if isinstance(env, CourseEnv) else env

    def one(index):
        env = factory()
        if not isinstance(env, gymnasium.Env):
            raise TypeError(
                f"make: the factory must return a gymnasium.Env, got {type(env).__name__}; "
                "a factory of vector environments has the argument num_envs"
            )
        return Episode(env, index)

    return SyncVectorEnv([partial(one, i) for i in range(num_envs)], autoreset_mode=AutoresetMode.SAME_STEP)


def _one_line(error):
    return " ".join(str(error).split())


class Stepper:
    """s, a ↦ (s, a, r, terminated, truncated, s′): the one place that knows how an environment resets itself.

    Gymnasium's vector environments restart an ended episode in the same step (SAME_STEP: the final
    observation is in `info["final_obs"]`), in the next one (NEXT_STEP: that step ignores the action; here
    `valid` is False), or leave it to the caller (DISABLED: done here). The valid transitions are the same in
    all three.

    env: what `make` returns, or any `VectorEnv` whose spaces the course supports. It is reset at once.
    obs: [E, O] float32, what to act on now.    steps: calls of `step` so far.
    obs_size, action_size, num_envs, discrete: O, A (the number of actions if discrete), E, and which it is.
    exact: does `restore(state())` continue exactly?    holds: can single environments be left as they are?
    Raises EnvironmentFault, naming environment and step, for a reward, an observation or an action that is
    not finite or has the wrong shape.
    """

    def __init__(self, env: VectorEnv):
        self.env = env if isinstance(env, CourseEnv) else CourseEnv(env)
        self.name = self.env.name
        self.num_envs = self.env.num_envs
        self.mode = self.env.metadata["autoreset_mode"]
        self.obs_size = self.env.single_observation_space.shape[0]
        actions = self.env.single_action_space
        self.discrete = isinstance(actions, Discrete)
        self.action_size = int(actions.n) if self.discrete else actions.shape[0]
        self.exact = self.holds = self._own is not None or self._replayable is not None
        self.steps = 0
        self._holding = False
        self._action_shape = (self.num_envs,) if self.discrete else (self.num_envs, self.action_size)
        self._all = np.ones(self.num_envs, bool)
        self.env.warn_if_outside(self.reset())

    def reset(self) -> np.ndarray:
        """Start a new episode everywhere; returns obs [E, O]."""
        try:
            self.obs, _ = self.env.reset()
        except EnvironmentFault as fault:
            raise EnvironmentFault(f"{self.name}, reset before step {self.steps}: {fault}") from None
        self._check("observation of reset", self.obs, (self.num_envs, self.obs_size))
        self._resetting = ~self._all  # [E] the next step of a NEXT_STEP environment only resets it
        self._returns = np.zeros(self.num_envs)
        self._lengths = np.zeros(self.num_envs, np.int64)
        return self.obs

    def step(self, action: np.ndarray, held: np.ndarray | None = None) -> Transition:
        """One step of all environments: action [E, A] (clipped to [−1, 1]) or [E] int -> Transition.

        held: [E] bool, environments that stay as they are, and whose transition is not valid; only where the
        Stepper can hold (`holds`).
        """
        obs, action = self.obs, self._legal(action)
        if held is not None or self._holding:
            self._hold(held)
        try:
            next_obs, reward, terminated, truncated, info = self.env.step(action)
        except EnvironmentFault as fault:
            raise EnvironmentFault(f"{self.name}, step {self.steps}: {fault}") from None
        self.obs = next_obs
        self._returns += reward
        self._lengths += 1 if held is None else ~held
        valid, finished, done = self._all if held is None else ~held, [], terminated | truncated

        if self.mode is AutoresetMode.NEXT_STEP:
            valid = ~self._resetting
            self._returns[self._resetting] = 0.0
            self._lengths[self._resetting] = 0
            self._resetting = done
        if done.any():
            ended = np.flatnonzero(done & valid)
            finished = [(int(i), float(self._returns[i]), int(self._lengths[i])) for i in ended]
            self._returns[done] = 0.0
            self._lengths[done] = 0
            if self.mode is AutoresetMode.SAME_STEP:
                if "final_obs" not in info:
                    raise EnvironmentFault(
                        f'{self.name}, step {self.steps}: SAME_STEP without info["final_obs"]'
                    )
                next_obs = np.where(done[:, None], info["final_obs"], next_obs)
            elif self.mode is AutoresetMode.DISABLED:
                self.obs, _ = self.env.reset(options={"reset_mask": done})

        # One sum tells whether every number is finite; only if it is not, the culprit is looked for
        total = np.vdot(reward, reward) + np.vdot(next_obs, next_obs)
        if not total < math.inf or next_obs.shape != obs.shape:
            self._check("reward", reward, (self.num_envs,))
            self._check("observation", next_obs, obs.shape)
        if self.obs is not next_obs:
            self._check("observation of reset", self.obs, obs.shape)
        self.steps += 1
        return Transition(obs, action, reward, terminated, truncated, next_obs, valid, finished)

    def _hold(self, held):
        if not self.holds:
            raise ValueError(f"{self.name}: environments of this kind cannot be held one by one")
        if self._own is not None:
            self._own.held = held
        else:
            for i, env in enumerate(self._replayable):
                env.held = held is not None and bool(held[i])
        self._holding = held is not None

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
            self._check("action (of the policy)", action, self._action_shape)
        return np.minimum(np.maximum(action, -1.0), 1.0)

    def _check(self, what, value, shape):
        if value.shape != shape:
            raise EnvironmentFault(
                f"{self.name}, step {self.steps}: {what} has shape {value.shape}, expected {shape}"
            )
        bad = np.argwhere(~np.isfinite(value))
        if len(bad):
            raise EnvironmentFault(
                f"{self.name}, env {bad[0][0]}, step {self.steps}: {what} is {value[tuple(bad[0])]}; "
                "it must be finite"
            )

    # Resume. An environment of the course gives its state and streams. One that `make` built from Gymnasium
    # is reset as its current episode was and led through the same actions. Others start new episodes.

    @property
    def _own(self):
        return self.env.env if isinstance(self.env.env, SystemVectorEnv) else None

    @property
    def _replayable(self):
        inner = self.env.env
        if isinstance(inner, SyncVectorEnv) and all(isinstance(env, Episode) for env in inner.envs):
            return inner.envs
        return None

    def state(self) -> dict:
        """All that the next steps depend on: a flat dict of arrays and JSON-able values."""
        state = {
            "obs": self.obs.copy(),
            "returns": self._returns.copy(),
            "lengths": self._lengths.copy(),
            "resetting": self._resetting.copy(),
            "steps": self.steps,
        }
        if self._own is not None:
            return state | self._own.snapshot()
        if self._replayable is not None:
            episodes = [env.snapshot() for env in self._replayable]
            if all(episodes):
                state["env_actions"] = np.concatenate([episode.pop("actions") for episode in episodes])
                state["env_episodes"] = episodes
        return state

    def restore(self, state: dict) -> None:
        """Continue from `state()` as if never interrupted; else warn, start new episodes, set exact False."""
        if np.shape(state["obs"]) != self.obs.shape:
            raise ValueError(
                f"{self.name}: state of obs {np.shape(state['obs'])}, this Stepper's are {self.obs.shape}"
            )
        self.steps = int(state["steps"])
        self.exact = self._restore_environments(state)
        if not self.exact:
            warnings.warn(f"{self.name}: not restored exactly; new episodes are started", stacklevel=2)
            self.reset()
            return
        self.obs = np.array(state["obs"], np.float32)
        self._returns = np.array(state["returns"], np.float64)
        self._lengths = np.array(state["lengths"], np.int64)
        self._resetting = np.array(state["resetting"], bool)

    def _restore_environments(self, state):
        if self._own is not None and "env_state" in state:
            self._own.restore(state)
            return True
        if self._replayable is None or "env_episodes" not in state:
            return False
        episodes = state["env_episodes"]
        actions = np.split(state["env_actions"], np.cumsum([episode["length"] for episode in episodes])[:-1])
        reached = [
            env.restore({**episode, "actions": own_actions})
            for env, episode, own_actions in zip(self._replayable, episodes, actions, strict=True)
        ]
        obs = self.env.observations(np.stack([obs for obs, _ in reached]))
        returns = [total for _, total in reached]
        return np.array_equal(obs, state["obs"]) and np.array_equal(returns, state["returns"])
