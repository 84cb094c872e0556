# ruff: noqa  (as students write)

import math

import numpy as np
import torch


def right_formula(theta, omega, u):
    wrapped = (theta + np.pi) % (2 * np.pi) - np.pi
    return -(wrapped**2 + 0.1 * omega**2 + 0.001 * u**2)


def right_by_arctan(theta, omega, u):
    return -(np.arctan2(np.sin(theta), np.cos(theta)) ** 2) - 0.1 * omega * omega - 1e-3 * u * u


def right_by_remainder(theta, omega, u):
    return [
        -(math.remainder(a, 2 * math.pi) ** 2 + 0.1 * b**2 + 0.001 * c**2) for a, b, c in zip(theta, omega, u)
    ]


def right_by_turns(theta, omega, u):
    turns = np.round(theta / (2 * np.pi))
    return -((theta - 2 * np.pi * turns) ** 2 + omega**2 / 10 + u**2 / 1000)


def right_float32(theta, omega, u):
    theta, omega, u = (x.astype("float32") for x in (theta, omega, u))
    return -(((theta + np.pi) % (2 * np.pi) - np.pi) ** 2 + 0.1 * omega**2 + 0.001 * u**2)


def right_torch(theta, omega, u):
    theta, omega, u = (torch.as_tensor(x) for x in (theta, omega, u))
    theta = torch.remainder(theta + torch.pi, 2 * torch.pi) - torch.pi
    return -(theta.square() + 0.1 * omega.square() + 0.001 * u.square())


def wrong_not_wrapped__plain(theta, omega, u):
    return -(theta**2 + 0.1 * omega**2 + 0.001 * u**2)


def wrong_not_wrapped__terms(theta, omega, u):
    return -(theta**2) - 0.1 * omega**2 - 0.001 * u**2


def wrong_wrapped_from_zero__mod(theta, omega, u):
    return -((theta % (2 * np.pi)) ** 2 + 0.1 * omega**2 + 0.001 * u**2)


def wrong_wrapped_from_zero__loop(theta, omega, u):
    return [-((a % (2 * math.pi)) ** 2 + 0.1 * b * b + 0.001 * c * c) for a, b, c in zip(theta, omega, u)]


def wrong_sign__plus(theta, omega, u):
    return ((theta + np.pi) % (2 * np.pi) - np.pi) ** 2 + 0.1 * omega**2 + 0.001 * u**2


def wrong_sign__only_the_first(theta, omega, u):
    return -(((theta + np.pi) % (2 * np.pi) - np.pi) ** 2) + 0.1 * omega**2 + 0.001 * u**2


def wrong_sign__and_not_wrapped(theta, omega, u):
    return theta**2 + 0.1 * omega**2 + 0.001 * u**2


def wrong_weights_swapped__a(theta, omega, u):
    return -(((theta + np.pi) % (2 * np.pi) - np.pi) ** 2 + 0.001 * omega**2 + 0.1 * u**2)


def wrong_missing_weight__a(theta, omega, u):
    return -(((theta + np.pi) % (2 * np.pi) - np.pi) ** 2 + omega**2 + u**2)


def wrong_missing_square__a(theta, omega, u):
    return -(abs((theta + np.pi) % (2 * np.pi) - np.pi) + 0.1 * abs(omega) + 0.001 * abs(u))


def wrong_missing_torque__a(theta, omega, u):
    return -(((theta + np.pi) % (2 * np.pi) - np.pi) ** 2 + 0.1 * omega**2)


def wrong_missing_velocity__a(theta, omega, u):
    return -(((theta + np.pi) % (2 * np.pi) - np.pi) ** 2 + 0.001 * u**2)


def wrong_none__nothing(theta, omega, u):
    -(theta**2 + 0.1 * omega**2 + 0.001 * u**2)


def wrong_none__one_number(theta, omega, u):
    return -float(np.mean(theta**2 + 0.1 * omega**2 + 0.001 * u**2))
