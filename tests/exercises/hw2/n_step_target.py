# ruff: noqa  (as students write)

import numpy as np
import torch


def right_sum(rewards, next_value, gamma):
    n = len(rewards)
    return sum(gamma**k * rewards[k] for k in range(n)) + gamma**n * next_value


def right_horner(rewards, next_value, gamma):
    y = next_value
    for r in reversed(rewards):
        y = r + gamma * y
    return y


def right_polyval(rewards, next_value, gamma):
    return np.polyval(np.append(rewards, next_value)[::-1], gamma)


def right_torch_only(rewards, next_value, gamma):
    n = rewards.shape[0]
    weights = torch.pow(torch.tensor(gamma, dtype=rewards.dtype), torch.arange(n + 1))
    return torch.dot(weights, torch.cat([rewards, torch.tensor([next_value], dtype=rewards.dtype)]))


def right_recursive(rewards, next_value, gamma):
    if len(rewards) == 0:
        return next_value
    return float(rewards[0]) + gamma * right_recursive(rewards[1:], next_value, gamma)


def right_running_discount(rewards, next_value, gamma):
    total, discount = np.float32(0), 1.0
    for r in rewards:
        total += np.float32(discount * r)
        discount *= gamma
    return total + discount * next_value


def wrong_bootstrap_one_late__a(rewards, next_value, gamma):
    n = len(rewards)
    return gamma ** np.arange(n) @ rewards + gamma ** (n + 1) * next_value


def wrong_bootstrap_one_early__a(rewards, next_value, gamma):
    n = len(rewards)
    return gamma ** np.arange(n) @ rewards + gamma ** (n - 1) * next_value


def wrong_bootstrap_not_discounted__a(rewards, next_value, gamma):
    return gamma ** np.arange(len(rewards)) @ rewards + next_value


def wrong_bootstrap_discounted_once__a(rewards, next_value, gamma):
    return gamma ** np.arange(len(rewards)) @ rewards + gamma * next_value


def wrong_no_bootstrap__a(rewards, next_value, gamma):
    return np.sum([gamma**k * r for k, r in enumerate(rewards)])


def wrong_one_step_only__a(rewards, next_value, gamma):
    return rewards[0] + gamma * next_value


def wrong_rewards_not_discounted__a(rewards, next_value, gamma):
    return sum(rewards) + gamma ** len(rewards) * next_value


def wrong_no_discount__a(rewards, next_value, gamma):
    return rewards.sum() + next_value


def wrong_rewards_one_late__enumerate_from_one(rewards, next_value, gamma):
    return sum(gamma**k * r for k, r in enumerate(rewards, 1)) + gamma ** len(rewards) * next_value


def wrong_last_reward_missing__range(rewards, next_value, gamma):
    n = len(rewards)
    return sum(gamma**k * rewards[k] for k in range(n - 1)) + gamma**n * next_value


def wrong_first_reward_missing__range(rewards, next_value, gamma):
    n = len(rewards)
    return sum(gamma**k * rewards[k] for k in range(1, n)) + gamma**n * next_value


def wrong_rewards_reversed__a(rewards, next_value, gamma):
    y = 0.0
    for r in rewards:
        y = r + gamma * y
    return y + gamma ** len(rewards) * next_value


def wrong_bootstraps_every_step__a(rewards, next_value, gamma):
    return sum(gamma**k * (r + gamma * next_value) for k, r in enumerate(rewards))


def wrong_rewards_one_late__torch(rewards, next_value, gamma):
    y = torch.as_tensor(next_value)
    for r in torch.as_tensor(rewards).flip(0):
        y = gamma * (y + r)
    return y


def wrong_one_discount_too_many__a(rewards, next_value, gamma):
    return gamma * right_horner(rewards, next_value, gamma)


def wrong_not_summed__a(rewards, next_value, gamma):
    n = len(rewards)
    return np.cumsum(gamma ** np.arange(n) * rewards) + gamma ** np.arange(1, n + 1) * next_value


def wrong_changes_arguments__a(rewards, next_value, gamma):
    rewards *= gamma ** np.arange(len(rewards))
    return rewards.sum() + gamma ** len(rewards) * next_value


def wrong_none__list(rewards, next_value, gamma):
    return [[right_sum(rewards, next_value, gamma)], [1.0, 2.0]]
