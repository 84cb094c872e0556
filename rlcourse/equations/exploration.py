"""Exploration noise: how long it remembers, and how far it carries a mass.

The noise is the process of `parts.noise.OUNoise`, x_{t+1} = x_t + θ (μ − x_t) Δt + σ √Δt ξ_t, with memory
m = 1 − θΔt from one step to the next. Beside its closed forms stands noise of any colour, whose power falls
as f^−β. Shapes: T steps, K lags, F frequencies (cycles a step, 0 ≤ f ≤ ½).
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


def ou_spectrum(theta: float, dt: float, frequencies: np.ndarray) -> np.ndarray:
    """S(f) = Σ_k ρ_|k| e^{−2πifk} = (1 − m²) / (1 + m² − 2m cos 2πf) of the stationary process, m = 1 − θΔt.

    Power per frequency, for a variance of 1: the mean over −½ ≤ f ≤ ½. frequencies [F] -> [F]. Raises
    ValueError where |m| ≥ 1, as `ou_variance` does.
    """
    ou_variance(theta, 1.0, dt)  # or it never settles
    m = 1 - theta * dt
    return (1 - m**2) / (1 + m**2 - 2 * m * np.cos(2 * np.pi * np.asarray(frequencies)))


def coloured_spectrum(steps: int, exponent: float) -> np.ndarray:
    """S(k/T) ∝ max(k, 1)^−β at the frequencies k/T, k = 0 … ⌊T/2⌋, scaled to a variance of 1: [⌊T/2⌋ + 1].

    exponent β: 0 is white, 1 pink, 2 red. The frequency 0 has the power of the lowest one above it. Raises
    ValueError for fewer than 2 steps. Source (from memory): Timmer & König 1995, as in Eberhard et al. 2023.
    """
    if steps < 2:
        raise ValueError(f"coloured noise needs at least 2 steps, got {steps}")
    power = np.maximum(np.arange(steps // 2 + 1), 1.0) ** -exponent
    twice = np.full(len(power), 2.0)  # f and −f
    twice[0] = 1
    twice[-1] = 2 if steps % 2 else 1
    return power * steps / (twice @ power)


def coloured_noise(xi: np.ndarray, exponent: float) -> np.ndarray:
    """White noise, filtered in the frequency domain until its spectrum is `coloured_spectrum`.

    xi [T, ...] independent standard normal numbers -> [T, ...], Gaussian with variance 1; β = 0 gives xi
    back. It goes round: the end is as near to the beginning as any step to the next.
    """
    xi = np.asarray(xi, float)
    gain = np.sqrt(coloured_spectrum(len(xi), exponent))
    return np.fft.irfft(gain.reshape(-1, *[1] * (xi.ndim - 1)) * np.fft.rfft(xi, axis=0), len(xi), axis=0)


def coloured_autocorrelation(steps: int, exponent: float) -> np.ndarray:
    """ρ_k = (1/T) Σ_f S(f) cos 2πfk of `coloured_noise`, k = 0 … T−1: [T]."""
    return np.fft.irfft(coloured_spectrum(steps, exponent), steps)


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


def oscillator_energy(autocorrelation: np.ndarray, spread: float, dt: float, stiffness: float) -> float:
    """E[½v² + ½kx²] = spread² (2 sin(ωΔt/2))² / 2k · Σ_{t,u} ρ_{|t−u|} cos ωΔt(t − u) after T steps, ω = √k.

    A unit mass on a spring k > 0, at rest at first, without friction, whose force is held during Δt. The
    double sum is the power that the noise has at the frequency ωΔt/2π, as T steps can tell it.
    autocorrelation ρ_0 … ρ_{T−1} [T]; spread: standard deviation of the force.
    """
    rho, angle = np.asarray(autocorrelation, float), np.sqrt(stiffness) * dt
    lag = np.arange(len(rho))[:, None] - np.arange(len(rho))
    power = np.sum(rho[abs(lag)] * np.cos(angle * lag))
    return float(spread**2 * (2 * np.sin(angle / 2)) ** 2 / (2 * stiffness) * power)
