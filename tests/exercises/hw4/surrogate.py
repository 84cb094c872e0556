# ruff: noqa  (as students write)

import numpy as np
import torch


def chain(P, pi):
    return np.einsum("sa,sat->st", pi, P)


def value(P, R, gamma, pi):
    return np.linalg.solve(np.eye(len(R)) - gamma * chain(P, pi), (pi * R).sum(1))


def advantage(P, R, gamma, pi):
    V = value(P, R, gamma, pi)
    return R + gamma * P @ V - V[:, None]


def visit(P, start, gamma, pi):
    return (1 - gamma) * np.linalg.solve(np.eye(len(start)) - gamma * chain(P, pi).T, start)


def gain(P, R, start, gamma, new, old, d):
    return d @ (new * advantage(P, R, gamma, old)).sum(1) / (1 - gamma)


def right_definition(P, R, start, gamma, new, old):
    d = visit(P, start, gamma, old)
    return start @ value(P, R, gamma, old) + gain(P, R, start, gamma, new, old, d)


def right_importance_ratio(P, R, start, gamma, new, old):
    d = visit(P, start, gamma, old)
    weights = d[:, None] * old
    ratio = new / (old + 1e-8)
    eta = start @ value(P, R, gamma, old)
    return eta + (weights * ratio * advantage(P, R, gamma, old)).sum() / (1 - gamma)


def right_q_trick(P, R, start, gamma, new, old):
    rho = np.linalg.solve(np.eye(len(start)) - gamma * chain(P, old).T, start)
    Q = R + gamma * P @ value(P, R, gamma, old)
    return rho @ (old * R).sum(1) + rho @ ((new - old) * Q).sum(1)


def right_loops(P, R, start, gamma, new, old):
    S, A = R.shape
    V, d, adv = value(P, R, gamma, old), visit(P, start, gamma, old), advantage(P, R, gamma, old)
    total = sum(start[s] * V[s] for s in range(S))
    for s in range(S):
        for a in range(A):
            total += d[s] * new[s, a] * adv[s, a] / (1 - gamma)
    return total


def right_torch(P, R, start, gamma, new, old):
    P, R, start, new, old = (
        torch.tensor(np.asarray(x), dtype=torch.float64) for x in (P, R, start, new, old)
    )
    new.requires_grad_()
    eye = torch.eye(len(start), dtype=torch.float64)
    Pi = (old[..., None] * P).sum(1)
    V = torch.linalg.solve(eye - gamma * Pi, (old * R).sum(1))
    rho = torch.linalg.solve(eye - gamma * Pi.T, start)
    return start @ V + (rho[:, None] * new * (R + gamma * P @ V - V[:, None])).sum()


def wrong_missing_eta__a(P, R, start, gamma, new, old):
    return gain(P, R, start, gamma, new, old, visit(P, start, gamma, old))


def wrong_new_visitation__a(P, R, start, gamma, new, old):
    d = visit(P, start, gamma, new)
    return start @ value(P, R, gamma, old) + gain(P, R, start, gamma, new, old, d)


def wrong_new_visitation__true_performance(P, R, start, gamma, new, old):
    return start @ value(P, R, gamma, new)


def wrong_missing_normaliser__a(P, R, start, gamma, new, old):
    d = visit(P, start, gamma, old)
    return start @ value(P, R, gamma, old) + d @ (new * advantage(P, R, gamma, old)).sum(1)


def wrong_normaliser_squared__a(P, R, start, gamma, new, old):
    d = visit(P, start, gamma, old)
    return start @ value(P, R, gamma, old) + gain(P, R, start, gamma, new, old, d) / (1 - gamma)


def wrong_new_advantage__a(P, R, start, gamma, new, old):
    d = visit(P, start, gamma, old)
    return start @ value(P, R, gamma, old) + d @ (new * advantage(P, R, gamma, new)).sum(1) / (1 - gamma)


def wrong_ratio_squared__a(P, R, start, gamma, new, old):
    d = visit(P, start, gamma, old)
    A = advantage(P, R, gamma, old)
    return start @ value(P, R, gamma, old) + d @ (new * (new / old) * A).sum(1) / (1 - gamma)


def wrong_sign__a(P, R, start, gamma, new, old):
    return start @ value(P, R, gamma, old) - gain(P, R, start, gamma, new, old, visit(P, start, gamma, old))


def wrong_normalised_eta__a(P, R, start, gamma, new, old):
    d = visit(P, start, gamma, old)
    return d @ (old * R).sum(1) + gain(P, R, start, gamma, new, old, d)


def wrong_max_for_mean__a(P, R, start, gamma, new, old):
    d = visit(P, start, gamma, old)
    return start @ value(P, R, gamma, old) + d @ advantage(P, R, gamma, old).max(axis=1) / (1 - gamma)


def wrong_policies_swapped__a(P, R, start, gamma, new, old):
    return right_definition(P, R, start, gamma, old, new)


def wrong_new_eta__a(P, R, start, gamma, new, old):
    d = visit(P, start, gamma, old)
    return start @ value(P, R, gamma, new) + gain(P, R, start, gamma, new, old, d)


def wrong_missing_old_weight__ratio_alone(P, R, start, gamma, new, old):
    d = visit(P, start, gamma, old)
    return start @ value(P, R, gamma, old) + d @ (new / old * advantage(P, R, gamma, old)).sum(1) / (
        1 - gamma
    )
