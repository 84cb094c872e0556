"""What samples of one policy are worth for another.

Two policies: β, the behaviour that made the data, and π, the target that is asked about. ρ = π(a|s)/β(a|s) is
the ratio of one step; products of ratios weigh trajectories. `returns.vtrace` is what a trainer uses;
`vtrace_operator` here is its expectation, exact.
"""

from typing import NamedTuple

import numpy as np
import torch

from rlcourse.equations.arrays import Array, exp, same_shape
from rlcourse.equations.markov import MDP, visitation
from rlcourse.equations.markov.process import checked_policy, one_policy


def effective_sample_size(weights: Array) -> Array:
    """ESS = (Σ_i w_i)² / Σ_i w_i²: how many samples of equal weight would average as well.

    weights [..., N] ≥ 0, NumPy or torch -> [...], between 1 (one weight has everything) and N (all are
    equal); the scale of the weights plays no part. Raises ValueError for negative or infinite weights, and
    where all are 0.
    """
    weights = weights if torch.is_tensor(weights) else np.asarray(weights, dtype=float)
    total = weights.sum(-1)
    if not (weights >= 0).all() or not ((total > 0) & (total < np.inf)).all():
        raise ValueError("effective_sample_size: weights must be ≥ 0 and finite, at least one of them > 0")
    share = weights / total[..., None]  # first to shares: w² of a small or large weight leaves float's range
    return 1 / (share**2).sum(-1)


def trajectory_estimates(reward: Array, log_rho: Array, gamma: float) -> Array:
    """ρ_0 ρ_1 … ρ_{T−1} Σ_t γ^t r_t: one unbiased estimate of η(π) from each trajectory of β.

    reward, log_rho [T, ...], log_rho = log π(a|s) − log β(a|s), the first axis is time; returns [...], in the
    units of reward. Raises ValueError where the shapes differ. Source: Precup et al. 2000
    (from memory).
    """
    same_shape(reward=reward, log_rho=log_rho)
    return exp(log_rho.sum(0)) * (_discounts(reward, gamma) * reward).sum(0)


def per_decision_estimates(reward: Array, log_rho: Array, gamma: float) -> Array:
    """Σ_t γ^t (ρ_0 … ρ_t) r_t: a reward is weighted only by the choices made before it.

    Unbiased too: later ratios have mean 1, given what came before. Arguments, shapes and errors as in
    `trajectory_estimates`. Source: Precup et al. 2000 (from memory).
    """
    same_shape(reward=reward, log_rho=log_rho)
    return (_discounts(reward, gamma) * exp(log_rho.cumsum(0)) * reward).sum(0)


def self_normalised_mean(values: Array, weights: Array) -> Array:
    """Σ_i w_i x_i / Σ_i w_i: a weighted average, biased by about −E[w² (x − η)]/N, between min x and max x.

    values, weights [..., N] of one shape -> [...]. Raises ValueError for weights that are negative, infinite
    or all 0, and where the shapes differ. Source: Owen, Monte Carlo theory, methods and examples, section 9.2
    (from memory).
    """
    same_shape(values=values, weights=weights)
    effective_sample_size(weights)  # refuses weights that are none
    return (weights * values).sum(-1) / weights.sum(-1)


class Trajectories(NamedTuple):
    """Every trajectory of T actions that a policy can make, K of them."""

    states: np.ndarray  # [T + 1, K]
    actions: np.ndarray  # [T, K]
    probability: np.ndarray  # [K], sums to 1

    def mean(self, values: np.ndarray) -> np.ndarray:
        """E[x] = Σ_k p_k x_k. values [..., K] -> [...]."""
        return values @ self.probability

    def variance(self, values: np.ndarray) -> np.ndarray:
        """Var[x] = Σ_k p_k (x_k − E[x])². values [..., K] -> [...]."""
        return (values - self.mean(values)[..., None]) ** 2 @ self.probability


def trajectories(mdp: MDP, policy: np.ndarray, steps: int, most: int = 10**6) -> Trajectories:
    """All (s_0, a_0, …, a_{T−1}, s_T) with p(τ) = ρ₀(s_0) Π_t π(a_t|s_t) P(s_{t+1}|s_t, a_t) > 0.

    policy [S, A], steps T ≥ 0. Expectations over them are exact. Raises ValueError for steps < 0 and where
    there are more than `most`.
    """
    policy = one_policy(mdp, policy)
    if steps < 0:
        raise ValueError(f"steps is {steps}; a trajectory has 0 steps or more")
    states = np.flatnonzero(mdp.start > 0)[None]
    actions, probability = np.zeros((0, states.size), int), mdp.start[states[0]]
    for _ in range(steps):
        step = policy[states[-1], :, None] * mdp.transition[states[-1]]  # [K, A, S]
        k, a, s = np.nonzero(step)
        if len(k) > most:
            raise ValueError(
                f"more than {most} trajectories of {steps} steps: fewer steps, states or actions"
            )
        probability = probability[k] * step[k, a, s]
        states, actions = np.vstack([states[:, k], s]), np.vstack([actions[:, k], a])
    return Trajectories(states, actions, probability)


class Variances(NamedTuple):
    """Of one estimate of E_π[Σ_{t<T} γ^t r_t] from one trajectory of β, for T = 1, 2, …: each [steps]."""

    trajectory: np.ndarray  # every reward weighted by all ratios
    per_decision: np.ndarray  # by the ratios up to its own action
    marginal: np.ndarray  # by the ratio of the chances of its state and action at time t


def estimate_variances(mdp: MDP, target: np.ndarray, behaviour: np.ndarray, steps: int) -> Variances:
    """Var_β of three unbiased estimates of π's return over T steps, exact, T = 1 … steps.

    With w the product of the ratios so far and x the estimate, the moments E[w²], E[w x], E[x²] of each
    state s_t are carried from step to step, x ← x + γ^t w r; for the trajectory estimate E[w² G^k], k = 0, 1,
    2, G the return so far. target, behaviour [S, A]. Raises ValueError where β never takes an action of π.
    """
    target, behaviour = one_policy(mdp, target), one_policy(mdp, behaviour)
    _covered(target, behaviour)
    rho = np.divide(target, behaviour, out=np.zeros_like(target), where=behaviour > 0)
    P, zero = mdp.transition, np.zeros(mdp.states)

    def on(moment: np.ndarray, factor: np.ndarray) -> np.ndarray:
        """E[moment · factor(s, a)] of each next state: [S], [S, A] -> [S]."""
        return np.einsum("s,sa,sat->t", moment, behaviour * factor, P)

    whole = [mdp.start, zero, zero]  # E[w² G^k 1(s_t = s)], k = 0, 1, 2
    each = [mdp.start, zero, zero]  # E[w² 1(…)], E[w x 1(…)], E[x² 1(…)]
    single = [mdp.start, zero, zero]  # E[x^k 1(s_t = s)]; its w is that of the moment
    visits, mean, found = mdp.start, 0.0, []
    for t in range(steps):
        r, (share, first, second) = mdp.gamma**t * mdp.reward, single
        marginal = rho * np.divide(visits, share, out=np.zeros_like(visits), where=share > 0)[:, None]
        whole = [
            on(whole[0], rho**2),
            on(whole[1], rho**2) + on(whole[0], rho**2 * r),
            on(whole[2], rho**2) + 2 * on(whole[1], rho**2 * r) + on(whole[0], rho**2 * r**2),
        ]
        each = [
            on(each[0], rho**2),
            on(each[1], rho) + on(each[0], rho**2 * r),
            on(each[2], np.ones_like(rho)) + 2 * on(each[1], rho * r) + on(each[0], rho**2 * r**2),
        ]
        gain = marginal * r
        single = [
            on(share, np.ones_like(rho)),
            on(first, np.ones_like(rho)) + on(share, gain),
            on(second, np.ones_like(rho)) + 2 * on(first, gain) + on(share, gain**2),
        ]
        mean = mean + visits @ np.sum(target * r, axis=1)
        visits = np.einsum("s,sa,sat->t", visits, target, P)
        found.append([moments[2].sum() - mean**2 for moments in (whole, each, single)])
    return Variances(*np.array(found).T)


def marginal_ratio(mdp: MDP, target: np.ndarray, behaviour: np.ndarray) -> np.ndarray:
    """d^π(s) π(a|s) / (d^β(s) β(a|s)): the weight of a state and an action, whatever led there. [S, A].

    η(π) = 1/(1 − γ) E_{(s, a) ~ d^β}[ratio · r(s, a)], with d the discounted visitation. NaN where β never is
    and π never is; ValueError where π is and β never: those data say nothing of it. Source: Liu et al. 2018,
    "Breaking the Curse of Horizon" (from memory).
    """
    target, behaviour = checked_policy(mdp, target, "target"), checked_policy(mdp, behaviour, "behaviour")
    above = visitation(mdp, target)[..., None] * target
    below = visitation(mdp, behaviour)[..., None] * behaviour
    _covered(above, below)
    with np.errstate(invalid="ignore"):
        return above / below


def clipped_policy(target: np.ndarray, behaviour: np.ndarray, rho_bar: float) -> np.ndarray:
    """π_ρ̄(a|s) = min(ρ̄ β(a|s), π(a|s)) / Σ_b min(ρ̄ β(b|s), π(b|s)): whose values V-trace learns.

    π for ρ̄ = ∞, β for ρ̄ → 0. target, behaviour [..., S, A], of which each state shares an action -> [...,
    S, A]. Raises ValueError for ρ̄ ≤ 0. Source: Espeholt et al. 2018, "IMPALA",
    eq. 3 (from memory).
    """
    if not rho_bar > 0:
        raise ValueError(f"rho_bar is {rho_bar}; it must be above 0")
    with np.errstate(invalid="ignore"):
        kept = np.fmin(rho_bar * np.asarray(behaviour, float), np.asarray(target, float))  # ∞ · 0 is no limit
    total = kept.sum(axis=-1, keepdims=True)
    if not (total > 0).all():
        raise ValueError("in some state target and behaviour share no action: nothing is left after the clip")
    return kept / total


def vtrace_operator(
    mdp: MDP, target: np.ndarray, behaviour: np.ndarray, rho_bar: float = 1.0, c_bar: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """(R V)(s) = V(s) + E_β[ Σ_t γ^t (c_0 … c_{t−1}) ρ_t (r_t + γ V(s_{t+1}) − V(s_t)) ] = b + M V.

    ρ_t = min(ρ̄, π/β), c_t = min(c̄, π/β), t up to ∞: the expected V-trace target in every state. target,
    behaviour [S, A]; returns M [S, S] and b [S]. Its fixed point is V^{π_ρ̄} whatever c̄; the error shrinks by
    M at each application, surely so where c̄ ≤ ρ̄. Raises ValueError where β never takes an action of π.
    Source: Espeholt et al. 2018, appendix A (from memory).
    """
    target, behaviour = one_policy(mdp, target), one_policy(mdp, behaviour)
    _covered(target, behaviour)
    ratio = np.divide(target, behaviour, out=np.zeros_like(target), where=behaviour > 0)
    traces = behaviour * np.minimum(ratio, c_bar)  # β c, [S, A]
    weights = behaviour * np.minimum(ratio, rho_bar)
    eye = np.eye(mdp.states)
    carry = mdp.gamma * np.einsum("sa,sat->st", traces, mdp.transition)  # γ E[c 1(s' = t)]
    one_step = mdp.gamma * np.einsum("sa,sat->st", weights, mdp.transition) - np.diag(weights.sum(axis=1))
    traced = np.linalg.inv(eye - carry)  # Σ_t carry^t
    return eye + traced @ one_step, traced @ np.sum(weights * mdp.reward, axis=1)


def _covered(target: np.ndarray, behaviour: np.ndarray) -> None:
    """Raise ValueError, saying where, unless β > 0 wherever π > 0."""
    missing = np.argwhere((target > 0) & ~(behaviour > 0))
    if len(missing):
        where = [int(i) for i in missing[0]]
        raise ValueError(f"behaviour is 0 at [state, action] {where}, where target is not: no data of that")


def _discounts(reward: Array, gamma: float) -> Array:
    """γ^t as a column [T, 1, …] for reward [T, ...]."""
    power = gamma ** np.arange(len(reward)).reshape(-1, *[1] * (reward.ndim - 1))
    return torch.as_tensor(power, dtype=reward.dtype) if torch.is_tensor(reward) else power
