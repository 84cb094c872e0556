# ruff: noqa  (as students write)

import math

import numpy as np
import torch


def right_formula(action, mean, log_std):
    var = np.exp(2 * log_std)
    return (action - mean) / var, (action - mean) ** 2 / var - 1


def right_autograd(action, mean, log_std):
    m = torch.tensor(mean, requires_grad=True)
    l = torch.tensor(log_std, requires_grad=True)
    torch.distributions.Normal(m, l.exp()).log_prob(torch.tensor(action)).sum().backward()
    return m.grad, l.grad


def right_torch_only(action, mean, log_std):
    z = (action - mean) * torch.exp(-log_std)
    return torch.stack([z / log_std.exp(), z.square() - 1])


def right_loop(action, mean, log_std):
    first, second = [], []
    for a, m, l in zip(action, mean, log_std):
        s = math.exp(l)
        first.append((a - m) / s**2)
        second.append(((a - m) / s) ** 2 - 1)
    return first, second


def right_array_of_two_rows(action, mean, log_std):
    s = np.exp(log_std).astype(np.float32)
    x = (action - mean).astype(np.float32)
    return np.array([x / s / s, (x - s) * (x + s) / s**2])


def wrong_sigma_once__a(action, mean, log_std):
    s = np.exp(log_std)
    return (action - mean) / s, ((action - mean) / s) ** 2 - 1


def wrong_wrt_std__autograd(action, mean, log_std):
    m = torch.tensor(mean, requires_grad=True)
    s = torch.tensor(np.exp(log_std), requires_grad=True)
    torch.distributions.Normal(m, s).log_prob(torch.tensor(action)).sum().backward()
    return m.grad, s.grad


def wrong_wrt_variance__a(action, mean, log_std):
    v = np.exp(2 * log_std)
    return (action - mean) / v, (action - mean) ** 2 / (2 * v**2) - 1 / (2 * v)


def wrong_wrt_log_variance__a(action, mean, log_std):
    v = torch.exp(2 * log_std)
    return (action - mean) / v, 0.5 * ((action - mean) ** 2 / v - 1)


def wrong_normaliser_forgotten__a(action, mean, log_std):
    v = np.exp(log_std) ** 2
    return (action - mean) / v, (action - mean) ** 2 / v


def wrong_log_variance__a(action, mean, log_std):
    var = np.exp(log_std)
    return (action - mean) / var, (action - mean) ** 2 / var - 1


def wrong_exp_forgotten__a(action, mean, log_std):
    return (action - mean) / log_std**2, (action - mean) ** 2 / log_std**2 - 1


def wrong_sign__loss(action, mean, log_std):
    v = np.exp(2 * log_std)
    return (mean - action) / v, 1 - (mean - action) ** 2 / v


def wrong_sign_of_mean__a(action, mean, log_std):
    v = np.exp(2 * log_std)
    return (mean - action) / v, (action - mean) ** 2 / v - 1


def wrong_parts_swapped__a(action, mean, log_std):
    a, b = right_formula(action, mean, log_std)
    return b, a


def wrong_summed_over_dimensions__a(action, mean, log_std):
    a, b = right_formula(action, mean, log_std)
    return a.sum(), b.sum()


def wrong_half__a(action, mean, log_std):
    v = np.exp(2 * log_std)
    return (action - mean) / v, (action - mean) ** 2 / (2 * v) - 1


def wrong_factor_two__a(action, mean, log_std):
    v = np.exp(2 * log_std)
    return 2 * (action - mean) / v, (action - mean) ** 2 / v - 1


def wrong_log_probability__minus_log_std(action, mean, log_std):
    v = np.exp(2 * log_std)
    return (action - mean) / v, (action - mean) ** 2 / v - log_std


def wrong_changes_arguments__a(action, mean, log_std):
    action -= mean
    v = np.exp(2 * log_std)
    return action / v, action**2 / v - 1


def wrong_none__one_part_only(action, mean, log_std):
    return ((action - mean) / np.exp(2 * log_std),)


def wrong_none__a_dict(action, mean, log_std):
    a, b = right_formula(action, mean, log_std)
    return {"mean": a, "log_std": b}
