"""Learning curves as the course draws them: every seed, an interval, n, and a label at each line."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from rlcourse.plots.looks import STYLE, ink, style
from rlcourse.statistics import Interval, interval


def round_limits(*values: float | np.ndarray, parts: int = 6) -> tuple[float, float]:
    """The narrowest limits around all finite values that are multiples of a step of 1, 2 or 5 × 10ᵏ.

    At most `parts` steps lie between them. For `ax.set_ylim`: while a slider moves, the frame stands still
    until a line would leave it, so the eye can compare (and `draw` keeps the frame it has drawn).
    """
    flat = np.concatenate([np.ravel(value).astype(float) for value in values])
    flat = flat[np.isfinite(flat)]
    if not flat.size:
        raise ValueError("round_limits: no finite value among those given")
    ticks = MaxNLocator(parts, steps=(1, 2, 5, 10)).tick_values(flat.min(), flat.max())
    return float(ticks[0]), float(ticks[-1])


def learning_curve(
    ax: Axes,
    steps: np.ndarray,
    returns: np.ndarray,
    label: str,
    colour: str | None = None,
    linestyle: Any = None,
    confidence: float = 0.95,
    seeds_width: float = 0.8,
    *,
    band: bool = True,
    bounds: tuple[float | None, float | None] = (None, None),
) -> Interval:
    """All seeds thin, their mean (n < 10) or IQM (n ≥ 10) thick, its interval a band, named "label, n = …".

    steps [E] environment steps, returns [seeds, E] mean evaluation returns. One seed is drawn without a band,
    and with band=False only the thick line. bounds: what no return can leave, (None, 0) where none is above
    0; the band keeps to them. Returns the interval drawn, [E]. End the figure with `label_lines(ax)` (labels
    at the lines) or `ax.legend()`. Raises ValueError for mismatched shapes and for NaN returns (naming the
    seeds).
    """
    steps, returns = np.asarray(steps), np.atleast_2d(np.asarray(returns, dtype=float))
    if returns.ndim != 2 or returns.shape[1] != len(steps):
        raise ValueError(f"returns {returns.shape} do not fit steps {steps.shape}: give [seeds, E] and [E]")
    look = style(label)
    look = {"color": colour or look["color"], "linestyle": linestyle or look["linestyle"]}
    found = interval(returns, confidence).within(*bounds)
    if band and len(returns) > 1:
        ax.plot(
            steps,
            returns.T,
            color=look["color"],
            linewidth=seeds_width,
            linestyle="-",
            alpha=0.4,
            label="_seeds",
        )
        ax.fill_between(
            steps, found.low, found.high, color=look["color"], alpha=0.18, linewidth=0, label="_band"
        )
    ax.plot(
        steps,
        found.estimate,
        label=f"{label}, n = {found.n}",
        linewidth=STYLE["lines.linewidth"],
        zorder=3,
        **look,
    )
    ax.set_xlabel("environment steps per seed")
    ax.set_ylabel("evaluation return")
    return found


def curve_note(n: int, confidence: float = 0.95) -> str:
    """What the lines of a learning curve are: the sentence that every such figure owes its reader."""
    if n == 1:
        return "one seed: no interval"
    centre = "mean and t-interval" if n < 10 else "IQM and bootstrap interval"
    return f"thin: each seed; thick and band: {centre}, {100 * confidence:g} %"


def label_lines(
    ax: Axes, gap: float = 0.075, wrap: int = 32, *, samples: bool = False, size: float | None = None
) -> None:
    """Each line's label at its right end, in its colour's ink, pushed apart where they would touch.

    A line that leaves the frame on the right has its label where it leaves. Where there are too many, each
    has the first line of its label, in type as much smaller as it must be.

    samples: with a piece of its line before each label, for lines that share a colour. size: of the type, in
    points.
    """
    lines = [line for line in ax.lines if not line.get_label().startswith("_") and len(line.get_xdata())]
    if not lines:
        return
    size = size or STYLE["legend.fontsize"]
    gap *= size / STYLE["legend.fontsize"]
    labels = [textwrap.fill(line.get_label().replace(" = ", "\u00a0=\u00a0"), wrap) for line in lines]
    if gap * sum(label.count("\n") + 1 for label in labels) > 1 + gap:  # too many: the first line of each
        labels = [label.split("\n")[0] for label in labels]
        smaller = min(1.0, (1 + gap) / (gap * len(labels)))
        size, gap = smaller * size, smaller * gap
    ends = []
    for line in lines:
        x, y = (np.asarray(values, dtype=float) for values in line.get_data())
        last = np.flatnonzero(np.isfinite(y) & (x <= ax.get_xlim()[1]))[-1:]  # where it ends, or leaves
        point = (
            ax.transData.transform((x[last[0]], y[last[0]]))
            if len(last)
            else ax.transAxes.transform((1, 0.5))
        )
        ends.append(min(1.0, max(0.0, ax.transAxes.inverted().transform(point)[1])))
    order = np.argsort(ends, kind="stable")
    heights = [gap * (labels[i].count("\n") + 1) for i in order]
    places = [ends[i] for i in order]
    for i in range(1, len(places)):
        places[i] = max(places[i], places[i - 1] + (heights[i - 1] + heights[i]) / 2)
    top = 1.0 + gap / 2  # a line of text may be centred on the frame's edge
    for i in reversed(range(len(places))):  # shift a pile that passed the top back down, keeping the gaps
        places[i] = min(places[i], top - heights[i] / 2)
        top = places[i] - heights[i] / 2
    start = 1.075 if samples else 1.015
    for place, i in zip(places, order, strict=True):
        if samples:
            (sample,) = ax.plot([1.015, 1.06], [place, place], transform=ax.transAxes)
            sample.update_from(lines[i])
            sample.set(transform=ax.transAxes, clip_on=False, label="_sample", linewidth=2)
        ax.text(
            start, place, labels[i], color=ink(lines[i].get_color()), transform=ax.transAxes,
            va="center", ha="left", fontsize=size, fontweight="bold", linespacing=1.05,
        )  # fmt: skip
