# ruff: noqa  (as students write)

import numpy as np


def one(run):
    G, Q, td = run
    if G[-1] < G[0] - 0.05:
        return 2
    if max(G) - min(G) < 1e-9:
        return 4
    r = Q[-1] / G[-1]
    return 1 if r > 1.5 else 5 if r > 1.1 else 3 if r < 0.6 else 0


def right_list(curves):
    return [one(run) for run in curves]


def right_array(curves):
    return np.array([one(r) for r in np.asarray(curves, dtype=np.float32)])


def right_vectorised(curves):
    c = np.asarray(curves)
    G, Q = c[:, 0], c[:, 1]
    gap = Q[:, -1] - G[:, -1]
    rel = gap / np.abs(G[:, -1])
    out = np.where(rel > 0.5, 1, np.where(rel > 0.1, 5, np.where(rel < -0.4, 3, 0)))
    out = np.where(np.ptp(G, axis=1) < 1e-9, 4, out)
    return np.where(G[:, -1] < G[:, 0] - 0.05, 2, out).astype(float)


def called(true, said):
    return lambda curves: [said if one(run) == true else one(run) for run in curves]


wrong_undiscounted_called_terminal__a = called(5, 1)
wrong_terminal_called_undiscounted__a = called(1, 5)
wrong_healthy_called_replayed__a = called(0, 4)
wrong_replayed_called_frozen__a = called(4, 3)
wrong_frozen_called_healthy__a = called(3, 0)
wrong_descent_called_replayed__a = called(2, 4)


def wrong_none__all_healthy(curves):
    return [0, 0, 0, 0]


def wrong_none__a_column(curves):
    return [[one(run)] for run in curves]
