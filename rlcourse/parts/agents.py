"""Agents act and remember; algorithms learn. One agent object holds all S seeds of a run, side by side."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from rlcourse.parts.memory import ReplayBuffer, RunningMoments
from rlcourse.parts.networks import LOG_STD_RANGE, Adam, Network, distribution
from rlcourse.parts.noise import ACT, INITIALISE, LEARN, Streams


class Spaces(NamedTuple):
    """What an algorithm needs to know of an environment."""

    obs_size: int
    action_size: int  # dimensions of a continuous action, or the number of discrete ones
    discrete: bool


class Policy:
    """A trained policy for S seeds: act(obs [S, B, O]) → actions [S, B, A] in [−1, 1], or integers [S, B].

    kind: "deterministic" (the network's output), "gaussian" or "categorical". A policy of one seed also takes
    [B, O] or [O]. It is a snapshot: further training does not change it.
    """

    def __init__(self, network, kind, moments=None):
        self.network, self.kind, self.moments = network, kind, moments

    @torch.no_grad()
    def act(self, obs, deterministic=True, rng=None):
        """The mean or most probable action; with deterministic=False, a sample (rng: a NumPy Generator)."""
        obs = torch.as_tensor(np.asarray(obs), dtype=torch.float32)
        missing = 3 - obs.ndim
        if (
            obs.shape[-1] != self.network.sizes[0]
            or missing not in (0, 1, 2)
            or (missing and len(self.network.flat) > 1)
        ):
            expected = f"[{len(self.network.flat)}, B, {self.network.sizes[0]}]"
            raise ValueError(f"Policy.act: observations must be {expected}, got {tuple(obs.shape)}")
        obs = obs[(None,) * missing]
        if self.moments is not None:
            obs = self.moments.normalise(obs)
        action = self._act(obs, deterministic, np.random.default_rng() if rng is None else rng)
        return action[(0,) * missing]

    def _act(self, obs, deterministic, rng):
        output = self.network.numpy(obs.numpy())
        if self.kind == "deterministic":
            return output
        discrete = self.kind == "categorical"
        if deterministic:
            return output.argmax(-1) if discrete else np.clip(output, -1, 1)
        draws = (
            rng.random(output.shape[:-1])
            if discrete
            else rng.standard_normal(output.shape).astype(np.float32)
        )
        action = sample(self.network, output, draws, discrete)
        return action if discrete else np.clip(action, -1, 1)

    def member(self, index):
        """The policy of one seed."""
        moments = None
        if self.moments is not None:
            moments = RunningMoments(1, self.network.sizes[0])
            moments.count = self.moments.count
            moments.mean, moments.var = (
                self.moments.mean[index, None].clone(),
                self.moments.var[index, None].clone(),
            )
        return Policy(self.network.rows(slice(index, index + 1)), self.kind, moments)


def sample(network, output, draws, discrete):
    """a ~ π(·|s) in NumPy, from the network's output [S, B, A]: a = μ + σ ξ for draws ξ [S, B, A];
    the softmax's inverse distribution function for draws u ~ U[0, 1) [S, B].
    """
    if not discrete:
        return output + np.exp(network.extra.detach().numpy().clip(*LOG_STD_RANGE)) * draws
    weights = np.exp(output - output.max(-1, keepdims=True)).cumsum(-1)
    return (weights[..., :-1] <= draws[..., None] * weights[..., -1:]).sum(-1)


@dataclass
class DeterministicNets:
    """μ_θ, Q_w and their targets: `critics` has members (S,), or (S, 2) where they are twins."""

    actor: Network
    critics: Network
    target_actor: Network
    target_critics: Network
    actor_optimiser: Adam
    critic_optimiser: Adam
    updates: int = 0

    @classmethod
    def build(cls, spaces, hidden, streams, twins):
        members = (len(streams), 2) if twins else (len(streams),)
        actor = Network((spaces.obs_size, *hidden, spaces.action_size), (len(streams),), streams, squash=True)
        critics = Network((spaces.obs_size + spaces.action_size, *hidden, 1), members, streams)
        return cls(actor, critics, actor.copy(), critics.copy(), Adam(actor), Adam(critics))

    def q(self, critics, obs, action):
        """Q(s, a): [S, B], or [S, 2, B] for twins."""
        x = torch.cat([obs, action], dim=-1)
        if len(critics.members) == 2:
            x = x[:, None].expand(-1, 2, -1, -1)
        return critics.forward(x)[..., 0]

    def action_gradient(self, obs, action):
        """∇_a Q(s, a) of the (first) critic, [S, B, A]."""
        x = torch.cat([obs, action], dim=-1)
        return self.critics.input_gradient(x, first_twin=len(self.critics.members) == 2)[..., obs.shape[-1] :]

    def state(self):
        networks = {name: getattr(self, name).flat.numpy().copy() for name in NETWORKS}
        optimisers = {
            "actor_adam": self.actor_optimiser.state(),
            "critic_adam": self.critic_optimiser.state(),
        }
        return {**networks, **optimisers, "updates": self.updates}

    def restore(self, state):
        for name in NETWORKS:
            getattr(self, name).flat.copy_(torch.from_numpy(state[name]))
        self.actor_optimiser.restore(state["actor_adam"])
        self.critic_optimiser.restore(state["critic_adam"])
        self.updates = int(state["updates"])


NETWORKS = ("actor", "critics", "target_actor", "target_critics")


class OffPolicyAgent:
    """Acts with a deterministic policy plus noise, one environment per seed, and replays what it saw.

    The algorithm's fields say how: noise, warmup (steps of uniform actions before learning), capacity,
    batch_size.
    """

    envs_per_seed = 1

    def __init__(self, algorithm, spaces, seeds):
        if spaces.discrete:
            name = type(algorithm).__name__
            raise ValueError(
                f"{name} needs continuous actions, but this environment's are discrete; use PPO or TRPO"
            )
        if algorithm.capacity < algorithm.batch_size:
            raise ValueError(
                f"capacity {algorithm.capacity} is smaller than batch_size {algorithm.batch_size}: "
                "a batch would not fit; "
                "raise capacity or lower batch_size"
            )
        self.acting, self.learning = Streams(seeds, ACT), Streams(seeds, LEARN)
        self.nets = algorithm.networks(spaces, Streams(seeds, INITIALISE))
        self.memory = ReplayBuffer(algorithm.capacity, len(seeds), spaces.obs_size, spaces.action_size)
        self.noise = self._restart_noise(
            algorithm, np.zeros((len(seeds), spaces.action_size), np.float32), slice(None)
        )
        self.steps = 0

    def advance(self, algorithm, stepper):
        """One step of every environment, and one update once the warm-up is over.

        Returns (steps taken, metrics, finished episodes).
        """
        step = stepper.step(self._explore(algorithm, stepper.obs))
        self.memory.add(*step[:3], step.terminated, step.next_obs, step.valid)
        ended = step.terminated | step.truncated
        if ended.any():
            self.noise = self._restart_noise(algorithm, self.noise, ended)
        self.steps += 1
        metrics = {}
        if self.steps > algorithm.warmup and len(self.memory) > 0:
            batch = self.memory.sample(algorithm.batch_size, self.learning)
            metrics = algorithm.update(self.nets, batch, self.learning)
        return 1, metrics, step.finished

    def _explore(self, algorithm, obs):
        """a = clip(μ(s) + noise, −1, 1); uniform during the warm-up."""
        if self.steps < algorithm.warmup:
            return (2 * self.acting.uniform(self.noise.shape[1]) - 1).astype(np.float32)
        self.noise = algorithm.noise.step(self.noise, self.acting.normal(self.noise.shape[1]))
        mu = self.nets.actor.numpy(obs[:, None])[:, 0]
        return np.clip(mu + self.noise, -1, 1)

    @staticmethod
    def _restart_noise(algorithm, noise, which):
        noise = noise.copy()
        noise[which] = getattr(algorithm.noise, "start", 0.0)
        return noise

    def summarise(self, metrics):
        """What practitioners watch, one number per seed:
        reduces an update's raw tensors, and adds the gradient norms.
        """
        if not metrics:
            return {}
        q, error = metrics["q"].detach().flatten(1), metrics["td_error"].detach().flatten(1)
        return {
            "q_mean": q.mean(1),
            "q_max": q.amax(1),
            "td_error": error.abs().mean(1),
            "critic_grad_norm": self.nets.critics.grad_norm(),
            "actor_grad_norm": self.nets.actor.grad_norm(),
        }

    def policy(self):
        return Policy(self.nets.actor.copy(), "deterministic")

    def state(self):
        streams = {"acting": self.acting.state(), "learning": self.learning.state()}
        return {
            "nets": self.nets.state(), "memory": self.memory.state(), "noise": self.noise.copy(),
            "steps": self.steps, **streams,
        }  # fmt: skip

    def restore(self, state):
        self.nets.restore(state["nets"])
        self.memory.restore(state["memory"])
        self.noise, self.steps = state["noise"].copy(), int(state["steps"])
        self.acting.restore(state["acting"])
        self.learning.restore(state["learning"])


class Rollout(NamedTuple):
    """T steps of N environments for each of S seeds, time first."""

    obs: torch.Tensor  # [T, S, N, O], normalised where the algorithm asks for it
    action: torch.Tensor  # [T, S, N, A], or integers [T, S, N]; as sampled, before the environment clips it
    reward: torch.Tensor  # [T, S, N], scaled where the algorithm asks for it
    terminated: torch.Tensor  # [T, S, N]
    truncated: torch.Tensor  # [T, S, N]
    next_obs: torch.Tensor  # [T, S, N, O], the true successors


def rows(x):
    """[T, S, N, …] → [S, T·N, …]: all the transitions of a seed, as one batch."""
    return x.transpose(0, 1).flatten(1, 2)


@dataclass
class StochasticNets:
    """π_θ and V_w, with an optimiser each; `beta` is the adaptive KL penalty of each seed, [S]."""

    policy: Network
    critic: Network
    policy_optimiser: Adam
    critic_optimiser: Adam
    discrete: bool
    beta: torch.Tensor
    progress: float = 0.0  # fraction of the training done, for annealing

    @classmethod
    def build(
        cls, spaces, hidden, streams, log_std=0.0, orthogonal=True, activation="tanh", beta=1.0, adam_eps=1e-5
    ):
        start, S = "orthogonal" if orthogonal else "uniform", (len(streams),)
        extra = 0 if spaces.discrete else spaces.action_size
        sizes = (spaces.obs_size, *hidden)
        policy = Network(
            (*sizes, spaces.action_size),
            S,
            streams,
            activation,
            start,
            0.01,
            extra=extra,
            extra_start=log_std,
        )
        critic = Network((*sizes, 1), S, streams, activation, start, 1.0)
        optimisers = Adam(policy, adam_eps), Adam(critic, adam_eps)
        return cls(policy, critic, *optimisers, spaces.discrete, torch.full(S, float(beta)))

    def pi(self, obs, fast=False):
        """π(·|s) for obs [S, B, O]; `fast` where one derivative is enough."""
        return distribution(self.policy, obs, self.discrete, fast)

    def v(self, obs):
        """V(s), [S, B]."""
        return self.critic.fast(obs)[..., 0]

    @torch.no_grad()
    def values(self, rollout):
        """V(s_t) and V(s_{t+1}) of every step, [T, S, N] each."""
        T, S, N = rollout.reward.shape

        def each(obs):
            return self.v(rows(obs)).view(S, T, N).transpose(0, 1)

        return each(rollout.obs), each(rollout.next_obs)

    def state(self):
        return {
            "policy": self.policy.flat.numpy().copy(), "critic": self.critic.flat.numpy().copy(),
            "beta": self.beta.numpy().copy(),
            "policy_adam": self.policy_optimiser.state(), "critic_adam": self.critic_optimiser.state(),
        }  # fmt: skip

    def restore(self, state):
        self.policy.flat.copy_(torch.from_numpy(state["policy"]))
        self.critic.flat.copy_(torch.from_numpy(state["critic"]))
        self.beta = torch.from_numpy(state["beta"].copy())
        self.policy_optimiser.restore(state["policy_adam"])
        self.critic_optimiser.restore(state["critic_adam"])


class OnPolicyAgent:
    """Collects `horizon` steps of `num_envs` environments per seed with π_θ, learns from them once, and
    forgets them.

    The algorithm's fields say how: num_envs, horizon, gamma, normalise_observation, normalise_reward.
    Statistics are updated after a batch is used, so that one set of numbers serves acting and learning.
    """

    def __init__(self, algorithm, spaces, seeds):
        self.spaces, self.seeds, self.envs_per_seed = spaces, len(seeds), algorithm.num_envs
        self.acting, self.learning = Streams(seeds, ACT), Streams(seeds, LEARN)
        self.nets = algorithm.networks(spaces, Streams(seeds, INITIALISE))
        self.moments = RunningMoments(len(seeds), spaces.obs_size)
        self.return_moments = RunningMoments(len(seeds), 1)
        self.running_return = np.zeros(len(seeds) * algorithm.num_envs)
        self.steps = 0

    def advance(self, algorithm, stepper):
        """One batch and one update.

        Returns (environment steps taken per seed, metrics, finished episodes).
        """
        rollout, finished = self._collect(algorithm, stepper)
        metrics = algorithm.update(self.nets, self._scaled(algorithm, rollout), self.learning)
        if algorithm.normalise_observation:
            self.moments.update(rows(rollout.obs))
        taken = algorithm.num_envs * algorithm.horizon
        self.steps += taken
        return taken, metrics, finished

    @torch.no_grad()
    def _collect(self, algorithm, stepper):
        """Fills columns, one per environment, skipping steps that are not transitions (NEXT_STEP's reset
        steps).

        Where some columns skip steps and others do not, the quicker ones idle at the end: what they do
        there is not stored.
        """
        E, T = self.seeds * algorithm.num_envs, algorithm.horizon
        action_shape, kind = (
            ((), np.int64) if self.spaces.discrete else ((self.spaces.action_size,), np.float32)
        )
        wide = (T, E, self.spaces.obs_size)
        obs, next_obs = np.empty(wide, np.float32), np.empty(wide, np.float32)
        actions, rewards = np.empty((T, E, *action_shape), kind), np.empty((T, E), np.float32)
        terminated, truncated = np.empty((T, E), np.float32), np.empty((T, E), np.float32)
        filled, columns, finished = np.zeros(E, np.int64), np.arange(E), []
        while filled.min() < T:
            action = self._act(algorithm, stepper.obs)
            step = stepper.step(action)
            finished += step.finished
            storing = step.valid & (filled < T)
            # Usually all columns are level, and a row is written; else each column where it stands.
            level = storing.all() and filled[0] == filled[-1] and (filled == filled[0]).all()
            at = filled[0] if level else (filled[storing], columns[storing])
            for store, value in (
                (obs, step.obs), (actions, action), (rewards, step.reward), (terminated, step.terminated),
                (truncated, step.truncated), (next_obs, step.next_obs),
            ):  # fmt: skip
                store[at] = value if level else value[storing]
            filled += storing
        shaped = (
            torch.from_numpy(x).view(T, self.seeds, -1, *x.shape[2:])
            for x in (obs, actions, rewards, terminated, truncated, next_obs)
        )
        return Rollout(*shaped), finished

    def _act(self, algorithm, obs):
        x = obs.reshape(self.seeds, -1, self.spaces.obs_size)
        if algorithm.normalise_observation:
            x = self.moments.normalise(torch.from_numpy(x)).numpy()
        output = self.nets.policy.numpy(x)
        shape = output.shape[1:2] if self.spaces.discrete else output.shape[1:]
        draws = self.acting.uniform(*shape) if self.spaces.discrete else self.acting.normal(*shape)
        action = sample(self.nets.policy, output, draws, self.spaces.discrete)
        return action.reshape(len(obs), *action.shape[2:])

    def _scaled(self, algorithm, rollout):
        """Observations and rewards in the units that the networks see."""
        if algorithm.normalise_reward:
            rollout = rollout._replace(reward=self._scale_reward(algorithm, rollout))
        if algorithm.normalise_observation:
            T, S, N, O = rollout.obs.shape

            def scaled(x):
                return self.moments.normalise(rows(x)).view(S, T, N, O).transpose(0, 1)

            rollout = rollout._replace(obs=scaled(rollout.obs), next_obs=scaled(rollout.next_obs))
        return rollout

    def _scale_reward(self, algorithm, rollout):
        """r / std of the running discounted return R_t = γ R_{t−1} + r_t (a new start after each episode)."""
        running, history = self.running_return, []
        done = (rollout.terminated + rollout.truncated).clamp(max=1).flatten(1).numpy()
        for reward, over in zip(rollout.reward.flatten(1).numpy(), done, strict=True):
            running = algorithm.gamma * running + reward
            history.append(running)
            running = running * (1 - over)
        self.running_return = running
        returns = torch.from_numpy(np.stack(history)).view(rollout.reward.shape)
        self.return_moments.update(rows(returns[..., None]))
        return rollout.reward / (self.return_moments.var.view(1, -1, 1) + 1e-8).sqrt().float()

    @staticmethod
    def summarise(metrics):
        return metrics

    def policy(self):
        moments = None
        if self.moments.count:
            moments = RunningMoments(self.seeds, self.spaces.obs_size)
            moments.restore(self.moments.state())
        return Policy(self.nets.policy.copy(), "categorical" if self.spaces.discrete else "gaussian", moments)

    def state(self):
        streams = {"acting": self.acting.state(), "learning": self.learning.state()}
        moments = {"moments": self.moments.state(), "return_moments": self.return_moments.state()}
        return {
            "nets": self.nets.state(), "running_return": self.running_return.copy(),
            "steps": self.steps, **streams, **moments,
        }  # fmt: skip

    def restore(self, state):
        self.nets.restore(state["nets"])
        self.running_return, self.steps = state["running_return"].copy(), int(state["steps"])
        self.acting.restore(state["acting"])
        self.learning.restore(state["learning"])
        self.moments.restore(state["moments"])
        self.return_moments.restore(state["return_moments"])
