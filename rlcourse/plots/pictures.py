"""Figures out of the process: shown by a notebook, written to a file, read aloud."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from rlcourse.plots.canvas import figure, kept, to_png
from rlcourse.plots.looks import STYLE


class Picture:
    """A still figure with its alternative text and named numbers: shown by a notebook, read by a script.

    Its PNG has twice the pixels of the place where it is shown, to be sharp on a fine screen or a wall.
    """

    def __init__(self, fig: Figure, alt: str = "", numbers: Mapping[str, float] | None = None):
        self.figure, self.alt, self.numbers = fig, alt, dict(numbers or {})
        self.width, self.height = map(round, fig.get_size_inches() * fig.dpi)
        self.png = sharp_png(fig)

    def _repr_mimebundle_(self, include=None, exclude=None):
        lines = [f"{name} = {shown(value)}" for name, value in self.numbers.items()]
        bundle = {
            "image/png": base64.b64encode(self.png).decode(),
            "text/plain": "\n".join([self.alt or "figure", *lines]),
        }
        return bundle, {"image/png": {"alt": self.alt, "width": self.width, "height": self.height}}


def sharp_png(fig: Figure, times: int = 2) -> bytes:
    """fig as a PNG of so many times its pixels; fig stays as it is."""
    dpi, memory = fig.dpi, kept(fig)
    try:
        fig.set_dpi(times * dpi)
        memory.background = None  # pixels of another size
        return to_png(fig)
    finally:
        fig.set_dpi(dpi)
        memory.background = None


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
