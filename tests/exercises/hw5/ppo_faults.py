# ruff: noqa  (as students write)

import numpy as np
import torch


def one(run):
    V, KL, outside, H = (list(map(float, part)) for part in run)
    if V[-1] < V[0]:
        return 4
    if max(outside) == 0:
        return 2 if max(KL) > 0.02 else 3
    if H[-1] > 0.9 * H[0]:
        return 5
    return 1 if max(KL[:10]) > 0.15 else 0


def right_list(curves):
    return [one(run) for run in curves]


def right_array(curves):
    return np.array([one(r) for r in np.asarray(curves, dtype=np.float32)])


def right_vectorised(curves):
    c = np.asarray(curves)
    V, KL, outside, H = (c[:, k] for k in range(4))
    out = np.where(KL.max(1) > 0.15, 1, 0)
    out = np.where(H.min(1) > 1.2, 5, out)
    out = np.where(outside.max(1) == 0, np.where(KL.max(1) > 0.05, 2, 3), out)
    return np.where(V[:, -1] < V[:, 0], 4, out).astype(float)


def right_torch_only(curves):
    return torch.stack([torch.tensor(float(one(run.tolist()))) for run in curves.clone()])


def called(true, said):
    return lambda curves: [said if one(run) == true else one(run) for run in curves]


wrong_healthy_called_no_clip__a = called(0, 1)
wrong_no_clip_called_healthy__a = called(1, 0)
wrong_no_clip_called_old_renewed__a = called(1, 2)
wrong_old_renewed_called_no_clip__a = called(2, 1)
wrong_old_renewed_called_one_epoch__a = called(2, 3)
wrong_one_epoch_called_old_renewed__a = called(3, 2)
wrong_one_epoch_called_entropy__a = called(3, 5)
wrong_descent_called_entropy__a = called(4, 5)
wrong_entropy_called_descent__a = called(5, 4)
wrong_entropy_called_healthy__a = called(5, 0)


def wrong_none__all_healthy(curves):
    return [0, 0, 0, 0]


def wrong_none__a_column(curves):
    return [[one(run)] for run in curves]
