"""The performance-difference lemma, the surrogate L, and what L promises about η."""

import numpy as np

from rlcourse.equations.divergences import categorical_kl, categorical_tv
from rlcourse.equations.markov.evaluation import advantages, expected_return, visitation
from rlcourse.equations.markov.improvement import greedy_policy
from rlcourse.equations.markov.policies import mixture
from rlcourse.equations.markov.process import MDP, checked_policy


def expected_advantage(mdp: MDP, new: np.ndarray, old: np.ndarray) -> np.ndarray:
    """Ā(s) = Σ_a π_new(a|s) A^old(s, a) (Schulman et al. 2015, eq. 25). [..., S]."""
    return np.sum(checked_policy(mdp, new) * advantages(mdp, old), axis=-1)


def performance_difference(
    mdp: MDP, new: np.ndarray, old: np.ndarray, start: np.ndarray | None = None
) -> np.ndarray:
    """1/(1 − γ) Σ_s d^new(s) Σ_a π_new(a|s) A^old(s, a) = η(new) − η(old).

    The right-hand side of the lemma (Kakade & Langford 2002; Schulman et al. 2015, eq. 2). [...]; with
    `start` the identity matrix the state-wise lemma: [S], the differences V^new(s) − V^old(s).
    """
    return np.sum(visitation(mdp, new, start) * expected_advantage(mdp, new, old), axis=-1) / (1 - mdp.gamma)


def surrogate(mdp: MDP, new: np.ndarray, old: np.ndarray) -> np.ndarray:
    """L_old(new) = η(old) + 1/(1 − γ) Σ_s d^old(s) Σ_a π_new(a|s) A^old(s, a) (Schulman et al., eq. 3)."""
    return expected_return(mdp, old) + policy_advantage(mdp, new, old) / (1 - mdp.gamma)


def tv(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """D_TV(p, q) = ½ Σ_a |p(a) − q(a)|. [..., A] -> [...]."""
    return categorical_tv(*np.broadcast_arrays(p, q))


def kl(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """D_KL(p‖q) = Σ_a p(a) log(p(a)/q(a)), with 0 log 0 = 0. [..., A] -> [...]; ∞ where q = 0 < p."""
    return categorical_kl(*np.broadcast_arrays(p, q))


def max_tv(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """D_TV^max(old, new) = max_s D_TV(old(·|s), new(·|s)) (Schulman et al. 2015, eq. 7). [...]."""
    return tv(old, new).max(axis=-1)


def max_kl(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """D_KL^max(old, new) = max_s D_KL(old(·|s)‖new(·|s)) (Schulman et al. 2015, before eq. 9). [...]."""
    return kl(old, new).max(axis=-1)


def penalty_coefficient(mdp: MDP, old: np.ndarray) -> np.ndarray:
    """C = 4εγ/(1 − γ)², ε = max_{s,a} |A^old(s, a)|, for unnormalised η (Schulman et al., eqs. 8, 9)."""
    return 4 * np.abs(advantages(mdp, old)).max(axis=(-2, -1)) * mdp.gamma / (1 - mdp.gamma) ** 2


def improvement_bound(mdp: MDP, new: np.ndarray, old: np.ndarray, divergence: str = "kl") -> np.ndarray:
    """η(new) ≥ L_old(new) − C·D,  C = 4εγ/(1 − γ)²; returns the right-hand side.

    D is D_KL^max(old‖new) for "kl" (Schulman et al. 2015, eq. 9), (D_TV^max)² for "tv" (eq. 8). −∞ where the
    KL divergence is infinite and C > 0. Raises ValueError for another divergence.
    """
    if divergence not in ("kl", "tv"):
        raise ValueError(f'divergence is {divergence!r}; it must be "kl" or "tv"')
    C = penalty_coefficient(mdp, old)
    D = max_kl(old, new) if divergence == "kl" else max_tv(old, new) ** 2
    return surrogate(mdp, new, old) - np.where(C > 0, C, 0) * np.where(C > 0, D, 0)


def policy_advantage(mdp: MDP, new: np.ndarray, old: np.ndarray) -> np.ndarray:
    """𝔸_old(new) = Σ_s d^old(s) Σ_a π_new(a|s) A^old(s, a) (Kakade & Langford 2002). [...]."""
    return np.sum(visitation(mdp, old) * expected_advantage(mdp, new, old), axis=-1)


def mixture_bound(mdp: MDP, old: np.ndarray, target: np.ndarray, alpha: float) -> np.ndarray:
    """η(π_α) ≥ L_old(π_α) − 2εγα²/(1 − γ)², ε = max_s |Σ_a π'(a|s) A^old(s, a)|; returns the right-hand side.

    For π_α = (1 − α) old + α π' only, π' = target (Schulman et al. 2015, eq. 6). [...]. Raises ValueError for
    α outside [0, 1].
    """
    epsilon = np.abs(expected_advantage(mdp, target, old)).max(axis=-1)
    slack = 2 * epsilon * mdp.gamma * alpha**2 / (1 - mdp.gamma) ** 2
    return surrogate(mdp, mixture(old, target, alpha), old) - slack


def conservative_step(mdp: MDP, policy: np.ndarray) -> tuple[np.ndarray, float]:
    """π_α = (1 − α) π + α π',  π' greedy,  α = min(1, (1 − γ) 𝔸/(4εγ)): the maximiser of the mixture bound.

    Returns (the new policy, α). ε and the bound as in `mixture_bound`.
    """
    target = greedy_policy(mdp, policy)
    epsilon = np.abs(expected_advantage(mdp, target, policy)).max()
    slope, curvature = (1 - mdp.gamma) * policy_advantage(mdp, target, policy), 4 * epsilon * mdp.gamma
    alpha = 1.0 if curvature <= max(slope, 0.0) else float(max(slope, 0.0) / curvature)
    return mixture(policy, target, alpha), alpha
