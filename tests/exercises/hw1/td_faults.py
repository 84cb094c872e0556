# ruff: noqa  (as students write)

import numpy as np


def right_rules(curves, truth):
    out = []
    for run in curves:
        last = run[:, -20:]
        if np.mean([np.std(row) for row in last]) > 0.09 * (max(truth) - min(truth)):
            out.append(1)
        elif last.max() < 0:
            out.append(5)
        else:
            top = last[-1].mean() / truth[-1]
            far = (last[:2].mean() - truth[:2].mean()) / (max(truth) - min(truth))
            out.append(3 if top > 1.257 else 2 if far > 0.12 else 4 if top < 0.89 else 0)
    return out


def right_by_smoothness(curves, truth):
    "the slow run is the smooth one"
    steps = np.abs(np.diff(np.asarray(curves), axis=2))[:, :, -40:].mean((1, 2)) / np.ptp(truth)
    out = right_rules(curves, truth)
    return [4 if (f in (0, 4) and s < 0.012) else f for f, s in zip(out, steps)]


def right_array(curves, truth):
    return np.array(right_rules(curves, truth))


def right_tuple(curves, truth):
    return tuple(float(x) for x in right_rules(curves, truth))


def wrong_none__all_healthy(curves, truth):
    return [0, 0, 0, 0]


def wrong_none__one_number(curves, truth):
    return 0


def wrong_none__all_step_too_large(curves, truth):
    return [1, 1, 1, 1]


def wrong_none__order(curves, truth):
    return [0, 1, 2, 3]


def wrong_none__names(curves, truth):
    return ["healthy"] * 4


def wrong_no_discount_called_healthy__a(curves, truth):
    return [0 if f == 2 else f for f in right_rules(curves, truth)]


def wrong_step_too_small_called_healthy__a(curves, truth):
    return [0 if f == 4 else f for f in right_rules(curves, truth)]


def wrong_bootstraps_past_the_end_called_no_discount__a(curves, truth):
    return [2 if f == 3 else f for f in right_rules(curves, truth)]


def wrong_healthy_called_step_too_small__a(curves, truth):
    return [4 if f == 0 else f for f in right_rules(curves, truth)]
