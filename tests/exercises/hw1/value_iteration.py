# ruff: noqa  (as students write)

import numpy as np
import torch
import numpy as np, torch
from functools import reduce


def right_vector(P, R, gamma, sweeps):
    V = np.zeros(R.shape[0])
    for _ in range(sweeps):
        V = (R + gamma * P @ V).max(axis=1)
    return V


def right_loops(P, R, gamma, sweeps):
    S, A = R.shape
    V = [0.0 for _ in range(S)]
    for k in range(sweeps):
        new = []
        for s in range(S):
            best = -float("inf")
            for a in range(A):
                q = R[s, a] + gamma * sum(P[s, a, t] * V[t] for t in range(S))
                best = max(best, q)
            new.append(best)
        V = new
    return V


def right_recursive(P, R, gamma, sweeps):
    if sweeps == 0:
        return np.zeros(len(R))
    V = right_recursive(P, R, gamma, sweeps - 1)
    return np.max(R + gamma * np.einsum("ijk,k->ij", P, V), axis=-1)


def right_torch_only(P, R, gamma, sweeps):
    V = torch.zeros(R.shape[0], dtype=R.dtype)
    while sweeps > 0:
        V = torch.amax(R + gamma * torch.einsum("sat,t->sa", P, V), dim=1)
        sweeps -= 1
    return V


def right_float32(P, R, gamma, sweeps):
    P, R = P.astype(np.float32), R.astype(np.float32)
    V = np.zeros(len(R), dtype=np.float32)
    for _ in range(int(sweeps)):
        V = np.sort(R + np.float32(gamma) * P @ V)[:, -1]
    return V


def wrong_one_sweep_too_many__a(P, R, gamma, sweeps):
    V = np.zeros(len(R))
    for _ in range(sweeps + 1):
        V = (R + gamma * P @ V).max(1)
    return V


def wrong_one_sweep_too_few__a(P, R, gamma, sweeps):
    V = np.zeros(len(R))
    for _ in range(1, sweeps):
        V = (R + gamma * P @ V).max(1)
    return V


def wrong_converged__a(P, R, gamma, sweeps):
    V = np.zeros(len(R))
    for _ in range(2000):
        V = (R + gamma * P @ V).max(1)
    return V


def wrong_in_place__a(P, R, gamma, sweeps):
    V = np.zeros(len(R))
    for _ in range(sweeps):
        for s in range(len(R)):
            V[s] = (R[s] + gamma * P[s] @ V).max()
    return V


def wrong_mean_for_max__a(P, R, gamma, sweeps):
    V = np.zeros(len(R))
    for _ in range(sweeps):
        V = (R + gamma * P @ V).mean(1)
    return V


def wrong_two_maxima__a(P, R, gamma, sweeps):
    V = np.zeros(len(R))
    for _ in range(sweeps):
        V = R.max(1) + gamma * (P @ V).max(1)
    return V


def wrong_discount_missing__a(P, R, gamma, sweeps):
    V = np.zeros(len(R))
    for _ in range(sweeps):
        V = (R + P @ V).max(1)
    return V


def wrong_reward_discounted__a(P, R, gamma, sweeps):
    V = np.zeros(len(R))
    for _ in range(sweeps):
        V = (gamma * (R + P @ V)).max(1)
    return V


def wrong_one_sweep__returns_in_the_loop(P, R, gamma, sweeps):
    V = np.zeros(len(R))
    for _ in range(sweeps):
        V = (R + gamma * P @ V).max(1)
        return V
    return V


def wrong_no_sweep__do_while(P, R, gamma, sweeps):
    V = np.zeros(len(R))
    k = 0
    while True:
        V = (R + gamma * P @ V).max(1)
        k += 1
        if k >= sweeps:
            return V


def wrong_per_action__a(P, R, gamma, sweeps):
    Q = np.zeros(R.shape)
    V = np.zeros(len(R))
    for _ in range(sweeps):
        V = (R + gamma * P @ V).max(1)
    return R + gamma * P @ V


def wrong_absolute__a(P, R, gamma, sweeps):
    V = np.zeros(len(R))
    for _ in range(sweeps):
        new = np.zeros(len(R))
        for s in range(len(R)):
            for a in range(R.shape[1]):
                q = R[s, a] + gamma * P[s, a] @ V
                if q > new[s]:
                    new[s] = q
        V = new
    return V


def wrong_all_sweeps__a(P, R, gamma, sweeps):
    V = [np.zeros(len(R))]
    for _ in range(sweeps):
        V.append((R + gamma * P @ V[-1]).max(1))
    return np.array(V)


def wrong_greedy_reward__a(P, R, gamma, sweeps):
    a, s = R.argmax(1), np.arange(len(R))
    V = np.zeros(len(R))
    for _ in range(sweeps):
        V = R[s, a] + gamma * P[s, a] @ V
    return V


# From another hand, later.


def right_rec(P, R, gamma, sweeps):
    if sweeps == 0:
        return np.zeros(len(R))
    return np.max(R + gamma * P @ right_rec(P, R, gamma, sweeps - 1), axis=1)


def right_loops_fresh(P, R, gamma, sweeps):
    S, A = R.shape
    V = [0.0] * S
    for _ in range(sweeps):
        V = [
            max((R[s, a] + gamma * sum((P[s, a, z] * V[z] for z in range(S))) for a in range(A)))
            for s in range(S)
        ]
    return V


def right_torch(P, R, gamma, sweeps):
    P, R = (torch.as_tensor(P), torch.as_tensor(R))
    V = torch.zeros(R.shape[0], dtype=R.dtype)
    for _ in range(sweeps):
        V = (R + gamma * torch.matmul(P, V)).amax(1)
    return V


def right_torch_values(P, R, gamma, sweeps):
    P, R = (torch.tensor(P).float(), torch.tensor(R).float())
    V = torch.zeros(len(R))
    for _ in range(sweeps):
        V, _a = (R + gamma * P @ V).max(dim=1)
    return V


def right_two_arrays(P, R, gamma, sweeps):
    old, new = (np.zeros(len(R)), np.zeros(len(R)))
    for _ in range(sweeps):
        for s in range(len(R)):
            new[s] = max(R[s] + gamma * P[s] @ old)
        old, new = (new, np.zeros(len(R)))
    return old


def right_generator(P, R, gamma, sweeps):

    def values():
        V = np.zeros(len(R))
        while True:
            yield V
            V = (R + gamma * np.einsum("saz,z->sa", P, V)).max(-1)

    for k, V in enumerate(values()):
        if k == sweeps:
            return V


def right_reduce(P, R, gamma, sweeps):
    return reduce(lambda V, _: (R + gamma * P.dot(V)).max(1), range(sweeps), np.zeros(R.shape[0]))


def right_class(P, R, gamma, sweeps):

    class Solver:
        def __init__(self):
            self.V = np.zeros(len(R))

        def sweep(self):
            self.V = np.array([(R[s] + gamma * P[s] @ self.V).max() for s in range(len(self.V))])

    s = Solver()
    for _ in range(sweeps):
        s.sweep()
    return s.V


def right_while(P, R, gamma, sweeps, V=None):
    V = np.zeros_like(R[:, 0])
    while sweeps > 0:
        Q = R + gamma * P @ V
        V = Q[np.arange(len(Q)), Q.argmax(1)]
        sweeps -= 1
    return V


def right_neg(P, R, gamma, sweeps):
    V = -np.zeros(len(R))
    for _ in range(sweeps):
        V = -(-(R + gamma * P @ V)).min(1)
    return V.reshape(-1)


def W(
    first=lambda R: np.zeros(len(R)),
    agg=lambda Q: Q.max(1),
    q=lambda P, R, V, g: R + g * P @ V,
    n=lambda k: k,
    after=lambda V, g: V,
):

    def f(P, R, gamma, sweeps):
        V = first(R)
        for _ in range(n(sweeps)):
            V = agg(q(P, R, V, gamma))
        return after(V, gamma)

    return f


wrong_likeliest_state__fresh_best_next = W(q=lambda P, R, V, g: R + g * V[P.argmax(2)])


def wrong_actions__fresh_argmax(P, R, gamma, sweeps):
    V = np.zeros(len(R))
    a = np.zeros(len(R))
    for _ in range(sweeps):
        Q = R + gamma * P @ V
        a = Q.argmax(1)
        V = Q.max(1)
    return a


def wrong_stops_early__fresh_stops(P, R, gamma, sweeps):
    V = np.zeros(len(R))
    for _ in range(sweeps):
        N = (R + gamma * P @ V).max(1)
        if np.abs(N - V).max() < 0.5:
            return N
        V = N
    return V


wrong_over_everything__fresh_scalar = W(agg=lambda Q: np.full(len(Q), Q.max()))


def wrong_discount_by_sweep__fresh_gamma_power(P, R, gamma, sweeps):
    V = np.zeros(len(R))
    for k in range(sweeps):
        V = (R + gamma ** (k + 1) * P @ V).max(1)
    return V
