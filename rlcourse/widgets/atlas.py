"""The map of methods as a panel: every box a button, with its paper, its code and its live curve."""

from __future__ import annotations

import html
import inspect
import os
import sys
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from rlcourse import plots
from rlcourse.map import BOXES, Claim, Loop, Method, discover
from rlcourse.map.papers import address
from rlcourse.training.boxes import Learnt, learn
from rlcourse.widgets import display
from rlcourse.widgets.overview import draw_runs
from rlcourse.widgets.runs import seeds_in_words
from rlcourse.widgets.session import Session, Watcher

SIZE = 7.0, 3.0  # inches of the curve
CURVE_SECONDS = 0.5


class Atlas(Watcher):
    """The map under buttons, as `atlas` makes it. Without a page too: choose, start, wait, stop."""

    def __init__(self, methods: Mapping[str, Method], seeds: int, chosen: str):
        self.methods, self.seeds, self.chosen = dict(methods), seeds, chosen
        self.sessions: dict[str, Session] = {}
        self.learnt: dict[str, Learnt] = {}
        self.figure, self.png, self._drawn_at = plots.figure(*SIZE, layout=None), b"", 0.0
        self._cell, self._root = display.running_cell(), None
        if display.ipywidgets is not None:
            self._build()
        self._show()

    def _build(self) -> None:
        ipywidgets = display.ipywidgets
        self._buttons, boxes = {}, []
        for box in filled(self.methods):
            parts = [ipywidgets.HTML(f"<b>{html.escape(box)}</b>")]
            for key, method in in_box(self.methods, box).items():
                button = ipywidgets.Button(description=method.name, tooltip=method.idea)
                button.on_click(lambda _, key=key: self.choose(key))
                self._buttons[key] = button
                parts.append(button)
            place = ipywidgets.Box(parts)
            for name in ("box", *place_of(box)):
                place.add_class(f"rlcourse-atlas-{name}")
            boxes.append(place)
        drawn = ipywidgets.Box(boxes)
        drawn.add_class("rlcourse-atlas-map")
        self._words, self._status, self._problem, self._claims, self._code = (
            ipywidgets.HTML() for _ in range(5)
        )
        self._status.add_class("rlcourse-status")
        self._claims.add_class("rlcourse-atlas-claims")
        self._code.add_class("rlcourse-atlas-code")
        self._start = ipywidgets.Button(
            description="Start", button_style="primary", tooltip="learn now (key s)"
        )
        self._stop = ipywidgets.Button(description="Stop", tooltip="end the run; its curve stays (key x)")
        for button, name, act in ((self._start, "start", self.start), (self._stop, "stop", self.stop)):
            button.add_class(f"rlcourse-do-{name}")
            button.on_click(lambda _, act=act: act())
        line = ipywidgets.HBox([self._start, self._stop, display.tools(), self._status])
        line.add_class("rlcourse-buttons")
        self._curves = display.image(*SIZE)
        body = display.body(self._curves, self._claims)
        parts = [drawn, self._words, line, self._problem, body, self._code]
        self._root = display.panel("atlas", parts)

    # What a reader does

    def choose(self, key: str) -> Atlas:
        """Show another method. A run that goes on goes on. Raises ValueError for one that is not there."""
        if key not in self.methods:
            raise ValueError(f"no method {key!r} on this map; there are {', '.join(self.methods)}")
        self.chosen = key
        self._show()
        return self

    def start(self, steps: int | None = None) -> Atlas:
        """Let the chosen method learn in the background, all seeds at once. Running: nothing happens."""
        method = self.methods[self.chosen]
        if self.chosen not in self.sessions:
            self.sessions[self.chosen] = Session(
                {method.name: method}, None, self.seeds, trainer=self._learn, watcher=self, cell=self._cell,
                measure=method.measure,
            )  # fmt: skip
        self.sessions[self.chosen].start([method.name], steps or steps_of(method))
        return self

    def stop(self) -> Atlas:
        """End the chosen method's run; its curve stays."""
        if self.chosen in self.sessions:
            self.sessions[self.chosen].stop()
        return self

    def wait(self, seconds: float | None = None) -> Atlas:
        """Until the chosen method's run has ended (or the seconds have)."""
        if self.chosen in self.sessions:
            self.sessions[self.chosen].wait(seconds)
        return self

    def _learn(self, method, env, steps, seeds, callbacks):
        learnt = learn(method, seeds=seeds, steps=steps, callbacks=callbacks)
        self.learnt[next(key for key, one in self.methods.items() if one.name == method.name)] = learnt
        return learnt

    # What the page shows

    def changed(self) -> None:
        """The line of state, and which buttons can be pressed."""
        if self._root is None:
            return
        session = self.sessions.get(self.chosen)
        self._status.value = status_html(session, self.seeds)
        self._problem.value = display.error_html(session.error) if session and session.error else ""
        self._start.disabled = bool(session and session.state == "running")
        self._stop.disabled = not self._start.disabled

    def progressed(self, training: Any) -> None:
        """The curve, when it has grown."""
        if self._root is not None and time.perf_counter() - self._drawn_at >= CURVE_SECONDS:
            self._draw()

    def ended(self) -> None:
        """The whole curve, and what the oracle says of its end."""
        self._draw()
        self._tell_claims()

    def _show(self) -> None:
        if self._root is not None:
            for key, button in self._buttons.items():
                button.button_style = "info" if key == self.chosen else ""
            self._words.value = words_html(self.methods[self.chosen])
            self._code.value = code_html(self.methods[self.chosen])
            self._tell_claims()
        self._draw()
        self.changed()

    def _tell_claims(self) -> None:
        if self._root is not None:
            self._claims.value = claims_html(self.methods[self.chosen], self.learnt.get(self.chosen))

    def _draw(self) -> None:
        method, session = self.methods[self.chosen], self.sessions.get(self.chosen)
        runs = session.runs if session else []
        with display.DRAWING:
            self._drawn_at = time.perf_counter()
            title = f"{method.name}: {method.task.split(':')[0]}"
            draw_runs(
                self.figure, runs, [], steps_of(method), bounds=method.bounds, measure=method.measure,
                title=title,
            )  # fmt: skip
            busy = session is not None and session.state == "running"
            self.png = plots.to_png(self.figure, 1 if busy else display.SHARP)
        if self._root is not None:
            self._curves.value = self.png

    def _ipython_display_(self) -> None:
        still = still_html(self.methods) if os.environ.get(display.SITE) else ""
        text = "\n".join(f"{m.box}: {m.name}. {m.idea}" for m in self.methods.values())
        display.publish(self._root, self.png, SIZE, text, display.NO_WIDGETS, still)


def filled(methods: Mapping[str, Method]) -> list[str]:
    """The boxes that hold a method, as the map has them."""
    return [box for box in BOXES if in_box(methods, box)]


def in_box(methods: Mapping[str, Method], box: str) -> dict[str, Method]:
    return {key: method for key, method in methods.items() if method.box == box}


def place_of(box: str) -> tuple[str, ...]:
    """("value", "off") of "value, off-policy"; ("model",) of "model"."""
    column, _, row = box.partition(", ")
    return (column, row.split("-")[0]) if row else (column,)


def steps_of(method: Method) -> int:
    """Environment steps of one seed, as the record has them."""
    if isinstance(method.learn, Loop):
        return method.learn.steps
    return inspect.signature(method.learn).parameters["steps"].default


def source_of(method: Method) -> tuple[str, str]:
    """(file, source) of what a reader should read: the method's file to its record, or its algorithm's."""
    thing = type(method.learn.algorithm) if isinstance(method.learn, Loop) else method.learn
    module = sys.modules[thing.__module__]
    source = inspect.getsource(module)
    return "/".join(thing.__module__.split(".")) + ".py", source.split("\nMETHOD = ")[0].rstrip() + "\n"


def words_html(method: Method) -> str:
    """Who it is: a region that screen readers announce."""
    said = html.escape
    return (
        f'<div role="status" class="rlcourse-atlas-words" data-method="{said(method.name)}">'
        f"<b>{said(method.name)}</b> ({said(method.box)}): {said(method.idea)}.<br>"
        f"<span>{linked(method.paper)}. Learns here: {said(method.task)}.</span></div>"
    )


def linked(paper: str) -> str:
    """The paper as HTML, with the way to it where it is known."""
    said, found = html.escape(paper), address(paper)
    if found is None:
        return said
    name, page = (html.escape(part) for part in found)
    return f'{said}, <a href="{page}" target="_blank" rel="noopener">{name}</a>'


def status_html(session: Session | None, seeds: int) -> str:
    if session is None:
        return f'<span role="status" data-state="ready"><b>ready</b>&nbsp; {seeds} seeds at once</span>'
    run = session.runs[-1] if session.runs else None
    whose = f"seeds {seeds_in_words(run.seeds)}" if run else ""
    share = f'<progress max="1" value="{session.progress:.2f}" aria-label="share of the run"></progress>'
    return (
        f'<span role="status" data-state="{session.state}"><b>{session.state}</b>&nbsp; {whose} '
        f"{html.escape(session.note)}</span> {share}"
    )


def claims_html(method: Method, learnt: Learnt | None) -> str:
    """What the oracle says of the end of the newest whole run: one row a claim."""
    if learnt is None or learnt.status != "finished":
        first = (inspect.getdoc(method.oracle) or "The best return, in closed form.").split("\n")[0]
        return f"<p><b>The oracle</b>, asked at the end of a run:<br>{html.escape(first)}</p>"
    rows = []
    for claim in learnt.claims():
        holds = claim.holds()
        mark = "✓" if holds.all() else "✗"
        rows.append(
            f'<tr data-holds="{str(bool(holds.all())).lower()}"><td>{mark}</td><td>{html.escape(claim.claim)}'
            f"<br>in {holds.sum()} of {len(holds)} seeds: {html.escape(in_numbers(claim))}</td></tr>"
        )
    return f'<b>The oracle</b><table class="rlcourse-atlas-oracle">{"".join(rows)}</table>'


def in_numbers(claim: Claim) -> str:
    """What was found, from the least seed to the largest, and what may be; of tables, how far off it is."""
    found, truth, slack = np.asarray(claim.found, float), np.asarray(claim.truth), claim.tolerance
    if found.ndim > 1 or truth.ndim:
        gap = found - truth
        worst = {"=": np.abs(gap).max(), "≥": -gap.min(), "≤": gap.max()}[claim.relation]
        return f"off by {without_rounding(max(worst, 0.0))} at most, allowed {plots.shown(slack)}"
    seen = " to ".join(dict.fromkeys(without_rounding(end) for end in (found.min(), found.max())))
    off = {"=": 0.0, "≥": -slack, "≤": slack}[claim.relation]
    around = f" ± {plots.shown(slack)}" if claim.relation == "=" else ""
    return f"{seen}, must be {claim.relation} {plots.shown(truth + off)}{around}"


def without_rounding(value: float) -> str:
    """The number; of one within 1e-9 of 0, whose digits are the machine's own, only that it is."""
    return "< 1e−9" if 0 < abs(value) < 1e-9 else plots.shown(value)


def code_html(method: Method) -> str:
    """Its code, folded, in the page's own colours."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    file, source = source_of(method)
    coloured = highlight(source, PythonLexer(), HtmlFormatter(nowrap=True))
    lines = source.count("\n")
    return (
        f"<details><summary>Its code: {html.escape(file)}, {lines} lines</summary>"
        f'<pre class="rlcourse-source" tabindex="0">{coloured}</pre></details>'
    )


def still_html(methods: Mapping[str, Method]) -> str:
    """The map of a page without a kernel: every method opens to its words and its code."""
    boxes = []
    for box in filled(methods):
        inside = "".join(
            f'<details class="rlcourse-atlas-still"><summary>{html.escape(method.name)}</summary>'
            f"{words_html(method)}{code_html(method)}</details>"
            for method in in_box(methods, box).values()
        )
        places = " ".join(f"rlcourse-atlas-{name}" for name in ("box", *place_of(box)))
        boxes.append(f'<div class="{places}"><b>{html.escape(box)}</b>{inside}</div>')
    return f'<div class="rlcourse-atlas-map rlcourse-atlas-unfolded">{"".join(boxes)}</div>'


def atlas(methods: Mapping[str, Method] | None = None, seeds: int = 8, chosen: str = "q_learning") -> Atlas:
    """A map of methods: press one, see its paper, its code and what it learns, and what its oracle says.

    methods: {key: Method}; all that the course has, if None. seeds: how many learn at once. Nothing starts by
    itself. Raises ValueError if `chosen` is not among them.
    """
    methods = discover() if methods is None else methods
    if chosen not in methods:
        raise ValueError(f"atlas: no method {chosen!r}; there are {', '.join(methods)}")
    return Atlas(methods, seeds, chosen)
