# ruff: noqa  (as students write)

import numpy as np
import torch


def right_backwards(reward, value, next_value, terminated, truncated, gamma, lam):
    A, out = 0.0, np.zeros(len(reward))
    for t in reversed(range(len(reward))):
        delta = reward[t] + gamma * (1 - terminated[t]) * next_value[t] - value[t]
        done = max(terminated[t], truncated[t])
        A = delta + gamma * lam * (1 - done) * A
        out[t] = A
    return out


def right_vectorised_delta(reward, value, next_value, terminated, truncated, gamma, lam):
    delta = reward + gamma * np.where(terminated, 0.0, next_value) - value
    stop = np.logical_or(terminated, truncated)
    for t in range(len(reward) - 2, -1, -1):
        if not stop[t]:
            delta[t] += gamma * lam * delta[t + 1]
    return delta


def right_double_sum(reward, value, next_value, terminated, truncated, gamma, lam):
    T = len(reward)
    out = []
    for t in range(T):
        total, weight = 0.0, 1.0
        for k in range(t, T):
            v = 0.0 if terminated[k] else next_value[k]
            total += weight * (reward[k] + gamma * v - value[k])
            weight *= gamma * lam
            if terminated[k] or truncated[k]:
                break
        out.append(total)
    return out


def right_torch_only(reward, value, next_value, terminated, truncated, gamma, lam):
    end, cut = terminated.double(), truncated.double()
    delta = reward + gamma * (1 - end) * next_value - value
    keep = (1 - end) * (1 - cut)
    out = torch.zeros_like(reward)
    running = torch.zeros((), dtype=reward.dtype)
    for t in torch.arange(len(reward) - 1, -1, -1):
        running = delta[t] + gamma * lam * keep[t] * running
        out[t] = running
    return out


def right_lambda_returns(reward, value, next_value, terminated, truncated, gamma, lam):
    "G^λ_t − V, by the recursion of the λ-return."
    G, out = None, [0.0] * len(reward)
    for t in range(len(reward) - 1, -1, -1):
        v = (1 - terminated[t]) * next_value[t]
        if G is None or terminated[t] or truncated[t]:
            G = reward[t] + gamma * v
        else:
            G = reward[t] + gamma * ((1 - lam) * v + lam * G)
        out[t] = G - value[t]
    return out


def right_solve_float32(reward, value, next_value, terminated, truncated, gamma, lam):
    n = len(reward)
    A = np.eye(n)
    for t in range(n - 1):
        if not (terminated[t] or truncated[t]):
            A[t, t + 1] = -gamma * lam
    delta = reward + gamma * (terminated == 0) * next_value - value
    return np.linalg.solve(A, delta).astype(np.float32)


def loop(reward, value, next_value, end, cut, gamma, lam, boot, on):
    A, out = 0.0, np.zeros(len(reward))
    for t in reversed(range(len(reward))):
        delta = reward[t] + gamma * boot(end[t], cut[t]) * next_value[t] - value[t]
        A = delta + gamma * lam * on(end[t], cut[t]) * A
        out[t] = A
    return out


def wrong_no_bootstrap_on_truncation__done(reward, value, next_value, terminated, truncated, gamma, lam):
    done = terminated | truncated
    A, out = 0.0, np.zeros(len(reward))
    for t in reversed(range(len(reward))):
        delta = reward[t] + gamma * (1 - done[t]) * next_value[t] - value[t]
        A = delta + gamma * lam * (1 - done[t]) * A
        out[t] = A
    return out


def wrong_bootstrap_on_terminal__a(reward, value, next_value, terminated, truncated, gamma, lam):
    return loop(
        reward,
        value,
        next_value,
        terminated,
        truncated,
        gamma,
        lam,
        lambda e, c: 1,
        lambda e, c: not (e or c),
    )


def wrong_leaks_across_truncation__a(reward, value, next_value, terminated, truncated, gamma, lam):
    return loop(
        reward, value, next_value, terminated, truncated, gamma, lam, lambda e, c: not e, lambda e, c: not e
    )


def wrong_leaks_across_episodes__a(reward, value, next_value, terminated, truncated, gamma, lam):
    return loop(
        reward, value, next_value, terminated, truncated, gamma, lam, lambda e, c: not e, lambda e, c: 1
    )


def wrong_leaks_across_termination__a(reward, value, next_value, terminated, truncated, gamma, lam):
    return loop(
        reward, value, next_value, terminated, truncated, gamma, lam, lambda e, c: not e, lambda e, c: not c
    )


def wrong_no_masks__a(reward, value, next_value, terminated, truncated, gamma, lam):
    return loop(reward, value, next_value, terminated, truncated, gamma, lam, lambda e, c: 1, lambda e, c: 1)


def wrong_truncated_wins__elif(reward, value, next_value, terminated, truncated, gamma, lam):
    A, out = 0.0, []
    for t in reversed(range(len(reward))):
        if truncated[t]:
            A = reward[t] + gamma * next_value[t] - value[t]
        elif terminated[t]:
            A = reward[t] - value[t]
        else:
            A = reward[t] + gamma * next_value[t] - value[t] + gamma * lam * A
        out.append(A)
    return out[::-1]


def wrong_added_flags__a(reward, value, next_value, terminated, truncated, gamma, lam):
    terminated, truncated = 1.0 * terminated, 1.0 * truncated
    return loop(
        reward,
        value,
        next_value,
        terminated,
        truncated,
        gamma,
        lam,
        lambda e, c: 1 - e,
        lambda e, c: 1 - e - c,
    )


def wrong_value_of_the_reset__a(reward, value, next_value, terminated, truncated, gamma, lam):
    after = np.append(value[1:], next_value[-1])
    return right_backwards(reward, value, after, terminated, truncated, gamma, lam)


def wrong_lambda_missing__a(reward, value, next_value, terminated, truncated, gamma, lam):
    return right_backwards(reward, value, next_value, terminated, truncated, gamma, 1.0)


def wrong_discount_missing_in_sum__a(reward, value, next_value, terminated, truncated, gamma, lam):
    A, out = 0.0, np.zeros(len(reward))
    for t in reversed(range(len(reward))):
        delta = reward[t] + gamma * (not terminated[t]) * next_value[t] - value[t]
        A = delta + lam * (not (terminated[t] or truncated[t])) * A
        out[t] = A
    return out


def wrong_td_error_only__a(reward, value, next_value, terminated, truncated, gamma, lam):
    return reward + gamma * ~terminated * next_value - value


def wrong_target_for_advantage__a(reward, value, next_value, terminated, truncated, gamma, lam):
    return right_backwards(reward, value, next_value, terminated, truncated, gamma, lam) + value


def wrong_forward__a(reward, value, next_value, terminated, truncated, gamma, lam):
    A, out = 0.0, []
    for t in range(len(reward)):
        delta = reward[t] + gamma * (1 - terminated[t]) * next_value[t] - value[t]
        keep = 1.0 if t == 0 else 1 - max(terminated[t - 1], truncated[t - 1])
        A = delta + gamma * lam * keep * A
        out.append(A)
    return out


def wrong_standardised__torch(reward, value, next_value, terminated, truncated, gamma, lam):
    A = torch.tensor(right_backwards(reward, value, next_value, terminated, truncated, gamma, lam))
    return (A - A.mean()) / (A.std() + 1e-8)


def wrong_not_turned_back__a(reward, value, next_value, terminated, truncated, gamma, lam):
    return right_backwards(reward, value, next_value, terminated, truncated, gamma, lam)[::-1]


def wrong_end_masked__a(reward, value, next_value, terminated, truncated, gamma, lam):
    A, out = 0.0, np.zeros(len(reward))
    for t in reversed(range(len(reward))):
        done = max(terminated[t], truncated[t])
        delta = reward[t] + gamma * next_value[t] - value[t]
        A = (1 - done) * (delta + gamma * lam * A)
        out[t] = A
    return out


def wrong_reward_masked__a(reward, value, next_value, terminated, truncated, gamma, lam):
    A, out = 0.0, np.zeros(len(reward))
    for t in reversed(range(len(reward))):
        delta = (1 - terminated[t]) * (reward[t] + gamma * next_value[t]) - value[t]
        A = delta + gamma * lam * (1 - max(terminated[t], truncated[t])) * A
        out[t] = A
    return out


def wrong_mask_one_step_off__next_done(reward, value, next_value, terminated, truncated, gamma, lam):
    done = np.append(terminated | truncated, False)
    A, out = 0.0, np.zeros(len(reward))
    for t in reversed(range(len(reward))):
        delta = reward[t] + gamma * (1 - terminated[t]) * next_value[t] - value[t]
        A = delta + gamma * lam * (1 - done[t + 1]) * A
        out[t] = A
    return out


def wrong_changes_arguments__value(reward, value, next_value, terminated, truncated, gamma, lam):
    next_value[np.asarray(terminated, dtype=bool)] = 0
    return right_backwards(reward, value, next_value, terminated, truncated, gamma, lam)


def wrong_none__column(reward, value, next_value, terminated, truncated, gamma, lam):
    return right_backwards(reward, value, next_value, terminated, truncated, gamma, lam)[:, None]
