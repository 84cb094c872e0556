# ruff: noqa  (as students write)

import math

import numpy as np
import torch
import numpy as np, torch, math
from scipy.optimize import brentq


def right_numpy(s, Fs, delta):
    return np.sqrt(2 * delta / (s @ Fs))


def right_loop(s, Fs, delta):
    quadratic = 0.5 * sum(float(a) * float(b) for a, b in zip(s, Fs))
    return (delta / quadratic) ** 0.5


def right_torch_only(s, Fs, delta):
    return torch.sqrt(2 * delta / torch.dot(s, Fs))


def right_lagrange(s, Fs, delta):
    lam = np.sqrt(0.5 * np.dot(s, Fs) / delta)
    return 1 / lam


def wrong_root_missing__a(s, Fs, delta):
    return 2 * delta / (s @ Fs)


def wrong_two_missing__a(s, Fs, delta):
    return np.sqrt(delta / (s @ Fs))


def wrong_half_for_two__a(s, Fs, delta):
    return np.sqrt(0.5 * delta / (s @ Fs))


def wrong_inverted__lagrange(s, Fs, delta):
    return np.sqrt(0.5 * (s @ Fs) / delta)


def wrong_metric_ignored__a(s, Fs, delta):
    return np.sqrt(2 * delta / (s @ s))


def wrong_fs_squared__a(s, Fs, delta):
    return np.sqrt(2 * delta / (Fs @ Fs))


def wrong_per_coordinate__a(s, Fs, delta):
    return np.sqrt(2 * delta / np.abs(s * Fs))


def wrong_step_returned__a(s, Fs, delta):
    return np.sqrt(2 * delta / (s @ Fs)) * s


def wrong_root_of_delta_only__a(s, Fs, delta):
    return math.sqrt(2 * delta) / (s @ Fs)


def wrong_negative__a(s, Fs, delta):
    return -np.sqrt(2 * delta / (s @ Fs))


def wrong_mean_for_sum__a(s, Fs, delta):
    return np.sqrt(2 * delta / np.mean(s * Fs))


def wrong_capped__a(s, Fs, delta):
    return min(1.0, np.sqrt(2 * delta / (s @ Fs)))


# From another hand, later.


def right_math(s, Fs, delta):
    return math.sqrt(2 * delta / float(np.dot(s, Fs)))


def right_np(s, Fs, delta):
    return np.sqrt(2 * delta / (s @ Fs))


def right_torch(s, Fs, delta):
    return torch.sqrt(2 * delta / (torch.as_tensor(s) * torch.as_tensor(Fs)).sum())


def right_loop_fresh(s, Fs, delta):
    return (2 * delta / sum((a * b for a, b in zip(s, Fs)))) ** 0.5


def right_half(s, Fs, delta):
    return np.sqrt(delta / (0.5 * np.inner(s, Fs)))


def right_root(s, Fs, delta):
    q = float(s @ Fs)
    return brentq(lambda b: 0.5 * b * b * q - delta, 0, 1000000.0, xtol=1e-14)


def right_eps(s, Fs, delta):
    return np.sqrt(2 * delta / (s @ Fs + 1e-12))


def right_exp(s, Fs, delta):
    return np.exp(0.5 * (np.log(2 * delta) - np.log(s @ Fs)))


def right_f32(s, Fs, delta):
    return np.float32(np.sqrt(np.float32(2 * delta) / (s.astype("f4") @ Fs.astype("f4"))))


def right_lm(s, Fs, delta):
    shs = 0.5 * (s * Fs).sum(0, keepdims=True)
    return 1 / np.sqrt(shs / delta)


def right_rsqrt(s, Fs, delta, **kw):
    return torch.rsqrt(torch.dot(torch.as_tensor(s), torch.as_tensor(Fs)) / (2 * delta))


W = lambda f: lambda s, Fs, delta: f(s, Fs, delta, float(s @ Fs))

wrong_curvature_wrong__fresh_sum = W(lambda s, F, d, q: (2 * d / abs(F.sum())) ** 0.5)

wrong_curvature_wrong__fresh_absq = W(lambda s, F, d, q: (2 * d / np.sum(np.abs(s * F))) ** 0.5)

wrong_delta_returned__fresh_const = W(lambda s, F, d, q: d)
