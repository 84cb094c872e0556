# ruff: noqa  (as students write)

import numpy as np
import torch
import numpy as np, torch


def right_broadcast(x, centres, width):
    return (np.abs(x[:, None] - centres[None, :]) <= width / 2).astype(float)


def right_bool(x, centres, width):
    return np.abs(x[:, None] - centres) * 2 <= width


def right_loops(x, centres, width):
    out = []
    for a in x:
        row = []
        for c in centres:
            row.append(1 if c - width / 2 <= a <= c + width / 2 else 0)
        out.append(row)
    return out


def right_where_int(x, centres, width):
    d = np.subtract.outer(x, centres)
    return np.where((d >= -width / 2) & (d <= width / 2), 1, 0)


def right_torch_only(x, centres, width):
    return ((x.unsqueeze(1) - centres.unsqueeze(0)).abs() <= width / 2).float()


def right_squares(x, centres, width):
    return 1.0 * ((x[:, None] - centres) ** 2 <= (width / 2) ** 2)


def wrong_width_for_half__a(x, centres, width):
    return (np.abs(x[:, None] - centres) <= width).astype(float)


def wrong_edges_excluded__a(x, centres, width):
    return (np.abs(x[:, None] - centres) < width / 2).astype(float)


def wrong_one_edge_excluded__a(x, centres, width):
    return ((centres - width / 2 <= x[:, None]) & (x[:, None] < centres + width / 2)).astype(float)


def wrong_transposed__a(x, centres, width):
    return (np.abs(centres[:, None] - x) <= width / 2).astype(float)


def wrong_normalised__a(x, centres, width):
    phi = (np.abs(x[:, None] - centres) <= width / 2).astype(float)
    return phi / np.maximum(phi.sum(1, keepdims=True), 1)


def wrong_nearest_only__a(x, centres, width):
    return np.eye(len(centres))[np.argmin(np.abs(x[:, None] - centres), axis=1)]


def wrong_one_sided__a(x, centres, width):
    return (x[:, None] - centres <= width / 2).astype(float)


def wrong_smooth__a(x, centres, width):
    return np.exp(-((x[:, None] - centres) ** 2) / (2 * width**2))


def wrong_inverted__a(x, centres, width):
    return (np.abs(x[:, None] - centres) > width / 2).astype(float)


def wrong_distance__a(x, centres, width):
    return np.abs(x[:, None] - centres)


def wrong_centre_for_edge__a(x, centres, width):
    return ((x[:, None] >= centres) & (x[:, None] <= centres + width)).astype(float)


# From another hand, later.


def right_loop(x, centres, width):
    return [[1 if abs(a - c) <= width / 2 else 0 for c in centres] for a in x]


def right_bool_fresh(x, centres, width):
    return np.abs(np.subtract.outer(x, centres)) <= 0.5 * width


def right_torch(x, centres, width):
    return ((torch.as_tensor(x)[:, None] - torch.as_tensor(centres)[None]).abs() <= width / 2).float()


def right_where(x, centres, width):
    return np.where(2 * np.abs(x.reshape(-1, 1) - centres.reshape(1, -1)) <= width, 1, 0)


def right_two_sided(x, centres, width):
    lo, hi = (centres - width / 2, centres + width / 2)
    return ((x[:, None] >= lo) & (x[:, None] <= hi)).astype("f4")


def right_heaviside(x, centres, width):
    return np.heaviside(width / 2 - np.abs(x[:, None] - centres), 1.0)


def right_vectorize(x, centres, width):
    return np.vectorize(lambda a, c: float(abs(a - c) <= width / 2))(*np.meshgrid(x, centres, indexing="ij"))


def right_fill(x, centres, width):
    out = np.zeros((len(x), len(centres)), dtype=np.uint8)
    for n in range(len(x)):
        out[n, np.abs(x[n] - centres) <= width / 2] = 1
    return out


def right_stack(x, centres, width):
    return np.stack([np.abs(x - c) <= width / 2 for c in centres], axis=1) * 1.0


def right_cdist(x, centres, width):
    return (
        torch.cdist(torch.as_tensor(x).double()[:, None], torch.as_tensor(centres).double()[:, None], p=1)
        <= width / 2
    ).int()


def right_isclose(x, centres, width):
    d = np.abs(x[:, None] - centres)
    return ((d < width / 2) | np.isclose(d, width / 2, rtol=0, atol=1e-12)).astype(int)


def right_matrix(x, centres, width):
    return np.array([np.array([a - c for c in centres]) ** 2 <= width**2 / 4 for a in x])


def W(f):
    return lambda x, centres, width: np.asarray(f(x[:, None] - centres[None], width), dtype=float)


wrong_wrong_width__fresh_quarter = W(lambda d, w: abs(d) <= w / 4)

wrong_minus_one__fresh_pm = W(lambda d, w: np.where(abs(d) <= w / 2, 1, -1))

wrong_one_interval__fresh_first = W(lambda d, w: np.eye(d.shape[1])[(abs(d) <= w / 2).argmax(1)])

wrong_distance__fresh_d = W(lambda d, w: np.where(abs(d) <= w / 2, d, 0))

wrong_wrong_width__fresh_rad = W(lambda d, w: abs(d) <= 2 * w)

wrong_wrong_width__fresh_zero = W(lambda d, w: d == 0)

wrong_rounded__fresh_rounded = W(lambda d, w: np.round(abs(d), 1) <= np.round(w / 2, 1))

wrong_wrong_width__fresh_w1 = W(lambda d, w: abs(d) <= (w - 1) / 2)

wrong_any_interval__fresh_cover = W(lambda d, w: (abs(d) <= w / 2).any(1, keepdims=True) * np.ones(d.shape))
