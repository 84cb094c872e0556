"""v = σ²Δt / (1 − (1 − θΔt)²), the variance that the discrete process settles at: v = (1 − θΔt)² v + σ²Δt.

Three numbers in, a number out; 0 < θΔt < 2.
"""

import numpy as np

from rlcourse.grading.record import Exercise, Mistake


def ou_stationary_variance(theta, sigma, dt):
    return sigma**2 * dt / (1 - (1 - theta * dt) ** 2)


def draw(rng):
    return [
        {"theta": rng.uniform(0.2, 1.4), "sigma": rng.uniform(0.3, 0.9), "dt": dt}
        for dt in (0.2, 0.4, 0.7, 1.0, 1.2, 0.5)
    ]


MISTAKES = (
    Mistake("continuous_variance",
        "σ²/(2θ) belongs to the process in continuous time. Yours moves in steps: solve v = (1 − θΔt)² v + "
        "σ²Δt.",
        lambda theta, sigma, dt: sigma**2 / (2 * theta)),
    Mistake("missing_dt", "Δt is missing from the noise: each step adds the variance σ²Δt, not σ².",
        lambda theta, sigma, dt: sigma**2 / (1 - (1 - theta * dt) ** 2)),
    Mistake("dt_for_sqrt_dt",
        "Each step adds the variance σ²Δt: the noise σ√Δt ξ, squared. Yours adds σ²Δt².",
        lambda theta, sigma, dt: sigma**2 * dt**2 / (1 - (1 - theta * dt) ** 2)),
    Mistake("standard_deviation", "This is the standard deviation. The variance is asked: no square root.",
        lambda theta, sigma, dt: np.sqrt(sigma**2 * dt / (1 - (1 - theta * dt) ** 2))),
    Mistake("standard_deviation",
        "This is the standard deviation of the continuous process. The variance of the discrete one is "
        "asked.",
        lambda theta, sigma, dt: sigma / np.sqrt(2 * theta)),
    Mistake("missing_square",
        "The contraction is not squared: x shrinks by 1 − θΔt, so its variance shrinks by (1 − θΔt)².",
        lambda theta, sigma, dt: sigma**2 * dt / (1 - (1 - theta * dt))),
    Mistake("missing_square", "The square is around the wrong thing: 1 − (1 − θΔt)², not (1 − (1 − θΔt))².",
        lambda theta, sigma, dt: sigma**2 * dt / (1 - (1 - theta * dt)) ** 2),
    Mistake("sigma_not_squared", "A variance holds σ², yours holds σ.",
        lambda theta, sigma, dt: sigma * dt / (1 - (1 - theta * dt) ** 2)),
    Mistake("exponential_decay",
        "exp(−θΔt) is how the continuous process forgets. The Euler step multiplies by 1 − θΔt.",
        lambda theta, sigma, dt: sigma**2 * dt / (1 - np.exp(-2 * theta * dt))),
    Mistake("no_dt", "Δt appears nowhere: it is in the contraction 1 − θΔt and in the noise σ²Δt.",
        lambda theta, sigma, dt: sigma**2 / (1 - (1 - theta) ** 2)),
    Mistake("no_dt_in_drift", "Δt is missing from the contraction: one step multiplies by 1 − θΔt.",
        lambda theta, sigma, dt: sigma**2 * dt / (1 - (1 - theta) ** 2)),
    Mistake("one_step_variance",
        "σ²Δt is what one step adds. Earlier steps remain, shrunk by (1 − θΔt)² each time.",
        lambda theta, sigma, dt: sigma**2 * dt),
    Mistake("no_limit", "1 − (1 − θΔt)² is upside down or missing: sum the series σ²Δt Σₖ (1 − θΔt)²ᵏ.",
        lambda theta, sigma, dt: sigma**2 * dt * (1 - (1 - theta * dt) ** 2)),
    Mistake("theta_sign",
        "The step multiplies by 1 + θΔt in your formula: then nothing is stationary. It is 1 − θΔt.",
        lambda theta, sigma, dt: sigma**2 * dt / (1 - (1 + theta * dt) ** 2),
        lambda theta, sigma, dt: sigma**2 * dt / ((1 + theta * dt) ** 2 - 1)),
    Mistake("sum_for_difference",
        "The denominator is 1 − (1 − θΔt)², with a minus: bring (1 − θΔt)² v to the left side.",
        lambda theta, sigma, dt: sigma**2 * dt / (1 + (1 - theta * dt) ** 2)),
    Mistake("continuous_variance",
        "σ²Δt/(2θΔt) is the limit of small steps: the term (θΔt)² does not vanish here.",
        lambda theta, sigma, dt: sigma**2 * dt / (2 * theta)),
    Mistake("missing_square", "σ²/θ: the contraction is not squared, or a factor is lost.",
        lambda theta, sigma, dt: sigma**2 / theta),
)  # fmt: skip

VIVA = (
    "Derive your denominator from one line, v = …, on the board.",
    "Which of two runs with equal σ explores further: Δt = 1 or Δt = 0.1, same θ? Show it in your formula.",
    "Where does the formula break down, and what does the process do there?",
)

EXERCISE = Exercise(ou_stationary_variance, draw, points=3, minutes=10, stars=2, mistakes=MISTAKES, viva=VIVA)
