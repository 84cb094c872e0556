"""Labs, predictions and live runs: the only module of the course that imports ipywidgets.

`explore` redraws a figure while a slider moves, `predict` asks before the next cell answers, `live` trains in the
background under buttons. Where ipywidgets or a kernel is missing, each shows its still figure and one line that says so.
"""

from __future__ import annotations

import base64
import html
import math
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import signature

import matplotlib
import numpy as np

from rlcourse import plots

try:
    import ipywidgets
except ImportError:  # the stills of the course need only matplotlib
    ipywidgets = None

NO_WIDGETS = "This page has no live kernel with ipywidgets: the figure is shown at its start values."


# Controls ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Slider:
    """A number in [min, max], named as the lecture names it: Slider("Δ", "gap", "m", 0.0, 3.0, 0.1).

    min, max and step all integers make an integer slider. log=True spaces the values evenly in log₁₀ (min > 0), a
    hundred steps from end to end. value=None starts at draw's own default.
    """

    symbol: str
    name: str
    unit: str = ""
    min: float = 0.0
    max: float = 1.0
    step: float | None = None
    value: float | None = None
    log: bool = False

    def widget(self, value):
        if not self.min < self.max or (self.log and self.min <= 0):
            raise ValueError(
                f"slider {self.symbol} ({self.name}): min {self.min}, max {self.max}; need min < max, and min > 0 for log"
            )
        if value is None or not self.min <= value <= self.max:
            raise ValueError(
                f"slider {self.symbol} ({self.name}): start value {value} outside [{self.min}, {self.max}]; "
                "give value=…, or a default to draw"
            )
        if self.log:
            low, high = math.log10(self.min), math.log10(self.max)
            return ipywidgets.FloatLogSlider(
                value, base=10, min=low, max=high, step=(high - low) / 100, readout_format=".2e"
            )
        step = (self.max - self.min) / 50 if self.step is None else self.step
        if all(isinstance(x, int | np.integer) for x in (self.min, self.max, step)) and value == int(value):
            return ipywidgets.IntSlider(int(value), min=self.min, max=self.max, step=step)
        digits = max(
            0, min(6, 1 - math.floor(math.log10(step)) if step != round(step, 9) else _decimals(step))
        )
        return ipywidgets.FloatSlider(
            value, min=self.min, max=self.max, step=step, readout_format=f".{digits}f"
        )


@dataclass(frozen=True)
class Choice:
    """One of several options: Choice("E", "estimator", ["max", "double", "clipped"])."""

    symbol: str
    name: str
    options: Sequence
    value: object = None
    unit: str = ""

    def widget(self, value):
        options = list(self.options)
        return ipywidgets.Dropdown(options=options, value=options[0] if value is None else value)


@dataclass(frozen=True)
class Switch:
    """On or off: Switch("", "target smoothing")."""

    symbol: str
    name: str
    value: bool | None = None
    unit: str = ""

    def widget(self, value):
        return ipywidgets.Checkbox(bool(value), indent=False)


def _decimals(step: float) -> int:
    return len(f"{step:.6f}".rstrip("0").split(".")[1])


def _row(control: Slider | Choice | Switch, widget, note: str = ""):
    """symbol and name | the control with its value | unit: one line of a panel, its label tied to the control."""
    label = f"{control.symbol}  {control.name}".strip()
    widget.tooltip = label
    widget.layout.width = "380px"
    unit = html.escape(f"{control.unit}{'  · ' + note if note else ''}".strip())
    row = ipywidgets.HBox(
        [
            ipywidgets.HTML(
                f'<span class="rlcourse-label">{html.escape(label)}</span>', layout={"width": "190px"}
            ),
            widget,
            ipywidgets.HTML(f'<span class="rlcourse-unit">{unit}</span>'),
        ],
        layout={"align_items": "center"},
    )
    row.add_class("rlcourse-control")
    return row


def _numbers_html(numbers: Mapping[str, object]) -> str:
    rows = "".join(
        f'<tr><td style="padding-right:1em">{html.escape(name)}</td>'
        f'<td style="text-align:right"><b data-number="{html.escape(name)}" data-value="{html.escape(str(value))}">'
        f"{html.escape(plots.shown(value))}</b></td></tr>"
        for name, value in numbers.items()
    )
    return (
        f'<table class="rlcourse-numbers" style="font-size:15px;line-height:1.6">{rows}</table>'
        if rows
        else ""
    )


def _alt_html(text: str) -> str:
    """The picture in words, for screen readers only: ipywidgets' Image has no alt (and fails with a tooltip, 8.1.9)."""
    hidden = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap"
    return f'<span role="note" class="rlcourse-alt" style="{hidden}">Picture: {html.escape(text)}</span>'


def _error_html(error: BaseException) -> str:
    """What went wrong and in which line of the reader's code, in a red box that screen readers announce."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename != __file__]
    where = f"{frames[-1].name}, line {frames[-1].lineno}: {frames[-1].line or ''}" if frames else ""
    text = html.escape(f"{type(error).__name__}: {error}")
    return (
        '<div role="alert" class="rlcourse-error" style="border-left:4px solid #D55E00;padding:4px 10px;'
        f'background:#fdf0e6;color:#000;line-height:1.5"><b>{text}</b><br><code>{html.escape(where)}</code></div>'
    )


def _publish(root, png: bytes | None, text: str, note: str = NO_WIDGETS) -> None:
    """Show root in a notebook; pages that cannot show widgets get the picture and the text instead."""
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        return
    if get_ipython() is None:
        return
    bundle = {"text/plain": f"{text}\n{note}"}
    if png is not None:
        bundle["image/png"] = base64.b64encode(png).decode()
    if root is None:
        display(bundle, raw=True)
        display({"text/plain": note}, raw=True)
    else:
        display({**bundle, **root._repr_mimebundle_(), "text/plain": bundle["text/plain"]}, raw=True)


# Labs ----------------------------------------------------------------------------------------------------------------


class Lab:
    """A figure under sliders, as `explore` makes it. Works without a page too: set(…), values, numbers, error."""

    def __init__(self, draw: Callable, controls: Mapping, alt: str, size: tuple[float, float]):
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
        self._quiet = False
        self._build()
        self.redraw()

    def _build(self) -> None:
        self.figure = plots.figure(*self.size)
        self._laid_out = False
        self._root = None
        if ipywidgets is None:
            self._values = dict(self.start)
            return
        self._inputs = {name: control.widget(self.start[name]) for name, control in self.controls.items()}
        width, height = (round(100 * inches) for inches in self.size)
        self._image = ipywidgets.Image(
            format="png",
            width=width,
            height=height,
            layout={
                "width": f"{width}px",
                "height": f"{height}px",
                "object_fit": "contain",
                "flex": "0 0 auto",
            },
        )
        self._image.add_class("rlcourse-picture")
        self._numbers = ipywidgets.HTML(layout={"margin": "12px 0 0 16px"})
        self._error = ipywidgets.HTML()
        button = ipywidgets.Button(description="Reset", tooltip="all controls back to their start values")
        button.on_click(lambda _: self.reset())
        for widget in self._inputs.values():
            widget.observe(self._moved, names="value")
        rows = [_row(self.controls[name], widget) for name, widget in self._inputs.items()]
        body = ipywidgets.HBox([self._image, self._numbers], layout={"flex_flow": "row wrap"})
        self._root = ipywidgets.VBox([*rows, ipywidgets.HBox([button]), self._error, body])
        self._root.add_class("rlcourse-lab")

    @property
    def values(self) -> dict[str, object]:
        """The controls' values now, as draw receives them."""
        if ipywidgets is None:
            return dict(self._values)
        return {name: widget.value for name, widget in self._inputs.items()}

    def set(self, **values) -> Lab:
        """Move controls as a reader would, then draw once: `lab.set(gap=2.0).numbers`."""
        unknown = set(values) - set(self.controls)
        if unknown:
            raise ValueError(
                f"no control named {', '.join(sorted(unknown))}; this lab has {', '.join(self.controls)}"
            )
        if ipywidgets is None:
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

    def _moved(self, change) -> None:
        # The page holds further moves back until this one is answered and then sends the latest value: no queue.
        if not self._quiet:
            self.redraw()

    def redraw(self) -> None:
        """Draw at the present values. What draw raises is shown in the panel; the last good picture stays."""
        try:
            if not hasattr(
                self.figure, "_rlcourse_axes"
            ):  # draw made its axes itself: give it an empty figure
                self.figure.clear()
            with matplotlib.rc_context(plots.STYLE):
                numbers = self.draw(self.figure, **self.values) or {}
                if not isinstance(numbers, Mapping):
                    raise TypeError(
                        f"draw returned {type(numbers).__name__}; return a dict of named numbers, or nothing"
                    )
                self.png = plots.to_png(self.figure)
            if (
                not self._laid_out
            ):  # the layout of the first picture is kept: the page never jumps, and it is fast
                self.figure.set_layout_engine("none")
                self._laid_out = True
        except Exception as error:  # a lab in front of a hall survives its own mistakes
            self.error = error
            self.figure = plots.figure(*self.size)
            self._laid_out = False
            if self._root is not None:
                self._error.value = _error_html(error)
            return
        self.error, self.numbers = None, dict(numbers)
        self.pictures += 1
        if self._root is not None:
            if self._error.value:
                self._error.value = ""
            self._image.value = self.png
            self._numbers.value = _alt_html(self.alt or plots.title_of(self.figure)) + _numbers_html(self.numbers)

    def _ipython_display_(self) -> None:
        _publish(self._root, self.png or None, self.alt or plots.title_of(self.figure))


def explore(draw: Callable, alt: str = "", size: tuple[float, float] = (8.0, 4.2), **controls) -> Lab:
    """A lab: draw(fig, **values) again for each move of a control, its returned numbers beside the figure.

    controls: one Slider, Choice or Switch per argument of draw; a control without a value starts at draw's default.
    draw gets the figure first, begins with `ax = plots.axes(fig)`, and returns a dict of named numbers (or nothing).
    Raises ValueError for a control that draw does not take or whose start value is outside its range.
    """
    parameters = signature(draw).parameters
    if not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        for name in controls:
            if name not in parameters:
                raise ValueError(
                    f"draw takes no argument {name!r}; it takes {', '.join(list(parameters)[1:])}"
                )
    return Lab(draw, controls, alt, size)


# Predictions ---------------------------------------------------------------------------------------------------------


class Prediction:
    """A question answered before the page goes on, as `predict` makes it: given, correct, answer(x)."""

    def __init__(
        self, question: str, choices: Sequence | None, answer, tolerance: float, unit: str, why: str
    ):
        self.question, self.choices, self.why, self.unit = question, choices, why, unit
        self.right_answer, self.tolerance = answer, tolerance
        self.given: object = None
        self._root = None
        if ipywidgets is not None:
            self._build()

    @property
    def correct(self) -> bool | None:
        """None until answered, then whether the answer was right (a number: within the tolerance)."""
        if self.given is None:
            return None
        if self.choices is not None:
            return self.given == self.right_answer
        return abs(self.given - self.right_answer) <= self.tolerance

    def answer(self, given) -> Prediction:
        """Answer as a reader would. The first answer stays: a prediction is made once."""
        if self.given is None:
            if self.choices is None:
                given = float(str(given).strip().replace(",", ".").replace("−", "-"))
                if not math.isfinite(given):
                    raise ValueError(f"{given} is not a prediction: give a finite number")
            elif given not in self.choices:
                raise ValueError(f"{given!r} is not among the choices: {', '.join(map(str, self.choices))}")
            self.given = given
            if self._root is not None:
                self._reveal()
        return self

    def _build(self) -> None:
        title = ipywidgets.HTML(
            f'<b style="font-size:16px">Predict.</b> <span style="font-size:16px">{self.question}</span>'
        )
        if self.choices is not None:
            self._input = ipywidgets.RadioButtons(
                options=[(str(c), c) for c in self.choices], value=None, layout={"width": "max-content"}
            )
        else:
            self._input = ipywidgets.Text(placeholder="a number", layout={"width": "140px"})
            self._input.on_submit(lambda _: self._submit()) if hasattr(self._input, "on_submit") else None
        self._button = ipywidgets.Button(description="Answer", button_style="primary")
        self._button.on_click(lambda _: self._submit())
        self._said = ipywidgets.HTML()
        unit = ipywidgets.HTML(html.escape(self.unit))
        row = [self._input, unit, self._button] if self.choices is None else [self._input]
        below = [] if self.choices is None else [self._button]
        self._root = ipywidgets.VBox([title, ipywidgets.HBox(row), *below, self._said])
        self._root.add_class("rlcourse-predict")

    def _submit(self) -> None:
        try:
            if self._input.value in (None, ""):
                self._said.value = (
                    "Choose first: a guess is enough."
                    if self.choices
                    else "Write a number first: a guess is enough."
                )
                return
            self.answer(self._input.value)
        except ValueError:
            self._said.value = "That is not a number the page can read. Write it like −1.5 or 2e3."

    def _reveal(self) -> None:
        self._input.disabled = self._button.disabled = True
        if self.choices is not None:
            self._input.value = self.given
        else:
            self._input.value = plots.shown(self.given)
        self._said.value = self.verdict()

    def verdict(self) -> str:
        """What the page says after the answer, as HTML: the answer given, the right one, and why."""
        right = self.right_answer if self.choices is not None else plots.shown(self.right_answer)
        given = self.given if self.choices is not None else plots.shown(self.given)
        unit = f" {self.unit}" if self.unit else ""
        colour, word = (
            ("#009E73", "Yes.") if self.correct else ("#0072B2", "Not quite, and worth knowing why.")
        )
        answer = (
            ""
            if self.correct and self.choices is not None
            else f" The answer: <b>{html.escape(str(right))}{unit}</b>."
        )
        return (
            f'<div role="status" class="rlcourse-verdict" data-correct="{str(self.correct).lower()}" '
            f'style="border-left:4px solid {colour};padding:4px 10px;line-height:1.5">'
            f"You predicted <b>{html.escape(str(given))}{unit}</b>. {word}{answer} {self.why}</div>"
        )

    def _ipython_display_(self) -> None:
        choices = "" if self.choices is None else "\n" + "\n".join(f"  ( ) {c}" for c in self.choices)
        _publish(self._root, None, f"Predict. {self.question}{choices}", "Answer before you read on.")


def predict(
    question: str,
    choices: Sequence | None = None,
    *,
    answer,
    tolerance: float | None = None,
    unit: str = "",
    why: str = "",
) -> Prediction:
    """A question with choices, or for a number within a tolerance, answered before the next cell shows what happens.

    question and why may hold HTML. The first answer stays on the page, with the right one and why. Without a page it
    stays unanswered and costs nothing. Raises ValueError when the answer is not among the choices, or a number has no
    tolerance.
    """
    if choices is not None and answer not in choices:
        raise ValueError(f"predict: the answer {answer!r} is not among the choices {list(choices)}")
    if choices is None and (tolerance is None or tolerance < 0):
        raise ValueError("predict: a number needs a tolerance ≥ 0, such as tolerance=0.1")
    return Prediction(question, choices, answer, tolerance or 0.0, unit, why)
