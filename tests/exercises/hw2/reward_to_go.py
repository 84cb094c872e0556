# ruff: noqa  (as students write)

import numpy as np
import torch


def right_backwards(reward, done, gamma):
    G, out = 0.0, np.zeros(len(reward))
    for t in reversed(range(len(reward))):
        G = reward[t] + gamma * G * (1 - done[t])
        out[t] = G
    return out


def right_reset_before(reward, done, gamma):
    out, running = [], 0
    for r, d in zip(reward[::-1], done[::-1]):
        if d:
            running = 0
        running = float(r) + gamma * running
        out.insert(0, running)
    return out


def right_quadratic(reward, done, gamma):
    T = len(reward)
    out = []
    for t in range(T):
        total, k = 0.0, t
        while True:
            total += gamma ** (k - t) * reward[k]
            if done[k] or k == T - 1:
                break
            k += 1
        out.append(total)
    return np.array(out)


def right_matrix(reward, done, gamma):
    T = len(reward)
    episode = np.cumsum(np.r_[0, np.asarray(done, dtype=int)[:-1]])
    t = np.arange(T)
    lag = t[None] - t[:, None]
    same = (episode[None] == episode[:, None]) & (lag >= 0)
    return np.where(same, float(gamma) ** np.maximum(lag, 0), 0) @ reward


def right_torch_only(reward, done, gamma):
    out = torch.empty_like(reward)
    future = torch.zeros(())
    for t in range(reward.shape[0] - 1, -1, -1):
        future = reward[t] + gamma * torch.where(done[t].bool(), 0.0, future)
        out[t] = future
    return out


def right_split(reward, done, gamma):
    ends = np.flatnonzero(done) + 1
    pieces = np.split(reward, ends)
    out = []
    for piece in pieces:
        g = 0.0
        back = []
        for r in piece[::-1]:
            g = r + gamma * g
            back.append(g)
        out += back[::-1]
    return np.float32(out)


def right_linear_solve(reward, done, gamma):
    n = len(reward)
    A = np.eye(n)
    for t in range(n - 1):
        A[t, t + 1] = -gamma * (not done[t])
    return np.linalg.solve(A, reward)


def wrong_crosses_episodes__a(reward, done, gamma):
    out, g = np.zeros_like(reward), 0
    for t in range(len(reward) - 1, -1, -1):
        g = reward[t] + gamma * g
        out[t] = g
    return out


def wrong_last_reward_lost__a(reward, done, gamma):
    out, g = np.zeros_like(reward), 0
    for t in range(len(reward) - 1, -1, -1):
        g = (reward[t] + gamma * g) * (1 - done[t])
        out[t] = g
    return out


def wrong_whole_return__per_episode(reward, done, gamma):
    out = []
    start = 0
    for stop in [*(np.flatnonzero(done) + 1), len(reward)]:
        piece = reward[start:stop]
        out += [sum(gamma**k * r for k, r in enumerate(piece))] * len(piece)
        start = stop
    return out


def wrong_no_discount__a(reward, done, gamma):
    return right_backwards(reward, done, 1.0)


def wrong_discounted_from_start__a(reward, done, gamma):
    w = gamma ** np.arange(len(reward))
    return right_backwards(w * reward, done, 1.0)


def wrong_forward__a(reward, done, gamma):
    g, out = 0.0, []
    for r, d in zip(reward, done):
        g = r + gamma * g
        out.append(g)
        if d:
            g = 0.0
    return out


def wrong_own_reward_missing__a(reward, done, gamma):
    g, out = 0.0, np.zeros_like(reward)
    for t in reversed(range(len(reward))):
        if done[t]:
            g = 0.0
        out[t] = gamma * g
        g = reward[t] + gamma * g
    return out


def wrong_cut_one_step_early__reset_after(reward, done, gamma):
    g, out = 0.0, np.zeros_like(reward)
    for t in reversed(range(len(reward))):
        g = reward[t] + gamma * g
        out[t] = g
        if t + 1 < len(reward) and done[t + 1]:
            out[t] = g = reward[t]
    return out


def wrong_mask_inverted__a(reward, done, gamma):
    g, out = 0.0, np.zeros_like(reward)
    for t in reversed(range(len(reward))):
        g = reward[t] + gamma * g * done[t]
        out[t] = g
    return out


def wrong_first_episode_only__break(reward, done, gamma):
    stop = np.flatnonzero(done)[0] + 1 if np.any(done) else len(reward)
    out = np.zeros_like(reward)
    g = 0.0
    for t in reversed(range(stop)):
        g = reward[t] + gamma * g
        out[t] = g
    return out


def wrong_standardised__a(reward, done, gamma):
    g = right_backwards(reward, done, gamma)
    return (g - g.mean()) / (g.std() + 1e-8)


def wrong_not_turned_back__append(reward, done, gamma):
    g, out = 0.0, []
    for r, d in zip(reward[::-1], done[::-1]):
        g = r + gamma * g * (1 - d)
        out.append(g)
    return np.array(out)


def wrong_divided_by_discount__cumsum(reward, done, gamma):
    out, start = [], 0
    for stop in [*(np.flatnonzero(done) + 1), len(reward)]:
        r = reward[start:stop]
        w = gamma ** np.arange(len(r))
        with np.errstate(all="ignore"):
            out += list(np.cumsum((w * r)[::-1])[::-1] / w)
        start = stop
    return out


def wrong_changes_arguments__in_place(reward, done, gamma):
    for t in range(len(reward) - 2, -1, -1):
        if not done[t]:
            reward[t] += gamma * reward[t + 1]
    return reward


def wrong_none__never_returns(reward, done, gamma):
    right_backwards(reward, done, gamma)


def wrong_none__no_steps(reward, done, gamma):
    out = np.array(reward)
    out[-1] = reward[-1]  # there is no last step where there is none at all
    for t in range(len(reward) - 2, -1, -1):
        out[t] = reward[t] + gamma * (1 - done[t]) * out[t + 1]
    return out
