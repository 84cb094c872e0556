"""Frames made ahead: a lab with few positions draws them while its reader's hand rests.

The page keeps them and shows the right one by itself when a control moves (page.js), without waiting for the
kernel; the kernel then only learns of the new value, and draws the picture sharp when the hand rests again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, NamedTuple

from rlcourse.widgets import display
from rlcourse.widgets.controls import Control

FEW = 101  # positions, of all controls together: one slider of a hundred steps


class Frame(NamedTuple):
    """The picture at one position, and the numbers beside it."""

    png: bytes
    numbers: dict[str, object]


class Frames:
    """The frames of a lab that exist already, by the positions of its controls."""

    def __init__(self, controls: Mapping[str, Control]):
        self.controls = dict(controls)
        self.made: dict[tuple[int, ...], Frame] = {}
        self.place = display.ipywidgets.HTML(layout={"display": "none"})  # one frame passes through at a time
        self.place.add_class("rlcourse-frames")
        self._cells = _cells_run()

    @staticmethod
    def suit(controls: Mapping[str, Control]) -> bool:
        """Whether a lab with these controls has few positions."""
        return math.prod(control.count for control in controls.values()) <= FEW

    def position(self, widgets: Mapping[str, Any]) -> tuple[int, ...] | None:
        """Where the controls stand, counted in steps; None between two steps."""
        found = tuple(self.controls[name].position(widget.value) for name, widget in widgets.items())
        return None if None in found else found

    def find(self, position: tuple[int, ...] | None) -> Frame | None:
        """The frame at this position, if there is one. A cell that ran may have changed what draw uses."""
        if self._cells != _cells_run():
            self.forget()
        return self.made.get(position)

    def missing(self, near: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        """Positions without a frame, the nearest ones first."""

        def distance(position: tuple[int, ...]) -> int:
            return sum(abs(a - b) for a, b in zip(position, near, strict=True))

        everywhere = product(*(range(control.count) for control in self.controls.values()))
        yield from (one for one in sorted(everywhere, key=distance) if one not in self.made)

    def values(self, position: tuple[int, ...], start: Mapping[str, Any]) -> dict[str, Any]:
        """What draw receives at this position."""
        return {
            name: control.read(control.value_at(place), start[name])
            for (name, control), place in zip(self.controls.items(), position, strict=True)
        }

    def keep(self, position: tuple[int, ...], frame: Frame, view: str) -> None:
        """Remember a frame, and hand it to the page as `view`."""
        self.made[position] = frame
        self.place.value = f'<template data-frame="{key(position)}">{view}</template>'

    def rest(self) -> None:
        """Nothing of a frame stays in the saved page."""
        self.place.value = ""

    def forget(self) -> None:
        """Forget all frames, here and on the page."""
        if self.made:
            self.made.clear()
            self.place.value = '<template data-frame=""></template>'
        self._cells = _cells_run()


def key(position: tuple[int, ...] | None) -> str:
    """A position as the page writes it."""
    return "" if position is None else ",".join(map(str, position))


def _cells_run() -> int:
    """How many cells the notebook has run."""
    try:
        from IPython import get_ipython

        return get_ipython().execution_count
    except (ImportError, AttributeError):
        return 0
