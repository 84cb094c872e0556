"""Objectives of policy and value learning. Policies maximise an objective; critics minimise a loss.

Every function averages over `dim` (all axes by default, giving a scalar) and has the units of the advantage,
or of the value squared. With seeds as a leading axis, `dim=-1` gives one number per seed. Shapes that differ
raise ValueError.
"""

import torch
from torch import Tensor

from rlcourse.equations.arrays import Array, constant, minimum, same_shape, where


def score_function(log_prob: Tensor, advantage: Tensor, dim: int | None = None) -> Tensor:
    """E[log π_θ(a|s) Â], whose gradient is the policy gradient E[∇log π_θ(a|s) Â].

    log_prob, advantage: [..., B]; the advantage is data: no gradient flows into it. Source: Sutton et al.
    2000, theorem 1.
    """
    same_shape(log_prob=log_prob, advantage=advantage)
    return _mean(log_prob * advantage.detach(), dim)


def surrogate(log_prob: Tensor, old_log_prob: Tensor, advantage: Tensor, dim: int | None = None) -> Tensor:
    """L(θ) = E[ r(θ) Â ],  r(θ) = π_θ(a|s) / π_old(a|s); to maximise.

    All arrays [..., B]. At θ = θ_old its gradient is the policy gradient.
    Source: Schulman et al. 2015, eq. 14.
    """
    same_shape(log_prob=log_prob, old_log_prob=old_log_prob, advantage=advantage)
    return _mean(probability_ratio(log_prob, old_log_prob) * advantage, dim)


def clipped_surrogate(
    log_prob: Tensor, old_log_prob: Tensor, advantage: Tensor, clip: float | Tensor, dim: int | None = None
) -> Tensor:
    """L^CLIP(θ) = E[ min( r(θ) Â, clip(r(θ), 1 − ε, 1 + ε) Â ) ]; to maximise.

    All arrays [..., B]; clip is ε > 0. Never above the surrogate. The gradient vanishes in exactly two cases:
    r > 1 + ε with Â > 0, and r < 1 − ε with Â < 0. Source: Schulman et al. 2017, "Proximal Policy
    Optimization", eq. 7.
    """
    same_shape(log_prob=log_prob, old_log_prob=old_log_prob, advantage=advantage)
    return _mean(clipped_objective(probability_ratio(log_prob, old_log_prob), advantage, clip), dim)


def clipped_objective(ratio: Array, advantage: Array, clip: float | Tensor) -> Array:
    """min( r Â, clip(r, 1 − ε, 1 + ε) Â ) of each sample: what `clipped_surrogate` averages.

    ratio, advantage: [...] -> [...], NumPy or torch, in the units of the advantage; clip is ε > 0, without a
    unit. Raises ValueError where the shapes differ. Source: Schulman et al. 2017, eq. 7.
    """
    same_shape(ratio=ratio, advantage=advantage)
    return minimum(ratio * advantage, ratio.clip(1 - clip, 1 + clip) * advantage)


def kl_penalised_surrogate(
    log_prob: Tensor, old_log_prob: Tensor, advantage: Tensor, kl: Tensor, beta: float | Tensor,
    dim: int | None = None,
) -> Tensor:  # fmt: skip
    """L^KLPEN(θ) = E[ r(θ) Â − β KL(π_old(·|s) ‖ π_θ(·|s)) ]; to maximise.

    All arrays [..., B], kl in nats; beta: a number, or one per seed [..., 1]. Source: Schulman et al. 2017,
    eq. 8.
    """
    same_shape(log_prob=log_prob, old_log_prob=old_log_prob, advantage=advantage, kl=kl)
    return _mean(probability_ratio(log_prob, old_log_prob) * advantage - beta * kl, dim)


def adaptive_beta(beta: Array, kl: Array, target: float) -> Array:
    """β ← 2β where KL > 1.5 d_targ,  β/2 where KL < d_targ / 1.5,  otherwise β.

    beta, kl: [S] -> [S], NumPy or torch; kl and target in nats, β in units of the advantage per nat. Raises
    ValueError where the shapes differ. Source: Schulman et al. 2017, section 4.
    """
    same_shape(beta=beta, kl=kl)
    return where(kl > 1.5 * target, 2 * beta, where(kl < target / 1.5, beta / 2, beta))


def vine_surrogate(new_prob: Array, old_prob: Array, q: Array, dim: int = -1) -> Array:
    """L_n(θ) = Σ_k ρ_k Q̂_k / Σ_k ρ_k,  ρ_k = π_θ(a_k|s_n) / π_old(a_k|s_n); to maximise.

    The K actions tried in one state lie along `dim`, which is summed: [..., K] -> [...], in the units of q.
    NumPy or torch. A constant added to all q adds itself and leaves the gradient as it is: dividing by Σ ρ is
    the baseline. Raises ValueError where the shapes differ, where old_prob is not positive (then the action
    could not have been sampled), and where π_θ takes none of the actions tried. Source: Schulman et al. 2015,
    section 5.2.
    """
    same_shape(new_prob=new_prob, old_prob=old_prob, q=q)
    if not (old_prob > 0).all() or not (new_prob >= 0).all():
        raise ValueError("vine_surrogate: probabilities must be ≥ 0, and > 0 under the policy that sampled")
    ratio = new_prob / old_prob
    total = ratio.sum(dim)
    if not (total > 0).all():
        raise ValueError("vine_surrogate: in some state the new policy takes none of the actions tried")
    return (ratio * q).sum(dim) / total


def value_loss(value: Tensor, target: Tensor, dim: int | None = None) -> Tensor:
    """½ E[(V(s) − y)²]; to minimise.

    value, target: [..., B]; the target is data (semi-gradient): no gradient flows into it.
    """
    same_shape(value=value, target=target)
    return 0.5 * _mean((value - target.detach()) ** 2, dim)


def a2c_loss(
    log_prob: Array, advantage: Array, value: Array, target: Array, entropy: Array, value_weight: float,
    entropy_weight: float,
) -> Array:  # fmt: skip
    """−E[log π(a|s) Â] + c_v E[(V(s) − y)²] − c_e E[H(π(·|s))]; to minimise.

    All arrays [..., B], NumPy or torch; averages over the last axis: one number, or one per seed, [...].
    Advantage and target are data: no gradient flows into them, so that the critic's part is a semi-gradient.
    Raises ValueError where the shapes differ. The entropy keeps the policy from settling too soon.
    Source (from memory): Mnih et al. 2016, section 4.
    """
    same_shape(log_prob=log_prob, advantage=advantage, value=value, target=target, entropy=entropy)
    policy = -(log_prob * constant(advantage)).mean(-1)
    critic = ((value - constant(target)) ** 2).mean(-1)
    return policy + value_weight * critic - entropy_weight * entropy.mean(-1)


def clipped_value_loss(
    value: Tensor, old_value: Tensor, target: Tensor, clip: float, dim: int | None = None
) -> Tensor:
    """½ E[ max( (V − y)², (V_old + clip(V − V_old, −ε, ε) − y)² ) ]; to minimise.

    All arrays [..., B]; clip is ε in the units of value, so it is not scale-free. Source: Engstrom et al.
    2020, section 3, which prints min; max is what the released code of both PPO and that paper computes.
    """
    same_shape(value=value, old_value=old_value, target=target)
    near = old_value + (value - old_value).clamp(-clip, clip)
    return 0.5 * _mean(torch.maximum((value - target) ** 2, (near - target) ** 2), dim)


def probability_ratio(log_prob: Tensor, old_log_prob: Tensor) -> Tensor:
    """r = exp(log π_θ − log π_old), the exponent kept within ±20 so that a far-off policy stays finite.

    [...] -> [...], no unit. e^20 ≈ 5·10⁸; beyond the limits the gradient is zero, and accepted updates never
    come near them.
    """
    return torch.exp((log_prob - old_log_prob).clamp(-20.0, 20.0))


def explained_variance(value: Tensor, target: Tensor, dim: int = -1) -> Tensor:
    """1 − Var[y − V] / Var[y]: 1 is a perfect critic, 0 no better than a constant.

    value, target: [..., B] -> [...], no unit; NaN for constant targets.
    """
    same_shape(value=value, target=target)
    variance = target.var(dim, correction=0)
    return torch.where(variance > 0, 1 - (target - value).var(dim, correction=0) / variance, torch.nan)


def _mean(x: Tensor, dim: int | None) -> Tensor:
    return x.mean() if dim is None else x.mean(dim)
