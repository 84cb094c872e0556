# ruff: noqa  (as students write)

import numpy as np
import torch


def right_clip(next_action, xi, sigma, clip):
    return np.clip(next_action + np.clip(sigma * xi, -clip, clip), -1, 1)


def right_torch_clamp(next_action, xi, sigma, clip):
    epsilon = (sigma * xi).clamp(-clip, clip)
    return (next_action + epsilon).clamp(-1, 1)


def right_loops(next_action, xi, sigma, clip):
    out = np.empty_like(next_action)
    for i in range(next_action.shape[0]):
        for j in range(next_action.shape[1]):
            e = max(-clip, min(clip, sigma * xi[i, j]))
            out[i, j] = max(-1.0, min(1.0, next_action[i, j] + e))
    return out


def right_one_dimensional_loop(next_action, xi, sigma, clip):
    return [max(-1, min(1, a + max(-clip, min(clip, sigma * e)))) for a, e in zip(next_action, xi)]


def right_min_max_in_place(next_action, xi, sigma, clip):
    xi *= sigma
    np.clip(xi, -clip, clip, out=xi)
    next_action += xi
    return np.minimum(np.maximum(next_action, -1), 1).astype(np.float32)


def right_scaled_clip(next_action, xi, sigma, clip):
    noise = sigma * np.clip(xi, -clip / sigma, clip / sigma)
    return torch.from_numpy(next_action + noise).clip(min=-1, max=1)


def wrong_noise_unclipped__a(next_action, xi, sigma, clip):
    return np.clip(next_action + sigma * xi, -1, 1)


def wrong_action_unclamped__a(next_action, xi, sigma, clip):
    return next_action + np.clip(sigma * xi, -clip, clip)


def wrong_action_unclamped__clamped_too_early(next_action, xi, sigma, clip):
    return np.clip(next_action, -1, 1) + np.clip(sigma * xi, -clip, clip)


def wrong_one_noise_for_batch__first(next_action, xi, sigma, clip):
    return np.clip(next_action + np.clip(sigma * xi[0], -clip, clip), -1, 1)


def wrong_one_noise_for_batch__mean(next_action, xi, sigma, clip):
    return np.clip(next_action + np.clip(sigma * xi.mean(axis=0), -clip, clip), -1, 1)


def wrong_one_noise_for_batch__scalar(next_action, xi, sigma, clip):
    return np.clip(next_action + np.clip(sigma * xi.flat[0], -clip, clip), -1, 1)


def wrong_clip_before_scaling__a(next_action, xi, sigma, clip):
    return np.clip(next_action + sigma * np.clip(xi, -clip, clip), -1, 1)


def wrong_clips_the_sum__a(next_action, xi, sigma, clip):
    return np.clip(next_action + sigma * xi, -clip, clip)


def wrong_nothing_clipped__a(next_action, xi, sigma, clip):
    return next_action + sigma * xi


def wrong_sigma_ignored__a(next_action, xi, sigma, clip):
    return np.clip(next_action + np.clip(xi, -clip, clip), -1, 1)


def wrong_no_noise__a(next_action, xi, sigma, clip):
    return next_action


def wrong_one_sided_clip__a(next_action, xi, sigma, clip):
    return np.clip(next_action + np.minimum(sigma * xi, clip), -1, 1)


def wrong_variance_for_sd__a(next_action, xi, sigma, clip):
    return np.clip(next_action + np.clip(sigma**2 * xi, -clip, clip), -1, 1)


def wrong_not_deterministic__own_noise(next_action, xi, sigma, clip):
    noise = np.clip(sigma * np.random.randn(*next_action.shape), -clip, clip)
    return np.clip(next_action + noise, -1, 1)
