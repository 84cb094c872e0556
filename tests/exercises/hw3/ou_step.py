# ruff: noqa  (as students write)

import math
import random
import warnings

import numpy as np
import torch


def right_vectorised(x, theta, mu, sigma, dt, xi):
    return x + theta * (mu - x) * dt + sigma * np.sqrt(dt) * xi


def right_loop_returns_list(x, theta, mu, sigma, dt, xi):
    out = []
    for value, noise in zip(x, xi):
        print("step", value)
        out.append(value + theta * (mu - value) * dt + sigma * math.sqrt(dt) * noise)
    return out


def right_in_place(x, theta, mu, sigma, dt, xi):
    x += theta * (mu - x) * dt
    xi *= sigma * dt**0.5
    x += xi
    return x


def right_torch_float32_with_grad(x, theta, mu, sigma, dt, xi):
    x = torch.tensor(x, dtype=torch.float32, requires_grad=True)
    return x - theta * (x - mu) * dt + torch.as_tensor(xi).float() * sigma * dt**0.5


def right_other_algebra_and_warning(x, theta, mu, sigma, dt, xi):
    warnings.warn("I warn")
    return (1 - theta * dt) * x + theta * dt * mu + np.sqrt(sigma**2 * dt + 1e-12) * xi


def right_float32(x, theta, mu, sigma, dt, xi):
    x, xi = x.astype(np.float32), xi.astype(np.float32)
    dW = xi * np.float32(np.sqrt(dt))
    return x + np.float32(theta) * (np.float32(mu) - x) * np.float32(dt) + np.float32(sigma) * dW


def wrong_dt_for_sqrt_dt__plain(x, theta, mu, sigma, dt, xi):
    return x + theta * (mu - x) * dt + sigma * dt * xi


def wrong_dt_for_sqrt_dt__factored(x, theta, mu, sigma, dt, xi):
    dx = theta * (mu - x) + sigma * xi
    return x + dx * dt


def wrong_no_dt__udacity(x, theta, mu, sigma, dt, xi):
    dx = theta * (mu - x)
    dx = dx + sigma * xi
    return x + dx


def wrong_no_dt_in_noise__loop(x, theta, mu, sigma, dt, xi):
    return [a + theta * (mu - a) * dt + sigma * b for a, b in zip(x, xi)]


def wrong_theta_sign__x_minus_mu(x, theta, mu, sigma, dt, xi):
    return x + theta * (x - mu) * dt + sigma * np.sqrt(dt) * xi


def wrong_no_dt_in_drift__a(x, theta, mu, sigma, dt, xi):
    return x + theta * (mu - x) + sigma * np.sqrt(dt) * xi


def wrong_returns_increment__a(x, theta, mu, sigma, dt, xi):
    return theta * (mu - x) * dt + sigma * np.sqrt(dt) * xi


def wrong_sigma_in_drift__a(x, theta, mu, sigma, dt, xi):
    return x + sigma * (theta * (mu - x) * dt + np.sqrt(dt) * xi)


def wrong_variance_for_sd__a(x, theta, mu, sigma, dt, xi):
    return x + theta * (mu - x) * dt + np.sqrt(sigma * dt) * xi


def wrong_mu_ignored__a(x, theta, mu, sigma, dt, xi):
    return x * (1 - theta * dt) + sigma * dt**0.5 * xi


def wrong_one_sided_noise__uniform_like(x, theta, mu, sigma, dt, xi):
    return x + theta * (mu - x) * dt + sigma * np.sqrt(dt) * abs(xi)


def wrong_not_deterministic__own_noise(x, theta, mu, sigma, dt, xi):
    return [a + theta * (mu - a) * dt + sigma * math.sqrt(dt) * random.random() for a in x]


def wrong_exact_transition__a(x, theta, mu, sigma, dt, xi):
    decay = np.exp(-theta * dt)
    return mu + (x - mu) * decay + sigma * np.sqrt((1 - decay**2) / (2 * theta)) * xi


def wrong_none__no_return(x, theta, mu, sigma, dt, xi):
    x + theta * (mu - x) * dt + sigma * np.sqrt(dt) * xi


def wrong_none__signature(x, theta, mu, sigma, dt):
    return x


def wrong_none__string(x, theta, mu, sigma, dt, xi):
    return "right"


def right_torch_sqrt(x, theta, mu, sigma, dt, xi):
    return x + theta * (mu - x) * dt + sigma * torch.sqrt(dt) * xi


def wrong_one_noise_for_all__mean(x, theta, mu, sigma, dt, xi):
    return x + theta * (mu - x) * dt + sigma * np.sqrt(dt) * xi.mean()


def wrong_xi_ignored__a(x, theta, mu, sigma, dt, xi):
    return x + theta * (mu - x) * dt + sigma * np.sqrt(dt)
