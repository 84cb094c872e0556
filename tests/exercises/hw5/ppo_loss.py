# ruff: noqa  (as students write)

import math

import numpy as np
import torch
import numpy as np, torch, torch.nn.functional as F


def right_numpy(ratio, advantage, value, target, entropy, clip, value_weight, entropy_weight):
    gain = np.minimum(ratio * advantage, np.clip(ratio, 1 - clip, 1 + clip) * advantage).mean()
    return -gain + value_weight * ((value - target) ** 2).mean() - entropy_weight * entropy.mean()


def right_torch_only(ratio, advantage, value, target, entropy, clip, value_weight, entropy_weight):
    policy = -torch.min(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage).mean()
    critic = torch.nn.functional.mse_loss(value, target)
    return policy + value_weight * critic - entropy_weight * entropy.mean()


def right_maximum_of_losses(ratio, advantage, value, target, entropy, clip, value_weight, entropy_weight):
    policy = np.maximum(-ratio * advantage, -np.clip(ratio, 1 - clip, 1 + clip) * advantage)
    return np.mean(policy + value_weight * (target - value) ** 2 - entropy_weight * entropy)


def right_loop(ratio, advantage, value, target, entropy, clip, value_weight, entropy_weight):
    total = 0.0
    for r, A, V, y, H in zip(ratio, advantage, value, target, entropy):
        r, A, V, y, H = map(float, (r, A, V, y, H))
        total += (
            min(r * A, min(max(r, 1 - clip), 1 + clip) * A) - value_weight * (V - y) ** 2 + entropy_weight * H
        )
    return -total / len(ratio)


def wrong_maximises__a(ratio, advantage, value, target, entropy, clip, value_weight, entropy_weight):
    gain = np.minimum(ratio * advantage, np.clip(ratio, 1 - clip, 1 + clip) * advantage).mean()
    return gain - value_weight * ((value - target) ** 2).mean() + entropy_weight * entropy.mean()


def wrong_policy_sign__a(ratio, advantage, value, target, entropy, clip, value_weight, entropy_weight):
    gain = np.minimum(ratio * advantage, np.clip(ratio, 1 - clip, 1 + clip) * advantage).mean()
    return gain + value_weight * ((value - target) ** 2).mean() - entropy_weight * entropy.mean()


def wrong_critic_sign__a(ratio, advantage, value, target, entropy, clip, value_weight, entropy_weight):
    gain = np.minimum(ratio * advantage, np.clip(ratio, 1 - clip, 1 + clip) * advantage).mean()
    return -gain - value_weight * ((value - target) ** 2).mean() - entropy_weight * entropy.mean()


def wrong_entropy_sign__a(ratio, advantage, value, target, entropy, clip, value_weight, entropy_weight):
    gain = np.minimum(ratio * advantage, np.clip(ratio, 1 - clip, 1 + clip) * advantage).mean()
    return -gain + value_weight * ((value - target) ** 2).mean() + entropy_weight * entropy.mean()


def wrong_no_minimum__a(ratio, advantage, value, target, entropy, clip, value_weight, entropy_weight):
    gain = (np.clip(ratio, 1 - clip, 1 + clip) * advantage).mean()
    return -gain + value_weight * ((value - target) ** 2).mean() - entropy_weight * entropy.mean()


def wrong_maximum__minimum_of_losses(
    ratio, advantage, value, target, entropy, clip, value_weight, entropy_weight
):
    policy = np.minimum(-ratio * advantage, -np.clip(ratio, 1 - clip, 1 + clip) * advantage).mean()
    return policy + value_weight * ((value - target) ** 2).mean() - entropy_weight * entropy.mean()


def wrong_no_clip__a(ratio, advantage, value, target, entropy, clip, value_weight, entropy_weight):
    return (
        -(ratio * advantage).mean()
        + value_weight * ((value - target) ** 2).mean()
        - entropy_weight * entropy.mean()
    )


def wrong_half__a(ratio, advantage, value, target, entropy, clip, value_weight, entropy_weight):
    gain = np.minimum(ratio * advantage, np.clip(ratio, 1 - clip, 1 + clip) * advantage).mean()
    return -gain + value_weight * 0.5 * ((value - target) ** 2).mean() - entropy_weight * entropy.mean()


def wrong_not_squared__a(ratio, advantage, value, target, entropy, clip, value_weight, entropy_weight):
    gain = np.minimum(ratio * advantage, np.clip(ratio, 1 - clip, 1 + clip) * advantage).mean()
    return -gain + value_weight * (value - target).mean() - entropy_weight * entropy.mean()


def wrong_weights_swapped__a(ratio, advantage, value, target, entropy, clip, value_weight, entropy_weight):
    gain = np.minimum(ratio * advantage, np.clip(ratio, 1 - clip, 1 + clip) * advantage).mean()
    return -gain + entropy_weight * ((value - target) ** 2).mean() - value_weight * entropy.mean()


def wrong_no_entropy__a(ratio, advantage, value, target, entropy, clip, value_weight, entropy_weight):
    gain = np.minimum(ratio * advantage, np.clip(ratio, 1 - clip, 1 + clip) * advantage).mean()
    return -gain + value_weight * ((value - target) ** 2).mean()


def wrong_sum_for_mean__a(ratio, advantage, value, target, entropy, clip, value_weight, entropy_weight):
    gain = np.minimum(ratio * advantage, np.clip(ratio, 1 - clip, 1 + clip) * advantage).sum()
    return -gain + value_weight * ((value - target) ** 2).sum() - entropy_weight * entropy.sum()


def wrong_broadcast__a(ratio, advantage, value, target, entropy, clip, value_weight, entropy_weight):
    gain = np.minimum(ratio * advantage, np.clip(ratio, 1 - clip, 1 + clip) * advantage).mean()
    return -gain + value_weight * ((value[:, None] - target) ** 2).mean() - entropy_weight * entropy.mean()


def wrong_no_gradient_to_critic__a(
    ratio, advantage, value, target, entropy, clip, value_weight, entropy_weight
):
    gain = torch.min(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage).mean()
    return -gain + value_weight * ((value.detach() - target) ** 2).mean() - entropy_weight * entropy.mean()


def wrong_no_gradient_to_policy__a(
    ratio, advantage, value, target, entropy, clip, value_weight, entropy_weight
):
    r = ratio.detach()
    gain = torch.min(r * advantage, r.clamp(1 - clip, 1 + clip) * advantage).mean()
    return -gain + value_weight * ((value - target) ** 2).mean() - entropy_weight * entropy.mean()


# From another hand, later.


def right_torch(ratio, advantage, value, target, entropy, clip, value_weight, entropy_weight):
    r, A, V, y, H = map(torch.as_tensor, (ratio, advantage, value, target, entropy))
    return -(
        torch.min(r * A, r.clamp(1 - clip, 1 + clip) * A).mean()
        - value_weight * ((V - y) ** 2).mean()
        + entropy_weight * H.mean()
    )


def right_np(ratio, advantage, value, target, entropy, clip, value_weight, entropy_weight):
    return np.mean(
        np.maximum(-ratio * advantage, -np.clip(ratio, 1 - clip, 1 + clip) * advantage)
        + value_weight * (target - value) ** 2
        - entropy_weight * entropy
    )


def right_mse(ratio, advantage, value, target, entropy, clip, value_weight, entropy_weight):
    r, A, V, y, H = map(torch.as_tensor, (ratio, advantage, value, target, entropy))
    pg = torch.max(-A * r, -A * torch.clamp(r, 1 - clip, 1 + clip)).mean()
    return pg + value_weight * F.mse_loss(V, y) - entropy_weight * H.mean()


def right_loop_fresh(ratio, advantage, value, target, entropy, clip, value_weight, entropy_weight):
    t = 0
    n = len(ratio)
    for r, a, v, y, h in zip(ratio, advantage, value, target, entropy):
        t = (
            t
            - min(r * a, max(min(r, 1 + clip), 1 - clip) * a) / n
            + value_weight * (v - y) ** 2 / n
            - entropy_weight * h / n
        )
    return t


def right_sum(ratio, advantage, value, target, entropy, clip, value_weight, entropy_weight):
    return (
        -np.minimum(ratio * advantage, np.where(advantage > 0, 1 + clip, 1 - clip) * advantage).sum()
        + value_weight * np.square(value - target).sum()
        - entropy_weight * entropy.sum()
    ) / len(ratio)


def right_f32(*args, **k):
    ratio, advantage, value, target, entropy, clip, value_weight, entropy_weight = args
    r, A, V, y, H = (torch.as_tensor(x).float() for x in args[:5])
    return -(
        torch.min(r * A, r.clamp(1 - clip, 1 + clip) * A) - value_weight * (V - y) ** 2 + entropy_weight * H
    ).mean()


def right_parts(ratio, advantage, value, target, entropy, clip, value_weight, entropy_weight, **kw):
    parts = {
        "pi": -np.minimum(ratio * advantage, np.clip(ratio, 1 - clip, 1 + clip) * advantage).mean(),
        "v": ((value - target) ** 2).mean(),
        "h": -entropy.mean(),
    }
    w = dict(pi=1, v=value_weight, h=entropy_weight)
    return sum((w[k] * parts[k] for k in parts))


def right_where(ratio, advantage, value, target, entropy, clip, value_weight, entropy_weight):
    r, A, V, y, H = map(torch.as_tensor, (ratio, advantage, value, target, entropy))
    L = torch.where(A > 0, torch.clamp(r, max=1 + clip), torch.clamp(r, min=1 - clip)) * A
    return (value_weight * (V - y).pow(2) - L - entropy_weight * H).mean()


def right_norm(ratio, advantage, value, target, entropy, clip, value_weight, entropy_weight):
    d = value - target
    return (
        value_weight * (d @ d) / len(d)
        - entropy_weight * entropy.mean()
        - np.minimum(ratio * advantage, np.clip(ratio, 1 - clip, 1 + clip) * advantage).mean()
    )


def W(
    pi=lambda r, A, e: torch.min(r * A, r.clamp(1 - e, 1 + e) * A).mean(),
    v=lambda V, y: ((V - y) ** 2).mean(),
    h=lambda H: H.mean(),
    s=(-1, 1, -1),
    out=lambda x: x,
):

    def f(ratio, advantage, value, target, entropy, clip, value_weight, entropy_weight):
        r, A, V, y, H = map(torch.as_tensor, (ratio, advantage, value, target, entropy))
        return out(s[0] * pi(r, A, clip) + s[1] * value_weight * v(V, y) + s[2] * entropy_weight * h(H))

    return f


wrong_no_minimum__fresh_meanmin = W(
    pi=lambda r, A, e: torch.min((r * A).mean(), (r.clamp(1 - e, 1 + e) * A).mean())
)

wrong_variance__fresh_var = W(v=lambda V, y: (V - y).var())

wrong_advantage_sign_lost__fresh_advdet = W(
    pi=lambda r, A, e: torch.min(r * A.abs(), r.clamp(1 - e, 1 + e) * A.abs()).mean()
)
