# ruff: noqa  (as students write)

import math

import numpy as np
import torch


def right_prod(target_probs, behaviour_probs):
    return np.prod(target_probs / behaviour_probs, axis=1)


def right_logs(target_probs, behaviour_probs):
    return np.exp(np.sum(np.log(target_probs) - np.log(behaviour_probs), axis=-1))


def right_loop(target_probs, behaviour_probs):
    out = []
    for p, q in zip(target_probs, behaviour_probs):
        w = 1.0
        for a, b in zip(p, q):
            w *= a / b
        out.append(w)
    return out


def right_torch_only(target_probs, behaviour_probs):
    return torch.div(target_probs, behaviour_probs).prod(dim=1)


def right_last_of_cumprod(target_probs, behaviour_probs):
    return np.cumprod(np.float32(target_probs / behaviour_probs), axis=1)[:, -1]


def right_products_apart(target_probs, behaviour_probs):
    return [math.prod(p) / math.prod(q) for p, q in zip(target_probs.tolist(), behaviour_probs.tolist())]


def wrong_inverted__a(target_probs, behaviour_probs):
    return (behaviour_probs / target_probs).prod(1)


def wrong_sum_for_product__a(target_probs, behaviour_probs):
    return (target_probs / behaviour_probs).sum(1)


def wrong_mean_for_product__a(target_probs, behaviour_probs):
    return (target_probs / behaviour_probs).mean(1)


def wrong_log_weights__a(target_probs, behaviour_probs):
    return (np.log(target_probs) - np.log(behaviour_probs)).sum(1)


def wrong_log_weights__geometric_mean(target_probs, behaviour_probs):
    return (target_probs / behaviour_probs).prod(1) ** (1 / target_probs.shape[1])


def wrong_one_step_only__a(target_probs, behaviour_probs):
    return target_probs[:, -1] / behaviour_probs[:, -1]


def wrong_per_step__a(target_probs, behaviour_probs):
    return (target_probs / behaviour_probs).cumprod(1)


def wrong_over_trajectories__a(target_probs, behaviour_probs):
    return (target_probs / behaviour_probs).prod(0)


def wrong_self_normalised__a(target_probs, behaviour_probs):
    w = (target_probs / behaviour_probs).prod(1)
    return w / w.sum()


def wrong_clipped__a(target_probs, behaviour_probs):
    return np.clip(target_probs / behaviour_probs, 0, 1).prod(1)


def wrong_ratio_of_sums__a(target_probs, behaviour_probs):
    return target_probs.sum(1) / behaviour_probs.sum(1)


def wrong_target_only__torch(target_probs, behaviour_probs):
    return torch.as_tensor(target_probs).prod(1)


def wrong_averaged__a(target_probs, behaviour_probs):
    return (target_probs / behaviour_probs).prod(1).mean()


def wrong_changes_arguments__a(target_probs, behaviour_probs):
    target_probs /= behaviour_probs
    return target_probs.prod(1)


def wrong_none__column(target_probs, behaviour_probs):
    return (target_probs / behaviour_probs).prod(1, keepdims=True)
