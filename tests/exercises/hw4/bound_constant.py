# ruff: noqa  (as students write)

import numpy as np
import torch


def right_formula(epsilon, gamma):
    return 4 * epsilon * gamma / (1 - gamma) ** 2


def right_series(epsilon, gamma):
    return 4 * epsilon * sum(t * gamma**t for t in range(1, 6000))


def right_torch(epsilon, gamma):
    return torch.tensor(4.0 * epsilon * gamma).div((1 - gamma) ** 2)


def right_epsilon_in_denominator(epsilon, gamma):
    return np.float32(4 * epsilon * gamma) / ((1 - gamma) * (1 - gamma) + 1e-10)


def wrong_two_for_four__a(epsilon, gamma):
    return 2 * epsilon * gamma / (1 - gamma) ** 2


def wrong_missing_square__a(epsilon, gamma):
    return 4 * epsilon * gamma / (1 - gamma)


def wrong_missing_gamma__a(epsilon, gamma):
    return 4 * epsilon / (1 - gamma) ** 2


def wrong_epsilon_squared__a(epsilon, gamma):
    return 4 * epsilon**2 * gamma / (1 - gamma) ** 2


def wrong_square_of_gamma__a(epsilon, gamma):
    return 4 * epsilon * gamma / (1 - gamma**2)


def wrong_gamma_squared__a(epsilon, gamma):
    return 4 * epsilon * gamma**2 / (1 - gamma) ** 2


def wrong_cubed__a(epsilon, gamma):
    return 4 * epsilon * gamma / (1 - gamma) ** 3


def wrong_sign__a(epsilon, gamma):
    return -4 * epsilon * gamma / (1 - gamma) ** 2


def wrong_missing_epsilon__a(epsilon, gamma):
    return 4 * gamma / (1 - gamma) ** 2


def wrong_missing_parentheses__precedence(epsilon, gamma):
    return 4 * epsilon * gamma / 1 - gamma**2
