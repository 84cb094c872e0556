# ruff: noqa  (as students write)

import math

import numpy as np
import torch
import numpy as np, torch


def right_numpy(value, target):
    if np.var(target) == 0:
        return np.nan
    return 1 - np.var(target - value) / np.var(target)


def right_division(value, target):
    with np.errstate(all="ignore"):
        v = np.var(target)
        return 1 - np.var(target - value) / v if v > 0 else float("nan")


def right_torch_only(value, target):
    v = target.var(correction=0)
    return torch.where(v > 0, 1 - (target - value).var(correction=0) / v, torch.tensor(float("nan")))


def right_sample_variances(value, target):
    v = np.var(target, ddof=1)
    return np.nan if v == 0 else 1 - np.var(value - target, ddof=1) / v


def right_by_hand(value, target):
    y, e = [float(t) for t in target], [float(t) - float(v) for t, v in zip(target, value)]
    my, me = sum(y) / len(y), sum(e) / len(e)
    spread = sum((t - my) ** 2 for t in y)
    return float("nan") if spread == 0 else 1 - sum((t - me) ** 2 for t in e) / spread


def wrong_one_missing__a(value, target):
    return np.nan if np.var(target) == 0 else np.var(target - value) / np.var(target)


def wrong_mean_square__a(value, target):
    return np.nan if np.var(target) == 0 else 1 - np.mean((target - value) ** 2) / np.var(target)


def wrong_not_centred__a(value, target):
    return np.nan if np.var(target) == 0 else 1 - np.mean((target - value) ** 2) / np.mean(target**2)


def wrong_variance_of_value_below__a(value, target):
    return np.nan if np.var(target) == 0 else 1 - np.var(target - value) / np.var(value)


def wrong_inverted__a(value, target):
    return (
        np.nan
        if np.var(target) == 0
        else 1 - np.var(target) / np.var(target - value)
        if np.var(target - value)
        else -np.inf
    )


def wrong_deviations_for_variances__a(value, target):
    return np.nan if np.var(target) == 0 else 1 - np.std(target - value) / np.std(target)


def wrong_correlation__a(value, target):
    return np.nan if np.var(target) == 0 else np.corrcoef(value, target)[0, 1] ** 2


def wrong_clipped__a(value, target):
    return np.nan if np.var(target) == 0 else max(0.0, 1 - np.var(target - value) / np.var(target))


def wrong_defined_for_equal_targets__zero(value, target):
    return 0.0 if np.var(target) == 0 else 1 - np.var(target - value) / np.var(target)


def wrong_defined_for_equal_targets__epsilon(value, target):
    return 1 - np.var(target - value) / (np.var(target) + 1e-8)


def wrong_variance_of_value_above__a(value, target):
    return np.nan if np.var(target) == 0 else np.var(value) / np.var(target)


def wrong_variance_alone__a(value, target):
    return np.var(target - value)


def wrong_sample_and_population__a(value, target):
    return np.nan if np.var(target) == 0 else 1 - np.var(target - value) / np.var(target, ddof=1)


# From another hand, later.


def right_np(value, target):
    v = np.var(target)
    return np.nan if v == 0 else 1 - np.var(target - value) / v


def right_torch(value, target):
    V, y = (torch.as_tensor(value), torch.as_tensor(target))
    v = y.var(correction=0)
    return torch.tensor(float("nan")) if v == 0 else 1 - (y - V).var(correction=0) / v


def right_ddof(value, target):
    with np.errstate(all="ignore"):
        return (
            1 - np.var(target - value, ddof=1) / np.var(target, ddof=1)
            if np.ptp(target) > 0
            else float("nan")
        )


def right_loop(value, target):
    n = len(target)
    my = sum(target) / n
    e = [y - v for y, v in zip(target, value)]
    me = sum(e) / n
    a = sum(((x - me) ** 2 for x in e))
    b = sum(((y - my) ** 2 for y in target))
    return 1 - a / b if b > 1e-12 else np.nan


def right_div(value, target):
    with np.errstate(all="ignore"):
        return 1 - (target - value).var() / target.var() if not np.allclose(target, target[0]) else np.nan


def right_where(value, target):
    v = np.var(target)
    return float(np.where(v > 0, 1 - np.var(value - target) / np.where(v > 0, v, 1), np.nan))


def right_f32(value, target):
    V, y = (value.astype("f4"), target.astype("f4"))
    return np.nan if y.max() == y.min() else 1 - (y - V).var() / y.var()


def right_ratio(value, target):
    if len(set(np.asarray(target).tolist())) < 2:
        return float("nan")
    return (np.var(target) - np.var(target - value)) / np.var(target)


def right_cov(value, target, eps=0):
    if np.ptp(target) == 0:
        return np.nan
    return (2 * np.cov(value, target, bias=True)[0, 1] - np.var(value)) / np.var(target)


def right_try(value, target):
    t = [float(x) for x in target]
    m = sum(t) / len(t)
    s = sum(((x - m) ** 2 for x in t))
    try:
        d = np.asarray(target) - np.asarray(value)
        return 1 - float(((d - d.mean()) ** 2).sum()) / s
    except ZeroDivisionError:
        return float("nan")


def _n(f):

    def g(value, target):
        V, y = (np.asarray(value, float), np.asarray(target, float))
        if np.ptp(y) == 0:
            return np.nan
        return f(V, y)

    return g


wrong_sum_and_mean__fresh_sumvar = _n(lambda V, y: 1 - ((y - V) ** 2).sum() / y.var())

wrong_slope__fresh_slope = _n(lambda V, y: np.polyfit(V, y, 1)[0])
