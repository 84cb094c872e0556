"""Equations of distributional reinforcement learning: the law of the return in place of its mean."""

from rlcourse.equations.arrays import Array


def projected(targets: Array, probabilities: Array, atoms: Array) -> Array:
    """(Φp)_i = Σ_j p_j [1 − |clip(y_j, z_1, z_N) − z_i| / Δz]₊.

    Mass at y_j is shared by its two neighbours among the evenly spaced atoms z [N], the nearer one getting
    more. targets y and probabilities p [..., M] → [..., N]. Σ_i (Φp)_i = Σ_j p_j, and the mean is kept where
    all y lie between z_1 and z_N. Source (from memory): Bellemare, Dabney and Munos 2017, "A Distributional
    Perspective on Reinforcement Learning".
    """
    y = targets.clip(atoms[0], atoms[-1])[..., None, :]
    distance = abs(y - atoms[:, None]) / (atoms[1] - atoms[0])
    return ((1 - distance).clip(0, 1) * probabilities[..., None, :]).sum(-1)


def quantile_huber(error: Array, tau: Array, kappa: float = 1.0) -> Array:
    """ρ_τ(u) = |τ − 1{u < 0}| L_κ(u)/κ, with u = y − θ: its mean over y is least where θ is y's τ-quantile.

    That is exact for κ → 0, where ρ_τ(u) = |τ − 1{u < 0}| |u|. L_κ(u) = u²/2 up to |u| = κ, and beyond it
    κ(|u| − κ/2). error and tau broadcast. Source (from memory): Dabney et al. 2018, "Distributional
    Reinforcement Learning with Quantile Regression".
    """
    size = abs(error)
    inside = size.clip(0, kappa)
    return abs(tau - 1.0 * (error < 0)) * (inside * (size - inside / 2)) / kappa
