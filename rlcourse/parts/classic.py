"""Classic control problems whose equations of motion fit on a page, stepped many at a time in NumPy.

A *system* is a frozen record of constants with three pure functions: `start`, `step` and `observe`.
`SystemVectorEnv` moves E copies of one system together behind Gymnasium's `VectorEnv`; `SystemEnv` moves one
behind Gymnasium's `Env`. Importing this file, as `training` does, registers them under `rlcourse/`:

    gymnasium.make_vec("rlcourse/Pendulum-v1", num_envs=8)
    gymnasium.make_vec("rlcourse/Pendulum-v1", num_envs=8, system=Pendulum(g=1.62))  # on the moon
    gymnasium.make_vec("rlcourse.parts.classic:rlcourse/Pendulum-v1", num_envs=8)    # imports this file first

The physical state of all copies is `env.unwrapped.state` [E, D], its columns named by `system.state_names`:
draw it, or set it.
"""

from dataclasses import dataclass
from typing import ClassVar

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space


@dataclass(frozen=True)
class Pendulum:
    """ω ← clip(ω + (3g/2l · sin θ + 3/ml² · u) Δt, ±8),  θ ← θ + ω Δt,  r = −(θ² + 0.1 ω² + 0.001 u²)

    A rod hinged at one end; θ = 0 is upright, and θ in the reward is wrapped to [−π, π). The torque
    |u| ≤ 2 N m is too weak to lift the rod at once: it must be swung. The reward uses the state *before* the
    step. Equal to Gymnasium's Pendulum-v1 (constants, bounds, dtypes, starts), step by step; its source is
    gymnasium/envs/classic_control/pendulum.py.
    """

    g: float = 10.0  # m/s²
    m: float = 1.0  # kg
    l: float = 1.0  # m
    dt: float = 0.05  # s
    max_speed: float = 8.0  # rad/s
    max_torque: float = 2.0  # N m

    state_names: ClassVar = ("angle [rad]", "angular velocity [rad/s]")

    @property
    def action_space(self):
        return Box(-self.max_torque, self.max_torque, (1,), np.float32)

    @property
    def observation_space(self):
        high = np.array([1.0, 1.0, self.max_speed], np.float32)
        return Box(-high, high)

    def start(self, uniform):
        """θ ~ U(−π, π), ω ~ U(−1, 1): uniform [K, 2] in [0, 1) -> state [K, 2]."""
        high = np.array([np.pi, 1.0])
        return -high + 2 * high * uniform

    def step(self, state, action):
        """state [E, 2], action [E, 1] -> state [E, 2], reward [E], terminated [E] (never)."""
        angle, speed = state[:, 0], state[:, 1]
        torque = np.minimum(np.maximum(action[:, 0], -self.max_torque), self.max_torque)
        wrapped = (angle + np.pi) % (2 * np.pi) - np.pi
        cost = wrapped**2 + 0.1 * speed**2 + 0.001 * (torque**2)

        pull = 3 * self.g / (2 * self.l) * np.sin(angle) + 3.0 / (self.m * self.l**2) * torque
        new = np.empty_like(state)
        speed = np.minimum(np.maximum(speed + pull * self.dt, -self.max_speed), self.max_speed)
        new[:, 0] = angle + speed * self.dt
        new[:, 1] = speed
        return new, -cost, np.zeros(len(state), bool)

    def observe(self, state):
        """(cos θ, sin θ, ω): state [E, 2] -> float32 [E, 3]."""
        obs = np.empty((len(state), 3), np.float32)
        np.cos(state[:, 0], out=obs[:, 0])
        np.sin(state[:, 0], out=obs[:, 1])
        obs[:, 2] = state[:, 1]
        return obs


@dataclass(frozen=True)
class CartPole:
    """θ̈ = (g sin θ − f cos θ) / (l (4/3 − m cos² θ / M)),  ẍ = f − m l θ̈ cos θ / M

    with f = (F + m l θ̇² sin θ) / M. A pole hinged on a cart that is pushed left (action 0, F = −10 N) or
    right (action 1, F = +10 N); M is the mass of cart and pole together, l half the pole's length; Euler
    steps of Δt. Reward 1 per step, the last one included; terminated when |x| > 2.4 m or |θ| > 12°. Equal to
    Gymnasium's CartPole-v1, step by step; its source is gymnasium/envs/classic_control/cartpole.py.
    """

    gravity: float = 9.8  # m/s²
    cart_mass: float = 1.0  # kg
    pole_mass: float = 0.1  # kg
    half_length: float = 0.5  # m
    force: float = 10.0  # N
    dt: float = 0.02  # s
    max_position: float = 2.4  # m
    max_angle: float = 12 * 2 * np.pi / 360  # rad

    state_names: ClassVar = (
        "position [m]", "velocity [m/s]", "angle [rad]", "angular velocity [rad/s]",
    )  # fmt: skip

    @property
    def action_space(self):
        return Discrete(2)

    @property
    def observation_space(self):
        high = np.array([self.max_position * 2, np.inf, self.max_angle * 2, np.inf], np.float32)
        return Box(-high, high)

    def start(self, uniform):
        """Every coordinate ~ U(−0.05, 0.05): uniform [K, 4] in [0, 1) -> state [K, 4]."""
        return -0.05 + 0.1 * uniform

    def step(self, state, action):
        """state [E, 4], action [E] in {0, 1} -> state [E, 4], reward [E], terminated [E]."""
        x, x_dot, theta, theta_dot = state.T
        total_mass = self.pole_mass + self.cart_mass
        moment = self.pole_mass * self.half_length
        cos, sin = np.cos(theta), np.sin(theta)
        force = self.force * (2 * action - 1)

        f = (force + moment * np.square(theta_dot) * sin) / total_mass
        theta_acc = (self.gravity * sin - cos * f) / (
            self.half_length * (4.0 / 3.0 - self.pole_mass * np.square(cos) / total_mass)
        )
        x_acc = f - moment * theta_acc * cos / total_mass

        new = np.empty_like(state)
        x = new[:, 0] = x + self.dt * x_dot
        new[:, 1] = x_dot + self.dt * x_acc
        theta = new[:, 2] = theta + self.dt * theta_dot
        new[:, 3] = theta_dot + self.dt * theta_acc
        fallen = (np.abs(x) > self.max_position) | (np.abs(theta) > self.max_angle)
        return new, np.ones(len(state)), fallen

    def observe(self, state):
        """The state itself, in float32 [E, 4]."""
        return state.astype(np.float32)


@dataclass(frozen=True)
class DoubleIntegrator:
    """x ← x + v Δt + ½ a Δt²,  v ← v + a Δt,  r = −(x² + 0.1 v² + 0.1 a²),  −1 ≤ a ≤ 1

    A unit mass on a frictionless line, pushed by a force a that is held during Δt, so that the step is the
    exact solution of ẍ = a. The goal is to rest at 0. The reward uses the state before the step. Episodes
    last 100 steps (10 s) and are never terminated.

    The mass starts at rest, 1 to 2 m from the goal on a random side. One full push moves it by ½ Δt² = 5 mm:
    noise that is independent from step to step mostly cancels itself, noise that lasts carries it away.
    """

    dt: float = 0.1  # s

    state_names: ClassVar = ("position [m]", "velocity [m/s]")

    @property
    def action_space(self):
        return Box(-1.0, 1.0, (1,), np.float32)

    @property
    def observation_space(self):
        return Box(-np.inf, np.inf, (2,), np.float32)

    def start(self, uniform):
        """|x| ~ U(1, 2), either sign with probability ½, v = 0: uniform [K, 2] in [0, 1) -> state [K, 2]."""
        side = np.where(uniform[:, 1] < 0.5, -1.0, 1.0)
        return np.stack([side * (1 + uniform[:, 0]), np.zeros(len(uniform))], axis=1)

    def step(self, state, action):
        """state [E, 2], action [E, 1] -> state [E, 2], reward [E], terminated [E] (never)."""
        x, v = state[:, 0], state[:, 1]
        a = np.minimum(np.maximum(action[:, 0], -1.0), 1.0).astype(np.float64)
        new = np.empty_like(state)
        new[:, 0] = x + v * self.dt + 0.5 * a * self.dt**2
        new[:, 1] = v + a * self.dt
        return new, -(x**2 + 0.1 * v**2 + 0.1 * a**2), np.zeros(len(state), bool)

    def observe(self, state):
        """(x, v) in float32 [E, 2]."""
        return state.astype(np.float32)


class SystemVectorEnv(VectorEnv):
    """E copies of one system, moved by the same NumPy calls; an episode that ends restarts in the same step.

    Each copy has its own random stream: `reset(seed=7)` gives copy i the stream of seed 7 + i,
    `reset(seed=[...])` one seed each, as Gymnasium's `SyncVectorEnv` does. Observations are float32 [E, O],
    rewards float64 [E]; the last observations of ended episodes are in `info["final_obs"]` [E, O], masked by
    `info["_final_obs"]` [E].
    """

    metadata: ClassVar = {"autoreset_mode": AutoresetMode.SAME_STEP, "render_modes": []}

    def __init__(self, system, num_envs=1, max_episode_steps=None):
        self.system = system
        self.num_envs = num_envs
        self.max_episode_steps = np.inf if max_episode_steps is None else max_episode_steps
        self.single_observation_space = system.observation_space
        self.single_action_space = system.action_space
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.state = None  # [E, D] the physical state
        self.elapsed = None  # [E] steps taken in the current episode
        self.streams = [np.random.default_rng() for _ in range(num_envs)]

    @property
    def np_random(self):
        return tuple(self.streams)

    def reset(self, *, seed=None, options=None):
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

    def step(self, action):
        self.state, reward, terminated = self.system.step(self.state, action)
        self.elapsed += 1
        truncated = self.elapsed >= self.max_episode_steps
        obs = self.system.observe(self.state)
        done = terminated | truncated
        if not done.any():
            return obs, reward, terminated, truncated, {}

        info = {"final_obs": obs, "_final_obs": done}
        self.state[done] = self._starts(np.flatnonzero(done))
        self.elapsed[done] = 0
        return self.system.observe(self.state), reward, terminated, truncated, info

    def _starts(self, indices):
        dimension = len(self.system.state_names)
        return self.system.start(np.stack([self.streams[i].random(dimension) for i in indices]))

    def snapshot(self):
        """All that the next steps depend on: arrays and JSON-able values."""
        return {
            "env_state": self.state.copy(),
            "env_elapsed": self.elapsed.copy(),
            "env_streams": [stream.bit_generator.state for stream in self.streams],
        }

    def restore(self, snapshot):
        """Continue from `snapshot` as if never interrupted."""
        self.state = np.array(snapshot["env_state"], np.float64)
        self.elapsed = np.array(snapshot["env_elapsed"], np.int64)
        for stream, state in zip(self.streams, snapshot["env_streams"], strict=True):
            stream.bit_generator.state = state


class SystemEnv(gymnasium.Env):
    """One copy of a system as a plain Gymnasium environment; `gymnasium.make` adds the time limit."""

    metadata: ClassVar = {"render_modes": []}

    def __init__(self, system):
        self.system = system
        self.observation_space = system.observation_space
        self.action_space = system.action_space
        self.state = None  # [D]

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        _refuse(options)
        self.state = self.system.start(self.np_random.random((1, len(self.system.state_names))))[0]
        return self.system.observe(self.state[None])[0], {}

    def step(self, action):
        state, reward, terminated = self.system.step(self.state[None], np.asarray(action)[None])
        self.state = state[0]
        return self.system.observe(state)[0], float(reward[0]), bool(terminated[0]), False, {}


def _refuse(options):
    if options:
        raise ValueError(f"reset takes no options here, got {options}; set env.unwrapped.state instead")


def register():
    """Make the systems known to Gymnasium (once: a second import changes nothing)."""
    for name, system, limit in (
        ("rlcourse/Pendulum-v1", Pendulum(), 200),
        ("rlcourse/CartPole-v1", CartPole(), 500),
        ("rlcourse/DoubleIntegrator-v0", DoubleIntegrator(), 100),
    ):
        if name not in gymnasium.registry:
            gymnasium.register(
                name,
                entry_point=f"{__name__}:SystemEnv",
                vector_entry_point=f"{__name__}:SystemVectorEnv",
                max_episode_steps=limit,
                kwargs={"system": system},
            )


register()
