"""Where is ∂/∂r of min(r Â, clip(r, 1 − ε, 1 + ε) Â) equal to 0? At r > 1 + ε, Â > 0 and at r < 1 − ε, Â < 0.

ratio and advantage [N], clip (ε) a number; Â ≠ 0, and no r lies on an edge. The answer is [N], truth values.
Schulman et al. 2017, figure 1.
"""

import numpy as np

from rlcourse.grading.exercises.hw5._open import ratios
from rlcourse.grading.record import Exercise, Mistake


def clip_stops_gradient(ratio, advantage, clip):
    return ((ratio > 1 + clip) & (advantage > 0)) | ((ratio < 1 - clip) & (advantage < 0))


def draw(rng):
    cases = []
    for n, clip in ((1, 0.2), (2, 0.1), (1, 0.3), (2, 0.2)):
        ratio, advantage = ratios(rng, n, clip)
        cases.append({"ratio": ratio, "advantage": advantage, "clip": clip})
    for clip in (0.1, 0.3):  # near 1 and near the edges, on either side of each
        ratio = 1 + clip * np.repeat([0.2, -0.2, 0.8, -0.8, 1.3, -1.3], 2)
        cases.append(
            {"ratio": ratio, "advantage": rng.uniform(0.4, 2, 12) * np.tile([1, -1], 6), "clip": clip}
        )
    return cases


def of(wrong):
    return lambda ratio, advantage, clip: np.asarray(wrong(ratio, advantage, clip), dtype=float)


def outside(r, e):
    return (r > 1 + e) | (r < 1 - e)


MISTAKES = (
    Mistake("outside_is_enough",
        "Every ratio outside the interval counts. On the bad side the minimum is r Â, and its slope Â.",
        of(lambda r, A, e: outside(r, e))),
    Mistake("signs_swapped",
        "The sign of Â is the wrong way round: a good action (Â > 0) is stopped when it became likelier.",
        of(lambda r, A, e: ((r > 1 + e) & (A < 0)) | ((r < 1 - e) & (A > 0)))),
    Mistake("lower_edge_missing", "Below 1 − ε something is stopped, too: where Â < 0.",
        of(lambda r, A, e: (r > 1 + e) & (A > 0))),
    Mistake("upper_edge_missing", "Above 1 + ε something is stopped, too: where Â > 0.",
        of(lambda r, A, e: (r < 1 - e) & (A < 0))),
    Mistake("lower_edge_missing", "Only the upper edge is looked at, whatever the sign of Â.",
        of(lambda r, A, e: r > 1 + e)),
    Mistake("upper_edge_missing", "Only the lower edge is looked at, whatever the sign of Â.",
        of(lambda r, A, e: r < 1 - e)),
    Mistake("inverted", "True and false have changed places: true is where there is no slope.",
        of(lambda r, A, e: r * A <= np.clip(r, 1 - e, 1 + e) * A)),
    Mistake("inside_for_outside", "True is inside the interval. There nothing is clipped.",
        of(lambda r, A, e: ~outside(r, e)), of(lambda r, A, e: ~outside(r, e) & (A > 0)),
        of(lambda r, A, e: ~outside(r, e) & (A < 0))),
    Mistake("sign_forgotten_above", "Above 1 + ε the sign of Â is forgotten.",
        of(lambda r, A, e: (r > 1 + e) | ((r < 1 - e) & (A < 0)))),
    Mistake("sign_forgotten_below", "Below 1 − ε the sign of Â is forgotten.",
        of(lambda r, A, e: ((r > 1 + e) & (A > 0)) | (r < 1 - e))),
    Mistake("positive_only", "Only one sign of Â is looked at, at both edges.",
        of(lambda r, A, e: outside(r, e) & (A > 0)), of(lambda r, A, e: outside(r, e) & (A < 0))),
    Mistake("never", "Nothing is ever stopped here. Can r lie above and below at once? The two cases are "
        "joined by or.",
        of(lambda r, A, e: np.zeros_like(r))),
    Mistake("always", "Everything is stopped here.", of(lambda r, A, e: np.ones_like(r))),
    Mistake("centred_at_zero", "The interval lies around 0. It is [1 − ε, 1 + ε].",
        of(lambda r, A, e: ((r > e) & (A > 0)) | ((r < 1 - e) & (A < 0)))),
    Mistake("ratio_ignored", "Only the sign of Â is looked at.", of(lambda r, A, e: A > 0),
        of(lambda r, A, e: A < 0)),
    Mistake("clip_ignored", "ε is not used: a little beyond 1 nothing is clipped yet.",
        of(lambda r, A, e: ((r > 1) & (A > 0)) | ((r < 1) & (A < 0)))),
    Mistake("counted", "The samples are counted. Each has its own answer, [N].",
        of(lambda r, A, e: clip_stops_gradient(r, A, e).mean()),
        of(lambda r, A, e: clip_stops_gradient(r, A, e).sum()),
        of(lambda r, A, e: clip_stops_gradient(r, A, e).any())),
    Mistake("positions", "The positions are listed. One truth value for each sample is asked, [N].",
        of(lambda r, A, e: np.flatnonzero(clip_stops_gradient(r, A, e)))),
    Mistake("gradient_returned", "This is the slope. Where it is 0 is asked: truth values.",
        of(lambda r, A, e: np.where(clip_stops_gradient(r, A, e), 0, A))),
    Mistake("objective_returned", "This is the objective. Where its slope is 0 is asked: truth values.",
        of(lambda r, A, e: np.minimum(r * A, np.clip(r, 1 - e, 1 + e) * A))),
    Mistake("width_wrong", "The edges are not 1 − ε and 1 + ε.",
        *(of(lambda r, A, e, k=k: clip_stops_gradient(r, A, k * e)) for k in (0.5, 2.0, 1.5)),
        of(lambda r, A, e: clip_stops_gradient(r, A, e**2)),
        of(lambda r, A, e: clip_stops_gradient(r, A, 0.2))),
    Mistake("product_compared", "r Â is compared with the edges. The ratio alone is.",
        of(lambda r, A, e: outside(r * A, e)), of(lambda r, A, e: r * A > 1 + e),
        of(lambda r, A, e: r * A < 1 - e)),
    Mistake("size_of_advantage", "The size of Â is looked at. Its sign matters.",
        of(lambda r, A, e: outside(r, e) & (np.abs(A) > 1)),
        of(lambda r, A, e: outside(r, e) & (np.abs(A) < 1))),
)  # fmt: skip

VIVA = (
    "Before the first step of a batch every r is 1. Where does your function say true, and what follows?",
    "The clip fraction that PPO reports counts |r − 1| > ε. Which of those samples still have a slope?",
    "A sample is stopped at r = 1.3 and is at r = 1.6 ten steps later. Who moved it?",
)

EXERCISE = Exercise(
    clip_stops_gradient,
    draw,
    points=2,
    minutes=10,
    stars=2,
    mistakes=MISTAKES,
    pure=True,
    truth=True,
    viva=VIVA,
)
