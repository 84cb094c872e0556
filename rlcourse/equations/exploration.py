"""Exploration noise: how long it remembers, and how far it carries a mass.

The noise is the process of `parts.noise.OUNoise`, x_{t+1} = x_t + θ (μ − x_t) Δt + σ √Δt ξ_t, with memory
m = 1 − θΔt from one step to the next. Everything here is its closed form. Shapes: T steps, K lags.
"""

import numpy as np


def ou_mean(theta: float, dt: float, mu: float, start: float, steps: np.ndarray) -> np.ndarray:
    """E[x_t] = μ + mᵗ (x₀ − μ), m = 1 − θΔt; steps t [T] ≥ 0 -> [T]."""
    return mu + (1 - theta * dt) ** np.asarray(steps) * (start - mu)


def ou_variance(theta: float, sigma: float, dt: float, steps: np.ndarray | float = np.inf) -> np.ndarray:
    """Var[x_t] = σ²Δt (1 − m²ᵗ) / (1 − m²), m = 1 − θΔt, from a fixed x₀; the stationary one at t = ∞.

    Raises ValueError where |m| ≥ 1 (θΔt ≤ 0 or ≥ 2): such noise has no stationary variance.
    """
    memory = 1 - theta * dt
    if not abs(memory) < 1:
        raise ValueError(f"θΔt = {theta * dt:g}: the noise settles only for 0 < θΔt < 2")
    return sigma**2 * dt * (1 - memory ** (2 * np.asarray(steps, float))) / (1 - memory**2)


def ou_autocorrelation(theta: float, dt: float, lags: np.ndarray) -> np.ndarray:
    """ρ_k = mᵏ = (1 − θΔt)ᵏ of the stationary process; lags k [K] ≥ 0 -> [K]."""
    return (1 - theta * dt) ** np.asarray(lags)


def push_weights(steps: int, dt: float) -> np.ndarray:
    """w_t = Δt² (T − t − ½): how far the force of step t = 0 … T−1 has moved a unit mass after T steps, [T].

    Exactly so for a mass at rest without friction whose force is held during Δt: x_T = Σ_t w_t a_t.
    """
    return dt**2 * (steps - np.arange(steps) - 0.5)


def rms_distance(autocorrelation: np.ndarray, spread: float, dt: float) -> float:
    """√E[x_T²] = spread · √(Σ_{t,u} w_t w_u ρ_{|t−u|}): how far stationary noise carries a mass in T steps.

    autocorrelation ρ_0 … ρ_{T−1} [T]; spread: standard deviation of the force, which is nowhere clipped.
    """
    rho = np.asarray(autocorrelation, float)
    w, t = push_weights(len(rho), dt), np.arange(len(rho))
    return float(spread * np.sqrt(w @ rho[abs(t[:, None] - t)] @ w))
