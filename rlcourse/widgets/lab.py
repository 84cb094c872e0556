"""A lab: a figure that is drawn again while a slider moves, and its numbers beside it."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any

from rlcourse import plots
from rlcourse.widgets import ahead, display, frames
from rlcourse.widgets.controls import Control, row, rows
from rlcourse.widgets.kept import Kept, checked

PAUSE = 0.05  # seconds after a move until frames are drawn ahead: a hand that drags makes none
REST = 0.3  # seconds after the last move until the picture is made sharp
SPELL = 2.0  # seconds of drawing ahead at a rest, where not all positions are drawn


class Lab:
    """A figure under sliders, as `explore` makes it. Without a page too: set(…), values, numbers, error."""

    def __init__(
        self, draw: Callable, controls: Mapping[str, Control], alt: str, size: tuple[float, float],
        settings: Mapping[str, Mapping[str, Any]] | None = None,
    ):  # fmt: skip
        defaults = {
            p.name: p.default for p in signature(draw).parameters.values() if p.default is not p.empty
        }
        self.draw, self.controls, self.alt, self.size = draw, dict(controls), alt, size
        self.start = {
            name: defaults.get(name) if control.value is None else control.value
            for name, control in self.controls.items()
        }
        declared = {name: self.start | values for name, values in checked(settings, controls).items()}
        self.kept = Kept(declared, lambda: self.values, self._go, self.sharpen)
        self.numbers: dict[str, object] = {}
        self.error: BaseException | None = None
        self.pictures = 0
        self.png = b""
        self._quiet, self._moves, self._axis = False, 0, 0
        self._at = ""  # the position of the picture that was sent last; "" between two steps
        self._timers: list[threading.Timer] = []
        self._frames: ahead.Frames | None = None
        self._drawn: tuple[dict[str, object], dict[str, object]] | None = None  # the figure's values, numbers
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
        # Picture and numbers are one widget: one message a move, one layout of the page.
        self._view = ipywidgets.HTML()
        self._view.add_class("rlcourse-view")
        self._error = ipywidgets.HTML()
        button = ipywidgets.Button(description="Reset", tooltip="all controls back to their start values")
        button.on_click(lambda _: self._go(self.start))
        button.add_class("rlcourse-do-reset")
        for widget in self._inputs.values():
            widget.observe(self._moved, names="value")
        lines = rows([row(self.controls[name], widget) for name, widget in self._inputs.items()])
        below = ipywidgets.HBox([button, *self.kept.build(), display.tools(), self._error])
        below.add_class("rlcourse-buttons")
        self._frames = ahead.Frames(self.controls)
        hidden = [self._frames.place, self._frames.anew]
        self._root = display.panel("lab", [lines, below, self._view, *hidden])

    def _go(self, values: Mapping[str, Any]) -> None:
        """To these values, as a reader goes there: the picture becomes sharp."""
        self.set(**values)
        self._sharpen_at_rest()

    def keep(self, name: str | None = None) -> str:
        """Keep the present values under a name (the next of A, B, …) for a return to them; says which."""
        return self.kept.keep(name)

    @property
    def values(self) -> dict[str, object]:
        """The controls' values now, as draw receives them."""
        return self._place()[0]

    def _place(self) -> tuple[dict[str, object], ahead.Position | None]:
        """The values, and where they stand in steps: both of one moment, as a hand may move meanwhile."""
        if self._root is None:
            return dict(self._values), None
        settings = {name: widget.value for name, widget in self._inputs.items()}
        values = {name: self.controls[name].read(value, self.start[name]) for name, value in settings.items()}
        return values, self._frames.position(settings)

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
            self._moves += 1
            self.kept.moved()
        self.redraw()
        return self

    def reset(self) -> Lab:
        """All controls back to their start values."""
        return self.set(**self.start)

    def _moved(self, change: Any) -> None:
        # The page holds further moves back until this one is answered, then sends the latest value: no queue.
        if not self._quiet:
            self._moves += 1
            self._axis = list(self._inputs.values()).index(change.owner)
            self.kept.moved()
            if not self._shown_by_the_page():
                self.redraw()
            self._sharpen_at_rest()

    def _shown_by_the_page(self) -> bool:
        """Whether the page has the frame of this position, and so needs no answer until the hand rests."""
        frame = self._frames.find(self._place()[1]) if self._frames else None
        if frame is None or not self._at or self._error.value:
            return False
        self.png, self.numbers = frame
        self.pictures += 1
        return True

    def _sharpen_at_rest(self) -> None:
        """A moving picture is quick; once the reader's hand rests, it is drawn with all pixels."""
        for timer in self._timers:
            timer.cancel()
        steps = (PAUSE, self._at_pause), (REST, self._at_rest)
        self._timers = [threading.Timer(seconds, do, [self._moves]) for seconds, do in steps]
        for timer in self._timers:
            timer.daemon = True
            timer.start()

    def _at_pause(self, moves: int) -> None:
        self._draw_ahead(moves, REST - PAUSE)

    def _at_rest(self, moves: int) -> None:
        self.sharpen()
        self._draw_ahead(moves, math.inf if self._frames is not None and self._frames.whole else SPELL)

    def _draw_ahead(self, moves: int, seconds: float) -> None:
        """Draw the frames that are missing, the nearest first, until the hand moves again, or for so long."""
        if self._frames is None or self.error is not None:
            return
        frames, near, end = self._frames, self._place()[1], time.monotonic() + seconds
        frames.find(near)  # forgets what is out of date
        while near is not None:
            with display.DRAWING:
                if self._moves != moves:
                    return
                position = next(frames.missing(near, self._axis), None)  # of now: some may be forgotten
                if position is None or time.monotonic() > end:
                    break
                values = frames.values(position, self.start)
                try:
                    numbers, png = self._draw(values)
                except Exception:  # a reader who moves there is told
                    self._begin_anew()
                    return
                view = self._view_html(png, numbers, values, ahead.key(position))
                frames.keep(position, ahead.Frame(png, numbers), view)
        frames.rest()

    def sharpen(self) -> bytes:
        """The picture as it is now, with all pixels of a large screen, shown and as a PNG."""
        if self.error is not None:
            return self.png
        with display.DRAWING:  # shown within: a newer picture comes after it
            values, position = self._place()
            if self._drawn is None or self._drawn[0] != values:
                self._draw(values)
            self.png, self.numbers = plots.to_png(self.figure, display.SHARP), self._drawn[1]
            self._show(self.png, values, self.numbers, position)
        return self.png

    def _show(
        self, png: bytes, values: dict[str, object], numbers: Mapping[str, object],
        position: ahead.Position | None,
    ) -> None:  # fmt: skip
        """A picture, and the numbers that belong to it: none where the values beside them are others."""
        if self._root is not None and png:
            self._at = ahead.key(position)
            self._view.value = self._view_html(png, numbers, values, self._at)

    def _view_html(
        self, png: bytes, numbers: Mapping[str, object], values: dict[str, object], at: str
    ) -> str:
        beside = display.numbers_html(numbers) + self._code_html(values)
        return display.view_html(png, self.size, self.words(), beside, at)

    def _code_html(self, values: dict[str, object]) -> str:
        """What a reader copies: the call that brings this lab, or a still of it, to these values."""
        mine = display.name_of(self)
        call = f"{mine}.set(" if mine else f"plots.picture({getattr(self.draw, '__name__', 'draw')}, "
        return display.code_html(call, values, self.kept.name_of(values))

    def _draw(self, values: Mapping[str, object]) -> tuple[dict[str, object], bytes]:
        """Draw at these values, whoever holds DRAWING; the numbers, and the picture."""
        self._drawn = None
        with plots.in_style():
            plots.begin(self.figure)
            numbers = self.draw(self.figure, **values) or {}
            if not isinstance(numbers, Mapping):
                raise TypeError(
                    f"draw returned {type(numbers).__name__}; return a dict of named numbers, or nothing"
                )
            png = plots.to_png(self.figure)
            if self._laid_out and not plots.labels_fit(self.figure):  # as ticks have become wider
                self.figure.set_layout_engine("constrained")
                png = plots.to_png(self.figure)
        # The layout of the first picture is kept as long as it can be: the page never jumps, and it is fast.
        self.figure.set_layout_engine("none")
        self._laid_out = True
        self._drawn = dict(values), dict(numbers)
        return dict(numbers), png

    def _begin_anew(self) -> None:
        self.figure, self._laid_out, self._drawn = plots.figure(*self.size), False, None

    def redraw(self) -> None:
        """Draw at the present values. What draw raises is shown in the panel; the last good picture stays."""
        values, position = self._place()
        try:
            with display.DRAWING:
                numbers, self.png = self._draw(values)
        except Exception as error:  # a lab in front of a hall survives its own mistakes
            self.error = error
            self._begin_anew()
            if self._root is not None:
                self._error.value = display.error_html(error, self._after_an_error(error))
                self._show(self.png, values, {}, None)
            return
        self.error, self.numbers = None, numbers
        self.pictures += 1
        if self._root is not None:
            if self._error.value:
                self._error.value = ""
            self._frames.note(position, ahead.Frame(self.png, numbers))
            self._show(self.png, values, numbers, position)

    def _after_an_error(self, error: BaseException) -> str:
        if isinstance(error, NameError):
            return "Have all cells above run? (Run → Run All Above Selected Cell, then this cell.)"
        return "The picture below is the last good one." if self.png else ""

    def words(self) -> str:
        """What the picture shows, for those who do not see it."""
        return self.alt or plots.title_of(self.figure)

    def _ipython_display_(self) -> None:
        still = frames.lab_html(self) if os.environ.get(display.SITE) else ""
        display.publish(self._root, self.sharpen() or None, self.size, self.words(), still=still)


def explore(
    draw: Callable, alt: str = "", size: tuple[float, float] = (8.0, 4.2),
    settings: Mapping[str, Mapping[str, Any]] | None = None, **controls: Control,
) -> Lab:  # fmt: skip
    """A lab: draw(fig, **values) again for each move of a control, its returned numbers beside the figure.

    controls: one Slider, Choice or Switch per argument of draw; a control without a value starts at draw's
    default. draw gets the figure first, begins with `ax = plots.axes(fig)`, and returns a dict of named
    numbers (or nothing). It is also called, by a thread, for values to which the reader may go next: equal
    values should draw equal pictures. settings: values to which a reader can go by name,
    {"tight": {"gap": 0.1}}; readers keep their own as A, B, …. Raises ValueError for a control that draw does
    not take or whose start value is outside its range.
    """
    parameters = signature(draw).parameters
    if not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        for name in controls:
            if name not in parameters:
                raise ValueError(
                    f"draw takes no argument {name!r}; it takes {', '.join(list(parameters)[1:])}"
                )
    return Lab(draw, controls, alt, size, settings)
