"""What the exercises on returns share: sums along time, and the one line in which they go wrong."""

import numpy as np


def to_go(rewards, factor=1.0, done=None):
    """G_t = r_t + factor (1 − done_t) G_{t+1} over the last step; rewards [T, ...]."""
    returns, future = np.zeros(np.shape(rewards)), 0.0
    goes_on = np.ones(len(rewards)) if done is None else 1.0 - np.asarray(done, dtype=float)
    for t in reversed(range(len(rewards))):
        future = rewards[t] + factor * goes_on[t] * future
        returns[t] = future
    return returns


def so_far(rewards, factor=1.0, done=None):
    """The same sum the wrong way: G_t = r_t + factor G_{t−1}, anew after each done."""
    returns, past = np.zeros(np.shape(rewards)), 0.0
    for t in range(len(rewards)):
        past = rewards[t] + factor * past
        returns[t] = past
        if done is not None and done[t]:
            past = 0.0
    return returns


def later(values):
    """x_{t+1} in the place of x_t; nothing after the last one."""
    return np.append(values[1:], 0.0 * values[:1], axis=0)


def clock(done):
    """How many steps ago the episode began, at each step [T]."""
    ages, age = [], 0
    for over in done:
        ages.append(age)
        age = 0 if over else age + 1
    return np.array(ages, dtype=int)


def powers(gamma, n):
    """γ⁰, γ¹, …, γⁿ⁻¹."""
    return float(gamma) ** np.arange(n)


def standardised(values):
    return (values - values.mean()) / (values.std() + 1e-8)
