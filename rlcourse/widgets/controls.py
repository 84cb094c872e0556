"""What a reader moves: a number, a choice, a switch, each named as the lecture names it."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rlcourse.widgets import display

FINE = 40  # of these a step of a key has on a log scale: 3e-4 can be typed, and a start may lie between


@dataclass(frozen=True)
class Slider:
    """A number in [min, max], named as the lecture names it: Slider("Δ", "gap", "m", 0.0, 3.0, 0.1).

    min, max and step all integers make an integer slider. log=True spaces the values evenly in log₁₀ (min >
    0), a hundred steps from end to end, each read to two digits. value=None starts at draw's own default.
    """

    symbol: str
    name: str
    unit: str = ""
    min: float = 0.0
    max: float = 1.0
    step: float | None = None
    value: float | None = None
    log: bool = False

    def widget(self, value: Any) -> Any:
        """The slider of ipywidgets that starts at value; ValueError for a range or a start that cannot be."""
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
            # With the keys the page goes a hundredth of the way.
            low, high, step = self._scale()
            shown = ".1e" if self.min < 0.01 else ".2r"  # 1.0e-3, but 0.30, 5.0, 200
            slider = display.ipywidgets.FloatLogSlider(
                value, base=10, min=low, max=high, step=step / FINE, readout_format=shown
            )
            slider.add_class("rlcourse-log")
            return slider
        step = (self.max - self.min) / 50 if self.step is None else self.step
        if all(isinstance(x, int | np.integer) for x in (self.min, self.max, step)) and value == int(value):
            return display.ipywidgets.IntSlider(int(value), min=self.min, max=self.max, step=step)
        digits = max(
            0, min(6, 1 - math.floor(math.log10(step)) if step != round(step, 9) else _decimals(step))
        )
        return display.ipywidgets.FloatSlider(
            value, min=self.min, max=self.max, step=step, readout_format=f".{digits}f"
        )

    def read(self, value: Any, start: Any) -> Any:
        """What the slider stands for: on a log scale two digits, as it shows them; its start is exact."""
        if not self.log:
            return value
        place = self.position(value)  # one place, one value: the page knows only where the slider stands
        return start if place == self.position(start) else float(f"{self.value_at(place):.1e}")

    def _scale(self) -> tuple[float, float, float]:
        """Low, high and the step of a key, on the scale on which the slider is even."""
        if self.log:
            low, high = math.log10(self.min), math.log10(self.max)
            return low, high, (high - low) / 100
        return self.min, self.max, (self.max - self.min) / 50 if self.step is None else self.step

    @property
    def count(self) -> int:
        """How many positions the keys reach."""
        low, high, step = self._scale()
        return int((high - low) / step + 1e-6) + 1

    def value_at(self, position: float) -> float:
        """The value at a position, counted from min."""
        low, _, step = self._scale()
        place = low + position * step
        return 10**place if self.log else round(place, 10)

    def position(self, value: float) -> float | None:
        """At which position a value is: on a log scale to the FINE part of a step, else None between two."""
        low, _, step = self._scale()
        place = ((math.log10(value) if self.log else value) - low) / step
        if self.log:
            return round(place * FINE) / FINE
        return round(place) if abs(place - round(place)) < 1e-4 else None


@dataclass(frozen=True)
class Choice:
    """One of several options: Choice("E", "estimator", ["max", "double", "clipped"])."""

    symbol: str
    name: str
    options: Sequence
    value: object = None
    unit: str = ""

    def widget(self, value: Any) -> Any:
        """The drop-down list that starts at value, or at the first option."""
        options = list(self.options)
        return display.ipywidgets.Dropdown(options=options, value=options[0] if value is None else value)

    def read(self, value: Any, start: Any) -> Any:
        return value

    @property
    def count(self) -> int:
        """How many options there are."""
        return len(self.options)

    def value_at(self, position: int) -> object:
        """The option at a place in the list."""
        return self.options[position]

    def position(self, value: object) -> int:
        """The place of an option in the list."""
        return list(self.options).index(value)


@dataclass(frozen=True)
class Switch:
    """On or off: Switch("", "target smoothing")."""

    symbol: str
    name: str
    value: bool | None = None
    unit: str = ""

    def widget(self, value: Any) -> Any:
        """The box that is ticked where value is true."""
        return display.ipywidgets.Checkbox(bool(value), indent=False)

    def read(self, value: Any, start: Any) -> Any:
        return value

    count = 2

    def value_at(self, position: int) -> bool:
        """Off at 0, on at 1."""
        return bool(position)

    def position(self, value: bool) -> int:
        """0 for off, 1 for on."""
        return int(value)


def number(text: Any) -> float:
    """A number as people write it: "0,003", "−1.5", "3e-4"; ValueError where it is none, or not finite."""
    value = float(str(text).strip().replace(",", ".").replace("−", "-"))
    if not math.isfinite(value):
        raise ValueError(f"{value} is not a finite number")
    return value


def _decimals(step: float) -> int:
    return len(f"{step:.6f}".rstrip("0").split(".")[1])


Control = Slider | Choice | Switch


def row(control: Control, widget: Any, note: str = "") -> Any:
    """symbol and name | the control with its value | unit: one line of a panel."""
    label = f"{control.symbol}  {control.name}".strip()
    widget.tooltip = label
    unit = html.escape(f"{control.unit}{'  · ' + note if note else ''}".strip())
    ipywidgets = display.ipywidgets
    name = ipywidgets.HTML(f'<span class="rlcourse-label">{html.escape(label)}</span>')
    end = ipywidgets.HTML(f'<span class="rlcourse-unit">{unit}</span>')
    line = ipywidgets.HBox([name, widget, end])
    line.add_class("rlcourse-control")
    return line


def rows(lines: Sequence[Any]) -> Any:
    """All lines of a panel, in as many columns as there is room for."""
    block = display.ipywidgets.VBox(list(lines))
    block.add_class("rlcourse-controls")
    return block
