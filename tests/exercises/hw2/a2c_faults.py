# ruff: noqa  (as students write)

import numpy as np
import torch


def one(run):
    G, V, H = run
    if max(V) - min(V) < 1e-9:
        return 5
    if G[-1] < G[0] - 0.05:
        return 2
    if H[-1] > 0.9 * H[0]:
        return 4
    r = V[-1] / G[-1]
    return 1 if r > 1.3 else 3 if r < 0.7 else 0


def right_list(curves):
    return [one(run) for run in curves]


def right_array(curves):
    return np.array([one(r) for r in np.asarray(curves, dtype=np.float32)])


def right_vectorised(curves):
    c = np.asarray(curves)
    G, V, H = c[:, 0], c[:, 1], c[:, 2]
    gap = V[:, -10:].mean(1) - G[:, -10:].mean(1)
    out = np.where(gap > 1.5, 1, np.where(gap < -1, 3, 0))
    out = np.where(H.min(1) > 0.9, 4, out)
    out = np.where(G[:, -1] < G[:, 0], 2, out)
    return np.where(np.ptp(V, axis=1) == 0, 5, out).astype(float)


def right_torch_only(curves):
    return torch.stack([torch.tensor(float(one(run.tolist()))) for run in curves.clone()])


def called(true, said):
    return lambda curves: [said if one(run) == true else one(run) for run in curves]


wrong_healthy_called_limit__a = called(0, 3)
wrong_limit_called_untrained__a = called(3, 5)
wrong_untrained_called_limit__a = called(5, 3)
wrong_terminal_called_healthy__a = called(1, 0)
wrong_descent_called_entropy__a = called(2, 4)
wrong_entropy_called_descent__a = called(4, 2)


def wrong_none__all_healthy(curves):
    return [0, 0, 0, 0]


def wrong_none__a_column(curves):
    return [[one(run)] for run in curves]
