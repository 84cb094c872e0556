# ruff: noqa  (as students write)

import numpy as np
import torch
from scipy.linalg import cho_factor, cho_solve


def right_solve(F, g, delta):
    s = np.linalg.solve(F, g)
    return np.sqrt(2 * delta / (g @ s)) * s


def right_kkt(F, g, delta):
    direction = np.linalg.inv(F) @ g
    lagrange = np.sqrt(0.5 * direction @ F @ direction / delta)
    return direction / (lagrange + 1e-8)


def right_cholesky(F, g, delta):
    s = cho_solve(cho_factor(F), g)
    return (2 * delta) ** 0.5 * s / (s @ F @ s) ** 0.5


def right_torch_pinv_float32(F, g, delta):
    F, g = torch.as_tensor(F, dtype=torch.float32), torch.as_tensor(g, dtype=torch.float32)
    s = torch.linalg.pinv(F) @ g
    return torch.sqrt(2 * delta / torch.dot(g, s)) * s


def right_eigenbasis(F, g, delta):
    w, U = np.linalg.eigh(F)
    z = (U.T @ g) / np.sqrt(w)
    return list(U @ (np.sqrt(2 * delta) * z / np.linalg.norm(z) / np.sqrt(w)))


def right_conjugate_gradient(F, g, delta):
    x, r, p = np.zeros_like(g), g.copy(), g.copy()
    for _ in range(len(g)):
        a = r @ r / (p @ F @ p)
        x, new = x + a * p, r - a * F @ p
        p, r = new + new @ new / (r @ r) * p, new
    return x * (2 * delta / (x @ F @ x)) ** 0.5


def wrong_factor_two_lost__a(F, g, delta):
    s = np.linalg.solve(F, g)
    return np.sqrt(delta / (g @ s)) * s


def wrong_missing_sqrt__a(F, g, delta):
    s = np.linalg.solve(F, g)
    return 2 * delta / (g @ s) * s


def wrong_fisher_not_inverted__a(F, g, delta):
    s = F @ g
    return np.sqrt(2 * delta / (g @ s)) * s


def wrong_fisher_not_inverted__b(F, g, delta):
    s = F @ g
    return np.sqrt(2 * delta / (s @ F @ s)) * s


def wrong_unscaled__a(F, g, delta):
    return np.linalg.solve(F, g)


def wrong_sign__a(F, g, delta):
    s = np.linalg.solve(F, -g)
    return np.sqrt(2 * delta / (-g @ s)) * s


def wrong_plain_gradient__a(F, g, delta):
    return np.sqrt(2 * delta / (g @ F @ g)) * g


def wrong_plain_gradient__normalised(F, g, delta):
    return np.sqrt(2 * delta) * g / np.linalg.norm(g)


def wrong_euclidean_length__a(F, g, delta):
    s = np.linalg.solve(F, g)
    return np.sqrt(2 * delta) * s / np.linalg.norm(s)


def wrong_wrong_norm__a(F, g, delta):
    s = np.linalg.solve(F, g)
    return np.sqrt(2 * delta / (g @ F @ g)) * s


def wrong_delta_as_step_size__a(F, g, delta):
    return delta * np.linalg.solve(F, g)


def wrong_factor_two_lost__outside(F, g, delta):
    s = np.linalg.solve(F, g)
    return 2 * np.sqrt(delta / (s @ F @ s)) * s


def wrong_scale_inverted__a(F, g, delta):
    s = np.linalg.solve(F, g)
    return np.sqrt(g @ s / (2 * delta)) * s


def wrong_diagonal_only__a(F, g, delta):
    s = g / np.diag(F)
    return np.sqrt(2 * delta / (g @ s)) * s


def right_torch_linalg(F, g, delta):
    s = torch.linalg.solve(F, g)
    return s * torch.sqrt(2 * delta / (g @ s))


def wrong_missing_sqrt__covers_half(F, g, delta):
    s = np.linalg.solve(F, g)
    return np.sqrt(2 * delta) / (g @ s) * s
