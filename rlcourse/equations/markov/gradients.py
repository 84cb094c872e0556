"""The slope of η over a policy's parameters, the scores of a tabular softmax policy, and its metric."""

import numpy as np

from rlcourse.equations.markov.evaluation import advantages, q_values, visitation
from rlcourse.equations.markov.process import MDP, checked_policy, induced_process, one_policy, reachable


def policy_gradient(mdp: MDP, policy: np.ndarray) -> np.ndarray:
    """∂η/∂θ(s, a) = d(s) π(a|s) A(s, a) / (1 − γ) for π = softmax(θ). [..., S, A]."""
    return visitation(mdp, policy)[..., None] * policy * advantages(mdp, policy) / (1 - mdp.gamma)


def softmax_scores(policy: np.ndarray, looks: np.ndarray | None = None) -> np.ndarray:
    """∂ log π(a|s) / ∂θ(o, b) = [o is the look of s] ([a = b] − π(b|s)) for π = softmax(θ), [S, A, O·A].

    policy [S, A]; θ(o, b) stands at index o·A + b. looks [S]: the number of what the agent sees in each
    state, 0 … O − 1; states that look alike share their logits, as in a POMDP without memory. By default each
    state has logits of its own, O = S. Raises ValueError where states that look alike have different rows.
    """
    policy = np.asarray(policy, dtype=float)
    S, A = policy.shape
    looks = np.arange(S) if looks is None else np.asarray(looks)
    if looks.shape != (S,):
        raise ValueError(f"looks has shape {looks.shape}; one look a state asks for [S] = {(S,)}")
    for s, first in enumerate(np.argmax(looks[:, None] == looks, axis=1)):
        if not np.allclose(policy[s], policy[first], rtol=0, atol=1e-12):
            raise ValueError(f"states {first} and {s} look alike, but their rows of the policy differ")
    within = np.eye(A) - policy[:, None]  # [S, A, A]: of the logits that this state uses
    return np.einsum("so,sab->saob", np.eye(looks.max() + 1)[looks], within).reshape(S, A, -1)


def value_gradient(mdp: MDP, policy: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """∇V = (I − γ P_π)⁻¹ u, u(s) = Σ_a π(a|s) ∇log π(a|s) Q(s, a): a value whose reward is u. [S, P].

    policy [S, A]; scores [S, A, P]: ∇log π(a|s) over any P parameters. ρ₀ᵀ ∇V is ∇η. In units of reward.
    Raises ValueError where scores do not fit. Source: the proof of the policy gradient theorem, Sutton et al.
    2000, "Policy Gradient Methods for Reinforcement Learning with Function Approximation".
    """
    policy, scores = one_policy(mdp, policy), np.asarray(scores, dtype=float)
    if scores.ndim != 3 or scores.shape[:2] != policy.shape:
        raise ValueError(f"scores has shape {scores.shape}; this MDP asks for [S, A, P] = {policy.shape} + P")
    P, _ = induced_process(mdp, policy)
    u = np.einsum("sa,sap->sp", policy * q_values(mdp, policy), scores)
    return np.linalg.solve(np.eye(mdp.states) - mdp.gamma * P, u)


def fisher(mdp: MDP, policy: np.ndarray) -> np.ndarray:
    """F = E_{s ~ d, a ~ π}[ ∇_θ log π(a|s) ∇_θ log π(a|s)ᵀ ] for π = softmax(θ), d = d^π summing to 1.

    policy [..., S, A] -> [..., S·A, S·A], θ(s, a) at index s·A + a. On the diagonal one block a state, d(s)
    (diag π(·|s) − π(·|s) π(·|s)ᵀ); 0 elsewhere. It is the Hessian of Σ_s d(s) D_KL(π(·|s)‖π_θ(·|s)) at π_θ =
    π, so that the divergence of a small step Δ is ½ ΔᵀFΔ; singular, because adding a number to all logits of
    a state changes nothing. Source: Kakade 2001, "A Natural Policy Gradient".
    """
    policy = checked_policy(mdp, policy)
    diagonal = policy[..., None] * np.eye(mdp.actions)
    blocks = diagonal - policy[..., :, None] * policy[..., None, :]  # the covariance of the scores in a state
    blocks = visitation(mdp, policy)[..., None, None] * blocks
    size = mdp.states * mdp.actions
    whole = np.einsum("...sab,st->...satb", blocks, np.eye(mdp.states))
    return whole.reshape(*policy.shape[:-2], size, size)


def natural_gradient(mdp: MDP, policy: np.ndarray) -> np.ndarray:
    """F⁺ ∇_θ η = (A(s, a) − the mean of A(s, ·) over the actions in use) / (1 − γ), for π = softmax(θ).

    policy [..., S, A] -> [..., S, A]: of all solutions of F x = ∇η the one of least norm. That F x = ∇η holds
    for x = A/(1 − γ) is one line, as Σ_a π(a|s) A(s, a) = 0; a number added to all actions of a state changes
    nothing. 0 in states that the policy never visits and for actions that it never takes: there F is 0. In
    units of reward.
    """
    policy = checked_policy(mdp, policy)
    P, _ = induced_process(mdp, policy)
    starts = mdp.start > 0
    visited = (starts[:, None] & reachable(P)).any(axis=-2) if mdp.gamma > 0 else starts
    used = (policy > 0) & visited[..., None]
    A = np.where(used, advantages(mdp, policy), 0.0)
    mean = A.sum(axis=-1, keepdims=True) / np.maximum(used.sum(axis=-1, keepdims=True), 1)
    return np.where(used, A - mean, 0.0) / (1 - mdp.gamma)
