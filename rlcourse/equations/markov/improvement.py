"""Dynamic programming: from a policy, or from nothing, to a better one."""

import numpy as np

from rlcourse.equations.markov.evaluation import advantages, values
from rlcourse.equations.markov.process import MDP, checked_policy


def greedy_policy(mdp: MDP, policy: np.ndarray) -> np.ndarray:
    """π'(s) = argmax_a A^π(s, a): one step of policy improvement. Deterministic, [..., S, A]."""
    return np.eye(mdp.actions)[advantages(mdp, policy).argmax(axis=-1)]


def policy_iteration(mdp: MDP, policy: np.ndarray, steps: int = 1000) -> list[np.ndarray]:
    """π_{k+1}(s) = argmax_a A^{π_k}(s, a), until nothing improves. The list of all policies.

    policy [S, A]. An action replaces the present one only where it gains more than rounding, so the iteration
    ends; ValueError where it has not ended after `steps`.
    """
    path = [checked_policy(mdp, policy)]
    for _ in range(steps):
        A = advantages(mdp, path[-1])
        gain = A.max(axis=-1) > 1e-12 * (1 + np.abs(values(mdp, path[-1])).max())
        if not gain.any():
            return path
        path.append(np.where(gain[:, None], np.eye(mdp.actions)[A.argmax(axis=-1)], path[-1]))
    raise ValueError(f"policy iteration did not end in {steps} steps; raise `steps`")


def value_iteration(mdp: MDP, sweeps: int) -> np.ndarray:
    """V_{k+1}(s) = max_a [ r(s, a) + γ Σ_s' P(s'|s, a) V_k(s') ] in all states at once, from V_0 = 0.

    Returns V_sweeps [S]; after 0 sweeps it is 0. ‖V_k − V*‖∞ ≤ γ^k ‖V*‖∞. Raises ValueError for sweeps < 0.
    """
    if sweeps < 0:
        raise ValueError(f"sweeps is {sweeps}; it must be 0 or more")
    V = np.zeros(mdp.states)
    for _ in range(sweeps):
        V = (mdp.reward + mdp.gamma * mdp.transition @ V).max(axis=1)
    return V


def optimal_q_values(mdp: MDP) -> np.ndarray:
    """Q*(s, a) = r(s, a) + γ Σ_s' P(s'|s, a) max_b Q*(s', b), by value iteration. [S, A].

    As many sweeps as bring γ^k ‖V*‖∞ below 1e-12 of the largest reward.
    """
    sweeps = int(np.ceil(np.log(1e-12 * (1 - mdp.gamma)) / np.log(mdp.gamma))) if mdp.gamma else 1
    return mdp.reward + mdp.gamma * mdp.transition @ value_iteration(mdp, sweeps)
