"""The process itself: (S, A, P, r, ρ₀, γ), checked once, and with a policy averaged in."""

from dataclasses import dataclass
from typing import Self

import numpy as np


@dataclass(frozen=True, eq=False)
class MDP:
    """(S, A, P, r, ρ₀, γ): a finite Markov decision process.

    transition [S, A, S]: P(s'|s, a), rows sum to 1. reward [S, A]: r(s, a). start [S]: ρ₀. gamma in [0, 1).
    Raises ValueError with one line that says what is wrong and where.
    """

    transition: np.ndarray
    reward: np.ndarray
    start: np.ndarray
    gamma: float

    def __post_init__(self) -> None:
        for name in ("transition", "reward", "start"):
            object.__setattr__(self, name, _read_only(getattr(self, name), name))
        P = self.transition
        if P.ndim != 3 or P.shape[0] != P.shape[2] or P.size == 0:
            raise ValueError(f"transition has shape {P.shape}; it must be [S, A, S] with S, A ≥ 1")
        if self.reward.shape != P.shape[:2]:
            raise ValueError(
                f"reward has shape {self.reward.shape}; transition asks for [S, A] = {P.shape[:2]}"
            )
        if self.start.shape != P.shape[:1]:
            raise ValueError(f"start has shape {self.start.shape}; transition asks for [S] = {P.shape[:1]}")
        if not 0 <= self.gamma < 1:
            raise ValueError(f"gamma is {self.gamma}; a discounted process needs 0 ≤ γ < 1")
        if not np.isfinite(self.reward).all():
            raise ValueError(
                f"reward{_first(~np.isfinite(self.reward))} is not finite; every reward must be a number"
            )
        check_distribution(P, "transition")
        check_distribution(self.start, "start")

    @property
    def states(self) -> int:
        """S, the number of states."""
        return self.transition.shape[0]

    @property
    def actions(self) -> int:
        """A, the number of actions."""
        return self.transition.shape[1]

    @classmethod
    def random(
        cls,
        states: int,
        actions: int,
        seed: int | np.random.Generator,
        gamma: float = 0.9,
        branching: int | None = None,
    ) -> Self:
        """P(·|s, a) uniform on the simplex, r ~ N(0, 1), ρ₀ uniform on the simplex.

        branching: how many successors a state-action pair has (default: all S); few successors make the
        visitation depend more on the policy. The same seed gives the same process. Raises ValueError for a
        branching that is no number of states.
        """
        rng = np.random.default_rng(seed)
        transition = rng.exponential(size=(states, actions, states))
        if branching is not None:
            if not 1 <= branching <= states:
                raise ValueError(f"branching is {branching}; it must lie between 1 and the {states} states")
            rank = rng.random(transition.shape).argsort(axis=-1).argsort(axis=-1)
            transition[rank >= branching] = 0.0
        transition /= transition.sum(axis=-1, keepdims=True)
        return cls(transition, rng.normal(size=(states, actions)), rng.dirichlet(np.ones(states)), gamma)


def induced_process(mdp: MDP, policy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """P_π(s'|s) = Σ_a π(a|s) P(s'|s, a) and r_π(s) = Σ_a π(a|s) r(s, a).

    The process with the policy averaged in: no actions are left. policy [..., S, A]. Returns P_π [..., S, S]
    and r_π [..., S].
    """
    policy = checked_policy(mdp, policy)
    r = np.sum(policy * mdp.reward, axis=-1)
    if policy.ndim == 2:  # batched matrix products: no [S, A, S] copy, BLAS speed
        return (policy[:, None, :] @ mdp.transition)[:, 0, :], r
    return np.einsum("...sa,sat->...st", policy, mdp.transition, optimize=True), r


def with_random_actions(mdp: MDP, epsilon: float) -> MDP:
    """P_ε(s'|s, a) = (1 − ε) P(s'|s, a) + ε/A Σ_b P(s'|s, b), and r_ε likewise: chance replaces the action.

    What a policy π is worth there is what (1 − ε) π + ε/A is worth in `mdp`. So the best policy there is the
    best ε-soft one here (Sutton and Barto 2018, section 5.4). ValueError for ε outside [0, 1].
    """
    if not 0 <= epsilon <= 1:
        raise ValueError(f"epsilon is {epsilon}; it is a probability, 0 ≤ ε ≤ 1")
    transition, reward = (
        (1 - epsilon) * x + epsilon * x.mean(axis=1, keepdims=True) for x in (mdp.transition, mdp.reward)
    )
    return MDP(transition, reward, mdp.start, mdp.gamma)


def checked_policy(mdp: MDP, policy: np.ndarray, name: str = "policy") -> np.ndarray:
    """The policy as a float array [..., S, A], or ValueError with one line that says what is wrong."""
    policy = np.asarray(policy, dtype=float)
    if policy.shape[-2:] != (mdp.states, mdp.actions):
        raise ValueError(
            f"{name} has shape {policy.shape}; this MDP asks for [S, A] = {(mdp.states, mdp.actions)}"
        )
    check_distribution(policy, name)
    return policy


def one_policy(mdp: MDP, policy: np.ndarray) -> np.ndarray:
    """The policy as a checked float array [S, A]; a batch of policies raises ValueError."""
    policy = checked_policy(mdp, policy)
    if policy.ndim > 2:
        raise ValueError(f"policy has shape {policy.shape}; give one policy [S, A] at a time here")
    return policy


def reachable(P: np.ndarray) -> np.ndarray:
    """[..., S, S], True where the chain P [..., S, S] can come from s to s' in 0, 1, 2, … steps.

    By looking at which entries are 0, so that no rounding decides it.
    """
    within = (P > 0) | np.eye(P.shape[-1], dtype=bool)  # in at most one step
    for _ in range(P.shape[-1].bit_length()):
        within = (within.astype(float) @ within) > 0  # twice as many steps
    return within


def check_distribution(p: np.ndarray, name: str) -> None:
    """Raise ValueError, saying where, unless p ≥ 0 and its last axis sums to 1."""
    if not (p >= 0).all():  # also catches NaN
        raise ValueError(f"{name}{_first(~(p >= 0))} is {p[~(p >= 0)][0]:g}; probabilities must be ≥ 0")
    wrong = np.abs(p.sum(axis=-1) - 1) > 1e-9
    if wrong.any():
        total = p.sum(axis=-1)[wrong].flat[0] if p.ndim > 1 else p.sum()
        raise ValueError(f"{name}{_first(wrong)} sums to {total:.6g}; every distribution must sum to 1")


def _first(mask: np.ndarray) -> str:
    """The index of the first True, as text: [2, 0]; empty for a scalar."""
    return str([int(i) for i in np.argwhere(mask)[0]]) if np.ndim(mask) else ""


def _read_only(array: np.ndarray, name: str) -> np.ndarray:
    """A float view of the array that cannot be written through."""
    try:
        array = np.asarray(array, dtype=float).view()
    except (TypeError, ValueError):
        raise ValueError(f"{name} is not a rectangular array of numbers") from None
    array.flags.writeable = False
    return array
