"""How good a policy is: whole episodes in environments that training never touches."""

import contextlib
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from gymnasium.spaces import Discrete, Space

from rlcourse.agents import Policy, Spaces
from rlcourse.parts.environments import Stepper, make
from rlcourse.parts.randomness import EVALUATE, derived
from rlcourse.parts.spaces import numbers
from rlcourse.training.run import Run


class Interrupted(Exception):
    """Ctrl-C was heard in the middle of an evaluation."""


@dataclass(frozen=True)
class Plan:
    """How a training is evaluated while it goes on. Raises ValueError for what cannot be done."""

    every: int  # steps between evaluations
    episodes: int = 10  # of each
    longest_episode: int | None = None  # steps after which one is cut; None: as declared, else 10,000
    env: str | Callable | None = None  # where; None: where training is

    def __post_init__(self):
        longest = self.longest_episode
        whole = {
            "every": count("train: evaluate_every", self.every),
            "episodes": count("train: evaluation_episodes", self.episodes),
            "longest_episode": None if longest is None else count("train: longest_episode", longest),
        }
        for name, value in whole.items():  # as plain numbers, which JSON takes
            object.__setattr__(self, name, value)


class Played(NamedTuple):
    """What `play` found."""

    returns: np.ndarray  # [S, episodes]
    cut: int  # how many of the episodes had not ended
    inner: str  # the environment whose own reward was counted, where wrappers change it; else ""
    starts: np.ndarray  # [S · episodes, O] the first observations


def evaluate(
    agent: Policy | Run, env: str | Callable, episodes: int = 100, seed: int = 0, *,
    longest_episode: int | None = None,
) -> np.ndarray:  # fmt: skip
    """Undiscounted return of each of `episodes` fresh episodes, without exploration noise.

    They are played in environments of their own, and count the reward of the innermost environment: a
    warning says where wrappers of the factory change it. What the training's observation normalisers had
    seen goes with the policy. agent: `run.agent(seed)`, or anything with `act(obs [B, O])` → returns
    [episodes]; `run.policy` with S > 1 seeds → [S, episodes]. longest_episode: steps after which an episode
    is cut, with a warning that says how many were (default: the environment's own time limit, else 10,000).

    Raises ValueError for episodes or longest_episode < 1, TypeError for an agent that cannot act.
    """
    episodes = count("evaluate: episodes", episodes)
    if longest_episode is not None:
        count("evaluate: longest_episode", longest_episode)
    policy = acting(agent, "evaluate")
    S = getattr(policy, "members", 1)
    seeds = [derived(one_seed("evaluate", seed), EVALUATE)] * S
    played = play(policy, env, episodes, seeds, longest_episode)
    if played.inner:
        warnings.warn(which_reward(played.inner), stacklevel=2)
    return played.returns[0] if S == 1 else played.returns


def acting(agent: Policy | Run, who: str) -> Policy:
    """The policy of a Run, or what acts by itself. Raises TypeError where nothing does."""
    policy = agent.policy if isinstance(agent, Run) else agent
    if not callable(getattr(policy, "act", None)):
        raise TypeError(f"{who}: the agent must be a Run, run.agent(seed), or have act(obs), got {agent!r}")
    return policy


def which_reward(inner: str) -> str:
    """The line that says which reward an evaluation counts."""
    return f"wrappers change the reward of {inner}; evaluation counts its own, as it was before them"


def play(
    policy: Policy, env: str | Callable, episodes: int, seeds: Sequence[int], longest: int | None = None,
    stopping: Callable[[], bool] = lambda: False, spaces: Spaces | None = None,
) -> Played:  # fmt: skip
    """One episode in each of S × episodes environments.

    spaces: what those of the environments must be. Faults of the policy or the environment are raised;
    Interrupted once `stopping()`. The environments are closed whatever happens.
    """
    S = len(seeds)
    batch = (S, episodes) if hasattr(policy, "members") else (episodes,)
    made, seen = make(env, S * episodes, seeds), getattr(policy, "seen", None)
    returns = np.full(S * episodes, np.nan)
    with contextlib.closing(Stepper(made, longest, innermost=True, seen=seen)) as stepper:
        own = Spaces(stepper.obs_size, stepper.action_size, stepper.discrete)
        if spaces is not None and own != spaces:
            raise ValueError(
                f"{stepper.name}: evaluation has {_described(own)}, training {_described(spaces)}; "
                "both must be alike"
            )
        check_choices(policy, stepper.env.single_action_space, stepper.name)
        starts = stepper.obs
        singly = stepper.holds and stepper.settable is None  # stepped one by one: the finished ones rest
        for _ in range(stepper.longest_episode):
            if stopping():
                raise Interrupted
            action = answer(policy, stepper.obs.reshape(*batch, -1), batch)
            held = ~np.isnan(returns) if singly else None
            step = stepper.step(action.reshape(S * episodes, *action.shape[len(batch) :]), held)
            for index, episode_return, _ in step.finished:
                if np.isnan(returns[index]):
                    returns[index] = episode_return
            if step.finished and not np.isnan(returns).any():
                break
        cut = np.isnan(returns)
        returns[cut] = stepper.running_returns[cut]
        if cut.any():
            warnings.warn(
                f"{stepper.name}: {cut.sum()} of {S * episodes} evaluation episodes had not ended "
                f"after {stepper.longest_episode:,} steps; they were cut there, and count with their returns "
                "so far",
                stacklevel=3,
            )
        inner = stepper.innermost_name if stepper.changed else ""
        return Played(returns.reshape(S, episodes), int(cut.sum()), inner, starts)


def check_choices(policy: Policy, actions: Space, name: str) -> None:
    """ValueError where a network chooses among a number of actions that is not the environment's."""
    choices = getattr(getattr(policy, "network", None), "choices", None)
    if choices not in (None, getattr(actions, "n", None)):
        here = f"has {actions.n}" if isinstance(actions, Discrete) else "takes continuous ones"
        raise ValueError(f"{name}: the agent chooses among {choices} actions, and the environment {here}")


def answer(policy: Policy, obs: np.ndarray, batch: tuple[int, ...]) -> np.ndarray:
    """The policy's actions for observations [*batch, O], as an array; ValueError where they are none."""
    said = policy.act(obs)
    try:
        action = numbers(said)
    except (TypeError, ValueError, OverflowError):
        action = None
    if action is None or action.shape[: len(batch)] != batch:
        got = type(said).__name__ if action is None else f"an array of shape {action.shape}"
        shape = ", ".join(map(str, obs.shape))
        raise ValueError(f"the policy's act(obs [{shape}]) must return an action of each, got {got}")
    return action


def count(what: str, value: Any) -> int:
    """The value as a whole number ≥ 1, be it 1e3; else ValueError."""
    if not isinstance(value, Real) or isinstance(value, bool) or not 1 <= value < np.inf or value % 1:
        raise ValueError(f"{what} must be a whole number ≥ 1, got {value!r}")
    return int(value)


def one_seed(who: str, seed: Any) -> int:
    """The seed as Python's integer, be it NumPy's; else ValueError."""
    if not isinstance(seed, Integral) or isinstance(seed, bool | np.bool_) or seed < 0:
        raise ValueError(f"{who}: seed must be an integer ≥ 0, got {seed!r}")
    return int(seed)


def _described(spaces):
    actions = f"{spaces.action_size} {'' if spaces.discrete else 'dimensions of '}actions"
    return f"{spaces.obs_size} numbers observed and {actions}"
