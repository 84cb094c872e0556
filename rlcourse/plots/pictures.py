"""Figures out of the process: shown by a notebook, written to a file, read aloud."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from rlcourse.plots.canvas import figure, to_png
from rlcourse.plots.looks import STYLE


class Picture:
    """A still figure with its alternative text and named numbers: shown by a notebook, read by a script.

    Its PNG has twice the pixels of the place where it is shown, to be sharp on a fine screen or a wall.
    """

    def __init__(self, fig: Figure, alt: str = "", numbers: Mapping[str, float] | None = None):
        self.figure, self.alt, self.numbers = fig, alt, dict(numbers or {})
        self.width, self.height = map(round, fig.get_size_inches() * fig.dpi)
        self.png = to_png(fig, 2)

    def _repr_mimebundle_(self, include=None, exclude=None):
        lines = [f"{name} = {shown(value)}" for name, value in self.numbers.items()]
        bundle = {
            "image/png": base64.b64encode(self.png).decode(),
            "text/plain": "\n".join([self.alt or "figure", *lines]),
        }
        return bundle, {"image/png": {"alt": self.alt, "width": self.width, "height": self.height}}


def show(fig: Figure, alt: str = "") -> Picture:
    """The last line of a cell that drew on `figure()`: shows it, with alt as its text for screen readers."""
    return Picture(fig, alt)


def picture(
    draw: Callable[..., Mapping[str, float] | None],
    alt: str = "",
    size: tuple[float, float] = (8.0, 4.2),
    **values,
) -> Picture:
    """The still of a lab: draw(fig, **values) once, at draw's own defaults where no value is given."""
    fig = figure(*size)
    with matplotlib.rc_context(STYLE):
        numbers = draw(fig, **values)
        return Picture(fig, alt or title_of(fig), numbers)


def title_of(fig: Figure) -> str:
    """The titles of fig's axes, as its alternative text."""
    titles = [ax.get_title(loc) for ax in fig.axes for loc in ("left", "center", "right")]
    return "; ".join(title for title in titles if title)


def shown(value: float | str) -> str:
    """A number as a reader wants it: four significant digits, integers whole, text unchanged."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    value = float(value)
    if value == int(value) and abs(value) < 1e6 if math.isfinite(value) else False:
        return str(int(value)).replace("-", "−")
    return f"{value:.4g}".replace("-", "−")


def alike(values: Sequence[float], scale: float | None = None) -> list[str]:
    """Numbers that are read beside each other, with equally many decimals: 84, 4.1, 0.84; whole ones whole.

    scale: the size that decides how many, default their largest: none from above 10 on, one from above 1 on.
    """
    largest = max((abs(float(value)) for value in values), default=0.0) if scale is None else scale
    known = math.isfinite(largest) and largest > 0
    decimals = min(4, max(0, 2 - math.ceil(math.log10(largest)))) if known else 0
    rounded = [round(float(value), decimals) + 0.0 for value in values]
    if all(value.is_integer() for value in rounded):
        decimals = 0
    return [f"{value:.{decimals}f}".replace("-", "−") for value in rounded]


def save_png(fig: Figure, path: str | Path, title: str, made_by: str, **metadata: str) -> Path:
    """Write fig to path; the PNG carries its title and the command that makes it as text (Title, Source)."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    fig.savefig(
        path,
        dpi=STYLE["savefig.dpi"],
        metadata={"Title": title, "Source": made_by, "Software": "rlcourse", **metadata},
    )
    return path
