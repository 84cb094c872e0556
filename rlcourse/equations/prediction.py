"""Learning V from walks: n-step temporal differences on a table, from TD(0) to Monte Carlo."""

import numpy as np


def n_step_td(
    states: np.ndarray,
    rewards: np.ndarray,
    values: np.ndarray,
    step: np.ndarray | float,
    n: int,
    gamma: float,
) -> np.ndarray:
    """V(s_t) ← V(s_t) + α (G_t − V(s_t)),  G_t = r_t + … + γ^{n−1} r_{t+n−1} + γ^n V(s_{t+n}), t = 0, 1, ….

    One episode of each of N learners, who learn side by side: states [T + 1, N], rewards [T, N], values
    [N, K, S] for K step sizes α [K] (or one for all). After an episode's end s stays in a state of value 0
    and r is 0, so G needs no mask; what is left after T steps must be such a state. Returns the new values
    [N, K, S]. n = 1 is TD(0), n ≥ T Monte Carlo. Raises ValueError for n < 1 and shapes that do not fit.
    Source: Sutton & Barto 2018, section 7.1.
    """
    T, N = np.shape(rewards)
    if n < 1:
        raise ValueError(f"n is {n}; a target looks at least one step ahead")
    if np.shape(states) != (T + 1, N) or np.ndim(values) != 3 or len(values) != N:
        shapes = f"states {np.shape(states)}, rewards {np.shape(rewards)}, values {np.shape(values)}"
        raise ValueError(f"{shapes} do not fit; they must be [T + 1, N], [T, N] and [N, K, S]")
    n = min(n, T)
    earned = np.zeros((T, N))  # r_t + … + γ^{n−1} r_{t+n−1}
    for i in range(n):
        earned[: T - i] += gamma**i * rewards[i:]
    after = np.minimum(np.arange(T) + n, T)
    V, learner, alpha = np.array(values, dtype=float), np.arange(N), np.broadcast_to(step, values.shape[1])
    for t in range(T):
        target = earned[t, :, None] + gamma**n * V[learner, :, states[after[t]]]
        V[learner, :, states[t]] += alpha * (target - V[learner, :, states[t]])
    return V
