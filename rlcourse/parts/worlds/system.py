"""Many copies of a world moved by the same NumPy calls, as Gymnasium's `VectorEnv`; one, as its `Env`.

A *system* is a frozen record of constants with pure functions: `start`, `step`, `observe` and `scene`, how
it looks. The physical state of all copies is `env.unwrapped.state` [E, D], its columns named by
`system.state_names`: draw it, or set it.

A world of chance draws nothing itself. It says how many numbers a step needs, `chance = 1`, and is handed
them, `step(state, action, uniform)`, from the stream of each copy: its rewards are those of the run's seeds.
"""

from typing import Any, ClassVar, Protocol

import gymnasium
import numpy as np
from gymnasium.spaces import Space
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from rlcourse.parts.shapes import Scene


class System(Protocol):
    """What `SystemVectorEnv` asks of a world. E copies, K of them starting, D numbers of state, O seen."""

    id: ClassVar[str]  # as Gymnasium knows it
    episode_steps: ClassVar[int]  # where the clock ends an episode
    state_names: ClassVar[tuple[str, ...]]  # [D] with their units
    action_space: Space
    observation_space: Space

    def start(self, uniform: np.ndarray) -> np.ndarray:
        """uniform [K, D] in [0, 1) -> state [K, D]."""

    def step(self, state: np.ndarray, action: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """state [E, D], action [E, ...] -> a new state [E, D], reward [E], terminated [E].

        With a field `chance`, a number C ≥ 1, a third argument: uniform [E, C] in [0, 1).
        """

    def observe(self, state: np.ndarray) -> np.ndarray:
        """state [E, D] -> a new float32 [E, O]."""

    def scene(self, obs: np.ndarray, action: np.ndarray | int) -> Scene:
        """obs [O] and the action taken there, in the world's own units -> its picture."""


class SystemVectorEnv(VectorEnv):
    """E copies of one system, moved by the same NumPy calls; an episode that ends restarts in the same step.

    Each copy has its own random stream: `reset(seed=7)` gives copy i the stream of seed 7 + i,
    `reset(seed=[...])` one seed each, as Gymnasium's `SyncVectorEnv` does. Observations are float32 [E, O],
    rewards float64 [E]; the last observations of ended episodes are in `info["final_obs"]` [E, O], masked by
    `info["_final_obs"]` [E].
    """

    metadata: ClassVar = {"autoreset_mode": AutoresetMode.SAME_STEP, "render_modes": []}

    def __init__(self, system: System, num_envs: int = 1, max_episode_steps: int | None = None):
        self.system = system
        self.num_envs = num_envs
        self.max_episode_steps = np.inf if max_episode_steps is None else max_episode_steps
        self.single_observation_space = system.observation_space
        self.single_action_space = system.action_space
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.state = None  # [E, D] the physical state
        self.elapsed = None  # [E] steps taken in the current episode
        self.held = None  # [E] bool: copies that a step leaves as they are; None: it moves them all
        self.streams = [np.random.default_rng() for _ in range(num_envs)]

    @property
    def np_random(self) -> tuple[np.random.Generator, ...]:
        """One stream a copy."""
        return tuple(self.streams)

    def reset(
        self, *, seed: int | list[int] | None = None, options: dict | None = None
    ) -> tuple[np.ndarray, dict]:
        """New episodes everywhere -> obs [E, O], {}; ValueError for options, or for seeds that are not E."""
        _refuse(options)
        if isinstance(seed, int | np.integer):
            seed = [int(seed) + i for i in range(self.num_envs)]
        if seed is not None:
            if len(seed) != self.num_envs:
                raise ValueError(f"reset: {len(seed)} seeds for {self.num_envs} environments; give one each")
            self.streams = [np.random.default_rng(s) for s in seed]
        self.state = self._starts(range(self.num_envs))
        self.elapsed = np.zeros(self.num_envs, np.int64)
        return self.system.observe(self.state), {}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict]:
        """action [E, A] or [E] -> obs [E, O], reward [E], terminated [E], truncated [E], info."""
        if self.held is None:
            self.state, reward, terminated = self.system.step(
                self.state, action, *_chance(self.system, self.streams)
            )
            self.elapsed += 1
        else:
            reward, terminated = self._step_the_free(action)
        truncated = self.elapsed >= self.max_episode_steps
        obs = self.system.observe(self.state)
        done = terminated | truncated
        if not done.any():
            return obs, reward, terminated, truncated, {}

        info = {"final_obs": obs, "_final_obs": done}
        self.state[done] = self._starts(np.flatnonzero(done))
        self.elapsed[done] = 0
        return self.system.observe(self.state), reward, terminated, truncated, info

    def _step_the_free(self, action: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Reward and end of a step of the copies that are not held; 0 and False for those that are."""
        free = np.flatnonzero(~self.held)
        reward, terminated = np.zeros(self.num_envs), np.zeros(self.num_envs, bool)
        if len(free):
            chance = _chance(self.system, [self.streams[i] for i in free])
            self.state = self.state.copy()
            self.state[free], reward[free], terminated[free] = self.system.step(
                self.state[free], action[free], *chance
            )
            self.elapsed[free] += 1
        return reward, terminated

    def restart(self, which: np.ndarray) -> np.ndarray:
        """New episodes in these copies, which [E] bool -> obs [E, O] of all."""
        self.state = self.state.copy()
        self.state[which] = self._starts(np.flatnonzero(which))
        self.elapsed[which] = 0
        return self.system.observe(self.state)

    def _starts(self, indices: np.ndarray | range) -> np.ndarray:
        dimension = len(self.system.state_names)
        return self.system.start(np.stack([self.streams[i].random(dimension) for i in indices]))

    def snapshot(self) -> dict[str, Any]:
        """All that the next steps depend on: arrays and JSON-able values."""
        return {
            "env_state": self.state.copy(),
            "env_elapsed": self.elapsed.copy(),
            "env_streams": [stream.bit_generator.state for stream in self.streams],
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Continue from `snapshot` as if never interrupted."""
        self.state = np.array(snapshot["env_state"], np.float64)
        self.elapsed = np.array(snapshot["env_elapsed"], np.int64)
        for stream, state in zip(self.streams, snapshot["env_streams"], strict=True):
            stream.bit_generator.state = state


class SystemEnv(gymnasium.Env):
    """One copy of a system as a plain Gymnasium environment; `gymnasium.make` adds the time limit."""

    metadata: ClassVar = {"render_modes": []}

    def __init__(self, system: System):
        self.system = system
        self.observation_space = system.observation_space
        self.action_space = system.action_space
        self.state = None  # [D]

    def reset(self, *, seed: int | None = None, options: dict | None = None) -> tuple[np.ndarray, dict]:
        """A new episode -> obs [O], {}; ValueError for options."""
        super().reset(seed=seed)
        _refuse(options)
        self.state = self.system.start(self.np_random.random((1, len(self.system.state_names))))[0]
        return self.system.observe(self.state[None])[0], {}

    def step(self, action: np.ndarray | int) -> tuple[np.ndarray, float, bool, bool, dict]:
        """action [A] or a number -> obs [O], reward, terminated, False (the wrapper has the clock), {}."""
        chance = _chance(self.system, [self.np_random])
        state, reward, terminated = self.system.step(self.state[None], np.asarray(action)[None], *chance)
        self.state = state[0]
        return self.system.observe(state)[0], float(reward[0]), bool(terminated[0]), False, {}


def _chance(system: System, streams: list[np.random.Generator]) -> tuple[np.ndarray, ...]:
    """What a step draws, from each copy's own stream: (uniform [E, C],), or () without chance."""
    count = getattr(system, "chance", 0)
    return (np.stack([stream.random(count) for stream in streams]),) if count else ()


def _refuse(options: dict | None) -> None:
    if options:
        raise ValueError(f"reset takes no options here, got {options}; set env.unwrapped.state instead")


def system_of(env: gymnasium.Env | VectorEnv) -> Any | None:
    """The system that an environment moves, under whatever wrappers; of the first copy; None without one."""
    env = env.unwrapped
    if getattr(env, "envs", None):  # Gymnasium's SyncVectorEnv holds its copies
        env = env.envs[0].unwrapped
    return getattr(env, "system", None)
