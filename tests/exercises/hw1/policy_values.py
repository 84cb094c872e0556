# ruff: noqa  (as students write)

import numpy as np
import torch
import numpy as np, torch, scipy.linalg, scipy.sparse.linalg


def right_solve(P, R, policy, gamma):
    P_pi = np.einsum("sa,sat->st", policy, P)
    return np.linalg.solve(np.eye(len(R)) - gamma * P_pi, (policy * R).sum(1))


def right_inverse(P, R, policy, gamma):
    P_pi = sum(policy[:, a, None] * P[:, a] for a in range(R.shape[1]))
    return np.linalg.inv(np.eye(R.shape[0]) - gamma * P_pi) @ np.sum(policy * R, axis=1)


def right_iterate(P, R, policy, gamma):
    V = np.zeros(len(R))
    while True:
        new = (policy * (R + gamma * P @ V)).sum(1)
        if np.abs(new - V).max() < 1e-10:
            return new
        V = new


def right_in_place_sweeps(P, R, policy, gamma):
    V = [0.0] * len(R)
    for _ in range(800):
        for s in range(len(R)):
            V[s] = float(policy[s] @ (R[s] + gamma * P[s] @ np.array(V)))
    return V


def right_state_actions(P, R, policy, gamma):
    "Q first, by a system over pairs"
    S, A = R.shape
    M = np.einsum("sat,tb->satb", P, policy).reshape(S * A, S * A)
    Q = np.linalg.solve(np.eye(S * A) - gamma * M, R.reshape(-1)).reshape(S, A)
    return (policy * Q).sum(1)


def right_torch_only(P, R, policy, gamma):
    P_pi = torch.einsum("sa,sat->st", policy, P)
    eye = torch.eye(len(R), dtype=P.dtype)
    return torch.linalg.solve(eye - gamma * P_pi, (policy * R).sum(1))


def wrong_policy_ignored__a(P, R, policy, gamma):
    return np.linalg.solve(np.eye(len(R)) - gamma * P.mean(1), R.mean(1))


def wrong_optimal__a(P, R, policy, gamma):
    V = np.zeros(len(R))
    for _ in range(1500):
        V = (R + gamma * P @ V).max(1)
    return V


def wrong_transposed__a(P, R, policy, gamma):
    P_pi = np.einsum("sa,sat->st", policy, P)
    return np.linalg.solve(np.eye(len(R)) - gamma * P_pi.T, (policy * R).sum(1))


def wrong_too_few_backups__100(P, R, policy, gamma):
    V = np.zeros(len(R))
    for _ in range(100):
        V = (policy * (R + gamma * P @ V)).sum(1)
    return V


def wrong_too_few_backups__10(P, R, policy, gamma):
    V = np.zeros(len(R))
    for _ in range(10):
        V = (policy * (R + gamma * P @ V)).sum(1)
    return V


def wrong_normalised__a(P, R, policy, gamma):
    P_pi = np.einsum("sa,sat->st", policy, P)
    return (1 - gamma) * np.linalg.solve(np.eye(len(R)) - gamma * P_pi, (policy * R).sum(1))


def wrong_reward_only__a(P, R, policy, gamma):
    return (policy * R).sum(1)


def wrong_per_action__a(P, R, policy, gamma):
    P_pi = np.einsum("sa,sat->st", policy, P)
    V = np.linalg.solve(np.eye(len(R)) - gamma * P_pi, (policy * R).sum(1))
    return R + gamma * P @ V


def wrong_misses_own_reward__a(P, R, policy, gamma):
    P_pi = np.einsum("sa,sat->st", policy, P)
    r = (policy * R).sum(1)
    return gamma * P_pi @ np.linalg.solve(np.eye(len(R)) - gamma * P_pi, r)


def wrong_not_solved__a(P, R, policy, gamma):
    P_pi = np.einsum("sa,sat->st", policy, P)
    return (np.eye(len(R)) - gamma * P_pi) @ (policy * R).sum(1)


def wrong_inverted_sign__a(P, R, policy, gamma):
    P_pi = np.einsum("sa,sat->st", policy, P)
    return np.linalg.solve(np.eye(len(R)) + gamma * P_pi, (policy * R).sum(1))


def wrong_reward_not_averaged__a(P, R, policy, gamma):
    P_pi = np.einsum("sa,sat->st", policy, P)
    return np.linalg.solve(np.eye(len(R)) - gamma * P_pi, R.sum(1))


def wrong_mean_over_states__a(P, R, policy, gamma):
    P_pi = np.einsum("sa,sat->st", policy, P)
    return np.linalg.solve(np.eye(len(R)) - gamma * P_pi, (policy * R).sum(1)).mean()


# From another hand, later.


def _m(P, R, pi):
    return (np.einsum("sa,saz->sz", pi, P), (pi * R).sum(1))


def right_inv(P, R, policy, gamma):
    M, r = _m(P, R, policy)
    return np.linalg.inv(np.eye(len(r)) - gamma * M) @ r


def right_lstsq(P, R, policy, gamma):
    M, r = _m(P, R, policy)
    return np.linalg.lstsq(np.identity(len(r)) - gamma * M, r, rcond=None)[0]


def right_scipy(P, R, policy, gamma):
    M, r = _m(P, R, policy)
    return scipy.linalg.lu_solve(scipy.linalg.lu_factor(np.eye(len(r)) - gamma * M), r)


def right_torch(P, R, policy, gamma):
    P, R, policy = (torch.as_tensor(np.asarray(x)) for x in (P, R, policy))
    M = torch.einsum("sa,saz->sz", policy, P)
    return torch.linalg.solve(torch.eye(len(R), dtype=M.dtype) - gamma * M, (policy * R).sum(1))


def right_iter_inplace(P, R, policy, gamma):
    S, A = R.shape
    V = np.zeros(S)
    while True:
        d = 0
        for s in range(S):
            old = V[s]
            V[s] = sum((policy[s, a] * (R[s, a] + gamma * P[s, a] @ V) for a in range(A)))
            d = max(d, abs(old - V[s]))
        if d < 1e-10:
            return V


def right_neumann(P, R, policy, gamma):
    M, r = _m(P, R, policy)
    V, term = (np.zeros_like(r), r.copy())
    for _ in range(3000):
        V = V + term
        term = gamma * M @ term
    return V


def right_q(P, R, policy, gamma):
    Q = np.zeros(R.shape)
    for _ in range(2000):
        Q = R + gamma * P @ (policy * Q).sum(1)
    return (policy * Q).sum(1)


def right_gmres(P, R, policy, gamma):
    M, r = _m(P, R, policy)
    x, info = scipy.sparse.linalg.gmres(np.eye(len(r)) - gamma * M, r, rtol=1e-10)
    return x


def right_list(P, R, policy, gamma):
    M, r = _m(P, R, policy)
    return np.linalg.solve(np.eye(len(r)) - gamma * M, r[:, None]).ravel().tolist()


def right_float32(P, R, policy, gamma):
    M, r = _m(P.astype("f4"), R.astype("f4"), policy.astype("f4"))
    return np.linalg.solve(np.eye(len(r), dtype="f4") - np.float32(gamma) * M, r)


def W(f):

    def g(P, R, policy, gamma):
        M, r = _m(P, R, policy)
        return f(M, r, gamma, P, R, policy)

    return g


I = lambda r: np.eye(len(r))

S = np.linalg.solve


def _n(k):

    def f(M, r, g, P, R, pi):
        V = np.zeros(len(r))
        for _ in range(k):
            V = r + g * M @ V
        return V

    return f


wrong_too_few_backups__fresh_iter7 = W(_n(7))

wrong_too_few_backups__fresh_iter25 = W(_n(25))


def _tol(tol, start=0.0):

    def f(M, r, g, P, R, pi):
        V = np.zeros(len(r)) + start
        while True:
            N = r + g * M @ V
            if np.abs(N - V).max() < tol:
                return N
            V = N

    return f


wrong_too_few_backups__fresh_tol1 = W(_tol(0.1))

wrong_too_few_backups__fresh_tol2_ten = W(_tol(0.01, 10.0))

wrong_discount_missing__fresh_no_gamma_horizon = W(
    lambda M, r, g, P, R, pi: sum((np.linalg.matrix_power(M, k) @ r for k in range(50)))
)

wrong_visitation__fresh_visitation = W(lambda M, r, g, P, R, pi: np.linalg.inv(I(r) - g * M).sum(0) * r)


def _seidel_stop(M, r, g, P, R, pi):
    V = np.zeros(len(r))
    while True:
        d = 0
        for s in range(len(r)):
            n = r[s] + g * M[s] @ V
            d = max(d, abs(n - V[s]))
            V[s] = n
        if d < 0.01:
            return V


wrong_too_few_backups__fresh_seidel_stop = W(_seidel_stop)
