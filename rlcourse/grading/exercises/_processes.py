"""Exact quantities of a small decision process, and how its cases are drawn.

P [S, A, S], R [S, A], policies [S, A], start [S].
"""

import numpy as np

from rlcourse.equations import markov

SIZES = ((4, 2), (5, 3), (3, 2), (6, 2), (4, 3))  # states, actions


def process(rng, states, actions, gamma):
    return {
        "P": rng.dirichlet(0.5 * np.ones(states), (states, actions)),
        "start": rng.dirichlet(0.5 * np.ones(states)),
        "gamma": gamma,
    }


def random_policy(rng, states, actions):
    return rng.dirichlet(np.ones(actions), states)


def uniform_like(x):
    return np.full(len(x), 1 / len(x))


def chain(P, policy):
    """Pπ(s, s′) = Σₐ π(a|s) P(s′|s, a)."""
    return np.einsum("sa,sat->st", policy, P)


def geometric_sum(matrix, terms):
    """Σ_{t < n} Mᵗ, by doubling: S₂ₙ = Sₙ + MⁿSₙ."""
    if terms == 1:
        return np.eye(len(matrix))
    half = geometric_sum(matrix, terms // 2)
    total = half + np.linalg.matrix_power(matrix, terms // 2) @ half
    return total if terms % 2 == 0 else np.eye(len(matrix)) + matrix @ total


def visitation(P, policy, start, gamma):
    """d = (1 − γ)(I − γPπᵀ)⁻¹ρ₀."""
    return markov.visitation(markov.MDP(P, np.zeros(policy.shape), start, gamma), policy)


def backwards(P, policy, start, gamma):
    """(I − γPπ)⁻¹ρ₀: the flow of values, where that of distributions is meant."""
    return np.linalg.solve(np.eye(len(start)) - gamma * chain(P, policy), start)


def stationary(P, policy):
    """The eigenvector of Pπᵀ at eigenvalue 1."""
    states = len(P)
    system = np.vstack([chain(P, policy).T - np.eye(states), np.ones(states)])
    return np.linalg.lstsq(system, np.append(np.zeros(states), 1.0), rcond=None)[0]
