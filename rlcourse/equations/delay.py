"""Gradient descent with old gradients: x_{t+1} = x_t − αh x_{t−d} on the parabola ½hx².

αh, the product of step size and curvature, is all that matters; d counts the updates by which a gradient is
late. No units.
"""

import numpy as np


def delay_cliff(delay: int | np.ndarray) -> float | np.ndarray:
    """αh = 2 sin(π / (2(2d + 1))): below it the descent with lag d settles at 0, above it it diverges.

    delay d ≥ 0, a number or an array; the answer is of its kind: 2 without a lag, about π/(2d) for long ones.
    Raises ValueError for d < 0. Derivation: lecture 04, section 6.
    """
    if np.any(np.asarray(delay) < 0):
        raise ValueError(f"delay_cliff: a lag is 0 or more, got {delay}")
    return 2 * np.sin(np.pi / (2 * (2 * np.asarray(delay) + 1)))[()]


def delayed_growth(step: float, delay: int) -> float:
    """max |z| over the roots of z^{d+1} − z^d + αh = 0: by how much an update multiplies x in the long run.

    step αh > 0; delay d ≥ 0, a whole number. Below 1 the descent settles. Raises ValueError for d < 0.
    """
    if delay < 0:
        raise ValueError(f"delayed_growth: a lag is 0 or more, got {delay}")
    polynomial = np.zeros(delay + 2)
    polynomial[0] = 1.0
    polynomial[1] -= 1.0
    polynomial[-1] += step
    return float(np.abs(np.roots(polynomial)).max())


def delayed_descent(step: float, delay: int, updates: int, start: float = 1.0) -> np.ndarray:
    """x_{t+1} = x_t − αh x_{t−d}, with x_t = start for t ≤ 0. Returns x_0 … x_updates, [updates + 1].

    step αh; delay d ≥ 0. Raises ValueError for d < 0.
    """
    if delay < 0:
        raise ValueError(f"delayed_descent: a lag is 0 or more, got {delay}")
    x = np.full(delay + updates + 1, float(start))  # from t = −d on
    for t in range(delay, delay + updates):
        x[t + 1] = x[t] - step * x[t - delay]
    return x[delay:]
