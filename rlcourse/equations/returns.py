"""Returns, targets and advantages: everything that sums rewards along time.

All functions take NumPy arrays or torch tensors and return the same kind. Time is the first axis; the other
axes (environments, seeds) are carried along. `terminated` and `truncated` are Gymnasium's: a terminated
episode has no future, so its target does not bootstrap; a truncated one was merely cut, so its target
bootstraps from the true last observation. `next_value[t]` is the value of the true successor of step t, never
of the observation that follows a reset.
"""

from collections.abc import Callable

import numpy as np

from rlcourse.equations.arrays import Array, concatenate, exp, flip, minimum, same_shape, stack, where


def discounted_returns(reward: Array, done: Array, gamma: float) -> Array:
    """G_t = r_t + γ (1 − done_t) G_{t+1}, with G_T = 0.

    reward, done: [T, ...]; gamma in [0, 1]. Returns [T, ...], in the units of reward. Raises ValueError where
    the shapes differ. Source: Sutton & Barto 2018, eq. 3.9.
    """
    same_shape(reward=reward, done=done)
    future = 0.0 * reward[0]
    steps = []
    for r, alive in zip(flip(reward), flip(done == 0), strict=True):
        future = r + gamma * (alive * future)
        steps.append(future)
    return stack(steps[::-1])


def whole_returns(reward: Array, done: Array, gamma: float) -> Array:
    """R(τ) = Σ_k γ^k r_k over the whole episode, at each of its steps.

    reward, done: [T, ...]; returns [T, ...], in the units of reward. An episode begins with the data and
    after each done. Raises ValueError where the shapes differ. As a weight of ∇log π it is right in the mean,
    though it credits an action with rewards that came before it. Source (from memory): Williams 1992.
    """
    total, steps = None, []
    for g, over in zip(discounted_returns(reward, done, gamma), _starts(done), strict=True):
        total = g if total is None else where(over != 0, g, total)
        steps.append(total)
    return stack(steps)


def discounted_from_start(reward: Array, done: Array, gamma: float) -> Array:
    """γ^t G_t = Σ_{k≥t} γ^k r_k, t counted from the start of the episode.

    reward, done: [T, ...]; returns [T, ...], in the units of reward. E[Σ_t ∇log π_t γ^t G_t] is the gradient
    of the discounted return from the start; without γ^t, as in practice, it is not. Raises ValueError where
    the shapes differ. Source: Sutton & Barto 2018, section 13.3.
    """
    return discounts(reward, done, gamma) * discounted_returns(reward, done, gamma)


def discounts(reward: Array, done: Array, gamma: float) -> Array:
    """γ^t, t counted from the start of the episode; reward says only of which kind the answer is.

    reward, done: [T, ...]; returns [T, ...], no unit. Raises ValueError where the shapes differ.
    """
    same_shape(reward=reward, done=done)
    factor, steps = 1.0 + 0.0 * reward[0], []
    for start in _starts(done):
        factor = where(start != 0, 1.0 + 0.0 * factor, factor)
        steps.append(factor)
        factor = gamma * factor
    return stack(steps)


def n_step_returns(
    reward: Array, next_value: Array, terminated: Array, truncated: Array, gamma: float, n: int
) -> Array:
    """G_t^(n) = r_t + γ r_{t+1} + … + γ^{n−1} r_{t+n−1} + γ^n V(s_{t+n}).

    The sum is shorter where the episode or the data end. All arrays [T, ...]; n ≥ 1. Returns [T, ...], in the
    units of reward. Raises ValueError for n < 1 or unequal shapes. Source: Sutton & Barto 2018, eq. 7.1.
    """
    same_shape(reward=reward, next_value=next_value, terminated=terminated, truncated=truncated)
    if n < 1:
        raise ValueError(f"n_step_returns: n must be at least 1, got {n}")
    going_on = (terminated == 0) * (truncated == 0)
    returns = td_target(reward, terminated, next_value, gamma)
    for _ in range(n - 1):
        later = next_value + going_on * (concatenate(returns[1:], next_value[-1:]) - next_value)
        returns = td_target(reward, terminated, later, gamma)
    return returns


def td_target(reward: Array, terminated: Array, next_value: Array, gamma: float) -> Array:
    """y = r + γ (1 − terminated) V(s').

    All arrays of one shape [...]; returns [...], in the units of reward. A time limit (truncation) still
    bootstraps. Raises ValueError where the shapes differ: [B] against [B, 1] would silently broadcast to
    [B, B]. Source: Sutton & Barto 2018, eq. 6.2.
    """
    same_shape(reward=reward, terminated=terminated, next_value=next_value)
    return reward + gamma * ((terminated == 0) * next_value)


def twin_target(reward: Array, terminated: Array, next_q1: Array, next_q2: Array, gamma: float) -> Array:
    """y = r + γ (1 − terminated) min(Q′₁(s′, a′), Q′₂(s′, a′)).

    All arrays of one shape [...]; returns [...], in the units of reward. Raises ValueError where the shapes
    differ. Source: Fujimoto et al. 2018, "Addressing Function Approximation Error in Actor-Critic Methods",
    eq. 10.
    """
    same_shape(next_q1=next_q1, next_q2=next_q2)
    return td_target(reward, terminated, minimum(next_q1, next_q2), gamma)


def clipped_double_q_target(reward: Array, terminated: Array, next_values: Array, gamma: float) -> Array:
    """y = r + γ (1 − terminated) min(Q′₁(s′, a′), Q′₂(s′, a′)): `twin_target` of critics on one axis.

    reward, terminated: [..., B]; next_values: [..., 2, B], the twin critics on the axis before the batch.
    Returns [..., B], in the units of reward. Raises ValueError where the shapes do not fit.
    """
    if next_values.ndim < 2 or next_values.shape[-2] != 2:
        shape = tuple(next_values.shape)
        raise ValueError(f"clipped_double_q_target: next_values must be [..., 2, B], got {shape}")
    return twin_target(reward, terminated, next_values[..., 0, :], next_values[..., 1, :], gamma)


def gae(
    reward: Array,
    value: Array,
    next_value: Array,
    terminated: Array,
    truncated: Array,
    gamma: float,
    lam: float,
) -> Array:
    """Â_t = δ_t + γλ (1 − done_t) Â_{t+1},  δ_t = r_t + γ (1 − terminated_t) V(s_{t+1}) − V(s_t).

    All arrays [T, ...]; done = terminated or truncated; next_value[t] = V of the true successor of step t.
    Returns advantages [T, ...], in the units of reward. λ = 0 is the TD error, λ = 1 the Monte-Carlo return
    minus the value. Raises ValueError where the shapes differ. Source: Schulman et al. 2016,
    "High-Dimensional Continuous Control Using Generalized Advantage Estimation", eq. 16.
    """
    same_shape(reward=reward, value=value, next_value=next_value, terminated=terminated, truncated=truncated)
    delta = td_target(reward, terminated, next_value, gamma) - value
    going_on = (terminated == 0) * (truncated == 0)
    return _backward_sum(delta, gamma * lam, going_on)


def td_lambda_weights(lam: float, steps: int) -> np.ndarray:
    """w_k = (1 − λ) λ^{k−1} for k < N, w_N = λ^{N−1}: GAE's weights of the k-step advantages.

    N = `steps` ≥ 1 are left of the episode; lam λ in [0, 1]. Returns [N], k = 1 … N, no unit; sums to 1, for
    all advantages of N steps and more are one and the same. Raises ValueError for another λ or N. Source:
    Sutton & Barto 2018, eq. 12.3.
    """
    if not 0 <= lam <= 1 or steps < 1:
        raise ValueError(f"td_lambda_weights: 0 ≤ λ ≤ 1 and N ≥ 1, got λ = {lam}, N = {steps}")
    weights = (1 - lam) * lam ** np.arange(steps)
    weights[-1] = lam ** (steps - 1)
    return weights


def eligibility_traces(features: Array, done: Array, gamma: float, lam: float) -> Array:
    """e_t = γλ (1 − done_{t−1}) e_{t−1} + φ_t, with e_{−1} = 0: what of the past a TD error still moves.

    features φ [T, ..., D]: ∇V(s_t) of a critic, ∇log π(a_t|s_t) of a policy; done [T, ...], terminated or
    truncated. Returns [T, ..., D]. Σ_t δ_t e_t = Σ_t Â_t φ_t with Â of `gae`: the backward and the forward
    view. Raises ValueError where the shapes do not fit. Source: Sutton & Barto 2018, eq. 12.5.
    """
    same_shape(features_without_D=features[..., 0], done=done)
    trace, steps = 0.0 * features[0], []
    for phi, alive in zip(features, done == 0, strict=True):
        trace = trace + phi
        steps.append(trace)
        trace = gamma * lam * (alive[..., None] * trace)
    return stack(steps)


def vtrace_targets(
    reward: Array,
    value: Array,
    next_value: Array,
    log_rho: Array,
    terminated: Array,
    gamma: float,
    rho_bar: float = 1.0,
    c_bar: float = 1.0,
) -> Array:
    """v_t = V(s_t) + Σ_{k≥t} γ^{k−t} (Π_{i<k} c_i) δ_k,  δ_k = ρ_k (r_k + γ V(s_{k+1}) − V(s_k)).

    ρ = min(ρ̄, π/μ), c = min(c̄, π/μ), log_rho = log π(a|s) − log μ(a|s). All arrays [T, ...]; a terminated
    step ends the sum and does not bootstrap; the last one bootstraps from next_value. Returns v [T, ...], in
    the units of reward. ρ̄ decides the fixed point V^{π_ρ̄}; c̄ decides only how fast it is reached. Raises
    ValueError where the shapes differ. Source: Espeholt et al. 2018, "IMPALA", eq. 1.
    """
    same_shape(reward=reward, value=value, next_value=next_value, log_rho=log_rho, terminated=terminated)
    ratio = exp(log_rho)
    delta = ratio.clip(max=rho_bar) * (td_target(reward, terminated, next_value, gamma) - value)
    return value + _backward_sum(delta, gamma * ratio.clip(max=c_bar), terminated == 0)


def vtrace(
    reward: Array,
    value: Array,
    next_value: Array,
    log_rho: Array,
    terminated: Array,
    truncated: Array,
    gamma: float,
    rho_bar: float = 1.0,
    c_bar: float = 1.0,
    targets: Callable = vtrace_targets,
) -> tuple[Array, Array]:
    """v_t by `vtrace_targets`, and Â_t = ρ_t (r_t + γ v_{t+1} − V(s_t)): what the critic and the policy need.

    A time limit (truncated) ends the sum and bootstraps, as if V(s′) had been paid with the last reward. All
    arrays [T, ...]; returns (v, Â), both [T, ...], in the units of reward. targets: another function like
    `vtrace_targets`. Raises ValueError where the shapes differ. Source: Espeholt et al. 2018, "IMPALA", eq. 1
    and section 4.2.
    """
    same_shape(
        reward=reward, value=value, next_value=next_value, log_rho=log_rho,
        terminated=terminated, truncated=truncated,
    )  # fmt: skip
    cut = (terminated == 0) * (truncated != 0)
    reward = reward + gamma * (cut * next_value)
    ended = terminated + cut  # 1 where the sum ends, for whichever reason
    v = targets(reward, value, next_value, log_rho, ended, gamma, rho_bar, c_bar)
    later = concatenate(v[1:], next_value[-1:])
    rho = exp(log_rho).clip(max=rho_bar)
    return v, rho * (td_target(reward, ended, later, gamma) - value)


def importance_weights(log_rho: Array, done: Array) -> Array:
    """ρ_{1:t} = Π_{k ≤ t} π(a_k|s_k) / μ(a_k|s_k), starting anew after each done.

    log_rho, done: [T, ...]; returns the per-decision weights [T, ...] (no unit). Raises ValueError where the
    shapes differ. Source: Precup et al. 2000, eq. 4.
    """
    same_shape(log_rho=log_rho, done=done)
    total, steps = 0.0 * log_rho[0], []
    for step, alive in zip(log_rho, done == 0, strict=True):
        total = total + step
        steps.append(total)
        total = alive * total
    return exp(stack(steps))


def _starts(done: Array) -> Array:
    """1 at the first step of each episode, [T, ...]: the first of the data, and those after a done."""
    over = 1.0 * (done != 0)
    return concatenate(1.0 + 0.0 * over[:1], over[:-1])


def _backward_sum(delta: Array, decay: Array | float, going_on: Array) -> Array:
    """x_t = δ_t + decay_t going_on_t x_{t+1}, with x_T = 0; decay is a number or [T, ...]."""
    decay = (decay + 0.0 * delta) * going_on  # [T, ...]; in delta's precision: a number times a flag has less
    total, steps = 0.0 * delta[0], []
    for d, factor in zip(flip(delta), flip(decay), strict=True):
        total = d + factor * total
        steps.append(total)
    return stack(steps[::-1])
