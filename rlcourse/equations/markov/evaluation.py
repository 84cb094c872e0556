"""What a policy is worth and where it spends its time, exactly."""

import numpy as np

from rlcourse.equations.markov.process import MDP, check_distribution, induced_process, one_policy, reachable


def values(mdp: MDP, policy: np.ndarray) -> np.ndarray:
    """V = (I − γ P_π)⁻¹ r_π, the solution of V = r_π + γ P_π V. [..., S]."""
    P, r = induced_process(mdp, policy)
    return np.linalg.solve(np.eye(mdp.states) - mdp.gamma * P, r[..., None])[..., 0]


def bellman_backup(mdp: MDP, policy: np.ndarray, V: np.ndarray) -> np.ndarray:
    """(T^π V)(s) = Σ_a π(a|s) [ r(s, a) + γ Σ_s' P(s'|s, a) V(s') ], in all states at once.

    policy [..., S, A], V [..., S] -> [..., S]. V^π is its only fixed point, and ‖T^π V − T^π V'‖∞ is at most
    γ ‖V − V'‖∞. Raises ValueError where V does not fit the states.
    """
    P, r = induced_process(mdp, policy)
    V = np.asarray(V, dtype=float)
    if V.shape[-1:] != (mdp.states,):
        raise ValueError(f"V has shape {V.shape}; this MDP asks for [..., S] with S = {mdp.states}")
    return r + mdp.gamma * (P @ V[..., None])[..., 0]


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

    start: [S] in place of ρ₀, or [N, S] for N starts at once (then one policy, and the result is [N, S]); one
    that is no distribution over the states raises ValueError. The unnormalised ρ_π of Schulman et al. 2015,
    section 2, is d/(1 − γ).
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


def stationary_distribution(mdp: MDP, policy: np.ndarray) -> np.ndarray:
    """d = d P_π with Σ_s d(s) = 1: the left eigenvector of P_π for the eigenvalue 1.

    policy [S, A] -> [S]. d(s) is the share of time that the chain spends in s in the long run, also where it
    is periodic; 0 in states that it leaves for ever. γ and ρ₀ play no part: the discounted `visitation` is
    another distribution. Raises ValueError where several sets of states are never left: each has a d of its
    own.
    """
    P, _ = induced_process(mdp, one_policy(mdp, policy))
    reach = reachable(P)
    recurrent = (~reach | reach.T).all(axis=1)  # from wherever it can go, it can come back
    if not reach[recurrent][:, recurrent].all():
        raise ValueError("the chain has several sets of states that it never leaves, so d is not unique")
    # Where d = d P and Σ d = 1, also d (I − P + E) = (1, …, 1) with E all ones; and this has one solution.
    closed = P[recurrent][:, recurrent]
    share = np.linalg.solve((np.eye(len(closed)) - closed + 1).T, np.ones(len(closed)))
    d = np.zeros(mdp.states)
    d[recurrent] = np.maximum(share, 0)  # a share of 1e-20 may be rounded to −1e-17
    return d / d.sum()


def trajectory_probability(mdp: MDP, policy: np.ndarray, states: np.ndarray, actions: np.ndarray) -> float:
    """p_π(τ) = ρ₀(s_0) Π_t π(a_t|s_t) P(s_{t+1}|s_t, a_t).

    policy [S, A]; states [T + 1] and actions [T], whole numbers, T ≥ 0. Over all trajectories of one length
    the probabilities sum to 1. Raises ValueError where the lengths do not fit or a state or an action does
    not exist.
    """
    policy = one_policy(mdp, policy)
    states, actions = _indices(states, mdp.states, "states"), _indices(actions, mdp.actions, "actions")
    if len(states) != len(actions) + 1:
        raise ValueError(
            f"{len(states)} states and {len(actions)} actions; T actions lie between T + 1 states"
        )
    before, after = states[:-1], states[1:]
    steps = policy[before, actions] * mdp.transition[before, actions, after]
    return float(mdp.start[states[0]] * np.prod(steps))


def _start(mdp: MDP, start: np.ndarray) -> np.ndarray:
    """start as a checked float array, [S] or [N, S]."""
    start = np.asarray(start, dtype=float)
    if start.shape[-1:] != (mdp.states,) or start.ndim > 2:
        raise ValueError(
            f"start has shape {start.shape}; this MDP asks for [S] or [N, S] with S = {mdp.states}"
        )
    check_distribution(start, "start")
    return start


def _indices(values: np.ndarray, count: int, name: str) -> np.ndarray:
    """values as a checked vector of whole numbers 0 … count − 1."""
    values = np.asarray(values)
    if values.ndim != 1:
        raise ValueError(f"{name} has shape {values.shape}; it must be a vector of whole numbers")
    wrong = ~((values >= 0) & (values < count) & (values % 1 == 0))
    if wrong.any():
        raise ValueError(f"{name} holds {values[wrong][0]}; each must be one of 0 … {count - 1}")
    return values.astype(int)
