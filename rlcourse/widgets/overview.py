"""All runs of a live panel in one figure: what their curves look like, and what its title may say."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator

from rlcourse import plots
from rlcourse.statistics import mean_interval
from rlcourse.widgets.session import LiveRun

WITH_BANDS = 2  # the newest runs show their seeds and their interval, older ones their mean
CROWD = 4  # more curves than these have their names alone beside them: n, and what is recorded, is said above
TITLE_SIZES = (14, 13, 12, 11, 10, 9)


def look_of(
    run: LiveRun, others: Sequence[Mapping[str, Any]], recorded: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, Any]:  # fmt: skip
    """The algorithm's own look; where one of these has its colour already, a colour that none of them has.

    recorded: {label: look} of a recording (`recorded_looks`), whose colour a run of the same label has. Dots
    are left to what is recorded.
    """
    own = plots.style(run.label)
    if recorded:
        own["color"] = recorded.get(run.label, own)["color"]
        own["linestyle"] = "-" if own["linestyle"] == plots.DOTS else own["linestyle"]
    taken = [other["color"] for other in others]
    if own["color"] not in taken:
        return own
    spare = [plots.PURPLE, plots.GREEN, plots.SKY, plots.VERMILION, plots.BLACK, plots.ORANGE, plots.BLUE]
    free = [colour for colour in spare if colour not in taken]
    line = plots.VARIANTS[(1 + len(others)) % len(plots.VARIANTS)]
    return {"color": free[0] if free else spare[len(others) % len(spare)], "linestyle": line}


def recorded_looks(recorded: Sequence[LiveRun]) -> dict[str, dict[str, Any]]:
    """{label: look} of recorded runs: dotted, and in colours of their own as long as there are enough."""
    looks: dict[str, dict[str, Any]] = {}
    for run in recorded:
        look = look_of(run, list(looks.values()))
        again = sum(other["color"] == look["color"] for other in looks.values())
        looks[run.label] = {**look, "linestyle": (plots.DOTS, plots.DASHES, plots.DASH_DOT)[again % 3]}
    return looks


def draw_runs(
    fig: Figure, runs: Sequence[LiveRun], recorded: Sequence[LiveRun], steps: int,
    looks: Mapping[LiveRun, Mapping[str, Any]] | None = None, symbols: Mapping[str, str] | None = None,
    bounds: tuple[float | None, float | None] = (None, None), measure: str = "",
    limits: tuple[float, float] | None = None, title: str = "",
) -> None:  # fmt: skip
    """The learning curves of all runs that have begun, those of the recording pale and dotted behind them.

    The newest two have their seeds and bands; a triangle marks where a run was retuned. symbols: what to call
    a field on the picture, {"learning_rate": "α"}. bounds: what no return can leave, nor any band. measure:
    what the curves are, where they are no returns; then no run leads. limits: of the vertical axis, where
    they do not follow the curves. title: in place of what the curves say.
    """
    ax = plots.axes(fig)
    room = max(1, 3.9 / fig.get_figheight())  # what is written above and below needs its inches
    vertical = textwrap.fill(measure or "evaluation return", 28)
    fig.subplots_adjust(
        left=0.165 if "\n" in vertical else 0.135, right=0.72, bottom=0.155 * room, top=1 - 0.16 * room
    )
    shown = [run for run in runs if run.returns.shape[1]]
    every = [*recorded, *shown]
    banded, crowded = every[-WITH_BANDS:], len(every) > CROWD
    for run, look in zip(recorded, recorded_looks(recorded).values(), strict=True):
        pale, line = tuple(0.3 + 0.7 * c for c in to_rgb(look["color"])), look["linestyle"]
        name = run.label if crowded else f"recorded {run.label}"
        plots.learning_curve(ax, run.steps, run.returns, name, pale, line, band=run in banded, bounds=bounds)
    for run in shown:
        look = looks[run] if looks and run in looks else plots.style(run.label)
        colour, line = look["color"], look["linestyle"]
        name = textwrap.shorten(in_symbols(run.label, symbols or {}), 40, placeholder=" …")
        found = plots.learning_curve(
            ax, run.steps, run.returns, name, colour, line, band=run in banded, bounds=bounds
        )
        _mark(ax, run, found.estimate, colour, symbols or {})
    ax.set_xlim(0, steps)
    ax.set_xlabel("environment steps per seed")
    ax.set_ylabel(vertical)
    ax.text(0, 1.045, note(recorded, shown), transform=ax.transAxes, fontsize=10)
    # No ticks before there is a curve; set either way, as the axes of an empty picture are used again.
    ax.yaxis.set_major_locator(MaxNLocator(5) if shown or recorded else NullLocator())
    words = (
        finding(shown, [until(run, steps) for run in recorded], bounds)
        if shown or not runs
        else "No evaluation yet"
    )
    if measure:
        words = measure[0].upper() + measure[1:]
    _fit_title(fig, ax, title or words)
    if limits is not None:
        ax.set_ylim(limits, auto=True)
    if crowded:
        for drawn in ax.lines:
            drawn.set_label(re.sub(", n = \\d+$", "", drawn.get_label()))
    plots.label_lines(ax, wrap=17 if crowded else 14, samples=True, size=10)


def note(recorded: Sequence[LiveRun], shown: Sequence[LiveRun]) -> str:
    """The line above the curves that says what they are."""
    seeds = [len(run.returns) for run in [*recorded, *shown]]
    if not seeds:
        return "the curves of all runs gather here"
    if len(seeds) <= CROWD:
        newest = "newest two, thin:" if len(seeds) > WITH_BANDS else "thin:"
        return plots.curve_note(max(seeds)).replace("thin:", newest)
    n = "–".join(map(str, sorted({min(seeds), max(seeds)})))
    old = "; recorded: dotted" if recorded else ""
    return f"n = {n}{old}; newest two with each seed and a 95 % interval"


def in_symbols(label: str, symbols: Mapping[str, str]) -> str:
    """A label as short as a picture wants it: "PPO learning_rate=0.01" is "PPO α=0.01"."""
    for name, symbol in symbols.items():
        if symbol:
            label = label.replace(f"{name}=", f"{symbol}=")
    return label


def until(run: LiveRun, steps: int) -> LiveRun:
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


def finding(
    shown: Sequence[LiveRun], recorded: Sequence[LiveRun] = (),
    bounds: tuple[float | None, float | None] = (None, None),
) -> str:  # fmt: skip
    """The title of the curves: which one leads at its end, and whether the intervals are apart.

    A recording takes part under its own name: a live run is not the highest below a higher recording. As
    long as there is no live run, the title is the recording's.
    """
    if not shown and recorded:
        return "Recorded: " + finding(recorded, bounds=bounds).replace("No clear", "no clear")
    if not shown:
        return "Press Start: there is no run yet"
    names = [run.label for run in shown] + [f"recorded {run.label}" for run in recorded]
    last = [mean_interval(run.returns[:, -1]) for run in [*shown, *recorded]]
    best = max(range(len(last)), key=lambda i: last[i].estimate)
    name, found = textwrap.shorten(names[best].split(" → ")[0], 30, placeholder=" …"), last[best]
    within = found.within(*bounds)
    known = None not in bounds  # 0.84 where returns lie in [0, 1], 84 where they may reach 500
    said = plots.alike(
        [found.estimate] if found.n == 1 else [found.estimate, within.low, within.high],
        bounds[1] - bounds[0] if known else None,
    )
    value = said[0] if found.n == 1 else f"{said[0]} [{said[1]}, {said[2]}]"
    if len(last) == 1:
        return f"{name} has a mean return of {value}"
    apart = all(found.low > other.high for i, other in enumerate(last) if i != best)
    return f"{name} leads: {value}" if apart else f"No clear lead; highest: {name}, {value}"
