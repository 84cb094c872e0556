"""What wrappers inside a factory do: they may change the reward, and learn the scale of what passes through.

An evaluation counts what the innermost environment pays, and sees through the statistics of the training.
"""

import contextlib
from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import SyncVectorEnv, VectorEnv, VectorWrapper
from gymnasium.wrappers import OrderEnforcing, PassiveEnvChecker, TimeLimit

from rlcourse.parts.wrappers import Episode

HARMLESS = (OrderEnforcing, PassiveEnvChecker, TimeLimit, Episode)  # `make` puts them on, here and there
STATISTICS = ("obs_rms", "return_rms")  # as Gymnasium's normalisers, and most others, call them

Seen = list[dict[str, Any]]  # of the normalisers around one environment: mean, var, count of each


class Ledger(gymnasium.Wrapper):
    """The innermost wrapper: counts what the environment pays, before others change it."""

    def __init__(self, env: gymnasium.Env):
        super().__init__(env)
        self.earned, self.settled = 0.0, None

    def reset(self, *, seed: int | None = None, options: dict | None = None) -> tuple:
        self.settled = self.earned  # what a wrapper's reset earns afterwards is nobody's
        return self.env.reset(seed=seed, options=options)

    def step(self, action: Any) -> tuple:
        result = self.env.step(action)
        with contextlib.suppress(TypeError, ValueError, IndexError):  # a faulty result is named further out
            self.earned += float(result[1])
        return result

    def take(self) -> float:
        """What was paid since this was last called; up to the reset, where there was one."""
        earned = self.earned if self.settled is None else self.settled
        self.earned, self.settled = 0.0, None
        return earned


class VectorLedger(VectorWrapper):
    """The same around a vector environment that does not show its copies."""

    def __init__(self, env: VectorEnv):
        super().__init__(env)
        self.earned = np.zeros(env.num_envs)

    def step(self, actions: Any) -> tuple:
        result = self.env.step(actions)
        self.earned = np.array(result[1], np.float64)
        return result

    def take(self) -> np.ndarray:
        """What was paid at the last step, [E]."""
        earned, self.earned = self.earned, np.zeros(self.num_envs)
        return earned


class Ledgers:
    """One for each copy of a SyncVectorEnv."""

    def __init__(self, each: Sequence[Ledger]):
        self.each = each

    def take(self) -> np.ndarray:
        """What each was paid since this was last called, [E]."""
        return np.array([one.take() for one in self.each])


def with_ledger(env: VectorEnv) -> VectorLedger | Ledgers | None:
    """Puts ledgers next to the innermost environments; None where no wrapper can change the reward."""
    around, copies = chain(env), copies_of(env)
    wrappers = [*around, *(one for copy in copies for one in chain(copy))]
    if all(isinstance(one, HARMLESS) for one in wrappers):
        return None
    if copies:
        return Ledgers([_innermost(env.unwrapped.envs, i) for i in range(len(copies))])
    around[-1].env = ledger = VectorLedger(around[-1].env)
    return ledger


def ledger_of(env: gymnasium.Env) -> tuple[Ledger, gymnasium.Env]:
    """A ledger next to the innermost environment, and what is to be stepped from now on."""
    wrappers = chain(env)
    if not wrappers:
        ledger = Ledger(env)
        return ledger, ledger
    wrappers[-1].env = ledger = Ledger(wrappers[-1].env)
    return ledger, env


def _innermost(envs, i):
    ledger, envs[i] = ledger_of(envs[i])
    return ledger


def copies_of(env: VectorEnv) -> list:
    """The single environments of a vector environment; none where it does not show them."""
    return list(env.unwrapped.envs) if isinstance(env.unwrapped, SyncVectorEnv) else []


def chain(env: gymnasium.Env | VectorEnv) -> list:
    """The wrappers around an environment, the outermost first."""
    found = []
    while isinstance(env, gymnasium.Wrapper | VectorWrapper):
        found.append(env)
        env = env.env
    return found


def normalisers(env: gymnasium.Env | VectorEnv) -> list:
    """The running statistics that the wrappers around an environment keep, the outermost first."""
    return [getattr(one, name) for one in chain(env) for name in STATISTICS if name in vars(one)]


def statistics(env: gymnasium.Env | VectorEnv) -> Seen:
    """What the normalisers around an environment have seen."""
    return [{x: np.array(getattr(scale, x)) for x in ("mean", "var", "count")} for scale in normalisers(env)]


def adopt(env: gymnasium.Env | VectorEnv, seen: Seen, frozen: bool) -> None:
    """Give the normalisers around an environment what others have seen. frozen: they learn no more.

    A normaliser without a counterpart of its own shape is left as it is.
    """
    for scale, other in zip(normalisers(env), seen, strict=False):
        if np.shape(scale.mean) == np.shape(other["mean"]):
            scale.mean, scale.var, scale.count = (np.array(other[x]) for x in ("mean", "var", "count"))
    for wrapper in chain(env):
        if frozen and hasattr(type(wrapper), "update_running_mean"):
            wrapper.update_running_mean = False


def seen_by(env: VectorEnv) -> dict[str, Any]:
    """The statistics of the wrappers around a vector environment, and of those within, copy by copy."""
    return {"around": statistics(env), "within": [statistics(copy) for copy in copies_of(env)]}


def see_again(env: VectorEnv, seen: dict[str, Any], frozen: bool = False) -> None:
    """Adopt what `seen_by` told; copies share evenly what is told of fewer.

    Normalisers that were around a vector environment there may be within it here, and the other way round.
    """
    copies, around, within = copies_of(env), seen["around"], seen["within"]
    if not any(within) and not normalisers(env):
        within = [around]
    elif not around and within:
        around = within[0]
    adopt(env, around, frozen)
    for i, copy in enumerate(copies if within else []):
        adopt(copy, within[i * len(within) // len(copies)], frozen)


def unlike(env: VectorEnv | gymnasium.Env, seen: dict[str, Any]) -> str | None:
    """What is said where normalisers of observations of the training have no counterpart here; else None."""

    def of_observations(told):
        return sum(np.ndim(one["mean"]) > 0 for one in told)

    here = statistics(env) + [one for copy in copies_of(env)[:1] for one in statistics(copy)]
    there = seen["around"] + [one for copy in seen["within"][:1] for one in copy]
    if of_observations(here) >= of_observations(there):
        return None
    return (
        "the agent learnt behind a wrapper that normalises observations, and here is none, so it sees other "
        "numbers than it knows; put the same wrapper around this environment"
    )


def by_member(seen: dict[str, Any] | None, members: int) -> dict[str, Any] | None:
    """The same with one entry a member: as if one normaliser had seen all that its copies saw.

    n = Σ nᵢ,  mean = Σ nᵢ meanᵢ / n,  var = Σ nᵢ (varᵢ + (meanᵢ − mean)²) / n. None where there is none.
    """
    if seen is None or not (seen["around"] or any(seen["within"])):
        return None
    within = seen["within"]
    each = len(within) // members
    own = [within[s * each : (s + 1) * each] for s in range(members)] if within else []
    return {**seen, "within": [[_merged(x) for x in zip(*copies, strict=True)] for copies in own]}


def _merged(parts):
    if len(parts) == 1:
        return parts[0]
    n = sum(part["count"] for part in parts)
    mean = sum(part["count"] * part["mean"] for part in parts) / n
    spread = sum(part["count"] * (part["var"] + (part["mean"] - mean) ** 2) for part in parts)
    return {"mean": mean, "var": spread / n, "count": n}
