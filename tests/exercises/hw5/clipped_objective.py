# ruff: noqa  (as students write)

import math

import numpy as np
import torch
import numpy as np, torch


def right_numpy(ratio, advantage, clip):
    return np.minimum(ratio * advantage, np.clip(ratio, 1 - clip, 1 + clip) * advantage)


def right_cases(ratio, advantage, clip):
    found = []
    for r, A in zip(ratio, advantage):
        r, A = float(r), float(A)
        if A > 0:
            found.append(min(r, 1 + clip) * A)
        else:
            found.append(max(r, 1 - clip) * A)
    return found


def right_torch_only(ratio, advantage, clip):
    return torch.min(ratio * advantage, torch.clamp(ratio, 1 - clip, 1 + clip) * advantage)


def right_edge(ratio, advantage, clip):
    edge = np.where(advantage > 0, (1 + clip) * advantage, (1 - clip) * advantage)
    return np.minimum(ratio * advantage, edge)


def right_float32(ratio, advantage, clip):
    r, A = np.asarray(ratio, np.float32), np.asarray(advantage, np.float32)
    return np.minimum(r * A, r.clip(1 - clip, 1 + clip) * A)


def wrong_no_minimum__a(ratio, advantage, clip):
    return np.clip(ratio, 1 - clip, 1 + clip) * advantage


def wrong_maximum__a(ratio, advantage, clip):
    return np.maximum(ratio * advantage, np.clip(ratio, 1 - clip, 1 + clip) * advantage)


def wrong_no_clip__a(ratio, advantage, clip):
    return ratio * advantage


def wrong_minimum_of_ratios__a(ratio, advantage, clip):
    return np.minimum(ratio, np.clip(ratio, 1 - clip, 1 + clip)) * advantage


def wrong_lower_edge_missing__a(ratio, advantage, clip):
    return np.minimum(ratio * advantage, np.minimum(ratio, 1 + clip) * advantage)


def wrong_upper_edge_missing__a(ratio, advantage, clip):
    return np.minimum(ratio * advantage, np.maximum(ratio, 1 - clip) * advantage)


def wrong_clips_the_product__a(ratio, advantage, clip):
    return np.minimum(ratio * advantage, np.clip(ratio * advantage, 1 - clip, 1 + clip))


def wrong_centred_at_zero__a(ratio, advantage, clip):
    return np.minimum(ratio * advantage, np.clip(ratio, -clip, clip) * advantage)


def wrong_sign__loss(ratio, advantage, clip):
    return -np.minimum(ratio * advantage, np.clip(ratio, 1 - clip, 1 + clip) * advantage)


def wrong_reduced__a(ratio, advantage, clip):
    return np.minimum(ratio * advantage, np.clip(ratio, 1 - clip, 1 + clip) * advantage).mean()


def wrong_exponentiated__a(ratio, advantage, clip):
    r = np.exp(ratio)
    return np.minimum(r * advantage, np.clip(r, 1 - clip, 1 + clip) * advantage)


def wrong_zeroed__a(ratio, advantage, clip):
    return np.where(np.abs(ratio - 1) > clip, 0.0, ratio * advantage)


def wrong_advantage_normalised__a(ratio, advantage, clip):
    A = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
    return np.minimum(ratio * A, np.clip(ratio, 1 - clip, 1 + clip) * A)


def wrong_no_gradient__detached(ratio, advantage, clip):
    r = ratio.detach()
    return torch.min(r * advantage, r.clamp(1 - clip, 1 + clip) * advantage) + 0 * ratio


def wrong_gradient_of_surrogate__a(ratio, advantage, clip):
    plain = ratio * advantage
    gap = torch.min(plain, ratio.clamp(1 - clip, 1 + clip) * advantage) - plain
    return plain + gap.detach()


def wrong_none__none(ratio, advantage, clip):
    np.minimum(ratio * advantage, np.clip(ratio, 1 - clip, 1 + clip) * advantage)


# From another hand, later.


def right_torch(ratio, advantage, clip):
    r, A = (torch.as_tensor(ratio), torch.as_tensor(advantage))
    return torch.min(r * A, torch.clamp(r, 1 - clip, 1 + clip) * A)


def right_np(ratio, advantage, clip):
    return np.minimum(ratio * advantage, np.clip(ratio, 1 - clip, 1 + clip) * advantage)


def right_where(ratio, advantage, clip):
    r, A = (torch.as_tensor(ratio), torch.as_tensor(advantage))
    return torch.where(A >= 0, torch.clamp(r, max=1 + clip), torch.clamp(r, min=1 - clip)) * A


def right_loop(ratio, advantage, clip):
    return [min(r * a, min(max(r, 1 - clip), 1 + clip) * a) for r, a in zip(ratio, advantage)]


def right_max(ratio, advantage, clip):
    r, A = (torch.as_tensor(ratio), torch.as_tensor(advantage))
    return -torch.max(-r * A, -r.clip(1 - clip, 1 + clip) * A)


def right_stack(ratio, advantage, clip):
    r, A = (torch.as_tensor(ratio), torch.as_tensor(advantage))
    return torch.stack([r * A, r.clamp(1 - clip, 1 + clip) * A]).min(0).values


def right_g(ratio, advantage, clip):
    return np.minimum(
        ratio * advantage, np.where(advantage >= 0, (1 + clip) * advantage, (1 - clip) * advantage)
    )


def right_f32(ratio, advantage, clip):
    r, A = (torch.as_tensor(ratio).float(), torch.as_tensor(advantage).float())
    return torch.minimum(r * A, r.clamp(1 - clip, 1 + clip) * A)


def right_amin(ratio, advantage, clip):
    r, A = (torch.as_tensor(ratio), torch.as_tensor(advantage))
    return torch.amin(torch.stack((r * A, torch.clip(r, 1 - clip, 1 + clip) * A), dim=-1), dim=-1)


def right_relu(ratio, advantage, clip):
    r, A = (torch.as_tensor(ratio), torch.as_tensor(advantage))
    return r * A - torch.relu(r - 1 - clip) * torch.relu(A) - torch.relu(1 - clip - r) * torch.relu(-A)


def right_mask(ratio, advantage, clip, eps=None):
    r, A = (torch.as_tensor(ratio), torch.as_tensor(advantage))
    stop = (r > 1 + clip) & (A > 0) | (r < 1 - clip) & (A < 0)
    return torch.where(stop, r.clamp(1 - clip, 1 + clip), r) * A


W = lambda f: lambda ratio, advantage, clip: f(torch.as_tensor(ratio), torch.as_tensor(advantage), clip)

c = lambda r, e: r.clamp(1 - e, 1 + e)

wrong_log_taken__fresh_log = W(lambda r, A, e: torch.min(r.log() * A, c(r, e).log() * A))

wrong_no_gradient__fresh_detach = W(lambda r, A, e: torch.min(r.detach() * A, c(r, e) * A))

wrong_no_gradient__fresh_detachclip = W(lambda r, A, e: torch.min(r * A, c(r, e).detach() * A))

wrong_crossed__fresh_cross = W(lambda r, A, e: torch.min(r[:, None] * A, c(r, e)[:, None] * A).mean(0))

wrong_penalty_for_clip__fresh_pen = W(lambda r, A, e: r * A - (r - c(r, e)).abs())
