# ruff: noqa  (as students write)

import numpy as np
import torch


def right_formula(reward, terminated, next_q, gamma):
    return reward + gamma * (1 - terminated) * next_q


def right_not_mask(reward, terminated, next_q, gamma):
    return reward + gamma * ~terminated * next_q


def right_where(reward, terminated, next_q, gamma):
    return np.where(terminated, reward, reward + gamma * next_q)


def right_loop(reward, terminated, next_q, gamma):
    y = []
    for r, d, q in zip(reward, terminated, next_q):
        y.append(r if d else r + gamma * q)
    return y


def right_torch(reward, terminated, next_q, gamma):
    with torch.no_grad():
        return reward + gamma * (1.0 - terminated.float()) * next_q


def right_torch_where(reward, terminated, next_q, gamma):
    return torch.where(terminated.bool(), reward, reward + gamma * next_q)


def right_in_place(reward, terminated, next_q, gamma):
    next_q[terminated] = 0.0
    reward += gamma * next_q
    return reward


def right_torch_bool(reward, terminated, next_q, gamma):
    return torch.as_tensor(reward) + gamma * torch.logical_not(torch.as_tensor(terminated)) * torch.as_tensor(
        next_q
    )


def right_float32(reward, terminated, next_q, gamma):
    mask = 1.0 - np.asarray(terminated, dtype=np.float32)
    return np.float32(reward) + np.float32(gamma) * mask * np.float32(next_q)


def wrong_bootstrap_on_terminal__a(reward, terminated, next_q, gamma):
    return reward + gamma * next_q


def wrong_bootstrap_on_terminal__mask_built_and_forgotten(reward, terminated, next_q, gamma):
    mask = 1 - terminated
    y = reward + gamma * next_q
    return y


def wrong_mask_inverted__a(reward, terminated, next_q, gamma):
    return reward + gamma * terminated * next_q


def wrong_reward_masked__a(reward, terminated, next_q, gamma):
    return (1 - terminated) * (reward + gamma * next_q)


def wrong_reward_masked__zero_at_terminal(reward, terminated, next_q, gamma):
    return np.where(terminated, 0.0, reward + gamma * next_q)


def wrong_no_discount__a(reward, terminated, next_q, gamma):
    return reward + (1 - terminated) * next_q


def wrong_mask_on_reward__a(reward, terminated, next_q, gamma):
    return (1 - terminated) * reward + gamma * next_q


def wrong_reward_discounted__a(reward, terminated, next_q, gamma):
    return gamma * (reward + (1 - terminated) * next_q)


def wrong_no_reward__a(reward, terminated, next_q, gamma):
    return gamma * (1 - terminated) * next_q


def wrong_sign__a(reward, terminated, next_q, gamma):
    return reward - gamma * (1 - terminated) * next_q


def wrong_averaged_over_batch__a(reward, terminated, next_q, gamma):
    return (reward + gamma * (1 - terminated) * next_q).mean()


def wrong_bootstrap_on_terminal__precedence(reward, terminated, next_q, gamma):
    return reward + gamma * 1 - terminated * 0 + gamma * next_q - gamma


def wrong_none__column(reward, terminated, next_q, gamma):
    return (reward + gamma * (1 - terminated) * next_q)[:, None]


def wrong_none__scalar_if(reward, terminated, next_q, gamma):
    if terminated:
        return reward
    return reward + gamma * next_q
