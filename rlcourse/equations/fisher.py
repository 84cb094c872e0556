"""A tabular policy under any parameters: its scores, its slope, and its Fisher matrix in three ways.

How a policy is written is a function of torch, log_policy: θ [P] -> log π_θ(a|s) [S, A], in float64; a state
counts by visits d [S], which sums to 1 (`markov.visitation`). All else is NumPy. For tables of logits the
closed forms are `markov.fisher` and `markov.natural_gradient`.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import torch

from rlcourse.equations import markov
from rlcourse.equations.divergences import categorical_log_kl
from rlcourse.equations.solvers import fisher_vector_product

LogPolicy: TypeAlias = Callable[[torch.Tensor], torch.Tensor]  # θ [P] -> log π_θ [S, A]


def policy_of(log_policy: LogPolicy, theta: np.ndarray) -> np.ndarray:
    """π_θ(a|s) at θ [P]. [S, A]."""
    return log_policy(_tensor(theta)).exp().numpy()


def scores(log_policy: LogPolicy, theta: np.ndarray) -> np.ndarray:
    """∇_θ log π_θ(a|s) of every state and action, by automatic differentiation. [S, A, P]."""
    return torch.autograd.functional.jacobian(log_policy, _tensor(theta)).numpy()


def return_gradient(mdp: markov.MDP, log_policy: LogPolicy, theta: np.ndarray) -> np.ndarray:
    """∇_θ η = 1/(1 − γ) Σ_s d(s) Σ_a π(a|s) A(s, a) ∇_θ log π_θ(a|s): the policy-gradient theorem. [P]."""
    policy = policy_of(log_policy, theta)
    weight = markov.visitation(mdp, policy)[:, None] * policy * markov.advantages(mdp, policy)
    return np.einsum("sa,sap->p", weight, scores(log_policy, theta)) / (1 - mdp.gamma)


def outer_products(log_policy: LogPolicy, theta: np.ndarray, visits: np.ndarray) -> np.ndarray:
    """F = Σ_s d(s) Σ_a π(a|s) ∇log π(a|s) ∇log π(a|s)ᵀ: the definition, term by term. [P, P]."""
    score, policy = scores(log_policy, theta), policy_of(log_policy, theta)
    return np.einsum("s,sa,sap,saq->pq", visits, policy, score, score)


def kl_hessian(log_policy: LogPolicy, theta: np.ndarray, visits: np.ndarray) -> np.ndarray:
    """F = ∇²_θ' Σ_s d(s) KL(π_θ ‖ π_θ')(s) at θ' = θ, by differentiating twice. [P, P]."""
    mean_kl = _divergence_from(log_policy, theta, visits)
    return torch.autograd.functional.hessian(mean_kl, _tensor(theta)).numpy()


def product_columns(log_policy: LogPolicy, theta: np.ndarray, visits: np.ndarray) -> np.ndarray:
    """F, a column at a time: the products F e₁, F e₂, … of `solvers.fisher_vector_product`. [P, P]."""
    there = _tensor(theta)[None].requires_grad_()  # one problem, [1, P]
    product = fisher_vector_product(_divergence_from(log_policy, theta, visits)(there[0]), [there])
    return np.stack([product(unit[None])[0].numpy() for unit in torch.eye(len(theta)).double()], axis=-1)


def sampled_fisher(
    score: np.ndarray, policy: np.ndarray, visits: np.ndarray, samples: int, rng: np.random.Generator,
    actions: bool = True,
) -> np.ndarray:  # fmt: skip
    """F̂ = 1/N Σ_i ∇log π(a_i|s_i) ∇log π(a_i|s_i)ᵀ,  s_i ~ d, a_i ~ π(·|s_i). [P, P].

    With actions=False only states are drawn, and the mean over the actions of each is exact: TRPO's analytic
    estimate (Schulman et al. 2015, section 6). Both are unbiased. score [S, A, P], policy [S, A], visits
    [S]; samples N ≥ 1.
    """
    chance = visits[:, None] * policy if actions else visits
    counts = rng.multinomial(samples, (chance / chance.sum()).ravel()).reshape(chance.shape)
    weight = counts / samples if actions else (counts / samples)[:, None] * policy
    return np.einsum("sa,sap,saq->pq", weight, score, score)


def damped_solution(F: np.ndarray, g: np.ndarray, damping: float | np.ndarray) -> np.ndarray:
    """(F + c I)⁻¹ g = Σ_i (u_iᵀg)/(λ_i + c) u_i,  F = Σ_i λ_i u_i u_iᵀ symmetric.

    Along an eigenvector the undamped step is multiplied by λ_i/(λ_i + c): long valleys are shortened, steep
    walls hardly touched. F [P, P], g [P], c a number or an array [...] -> [..., P]. Raises ValueError where
    some λ_i + c is not positive.
    """
    values, vectors = np.linalg.eigh(F)
    shifted = values + np.asarray(damping, dtype=float)[..., None]
    if not (shifted > 0).all():
        raise ValueError(f"F + c I has the eigenvalue {shifted.min():.3g}; it must be positive definite")
    return (vectors.T @ g / shifted) @ vectors.T


def _divergence_from(log_policy, theta, visits):
    """θ' -> Σ_s d(s) KL(π_θ ‖ π_θ')(s), θ held fixed."""
    old, d = log_policy(_tensor(theta)), _tensor(visits)
    return lambda there: d @ categorical_log_kl(old, log_policy(there))


def _tensor(x):
    return torch.as_tensor(np.asarray(x, dtype=float))
