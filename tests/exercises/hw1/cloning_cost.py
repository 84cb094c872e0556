# ruff: noqa  (as students write)

import numpy as np
import torch
import numpy as np, torch, math
from fractions import Fraction


def right_sum(epsilon, horizon):
    return sum(1 - (1 - epsilon) ** t for t in range(1, horizon + 1))


def right_closed_form(epsilon, horizon):
    if epsilon == 0:
        return 0.0
    q = 1 - epsilon
    return horizon - q * (1 - q**horizon) / epsilon


def right_simulated_distribution(epsilon, horizon):
    on, cost = 1.0, 0.0
    for _ in range(horizon):
        on *= 1 - epsilon
        cost += 1 - on
    return cost


def right_by_time_of_fall(epsilon, horizon):
    return sum(epsilon * (1 - epsilon) ** (t - 1) * (horizon - t + 1) for t in range(1, horizon + 1))


def right_cumprod(epsilon, horizon):
    return float(np.sum(1 - np.cumprod(np.full(horizon, 1 - epsilon))))


def right_torch(epsilon, horizon):
    t = torch.arange(1, horizon + 1, dtype=torch.float64)
    return (1 - (1 - epsilon) ** t).sum()


def wrong_bound__a(epsilon, horizon):
    return epsilon * horizon**2


def wrong_bound__half(epsilon, horizon):
    return epsilon * horizon * (horizon + 1) / 2


def wrong_recovers__a(epsilon, horizon):
    return epsilon * horizon


def wrong_error_not_counted__a(epsilon, horizon):
    return sum(1 - (1 - epsilon) ** t for t in range(horizon))


def wrong_chance_of_falling__a(epsilon, horizon):
    return 1 - (1 - epsilon) ** horizon


def wrong_falls_at_the_start__a(epsilon, horizon):
    return horizon * (1 - (1 - epsilon) ** horizon)


def wrong_on_the_rope__a(epsilon, horizon):
    return sum((1 - epsilon) ** t for t in range(1, horizon + 1))


def wrong_one_step_too_many__a(epsilon, horizon):
    return sum(1 - (1 - epsilon) ** (t + 1) for t in range(1, horizon + 1))


def wrong_mean__a(epsilon, horizon):
    return sum(1 - (1 - epsilon) ** t for t in range(1, horizon + 1)) / max(horizon, 1)


def wrong_exponential__a(epsilon, horizon):
    return float(np.sum(1 - np.exp(-epsilon * np.arange(1, horizon + 1))))


def wrong_none__divides_by_zero(epsilon, horizon):
    return horizon - (1 - epsilon) * (1 - (1 - epsilon) ** horizon) / epsilon


def wrong_by_step__a(epsilon, horizon):
    return 1 - (1 - epsilon) ** np.arange(1, horizon + 1)


# From another hand, later.


def right_loop(epsilon, horizon):
    alive, total = (1.0, 0.0)
    for _ in range(horizon):
        alive *= 1 - epsilon
        total += 1 - alive
    return total


def right_closed(epsilon, horizon):
    if epsilon == 0:
        return 0.0
    q = 1 - epsilon
    return horizon - q * (1 - q**horizon) / epsilon


def right_rec(epsilon, horizon):
    if horizon == 0:
        return 0
    return epsilon * horizon + (1 - epsilon) * right_rec(epsilon, horizon - 1)


def right_falls(epsilon, horizon):
    return sum((epsilon * (1 - epsilon) ** (t - 1) * (horizon - t + 1) for t in range(1, horizon + 1)))


def right_np(epsilon, horizon):
    return np.sum(1 - (1 - epsilon) ** np.arange(1, horizon + 1))


def right_torch_fresh(epsilon, horizon):
    return (1 - torch.pow(torch.tensor(1 - epsilon, dtype=torch.float64), torch.arange(1, horizon + 1))).sum()


def right_markov(epsilon, horizon):
    M = np.array([[1 - epsilon, epsilon], [0, 1]])
    d = np.array([1.0, 0])
    c = 0.0
    for _ in range(horizon):
        d = d @ M
        c += d[1]
    return c


def right_dp(epsilon, horizon):
    v = 0.0
    for k in range(1, horizon + 1):
        v = epsilon * k + (1 - epsilon) * v
    return v


def right_expm1(epsilon, horizon):
    if epsilon == 1:
        return horizon
    return -sum((math.expm1(t * math.log1p(-epsilon)) for t in range(1, horizon + 1)))


def right_fraction(epsilon, horizon):
    e = Fraction(epsilon).limit_denominator(10**6)
    return float(sum((1 - (1 - e) ** t for t in range(1, horizon + 1))))


def right_cumprod_fresh(epsilon, horizon, seed=None):
    return float(horizon - np.cumprod(np.full(horizon, 1 - epsilon)).sum())


def right_f32(epsilon, horizon):
    return np.float32(1 - np.float32(1 - epsilon) ** np.arange(1, horizon + 1, dtype="f4")).sum()


wrong_fall_too_late__fresh_tt = lambda epsilon, horizon: sum(
    (epsilon * (1 - epsilon) ** t * (horizon - t + 1) for t in range(1, horizon + 1))
)

wrong_chance_forgotten__fresh_noep = lambda epsilon, horizon: sum(
    ((1 - epsilon) ** (t - 1) * (horizon - t + 1) for t in range(1, horizon + 1))
)

wrong_always_errs__fresh_cum_eps = lambda epsilon, horizon: sum((epsilon**t for t in range(1, horizon + 1)))

wrong_expected_fall__fresh_geo = lambda epsilon, horizon: horizon - 1 / epsilon if epsilon else 0.0

wrong_expected_fall__fresh_maxgeo = lambda epsilon, horizon: max(horizon - 1 / epsilon, 0) if epsilon else 0.0


def wrong_not_exact__fresh_sim(epsilon, horizon):
    rng = np.random.default_rng(0)
    c = 0
    for _ in range(300):
        f = False
        for _ in range(horizon):
            f = f or rng.random() < epsilon
            c += f
    return c / 300


wrong_rounded__fresh_int = lambda epsilon, horizon: round(
    sum((1 - (1 - epsilon) ** t for t in range(1, horizon + 1)))
)
