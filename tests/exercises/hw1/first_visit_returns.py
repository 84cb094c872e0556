# ruff: noqa  (as students write)

import numpy as np
import torch
import numpy as np, torch


def right_backwards(states, rewards, gamma, num_states):
    out, G = np.full(num_states, np.nan), 0.0
    for t in range(len(states) - 1, -1, -1):
        G = rewards[t] + gamma * G
        out[states[t]] = G
    return out


def right_forwards(states, rewards, gamma, num_states):
    out, seen = [float("nan")] * num_states, set()
    for t, s in enumerate(states):
        s = int(s)
        if s not in seen:
            seen.add(s)
            out[s] = sum(gamma**k * rewards[t + k] for k in range(len(rewards) - t))
    return out


def right_unique(states, rewards, gamma, num_states):
    T = len(rewards)
    G = np.array([np.sum(gamma ** np.arange(T - t) * rewards[t:]) for t in range(T)])
    out = np.empty(num_states)
    out[:] = np.nan
    s, first = np.unique(states, return_index=True)
    out[s] = G[first]
    return out


def right_torch_only(states, rewards, gamma, num_states):
    out = torch.full((num_states,), float("nan"), dtype=torch.float64)
    G = torch.zeros((), dtype=torch.float64)
    for t in reversed(range(states.shape[0])):
        G = rewards[t].double() + gamma * G
        out[states[t].long()] = G
    return out


def right_list_index(states, rewards, gamma, num_states):
    states = [int(s) for s in states]
    out = np.zeros(num_states)
    for s in range(num_states):
        if s in states:
            t = states.index(s)
            out[s] = np.polyval(rewards[t:][::-1], gamma)
        else:
            out[s] = np.nan
    return out


def wrong_last_visit__a(states, rewards, gamma, num_states):
    out, seen, G = np.full(num_states, np.nan), set(), 0.0
    for t in reversed(range(len(states))):
        G = rewards[t] + gamma * G
        if states[t] not in seen:
            out[states[t]] = G
            seen.add(states[t])
    return out


def wrong_every_visit__a(states, rewards, gamma, num_states):
    lists, G = [[] for _ in range(num_states)], 0.0
    for t in reversed(range(len(states))):
        G = rewards[t] + gamma * G
        lists[states[t]].append(G)
    return np.array([np.mean(l) if l else np.nan for l in lists])


def wrong_never_visited__zeros(states, rewards, gamma, num_states):
    out, G = np.zeros(num_states), 0.0
    for t in reversed(range(len(states))):
        G = rewards[t] + gamma * G
        out[states[t]] = G
    return out


def wrong_no_discount__a(states, rewards, gamma, num_states):
    out, G = np.full(num_states, np.nan), 0.0
    for t in reversed(range(len(states))):
        G = rewards[t] + G
        out[states[t]] = G
    return out


def wrong_discounted_from_start__a(states, rewards, gamma, num_states):
    out, G = np.full(num_states, np.nan), 0.0
    for t in reversed(range(len(states))):
        G = gamma**t * rewards[t] + G
        out[states[t]] = G
    return out


def wrong_misses_own_reward__a(states, rewards, gamma, num_states):
    out, G = np.full(num_states, np.nan), 0.0
    for t in reversed(range(len(states))):
        out[states[t]] = G
        G = rewards[t] + gamma * G
    return out


def wrong_reward_only__a(states, rewards, gamma, num_states):
    out = np.full(num_states, np.nan)
    for t in reversed(range(len(states))):
        out[states[t]] = rewards[t]
    return out


def wrong_total_return__a(states, rewards, gamma, num_states):
    total = np.sum(gamma ** np.arange(len(rewards)) * rewards)
    out = np.full(num_states, np.nan)
    out[states] = total
    return out


def wrong_one_discount_too_many__a(states, rewards, gamma, num_states):
    out, G = np.full(num_states, np.nan), 0.0
    for t in reversed(range(len(states))):
        G = gamma * (rewards[t] + G)
        out[states[t]] = G
    return out


def wrong_by_time__a(states, rewards, gamma, num_states):
    out, G = np.zeros(len(states)), 0.0
    for t in reversed(range(len(states))):
        G = rewards[t] + gamma * G
        out[t] = G
    return out


def wrong_sum_over_visits__a(states, rewards, gamma, num_states):
    out, G = np.full(num_states, np.nan), 0.0
    for t in reversed(range(len(states))):
        G = rewards[t] + gamma * G
        out[states[t]] = G if np.isnan(out[states[t]]) else out[states[t]] + G
    return out


# From another hand, later.


def right_dict(states, rewards, gamma, num_states):
    G, g = ({}, 0.0)
    for s, r in list(zip(states, rewards))[::-1]:
        g = r + gamma * g
        G[int(s)] = g
    return np.array([G.get(s, np.nan) for s in range(num_states)])


def right_index(states, rewards, gamma, num_states):
    l = states.tolist()
    out = []
    for s in range(num_states):
        if s in l:
            t = l.index(s)
            out.append(sum((gamma ** (k - t) * rewards[k] for k in range(t, len(l)))))
        else:
            out.append(float("nan"))
    return out


def right_unique_fresh(states, rewards, gamma, num_states):
    u, i = np.unique(states, return_index=True)
    T = len(rewards)
    k = np.arange(T)
    w = np.where(k[None] >= k[:, None], float(gamma) ** np.clip(k[None] - k[:, None], 0, None), 0)
    G = w @ rewards
    out = np.full(num_states, np.nan)
    out[u] = G[i]
    return out


def right_torch(states, rewards, gamma, num_states):
    out = torch.full((num_states,), float("nan"), dtype=torch.float64)
    g = 0.0
    for t in range(len(states) - 1, -1, -1):
        g = float(rewards[t]) + gamma * g
        out[int(states[t])] = g
    return out


def right_seen(states, rewards, gamma, num_states):
    seen = set()
    out = [np.nan] * num_states
    for t, s in enumerate(states):
        if s in seen:
            continue
        seen.add(s)
        out[s] = np.polyval(rewards[t:][::-1], gamma)
    return out


def right_lfilter(states, rewards, gamma, num_states):
    from scipy.signal import lfilter

    G = lfilter([1], [1, -gamma], rewards[::-1])[::-1]
    out = np.full(num_states, np.nan)
    for s in range(num_states):
        w = np.flatnonzero(states == s)
        if w.size:
            out[s] = G[w[0]]
    return out


def right_rec(states, rewards, gamma, num_states):

    def f(t):
        if t == len(rewards):
            return (0.0, {})
        g, d = f(t + 1)
        g = rewards[t] + gamma * g
        d[states[t]] = g
        return (g, d)

    d = f(0)[1]
    return [d.get(s, None) if s in d else np.nan for s in range(num_states)]


def right_f32(states, rewards, gamma, num_states, **extra):
    out = np.full(num_states, np.nan, dtype=np.float32)
    g = np.float32(0)
    for s, r in zip(states[::-1], rewards[::-1]):
        g = np.float32(r) + np.float32(gamma) * g
        out[s] = g
    return out


def right_none_list(states, rewards, gamma, num_states):
    first = {}
    for t, s in enumerate(states):
        first.setdefault(int(s), t)
    disc = lambda t: float(np.sum(np.power(float(gamma), np.arange(len(rewards) - t)) * rewards[t:]))
    return tuple((disc(first[s]) if s in first else np.nan for s in range(num_states)))


def right_deque(states, rewards, gamma, num_states):
    from collections import deque

    G = deque()
    for r in rewards[::-1]:
        G.appendleft(r + gamma * (G[0] if G else 0))
    return np.array(
        [next((G[t] for t in range(len(states)) if states[t] == s), np.nan) for s in range(num_states)]
    )


def _G(r, g):
    out = np.zeros(len(r))
    a = 0.0
    for t in range(len(r) - 1, -1, -1):
        a = r[t] + g * a
        out[t] = a
    return out


def W(choose=lambda v, G: G[v[0]], ret=_G, never=np.nan):

    def f(states, rewards, gamma, num_states):
        G = ret(rewards, gamma)
        return np.array(
            [choose(v, G) if len((v := np.flatnonzero(states == s))) else never for s in range(num_states)]
        )

    return f


wrong_best_visit__fresh_min = W(lambda v, G: G[v].min())

wrong_discounted_backwards__fresh_reversed_disc = W(
    ret=lambda r, g: np.array(
        [sum((g ** (len(r) - 1 - k) * r[k] for k in range(t, len(r)))) for t in range(len(r))]
    )
)


def wrong_state_0_forgotten__fresh_skips_zero(states, rewards, gamma, num_states):
    out = np.full(num_states, np.nan)
    G = _G(rewards, gamma)
    for t, s in enumerate(states):
        if s and np.isnan(out[s]):
            out[s] = G[t]
    return out


def wrong_order_of_visits__fresh_order(states, rewards, gamma, num_states):
    d = {}
    G = _G(rewards, gamma)
    for t, s in enumerate(states):
        d.setdefault(s, G[t])
    return list(d.values()) + [np.nan] * (num_states - len(d))


wrong_discount_squared__fresh_g2 = W(ret=lambda r, g: _G(r, g**2))
