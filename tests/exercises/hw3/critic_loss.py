# ruff: noqa  (as students write)

import numpy as np
import torch


def right_squeeze(q, next_q, reward, terminated, gamma):
    target = reward + gamma * (1 - terminated) * next_q.squeeze(-1)
    return np.mean((q.squeeze(-1) - target) ** 2)


def right_columns(q, next_q, reward, terminated, gamma):
    target = reward[:, None] + gamma * (1 - terminated[:, None]) * next_q
    return ((q - target) ** 2).mean()


def right_loop(q, next_q, reward, terminated, gamma):
    total = 0.0
    for i in range(len(reward)):
        y = reward[i] + (0 if terminated[i] else gamma * next_q[i, 0])
        total += (q[i, 0] - y) ** 2
    return float(total / len(reward))


def right_torch(q, next_q, reward, terminated, gamma):
    y = reward.unsqueeze(1) + gamma * (1 - terminated.unsqueeze(1)) * next_q
    return torch.nn.functional.mse_loss(q.requires_grad_(), y.detach())


def right_reshape_in_place(q, next_q, reward, terminated, gamma):
    q.shape = next_q.shape = (-1,)
    return np.sum(np.square(reward + gamma * ~terminated * next_q - q)) / q.size


def wrong_broadcast__unchanged(q, next_q, reward, terminated, gamma):
    target = reward + gamma * (1 - terminated) * next_q
    return np.mean((q - target) ** 2)


def wrong_broadcast__half_fixed(q, next_q, reward, terminated, gamma):
    target = reward + gamma * (1 - terminated) * next_q[:, 0]
    return np.mean((q - target) ** 2)


def wrong_broadcast__reward_only(q, next_q, reward, terminated, gamma):
    target = reward[:, None] + gamma * (1 - terminated) * next_q
    return np.mean((q - target) ** 2)


def wrong_broadcast__q_only(q, next_q, reward, terminated, gamma):
    target = reward + gamma * (1 - terminated) * next_q
    return np.mean((q.ravel() - target) ** 2)


def wrong_broadcast__transposed(q, next_q, reward, terminated, gamma):
    target = reward + gamma * (1 - terminated) * next_q
    return np.mean((q.T - target) ** 2)


def wrong_sum_for_mean__a(q, next_q, reward, terminated, gamma):
    return np.sum((q[:, 0] - reward - gamma * (1 - terminated) * next_q[:, 0]) ** 2)


def wrong_averaged_too_early__a(q, next_q, reward, terminated, gamma):
    return (q.mean() - np.mean(reward + gamma * (1 - terminated) * next_q[:, 0])) ** 2


def wrong_missing_square__a(q, next_q, reward, terminated, gamma):
    return np.mean(np.abs(q[:, 0] - reward - gamma * (1 - terminated) * next_q[:, 0]))


def wrong_not_reduced__a(q, next_q, reward, terminated, gamma):
    return (q[:, 0] - reward - gamma * (1 - terminated) * next_q[:, 0]) ** 2


def wrong_half__a(q, next_q, reward, terminated, gamma):
    return 0.5 * np.mean((q[:, 0] - reward - gamma * (1 - terminated) * next_q[:, 0]) ** 2)
