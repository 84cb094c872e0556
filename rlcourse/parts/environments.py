"""Environments as the trainers see them: E at once, actions in [−1, 1], one kind of transition.

    env = make("Pendulum-v1", num_envs=8, seed=0)     # any Gymnasium id, or a factory
    stepper = Stepper(env)                            # understands every autoreset mode
    transition = stepper.step(policy(stepper.obs))    # next_obs is the true successor, always

`worlds` has the course's own environments, `wrappers.py` what adapts everybody else's.
"""

import contextlib
import importlib
import inspect
import math
import re
import sys
import warnings
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from numbers import Real
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from gymnasium.spaces import Discrete
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv

from rlcourse.parts.randomness import environment_seeds
from rlcourse.parts.room import must_fit
from rlcourse.parts.worlds import SystemVectorEnv
from rlcourse.parts.wrapped import by_member, chain, see_again, seen_by, unlike, with_ledger
from rlcourse.parts.wrappers import CourseEnv, EnvironmentFault, Episode, close_all

LARGEST = float(np.finfo(np.float32).max)


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

    A factory makes a new environment at each call: one that is in use is refused, until it is closed.

    Raises ValueError (spaces, seeds, unknown ids, one environment in two places, more of them than fit into
    memory), TypeError (what `env` is), ImportError (a missing package).
    """
    if not isinstance(num_envs, int | np.integer) or num_envs < 1:
        raise ValueError(f"make: num_envs must be an integer ≥ 1, got {num_envs!r}")
    must_fit(
        f"make: even at a kilobyte each, a set of {num_envs:,} environments",
        1000 * int(num_envs),
        "take fewer (num_envs, seeds, episodes of an evaluation)",
    )
    seeds = environment_seeds(seed, num_envs)
    if isinstance(env, str):
        return _adapted(_from_id(env, num_envs, twin), env, seeds)
    if isinstance(env, Configured):
        return _adapted(_from_id(env.id, num_envs, False, env.settings), str(env), seeds)
    if callable(env) and not isinstance(env, gymnasium.Env | VectorEnv):
        try:
            return _adapted(_from_factory(env, num_envs), None, seeds)
        except gymnasium.error.DependencyNotInstalled as error:
            raise missing_package("the environment", error) from error
    raise TypeError(
        f"make: env must be a Gymnasium id or a factory, got {type(env).__name__}; "
        "pass a function that returns the environment, for example lambda: MyEnv()"
    )


@dataclass(frozen=True)
class Configured:
    """A Gymnasium id, made with keyword arguments of its own: `configured` makes one, `make` takes it."""

    id: str
    settings: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.id}({', '.join(f'{name}={value!r}' for name, value in self.settings.items())})"

    def __call__(self, **more: Any) -> gymnasium.Env:
        return gymnasium.make(self.id, **{**self.settings, **more})


def configured(env: str | Callable, settings: Mapping[str, Any] | None) -> str | Callable:
    """The environment made with these keyword arguments: an id or a factory. Without any, itself.

    An id's vectorised twin has constants of its own, so Gymnasium's is made. Raises TypeError for settings
    that are no dictionary, and for an environment that is neither an id nor a factory.
    """
    if not settings:
        return env
    if not isinstance(settings, Mapping) or not all(isinstance(name, str) for name in settings):
        raise TypeError(f"env_kwargs must be a dictionary {{name: value}}, got {settings!r}")
    if not isinstance(env, str) and not callable(env):
        raise TypeError(f"env_kwargs need an id or a factory, got {type(env).__name__}")
    return Configured(env, dict(settings)) if isinstance(env, str) else partial(env, **settings)


GYMNASIUMS_EXTRAS = ("box2d", "classic-control", "mujoco", "toy-text")  # that pyproject.toml has, too
_IN_USE = weakref.WeakValueDictionary()  # {id of an innermost environment: the CourseEnv that steps it}


def _adapted(env, name, seeds):
    """CourseEnv(env), and a note of what it steps. What cannot be adapted is closed."""
    before, inner = None, env
    if isinstance(env, CourseEnv):  # made by a factory that calls `make`: it hands its copies on
        before, inner = env, env.env
    copies = [one.unwrapped for one in getattr(inner.unwrapped, "envs", None) or [inner]]
    taken = [_IN_USE.get(id(copy)) for copy in copies]
    if len({id(copy) for copy in copies}) < len(copies) or any(
        user is not None and user is not before and not user.closed for user in taken
    ):
        raise ValueError(
            f"make: the factory returned one {type(copies[0]).__name__} in two places (copies, training and "
            "evaluation each need their own); make a new one at each call: lambda: MyEnv()"
        )
    try:
        adapted = CourseEnv(inner, name, seeds)
    except ValueError:
        inner.close()
        raise
    _IN_USE.update({id(copy): adapted for copy in copies})
    return adapted


def _from_id(name, num_envs, twin, settings=None):
    settings = dict(settings or {})
    with one_line_errors(name, settings):
        module, _, name = name.rpartition(":")  # "module:id" imports the module that registers the id
        if module:
            importlib.import_module(module)
        if twin and f"rlcourse/{name}" in gymnasium.registry:
            name = f"rlcourse/{name}"
        spec = gymnasium.registry.get(name)
        if spec is not None and (spec.entry_point is None or spec.namespace == "rlcourse"):
            return gymnasium.make_vec(name, num_envs=num_envs, **settings)
        return _from_factory(partial(gymnasium.make, name, **settings), num_envs)


@contextlib.contextmanager
def one_line_errors(name: str, settings: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Within, what cannot be made is said in one line: ValueError, or ImportError for a missing package."""
    try:
        yield
    except gymnasium.error.UnregisteredEnv as error:
        raise ValueError(f"{name} is no environment of Gymnasium's: {_one_line(error)}") from error
    except (gymnasium.error.DependencyNotInstalled, ImportError) as error:
        if "moved to" in str(error):  # MuJoCo's versions 2 and 3: no package brings them back
            newest = _newest(name)
            raise ValueError(f"{name} is a version that Gymnasium has given up; take {newest}") from error
        raise missing_package(name, error) from error
    except (gymnasium.error.Error, AttributeError) as error:
        raise ValueError(f"{name!r} cannot be made: {_one_line(error)}") from error
    except TypeError as error:  # a keyword argument that the environment does not know, or misses
        if "argument" not in str(error):
            raise
        made_with = dict(settings) if settings else "no arguments"
        remedy = "correct env_kwargs" if settings else "give env_kwargs"
        raise ValueError(f"{name} cannot be made with {made_with}: {_one_line(error)}; {remedy}") from error


def _newest(name):
    """The latest version of an id that Gymnasium registers: HalfCheetah-v3 → HalfCheetah-v5."""
    space, family, _ = gymnasium.envs.registration.parse_env_id(name)
    kin = [spec for spec in gymnasium.registry.values() if (spec.namespace, spec.name) == (space, family)]
    return max(kin, key=lambda spec: spec.version or 0).id


def missing_package(what: str, error: ImportError | gymnasium.error.DependencyNotInstalled) -> ImportError:
    """The ImportError that says, in one line, how the course's environment gets what `what` needs."""
    named = re.search(r"(\w+) is not installed.*gymnasium\[([\w-]+)\]", str(error), re.DOTALL)
    extra = named.group(2).replace("_", "-") if named else ""
    if extra in GYMNASIUMS_EXTRAS:
        return ImportError(
            f"{what} needs {named.group(1)}; add it once with: python3 -m rlcourse lab --extra {extra} "
            "(or train, or test)"
        )
    return ImportError(
        f"{what} needs a package that is not here: {_one_line(error)} "
        f"(pip of this environment: {sys.executable} -m pip)"
    )


def _makes_many(factory):
    """Has it the argument num_envs? TypeError, in one line, for one that wants others, too."""
    within, given = factory, {}
    if isinstance(factory, partial):  # its keywords may be none of its function's: then it has no signature
        within, given = factory.func, factory.keywords
    try:
        signature = inspect.signature(within)
    except ValueError:  # some built-in callables have none
        return False
    many = "num_envs" in signature.parameters and "num_envs" not in given
    try:
        signature.bind(*getattr(factory, "args", ()), **given, **({"num_envs": 1} if many else {}))
    except TypeError as error:
        said = f" with {', '.join(f'{name}={value!r}' for name, value in given.items())}" if given else ""
        raise TypeError(
            f"make: the factory, which takes {signature}, cannot be called{said or ' without arguments'} "
            f"({error}); give a function that needs none, lambda: MyEnv(…), or its arguments by env_kwargs"
        ) from None
    return many


def _from_factory(factory, num_envs):
    if _makes_many(factory):
        env = factory(num_envs=num_envs)
        if not isinstance(env, VectorEnv) or env.num_envs != num_envs:
            raise TypeError(
                f"make: the factory must return a VectorEnv of {num_envs} environments, got {env!r}"
            )
        return env

    made = []

    def one(index):
        env = factory()
        if not isinstance(env, gymnasium.Env):
            raise TypeError(
                f"make: the factory must return a gymnasium.Env, got {type(env).__name__}; "
                "a factory of vector environments has the argument num_envs"
            )
        made.append(env)
        return Episode(env, index)

    copies = [partial(one, i) for i in range(num_envs)]
    try:
        return SyncVectorEnv(copies, autoreset_mode=AutoresetMode.SAME_STEP)
    except BaseException as error:
        close_all(made)
        kinds = {f"{env.observation_space}, {env.action_space}" for env in made if _has_spaces(env)}
        if isinstance(error, (RuntimeError, AssertionError)) and len(kinds) > 1:  # Gymnasium ≥ 1.4, before
            raise ValueError(
                f"make: the factory's environments differ in their spaces ({'; '.join(sorted(kinds))}); "
                "it must make the same kind at each call"
            ) from error
        raise


def _has_spaces(env):
    return hasattr(env, "observation_space") and hasattr(env, "action_space")


def _one_line(error):
    return " ".join(str(error).split())


LONGEST_EPISODE = 10_000  # steps after which an episode is cut, where no time limit is declared


def longest_steps(time_limit: float | None, wanted: int | None = None) -> int:
    """After how many steps an episode is cut: as wanted, else as declared, else LONGEST_EPISODE.

    One step more than is declared: the environment's own end comes first.
    """
    if wanted is None:
        wanted = LONGEST_EPISODE if time_limit in (None, math.inf) else time_limit + 1
    return int(wanted)


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
    innermost: do the episodes' returns count what the innermost environments pay, whatever wrappers make of
      it? changed: have wrappers changed a reward so far? (known where `innermost`)
    seen: what normalisers among the wrappers scale by, and learn no more (the `seen` of another Stepper).
    longest_episode: steps after which one who waits for an episode's end cuts it (`longest_steps`).
    Raises EnvironmentFault, naming environment and step, for a reward, an observation or an action that is
    not finite in float32, which the networks compute in, or has the wrong shape.
    """

    def __init__(
        self, env: VectorEnv, longest_episode: int | None = None, innermost: bool = False,
        seen: dict | None = None,
    ):  # fmt: skip
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
        self.longest_episode = longest_steps(self.time_limit, longest_episode)
        if seen is not None:
            see_again(self.env.env, seen, frozen=True)
            if (told := unlike(self.env.env, seen)) is not None:
                warnings.warn(f"{self.name}: {told}", stacklevel=3)
        self._ledger, self.changed = with_ledger(self.env.env) if innermost else None, False
        self._holding = False
        self._action_shape = (self.num_envs,) if self.discrete else (self.num_envs, self.action_size)
        self._all = np.ones(self.num_envs, bool)
        try:
            self.env.warn_if_outside(self.reset())
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close every environment; one that cannot be is said, and the others are closed all the same."""
        self.env.close()

    def reset(self) -> np.ndarray:
        """Start a new episode everywhere; returns obs [E, O]."""
        try:
            self.obs, _ = self.env.reset()
        except EnvironmentFault as fault:
            raise EnvironmentFault(f"{self.name}, reset before step {self.steps}: {fault}") from None
        self._check("observation of reset", self.obs, (self.num_envs, self.obs_size))
        self._earned(None)
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
        self._returns += self._earned(reward)
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
                self._earned(None)

        # One sum tells whether every number is finite; only if it is not, the culprit is looked for
        total = np.vdot(reward, reward) + np.vdot(next_obs, next_obs)
        if not total < LARGEST**2 or next_obs.shape != obs.shape:
            self._check("reward", reward, (self.num_envs,))
            self._check("observation", next_obs, obs.shape)
        if self.obs is not next_obs:
            self._check("observation of reset", self.obs, obs.shape)
        self.steps += 1
        return Transition(obs, action, reward, terminated, truncated, next_obs, valid, finished)

    def _earned(self, reward):
        """The reward that counts, [E]: the innermost one where that was asked for."""
        if self._ledger is None:
            return reward
        earned = self._ledger.take()
        if reward is None:
            return earned
        self.changed = self.changed or not np.allclose(earned, reward)
        return earned

    def restart(self, which: np.ndarray) -> None:
        """Start a new episode in these environments, which [E] bool; only where the Stepper `holds`."""
        obs = self._own.restart(which) if self._own is not None else self._restarted(which)
        self.obs = np.where(which[:, None], obs, self.obs)
        self._check("observation of reset", self.obs, (self.num_envs, self.obs_size))
        self._returns[which], self._lengths[which] = 0.0, 0

    def _restarted(self, which):
        pairs = zip(self._replayable, which, strict=True)
        try:
            return self.env.observations(np.stack([env.reset()[0] if new else env.obs for env, new in pairs]))
        except EnvironmentFault as fault:
            raise EnvironmentFault(f"{self.name}, reset before step {self.steps}: {fault}") from None

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
        bad = np.argwhere(~(np.abs(value) <= LARGEST))
        if len(bad):
            number = value[tuple(bad[0])]
            raise EnvironmentFault(
                f"{self.name}, env {bad[0][0]}, step {self.steps}: {what} is {number}; it must be finite"
                + (f", and at most {LARGEST:.1e}: scale it" if np.isfinite(number) else "")
            )

    # Resume. An environment of the course gives its state and streams. One that `make` built from Gymnasium
    # is reset as its current episode was and led through the same actions. Others start new episodes.

    @property
    def _own(self):
        return self.env.env if isinstance(self.env.env, SystemVectorEnv) else None

    @property
    def settable(self) -> SystemVectorEnv | None:
        """The environment where its state can be read and set: one of the course's own; otherwise None."""
        return self._own

    @property
    def _replayable(self):
        inner = self.env.env
        if isinstance(inner, SyncVectorEnv) and all(isinstance(env, Episode) for env in inner.envs):
            return inner.envs
        return None

    @property
    def running_returns(self) -> np.ndarray:
        """The return so far of each episode that is being played, [E]."""
        return self._returns.copy()

    def seen(self, members: int) -> dict | None:
        """What the normalisers of each member's wrappers have seen; None where there are none."""
        return by_member(seen_by(self.env.env), members)

    @property
    def innermost_name(self) -> str:
        """What the environment is that all wrappers are around."""
        inner = self.env.unwrapped
        one = inner.envs[0].unwrapped if getattr(inner, "envs", None) else inner
        return type(one).__name__

    @property
    def time_limit(self) -> float | None:
        """After how many steps an episode is over, as far as the environment declares it; inf: never.

        By its spec, by a TimeLimit, or by an attribute `max_episode_steps` of its own or of a wrapper's.
        """
        if self._own is not None:
            return self._own.max_episode_steps
        inner = self.env.unwrapped
        one = inner.envs[0] if getattr(inner, "envs", None) else inner
        limits = [one.spec.max_episode_steps] if one.spec is not None else []
        for layer in (*chain(one), one.unwrapped):
            own = layer._max_episode_steps if isinstance(layer, gymnasium.wrappers.TimeLimit) else None
            limits += [own, getattr(layer, "max_episode_steps", None)]
        return min((limit for limit in limits if isinstance(limit, Real) and limit >= 1), default=None)

    def state(self) -> dict:
        """All that the next steps depend on: a flat dict of arrays and JSON-able values."""
        state = {
            "obs": self.obs.copy(),
            "returns": self._returns.copy(),
            "lengths": self._lengths.copy(),
            "resetting": self._resetting.copy(),
            "steps": self.steps,
            "normalisers": seen_by(self.env.env),
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
            if "normalisers" in state:
                see_again(self.env.env, state["normalisers"])
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
