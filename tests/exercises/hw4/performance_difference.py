# ruff: noqa  (as students write)

import numpy as np
import torch


def chain(P, pi):
    return np.einsum("sa,sat->st", pi, P)


def value(P, R, gamma, pi):
    return np.linalg.solve(np.eye(len(R)) - gamma * chain(P, pi), (pi * R).sum(1))


def q_function(P, R, gamma, pi):
    return R + gamma * P @ value(P, R, gamma, pi)


def advantage(P, R, gamma, pi):
    return q_function(P, R, gamma, pi) - value(P, R, gamma, pi)[:, None]


def visit(P, start, gamma, pi):
    return (1 - gamma) * np.linalg.solve(np.eye(len(start)) - gamma * chain(P, pi).T, start)


def right_lemma(P, R, start, gamma, new, old):
    d = visit(P, start, gamma, new)
    return d * (new * advantage(P, R, gamma, old)).sum(axis=1) / (1 - gamma)


def right_unnormalised_visits(P, R, start, gamma, new, old):
    rho = start @ np.linalg.inv(np.eye(len(start)) - gamma * chain(P, new))
    return np.einsum("s,sa,sa->s", rho, new, advantage(P, R, gamma, old)).tolist()


def right_loops(P, R, start, gamma, new, old):
    A = advantage(P, R, gamma, old)
    total, p, w = np.zeros(len(start)), np.array(start), 1.0
    for _ in range(800):
        for s in range(len(p)):
            for a in range(new.shape[1]):
                total[s] += w * p[s] * new[s][a] * A[s][a]
        p, w = p @ chain(P, new), w * gamma
    return total


def right_policy_gap(P, R, start, gamma, new, old):
    d = visit(P, start, gamma, new)
    return np.sum(d[:, None] * (new - old) * q_function(P, R, gamma, old), axis=1) / (1 - gamma)


def right_torch(P, R, start, gamma, new, old):
    P, R, start, new, old = (torch.as_tensor(x, dtype=torch.float32) for x in (P, R, start, new, old))
    I = torch.eye(len(start))
    Po, Pn = torch.einsum("sa,sat->st", old, P), torch.einsum("sa,sat->st", new, P)
    V = torch.linalg.solve(I - gamma * Po, (old * R).sum(1))
    A = R + gamma * P @ V - V[:, None]
    return torch.linalg.solve(I - gamma * Pn.T, start) * (new * A).sum(1)


def right_one_backup_of_the_old_values(P, R, start, gamma, new, old):
    V = value(P, R, gamma, old)
    gain = (new * R).sum(1) + gamma * chain(P, new) @ V - V
    return visit(P, start, gamma, new) * gain / (1 - gamma)


def wrong_summed__left_hand_side(P, R, start, gamma, new, old):
    return start @ (value(P, R, gamma, new) - value(P, R, gamma, old))


def wrong_summed__a(P, R, start, gamma, new, old):
    return visit(P, start, gamma, new) @ (new * advantage(P, R, gamma, old)).sum(axis=1) / (1 - gamma)


def wrong_left_hand_side__by_start(P, R, start, gamma, new, old):
    return start * (value(P, R, gamma, new) - value(P, R, gamma, old))


def wrong_left_hand_side__values(P, R, start, gamma, new, old):
    return value(P, R, gamma, new) - value(P, R, gamma, old)


def wrong_missing_normaliser__a(P, R, start, gamma, new, old):
    return visit(P, start, gamma, new) * (new * advantage(P, R, gamma, old)).sum(1)


def wrong_normaliser_squared__a(P, R, start, gamma, new, old):
    return visit(P, start, gamma, new) * (new * advantage(P, R, gamma, old)).sum(1) / (1 - gamma) ** 2


def wrong_old_visitation__a(P, R, start, gamma, new, old):
    return visit(P, start, gamma, old) * (new * advantage(P, R, gamma, old)).sum(1) / (1 - gamma)


def wrong_new_advantage__a(P, R, start, gamma, new, old):
    return visit(P, start, gamma, new) * (new * advantage(P, R, gamma, new)).sum(1) / (1 - gamma)


def wrong_new_advantage__old_weights(P, R, start, gamma, new, old):
    return visit(P, start, gamma, new) * (old * advantage(P, R, gamma, old)).sum(1) / (1 - gamma)


def wrong_q_for_advantage__a(P, R, start, gamma, new, old):
    return visit(P, start, gamma, new) * (new * q_function(P, R, gamma, old)).sum(1) / (1 - gamma)


def wrong_sign__a(P, R, start, gamma, new, old):
    d = visit(P, start, gamma, new)
    return d * ((old - new) * q_function(P, R, gamma, old)).sum(1) / (1 - gamma)


def wrong_max_for_mean__a(P, R, start, gamma, new, old):
    return visit(P, start, gamma, new) * advantage(P, R, gamma, old).max(1) / (1 - gamma)


def wrong_ratio_squared__a(P, R, start, gamma, new, old):
    A = advantage(P, R, gamma, old)
    return visit(P, start, gamma, new) * (new * new / old * A).sum(1) / (1 - gamma)


def wrong_start_only__a(P, R, start, gamma, new, old):
    return start * (new * advantage(P, R, gamma, old)).sum(1)


def wrong_not_visited__a(P, R, start, gamma, new, old):
    return (new * advantage(P, R, gamma, old)).sum(1)


def wrong_unweighted_actions__a(P, R, start, gamma, new, old):
    return visit(P, start, gamma, new) * advantage(P, R, gamma, old).mean(1) / (1 - gamma)


def wrong_old_visitation__no_normaliser(P, R, start, gamma, new, old):
    return visit(P, start, gamma, old) * (new * advantage(P, R, gamma, old)).sum(1)


def wrong_transposed__a(P, R, start, gamma, new, old):
    d = (1 - gamma) * np.linalg.solve(np.eye(len(start)) - gamma * chain(P, new), start)
    return d * (new * advantage(P, R, gamma, old)).sum(1) / (1 - gamma)


def wrong_per_action__a(P, R, start, gamma, new, old):
    return visit(P, start, gamma, new)[:, None] * new * advantage(P, R, gamma, old) / (1 - gamma)
