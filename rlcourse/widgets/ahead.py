"""Frames made ahead: a lab draws where its reader may go next while the reader's hand rests.

The page keeps them, and what it was shown, and shows the right one by itself when a control moves (page.js),
without waiting for the kernel; the kernel then only learns of the new value, and draws the picture sharp when
the hand rests again. A lab with few positions draws all of them, another those a few steps away along each
control.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any, NamedTuple

from rlcourse.widgets import display
from rlcourse.widgets.controls import Control

FEW = 101  # positions, of all controls together: one slider of a hundred steps
REACH = 12  # steps of one control, where there are more positions than that
MOST = 300  # frames that a page keeps: about ten megabytes


Position = tuple[float, ...]  # where the controls stand, counted in steps of a key


class Frame(NamedTuple):
    """The picture at one position, and the numbers beside it."""

    png: bytes
    numbers: dict[str, object]


class Frames:
    """The frames of a lab that exist already, by the positions of its controls."""

    def __init__(self, controls: Mapping[str, Control]):
        self.controls = dict(controls)
        self.whole = math.prod(control.count for control in controls.values()) <= FEW
        self.made: dict[Position, Frame] = {}
        self.place = display.ipywidgets.HTML(layout={"display": "none"})  # one frame passes through at a time
        self.place.add_class("rlcourse-frames")
        # A page that is opened anew has none of them: it presses this.
        self.anew = display.ipywidgets.Button(layout={"display": "none"})
        self.anew.add_class("rlcourse-anew")
        self.anew.on_click(lambda _: self.forget())
        self._cells, self._cleared = _cells_run(), 0

    def position(self, settings: Mapping[str, Any]) -> Position | None:
        """Where the controls stand; None where one of them is nowhere that the page can tell."""
        found = tuple(self.controls[name].position(value) for name, value in settings.items())
        return None if None in found else found

    def find(self, position: Position | None) -> Frame | None:
        """The frame at this position, if there is one. A cell that ran may have changed what draw uses."""
        if self._cells != _cells_run():
            self.forget()
        return self.made.get(position)

    def missing(self, near: Position, moved: int = 0) -> Iterator[Position]:
        """Positions without a frame: along the control that moved last, then others, the nearest first."""

        def distance(position: Position) -> tuple[bool, int]:
            steps = [abs(a - b) for a, b in zip(position, near, strict=True)]
            return sum(steps) != steps[moved], sum(steps)

        yield from (one for one in sorted(self._within_reach(near), key=distance) if one not in self.made)

    def _within_reach(self, near: Position) -> Iterable[Position]:
        counts = [control.count for control in self.controls.values()]
        if self.whole:
            return product(*map(range, counts))
        return {
            (*near[:axis], place, *near[axis + 1 :])
            for axis, count in enumerate(counts)
            for place in range(max(0, round(near[axis]) - REACH), min(count, round(near[axis]) + REACH + 1))
        }

    def values(self, position: Position, start: Mapping[str, Any]) -> dict[str, Any]:
        """What draw receives at this position."""
        return {
            name: control.read(control.value_at(place), start[name])
            for (name, control), place in zip(self.controls.items(), position, strict=True)
        }

    def keep(self, position: Position, frame: Frame, view: str) -> None:
        """Remember a frame, and hand it to the page as `view`."""
        self.note(position, frame)
        self.place.value = f'<template data-frame="{key(position)}">{view}</template>'

    def note(self, position: Position | None, frame: Frame) -> None:
        """Remember a frame that the page has, or gets."""
        if len(self.made) >= MOST:
            self.forget()
        if position is not None:
            self.made[position] = frame

    def rest(self) -> None:
        """Nothing of a frame stays in the saved page."""
        self.place.value = ""

    def forget(self) -> None:
        """Forget all frames, here and on the page."""
        if self.made:
            self.made.clear()
            self._cleared += 1  # no two such messages are equal: an equal one would not be sent
            self.place.value = f'<template data-frame="" data-n="{self._cleared}"></template>'
        self._cells = _cells_run()


def key(position: Position | None) -> str:
    """A position as the page writes it."""
    return "" if position is None else ",".join(f"{place:g}" for place in position)


def _cells_run() -> int:
    """How many cells the notebook has run."""
    try:
        from IPython import get_ipython

        return get_ipython().execution_count
    except (ImportError, AttributeError):
        return 0
