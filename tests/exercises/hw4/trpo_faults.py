# ruff: noqa  (as students write)

import numpy as np


def one(run):
    eta, kl, gain, fraction = run
    if max(fraction) == 0:
        return 4
    if gain[0] < 0 and gain[1] < 0:
        return 3
    if kl[0] > 1.5:
        return 2
    return 1 if kl[0] < 0.05 else 0


def right_list(curves):
    return [one(run) for run in curves]


def right_array(curves):
    return np.array([one(r) for r in np.asarray(curves, dtype=np.float32)])


def right_falls_or_rises(curves):
    found = []
    for eta, kl, gain, fraction in curves:
        if np.ptp(eta) == 0:
            found.append(4)
        elif eta[3] < eta[0]:
            found.append(3)
        else:
            found.append(2 if kl[:3].mean() > 1.3 else 1 if kl[:3].mean() < 0.1 else 0)
    return tuple(found)


def called(true, said):
    return lambda curves: [said if one(run) == true else one(run) for run in curves]


wrong_short_called_healthy__a = called(1, 0)
wrong_healthy_called_short__a = called(0, 1)
wrong_unchecked_called_healthy__a = called(2, 0)
wrong_stuck_called_short__a = called(4, 1)
wrong_descent_called_unchecked__a = called(3, 2)


def wrong_none__all_healthy(curves):
    return [0, 0, 0]


def wrong_none__two(curves):
    return [one(run) for run in curves[:2]]
