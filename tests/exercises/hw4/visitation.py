# ruff: noqa  (as students write)

import numpy as np
import torch


def chain(P, policy):
    return (policy[:, :, None] * P).sum(axis=1)


def right_solve(P, policy, start, gamma):
    P_pi = np.einsum("sa,sat->st", policy, P)
    return (1 - gamma) * np.linalg.solve(np.eye(len(start)) - gamma * P_pi.T, start)


def right_row_vector_inverse(P, policy, start, gamma):
    return (1 - gamma) * start @ np.linalg.inv(np.eye(len(start)) - gamma * chain(P, policy))


def right_power_series(P, policy, start, gamma):
    d, p, w = np.zeros(len(start)), start.copy(), 1 - gamma
    for _ in range(3000):
        d += w * p
        p = p @ chain(P, policy)
        w *= gamma
    return d


def right_normalised_afterwards(P, policy, start, gamma):
    d = np.linalg.solve(np.eye(len(start)) - gamma * chain(P, policy).T, start)
    return (d / (d.sum() + 1e-8)).tolist()


def right_loops_fixed_point(P, policy, start, gamma):
    S, A = policy.shape
    d = [0.0] * S
    for _ in range(600):
        new = [(1 - gamma) * start[s] for s in range(S)]
        for s in range(S):
            for a in range(A):
                for t in range(S):
                    new[t] += gamma * d[s] * policy[s, a] * P[s, a, t]
        d = new
    return d


def right_torch_float32(P, policy, start, gamma):
    P, policy, start = (torch.as_tensor(v, dtype=torch.float32) for v in (P, policy, start))
    P_pi = torch.bmm(policy[:, None, :], P)[:, 0]
    return (1 - gamma) * torch.linalg.solve(torch.eye(len(start)) - gamma * P_pi.T, start)


def right_eigenvector_of_restarting_chain(P, policy, start, gamma):
    M = gamma * chain(P, policy) + (1 - gamma) * np.outer(np.ones(len(start)), start)
    values, vectors = np.linalg.eig(M.T)
    v = np.real(vectors[:, np.argmax(np.real(values))])
    return v / v.sum()


def wrong_unnormalised__a(P, policy, start, gamma):
    return np.linalg.solve(np.eye(len(start)) - gamma * chain(P, policy).T, start)


def wrong_transposed__a(P, policy, start, gamma):
    return (1 - gamma) * np.linalg.solve(np.eye(len(start)) - gamma * chain(P, policy), start)


def wrong_transposed__row_vector(P, policy, start, gamma):
    return (1 - gamma) * start @ np.linalg.inv(np.eye(len(start)) - gamma * chain(P, policy).T)


def wrong_undiscounted__stationary(P, policy, start, gamma):
    d = start
    for _ in range(2000):
        d = d @ chain(P, policy)
    return d


def wrong_start_ignored__uniform(P, policy, start, gamma):
    S = len(start)
    return (1 - gamma) * np.linalg.solve(np.eye(S) - gamma * chain(P, policy).T, np.ones(S) / S)


def wrong_misses_start__a(P, policy, start, gamma):
    d, p = 0, start
    for t in range(1, 2000):
        p = chain(P, policy).T @ p
        d = d + gamma**t * p
    return (1 - gamma) * d


def wrong_policy_ignored__a(P, policy, start, gamma):
    return (1 - gamma) * np.linalg.solve(np.eye(len(start)) - gamma * P.mean(axis=1).T, start)


def wrong_state_action__a(P, policy, start, gamma):
    return right_solve(P, policy, start, gamma)[:, None] * policy


def wrong_series_too_short__a(P, policy, start, gamma):
    d, p = np.zeros(len(start)), start
    for t in range(100):
        d = d + (1 - gamma) * gamma**t * p
        p = chain(P, policy).T @ p
    return d


def wrong_series_too_short__thirty_normalised(P, policy, start, gamma):
    d, p = np.zeros(len(start)), start
    for t in range(20):
        d = d + gamma**t * p
        p = chain(P, policy).T @ p
    return d / d.sum()


def wrong_greedy_policy__a(P, policy, start, gamma):
    P_pi = P[np.arange(len(start)), policy.argmax(1)]
    return (1 - gamma) * np.linalg.solve(np.eye(len(start)) - gamma * P_pi.T, start)


def wrong_undiscounted__average(P, policy, start, gamma):
    d, p = np.zeros(len(start)), start
    for _ in range(100):
        d, p = d + p, p @ chain(P, policy)
    return d / 100
