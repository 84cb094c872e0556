# ruff: noqa  (as students write)

import math

import numpy as np
import torch
import numpy as np, torch, math


def right_numpy(log_ratio):
    return (-log_ratio).mean(), (log_ratio**2 / 2).mean(), (np.exp(log_ratio) - 1 - log_ratio).mean()


def right_expm1(log_ratio):
    return -np.mean(log_ratio), 0.5 * np.mean(np.square(log_ratio)), np.mean(np.expm1(log_ratio) - log_ratio)


def right_torch_only(log_ratio):
    r = log_ratio.exp()
    return torch.stack([-log_ratio.mean(), 0.5 * log_ratio.pow(2).mean(), (r - 1 - log_ratio).mean()])


def right_loop(log_ratio):
    k = [0.0, 0.0, 0.0]
    for x in log_ratio:
        x = float(x)
        k[0] -= x
        k[1] += x * x / 2
        k[2] += math.exp(x) - 1 - x
    return [total / len(log_ratio) for total in k]


def wrong_k1_sign__a(log_ratio):
    return log_ratio.mean(), (log_ratio**2 / 2).mean(), (np.exp(log_ratio) - 1 - log_ratio).mean()


def wrong_k1_absolute__a(log_ratio):
    return np.abs(log_ratio).mean(), (log_ratio**2 / 2).mean(), (np.exp(log_ratio) - 1 - log_ratio).mean()


def wrong_k2_half_missing__a(log_ratio):
    return -log_ratio.mean(), (log_ratio**2).mean(), (np.exp(log_ratio) - 1 - log_ratio).mean()


def wrong_k2_square_of_mean__a(log_ratio):
    return -log_ratio.mean(), log_ratio.mean() ** 2 / 2, (np.exp(log_ratio) - 1 - log_ratio).mean()


def wrong_k3_direction__a(log_ratio):
    return -log_ratio.mean(), (log_ratio**2 / 2).mean(), (np.exp(-log_ratio) - 1 + log_ratio).mean()


def wrong_k3_log_missing__a(log_ratio):
    return -log_ratio.mean(), (log_ratio**2 / 2).mean(), (np.exp(log_ratio) - 1).mean()


def wrong_k3_one_missing__a(log_ratio):
    return -log_ratio.mean(), (log_ratio**2 / 2).mean(), (np.exp(log_ratio) - log_ratio).mean()


def wrong_k3_reverse_kl__a(log_ratio):
    r = np.exp(log_ratio)
    return -log_ratio.mean(), (log_ratio**2 / 2).mean(), (r * log_ratio - (r - 1)).mean()


def wrong_summed__a(log_ratio):
    return -log_ratio.sum(), (log_ratio**2 / 2).sum(), (np.exp(log_ratio) - 1 - log_ratio).sum()


def wrong_not_averaged__a(log_ratio):
    return -log_ratio, log_ratio**2 / 2, np.exp(log_ratio) - 1 - log_ratio


def wrong_order__a(log_ratio):
    return -log_ratio.mean(), (np.exp(log_ratio) - 1 - log_ratio).mean(), (log_ratio**2 / 2).mean()


def wrong_k3_sign_of_log__a(log_ratio):
    return -log_ratio.mean(), (log_ratio**2 / 2).mean(), (np.exp(log_ratio) - 1 + log_ratio).mean()


def wrong_wrong_direction__a(log_ratio):
    x = -log_ratio
    return -x.mean(), (x**2 / 2).mean(), (np.exp(x) - 1 - x).mean()


def wrong_none__two(log_ratio):
    return -log_ratio.mean(), (log_ratio**2 / 2).mean()


# From another hand, later.


def right_np(log_ratio):
    return (np.mean(-log_ratio), np.mean(log_ratio**2 / 2), np.mean(np.exp(log_ratio) - 1 - log_ratio))


def right_torch(log_ratio):
    x = torch.as_tensor(log_ratio)
    return ((-x).mean(), (x**2 / 2).mean(), (x.exp() - 1 - x).mean())


def right_expm1_fresh(log_ratio):
    return [-log_ratio.mean(), 0.5 * np.square(log_ratio).mean(), (np.expm1(log_ratio) - log_ratio).mean()]


def right_stack(log_ratio):
    x = torch.as_tensor(log_ratio).double()
    return torch.stack([-x, x * x / 2, torch.expm1(x) - x]).mean(1)


def right_loop_fresh(log_ratio):
    a = b = c = 0.0
    for x in log_ratio:
        x = float(x)
        a -= x
        b += x * x / 2
        c += math.exp(x) - 1 - x
    n = len(log_ratio)
    return (a / n, b / n, c / n)


def right_array(log_ratio):
    x = log_ratio
    return np.array([-x, 0.5 * x**2, np.exp(x) - 1 - x]).mean(axis=1)


def right_f32(log_ratio):
    x = torch.as_tensor(log_ratio).float()
    return tuple((t.mean().item() for t in (-x, x.pow(2) / 2, x.exp() - 1 - x)))


def right_gen(log_ratio):
    fs = (lambda x: -x, lambda x: x**2 / 2, lambda x: np.exp(x) - x - 1)
    return tuple((np.mean([f(x) for x in log_ratio]) for f in fs))


def right_named(log_ratio):
    from collections import namedtuple

    return namedtuple("K", "k1 k2 k3")(
        -log_ratio.mean(), (log_ratio**2).mean() / 2, (np.exp(log_ratio) - 1 - log_ratio).mean()
    )


def right_sum(log_ratio, n=None):
    n = n or len(log_ratio)
    return (
        -log_ratio.sum() / n,
        log_ratio @ log_ratio / (2 * n),
        np.exp(log_ratio).sum() / n - 1 - log_ratio.sum() / n,
    )


W = lambda f: lambda log_ratio: tuple((np.mean(t) for t in f(np.asarray(log_ratio))))

wrong_log_twice__fresh_ratio = W(
    lambda x: (-np.log(np.abs(x)), np.log(np.abs(x)) ** 2 / 2, x - 1 - np.log(np.abs(x)))
)

wrong_k3_factor__fresh_k3half = W(lambda x: (-x, x**2 / 2, (np.exp(x) - 1 - x) / 2))

wrong_k1_weighted__fresh_k1w = W(lambda x: (-np.exp(x) * x, x**2 / 2, np.exp(x) - 1 - x))

wrong_median__fresh_median = lambda log_ratio: (
    np.median(-log_ratio),
    np.median(log_ratio**2 / 2),
    np.median(np.exp(log_ratio) - 1 - log_ratio),
)

wrong_k3_factor__fresh_k3two = W(lambda x: (-x, x**2 / 2, np.exp(x) - 1 - 2 * x))
