# ruff: noqa  (as students write)

import math

import numpy as np
import torch
import numpy as np, torch


def right_numpy(ratio, advantage, clip):
    return ((advantage > 0) & (ratio > 1 + clip)) | ((advantage < 0) & (ratio < 1 - clip))


def right_by_values(ratio, advantage, clip):
    return np.clip(ratio, 1 - clip, 1 + clip) * advantage < ratio * advantage


def right_torch_only(ratio, advantage, clip):
    r = ratio.clone().requires_grad_()
    torch.min(r * advantage, r.clamp(1 - clip, 1 + clip) * advantage).sum().backward()
    return r.grad == 0


def right_loop(ratio, advantage, clip):
    return [bool((r > 1 + clip and A > 0) or (r < 1 - clip and A < 0)) for r, A in zip(ratio, advantage)]


def right_zeros_and_ones(ratio, advantage, clip):
    return np.where(advantage > 0, ratio > 1 + clip, ratio < 1 - clip).astype(int)


def wrong_outside_is_enough__a(ratio, advantage, clip):
    return np.abs(ratio - 1) > clip


def wrong_signs_swapped__a(ratio, advantage, clip):
    return ((advantage < 0) & (ratio > 1 + clip)) | ((advantage > 0) & (ratio < 1 - clip))


def wrong_lower_edge_missing__a(ratio, advantage, clip):
    return (advantage > 0) & (ratio > 1 + clip)


def wrong_upper_edge_missing__a(ratio, advantage, clip):
    return (advantage < 0) & (ratio < 1 - clip)


def wrong_inverted__a(ratio, advantage, clip):
    return ~(((advantage > 0) & (ratio > 1 + clip)) | ((advantage < 0) & (ratio < 1 - clip)))


def wrong_inside_for_outside__a(ratio, advantage, clip):
    return np.abs(ratio - 1) < clip


def wrong_never__and(ratio, advantage, clip):
    return ((advantage > 0) & (ratio > 1 + clip)) & ((advantage < 0) & (ratio < 1 - clip))


def wrong_clip_ignored__a(ratio, advantage, clip):
    return ((advantage > 0) & (ratio > 1)) | ((advantage < 0) & (ratio < 1))


def wrong_counted__a(ratio, advantage, clip):
    return (((advantage > 0) & (ratio > 1 + clip)) | ((advantage < 0) & (ratio < 1 - clip))).mean()


def wrong_positive_only__a(ratio, advantage, clip):
    return (np.abs(ratio - 1) > clip) & (advantage > 0)


def wrong_gradient_returned__a(ratio, advantage, clip):
    return np.where(np.where(advantage > 0, ratio > 1 + clip, ratio < 1 - clip), 0.0, advantage)


def wrong_sign_forgotten_above__a(ratio, advantage, clip):
    return (ratio > 1 + clip) | ((advantage < 0) & (ratio < 1 - clip))


# From another hand, later.


def right_np(ratio, advantage, clip):
    return (ratio > 1 + clip) & (advantage > 0) | (ratio < 1 - clip) & (advantage < 0)


def right_grad(ratio, advantage, clip):
    r = torch.tensor(np.asarray(ratio, dtype=float), requires_grad=True)
    A = torch.tensor(np.asarray(advantage, dtype=float))
    torch.minimum(r * A, r.clamp(1 - clip, 1 + clip) * A).sum().backward()
    return r.grad == 0


def right_list(ratio, advantage, clip):
    return [bool(r > 1 + clip and a > 0 or (r < 1 - clip and a < 0)) for r, a in zip(ratio, advantage)]


def right_less(ratio, advantage, clip):
    return np.clip(ratio, 1 - clip, 1 + clip) * advantage < ratio * advantage


def right_int(ratio, advantage, clip):
    return ((ratio > 1 + clip) * (advantage > 0) + (ratio < 1 - clip) * (advantage < 0)).astype(int)


def right_sign(ratio, advantage, clip):
    return (ratio - 1) * np.sign(advantage) > clip


def right_where(ratio, advantage, clip):
    return np.where(advantage > 0, ratio > 1 + clip, ratio < 1 - clip)


def right_torch(ratio, advantage, clip):
    r, A = (torch.as_tensor(ratio), torch.as_tensor(advantage))
    return torch.where(A > 0, r > 1 + clip, r < 1 - clip)


def right_fd(ratio, advantage, clip):
    f = lambda r: np.minimum(r * advantage, np.clip(r, 1 - clip, 1 + clip) * advantage)
    return abs(f(ratio + 1e-07) - f(ratio - 1e-07)) < 1e-09


def right_not(ratio, advantage, clip):
    return ~(((ratio <= 1 + clip) | (advantage < 0)) & ((ratio >= 1 - clip) | (advantage > 0)))


def right_float(ratio, advantage, clip, dtype=float):
    return (advantage * (ratio - 1) > clip * abs(advantage)).astype(dtype)


W = lambda f: lambda ratio, advantage, clip: np.asarray(f(ratio, advantage, clip))

wrong_product_compared__fresh_rA = W(lambda r, A, e: (r * A > 1 + e) | (r * A < 1 - e))

wrong_width_wrong__fresh_2e = W(lambda r, A, e: (r > 1 + 2 * e) & (A > 0) | (r < 1 - 2 * e) & (A < 0))

wrong_width_wrong__fresh_half = W(lambda r, A, e: (r > 1 + e / 2) & (A > 0) | (r < 1 - e / 2) & (A < 0))

wrong_size_of_advantage__fresh_absA = W(lambda r, A, e: (abs(r - 1) > e) & (abs(A) > 1))
