# ruff: noqa  (as students write)

import numpy as np
import torch


def right_einsum(dq_da, dmu_dtheta):
    return np.einsum("npa,na->p", dmu_dtheta, dq_da) / len(dq_da)


def right_broadcast(dq_da, dmu_dtheta):
    return (dmu_dtheta * dq_da[:, None, :]).sum(-1).mean(0)


def right_loops(dq_da, dmu_dtheta):
    N, P, A = dmu_dtheta.shape
    g = [0.0] * P
    for n in range(N):
        for p in range(P):
            for a in range(A):
                g[p] += dmu_dtheta[n, p, a] * dq_da[n, a] / N
    return g


def right_torch_only(dq_da, dmu_dtheta):
    return torch.bmm(dmu_dtheta, dq_da.unsqueeze(-1)).squeeze(-1).mean(dim=0)


def right_matmul_float32(dq_da, dmu_dtheta):
    return np.mean([J.astype("f4") @ q.astype("f4") for J, q in zip(dmu_dtheta, dq_da)], axis=0)


def right_tensordot(dq_da, dmu_dtheta):
    return np.tensordot(dmu_dtheta, dq_da, axes=([0, 2], [0, 1])) / dq_da.shape[0]


def wrong_sign__loss(dq_da, dmu_dtheta):
    return -(dmu_dtheta @ dq_da[:, :, None])[:, :, 0].mean(0)


def wrong_sum_for_mean__a(dq_da, dmu_dtheta):
    return np.einsum("npa,na->p", dmu_dtheta, dq_da)


def wrong_averaged_over_actions__a(dq_da, dmu_dtheta):
    return (dmu_dtheta * dq_da[:, None]).mean((0, 2))


def wrong_averaged_apart__a(dq_da, dmu_dtheta):
    return dmu_dtheta.mean(0) @ dq_da.mean(0)


def wrong_policy_only__a(dq_da, dmu_dtheta):
    return dmu_dtheta.sum(-1).mean(0)


def wrong_one_action_dimension__a(dq_da, dmu_dtheta):
    return (dmu_dtheta[:, :, 0] * dq_da[:, :1]).mean(0)


def wrong_not_averaged__a(dq_da, dmu_dtheta):
    return np.einsum("npa,na->np", dmu_dtheta, dq_da)


def wrong_not_summed_over_actions__a(dq_da, dmu_dtheta):
    return (dmu_dtheta * dq_da[:, None]).mean(0)


def wrong_summed_over_parameters__a(dq_da, dmu_dtheta):
    return (dmu_dtheta * dq_da[:, None]).sum((1, 2)).mean()


def wrong_one_state__a(dq_da, dmu_dtheta):
    return dmu_dtheta[0] @ dq_da[0]


def wrong_sign_only__torch(dq_da, dmu_dtheta):
    return torch.einsum("npa,na->p", torch.tensor(dmu_dtheta), torch.tensor(dq_da).sign()) / len(dq_da)


def wrong_changes_arguments__a(dq_da, dmu_dtheta):
    dmu_dtheta *= dq_da[:, None]
    return dmu_dtheta.sum(-1).mean(0)


def wrong_none__column(dq_da, dmu_dtheta):
    return (dmu_dtheta @ dq_da[:, :, None]).mean(0)
