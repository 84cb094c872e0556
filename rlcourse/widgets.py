"""Labs, predictions and live runs: the only module of the course that imports ipywidgets.

`explore` redraws a figure while a slider moves, `predict` asks before the next cell answers, `live` trains
in the background under buttons. Where ipywidgets or a kernel is missing, each shows its still figure and
one line that says so.
"""

from __future__ import annotations

import base64
import html
import json
import math
import textwrap
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from inspect import signature
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.colors import to_rgb

from rlcourse import plots
from rlcourse.statistics import mean_interval

try:
    import ipywidgets
except ImportError:  # the stills of the course need only matplotlib
    ipywidgets = None

# A page's callbacks, its cells and a live run draw in different threads: one at a time.
DRAWING = threading.Lock()
NO_WIDGETS = "This page has no live kernel with ipywidgets: the figure is shown at its start values."


# Controls -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Slider:
    """A number in [min, max], named as the lecture names it: Slider("Δ", "gap", "m", 0.0, 3.0, 0.1).

    min, max and step all integers make an integer slider. log=True spaces the values evenly in log₁₀ (min >
    0), a hundred steps from end to end. value=None starts at draw's own default.
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
                f"slider {self.symbol} ({self.name}): min {self.min}, max {self.max}; "
                "need min < max, and min > 0 for log"
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
    """symbol and name | the control with its value | unit: one line of a panel."""
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
        f'<td style="text-align:right"><b data-number="{html.escape(name)}" '
        f'data-value="{html.escape(str(value))}">'
        f"{html.escape(plots.shown(value))}</b></td></tr>"
        for name, value in numbers.items()
    )
    return (
        f'<table class="rlcourse-numbers" style="font-size:15px;line-height:1.6">{rows}</table>'
        if rows
        else ""
    )


def _alt_html(text: str) -> str:
    """The picture in words, for screen readers: ipywidgets' Image has no alt, and a tooltip breaks it
    (8.1.9)."""
    hidden = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap"
    return f'<span role="note" class="rlcourse-alt" style="{hidden}">Picture: {html.escape(text)}</span>'


def _error_html(error: BaseException, note: str = "") -> str:
    """What went wrong and in which line of the reader's code, in a red box that screen readers announce."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename != __file__]
    where = f"{frames[-1].name}, line {frames[-1].lineno}: {frames[-1].line or ''}" if frames else ""
    text = html.escape(f"{type(error).__name__}: {error}")
    return (
        '<div role="alert" class="rlcourse-error" style="border-left:4px solid #D55E00;padding:4px 10px;'
        f'background:#fdf0e6;color:#000;line-height:1.4"><b>{text}</b> {note}<br>'
        f"<code>{html.escape(where)}</code></div>"
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


# Labs -----------------------------------------------------------------------------------------------------


class Lab:
    """A figure under sliders, as `explore` makes it. Without a page too: set(…), values, numbers, error."""

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
        # Room for an error: no jump.
        below = ipywidgets.HBox([button, self._error], layout={"min_height": "52px"})
        self._root = ipywidgets.VBox([*rows, below, body])
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
        # The page holds further moves back until this one is answered, then sends the latest value: no queue.
        if not self._quiet:
            self.redraw()

    def redraw(self) -> None:
        """Draw at the present values. What draw raises is shown in the panel; the last good picture stays."""
        try:
            plots.begin(self.figure)
            with DRAWING, matplotlib.rc_context(plots.STYLE):
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
                self._error.value = _error_html(error, "The picture below is the last good one.")
                self._numbers.value = ""  # they would belong to other values than the sliders show
            return
        self.error, self.numbers = None, dict(numbers)
        self.pictures += 1
        if self._root is not None:
            if self._error.value:
                self._error.value = ""
            self._image.value = self.png
            self._numbers.value = _alt_html(self.alt or plots.title_of(self.figure)) + _numbers_html(
                self.numbers
            )

    def _ipython_display_(self) -> None:
        _publish(self._root, self.png or None, self.alt or plots.title_of(self.figure))


def explore(draw: Callable, alt: str = "", size: tuple[float, float] = (8.0, 4.2), **controls) -> Lab:
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


# Predictions ----------------------------------------------------------------------------------------------


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
    """A question with choices, or for a number within a tolerance, answered before the next cell answers it.

    question and why may hold HTML. The first answer stays on the page, with the right one and why. Without
    a page it stays unanswered and costs nothing. Raises ValueError when the answer is not among the
    choices, or a number has no tolerance.
    """
    if choices is not None and answer not in choices:
        raise ValueError(f"predict: the answer {answer!r} is not among the choices {list(choices)}")
    if choices is None and (tolerance is None or tolerance < 0):
        raise ValueError("predict: a number needs a tolerance ≥ 0, such as tolerance=0.1")
    return Prediction(question, choices, answer, tolerance or 0.0, unit, why)


# Live runs ------------------------------------------------------------------------------------------------

BUILDS = frozenset(  # fields that shape networks, memory or environments: a running training keeps them
    ["hidden", "capacity", "warmup", "num_envs", "horizon", "orthogonal", "activation", "log_std"]
    + ["normalise_observation", "normalise_reward"]
)
PUSH_SECONDS = 0.1  # the page hears at most ten times a second
CURVE_SECONDS = 0.5  # the curves are drawn at most twice


@dataclass
class LiveRun:
    """One curve of a live panel: label, and arrays that grow as the training does."""

    label: str
    steps: np.ndarray = field(default_factory=lambda: np.zeros(0))  # [E]
    returns: np.ndarray = field(default_factory=lambda: np.zeros((1, 0)))  # [seeds, E]
    status: str = "running"


def _names(algorithms: Sequence) -> list[str]:
    """Each algorithm by its class, and by the fields in which it differs from another one of that class."""
    names = []
    for algorithm in algorithms:
        name = type(algorithm).__name__
        others = [other for other in algorithms if type(other) is type(algorithm) and other is not algorithm]
        differing = [
            f.name
            for f in fields(algorithm)
            if any(getattr(o, f.name) != getattr(algorithm, f.name) for o in others)
        ]
        names.append(" ".join([name, *(_setting(n, getattr(algorithm, n)) for n in differing)]))
    return names


def _setting(name: str, value) -> str:
    if isinstance(value, float):
        value = f"{value:.3g}"
    return f"{name}={getattr(value, '__name__', value)}"


def _cell() -> str | None:
    """The id of the notebook cell that runs now, where there is one."""
    try:
        from IPython import get_ipython

        return get_ipython().get_parent()["metadata"]["cellId"]
    except (ImportError, AttributeError, KeyError, TypeError):
        return None


def _drawing(name: str) -> Callable | None:
    """obs, action ↦ SVG for the environments that the course can draw."""
    if "Pendulum" in name:
        return lambda obs, action: plots.pendulum_svg(
            math.atan2(obs[1], obs[0]), 2 * float(action[0]), size=230
        )
    if "CartPole" in name:
        return lambda obs, action: plots.cart_svg(float(obs[0]), float(obs[2]), size=170)
    if "DoubleIntegrator" in name:
        return lambda obs, action: plots.cart_svg(float(obs[0]), size=170)
    return None


class Live:
    """Training under buttons, as `live` makes it. Without a page too: start(), wait(), pause(), resume(),
    stop()."""

    working: Live | None = (
        None  # the panel whose worker runs: one a kernel, however often cells are run again
    )

    def __init__(self, algorithms, env, steps, seeds, recorded, title, drawing, trainer, controls):
        self.algorithms, self.env, self.steps, self.seeds = algorithms, env, steps, seeds
        self.controls, self.title, self.trainer, self.cell = controls, title, trainer, _cell()
        self.drawing = _drawing(str(env)) if drawing is None else drawing
        self.recording = json.loads(Path(recorded).read_text(encoding="utf-8")) if recorded else None
        former = Live.working
        if former is not None and (self.cell is None or former.cell == self.cell):
            former.stop("its cell was run again").wait(10)
        self.state, self.runs, self.error = "ready", [], None
        self._stop, self._pause, self._lock = threading.Event(), threading.Event(), threading.Lock()
        self._thread: threading.Thread | None = None
        self._note, self._counts, self._player, self._steps = "", {}, None, 0
        self._last_push = self._last_curves = 0.0
        self.start_values = {name: self._start_value(name) for name in controls}
        self._values = dict(self.start_values)
        self.figure = plots.figure(7.0, 3.9, layout=None)
        self.png, self._root = b"", None
        if ipywidgets is not None:
            self._build()
        self._draw_curves()
        self._show()

    def _start_value(self, name: str):
        if self.controls[name].value is not None:
            return self.controls[name].value
        return next(getattr(a, name) for a in self.algorithms.values() if hasattr(a, name))

    # The panel

    def _build(self) -> None:
        self._inputs = {
            name: control.widget(self.start_values[name]) for name, control in self.controls.items()
        }
        for name, widget in self._inputs.items():
            widget.observe(lambda change, name=name: self._retuned(name, change["new"]), names="value")
        rows = [
            _row(self.controls[name], widget, self._applies(name)) for name, widget in self._inputs.items()
        ]
        self._chooser = ipywidgets.Dropdown(
            options=[*self.algorithms, "each in turn"][: len(self.algorithms) + 1]
        )
        if len(self.algorithms) > 1:
            rows.insert(0, _row(Choice("", "algorithm", list(self.algorithms)), self._chooser, "next run"))
        if self.recording:
            self._recorded = ipywidgets.Checkbox(value=True, indent=False)
            self._recorded.observe(lambda _: self._draw_curves(), names="value")
            rows.append(_row(Switch("", "recorded run"), self._recorded))
        self._buttons = {}
        for name, act, style in (
            ("Start", self.start, "primary"), ("Pause", self._pause_or_resume, ""),
            ("Stop", self.stop, ""), ("Reset", self.reset, ""),
        ):  # fmt: skip
            button = ipywidgets.Button(description=name, button_style=style, layout={"width": "100px"})
            button.on_click(lambda _, act=act: self._guarded(act))
            self._buttons[name] = button
        self._status, self._problem = ipywidgets.HTML(), ipywidgets.HTML()
        self._curves = ipywidgets.Image(
            format="png", width=700, height=390,
            layout={"width": "700px", "height": "390px", "object_fit": "contain", "flex": "0 0 auto"},
        )  # fmt: skip
        self._curves.add_class("rlcourse-picture")
        self._scene = ipywidgets.HTML(layout={"min_height": "240px", "margin": "40px 0 0 8px"})
        title = (
            [ipywidgets.HTML(f'<b style="font-size:16px">{html.escape(self.title)}</b>')]
            if self.title
            else []
        )
        body = ipywidgets.HBox([self._curves, self._scene], layout={"flex_flow": "row wrap"})
        buttons = ipywidgets.HBox(list(self._buttons.values()))
        self._root = ipywidgets.VBox([*title, *rows, buttons, self._status, self._problem, body])
        self._root.add_class("rlcourse-live")

    def _applies(self, name: str) -> str:
        """When a control takes effect, and to which algorithms if not to all."""
        mine = [label for label, algorithm in self.algorithms.items() if hasattr(algorithm, name)]
        only = "" if len(mine) == len(self.algorithms) else f" ({', '.join(mine)} only)"
        return ("next run" if name in BUILDS else "at once") + only

    def _guarded(self, act: Callable) -> None:
        """A button's action: what goes wrong is said in the panel, never lost in a callback."""
        try:
            act()
        except Exception as error:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        self.error, self.state = error, "failed"
        if self._root is not None:
            self._problem.value = _error_html(error)
        self._show()

    @property
    def values(self) -> dict:
        """The controls' values now."""
        if self._root is None:
            return dict(self._values)
        return {name: widget.value for name, widget in self._inputs.items()}

    def set(self, **values) -> Live:
        """Move controls as the reader would, headless too."""
        for name, value in values.items():
            if name not in self.controls:
                raise ValueError(f"no control named {name}; this panel has {', '.join(self.controls)}")
            self._values[name] = value
            if self._root is None:
                self._retuned(name, value)
            else:
                self._inputs[name].value = value
        return self

    def _retuned(self, name: str, value) -> None:
        with self._lock:
            if name not in BUILDS and self._working():
                self._changes[name] = value

    def _working(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    # The buttons

    def start(self, steps: int | None = None, every: bool = False) -> Live:
        """Train in the background with the controls' values: what the chooser says, or every algorithm.

        Already running: nothing happens.
        """
        if self._working():
            return self
        other = Live.working
        if other is not None and other is not self:
            other.stop("another live run was started").wait(10)
        chosen = list(self.algorithms)
        if not every and self._root is not None and len(chosen) > 1 and self._chooser.value != "each in turn":
            chosen = [self._chooser.value]
        self._stop.clear()
        self._pause.clear()
        self._changes, self._note, self.error, self.state = {}, "", None, "running"
        if self._root is not None:
            self._problem.value = ""
        Live.working = self
        self._thread = threading.Thread(
            target=self._work, args=(chosen, steps or self.steps), daemon=True, name="rlcourse-live"
        )
        self._show()
        self._thread.start()
        return self

    def pause(self) -> Live:
        """Hold the run after its present update; paused time is not training time."""
        if self._working():
            self._pause.set()
        return self

    def resume(self) -> Live:
        """Go on after a pause."""
        self._pause.clear()
        return self

    def _pause_or_resume(self) -> None:
        self.resume() if self._pause.is_set() else self.pause()

    def stop(self, note: str = "") -> Live:
        """End the run after its present update; what it learnt so far stays in the curves."""
        self._note = note and f"Stopped: {note}."
        self._stop.set()
        self._pause.clear()
        return self

    def reset(self) -> Live:
        """Stop, forget all runs, and set every control back."""
        self.stop().wait(10)
        self.set(**self.start_values)
        self.runs, self.state, self.error, self._counts, self._note = [], "ready", None, {}, ""
        if self._root is not None:
            self._problem.value = self._scene.value = ""
        self._draw_curves()
        self._show()
        return self

    def wait(self, seconds: float | None = None) -> Live:
        """Until the worker has ended (or the seconds have)."""
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(seconds)
        return self

    def smoke(self, steps: int = 2000) -> Live:
        """A short run of every algorithm, waited for: what a test executes. Raises what the run raised."""
        self.start(steps, every=True).wait()
        if self.error is not None:
            raise self.error
        return self

    # The worker: touches widgets only, and never prints

    def _work(self, chosen: list[str], steps: int) -> None:
        try:
            trainer = self.trainer
            if trainer is None:
                from rlcourse.training import train as trainer
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="training failed")  # the panel says it
                for name in chosen:
                    if not self._stop.is_set():
                        self._train(trainer, name, steps)
            if self.state != "failed":
                self.state = "stopped" if self._stop.is_set() else "finished"
        except BaseException as error:  # whatever it was, the hall must see it, and the kernel live on
            self._fail(error)
            if self.runs and self.runs[-1].status == "running":
                self.runs[-1].status = "failed"
        finally:
            if Live.working is self:
                Live.working = None
            try:
                self._draw_curves()
            except Exception as error:
                self._fail(error)
            self._show()

    def _train(self, trainer: Callable, name: str, steps: int) -> None:
        base = self.algorithms[name]
        mine = {n: v for n, v in self.values.items() if hasattr(base, n)}
        with self._lock:
            self._changes = {}
        run = LiveRun(self._label(name, base, mine))
        self.runs.append(run)
        self._player, self._began, self._worked = None, time.perf_counter(), (0, time.perf_counter(), 0.0)
        result = trainer(
            replace(base, **mine),
            self.env,
            steps=steps,
            seeds=self.seeds,
            callbacks=[lambda t: self._after_update(t, run)],
        )
        self._take(run, result.curve)
        run.status, self._counts["steps"] = result.status, self._steps
        if result.status == "failed":
            self._fail(RuntimeError(result.reason))

    def _label(self, name: str, base, values: Mapping) -> str:
        changed = [
            _setting(n, v) for n, v in values.items() if _setting(n, getattr(base, n)) != _setting(n, v)
        ]
        label = " ".join([name, *changed])
        same = sum(run.label == label or run.label.startswith(f"{label} (run") for run in self.runs)
        return label if not same else f"{label} (run {same + 1})"

    def _after_update(self, training, run: LiveRun) -> None:
        if self._pause.is_set() and not self._stop.is_set():
            self.state = "paused"
            self._show()
            while self._pause.is_set() and not self._stop.is_set():
                time.sleep(0.02)
            self.state = "running"
            self._worked = (training.steps, time.perf_counter(), self._worked[2])
            self._show()
        self._steps = training.steps
        if self._stop.is_set():
            training.stop()
            return
        if self._changes:
            with self._lock:
                changes, self._changes = self._changes, {}
            changes = {n: v for n, v in changes.items() if hasattr(training.algorithm, n)}
            if changes:
                training.algorithm = replace(training.algorithm, **changes)
                self._rename(run, changes, training.steps)
        now = time.perf_counter()
        if now - self._last_push >= PUSH_SECONDS:
            self._push(training, run, now)

    def _rename(self, run: LiveRun, changes: Mapping, steps: int) -> None:
        names = ", ".join(_setting(n, v) for n, v in changes.items())
        run.label = f"{run.label.split(' → ')[0]} → {names}"
        self._last_curves = 0.0

    def _take(self, run: LiveRun, curve) -> None:
        count = len(curve.steps)
        run.steps, run.returns = np.asarray(curve.steps)[:count], np.atleast_2d(curve.returns)[:, :count]

    def _push(self, training, run: LiveRun, now: float) -> None:
        self._last_push = now
        seen = run.returns.shape[1]
        self._take(run, training.run.curve)
        steps, since, rate = self._worked
        if now - since > 0.5:
            rate = run.returns.shape[0] * (training.steps - steps) / (now - since)
            self._worked = (training.steps, now, rate)
        self._counts = {"steps": training.steps, "seconds": round(now - self._began, 1)}
        if rate:
            self._counts["steps per second"] = round(rate)
        if run.returns.shape[1]:
            self._counts["mean return"] = float(run.returns[:, -1].mean())
        self._show()
        if self._root is None:
            return
        if self.drawing is not None:
            self._scene.value = self._play(training)
        if run.returns.shape[1] != seen or self._last_curves == 0.0:
            self._stale = True
        if getattr(self, "_stale", False) and now - self._last_curves >= CURVE_SECONDS:
            self._draw_curves()

    def _play(self, training) -> str:
        """Two steps of the panel's own environment under the first seed's policy as it is now, drawn."""
        if not hasattr(training, "policy"):
            return ""
        if self._player is None:
            from rlcourse.parts.environments import Stepper, make

            self._player = Stepper(make(self.env, 1, 0))
        policy = training.policy().member(0)
        for _ in range(2):
            action = policy.act(self._player.obs)
            obs = self._player.obs
            self._player.step(action)
        return self.drawing(obs[0], np.atleast_1d(action[0]))

    # What the page shows

    def _draw_curves(self) -> None:
        with DRAWING:
            ax = plots.axes(self.figure)
            self.figure.subplots_adjust(left=0.15, right=0.70, bottom=0.155, top=0.84)
            shown = [run for run in self.runs if run.returns.shape[1]]
            looks = plots.styles([run.label for run in shown])
            counts = []
            if self.recording and (self._root is None or self._recorded.value):
                for run, look in zip(
                    self.recording["runs"],
                    plots.styles(run["label"] for run in self.recording["runs"]),
                    strict=True,
                ):
                    pale = tuple(0.3 + 0.7 * c for c in to_rgb(look["color"]))
                    label = f"recorded {run['label']}"
                    plots.learning_curve(ax, run["steps"], run["returns"], label, pale, plots.DOTS)
                    counts.append(len(run["returns"]))
            for run, look in zip(shown, looks, strict=True):
                plots.learning_curve(ax, run.steps, run.returns, run.label, look["color"], look["linestyle"])
                counts.append(len(run.returns))
            ax.set_xlim(0, self.steps)
            ax.set_xlabel("environment steps per seed")
            ax.set_ylabel("evaluation return")
            note = plots.curve_note(max(counts)) if counts else "the curves of all runs gather here"
            ax.text(0, 1.045, note, transform=ax.transAxes, fontsize=10)
            ax.set_title(self._finding(shown), loc="left", fontsize=14, fontweight="bold", pad=26)
            plots.label_lines(ax, wrap=18)
            self.png = plots.to_png(self.figure)
        self._last_curves, self._stale = time.perf_counter(), False
        if self._root is not None:
            self._curves.value = self.png

    @staticmethod
    def _finding(shown: Sequence[LiveRun]) -> str:
        if not shown:
            return "No run yet"
        last = [mean_interval(run.returns[:, -1]) for run in shown]
        best = max(range(len(shown)), key=lambda i: last[i].estimate)
        name, found = textwrap.shorten(shown[best].label.split(" → ")[0], 30, placeholder=" …"), last[best]
        bounds = (
            "" if found.n == 1 else f" [{plots.shown(round(found.low))}, {plots.shown(round(found.high))}]"
        )
        value = f"{plots.shown(round(found.estimate))}{bounds}"
        if len(shown) == 1:
            return f"{name} has a mean return of {value}"
        apart = all(found.low > other.high for i, other in enumerate(last) if i != best)
        return f"{name} leads: {value}" if apart else f"No clear lead; highest: {name}, {value}"

    def _show(self) -> None:
        if self._root is None:
            return
        counts = "".join(
            f'<span style="margin-right:1.5em">{name}&nbsp;<b data-number="{name}" data-value="{value}">'
            f"{plots.shown(value)}</b></span>"
            for name, value in self._counts.items()
        )
        label = html.escape(self.runs[-1].label if self.runs else "")
        self._status.value = (
            f'<span role="status" data-state="{self.state}" style="font-size:14px">'
            f"<b>{self.state}</b>&nbsp; {label} &nbsp;"
            f"{counts} {html.escape(self._note)}</span>"
        )
        working = self.state in ("running", "paused")
        for name, enabled in {"Start": not working, "Pause": working, "Stop": working, "Reset": True}.items():
            self._buttons[name].disabled = not enabled
        self._buttons["Pause"].description = "Resume" if self.state == "paused" else "Pause"

    def _ipython_display_(self) -> None:
        _publish(
            self._root,
            self.png,
            self.title or "live training",
            NO_WIDGETS.replace("at its start values", "as recorded"),
        )


def live(
    algorithm, env="Pendulum-v1", steps: int = 20_000, seeds: int = 4, *,
    recorded: str | Path | None = None, title: str = "", drawing: Callable | None = None, trainer: Callable
    | None = None, **controls,
) -> Live:  # fmt: skip
    """Train in front of a hall: Start, Pause, Stop, Reset, sliders, curves of all runs, the environment
    played.

    algorithm: an algorithm, a list of them (a chooser, or each in turn), or a dictionary {label: algorithm}.
    steps per seed, seeds: as for `train`. controls: Sliders, Choices and Switches named as fields of the
    algorithm; the panel says which apply at once and which to the next run. recorded: a file of `record`,
    shown until there is time for a run. drawing(obs, action) → SVG for environments that the course cannot
    draw. Nothing starts by itself. Raises ValueError for a control that no algorithm has as a field.
    """
    if isinstance(algorithm, Mapping):
        algorithms = dict(algorithm)
    elif isinstance(algorithm, Sequence):
        algorithms = dict(zip(_names(algorithm), algorithm, strict=True))
    else:
        algorithms = {type(algorithm).__name__: algorithm}
    for name in controls:
        if not any(name in {f.name for f in fields(a)} for a in algorithms.values()):
            raise ValueError(
                f"live: no field {name!r} in {', '.join(algorithms)}; controls are named as fields"
            )
    return Live(algorithms, env, steps, seeds, recorded, title, drawing, trainer, controls)


def record(
    algorithm, env, path: str | Path, steps: int = 20_000, seeds: int = 4, note: str = "", **options
) -> Path:
    """Train without a page; write the curves as the JSON file that `live(recorded=…)` shows."""
    from rlcourse.training import train

    algorithms = algorithm if isinstance(algorithm, Mapping) else None
    if algorithms is None:
        given = list(algorithm) if isinstance(algorithm, Sequence) else [algorithm]
        algorithms = dict(zip(_names(given), given, strict=True))
    runs = []
    for label, one in algorithms.items():
        curve = train(one, env, steps=steps, seeds=seeds, **options).curve
        runs.append(
            {"label": label, "steps": curve.steps.tolist(), "returns": np.round(curve.returns, 1).tolist()}
        )
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"env": str(env), "note": note, "runs": runs}) + "\n", encoding="utf-8")
    return path
