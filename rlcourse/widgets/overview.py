"""All runs of a live panel in one figure: what their curves look like, and what its title may say."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from rlcourse import plots
from rlcourse.statistics import mean_interval
from rlcourse.widgets.session import LiveRun

WITH_BANDS = 2  # the newest runs show their seeds and their interval, older ones their mean
TITLE_SIZES = (14, 13, 12, 11, 10, 9)


def look_of(run: LiveRun, others: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The algorithm's own look; where one of these has its colour already, a colour that none of them has."""
    own = plots.style(run.label)
    taken = [other["color"] for other in others]
    if own["color"] not in taken:
        return own
    spare = [plots.PURPLE, plots.GREEN, plots.SKY, plots.VERMILION, plots.BLACK, plots.ORANGE, plots.BLUE]
    free = [colour for colour in spare if colour not in taken]
    line = plots.VARIANTS[(1 + len(others)) % len(plots.VARIANTS)]
    return {"color": free[0] if free else spare[len(others) % len(spare)], "linestyle": line}


def draw_runs(
    fig: Figure, runs: Sequence[LiveRun], recorded: Sequence[LiveRun], steps: int,
    looks: Mapping[LiveRun, Mapping[str, Any]] | None = None, symbols: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """The learning curves of all runs that have begun, those of the recording pale and dotted behind them.

    The newest two have their seeds and bands; a triangle marks where a run was retuned. symbols: what to call
    a field on the picture, {"learning_rate": "α"}.
    """
    ax = plots.axes(fig)
    fig.subplots_adjust(left=0.135, right=0.72, bottom=0.155, top=0.84)
    shown = [run for run in runs if run.returns.shape[1]]
    banded = [*recorded, *shown][-WITH_BANDS:]
    for run, look in zip(recorded, plots.styles(run.label for run in recorded), strict=True):
        pale = tuple(0.3 + 0.7 * c for c in to_rgb(look["color"]))
        name = f"recorded {run.label}"
        plots.learning_curve(ax, run.steps, run.returns, name, pale, plots.DOTS, band=run in banded)
    for run in shown:
        look = looks[run] if looks and run in looks else plots.style(run.label)
        colour, line = look["color"], look["linestyle"]
        name = textwrap.shorten(in_symbols(run.label, symbols or {}), 40, placeholder=" …")
        found = plots.learning_curve(ax, run.steps, run.returns, name, colour, line, band=run in banded)
        _mark(ax, run, found.estimate, colour, symbols or {})
    ax.set_xlim(0, steps)
    ax.set_xlabel("environment steps per seed")
    ax.set_ylabel("evaluation return")
    seeds = [len(run.returns) for run in [*recorded, *shown]]
    note = plots.curve_note(max(seeds)) if seeds else "the curves of all runs gather here"
    if len(seeds) > WITH_BANDS:
        note = note.replace("thin:", "newest two, thin:")
    ax.text(0, 1.045, note, transform=ax.transAxes, fontsize=10)
    if not shown and not recorded:
        ax.set_yticks([])
    words = (
        finding(shown, [_until(run, steps) for run in recorded]) if shown or not runs else "No evaluation yet"
    )
    _fit_title(fig, ax, words)
    plots.label_lines(ax, wrap=14, samples=True, size=10)


def in_symbols(label: str, symbols: Mapping[str, str]) -> str:
    """A label as short as a picture wants it: "PPO learning_rate=0.01" is "PPO α=0.01"."""
    for name, symbol in symbols.items():
        if symbol:
            label = label.replace(f"{name}=", f"{symbol}=")
    return label


def _until(run: LiveRun, steps: int) -> LiveRun:
    """What a picture of so many steps shows of the run."""
    seen = max(1, int((run.steps <= steps).sum()))
    return LiveRun(run.label, run.steps[:seen], run.returns[:, :seen], run.status)


def _mark(ax: Axes, run: LiveRun, centre: Any, colour: Any, symbols: Mapping[str, str]) -> None:
    """A triangle on the line at each step where the run was retuned, and to what."""
    for number, (step, change) in enumerate(run.marks):
        place = min(range(len(run.steps)), key=lambda i: abs(run.steps[i] - step))
        ax.plot([run.steps[place]], [centre[place]], "v", color=colour, markersize=9, label="_retuned")
        point, words = (run.steps[place], centre[place]), in_symbols(change, symbols)
        away = (7, -16 - 22 * (number % 3))  # below a curve that rises, each on a line of its own
        ax.annotate(words, point, away, textcoords="offset points", fontsize=10, color=plots.ink(colour))


def _fit_title(fig: Figure, ax: Axes, words: str) -> None:
    """The title in the largest type in which all of it is on the picture."""
    room = fig.bbox.width * (0.99 - ax.get_position().x0)
    for size in TITLE_SIZES:
        title = ax.set_title(words, loc="left", fontsize=size, fontweight="bold", pad=26)
        if title.get_window_extent(fig.canvas.get_renderer()).width <= room:
            return


def finding(shown: Sequence[LiveRun], recorded: Sequence[LiveRun] = ()) -> str:
    """The title of the curves: which one leads at its end, and whether the intervals are apart.

    A recording takes part under its own name: a live run is not the highest below a higher recording.
    """
    if not shown:
        return "No run yet"
    names = [run.label for run in shown] + [f"recorded {run.label}" for run in recorded]
    last = [mean_interval(run.returns[:, -1]) for run in [*shown, *recorded]]
    best = max(range(len(last)), key=lambda i: last[i].estimate)
    name, found = textwrap.shorten(names[best].split(" → ")[0], 30, placeholder=" …"), last[best]
    low, high = ("", "") if found.n == 1 else (plots.shown(round(x)) for x in (found.low, found.high))
    value = plots.shown(round(found.estimate)) + (f" [{low}, {high}]" if low else "")
    if len(last) == 1:
        return f"{name} has a mean return of {value}"
    apart = all(found.low > other.high for i, other in enumerate(last) if i != best)
    return f"{name} leads: {value}" if apart else f"No clear lead; highest: {name}, {value}"
