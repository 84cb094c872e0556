"""The slope of η over the logits θ(s, a) of a tabular softmax policy, and the metric of such policies."""

import numpy as np

from rlcourse.equations.markov.evaluation import advantages, visitation
from rlcourse.equations.markov.process import MDP, checked_policy, induced_process, reachable


def policy_gradient(mdp: MDP, policy: np.ndarray) -> np.ndarray:
    """∂η/∂θ(s, a) = d(s) π(a|s) A(s, a) / (1 − γ) for π = softmax(θ). [..., S, A]."""
    return visitation(mdp, policy)[..., None] * policy * advantages(mdp, policy) / (1 - mdp.gamma)


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
