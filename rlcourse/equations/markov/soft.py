"""Soft dynamic programming: what is best where entropy is paid for, too, exactly."""

import numpy as np

from rlcourse.equations.markov.evaluation import visitation
from rlcourse.equations.markov.policies import softmax_policy
from rlcourse.equations.markov.process import MDP, checked_policy


def soft_values(Q: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """V(s) = α log Σ_a exp(Q(s, a)/α), the soft maximum. [..., S, A] -> [..., S].

    max_a Q ≤ V ≤ max_a Q + α log A. temperature: α > 0, in the units of reward. Raises ValueError for α ≤ 0.
    """
    _check(temperature)
    Q = np.asarray(Q, dtype=float)
    top = Q.max(axis=-1)
    return top + temperature * np.log(np.exp((Q - top[..., None]) / temperature).sum(axis=-1))


def soft_q_values(
    mdp: MDP, reward: np.ndarray | None = None, temperature: float = 1.0, steps: int = 200
) -> np.ndarray:
    """Q(s, a) = r(s, a) + γ Σ_s' P(s'|s, a) α log Σ_b exp(Q(s', b)/α), by soft policy iteration. [..., S, A].

    π = softmax(Q/α) maximises E[Σ_t γ^t (r_t + α H(π(·|s_t)))] from every state, and V is that maximum.
    reward: r [..., S, A] in place of the process's own, several at once; each stops by itself, so that its
    digits do not depend on the others. Source (from memory): Ziebart 2010, "Modeling Purposeful Adaptive
    Behavior with the Principle of Maximum Causal Entropy"; the iteration: Haarnoja et al. 2018, "Soft
    Actor-Critic". Raises ValueError for α ≤ 0, a reward that does not fit, and where it has not ended after
    `steps`.
    """
    _check(temperature)
    r = mdp.reward if reward is None else np.asarray(reward, dtype=float)
    if r.shape[-2:] != mdp.reward.shape or not np.isfinite(r).all():
        raise ValueError(
            f"reward has shape {r.shape}; this MDP asks for finite [..., S, A], {mdp.reward.shape}"
        )
    Q, P = r.copy(), mdp.transition.reshape(-1, mdp.states)
    for _ in range(steps):
        # V^π = (I − γ P_π)⁻¹ (r_π + α H(π)) = (I − γ P_π)⁻¹ Σ_a π (r + V_Q − Q),  as α log π = Q − V_Q
        pi = softmax_policy(Q / temperature)
        P_pi = (pi[..., None, :] @ mdp.transition)[..., 0, :]
        paid = np.sum(pi * (r + soft_values(Q, temperature)[..., None] - Q), axis=-1)
        V = np.linalg.solve(np.eye(mdp.states) - mdp.gamma * P_pi, paid[..., None])
        new = r + mdp.gamma * (P @ V).reshape(r.shape)
        moves = np.abs(new - Q).max(axis=(-2, -1)) > 1e-11 * (1 + np.abs(new).max(axis=(-2, -1)))
        Q = np.where(moves[..., None, None], new, Q)
        if not moves.any():
            return Q
    raise ValueError(f"soft policy iteration did not end in {steps} steps; raise `steps` or the temperature")


def soft_optimal_policy(mdp: MDP, reward: np.ndarray | None = None, temperature: float = 1.0) -> np.ndarray:
    """π(a|s) = exp((Q(s, a) − V(s))/α), Q of `soft_q_values`. [..., S, A]."""
    return softmax_policy(soft_q_values(mdp, reward, temperature) / temperature)


def shaping(mdp: MDP, potential: np.ndarray) -> np.ndarray:
    """F(s, a) = γ Σ_s' P(s'|s, a) Φ(s') − Φ(s): potential [..., S] -> [..., S, A].

    Added to a reward it changes Q by −Φ(s), and no optimal policy, soft or not (Ng, Harada and Russell 1999,
    "Policy Invariance Under Reward Transformations", from memory). Raises ValueError where Φ does not fit.
    """
    phi = np.asarray(potential, dtype=float)
    if phi.shape[-1:] != (mdp.states,):
        raise ValueError(f"potential has shape {phi.shape}; this MDP asks for [..., S], S = {mdp.states}")
    ahead = mdp.transition.reshape(-1, mdp.states) @ phi[..., None]
    return mdp.gamma * ahead.reshape(*phi.shape[:-1], *mdp.reward.shape) - phi[..., None]


def unshaped(mdp: MDP, reward: np.ndarray) -> np.ndarray:
    """r − F_Φ with the Φ that leaves the least sum of squares: 0 if and only if r is a shaping.

    reward [..., S, A]. The part of a difference of rewards that a policy could tell. [..., S, A].
    """
    r = np.asarray(reward, dtype=float).reshape(*np.shape(reward)[:-2], -1)
    all_shapings, _ = np.linalg.qr(shaping(mdp, np.eye(mdp.states)).reshape(mdp.states, -1).T)
    return (r - (r @ all_shapings) @ all_shapings.T).reshape(np.shape(reward))


def occupancy(mdp: MDP, policy: np.ndarray) -> np.ndarray:
    """ρ(s, a) = d(s) π(a|s), the share of discounted time. [..., S, A]; each policy's sums to 1."""
    policy = checked_policy(mdp, policy)
    each = policy.reshape(-1, *mdp.reward.shape)  # one by one, so that no digit depends on the others
    d = np.stack([visitation(mdp, one) for one in each]).reshape(*policy.shape[:-1], 1)
    return d * policy


def _check(temperature: float) -> None:
    if not temperature > 0:
        raise ValueError(f"temperature is {temperature}; soft values need α > 0")
