# ruff: noqa  (as students write)

import numpy as np
import torch
import numpy as np, torch, scipy.linalg


def chain(P, policy):
    return np.einsum("sa,sat->st", policy, P)


def right_eig(P, policy):
    values, vectors = np.linalg.eig(chain(P, policy).T)
    v = np.real(vectors[:, np.argmin(np.abs(values - 1))])
    return v / v.sum()


def right_lstsq(P, policy):
    n = len(P)
    A = np.vstack([chain(P, policy).T - np.eye(n), np.ones((1, n))])
    return np.linalg.lstsq(A, np.r_[np.zeros(n), 1.0], rcond=None)[0]


def right_replaced_row(P, policy):
    n = len(P)
    A = np.eye(n) - chain(P, policy).T
    A[-1] = 1
    b = np.zeros(n)
    b[-1] = 1
    return np.linalg.solve(A, b)


def right_lazy_power(P, policy):
    "half a step at a time: aperiodic"
    M = (chain(P, policy) + np.eye(len(P))) / 2
    d = np.full(len(P), 1 / len(P))
    for _ in range(5000):
        d = d @ M
    return d


def right_torch_svd(P, policy):
    M = torch.einsum("sa,sat->st", policy, P)
    _, _, Vh = torch.linalg.svd(M.T - torch.eye(len(P), dtype=P.dtype))
    v = Vh[-1]
    return v / v.sum()


def right_averaged_over_a_period(P, policy):
    M = chain(P, policy)
    d = np.linalg.matrix_power(M, 4096)[0]
    total = np.zeros(len(P))
    for _ in range(12):  # any of the periods 1, 2, 3, 4
        total += d
        d = d @ M
    return total / 12


def wrong_right_eigenvector__a(P, policy):
    values, vectors = np.linalg.eig(chain(P, policy))
    v = np.real(vectors[:, np.argmax(np.real(values))])
    return v / v.sum()


def wrong_not_normalised__a(P, policy):
    values, vectors = np.linalg.eig(chain(P, policy).T)
    return np.abs(np.real(vectors[:, np.argmax(np.real(values))]))


def wrong_periodic__power(P, policy):
    M, d = chain(P, policy), np.full(len(P), 1 / len(P))
    for _ in range(1000):
        d = d @ M
    return d


def wrong_periodic__matrix_power(P, policy):
    return np.linalg.matrix_power(chain(P, policy), 1000)[0]


def wrong_policy_ignored__a(P, policy):
    return right_lstsq(P, np.full(policy.shape, 1 / policy.shape[1]))


def wrong_discounted__a(P, policy):
    n, g = len(P), 0.99
    return (1 - g) * np.linalg.solve(np.eye(n) - g * chain(P, policy).T, np.full(n, 1 / n))


def wrong_matrix__a(P, policy):
    return np.linalg.matrix_power(chain(P, policy), 1000)


def wrong_state_action__a(P, policy):
    return right_lstsq(P, policy)[:, None] * policy


def wrong_one_step__a(P, policy):
    return np.full(len(P), 1 / len(P)) @ chain(P, policy)


def wrong_likeliest_action__a(P, policy):
    return right_lstsq(P, np.eye(policy.shape[1])[policy.argmax(1)])


def wrong_mean_too_short__a(P, policy):
    M, d, total = chain(P, policy), np.full(len(P), 1 / len(P)), 0
    for _ in range(100):
        total = total + d
        d = d @ M
    return total / 100


def wrong_right_eigenvector__uniform(P, policy):
    return np.ones(len(P)) / len(P)


# From another hand, later.


def _c(P, pi):
    return np.einsum("sa,sat->st", pi, P)


def right_lstsq_fresh(P, policy):
    M = _c(P, policy)
    n = len(M)
    A = np.vstack([M.T - np.eye(n), np.ones(n)])
    return np.linalg.lstsq(A, np.r_[np.zeros(n), 1.0], rcond=None)[0]


def right_replace(P, policy):
    M = _c(P, policy)
    n = len(M)
    A = np.eye(n) - M.T
    A[-1] = 1
    return np.linalg.solve(A, np.eye(n)[-1])


def right_lazy(P, policy):
    M = _c(P, policy)
    M = 0.5 * (M + np.eye(len(M)))
    return np.linalg.matrix_power(M, 1 << 20)[0]


def right_cesaro(P, policy):
    M = _c(P, policy)
    d = np.full(len(M), 1 / len(M))
    tot = 0 * d
    n = 0
    for k in range(40000):
        d = d @ M
        if k >= 10000:
            tot += d
            n += 1
    return tot / tot.sum()


def right_nullspace(P, policy):
    v = scipy.linalg.null_space(np.eye(len(P)) - _c(P, policy).T)[:, 0]
    return v / v.sum()


def right_scipy_left(P, policy):
    w, vl = scipy.linalg.eig(_c(P, policy), left=True, right=False)
    v = np.real(vl[:, np.argmin(abs(w - 1))])
    return v / v.sum()


def right_torch(P, policy):
    M = torch.einsum("sa,sat->st", torch.tensor(policy), torch.tensor(P))
    U, S, Vh = torch.linalg.svd(torch.eye(len(M), dtype=M.dtype) - M.T)
    v = Vh[-1]
    return v / v.sum()


def right_complex(P, policy):
    w, v = np.linalg.eig(_c(P, policy).T)
    d = v[:, np.argmax(w.real)]
    return d / d.sum()


def right_pinv(P, policy):
    M = _c(P, policy)
    n = len(M)
    return np.ones(n) @ np.linalg.inv(np.eye(n) - M + np.ones((n, n)))


def right_gamma(P, policy):
    M = _c(P, policy)
    n = len(M)
    g = 1 - 1e-09
    return (1 - g) * np.linalg.solve(np.eye(n) - g * M.T, np.full(n, 1 / n))


def right_loops(P, policy):
    S, A = policy.shape
    M = [[sum((policy[s, a] * P[s, a, t] for a in range(A))) for t in range(S)] for s in range(S)]
    d = [1 / S] * S
    for _ in range(5000):
        n = [sum((d[s] * M[s][t] for s in range(S))) for t in range(S)]
        d = [(x + y) / 2 for x, y in zip(d, n)]
    return d


def W(f):
    return lambda P, policy: f(_c(P, policy), P, policy)


def _pow(M, k, d=None):
    d = np.full(len(M), 1 / len(M)) if d is None else d
    for _ in range(k):
        d = d @ M
    return d


e0 = lambda M: np.eye(len(M))[0]

wrong_one_step__fresh_few = W(lambda M, P, pi: _pow(M, 5))

wrong_other_eigenvector__fresh_first = W(
    lambda M, P, pi: (lambda v: v / v.sum())(np.linalg.eig(M.T)[1][:, 0].real)
)

wrong_discounted__fresh_gamma99 = W(
    lambda M, P, pi: 0.01 * np.linalg.solve(np.eye(len(M)) - 0.99 * M.T, e0(M))
)

wrong_staying__fresh_diag = W(lambda M, P, pi: np.diag(M) / np.trace(M) if np.trace(M) else np.diag(M))

wrong_not_exact__fresh_cesaro_short = W(lambda M, P, pi: np.mean([_pow(M, k, e0(M)) for k in range(50)], 0))


def _walk(M, P, pi):
    rng = np.random.default_rng(0)
    s = 0
    c = np.zeros(len(M))
    for _ in range(3000):
        c[s] += 1
        s = rng.choice(len(M), p=M[s])
    return c / c.sum()


wrong_not_exact__fresh_walk = W(_walk)

wrong_periodic__fresh_two = W(lambda M, P, pi: (_pow(M, 1000) + _pow(M, 1001)) / 2)

wrong_not_normalised__fresh_unnorm = W(
    lambda M, P, pi: np.linalg.eig(M.T)[1][:, np.argmax(np.linalg.eig(M.T)[0].real)].real
)
