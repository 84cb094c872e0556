# ruff: noqa  (as students write)

import numpy as np
import torch


def right_backwards(q, rewards, gamma):
    g, total = 0.0, 0.0
    for t in reversed(range(len(rewards))):
        g = rewards[t] + gamma * g
        total += q[t] - g
    return total / len(q)


def right_quadratic(q, rewards, gamma):
    T = len(q)
    G = [sum(gamma ** (k - t) * rewards[k] for k in range(t, T)) for t in range(T)]
    return np.mean(q - np.array(G))


def right_matrix(q, rewards, gamma):
    t = np.arange(len(q))
    lag = t[None, :] - t[:, None]
    return np.float32((q - np.where(lag >= 0, gamma ** np.maximum(lag, 0), 0.0) @ rewards).mean())


def right_torch(q, rewards, gamma):
    q, r = torch.as_tensor(q).float(), torch.as_tensor(rewards).float()
    G = torch.zeros_like(r)
    G[-1] = r[-1]
    for t in range(len(r) - 2, -1, -1):
        G[t] = r[t] + gamma * G[t + 1]
    return (q - G).mean()


def right_in_place(q, rewards, gamma):
    for t in range(len(rewards) - 2, -1, -1):
        rewards[t] += gamma * rewards[t + 1]
    q -= rewards
    return q.sum() / q.size


def right_divided_cumsum(q, rewards, gamma):
    w = gamma ** np.arange(len(q))
    G = np.cumsum((w * rewards)[::-1])[::-1] / w
    return np.average(q) - np.average(G)


def wrong_no_discount__a(q, rewards, gamma):
    return np.mean(q - np.cumsum(rewards[::-1])[::-1])


def wrong_discounted_from_start__a(q, rewards, gamma):
    w = gamma ** np.arange(len(q))
    return np.mean(q - np.cumsum((w * rewards)[::-1])[::-1])


def wrong_discounted_from_start__loop(q, rewards, gamma):
    return np.mean([q[t] - sum(gamma**k * rewards[k] for k in range(t, len(q))) for t in range(len(q))])


def wrong_first_step_only__a(q, rewards, gamma):
    return q[0] - sum(gamma**t * r for t, r in enumerate(rewards))


def wrong_sign__a(q, rewards, gamma):
    return -right_backwards(q, rewards, gamma)


def wrong_total_return__a(q, rewards, gamma):
    return np.mean(q - np.sum(gamma ** np.arange(len(q)) * rewards))


def wrong_absolute__a(q, rewards, gamma):
    t = np.arange(len(q))
    G = [np.sum(gamma ** (t[i:] - i) * rewards[i:]) for i in t]
    return np.abs(q - G).mean()


def wrong_squared__a(q, rewards, gamma):
    t = np.arange(len(q))
    G = [np.sum(gamma ** (t[i:] - i) * rewards[i:]) for i in t]
    return ((q - G) ** 2).mean()


def wrong_sum_for_mean__a(q, rewards, gamma):
    return right_backwards(q, rewards, gamma) * len(q)


def wrong_reward_for_return__a(q, rewards, gamma):
    return (q - rewards).mean()


def wrong_td_error__a(q, rewards, gamma):
    return np.mean(q[:-1] - (rewards[:-1] + gamma * q[1:]))


def wrong_forward__a(q, rewards, gamma):
    g, total = 0.0, 0.0
    for t in range(len(rewards)):
        g = rewards[t] + gamma * g
        total += q[t] - g
    return total / len(q)


def wrong_misses_own_reward__a(q, rewards, gamma):
    T = len(q)
    return np.mean([q[t] - sum(gamma ** (k - t) * rewards[k] for k in range(t + 1, T)) for t in range(T)])


def wrong_not_averaged__a(q, rewards, gamma):
    T = len(q)
    return [q[t] - sum(gamma ** (k - t) * rewards[k] for k in range(t, T)) for t in range(T)]


def wrong_last_step_missing__a(q, rewards, gamma):
    T = len(q)
    return np.mean([q[t] - sum(gamma ** (k - t) * rewards[k] for k in range(t, T)) for t in range(T - 1)])


def wrong_total_return__mean_q_minus_g0(q, rewards, gamma):
    return q.mean() - np.sum(rewards * gamma ** np.arange(len(rewards)))


def wrong_reward_for_return__means(q, rewards, gamma):
    return q.mean() - rewards.mean()
