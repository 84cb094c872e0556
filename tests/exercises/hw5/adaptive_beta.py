# ruff: noqa  (as students write)

import math

import numpy as np
import torch
import numpy as np, torch


def right_if(beta, kl, target):
    if kl > 1.5 * target:
        return 2 * beta
    if kl < target / 1.5:
        return beta / 2
    return beta


def right_expression(beta, kl, target):
    return beta * (2.0 if kl > 1.5 * target else 0.5 if kl < target / 1.5 else 1.0)


def right_loop(beta, kl, target):
    factor = 1
    if kl > target * 1.5:
        factor = 2
    elif kl < target / 1.5:
        factor = 1 / 2
    return factor * beta


def right_torch_only(beta, kl, target):
    beta = torch.as_tensor(beta)
    return torch.where(
        torch.as_tensor(kl > 1.5 * target),
        2 * beta,
        torch.where(torch.as_tensor(kl < target / 1.5), beta / 2, beta),
    )


def wrong_directions_swapped__a(beta, kl, target):
    return beta / 2 if kl > 1.5 * target else 2 * beta if kl < target / 1.5 else beta


def wrong_no_tolerance__a(beta, kl, target):
    return 2 * beta if kl > target else beta / 2 if kl < target else beta


def wrong_tolerance_missing_below__a(beta, kl, target):
    return 2 * beta if kl > 1.5 * target else beta / 2 if kl < target else beta


def wrong_factors_swapped__a(beta, kl, target):
    return 1.5 * beta if kl > 2 * target else beta / 1.5 if kl < target / 2 else beta


def wrong_factor_wrong__a(beta, kl, target):
    return 1.5 * beta if kl > 1.5 * target else beta / 1.5 if kl < target / 1.5 else beta


def wrong_tolerance_two__a(beta, kl, target):
    return 2 * beta if kl > 2 * target else beta / 2 if kl < target / 2 else beta


def wrong_never_lowered__a(beta, kl, target):
    return 2 * beta if kl > 1.5 * target else beta


def wrong_edges_inclusive__a(beta, kl, target):
    return 2 * beta if kl >= 1.5 * target else beta / 2 if kl <= target / 1.5 else beta


def wrong_overwritten__a(beta, kl, target):
    if kl > 1.5 * target:
        beta = 2 * beta
    else:
        beta = beta / 2
    return beta


def wrong_proportional__a(beta, kl, target):
    return beta * kl / target


def wrong_unchanged__a(beta, kl, target):
    if kl > 1.5 * target:
        2 * beta
    return beta


def wrong_lower_edge_wrong__a(beta, kl, target):
    return 2 * beta if kl > 1.5 * target else beta / 2 if kl < 1.5 * target else beta


def wrong_none__nothing_between(beta, kl, target):
    if kl > 1.5 * target:
        return 2 * beta
    if kl < target / 1.5:
        return beta / 2


# From another hand, later.


def right_if_fresh(beta, kl, target):
    if kl > 1.5 * target:
        return 2 * beta
    if kl < target / 1.5:
        return beta / 2
    return beta


def right_np(beta, kl, target):
    return beta * np.select([kl > 1.5 * target, kl < target / 1.5], [2.0, 0.5], 1.0)


def right_pow(beta, kl, target):
    return beta * 2.0 ** (int(kl > 1.5 * target) - int(kl < target / 1.5))


def right_where(beta, kl, target):
    return np.where(kl > target * 1.5, beta * 2, np.where(kl < target / 1.5, beta * 0.5, beta))


def right_torch(beta, kl, target):
    return torch.tensor(beta) * (2.0 if kl > 1.5 * target else 0.5 if kl < target / 1.5 else 1.0)


def right_dict(beta, kl, target):
    return (
        beta * {(True, False): 2, (False, True): 0.5, (False, False): 1}[kl > 1.5 * target, kl < target / 1.5]
    )


def right_match(beta, kl, target):
    match (kl > 1.5 * target, kl < target / 1.5):
        case [True, _]:
            return beta + beta
        case [_, True]:
            return 0.5 * beta
        case _:
            return float(beta)


def right_elif(beta, kl, target, factor=2.0):
    hi, lo = (1.5 * target, target / 1.5)
    out = beta
    if kl > hi:
        out *= factor
    elif kl < lo:
        out /= factor
    return out


def right_list(beta, kl, target):
    return [beta * 2 if kl > 1.5 * target else beta / 2 if kl < target / 1.5 else beta]


def right_neg(beta, kl, target):
    return beta if target / 1.5 <= kl <= 1.5 * target else 2 * beta if kl > target else beta / 2


def W(hi=lambda t: 1.5 * t, lo=lambda t: t / 1.5, up=2.0, down=0.5, mid=1.0, ge=False):

    def f(beta, kl, target):
        if kl >= hi(target) if ge else kl > hi(target):
            return beta * up
        if kl <= lo(target) if ge else kl < lo(target):
            return beta * down
        return beta * mid

    return f


wrong_added__fresh_add = lambda beta, kl, target: (
    beta + 2 if kl > 1.5 * target else beta - 2 if kl < target / 1.5 else beta
)

wrong_factor_wrong__fresh_4 = W(up=4.0, down=0.25)

wrong_power_for_multiple__fresh_sq = W(hi=lambda t: t**1.5, lo=lambda t: t ** (1 / 1.5))

wrong_added__fresh_05 = lambda beta, kl, target: beta + 0.5 * (kl - target)

wrong_clamped__fresh_clip = lambda beta, kl, target: min(max(W()(beta, kl, target), 0.1), 10.0)

wrong_whole_numbers__fresh_int = lambda beta, kl, target: (
    beta * 2 if kl > 1.5 * target else beta // 2 if kl < target / 1.5 else beta
)

wrong_proportional__fresh_sqrt = lambda beta, kl, target: beta * (kl / target) ** 0.5
