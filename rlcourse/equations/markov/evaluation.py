"""What a policy is worth and where it spends its time, exactly."""

import numpy as np

from rlcourse.equations.markov.process import MDP, check_distribution, induced_process


def values(mdp: MDP, policy: np.ndarray) -> np.ndarray:
    """V = (I − γ P_π)⁻¹ r_π. [..., S]."""
    P, r = induced_process(mdp, policy)
    return np.linalg.solve(np.eye(mdp.states) - mdp.gamma * P, r[..., None])[..., 0]


def q_values(mdp: MDP, policy: np.ndarray) -> np.ndarray:
    """Q(s, a) = r(s, a) + γ Σ_s' P(s'|s, a) V(s'). [..., S, A]."""
    return mdp.reward + mdp.gamma * np.einsum("sat,...t->...sa", mdp.transition, values(mdp, policy))


def advantages(mdp: MDP, policy: np.ndarray) -> np.ndarray:
    """A(s, a) = Q(s, a) − V(s). [..., S, A]; Σ_a π(a|s) A(s, a) = 0 in every state."""
    Q = q_values(mdp, policy)
    return Q - np.sum(policy * Q, axis=-1, keepdims=True)


def expected_return(mdp: MDP, policy: np.ndarray) -> np.ndarray:
    """η(π) = E[Σ_t γ^t r_t] = Σ_s ρ₀(s) V^π(s), unnormalised. [...]."""
    return values(mdp, policy) @ mdp.start


def visitation(mdp: MDP, policy: np.ndarray, start: np.ndarray | None = None) -> np.ndarray:
    """d(s) = (1 − γ) Σ_t γ^t P(s_t = s) = (1 − γ) ρ₀ᵀ (I − γ P_π)⁻¹. [..., S]; sums to 1.

    start: [S] in place of ρ₀, or [N, S] for N starts at once (then one policy, and the result is [N, S]). The
    unnormalised ρ_π of Schulman et al. 2015, section 2, is d/(1 − γ).
    """
    P, _ = induced_process(mdp, policy)
    start = mdp.start if start is None else _start(mdp, start)
    if start.ndim == 2 and P.ndim > 2:
        raise ValueError("start has several rows and policy has a batch; give several of one of them only")
    flow = np.eye(mdp.states) - mdp.gamma * np.swapaxes(P, -1, -2)
    return (1 - mdp.gamma) * np.swapaxes(np.linalg.solve(flow, np.atleast_2d(start).T), -1, -2).reshape(
        *P.shape[:-2], *start.shape
    )


def state_distributions(mdp: MDP, policy: np.ndarray, steps: int) -> np.ndarray:
    """P(s_t = ·) for t = 0 … steps − 1, from p_{t+1} = p_t P_π. [steps, S]."""
    P, _ = induced_process(mdp, policy)
    rows = [mdp.start]
    for _ in range(steps - 1):
        rows.append(rows[-1] @ P)
    return np.array(rows[:steps])


def _start(mdp: MDP, start: np.ndarray) -> np.ndarray:
    """start as a checked float array, [S] or [N, S]."""
    start = np.asarray(start, dtype=float)
    if start.shape[-1:] != (mdp.states,) or start.ndim > 2:
        raise ValueError(
            f"start has shape {start.shape}; this MDP asks for [S] or [N, S] with S = {mdp.states}"
        )
    check_distribution(start, "start")
    return start
