"""Values of all controls kept under names: where a reader, or a lecture, wants to come back to."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from itertools import islice
from string import ascii_uppercase
from typing import Any

from rlcourse import plots
from rlcourse.widgets import display

LETTERS = ascii_uppercase  # what kept settings are called
STAGE = "RLCOURSE_STAGE"  # set where a lecture is shown in a hall: `python3 -m rlcourse stage`
KEYS = 9  # 1 to 9 recall settings there


class Kept:
    """The settings of one panel by their names, with a button that keeps the present ones and a list of all.

    now() says the controls' values, go(values) sets them; changed() hears that a setting was kept.
    """

    def __init__(
        self, settings: Mapping[str, Mapping[str, Any]], now: Callable[[], dict[str, Any]],
        go: Callable[[Mapping[str, Any]], None], changed: Callable[[], None],
    ):  # fmt: skip
        self.settings = {name: dict(values) for name, values in settings.items()}
        self._now, self._go, self._changed = now, go, changed
        self._quiet, self.chooser = False, None

    def build(self) -> list[Any]:
        """The button and the list, for a panel's row of buttons."""
        ipywidgets = display.ipywidgets
        tip = "keep these values as A, B, …, to come back to them"
        button = ipywidgets.Button(description="Keep", tooltip=tip)
        button.on_click(lambda _: self.keep())
        button.add_class("rlcourse-keep")
        self.chooser = ipywidgets.Dropdown(layout={"width": "auto"})
        self.chooser.tooltip = "go to kept values"
        self.chooser.add_class("rlcourse-settings")
        self._list("")
        self.chooser.observe(lambda change: self._chosen(change["new"]), names="value")
        return [button, self.chooser]

    def keep(self, name: str | None = None) -> str:
        """Keep the present values under a name, or the next of A, B, …; says which."""
        name = name or next((letter for letter in LETTERS if letter not in self.settings), LETTERS[-1])
        self.settings[name] = self._now()
        if self.chooser is not None:
            self._list(name)
            self._changed()
        return name

    def moved(self) -> None:
        """A control has moved: the list names no setting whose values these are not."""
        chosen = "" if self.chooser is None or self._quiet else self.chooser.value
        if chosen and not same(self.settings[chosen], self._now()):
            self._choose("")

    def name_of(self, values: Mapping[str, Any]) -> str:
        """The name under which these values are kept; "" if they are not."""
        return next((name for name, kept in self.settings.items() if same(kept, values)), "")

    def _list(self, chosen: str) -> None:
        self.chooser.layout.display = None if self.settings else "none"
        quiet, self._quiet = self._quiet, True
        try:
            self.chooser.options = [("go to …", ""), *((name, name) for name in self.settings)]
            self.chooser.value = chosen
        finally:
            self._quiet = quiet

    def _choose(self, name: str) -> None:
        quiet, self._quiet = self._quiet, True
        try:
            self.chooser.value = name
        finally:
            self._quiet = quiet

    def _chosen(self, name: str) -> None:
        if name and not self._quiet:
            quiet, self._quiet = self._quiet, True  # until all controls are there, it is no other setting
            try:
                self._go(self.settings[name])
            finally:
                self._quiet = quiet


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two settings are equal, up to the last digit, which the page's sliders may round."""
    return one.keys() == other.keys() and all(
        math.isclose(value, other[name], rel_tol=1e-9, abs_tol=1e-9)
        if isinstance(value, int | float) and isinstance(other[name], int | float)
        else value == other[name]
        for name, value in one.items()
    )


def checked(
    settings: Mapping[str, Mapping[str, Any]] | None, controls: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """The settings that a page declares, or on a stage the controls' ends where it declares none.

    Raises ValueError for a control that the panel does not have.
    """
    if not settings and os.environ.get(STAGE):
        settings = ends(controls)
    for name, values in (settings or {}).items():
        if unknown := set(values) - set(controls):
            raise ValueError(f"settings {name!r}: no control named {', '.join(sorted(unknown))}")
    return {name: dict(values) for name, values in (settings or {}).items()}


def ends(controls: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Each control at its lowest and highest value, each option of a choice, named as the page names them."""
    found = {}
    for name, control in controls.items():
        choice = hasattr(control, "options")
        for position in range(control.count) if choice else (0, control.count - 1):
            value = control.value_at(position)
            found[f"{control.name or name} {plots.shown(value)}"] = {name: value}
    return dict(islice(found.items(), KEYS))
