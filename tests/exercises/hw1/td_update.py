# ruff: noqa  (as students write)

import numpy as np
import torch
import numpy as np, torch


def right_copy(V, state, reward, next_state, terminated, alpha, gamma):
    V = V.copy()
    target = reward + gamma * V[next_state] * (1 - terminated)
    V[state] += alpha * (target - V[state])
    return V


def right_if(V, state, reward, next_state, terminated, alpha, gamma):
    target = reward if terminated else reward + gamma * V[next_state]
    new = list(V)
    new[state] = (1 - alpha) * V[state] + alpha * target
    return new


def right_one_hot(V, state, reward, next_state, terminated, alpha, gamma):
    delta = reward + gamma * (not terminated) * V[next_state] - V[state]
    return V + alpha * delta * (np.arange(len(V)) == state)


def right_torch_only(V, state, reward, next_state, terminated, alpha, gamma):
    new = V.clone()
    boot = 0.0 if terminated else gamma * V[next_state]
    new[state] = V[state] + alpha * (reward + boot - V[state])
    return new


def right_float32(V, state, reward, next_state, terminated, alpha, gamma):
    V = np.array(V, dtype=np.float32)
    V[state] = V[state] + alpha * (reward + gamma * V[next_state] * (1 - int(terminated)) - V[state])
    return V


def wrong_changes_arguments__a(V, state, reward, next_state, terminated, alpha, gamma):
    V[state] += alpha * (reward + gamma * V[next_state] * (1 - terminated) - V[state])
    return V


def wrong_bootstrap_on_terminal__a(V, state, reward, next_state, terminated, alpha, gamma):
    V = V.copy()
    V[state] += alpha * (reward + gamma * V[next_state] - V[state])
    return V


def wrong_mask_inverted__a(V, state, reward, next_state, terminated, alpha, gamma):
    V = V.copy()
    V[state] += alpha * (reward + gamma * terminated * V[next_state] - V[state])
    return V


def wrong_discount_missing__a(V, state, reward, next_state, terminated, alpha, gamma):
    V = V.copy()
    V[state] += alpha * (reward + (1 - terminated) * V[next_state] - V[state])
    return V


def wrong_own_value_missing__a(V, state, reward, next_state, terminated, alpha, gamma):
    V = V.copy()
    V[state] += alpha * (reward + gamma * (1 - terminated) * V[next_state])
    return V


def wrong_sign__a(V, state, reward, next_state, terminated, alpha, gamma):
    V = V.copy()
    V[state] -= alpha * (reward + gamma * (1 - terminated) * V[next_state] - V[state])
    return V


def wrong_step_size_missing__a(V, state, reward, next_state, terminated, alpha, gamma):
    V = V.copy()
    V[state] = reward + gamma * (1 - terminated) * V[next_state]
    return V


def wrong_next_state_moved__a(V, state, reward, next_state, terminated, alpha, gamma):
    V = V.copy()
    V[next_state] += alpha * (reward + gamma * (1 - terminated) * V[next_state] - V[state])
    return V


def wrong_error_alone__a(V, state, reward, next_state, terminated, alpha, gamma):
    return reward + gamma * (1 - terminated) * V[next_state] - V[state]


def wrong_one_value__a(V, state, reward, next_state, terminated, alpha, gamma):
    return V[state] + alpha * (reward + gamma * (1 - terminated) * V[next_state] - V[state])


def wrong_all_states_moved__a(V, state, reward, next_state, terminated, alpha, gamma):
    return V + alpha * (reward + gamma * (1 - terminated) * V[next_state] - V[state])


def wrong_terminal_unmoved__a(V, state, reward, next_state, terminated, alpha, gamma):
    V = V.copy()
    if not terminated:
        V[state] += alpha * (reward + gamma * V[next_state] - V[state])
    return V


def wrong_reward_masked__a(V, state, reward, next_state, terminated, alpha, gamma):
    V = V.copy()
    V[state] += alpha * ((1 - terminated) * (reward + gamma * V[next_state]) - V[state])
    return V


def wrong_weights_swapped__a(V, state, reward, next_state, terminated, alpha, gamma):
    V = V.copy()
    V[state] = alpha * V[state] + (1 - alpha) * (reward + gamma * (1 - terminated) * V[next_state])
    return V


# From another hand, later.


def right_list(V, state, reward, next_state, terminated, alpha, gamma):
    out = list(V)
    boot = 0 if terminated else V[next_state]
    out[state] = out[state] + alpha * (reward + gamma * boot - out[state])
    return out


def right_convex(V, state, reward, next_state, terminated, alpha, gamma):
    t = reward + (0.0 if terminated else gamma * V[next_state])
    new = np.array(V)
    new[state] = (1 - alpha) * V[state] + alpha * t
    return new


def right_onehot(V, state, reward, next_state, terminated, alpha, gamma):
    return V + alpha * (reward + gamma * (1 - terminated) * V[next_state] - V[state]) * np.eye(len(V))[state]


def right_torch(V, state, reward, next_state, terminated, alpha, gamma):
    V = torch.as_tensor(V).clone()
    V[state] += alpha * (reward + gamma * (1 - int(terminated)) * V[next_state] - V[state])
    return V


def right_where(V, state, reward, next_state, terminated, alpha, gamma):
    d = reward + gamma * np.where(terminated, 0.0, V[next_state]) - V[state]
    return np.where(np.arange(len(V)) == state, V + alpha * d, V)


def right_comp(V, state, reward, next_state, terminated, alpha, gamma):
    return [
        v + alpha * (reward + gamma * (not terminated) * V[next_state] - v) if i == state else v
        for i, v in enumerate(V)
    ]


def right_lerp(V, state, reward, next_state, terminated, alpha, gamma):
    V = torch.tensor(V, dtype=torch.float32)
    y = torch.tensor(reward + gamma * (1.0 - float(terminated)) * float(V[next_state]))
    V[state] = torch.lerp(V[state], y, alpha)
    return V


def right_dict(V, state, reward, next_state, terminated, alpha, gamma):
    v = {i: float(x) for i, x in enumerate(V)}
    v[state] += alpha * (reward + (gamma * v[next_state] if not terminated else 0) - v[state])
    return np.array(list(v.values()))


def right_append(V, state, reward, next_state, terminated, alpha, gamma):
    W = np.append(V, 0.0)
    n = -1 if terminated else next_state
    W[state] += alpha * (reward + gamma * W[n] - W[state])
    return W[:-1]


def right_autograd(V, state, reward, next_state, terminated, alpha, gamma, **k):
    v = torch.tensor(np.asarray(V), dtype=torch.float64, requires_grad=True)
    y = reward + gamma * (1 - terminated) * v[next_state].detach()
    (0.5 * (y - v[state]) ** 2).backward()
    return (v - alpha * v.grad).detach().numpy()


def right_if_fresh(V, state, reward, next_state, terminated, alpha, gamma):
    new = V.copy()
    if terminated == 1:
        new[state] = V[state] + alpha * (reward - V[state])
    elif terminated == 0:
        new[state] = V[state] + alpha * (reward + gamma * V[next_state] - V[state])
    return new


def W(
    delta=lambda V, s, r, z, e, g: r + g * (1 - e) * V[z] - V[s], at=lambda s, z: s, step=lambda a: a, base=1
):

    def f(V, state, reward, next_state, terminated, alpha, gamma):
        V = np.array(V, float)
        d = delta(V, state, reward, next_state, float(terminated), gamma)
        k = at(state, next_state)
        V[k] = base * V[k] + step(alpha) * d
        return V

    return f


_wrong_next = W(at=lambda s, z: z)

wrong_reward_missing__fresh_nor = W(lambda V, s, r, z, e, g: g * (1 - e) * V[z] - V[s])

wrong_states_swapped__fresh_swap = W(lambda V, s, r, z, e, g: r + g * (1 - e) * V[s] - V[z])

wrong_moved_twice__fresh_both = lambda V, state, reward, next_state, terminated, alpha, gamma: _wrong_next(
    W()(V, state, reward, next_state, terminated, alpha, gamma),
    state,
    reward,
    next_state,
    terminated,
    alpha,
    gamma,
)

wrong_reward_discounted__fresh_gr = W(lambda V, s, r, z, e, g: g * (r + (1 - e) * V[z]) - V[s])

wrong_own_value_twice__fresh_convex = W(
    base=1, delta=lambda V, s, r, z, e, g: r + g * (1 - e) * V[z] - 2 * V[s]
)
