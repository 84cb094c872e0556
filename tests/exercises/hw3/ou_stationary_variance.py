# ruff: noqa  (as students write)

import math

import numpy as np
import torch


def right_formula(theta, sigma, dt):
    return sigma**2 * dt / (1 - (1 - theta * dt) ** 2)


def right_simplified(theta, sigma, dt):
    return sigma**2 / (2 * theta - theta**2 * dt + 1e-8)


def right_iterated(theta, sigma, dt):
    v = 0.0
    for _ in range(5000):
        v = (1 - theta * dt) ** 2 * v + sigma**2 * dt
    return v


def right_torch(theta, sigma, dt):
    a = torch.tensor(1 - theta * dt, dtype=torch.float32)
    return torch.tensor([sigma**2 * dt]) / (1 - a**2)


def right_numpy_scalar(theta, sigma, dt):
    powers = (1 - theta * dt) ** (2 * np.arange(2000))
    return np.float32(sigma**2 * dt * powers.sum())


def wrong_continuous_variance__a(theta, sigma, dt):
    return sigma**2 / (2 * theta)


def wrong_missing_dt__a(theta, sigma, dt):
    return sigma**2 / (1 - (1 - theta * dt) ** 2)


def wrong_missing_dt__expanded(theta, sigma, dt):
    return sigma * sigma / (2 * theta * dt - (theta * dt) ** 2)


def wrong_standard_deviation__a(theta, sigma, dt):
    return sigma * math.sqrt(dt / (1 - (1 - theta * dt) ** 2))


def wrong_missing_square__a(theta, sigma, dt):
    return sigma**2 * dt / (1 - abs(1 - theta * dt)) if theta * dt < 1 else sigma**2 / theta


def wrong_exponential_decay__a(theta, sigma, dt):
    return sigma**2 * dt / (1 - math.exp(-2 * theta * dt))


def wrong_one_step_variance__a(theta, sigma, dt):
    return sigma**2 * dt


def wrong_dt_for_sqrt_dt__a(theta, sigma, dt):
    return (sigma * dt) ** 2 / (1 - (1 - theta * dt) ** 2)


def wrong_no_dt__a(theta, sigma, dt):
    return sigma**2 / (1 - (1 - theta) ** 2)


def wrong_theta_sign__a(theta, sigma, dt):
    return sigma**2 * dt / ((1 + theta * dt) ** 2 - 1)


def wrong_none__true(theta, sigma, dt):
    return True


def wrong_none__nan(theta, sigma, dt):
    return float("nan")
