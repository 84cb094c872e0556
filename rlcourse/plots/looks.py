"""One style for every figure: colour-blind-safe, readable at the back of a hall.

A colour means the same thing everywhere and is doubled by a line style: black truth, orange DDPG, blue TD3,
green TRPO, vermilion PPO. An algorithm's look stands in its own record (`look`), not here.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import matplotlib
import numpy as np
from matplotlib.colors import to_hex, to_rgb

from rlcourse import algorithms

# Okabe and Ito's palette: distinct for all common kinds of colour vision; in grey, the line styles tell
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE, GREY = "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#6E6E6E"
DASHES, DOTS, DASH_DOT, LONG = (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)), (0, (9, 3))
SHORT, SPARSE = (0, (3, 1.2)), (0, (1.5, 3.5))
DASH_DOT_DOT, LONG_SHORT = (0, (6, 2, 1.5, 1.5, 1.5, 2)), (0, (9, 2, 3, 2))
# What the records of algorithms call them; any other word is matplotlib's own name of a colour or a line.
COLOURS = {
    "black": BLACK, "orange": ORANGE, "sky": SKY, "green": GREEN, "yellow": YELLOW, "blue": BLUE,
    "vermilion": VERMILION, "purple": PURPLE, "grey": GREY,
}  # fmt: skip
LINES = {
    "solid": "-", "dashes": DASHES, "dots": DOTS, "dash-dot": DASH_DOT, "long dashes": LONG,
    "short dashes": SHORT, "sparse dots": SPARSE, "dash-dot-dot": DASH_DOT_DOT, "long-short": LONG_SHORT,
}  # fmt: skip

LOOKS = {"truth": (BLACK, "-")}  # first words of a label that mean something and are no algorithm
OTHERS = [(PURPLE, "-"), (SKY, "-"), (GREY, DASHES), (GREEN, DOTS), (ORANGE, DASH_DOT), (VERMILION, DOTS)]
# Further runs of one algorithm keep its colour and change the line.
VARIANTS = ["-", DASHES, DOTS, DASH_DOT, LONG]

STYLE = {
    "font.size": 13,
    "axes.titlesize": 15,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titley": 1.0,  # where matplotlib would place it, once redrawn, is outside the picture
    "axes.labelsize": 13,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "xtick.labelsize": 12,
    "ytick.labelsize": 12,
    "legend.fontsize": 12,
    "legend.frameon": False,
    "lines.linewidth": 2.2,
    "figure.dpi": 100,
    "savefig.dpi": 150,
    "axes.prop_cycle": matplotlib.cycler(
        color=[BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY],
        linestyle=["-", DASHES, DASH_DOT, LONG, DOTS, DASHES],
    ),
}

CONTRAST = 4.5  # of text with its ground, as WCAG 2.2 asks (criterion 1.4.3)


@lru_cache
def ink(colour: Any) -> str:
    """The colour for text: as it is where it can be read on white, else as much darker as it must be."""
    rgb = np.asarray(to_rgb(colour))
    while 1.05 / (_luminance(rgb) + 0.05) < CONTRAST:
        rgb = 0.97 * rgb
    return to_hex(rgb)


def _luminance(rgb: np.ndarray) -> float:
    """L = 0.2126 R + 0.7152 G + 0.0722 B of the linear parts of an sRGB colour (WCAG 2.2)."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def use() -> None:
    """Set the course's style for this process, as the first cell of a notebook does."""
    matplotlib.rcParams.update(STYLE)


@contextmanager
def in_style() -> Iterator[None]:
    """The course's style for a while. Where `use` has set it, as on each page, this costs nothing."""
    if all(matplotlib.rcParams[name] == value for name, value in STYLE.items()):
        yield
    else:
        with matplotlib.rc_context(STYLE):
            yield


def style(label: str, variant: int = 0) -> dict[str, Any]:
    """Colour and line style of a label: `style("TD3 tau=0.1", 1)` is TD3's blue with the next line style."""
    look = _look(_first_word(label))
    if look is None:
        colour, line = OTHERS[variant % len(OTHERS)]
        return {"color": colour, "linestyle": line}
    colour, line = look
    lines = [line] + [other for other in VARIANTS if other != line]
    return {"color": colour, "linestyle": lines[variant % len(lines)]}


def _first_word(label: str) -> str:
    return label.split()[0].split("(")[0].rstrip(",:") if label.split() else ""


@lru_cache(maxsize=1000)
def _look(word: str) -> tuple[str, Any] | None:
    """(colour, line) of a word that means something: of LOOKS, or the name of an algorithm with a file.

    Only that file is imported, and only when its curve is drawn: a page without trainers needs no torch.
    """
    if word in LOOKS:
        return LOOKS[word]
    if word.lower() not in {file.name for file in pkgutil.iter_modules(algorithms.__path__)}:
        return None
    record = getattr(importlib.import_module(f"{algorithms.__name__}.{word.lower()}"), word, None)
    if not hasattr(record, "look"):
        return None
    colour, line = record.look
    return COLOURS.get(colour, colour), LINES.get(line, line)


def styles(labels: Iterable[str]) -> list[dict[str, Any]]:
    """One look per label, no two alike: labels of one algorithm share its colour and differ in the line."""
    seen: dict[str, int] = {}
    looks = []
    for label in labels:
        word = _first_word(label)
        family = word if _look(word) is not None else "other"
        looks.append(style(label, seen.get(family, 0)))
        seen[family] = seen.get(family, 0) + 1
    return looks
