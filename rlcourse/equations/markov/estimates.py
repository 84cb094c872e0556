"""What an estimate of the advantage is worth: its mean and variance, exactly, over all that can happen."""

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


def trajectories(mdp: MDP, policy: np.ndarray, steps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every τ that can happen in T steps, with p_π(τ) = ρ₀(s_0) Π_t π(a_t|s_t) P(s_{t+1}|s_t, a_t).

    T = `steps`. Returns probabilities [K], which sum to 1, states [K, T + 1] and actions [K, T]; K grows like
    (what may happen in a step)^T. Raises ValueError for steps < 0. Of one τ: `trajectory_probability`.
    """
    policy = one_policy(mdp, policy)
    if steps < 0:
        raise ValueError(f"steps is {steps}; it must be 0 or more")
    states = np.flatnonzero(mdp.start)[:, None]
    probability, actions = mdp.start[states[:, 0]], np.zeros((len(states), 0), int)
    for _ in range(steps):
        now = states[:, -1]
        branches = probability[:, None, None] * policy[now][:, :, None] * mdp.transition[now]  # [K, A, S]
        path, action, after = np.nonzero(branches)
        probability = branches[path, action, after]
        states = np.column_stack([states[path], after])
        actions = np.column_stack([actions[path], action])
    return probability, states, actions


def _discounted(P, chain, policy, source, decay):
    """x(s, a) = source(s, a) + decay Σ_s' P(s'|s, a) x(s'), x(s') its mean over π; both, [S, A] and [S]."""
    at_state = np.linalg.solve(np.eye(len(chain)) - decay * chain, np.sum(policy * source, axis=-1))
    return source + decay * P @ at_state, at_state
