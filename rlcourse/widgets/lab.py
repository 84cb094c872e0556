"""A lab: a figure that is drawn again while a slider moves, and its numbers beside it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any

import matplotlib

from rlcourse import plots
from rlcourse.widgets import display
from rlcourse.widgets.controls import Control, row, rows

REST = 0.3  # seconds after the last move until the picture is made sharp


class Lab:
    """A figure under sliders, as `explore` makes it. Without a page too: set(…), values, numbers, error."""

    def __init__(self, draw: Callable, controls: Mapping[str, Control], alt: str, size: tuple[float, float]):
        defaults = {
            p.name: p.default for p in signature(draw).parameters.values() if p.default is not p.empty
        }
        self.draw, self.controls, self.alt, self.size = draw, dict(controls), alt, size
        self.start = {
            name: defaults.get(name) if control.value is None else control.value
            for name, control in self.controls.items()
        }
        self.numbers: dict[str, object] = {}
        self.error: BaseException | None = None
        self.pictures = 0
        self.png = b""
        self._quiet, self._rest = False, None
        self._build()
        self.redraw()

    def _build(self) -> None:
        self.figure = plots.figure(*self.size)
        self._laid_out = False
        self._root = None
        if display.ipywidgets is None:
            self._values = dict(self.start)
            return
        self._inputs = {name: control.widget(self.start[name]) for name, control in self.controls.items()}
        ipywidgets = display.ipywidgets
        self._image = display.image(*self.size)
        self._numbers = ipywidgets.HTML()
        self._error = ipywidgets.HTML()
        button = ipywidgets.Button(description="Reset", tooltip="all controls back to their start values")
        button.on_click(lambda _: self.reset())
        for widget in self._inputs.values():
            widget.observe(self._moved, names="value")
        lines = rows([row(self.controls[name], widget) for name, widget in self._inputs.items()])
        below = ipywidgets.HBox([button, display.tools(), self._error])
        below.add_class("rlcourse-buttons")
        body = display.body(self._image, self._numbers)
        self._root = display.panel("lab", [lines, below, body])

    @property
    def values(self) -> dict[str, object]:
        """The controls' values now, as draw receives them."""
        if self._root is None:
            return dict(self._values)
        return {
            name: self.controls[name].read(widget.value, self.start[name])
            for name, widget in self._inputs.items()
        }

    def set(self, **values: Any) -> Lab:
        """Move controls as a reader would, then draw once: `lab.set(gap=2.0).numbers`."""
        unknown = set(values) - set(self.controls)
        if unknown:
            raise ValueError(
                f"no control named {', '.join(sorted(unknown))}; this lab has {', '.join(self.controls)}"
            )
        if self._root is None:
            self._values.update(values)
        else:
            self._quiet = True
            try:
                for name, value in values.items():
                    self._inputs[name].value = value
            finally:
                self._quiet = False
        self.redraw()
        return self

    def reset(self) -> Lab:
        """All controls back to their start values."""
        return self.set(**self.start)

    def _moved(self, _: Any) -> None:
        # The page holds further moves back until this one is answered, then sends the latest value: no queue.
        if not self._quiet:
            self.redraw()
            self._sharpen_at_rest()

    def _sharpen_at_rest(self) -> None:
        """A moving picture is quick; once the reader's hand rests, it is drawn with all pixels."""
        if self._rest is not None:
            self._rest.cancel()
        self._rest = threading.Timer(REST, self.sharpen)
        self._rest.daemon = True
        self._rest.start()

    def sharpen(self) -> None:
        """The present picture with all pixels of a large screen, unless a newer one is on its way."""
        if self._root is None or self.error is not None:
            return
        with display.DRAWING:
            before = self.pictures
            png = plots.to_png(self.figure, display.SHARP)
        if self.pictures == before:
            self._image.value = png

    def redraw(self) -> None:
        """Draw at the present values. What draw raises is shown in the panel; the last good picture stays."""
        try:
            with display.DRAWING, matplotlib.rc_context(plots.STYLE):
                plots.begin(self.figure)
                numbers = self.draw(self.figure, **self.values) or {}
                if not isinstance(numbers, Mapping):
                    raise TypeError(
                        f"draw returned {type(numbers).__name__}; return a dict of named numbers, or nothing"
                    )
                self.png = plots.to_png(self.figure)
            if not self._laid_out:
                # The layout of the first picture is kept: the page never jumps, and it is fast.
                self.figure.set_layout_engine("none")
                self._laid_out = True
        except Exception as error:  # a lab in front of a hall survives its own mistakes
            self.error = error
            self.figure = plots.figure(*self.size)
            self._laid_out = False
            if self._root is not None:
                self._error.value = display.error_html(error, "The picture below is the last good one.")
                self._numbers.value = ""  # they would belong to other values than the sliders show
            return
        self.error, self.numbers = None, dict(numbers)
        self.pictures += 1
        if self._root is not None:
            if self._error.value:
                self._error.value = ""
            self._image.value = self.png
            self._numbers.value = (
                display.alt_html(self._words())
                + display.numbers_html(self.numbers)
                + display.code_html("lab", self.values)
            )

    def _words(self) -> str:
        return self.alt or plots.title_of(self.figure)

    def _ipython_display_(self) -> None:
        png = self.png or None
        if self.error is None:
            with display.DRAWING:
                png = plots.to_png(self.figure, display.SHARP)
        self.sharpen()
        display.publish(self._root, png, self.size, self._words())


def explore(
    draw: Callable, alt: str = "", size: tuple[float, float] = (8.0, 4.2), **controls: Control
) -> Lab:
    """A lab: draw(fig, **values) again for each move of a control, its returned numbers beside the figure.

    controls: one Slider, Choice or Switch per argument of draw; a control without a value starts at draw's
    default. draw gets the figure first, begins with `ax = plots.axes(fig)`, and returns a dict of named
    numbers (or nothing). Raises ValueError for a control that draw does not take or whose start value is
    outside its range.
    """
    parameters = signature(draw).parameters
    if not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        for name in controls:
            if name not in parameters:
                raise ValueError(
                    f"draw takes no argument {name!r}; it takes {', '.join(list(parameters)[1:])}"
                )
    return Lab(draw, controls, alt, size)
