"""φ_k(x) = 1 where |x − c_k| ≤ width/2, else 0: overlapping intervals, edges included.

x [N], centres [K], width > 0; the answer is [N, K]. Sutton & Barto 2018, section 9.5.3.
"""

import numpy as np

from rlcourse.equations import linear
from rlcourse.grading.record import Exercise, Mistake


def coarse_code(x, centres, width):
    return linear.coarse_code(x, centres, width)


def draw(rng):
    """Eighths throughout, so that edges are exact in float32, too; some x lie on an edge, on either side."""
    cases = []
    for n, k, width in ((5, 3, 1.0), (4, 6, 0.75), (6, 4, 2.5), (3, 5, 0.25), (7, 3, 1.5)):
        centres = rng.permutation(np.arange(-8, 9))[:k] / 4
        x = rng.integers(-20, 21, n) / 8 + 1 / 16  # on no edge
        x[0], x[1] = centres[0] + width / 2, centres[1] - width / 2
        if n > 4:
            x[2], x[3] = centres[2] + 0.75 * width, centres[0]  # within the width, but not within its half
            x[4] = centres[0] + width / 2 + 1 / 64  # outside, by little
        cases.append({"x": rng.permutation(x), "centres": centres, "width": width})
    return cases


def of(wrong):
    """Something else, made of x − c [N, K] and the width."""
    return lambda x, centres, width: np.asarray(wrong(x[:, None] - centres, width), dtype=float)


def inside(d, w):
    return np.abs(d) <= w / 2


def nearest(d, w):
    return np.abs(d) == np.abs(d).min(1, keepdims=True)


def shares(d, w):
    phi = inside(d, w).astype(float)
    return phi / np.maximum(phi.sum(1, keepdims=True), 1)


MISTAKES = (
    Mistake("width_for_half",
        "The width is taken for the distance from the centre to the edge. An edge lies width/2 away.",
        of(lambda d, w: np.abs(d) <= w), of(lambda d, w: np.abs(d) < w)),
    Mistake("wrong_width", "The interval is too wide or too narrow: an edge lies width/2 from its centre.",
        of(lambda d, w: np.abs(d) <= w / 4), of(lambda d, w: np.abs(d) <= 2 * w), of(lambda d, w: d == 0),
        of(lambda d, w: np.abs(d) <= (w - 1) / 2), of(lambda d, w: np.abs(d) <= (w + 1) / 2),
        of(lambda d, w: np.abs(d) <= 0.5), of(lambda d, w: np.abs(d) <= 1)),
    Mistake("rounded",
        "The numbers are rounded before they are compared: an x just outside counts as inside.",
        *(of(lambda d, w, n=n: np.round(np.abs(d), n) <= np.round(w / 2, n)) for n in (0, 1)),
        of(lambda d, w: np.abs(d) <= w / 2 + 0.1), of(lambda d, w: np.abs(d) <= w / 2 + 0.05)),
    Mistake("edges_excluded", "An x on the edge counts as outside: ≤, not <.",
        of(lambda d, w: np.abs(d) < w / 2)),
    Mistake("one_edge_excluded", "One of the two edges counts as outside. Both belong to the interval.",
        of(lambda d, w: (-w / 2 <= d) & (d < w / 2)), of(lambda d, w: (-w / 2 < d) & (d <= w / 2))),
    Mistake("centre_for_edge", "The interval begins at the centre. The centre is its middle.",
        of(lambda d, w: (d >= 0) & (d <= w)), of(lambda d, w: (d >= 0) & (d < w)),
        of(lambda d, w: (d <= 0) & (d >= -w)), of(lambda d, w: (d >= 0) & (d <= w / 2))),
    Mistake("one_sided", "The distance has no sign: take |x − c|.",
        of(lambda d, w: d <= w / 2), of(lambda d, w: -d <= w / 2)),
    Mistake("transposed", "Rows and columns have changed places: one row for each x, one column a centre.",
        of(lambda d, w: inside(d, w).T)),
    Mistake("inverted", "0 and 1 have changed places.", of(lambda d, w: ~inside(d, w))),
    Mistake("nearest_only", "Only the nearest centre is active. Intervals overlap: several may hold x.",
        of(nearest), of(lambda d, w: nearest(d, w) & inside(d, w)),
        of(lambda d, w: np.eye(d.shape[1])[np.abs(d).argmin(1)])),
    Mistake("one_interval", "One interval only holds each x. Intervals overlap: all that hold it are 1.",
        of(lambda d, w: np.eye(d.shape[1])[inside(d, w).argmax(1)]),
        of(lambda d, w: inside(d, w) & (inside(d, w).cumsum(1) == 1))),
    Mistake("any_interval", "A whole row is 1 where any interval holds x. Each feature has its own interval.",
        of(lambda d, w: np.repeat(inside(d, w).any(1, keepdims=True), d.shape[1], axis=1))),
    Mistake("minus_one", "Outside of its interval a feature is 0, not −1.",
        of(lambda d, w: np.where(inside(d, w), 1, -1))),
    Mistake("normalised", "Each row is divided by its sum. Here a feature is 0 or 1.", of(shares)),
    Mistake("smooth", "The features fall off smoothly. Here they are 0 or 1.",
        of(lambda d, w: np.exp(-(d**2) / (2 * w**2))), of(lambda d, w: np.exp(-(d**2) / (2 * (w / 2) ** 2))),
        of(lambda d, w: np.exp(-((d / w) ** 2))), of(lambda d, w: np.exp(-((d / (w / 2)) ** 2))),
        of(lambda d, w: np.maximum(0, 1 - np.abs(d) / (w / 2))),
        of(lambda d, w: np.maximum(0, 1 - np.abs(d) / w)),
        of(lambda d, w: inside(d, w) * (1 - np.abs(d) / (w / 2)))),
    Mistake("distance", "This is the distance. 1 where it is at most width/2 is asked, 0 elsewhere.",
        of(lambda d, w: np.abs(d)), of(lambda d, w: d), of(lambda d, w: d / w),
        of(lambda d, w: inside(d, w) * d),
        of(lambda d, w: inside(d, w) * np.abs(d))),
    Mistake("squared", "The distance is squared, the half width is not (or the other way round).",
        of(lambda d, w: d**2 <= w / 2), of(lambda d, w: np.abs(d) <= (w / 2) ** 2)),
    Mistake("counted", "The active features are counted, or only one is told. All of them are asked, [N, K].",
        of(lambda d, w: inside(d, w).sum(1)), of(lambda d, w: inside(d, w).sum(0)),
        of(lambda d, w: np.abs(d).argmin(1)), of(lambda d, w: inside(d, w).any(1))),
)  # fmt: skip

VIVA = (
    "Double the width. What does one update of w then move, and what can the features no longer tell apart?",
    "An x lies in no interval. What is its value, whatever w is, and what can TD do about it?",
    "How do you know that an x on an edge is counted, and not lost by rounding?",
)

EXERCISE = Exercise(
    coarse_code, draw, points=2, minutes=10, stars=1, mistakes=MISTAKES, pure=True, truth=True, viva=VIVA
)
