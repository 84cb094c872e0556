# ruff: noqa  (as students write)

import numpy as np
import torch


def right_formula(weights):
    return weights.sum() ** 2 / (weights**2).sum()


def right_shares(weights):
    p = weights / np.sum(weights)
    return 1 / np.dot(p, p)


def right_python(weights):
    return sum(float(w) for w in weights) ** 2 / sum(float(w) * float(w) for w in weights)


def right_torch_only(weights):
    return torch.sum(weights).pow(2) / weights.square().sum()


def right_coefficient_of_variation(weights):
    return len(weights) / (1 + np.var(weights) / np.mean(weights) ** 2)


def right_logs_float32(weights):
    w = torch.tensor(weights, dtype=torch.float32).log()
    return (2 * torch.logsumexp(w, 0) - torch.logsumexp(2 * w, 0)).exp()


def wrong_inverted__a(weights):
    return (weights**2).sum() / weights.sum() ** 2


def wrong_sum_not_squared__a(weights):
    return weights.sum() / (weights**2).sum()


def wrong_squares_for_square__a(weights):
    return (weights**2).sum() / (weights**2).sum()


def wrong_not_divided__a(weights):
    return np.sum(weights) ** 2


def wrong_weights_normalised_once__a(weights):
    return 1 / (weights**2).sum()


def wrong_fraction_of_n__a(weights):
    return weights.mean() ** 2 / (weights**2).mean()


def wrong_perplexity__a(weights):
    p = weights / weights.sum()
    p = p[p > 0]
    return np.exp(-(p * np.log(p)).sum())


def wrong_largest_weight__a(weights):
    return weights.sum() / weights.max()


def wrong_sample_variance__a(weights):
    return len(weights) / (1 + np.var(weights, ddof=1) / np.mean(weights) ** 2)


def wrong_sample_variance__torch(weights):
    w = torch.as_tensor(weights)
    return len(w) / (1 + w.var() / w.mean() ** 2)


def wrong_variance_not_scaled__a(weights):
    return len(weights) / (1 + np.var(weights))


def wrong_root__a(weights):
    return weights.sum() / np.linalg.norm(weights)


def wrong_rounded__a(weights):
    return round(float(weights.sum() ** 2 / (weights**2).sum()))


def wrong_count__a(weights):
    return len(weights)


def wrong_changes_arguments__a(weights):
    weights /= weights.sum()
    return 1 / (weights**2).sum()


def wrong_none__no_number(weights):
    return None
