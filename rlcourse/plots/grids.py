"""A grid world at a glance: what each cell is worth, where the policy goes, how much time it spends where."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm

from rlcourse.plots.looks import BLACK, GREY, ORANGE

DIRECTIONS = ((0, -1), (1, 0), (0, 1), (-1, 0))  # north, east, south, west: right, down
LARGEST = 1700.0  # the area, in points², of the dot of a cell in which all time is spent


def grid(
    ax: Axes,
    shape: tuple[int, int],
    values: np.ndarray | None = None,
    policy: np.ndarray | None = None,
    visits: np.ndarray | None = None,
    names: Mapping[int, str] | None = None,
    limits: tuple[float, float] | None = None,
) -> None:
    """Cells row by row from the top, state = columns · row + column, drawn on ax.

    values [S]: the colour of a cell, blue above 0, red below, and its number; limits: the values of the
    strongest red and blue (default: the largest absolute value). policy [S, 4]: arrows north, east, south,
    west, as long as π(a|s). visits [S]: an orange dot, its area in proportion to the share. names: letters in
    the corner of a cell. Raises ValueError where something does not fit the shape.
    """
    rows, columns = shape
    for name, array, wanted in (
        ("values", values, (rows * columns,)), ("policy", policy, (rows * columns, 4)),
        ("visits", visits, (rows * columns,)),
    ):  # fmt: skip
        if array is not None and np.shape(array) != wanted:
            raise ValueError(f"{name} has shape {np.shape(array)}; a grid of {shape} asks for {wanted}")
    x, y = np.tile(np.arange(columns), rows), np.repeat(np.arange(rows), columns)
    ax.set(xlim=(-0.52, columns - 0.48), ylim=(rows - 0.48, -0.52), aspect="equal")
    ax.axis("off")
    if values is not None:
        top = max(float(np.abs(values).max()), 1e-9)
        low, high = limits or (-top, top)
        norm = TwoSlopeNorm(0, min(low, -1e-9), max(high, 1e-9))
        ax.imshow(np.reshape(values, shape), cmap="RdBu", norm=norm, alpha=0.65, zorder=0)
        for at, value in enumerate(values):
            text = f"{value:.1f}".replace("-0.0", "0.0").replace("-", "−")
            ax.text(x[at] + 0.46, y[at] + 0.43, text, ha="right", va="bottom", fontsize=10.5, zorder=4)
    edges = {"color": GREY, "linewidth": 0.8, "linestyle": "-", "zorder": 1}
    for row in range(rows + 1):
        ax.plot([-0.5, columns - 0.5], [row - 0.5] * 2, **edges)
    for column in range(columns + 1):
        ax.plot([column - 0.5] * 2, [-0.5, rows - 0.5], **edges)
    if visits is not None:
        area = LARGEST * np.maximum(visits, 0)
        ax.scatter(x, y, s=area, color=ORANGE, edgecolors=BLACK, linewidths=0.5, zorder=2)
    if policy is not None:
        for action, (right, down) in enumerate(DIRECTIONS):
            takes = policy[:, action] > 1e-3
            long = 0.18 + 0.22 * policy[takes, action]
            ax.quiver(
                x[takes], y[takes], right * long, down * long, color=BLACK, angles="xy", scale_units="xy",
                scale=1, width=0.007, headwidth=3.5, headlength=3.5, headaxislength=3.5, zorder=3,
            )  # fmt: skip
    for at, name in (names or {}).items():
        ax.text(
            x[at] - 0.45, y[at] - 0.42, name, ha="left", va="top", fontsize=11, fontweight="bold", zorder=4
        )
