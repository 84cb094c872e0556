"""What pleases a learnt reward, and what pleases the people it was learnt from, as a policy moves away."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from rlcourse.plots.curves import label_lines, learning_curve
from rlcourse.plots.looks import BLUE, DASHES, GREY, VERMILION
from rlcourse.statistics import Interval


def over_optimisation(
    ax: Axes, kl: np.ndarray, learnt: np.ndarray, true: np.ndarray, points: int = 60
) -> tuple[Interval, Interval]:
    """E_π[r_w] and E_π[r*] over KL(π‖π_ref) in nats: each seed thin, their centre thick with its interval.

    kl, learnt, true [seeds, E]: what was found along each seed's training. Seeds move at their own pace, so
    all are read off, between their points, where every one of them has been: at `points` values of KL. A
    grey line stands where the true reward's centre is highest. Returns the intervals of learnt and true,
    [points]. Raises ValueError where shapes differ, and where the seeds have no KL in common.
    """
    kl, learnt, true = (np.asarray(values, dtype=float) for values in (kl, learnt, true))
    if kl.ndim != 2 or not kl.shape == learnt.shape == true.shape:
        raise ValueError(f"kl {kl.shape}, learnt {learnt.shape} and true {true.shape} must all be [seeds, E]")
    grid, learnt = at_common_kl(kl, learnt, points)
    _, true = at_common_kl(kl, true, points)
    found = (
        learning_curve(ax, grid, learnt, "learnt reward", BLUE, DASHES, seeds_width=0.5),
        learning_curve(ax, grid, true, "true reward", VERMILION, "-", seeds_width=0.5),
    )
    ax.axvline(grid[found[1].estimate.argmax()], color=GREY, linewidth=1.2, linestyle=":", label="_highest")
    ax.set(xlabel="KL(π‖π_ref), nats", ylabel="mean reward", xlim=(0, grid[-1]))
    label_lines(ax, wrap=14)
    return found


def at_common_kl(kl: np.ndarray, values: np.ndarray, points: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Each seed's values at the same KLs, linear between its points: (grid [points], [seeds, points]).

    The grid goes from where the last seed begins to where the first one ends; where a seed comes back to a
    KL, its first visit counts. Raises ValueError where the seeds have no KL in common.
    """
    first, last = float(kl[:, 0].max()), float(kl.max(axis=1).min())
    if not first < last:
        raise ValueError(f"seeds have no KL in common: one begins at {first:.3g}, one ends at {last:.3g}")
    grid, rows = np.linspace(first, last, points), []
    for x, y in zip(kl, values, strict=True):
        new = np.concatenate([[True], x[1:] > np.maximum.accumulate(x)[:-1]])
        rows.append(np.interp(grid, x[new], y[new]))
    return grid, np.array(rows)
