# ruff: noqa  (as students write)

import numpy as np
import torch
import numpy as np, torch


def right_einsum(P, R, policy, V, gamma):
    return np.einsum("sa,sa->s", policy, R + gamma * np.einsum("sat,t->sa", P, V))


def right_loops(P, R, policy, V, gamma):
    S, A = R.shape
    new = np.zeros(S)
    for s in range(S):
        for a in range(A):
            total = R[s, a]
            for s2 in range(S):
                total += gamma * P[s, a, s2] * V[s2]
            new[s] += policy[s, a] * total
    return new


def right_chain(P, R, policy, V, gamma):
    P_pi = (policy[..., None] * P).sum(1)
    r_pi = (policy * R).sum(axis=1)
    return (r_pi + gamma * P_pi @ V).astype(np.float32)


def right_torch_only(P, R, policy, V, gamma):
    Q = R + gamma * torch.matmul(P, V)
    return (policy * Q).sum(dim=-1)


def right_list(P, R, policy, V, gamma):
    print("backing up")
    return [float(policy[s] @ (R[s] + gamma * P[s] @ V)) for s in range(len(V))]


def wrong_discount_missing__a(P, R, policy, V, gamma):
    return (policy * (R + P @ V)).sum(1)


def wrong_reward_discounted__a(P, R, policy, V, gamma):
    return gamma * (policy * (R + P @ V)).sum(1)


def wrong_optimality__a(P, R, policy, V, gamma):
    return np.max(R + gamma * P @ V, axis=1)


def wrong_policy_ignored__mean(P, R, policy, V, gamma):
    return np.mean(R + gamma * P @ V, axis=1)


def wrong_policy_ignored__sum(P, R, policy, V, gamma):
    return np.sum(R + gamma * P @ V, axis=1)


def wrong_reward_missing__a(P, R, policy, V, gamma):
    return gamma * (policy * (P @ V)).sum(1)


def wrong_in_place__a(P, R, policy, V, gamma):
    V = V.copy()
    for s in range(len(V)):
        V[s] = policy[s] @ (R[s] + gamma * P[s] @ V)
    return V


def wrong_changes_arguments__a(P, R, policy, V, gamma):
    new = (policy * (R + gamma * P @ V)).sum(1)
    V[:] = new
    return V


def wrong_fixed_point__a(P, R, policy, V, gamma):
    for _ in range(2000):
        V = (policy * (R + gamma * P @ V)).sum(1)
    return V


def wrong_per_action__a(P, R, policy, V, gamma):
    return R + gamma * P @ V


def wrong_own_value__a(P, R, policy, V, gamma):
    return (policy * R).sum(1) + gamma * V


def wrong_change_for_value__a(P, R, policy, V, gamma):
    return (policy * (R + gamma * P @ V)).sum(1) - V


def wrong_transposed__a(P, R, policy, V, gamma):
    P_pi = np.einsum("sa,sat->st", policy, P)
    return (policy * R).sum(1) + gamma * P_pi.T @ V


def wrong_likeliest_action__a(P, R, policy, V, gamma):
    a = policy.argmax(1)
    s = np.arange(len(V))
    return R[s, a] + gamma * P[s, a] @ V


def wrong_none__returns_nothing(P, R, policy, V, gamma):
    V = (policy * (R + gamma * P @ V)).sum(1)


# From another hand, later.


def right_loops_fresh(P, R, policy, V, gamma):
    S, A = R.shape
    out = []
    for s in range(S):
        v = 0.0
        for a in range(A):
            nxt = 0.0
            for z in range(S):
                nxt += P[s, a, z] * V[z]
            v += policy[s, a] * (R[s, a] + gamma * nxt)
        out.append(v)
    return out


def right_einsum_fresh(P, R, policy, V, gamma):
    return np.einsum("sa,sa->s", policy, R) + gamma * np.einsum("sa,saz,z->s", policy, P, V)


def right_torch32(P, R, policy, V, gamma):
    P, R, policy, V = (torch.tensor(np.asarray(x), dtype=torch.float32) for x in (P, R, policy, V))
    return (policy * (R + gamma * torch.einsum("saz,z->sa", P, V))).sum(-1)


def right_matrix(P, R, policy, V, gamma):
    Ppi = (policy[:, :, None] * P).sum(1)
    r = (policy * R).sum(1)
    return r + gamma * Ppi.dot(V)


def right_dict(P, R, policy, V, gamma):
    new = {
        s: sum((policy[s, a] * (R[s, a] + gamma * P[s, a].dot(V)) for a in range(R.shape[1])))
        for s in range(len(V))
    }
    return np.array([new[s] for s in sorted(new)])


def right_copy(P, R, policy, V, gamma, eps=1e-12):
    old = V.copy()
    V = V.copy()
    for s in range(len(V)):
        V[s] = policy[s] @ (R[s] + gamma * P[s] @ old)
    return V


def right_diag(P, R, policy, V, gamma):
    return np.diag(policy @ (R + gamma * np.tensordot(P, V, axes=1)).T)


def right_tuple(P, R, policy, V, gamma):
    return tuple((float(p @ (r + gamma * t @ V)) for p, r, t in zip(policy, R, P)))


def right_class(P, R, policy, V, gamma):

    class M:
        def q(self, s):
            return R[s] + gamma * P[s] @ V

        def v(self, s):
            return np.average(self.q(s), weights=policy[s])

    m = M()
    return np.fromiter((m.v(s) for s in range(P.shape[0])), float)


def right_inplace_out(P, R, policy, V, gamma):
    out = np.matmul(P, V)
    out *= gamma
    out += R
    out *= policy
    return out.sum(axis=1)


def W(f):
    return lambda P, R, policy, V, gamma: f(P, R, policy, V, gamma)


def q(P, R, V, g):
    return R + g * P @ V


wrong_future_missing__fresh_onlyreward = W(lambda P, R, pi, V, g: (pi * R).sum(1))

wrong_step_towards__fresh_damped = W(lambda P, R, pi, V, g: V + 0.5 * ((pi * q(P, R, V, g)).sum(1) - V))
