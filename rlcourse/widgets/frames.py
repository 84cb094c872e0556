"""Panels of a page without a kernel: their pictures, drawn before, which a slider of the page shows.

A page of the site is run with `SITE` in its kernel's environment. A lab then shows, in place of its widgets,
controls of plain HTML over pictures that its own drawing function made at some of their positions, with the
numbers that it returned there; a live run shows its recording, played. The pictures lie in files, named by
their content, and a reader's browser fetches those it needs. `docs/_static/panels.js` moves them.
"""

from __future__ import annotations

import hashlib
import html
import io
import itertools
import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from rlcourse import plots
from rlcourse.widgets import display
from rlcourse.widgets.controls import Choice, Control, Slider, Switch
from rlcourse.widgets.overview import draw_runs, until

SITE = display.SITE
ADDRESS = "../_static/frames/"  # of the folder of pictures, from a page of the site
MOST = 61  # pictures of one lab, its prepared settings not counted
MOMENTS = 24  # pictures of one recording
COLOURS = 64  # of a picture: lines and type on white need few
_panels = itertools.count(1)  # of this page, for the ids of its controls


def lab_html(lab: Any) -> str:
    """The lab at rest, its controls, and what its drawing function made at each of their positions.

    Where all positions together are few (`MOST`) there is a picture of each; otherwise one control moves at a
    time, around the start of the others. Leaves the lab at its start.
    """
    names, controls, start = list(lab.controls), list(lab.controls.values()), lab.start
    every = math.prod(control.count for control in controls) <= MOST
    share = MOST if every else max(5, MOST // max(1, len(controls)))
    values = [places(control, start[name], share) for name, control in lab.controls.items()]
    middle = tuple(index_of(here, start[name]) for name, here in zip(names, values, strict=True))
    positions = list(itertools.product(*map(range, map(len, values)))) if every else star(values, middle)
    form = smaller_form(lab.figure)
    frames = {}
    for position in positions:
        at = {name: here[k] for name, here, k in zip(names, values, position, strict=True)}
        frames[key(position)] = _frame(lab, at, form)
    prepared = []
    for name, kept in lab.kept.settings.items():
        frames[f"={name}"] = _frame(lab, lab.start | dict(kept), form)
        nearest = [index_of(here, kept.get(n, start[n])) for n, here in zip(names, values, strict=True)]
        words = [worded(control, kept.get(n, start[n])) for n, control in lab.controls.items()]
        prepared.append({"name": name, "at": nearest, "words": words})
    lab.reset()
    lines = [control_html(c, here, k) for c, here, k in zip(controls, values, middle, strict=True)]
    alone = (
        ""
        if every or len(controls) < 2
        else "One control moves at a time: the others go back to their start."
    )
    data = {"start": middle, "every": every, "frames": frames, "prepared": prepared}
    return panel_html("lab", lines, data, lab.size, alone)


def recording_html(live: Any) -> str:
    """The recorded curves of a live run, as they grew: a slider over the steps, and a button that plays."""
    longest = max((int(run.steps[-1]) for run in live.recorded), default=live.steps)
    whole = min(longest, live.steps)
    firsts = [int(run.steps[0]) for run in live.recorded]
    moments = sorted({round(step) for step in np.linspace(min(firsts, default=whole), whole, MOMENTS)})
    frames: dict[str, list[str]] = {}
    limits, form = None, ""
    for position in reversed(range(len(moments))):  # the whole one first: its frame is that of all
        shown = [until(run, moments[position]) for run in live.recorded]
        numbers = {
            f"{live.measure or 'mean return'}, {run.label}": run.returns[:, -1].mean() for run in shown
        }
        with plots.in_style():
            draw_runs(
                live.figure, [], shown, whole, symbols=live.symbols, bounds=live.bounds,
                measure=live.measure, limits=limits,
            )  # fmt: skip
        limits = live.figure.axes[0].get_ylim()
        form = form or smaller_form(live.figure)
        words = f"{live.title or 'Live run'}. {plots.title_of(live.figure)}"
        words += f", until step {moments[position]}"
        table = display.numbers_html(numbers)
        frames[key((position,))] = [picture_file(live.figure, form), table, words]
    steps = Slider("", "environment steps per seed", "", moments[0], moments[-1])
    line = control_html(steps, moments, len(moments) - 1)
    seeds = max((len(run.returns) for run in live.recorded), default=0)
    note = f"This is a recording of {seeds} seeds. In JupyterLab the same panel trains while you watch."
    wide, high = map(float, live.figure.get_size_inches())
    data = {"start": (len(moments) - 1,), "every": True, "frames": frames, "prepared": []}
    return panel_html("live", [line], data, (wide, high), note, live.title)


def _frame(lab: Any, values: Mapping[str, Any], form: str) -> list[str]:
    """[file, numbers, words] of a lab at these values; what its drawing function raises stands as words."""
    lab.set(**values)
    numbers = display.numbers_html(lab.numbers) if lab.error is None else display.error_html(lab.error)
    return [picture_file(lab.figure, form) if lab.error is None else "", numbers, lab.words()]


def places(control: Control, start: Any, most: int) -> list[Any]:
    """Values of a control, at most `most`, from one end to the other, with its start among them, as it is."""
    if not isinstance(control, Slider):
        return [control.value_at(position) for position in range(control.count)]
    chosen = range(control.count)
    if control.count > most:
        chosen = sorted({round(place) for place in np.linspace(0, control.count - 1, most)})
    values = [control.read(control.value_at(position), start) for position in chosen]
    near = index_of(values, start)
    if not math.isclose(values[near], start, rel_tol=1e-9, abs_tol=1e-12):
        return sorted([*values, start]) if control.count <= most else sorted(_swapped(values, near, start))
    return _swapped(values, near, start)


def _swapped(values: Sequence[Any], at: int, value: Any) -> list[Any]:
    """The start in place of its neighbour, unless that is an end of the range."""
    if at in (0, len(values) - 1) and not math.isclose(values[at], value, rel_tol=1e-9, abs_tol=1e-12):
        return [*values, value]
    return [*values[:at], value, *values[at + 1 :]]


def index_of(values: Sequence[Any], value: Any) -> int:
    """Where a value stands among values; of a number the nearest place."""
    if value in values:
        return list(values).index(value)
    return min(range(len(values)), key=lambda place: abs(values[place] - value))


def star(values: Sequence[Sequence[Any]], middle: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The positions in which at most one control is not where it started."""
    found = {middle: None}
    for axis, here in enumerate(values):
        for place in range(len(here)):
            found[(*middle[:axis], place, *middle[axis + 1 :])] = None
    return list(found)


def key(position: Sequence[int]) -> str:
    """A position as the page writes it."""
    return ",".join(map(str, position))


# Files


def smaller_form(fig: Figure) -> str:
    """In which of two forms the picture takes fewer bytes: svg, or png at twice the page's pixels."""
    return min("png", "svg", key=lambda form: len(_bytes(fig, form)))


def picture_file(fig: Figure, form: str) -> str:
    """Write the picture into the folder that `SITE` names; its address from a page."""
    return kept_file(Path(os.environ[SITE]), _bytes(fig, form), form)


def kept_file(folder: Path, content: bytes, form: str) -> str:
    """Write a file, named by its content, into a folder, unless it is there; its address from a page."""
    name = f"{hashlib.sha256(content).hexdigest()[:20]}.{form}"
    path = folder / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return ADDRESS + name


def _bytes(fig: Figure, form: str) -> bytes:
    if form == "png":
        return fewer_colours(plots.to_png(fig, display.SHARP))
    place = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "rlcourse", "svg.fonttype": "path"}):
        fig.savefig(place, format="svg", metadata={"Date": None})
    return place.getvalue()


def fewer_colours(png: bytes) -> bytes:
    """The picture as a PNG with a palette, a quarter of the bytes; the one given where that is smaller."""
    from PIL import Image

    place = io.BytesIO()
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    few = picture.quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(place, "PNG", optimize=True)
    return min(place.getvalue(), png, key=len)


# HTML


def worded(control: Control, value: Any) -> str:
    """A value as the page says it, with its unit."""
    if isinstance(control, Switch):
        return "on" if value else "off"
    shown = str(value) if isinstance(control, Choice) else plots.shown(value)
    return f"{shown} {control.unit}".strip()


def plain(value: Any) -> Any:
    """A value as JSON can hold it."""
    return value.item() if isinstance(value, np.generic) else value


def control_html(control: Control, values: Sequence[Any], at: int) -> str:
    """A control of plain HTML: a slider over places, a list, a box to tick; asleep until the script runs."""
    name = f"rlcourse-{next(_panels)}"
    words = [worded(control, value) for value in values]
    label = html.escape(f"{control.symbol}  {control.name}".strip())
    said, exact = (html.escape(json.dumps(list(map(plain, these)))) for these in (words, values))
    common = f'id="{name}" data-words="{said}" data-values="{exact}" disabled'
    if isinstance(control, Choice):
        options = "".join(
            f'<option value="{k}"{" selected" * (k == at)}>{html.escape(word)}</option>'
            for k, word in enumerate(words)
        )
        field = f"<select {common}>{options}</select>"
    elif isinstance(control, Switch):
        field = f'<input type="checkbox" {common}{" checked" * bool(values[at])}>'
    else:
        field = (
            f'<input type="range" {common} min="0" max="{len(values) - 1}" step="1" value="{at}" '
            f'aria-valuetext="{html.escape(words[at])}">'
        )
    told = "" if isinstance(control, Choice) else f'<output for="{name}">{html.escape(words[at])}</output>'
    return f'<div class="rlcourse-line"><label for="{name}">{label}</label>{field}{told}</div>'


def panel_html(
    kind: str, lines: Sequence[str], data: Mapping[str, Any], size: tuple[float, float], note: str,
    title: str = "",
) -> str:  # fmt: skip
    """Controls, the picture at the start with its numbers, and all pictures as data for the script."""
    source, numbers, words = data["frames"][key(data["start"])]
    wide, high = (round(100 * side) for side in size)
    settings = "".join(
        f'<option value="{place}">{html.escape(one["name"])}</option>'
        for place, one in enumerate(data["prepared"])
    )
    if settings:
        name = f"rlcourse-{next(_panels)}"
        settings = (
            f'<label for="{name}">go to</label> <select id="{name}" class="rlcourse-prepared" disabled>'
            f'<option value="">…</option>{settings}</select>'
        )
    play = '<button type="button" class="rlcourse-play" disabled>Play</button>' if kind == "live" else ""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    heading = f'<p class="rlcourse-title"><b>{html.escape(title)}</b></p>' if title else ""
    return (
        f'<div class="rlcourse-static rlcourse-static-{kind}" role="group" '
        f'aria-label="{"Recorded run" if kind == "live" else "Lab"}">{heading}'
        f'<div class="rlcourse-lines">{"".join(lines)}</div><div class="rlcourse-below">{play}'
        f'<button type="button" class="rlcourse-reset" disabled>Reset</button> {settings}'
        f'<span class="rlcourse-note">{html.escape(note)}</span></div>'
        f'<div class="rlcourse-body{" rlcourse-wide" * (size[0] > display.WIDE)}">'
        f'<img class="rlcourse-picture" alt="{html.escape(words)}" width="{wide}" height="{high}" '
        f'style="max-width:{wide}px" src="{source}">'
        f'<div class="rlcourse-beside" aria-live="polite">{numbers}</div></div>'
        f'<script type="application/json">{text}</script></div>'
    )
