# ruff: noqa  (as students write)

import math

import numpy as np
import torch


def right_backwards(reward, value, next_value, log_rho, terminated, gamma, rho_bar, c_bar):
    ratio = np.exp(log_rho)
    rho, c = np.minimum(rho_bar, ratio), np.minimum(c_bar, ratio)
    excess, v = 0.0, np.zeros(len(reward))
    for t in reversed(range(len(reward))):
        delta = rho[t] * (reward[t] + gamma * (1 - terminated[t]) * next_value[t] - value[t])
        excess = delta + gamma * c[t] * (1 - terminated[t]) * excess
        v[t] = value[t] + excess
    return v


def right_double_sum(reward, value, next_value, log_rho, terminated, gamma, rho_bar, c_bar):
    T, out = len(reward), []
    for s in range(T):
        total, trace = float(value[s]), 1.0
        for t in range(s, T):
            ratio = math.exp(log_rho[t])
            after = 0.0 if terminated[t] else next_value[t]
            total += trace * min(rho_bar, ratio) * (reward[t] + gamma * after - value[t])
            if terminated[t]:
                break
            trace *= gamma * min(c_bar, ratio)
        out.append(total)
    return out


def right_recursion_on_v(reward, value, next_value, log_rho, terminated, gamma, rho_bar, c_bar):
    "v_t = V + δ + γ c (v_{t+1} − V_{t+1})."
    v_next, v = None, np.array(value, dtype=np.float32)
    for t in range(len(reward) - 1, -1, -1):
        r = np.exp(log_rho[t])
        if v_next is None:
            v_next = next_value[t]
        if terminated[t]:
            target = value[t] + min(rho_bar, r) * (reward[t] - value[t])
        else:
            delta = min(rho_bar, r) * (reward[t] + gamma * next_value[t] - value[t])
            target = value[t] + delta + gamma * min(c_bar, r) * (v_next - next_value[t])
        v[t] = target
        v_next = target
    return v


def right_torch_only(reward, value, next_value, log_rho, terminated, gamma, rho_bar, c_bar):
    ratio, keep = log_rho.exp(), 1 - terminated.double()
    rho, c = ratio.clamp(max=rho_bar), ratio.clamp(max=c_bar)
    delta = rho * (reward + gamma * keep * next_value - value)
    out, running = [], torch.zeros((), dtype=reward.dtype)
    for d, k in zip(delta.flip(0), (gamma * c * keep).flip(0)):
        running = d + k * running
        out.append(running)
    return value + torch.stack(out).flip(0)


def right_solve(reward, value, next_value, log_rho, terminated, gamma, rho_bar, c_bar):
    n, ratio, keep = len(reward), np.exp(log_rho), np.where(terminated, 0.0, 1.0)
    delta = np.clip(ratio, None, rho_bar) * (reward + gamma * keep * next_value - value)
    link = gamma * keep * np.clip(ratio, None, c_bar)
    return value + np.linalg.solve(np.eye(n) - np.diag(link[:-1], 1), delta)


def loop(reward, value, next_value, keep_boot, keep_sum, gamma, rho, c):
    excess, v = 0.0, np.zeros(len(reward))
    for t in reversed(range(len(reward))):
        delta = rho[t] * (reward[t] + gamma * keep_boot[t] * next_value[t] - value[t])
        excess = delta + gamma * c[t] * keep_sum[t] * excess
        v[t] = value[t] + excess
    return v


def wrong_bootstrap_on_terminal__a(reward, value, next_value, log_rho, terminated, gamma, rho_bar, c_bar):
    r, on = np.exp(log_rho), 1.0 - terminated
    return loop(
        reward, value, next_value, 1 + 0 * on, on, gamma, np.minimum(r, rho_bar), np.minimum(r, c_bar)
    )


def wrong_leaks_across_episodes__a(reward, value, next_value, log_rho, terminated, gamma, rho_bar, c_bar):
    r, on = np.exp(log_rho), 1.0 - terminated
    return loop(
        reward, value, next_value, on, 1 + 0 * on, gamma, np.minimum(r, rho_bar), np.minimum(r, c_bar)
    )


def wrong_rho_not_clipped__a(reward, value, next_value, log_rho, terminated, gamma, rho_bar, c_bar):
    r, on = np.exp(log_rho), 1.0 - terminated
    return loop(reward, value, next_value, on, on, gamma, r, np.minimum(r, c_bar))


def wrong_c_not_clipped__a(reward, value, next_value, log_rho, terminated, gamma, rho_bar, c_bar):
    r, on = np.exp(log_rho), 1.0 - terminated
    return loop(reward, value, next_value, on, on, gamma, np.minimum(r, rho_bar), r)


def wrong_clips_swapped__a(reward, value, next_value, log_rho, terminated, gamma, rho_bar, c_bar):
    return right_backwards(reward, value, next_value, log_rho, terminated, gamma, c_bar, rho_bar)


def wrong_one_clip_for_both__a(reward, value, next_value, log_rho, terminated, gamma, rho_bar, c_bar):
    return right_backwards(reward, value, next_value, log_rho, terminated, gamma, rho_bar, rho_bar)


def wrong_max_for_min__a(reward, value, next_value, log_rho, terminated, gamma, rho_bar, c_bar):
    r, on = np.exp(log_rho), 1.0 - terminated
    return loop(reward, value, next_value, on, on, gamma, np.maximum(r, rho_bar), np.maximum(r, c_bar))


def wrong_log_not_exponentiated__a(reward, value, next_value, log_rho, terminated, gamma, rho_bar, c_bar):
    on = 1.0 - terminated
    return loop(
        reward, value, next_value, on, on, gamma, np.minimum(log_rho, rho_bar), np.minimum(log_rho, c_bar)
    )


def wrong_inverted__a(reward, value, next_value, log_rho, terminated, gamma, rho_bar, c_bar):
    return right_backwards(reward, value, next_value, -log_rho, terminated, gamma, rho_bar, c_bar)


def wrong_other_base__a(reward, value, next_value, log_rho, terminated, gamma, rho_bar, c_bar):
    r, on = 10**log_rho, 1.0 - terminated
    return loop(reward, value, next_value, on, on, gamma, np.minimum(r, rho_bar), np.minimum(r, c_bar))


def wrong_no_rho__a(reward, value, next_value, log_rho, terminated, gamma, rho_bar, c_bar):
    r, on = np.exp(log_rho), 1.0 - terminated
    return loop(reward, value, next_value, on, on, gamma, 1 + 0 * r, np.minimum(r, c_bar))


def wrong_c_one_step_off__a(reward, value, next_value, log_rho, terminated, gamma, rho_bar, c_bar):
    r, on = np.exp(log_rho), 1.0 - terminated
    c = np.append(np.minimum(r, c_bar)[1:], 1.0)
    return loop(reward, value, next_value, on, on, gamma, np.minimum(r, rho_bar), c)


def wrong_one_step_only__a(reward, value, next_value, log_rho, terminated, gamma, rho_bar, c_bar):
    rho = np.minimum(np.exp(log_rho), rho_bar)
    return value + rho * (reward + gamma * (1 - terminated) * next_value - value)


def wrong_value_missing__a(reward, value, next_value, log_rho, terminated, gamma, rho_bar, c_bar):
    return right_backwards(reward, value, next_value, log_rho, terminated, gamma, rho_bar, c_bar) - value


def wrong_discount_missing_in_sum__torch(
    reward, value, next_value, log_rho, terminated, gamma, rho_bar, c_bar
):
    ratio, keep = log_rho.exp(), 1 - terminated.double()
    delta = ratio.clamp(max=rho_bar) * (reward + gamma * keep * next_value - value)
    c, out, running = ratio.clamp(max=c_bar), torch.zeros_like(reward), 0.0
    for t in range(len(reward) - 1, -1, -1):
        running = delta[t] + c[t] * keep[t] * running
        out[t] = running
    return value + out


def wrong_policy_advantage__a(reward, value, next_value, log_rho, terminated, gamma, rho_bar, c_bar):
    v = right_backwards(reward, value, next_value, log_rho, terminated, gamma, rho_bar, c_bar)
    after = np.append(v[1:], next_value[-1]) * (1 - terminated)
    return np.minimum(rho_bar, np.exp(log_rho)) * (reward + gamma * after - value)


def wrong_last_bootstrap__zero(reward, value, next_value, log_rho, terminated, gamma, rho_bar, c_bar):
    after = np.append(value[1:], 0.0)
    return right_backwards(reward, value, after, log_rho, terminated, gamma, rho_bar, c_bar)


def wrong_changes_arguments__value(reward, value, next_value, log_rho, terminated, gamma, rho_bar, c_bar):
    value += right_backwards(reward, value, next_value, log_rho, terminated, gamma, rho_bar, c_bar) - value
    return value


def wrong_none__targets_and_advantages(reward, value, next_value, log_rho, terminated, gamma, rho_bar, c_bar):
    v = right_backwards(reward, value, next_value, log_rho, terminated, gamma, rho_bar, c_bar)
    return v, v - value
