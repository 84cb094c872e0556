# ruff: noqa  (as students write)

import numpy as np
import torch
import numpy as np, torch


def right_plain(w, features, reward, next_features, terminated, alpha, gamma):
    delta = reward + gamma * (1 - terminated) * np.dot(w, next_features) - np.dot(w, features)
    return w + alpha * delta * features


def right_loops(w, features, reward, next_features, terminated, alpha, gamma):
    v = sum(a * b for a, b in zip(w, features))
    v2 = 0.0 if terminated else sum(a * b for a, b in zip(w, next_features))
    return [a + alpha * (reward + gamma * v2 - v) * b for a, b in zip(w, features)]


def right_autograd(w, features, reward, next_features, terminated, alpha, gamma):
    w = torch.as_tensor(np.asarray(w)).clone().requires_grad_()
    x, y = torch.as_tensor(np.asarray(features)), torch.as_tensor(np.asarray(next_features))
    with torch.no_grad():
        target = reward + gamma * (1 - float(terminated)) * (w @ y)
    loss = 0.5 * (target - w @ x) ** 2
    (g,) = torch.autograd.grad(loss, w)
    return (w - alpha * g).detach()


def right_torch_only(w, features, reward, next_features, terminated, alpha, gamma):
    bootstrap = torch.zeros(()) if terminated else gamma * torch.dot(w, next_features)
    return torch.add(w, features, alpha=float(alpha * (reward + bootstrap - torch.dot(w, features))))


def right_copy_float32(w, features, reward, next_features, terminated, alpha, gamma):
    new = np.array(w, dtype=np.float32)
    target = reward
    if not terminated:
        target += gamma * (w @ next_features)
    new += (alpha * (target - w @ features) * features).astype(np.float32)
    return new


def wrong_full_gradient__a(w, features, reward, next_features, terminated, alpha, gamma):
    delta = reward + gamma * (1 - terminated) * w @ next_features - w @ features
    return w + alpha * delta * (features - gamma * (1 - terminated) * next_features)


def wrong_full_gradient__autograd(w, features, reward, next_features, terminated, alpha, gamma):
    w = torch.as_tensor(np.asarray(w)).clone().requires_grad_()
    x, y = torch.as_tensor(np.asarray(features)), torch.as_tensor(np.asarray(next_features))
    loss = 0.5 * (reward + gamma * (1 - float(terminated)) * (w @ y) - w @ x) ** 2
    (g,) = torch.autograd.grad(loss, w)
    return (w - alpha * g).detach()


def wrong_bootstrap_on_terminal__a(w, features, reward, next_features, terminated, alpha, gamma):
    return w + alpha * (reward + gamma * w @ next_features - w @ features) * features


def wrong_features_missing__a(w, features, reward, next_features, terminated, alpha, gamma):
    return w + alpha * (reward + gamma * (1 - terminated) * w @ next_features - w @ features)


def wrong_next_features__a(w, features, reward, next_features, terminated, alpha, gamma):
    return w + alpha * (reward + gamma * (1 - terminated) * w @ next_features - w @ features) * next_features


def wrong_sign__a(w, features, reward, next_features, terminated, alpha, gamma):
    return w - alpha * (reward + gamma * (1 - terminated) * w @ next_features - w @ features) * features


def wrong_discount_missing__a(w, features, reward, next_features, terminated, alpha, gamma):
    return w + alpha * (reward + (1 - terminated) * w @ next_features - w @ features) * features


def wrong_not_summed__a(w, features, reward, next_features, terminated, alpha, gamma):
    return w + alpha * (reward + gamma * (1 - terminated) * w * next_features - w * features) * features


def wrong_scaled__square_without_half(w, features, reward, next_features, terminated, alpha, gamma):
    return w + 2 * alpha * (reward + gamma * (1 - terminated) * w @ next_features - w @ features) * features


def wrong_changes_arguments__a(w, features, reward, next_features, terminated, alpha, gamma):
    w += alpha * (reward + gamma * (1 - terminated) * w @ next_features - w @ features) * features
    return w


def wrong_error_alone__a(w, features, reward, next_features, terminated, alpha, gamma):
    return alpha * (reward + gamma * (1 - terminated) * w @ next_features - w @ features) * features


def wrong_own_value_missing__a(w, features, reward, next_features, terminated, alpha, gamma):
    return w + alpha * (reward + gamma * (1 - terminated) * w @ next_features) * features


def wrong_step_size_missing__a(w, features, reward, next_features, terminated, alpha, gamma):
    return w + (reward + gamma * (1 - terminated) * w @ next_features - w @ features) * features


# From another hand, later.


def right_plain_fresh(w, features, reward, next_features, terminated, alpha, gamma):
    d = reward + (0 if terminated else gamma * np.dot(w, next_features)) - np.dot(w, features)
    return w + alpha * d * features


def right_loop(w, features, reward, next_features, terminated, alpha, gamma):
    v = sum((a * b for a, b in zip(w, features)))
    n = sum((a * b for a, b in zip(w, next_features)))
    d = reward + gamma * (not terminated) * n - v
    return [a + alpha * d * x for a, x in zip(w, features)]


def right_nograd(w, features, reward, next_features, terminated, alpha, gamma):
    w, x, y = (torch.tensor(np.asarray(v), dtype=torch.float64) for v in (w, features, next_features))
    w.requires_grad_()
    with torch.no_grad():
        t = reward + gamma * (1 - int(terminated)) * w.dot(y)
    L = 0.5 * (t - w.dot(x)).pow(2)
    L.backward()
    with torch.no_grad():
        w -= alpha * w.grad
    return w


def right_autograd_grad(w, features, reward, next_features, terminated, alpha, gamma):
    w = torch.as_tensor(w).clone().requires_grad_()
    x, y = (torch.as_tensor(features), torch.as_tensor(next_features))
    d = (reward + gamma * (1 - terminated) * (w @ y) - w @ x).detach()
    (g,) = torch.autograd.grad(w @ x, w)
    return (w + alpha * d * g).detach()


def right_sgd(w, features, reward, next_features, terminated, alpha, gamma):
    p = torch.nn.Parameter(torch.tensor(np.array(w)))
    o = torch.optim.SGD([p], lr=alpha)
    x, y = (torch.tensor(np.array(features)), torch.tensor(np.array(next_features)))
    t = (reward + gamma * (1 - terminated) * torch.dot(p, y)).detach()
    o.zero_grad()
    torch.nn.functional.mse_loss(p @ x, t).mul(0.5).backward()
    o.step()
    return p.data


def right_f32(w, features, reward, next_features, terminated, alpha, gamma):
    w, x, y = (np.float32(v) for v in (w, features, next_features))
    return (
        w
        + np.float32(alpha)
        * (np.float32(reward) + np.float32(gamma) * (1 - terminated) * (w @ y) - w @ x)
        * x
    )


def right_matrix(w, features, reward, next_features, terminated, alpha, gamma):
    A = np.outer(features, features - gamma * (1 - float(terminated)) * next_features)
    return w + alpha * (reward * features - A @ w)


def right_linear(w, features, reward, next_features, terminated, alpha, gamma):
    net = torch.nn.Linear(len(w), 1, bias=False).double()
    net.weight.data[:] = torch.as_tensor(w)
    x, y = (torch.as_tensor(features), torch.as_tensor(next_features))
    t = reward + gamma * (1 - terminated) * net(y).item()
    net(x).backward()
    return net.weight.data[0] + alpha * (t - net(x).item()) * net.weight.grad[0]


def right_frozen(w, features, reward, next_features, terminated, alpha, gamma):
    w = torch.as_tensor(w).clone()
    frozen = w.clone()
    w.requires_grad_()
    x, y = (torch.as_tensor(features), torch.as_tensor(next_features))
    ((reward + gamma * (1 - terminated) * (frozen @ y) - w @ x) ** 2 / 2).backward()
    return (w - alpha * w.grad).detach().numpy()


def right_item(w, features, reward, next_features, terminated, alpha, gamma, eps=0.0):
    w = np.array(w)
    d = float(reward + gamma * (1 - terminated) * w @ next_features - w @ features)
    w += alpha * d * np.array(features)
    return w.tolist()


def W(d=lambda v, n, r, e, g: r + g * (1 - e) * n - v, along=lambda x, y, e, g: x, s=1, base=1):

    def f(w, features, reward, next_features, terminated, alpha, gamma):
        e = float(terminated)
        return base * w + (s(alpha) if callable(s) else s * alpha) * d(
            w @ features, w @ next_features, reward, e, gamma
        ) * along(features, next_features, e, gamma)

    return f


wrong_value_detached__fresh_targetonly = W(along=lambda x, y, e, g: g * (1 - e) * y, s=-1)

wrong_full_gradient__fresh_fullnomask = W(
    lambda v, n, r, e, g: r + g * n - v, along=lambda x, y, e, g: x - g * y
)

wrong_features_changed__fresh_unit = W(along=lambda x, y, e, g: x / np.linalg.norm(x))

wrong_value_detached__fresh_detach_v = W(along=lambda x, y, e, g: -g * (1 - e) * y)

wrong_features_changed__fresh_signx = W(along=lambda x, y, e, g: np.sign(x))

wrong_error_missing__fresh_detached_error = (
    lambda w, features, reward, next_features, terminated, alpha, gamma: w + alpha * features * w
)

wrong_full_gradient__fresh_full_double = W(along=lambda x, y, e, g: x - g * (1 - e) * y, s=2)
