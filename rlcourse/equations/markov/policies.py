"""Policies as arrays π[..., S, A] whose rows sum to 1."""

import numpy as np

from rlcourse.equations.markov.process import MDP


def uniform_policy(mdp: MDP) -> np.ndarray:
    """π(a|s) = 1/A. [S, A]."""
    return np.full((mdp.states, mdp.actions), 1 / mdp.actions)


def random_policy(mdp: MDP, seed: int | np.random.Generator) -> np.ndarray:
    """π(·|s) uniform on the simplex, state by state. [S, A]; `seed` an integer or a Generator."""
    return np.random.default_rng(seed).dirichlet(np.ones(mdp.actions), size=mdp.states)


def softmax_policy(logits: np.ndarray) -> np.ndarray:
    """π(a|s) = exp θ(s, a) / Σ_b exp θ(s, b). logits [..., S, A] -> [..., S, A]."""
    weights = np.exp(logits - np.max(logits, axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def epsilon_greedy_policy(q: np.ndarray, epsilon: float) -> np.ndarray:
    """π(a|s) = ε/A + (1 − ε) 1[a ∈ argmax_b q(s, b)] / |argmax_b q(s, b)|: ties share what is greedy.

    q [..., A] -> [..., A]. Raises ValueError for ε outside [0, 1].
    """
    if not 0 <= epsilon <= 1:
        raise ValueError(f"epsilon is {epsilon}; it is a probability, 0 ≤ ε ≤ 1")
    best = q == q.max(axis=-1, keepdims=True)
    return epsilon / q.shape[-1] + (1 - epsilon) * best / best.sum(axis=-1, keepdims=True)


def mixture(old: np.ndarray, new: np.ndarray, alpha: float) -> np.ndarray:
    """π_α = (1 − α) π_old + α π' (Schulman et al. 2015, eq. 5). ValueError for α outside [0, 1]."""
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha is {alpha}; a mixture needs 0 ≤ α ≤ 1")
    return (1 - alpha) * np.asarray(old) + alpha * np.asarray(new)
