# ruff: noqa  (as students write)

import numpy as np
import torch
from scipy.optimize import minimize_scalar


def right_cases(f, df, d2f, x, radius):
    g, h = df(x), d2f(x)
    if h > 0:
        return x + np.clip(-g / h, -radius, radius)
    return x - radius if g > 0 else x + radius


def right_best_of_candidates(f, df, d2f, x, radius):
    def m(p):
        return f(x) + df(x) * p + 0.5 * d2f(x) * p**2

    candidates = [-radius, radius]
    if d2f(x) != 0 and abs(df(x) / d2f(x)) <= radius:
        candidates.append(-df(x) / d2f(x))
    return x + min(candidates, key=m)


def right_dense_grid(f, df, d2f, x, radius):
    p = np.linspace(-radius, radius, 200001)
    return x + p[np.argmin(df(x) * p + d2f(x) * p * p / 2)]


def right_torch_autograd(f, df, d2f, x, radius):
    t = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    (g,) = torch.autograd.grad(f(t), t)
    g, h = g.item(), d2f(x)
    p = -g / h if h > 0 and abs(g) <= radius * h else (-radius if g >= 0 else radius)
    return torch.tensor([x + p])


def right_scipy(f, df, d2f, x, radius):
    p = minimize_scalar(
        lambda p: df(x) * p + 0.5 * d2f(x) * p**2,
        bounds=(-radius, radius),
        method="bounded",
        options={"xatol": 1e-10},
    ).x
    ends = [-radius, p, radius]
    return x + min(ends, key=lambda p: df(x) * p + 0.5 * d2f(x) * p**2)


def wrong_newton_climbs__clipped(f, df, d2f, x, radius):
    return x + np.clip(-df(x) / (d2f(x) + 1e-12), -radius, radius)


def wrong_newton_climbs__pure(f, df, d2f, x, radius):
    return x - df(x) / d2f(x) if d2f(x) else x


def wrong_not_cut__a(f, df, d2f, x, radius):
    if d2f(x) > 0:
        return x - df(x) / d2f(x)
    return x + radius if df(x) <= 0 else x - radius


def wrong_stuck_at_stationary__a(f, df, d2f, x, radius):
    g, h = df(x), d2f(x)
    if h > 0:
        return x + max(-radius, min(radius, -g / h))
    return x - radius * np.sign(g)


def wrong_always_to_the_edge__a(f, df, d2f, x, radius):
    return x - radius * np.sign(df(x))


def wrong_always_to_the_edge__picks_lower_model(f, df, d2f, x, radius):
    return x + min((-radius, radius), key=lambda p: df(x) * p + 0.5 * d2f(x) * p * p)


def wrong_gradient_step__a(f, df, d2f, x, radius):
    return x + np.clip(-df(x), -radius, radius)


def wrong_returns_step__a(f, df, d2f, x, radius):
    return right_cases(f, df, d2f, x, radius) - x


def wrong_sign__a(f, df, d2f, x, radius):
    g, h = df(x), d2f(x)
    if h > 0:
        return x + np.clip(g / h, -radius, radius)
    return x - radius if g > 0 else x + radius


def wrong_wrong_edge__a(f, df, d2f, x, radius):
    g, h = df(x), d2f(x)
    if h > 0:
        return x + np.clip(-g / h, -radius, radius)
    return x + radius if g > 0 else x - radius


def wrong_absolute_curvature__a(f, df, d2f, x, radius):
    g, h = df(x), abs(d2f(x))
    return x + (np.clip(-g / h, -radius, radius) if h else -radius * np.sign(g))


def wrong_half_lost__a(f, df, d2f, x, radius):
    g, h = df(x), d2f(x)
    if h > 0:
        return x + np.clip(-g / (2 * h), -radius, radius)
    return x - radius if g > 0 else x + radius


def wrong_minimises_f__a(f, df, d2f, x, radius):
    y = np.linspace(x - radius, x + radius, 400001)
    return y[np.argmin(f(y))]


def wrong_none__divides_by_zero(f, df, d2f, x, radius):
    p = -float(df(x)) / float(d2f(x))
    return x + max(-radius, min(radius, p))


def wrong_none__returns_tuple(f, df, d2f, x, radius):
    return x, radius


def wrong_stuck_at_stationary__floored_curvature(f, df, d2f, x, radius):
    return x + np.clip(-df(x) / max(d2f(x), 1e-8), -radius, radius)


def wrong_minimises_f__ends_by_f(f, df, d2f, x, radius):
    if d2f(x) > 0:
        return x + np.clip(-df(x) / d2f(x), -radius, radius)
    return min(x - radius, x + radius, key=f)
