"""X′ = X + θ(μ − X)Δt + σ√Δt ξ: one Euler–Maruyama step of dX = θ(μ − X)dt + σdW.

x and xi are arrays of one shape, the others are numbers; the answer is the next x.
"""

import numpy as np

from rlcourse.grading.record import Exercise, Mistake


def ou_step(x, theta, mu, sigma, dt, xi):
    return x + theta * (mu - x) * dt + sigma * np.sqrt(dt) * xi


def draw(rng):
    return [
        {
            "x": rng.normal(0, 1.5, n),
            "theta": rng.uniform(0.2, 0.9),
            "mu": rng.choice([-1, 1]) * rng.uniform(0.5, 2),
            "sigma": rng.uniform(0.3, 1.5),
            "dt": dt,
            "xi": rng.normal(0, 1, n),
        }
        for n, dt in zip((3, 4, 5, 2, 6, 3), (0.01, 0.05, 0.2, 0.5, 0.1, 2.0), strict=True)
    ]


def exact_transition(x, theta, mu, sigma, dt, xi):
    """Of the continuous process: mean μ + (x − μ)e^(−θΔt), variance σ²(1 − e^(−2θΔt))/2θ."""
    sd = sigma * np.sqrt((1 - np.exp(-2 * theta * dt)) / (2 * theta))
    return mu + (x - mu) * np.exp(-theta * dt) + sd * xi


MISTAKES = (
    Mistake("dt_for_sqrt_dt",
        "The noise is scaled by Δt. Variances add over steps, so a Brownian increment over Δt has variance "
        "Δt: its standard deviation is √Δt.",
        lambda x, theta, mu, sigma, dt, xi: x + theta * (mu - x) * dt + sigma * dt * xi),
    Mistake("no_dt_in_noise",
        "The noise is not scaled with the step. Over a time Δt the increment of W has standard deviation "
        "√Δt.",
        lambda x, theta, mu, sigma, dt, xi: x + theta * (mu - x) * dt + sigma * xi),
    Mistake("no_dt",
        "Δt appears nowhere, so the process would depend on how finely you step it: the drift needs Δt, the "
        "noise √Δt.",
        lambda x, theta, mu, sigma, dt, xi: x + theta * (mu - x) + sigma * xi),
    Mistake("no_dt_in_drift",
        "The drift is not multiplied by Δt: θ(μ − X) is a speed, and a speed times a time is a step.",
        lambda x, theta, mu, sigma, dt, xi: x + theta * (mu - x) + sigma * np.sqrt(dt) * xi),
    Mistake("sqrt_dt_in_drift",
        "The drift is multiplied by √Δt. Only the noise scales with √Δt; the drift scales with Δt.",
        lambda x, theta, mu, sigma, dt, xi: x + (theta * (mu - x) + sigma * xi) * np.sqrt(dt)),
    Mistake("theta_sign",
        "The drift pushes away from μ. It must pull back: θ(μ − X), positive when X is below μ.",
        lambda x, theta, mu, sigma, dt, xi: x - theta * (mu - x) * dt + sigma * np.sqrt(dt) * xi),
    Mistake("returns_increment", "This is the increment alone. Add it to x to get the next state.",
        lambda x, theta, mu, sigma, dt, xi: theta * (mu - x) * dt + sigma * np.sqrt(dt) * xi),
    Mistake("mu_ignored", "The process is pulled to 0, not to μ: the drift is θ(μ − X)Δt.",
        lambda x, theta, mu, sigma, dt, xi: x - theta * x * dt + sigma * np.sqrt(dt) * xi),
    Mistake("x_missing_in_drift", "The drift is constant. It must vanish at X = μ: θ(μ − X)Δt.",
        lambda x, theta, mu, sigma, dt, xi: x + theta * mu * dt + sigma * np.sqrt(dt) * xi),
    Mistake("sigma_in_drift", "σ multiplies the drift as well. It scales the noise only.",
        lambda x, theta, mu, sigma, dt, xi: x + sigma * theta * (mu - x) * dt + sigma * np.sqrt(dt) * xi),
    Mistake("theta_in_noise", "θ multiplies the noise as well. It is the rate of the pull only.",
        lambda x, theta, mu, sigma, dt, xi: x + theta * ((mu - x) * dt + sigma * np.sqrt(dt) * xi),
        lambda x, theta, mu, sigma, dt, xi: x + theta * (mu - x + sigma * xi) * dt),
    Mistake("theta_ignored", "θ is not used: it is the rate at which X is pulled to μ.",
        lambda x, theta, mu, sigma, dt, xi: x + (mu - x) * dt + sigma * np.sqrt(dt) * xi),
    Mistake("variance_for_sd", "The noise is scaled by σ². σ is already the standard deviation (per √time).",
        lambda x, theta, mu, sigma, dt, xi: x + theta * (mu - x) * dt + sigma**2 * np.sqrt(dt) * xi),
    Mistake("variance_for_sd", "The noise is scaled by √(σΔt). σ stands outside the root: σ√Δt.",
        lambda x, theta, mu, sigma, dt, xi: x + theta * (mu - x) * dt + np.sqrt(sigma * dt) * xi),
    Mistake("sigma_ignored", "σ is not used: the noise is σ√Δt ξ.",
        lambda x, theta, mu, sigma, dt, xi: x + theta * (mu - x) * dt + np.sqrt(dt) * xi),
    Mistake("no_noise", "The noise is missing, so nothing explores: add σ√Δt ξ.",
        lambda x, theta, mu, sigma, dt, xi: x + theta * (mu - x) * dt),
    Mistake("no_drift",
        "The pull to μ is missing. Without it this is Brownian motion, whose variance grows without bound.",
        lambda x, theta, mu, sigma, dt, xi: x + sigma * np.sqrt(dt) * xi),
    Mistake("one_sided_noise",
        "Only noise of one sign gets through, as with uniform increments on [0, 1]: the mean would drift "
        "off. Use ξ as it is.",
        lambda x, theta, mu, sigma, dt, xi: x + theta * (mu - x) * dt + sigma * np.sqrt(dt) * np.abs(xi)),
    Mistake("one_noise_for_all", "Every component gets the same noise. Each has its own entry of ξ.",
        lambda x, theta, mu, sigma, dt, xi: x + theta * (mu - x) * dt + sigma * np.sqrt(dt) * xi[0],
        lambda x, theta, mu, sigma, dt, xi: x + theta * (mu - x) * dt + sigma * np.sqrt(dt) * xi.mean()),
    Mistake("noise_sign", "The noise is subtracted. In law that is the same, but the step asked is + σ√Δt ξ.",
        lambda x, theta, mu, sigma, dt, xi: x + theta * (mu - x) * dt - sigma * np.sqrt(dt) * xi),
    Mistake("xi_ignored", "ξ is not used, so the noise is always the same: it is σ√Δt ξ.",
        lambda x, theta, mu, sigma, dt, xi: x + theta * (mu - x) * dt + sigma * np.sqrt(dt)),
    Mistake("dt_twice", "Δt appears twice in the noise: σ√Δt ξ.",
        lambda x, theta, mu, sigma, dt, xi: x + (theta * (mu - x) + sigma * np.sqrt(dt) * xi) * dt),
    Mistake("divided_by_sqrt_dt", "The noise is divided by √Δt, so finer steps would be noisier. Multiply.",
        lambda x, theta, mu, sigma, dt, xi: x + theta * (mu - x) * dt + sigma * xi / np.sqrt(dt)),
    Mistake("exact_transition",
        "This is the exact transition of the continuous process. The Euler–Maruyama step is asked here: DDPG "
        "uses that one, and its stationary variance differs.",
        exact_transition),
    Mistake("starts_at_mu", "The step starts from μ. It starts from x.",
        lambda x, theta, mu, sigma, dt, xi: mu + theta * (mu - x) * dt + sigma * np.sqrt(dt) * xi),
)  # fmt: skip

VIVA = (
    "Halve Δt and run to the same time: which of your terms holds √Δt, and what would Δt do there?",
    "Set θ = 0. What process is left, and how does its variance grow?",
    "What does your step do when θΔt = 2.5, and why?",
)

EXERCISE = Exercise(ou_step, draw, points=3, minutes=5, stars=1, mistakes=MISTAKES, viva=VIVA)
