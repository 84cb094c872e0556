"""What estimates of the advantage and of the gradient are worth: exactly, over all that can happen."""

from typing import NamedTuple

import numpy as np

from rlcourse.equations.markov.process import MDP, induced_process, one_policy


def gae_moments(
    mdp: MDP, policy: np.ndarray, critic: np.ndarray, lam: float
) -> tuple[np.ndarray, np.ndarray]:
    """E[Â|s, a] and Var[Â|s, a] of Â = Σ_l (γλ)^l δ_l, δ_l = r_l + γ V(s_{l+1}) − V(s_l), s_0 = s, a_0 = a.

    policy [S, A] chooses every later action; critic V [S], right or wrong. Returns two arrays [S, A], in the
    units of reward and their square. λ = 0 looks one step ahead and λ = 1 to the end; where V = V^π the mean
    is A^π at every λ. Both moments solve linear equations: with m the mean from a state on, Â = δ + γλ Â'
    gives E[Â²|s, a] = E[δ² + 2γλ δ m(s') + (γλ)² E[Â'²|s']]. Raises ValueError for λ outside [0, 1] and for a
    critic that does not fit the states.
    """
    policy, V = one_policy(mdp, policy), np.asarray(critic, dtype=float)
    if V.shape != (mdp.states,):
        raise ValueError(f"critic has shape {V.shape}; this MDP asks for [S] = {(mdp.states,)}")
    if not 0 <= lam <= 1:
        raise ValueError(f"lam is {lam}; λ lies between 0 and 1")
    P, (chain, _), decay = mdp.transition, induced_process(mdp, policy), mdp.gamma * lam
    delta = mdp.reward[:, :, None] + mdp.gamma * V - V[:, None, None]  # [S, A, S]
    mean, from_state = _discounted(P, chain, policy, np.sum(P * delta, axis=-1), decay)
    square = np.sum(P * (delta**2 + 2 * decay * delta * from_state), axis=-1)
    square, _ = _discounted(P, chain, policy, square, decay**2)
    return mean, np.maximum(square - mean**2, 0.0)  # a variance of 0 may be rounded below it


def n_step_moments(mdp: MDP, policy: np.ndarray, critic: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """E[G|s] and Var[G|s] of G = r_0 + γ r_1 + … + γ^{n−1} r_{n−1} + γ^n V(s_n), s_0 = s.

    policy [S, A]; critic V [S], right or wrong; n ≥ 0. Returns two arrays [S], in the units of reward and
    their square. G_0 = V(s) and G_n = r + γ G'_{n−1} give both moments, n times; the mean is V^π + γ^n P_π^n
    (V − V^π). Raises ValueError for n < 0 and for a critic that does not fit the states. Source: Sutton &
    Barto 2018, eq. 7.1 (the target).
    """
    policy, V = one_policy(mdp, policy), np.asarray(critic, dtype=float)
    if V.shape != (mdp.states,):
        raise ValueError(f"critic has shape {V.shape}; this MDP asks for [S] = {(mdp.states,)}")
    if n < 0:
        raise ValueError(f"n is {n}; a target looks 0 steps ahead or more")
    P, r, gamma = mdp.transition, mdp.reward, mdp.gamma
    mean, variance = V, np.zeros(mdp.states)
    for _ in range(n):
        first = r + gamma * P @ mean  # E[G|s, a]
        spread = P @ mean**2 - (P @ mean) ** 2  # of the next mean, given s and a
        within = gamma**2 * (P @ variance + spread)
        mean = np.sum(policy * first, axis=1)
        variance = np.sum(policy * (within + (first - mean[:, None]) ** 2), axis=1)
    return mean, np.maximum(variance, 0.0)


class Trajectories(NamedTuple):
    """Every trajectory of T actions that a policy can make, K of them."""

    states: np.ndarray  # [T + 1, K]
    actions: np.ndarray  # [T, K]
    probability: np.ndarray  # [K], sums to 1

    def mean(self, values: np.ndarray) -> np.ndarray:
        """E[x] = Σ_k p_k x_k. values [..., K] -> [...]."""
        return values @ self.probability

    def variance(self, values: np.ndarray) -> np.ndarray:
        """Var[x] = Σ_k p_k (x_k − E[x])². values [..., K] -> [...]."""
        return (values - self.mean(values)[..., None]) ** 2 @ self.probability

    def covariance(self, values: np.ndarray) -> np.ndarray:
        """Cov[x] = Σ_k p_k (x_k − E[x]) (x_k − E[x])ᵀ. values [P, K] -> [P, P]; its trace is Σ Var."""
        off = values - self.mean(values)[:, None]
        return (off * self.probability) @ off.T

    def rewards(self, mdp: MDP) -> np.ndarray:
        """r_t = r(s_t, a_t), [T, K]."""
        return mdp.reward[self.states[:-1], self.actions]

    def gradients(self, scores: np.ndarray, weights: np.ndarray | float) -> np.ndarray:
        """ĝ = Σ_t ∇log π(a_t|s_t) w_t of each trajectory, [P, K]: an estimate of the policy gradient.

        scores [S, A, P]: ∇log π(a|s), as of `softmax_scores`. weights w: [T, K] (the reward-to-go G_t), [K]
        (the return R(τ), less a baseline), or one number. `mean` and `covariance` of it are exact. Source:
        Williams 1992 for w = R; Sutton & Barto 2018, section 13.3 for w_t = γ^t G_t.
        """
        chosen = scores[self.states[:-1], self.actions]  # [T, K, P]
        weights = np.broadcast_to(weights, chosen.shape[:2])
        return np.einsum("tkp,tk->pk", chosen, weights)


def trajectories(mdp: MDP, policy: np.ndarray, steps: int, most: int = 10**6) -> Trajectories:
    """All (s_0, a_0, …, a_{T−1}, s_T) with p(τ) = ρ₀(s_0) Π_t π(a_t|s_t) P(s_{t+1}|s_t, a_t) > 0.

    policy [S, A], steps T ≥ 0. Expectations over them are exact. Raises ValueError for steps < 0 and where
    there are more than `most`.
    """
    policy = one_policy(mdp, policy)
    if steps < 0:
        raise ValueError(f"steps is {steps}; a trajectory has 0 steps or more")
    states = np.flatnonzero(mdp.start > 0)[None]
    actions, probability = np.zeros((0, states.size), int), mdp.start[states[0]]
    for _ in range(steps):
        step = policy[states[-1], :, None] * mdp.transition[states[-1]]  # [K, A, S]
        k, a, s = np.nonzero(step)
        if len(k) > most:
            raise ValueError(
                f"more than {most} trajectories of {steps} steps: fewer steps, states or actions"
            )
        probability = probability[k] * step[k, a, s]
        states, actions = np.vstack([states[:, k], s]), np.vstack([actions[:, k], a])
    return Trajectories(states, actions, probability)


def _discounted(P, chain, policy, source, decay):
    """x(s, a) = source(s, a) + decay Σ_s' P(s'|s, a) x(s'), x(s') its mean over π; both, [S, A] and [S]."""
    at_state = np.linalg.solve(np.eye(len(chain)) - decay * chain, np.sum(policy * source, axis=-1))
    return source + decay * P @ at_state, at_state
