"""The legend of a live panel: each run with its line, a tick that shows it, a button that deletes it."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rlcourse.widgets import display
from rlcourse.widgets.overview import in_symbols, look_of, recorded_looks
from rlcourse.widgets.session import LiveRun


class RunList:
    """Which runs are shown, and how each looks: a run keeps its colour whatever happens to the others."""

    def __init__(
        self, changed: Callable[[], None], delete: Callable[[LiveRun], None], symbols: Mapping[str, str],
        recorded: Sequence[LiveRun] = (),
    ):  # fmt: skip
        self.changed, self.delete, self.symbols = changed, delete, symbols
        self.recorded = recorded_looks(recorded)
        self.looks: dict[LiveRun, Mapping[str, Any]] = {}
        self._rows: dict[LiveRun, tuple[Any, Any]] = {}  # a row and its tick
        self.root = None
        if display.ipywidgets is not None:
            self.root = display.ipywidgets.VBox()
            self.root.add_class("rlcourse-runs")

    def visible(self, runs: Sequence[LiveRun]) -> list[LiveRun]:
        """Those of the runs that are ticked."""
        return [run for run in runs if run not in self._rows or self._rows[run][1].value]

    def update(self, runs: Sequence[LiveRun]) -> None:
        """Show these runs, the newest on top; a run that is gone gives its colour back."""
        self.looks = {run: self.looks[run] for run in self.looks if run in runs}
        for run in runs:
            if run not in self.looks:
                self.looks[run] = look_of(run, list(self.looks.values()), self.recorded)
        if self.root is None:
            return
        self._rows = {run: self._rows.get(run) or self._row(run) for run in runs}
        for run, (_, tick) in self._rows.items():
            tick.description = in_symbols(run.label, self.symbols)
            tick.tooltip = f"show the curve of {run.label}; seeds {seeds_in_words(run.seeds)}"
        rows = tuple(row for row, _ in reversed(self._rows.values()))
        if rows != self.root.children:
            self.root.children = rows

    def _row(self, run: LiveRun) -> tuple[Any, Any]:
        ipywidgets = display.ipywidgets
        sample = ipywidgets.HTML(sample_svg(self.looks[run]))
        tick = ipywidgets.Checkbox(value=True, indent=False)
        tick.observe(lambda _: self.changed(), names="value")
        bin_ = ipywidgets.Button(icon="trash", tooltip=f"Delete {run.label}")
        bin_.on_click(lambda _: self.delete(run))
        row = ipywidgets.HBox([sample, tick, bin_])
        row.add_class("rlcourse-run")
        display.answer_while_cells_run(row)
        return row, tick


def sample_svg(look: Mapping[str, Any]) -> str:
    """A piece of the line, as a legend shows it."""
    line = look["linestyle"]
    dashes = "" if isinstance(line, str) else " ".join(f"{2 * length:g}" for length in line[1])
    return (
        f'<svg width="34" height="12" aria-hidden="true"><line x1="1" y1="6" x2="33" y2="6" '
        f'stroke="{html.escape(look["color"])}" stroke-width="3" stroke-dasharray="{dashes}"/></svg>'
    )


def seeds_in_words(seeds: int | Sequence[int]) -> str:
    """0–3 for four seeds, 4–7 for [4, 5, 6, 7], otherwise each."""
    values = list(range(seeds)) if isinstance(seeds, int) else list(seeds)
    in_a_row = values == list(range(values[0], values[-1] + 1)) and len(values) > 1
    return f"{values[0]}–{values[-1]}" if in_a_row else ", ".join(map(str, values))
