"""r = −(θ² + 0.1 ω² + 0.001 u²), θ being brought between −π and π by whole turns first.

Three arrays of one shape in, an array of that shape out. The reward of Gymnasium's Pendulum-v1.
"""

import numpy as np

from rlcourse.grading.record import Exercise, Mistake


def wrapped(theta):
    """θ between −π and π: whole turns change nothing."""
    return (theta + np.pi) % (2 * np.pi) - np.pi


def pendulum_reward(theta, omega, u):
    return -(wrapped(theta) ** 2 + 0.1 * omega**2 + 0.001 * u**2)


def draw(rng):
    """Of each batch, three rods have gone round."""
    return [
        {
            "theta": np.append(rng.uniform(4, 9, 3) * rng.choice([-1, 1], 3), rng.uniform(-3, 3, n - 3)),
            "omega": rng.uniform(-8, 8, n),
            "u": rng.uniform(-2, 2, n),
        }
        for n in (6, 5, 8)
    ]


MISTAKES = (
    Mistake("not_wrapped",
        "θ is squared as it stands, so a rod that went round once is punished for it. Take whole turns off "
        "first: (θ + π) mod 2π − π.",
        lambda theta, omega, u: -(theta**2 + 0.1 * omega**2 + 0.001 * u**2)),
    Mistake("wrapped_from_zero",
        "θ is brought between 0 and 2π. A rod a little right of upright then counts as almost a whole turn: "
        "between −π and π is asked.",
        lambda theta, omega, u: -((theta % (2 * np.pi)) ** 2 + 0.1 * omega**2 + 0.001 * u**2)),
    Mistake("sign", "The reward is never above 0: the minus stands before the whole sum.",
        lambda theta, omega, u: wrapped(theta) ** 2 + 0.1 * omega**2 + 0.001 * u**2,
        lambda theta, omega, u: -(wrapped(theta) ** 2) + 0.1 * omega**2 + 0.001 * u**2,
        lambda theta, omega, u: theta**2 + 0.1 * omega**2 + 0.001 * u**2),
    Mistake("weights_swapped", "The weights are swapped: 0.1 belongs to ω², 0.001 to u².",
        lambda theta, omega, u: -(wrapped(theta) ** 2 + 0.001 * omega**2 + 0.1 * u**2)),
    Mistake("missing_weight", "ω² and u² have the weights 0.1 and 0.001.",
        lambda theta, omega, u: -(wrapped(theta) ** 2 + omega**2 + u**2)),
    Mistake("missing_square", "All three are squared.",
        lambda theta, omega, u: -(np.abs(wrapped(theta)) + 0.1 * np.abs(omega) + 0.001 * np.abs(u))),
    Mistake("missing_torque", "The torque costs something, too: 0.001 u².",
        lambda theta, omega, u: -(wrapped(theta) ** 2 + 0.1 * omega**2)),
    Mistake("missing_velocity", "The angular velocity costs something, too: 0.1 ω².",
        lambda theta, omega, u: -(wrapped(theta) ** 2 + 0.001 * u**2)),
)  # fmt: skip

VIVA = (
    "In which state, and with which torque, is the reward 0?",
    "Which state costs most in one step?",
    "What would an agent learn if whole turns were not taken off?",
)

EXERCISE = Exercise(pendulum_reward, draw, points=1, minutes=5, stars=1, mistakes=MISTAKES, viva=VIVA)
