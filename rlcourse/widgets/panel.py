"""What a live run shows: sliders, buttons, its state, the curves of all runs, the environment played."""

from __future__ import annotations

import html
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from rlcourse import plots
from rlcourse.experiments import RECORDING
from rlcourse.widgets import display, frames
from rlcourse.widgets.controls import Choice, Control, Switch, row, rows
from rlcourse.widgets.kept import Kept, checked
from rlcourse.widgets.overview import draw_runs, finding  # noqa: F401  (`finding` is looked for here)
from rlcourse.widgets.recording import record, recorded_runs
from rlcourse.widgets.runs import RunList, seeds_in_words
from rlcourse.widgets.session import LiveRun, Session, Watcher, named
from rlcourse.widgets.stage import Stage

CURVE_SECONDS = 0.5  # the curves are drawn, and the counts told, at most twice a second
CALM_SECONDS = 4.0  # and that rarely for a reader who asked for less motion
CALM = "<p>You asked for less motion: the environment is shown when the run has ended.</p>"
SIZE = 7.0, 3.9  # inches of the curves
EACH = "each in turn"


class Live(Watcher):
    """Training under buttons, as `live` makes it. Without a page too: start, wait, pause, resume, stop, set.

    The training itself is `session`; this is what a page shows of it, and what a reader can press.
    """

    def __init__(
        self, algorithms: dict[str, Any], env: Any, steps: int, seeds: int | list[int],
        recorded: str | Path | None, title: str, drawing: Callable | None, trainer: Callable | None,
        controls: dict[str, Control], settings: Mapping[str, Mapping[str, Any]] | None = None,
        measure: str = "", picture: Callable | None = None,
    ):  # fmt: skip
        self.algorithms, self.env, self.steps, self.seeds = algorithms, env, steps, seeds
        self.controls, self.title, self.drawing, self.measure = controls, title, drawing, measure
        self.picture = picture
        self.recorded, missing = self._recorded(recorded)
        self.start_values = {name: self._start_value(name) for name in controls}
        declared = {name: self.start_values | kept for name, kept in checked(settings, controls).items()}
        self.kept = Kept(declared, lambda: self.values, lambda kept: self.set(**kept), self._tell_code)
        self.session = Session(
            algorithms, env, seeds, self.start_values, trainer=trainer, watcher=self,
            cell=display.running_cell(), recorded=self.recorded, measure=measure,
        )  # fmt: skip
        self.session.note = missing
        self.figure = plots.figure(*SIZE, layout=None)
        self.bounds = return_bounds(env)
        self.png, self._root = b"", None
        self._drawn, self._drawn_at, self._counted_at = [], 0.0, 0.0
        self._stage: Stage | None = None
        self.symbols = {name: control.symbol for name, control in controls.items()}
        self.legend = RunList(self._draw_curves, self.delete, self.symbols, self.recorded)
        if display.ipywidgets is not None:
            self._build()
        self._draw_curves()
        self.changed()

    @staticmethod
    def _recorded(path: str | Path | None) -> tuple[list[LiveRun], str]:
        """The runs of a recording, and what is wrong with it: a page goes on without its recording."""
        try:
            return (recorded_runs(path) if path else []), ""
        except ValueError as error:
            return [], str(error)

    def _start_value(self, name: str) -> Any:
        if self.controls[name].value is not None:
            return self.controls[name].value
        return next(getattr(a, name) for a in self.algorithms.values() if hasattr(a, name))

    def _build(self) -> None:
        ipywidgets = display.ipywidgets
        self._inputs = {
            name: control.widget(self.start_values[name]) for name, control in self.controls.items()
        }
        lines = []
        for name, widget in self._inputs.items():
            self._retune(name, widget.value)
            widget.observe(lambda change, name=name: self._moved(name, change["new"]), names="value")
            lines.append(row(self.controls[name], widget, self._applies(name)))
        self._chooser = ipywidgets.Dropdown(options=[*self.algorithms, EACH][: len(self.algorithms) + 1])
        if len(self.algorithms) > 1:
            lines.insert(0, row(Choice("", "algorithm", list(self.algorithms)), self._chooser, "next run"))
        self._with_recorded = ipywidgets.Checkbox(value=True, indent=False)
        if self.recorded:
            self._with_recorded.observe(lambda _: self._draw_curves(), names="value")
            lines.append(row(Switch("", "recorded run"), self._with_recorded))
        self._status, self._counts, self._problem = (ipywidgets.HTML() for _ in range(3))
        self._curves = display.image(*SIZE)
        self._scene = ipywidgets.HTML()
        self._calm = ipywidgets.Checkbox(layout={"display": "none"})  # ticked by the page (page.js)
        self._calm.add_class("rlcourse-calm")
        for widget, name in ((self._status, "status"), (self._counts, "counts"), (self._scene, "scene")):
            widget.add_class(f"rlcourse-{name}")
        title = [ipywidgets.HTML(f'<b class="rlcourse-title">{html.escape(self.title)}</b>')]
        beside = ipywidgets.VBox([self._scene, self.legend.root])
        body = display.body(self._curves, beside)
        above = [rows(lines), self._build_buttons(), self._status, self._counts, self._problem]
        self._code = ipywidgets.HTML(layout={"display": "none"})
        parts = [*above, body, self._calm, self._code]
        self._root = display.panel("live", [*title, *parts] if self.title else parts)

    def _build_buttons(self) -> Any:
        self._buttons = {}
        for name, act, tip in (
            ("Start", self.start, "train with the values above (key s)"),
            ("Pause", self.session.pause_or_resume, "hold the run, or go on (key p)"),
            ("Stop", self.stop, "end the run; its curve stays (key x)"),
            ("Replay", self.replay, "play whole episodes of the newest run's final policy (key r)"),
            ("Reset", self.reset, "forget all runs and set every control back; Undo brings them back"),
            ("Undo", self.undo, "bring back what Reset or a deletion took away"),
        ):
            button = display.ipywidgets.Button(description=name, tooltip=tip)
            button.button_style = "primary" if name == "Start" else ""
            button.on_click(lambda _, act=act: self._guarded(act))
            button.add_class(f"rlcourse-do-{name.lower()}")
            self._buttons[name] = button
        self._buttons["Reset"].add_class("rlcourse-apart")
        line = display.ipywidgets.HBox([*self._buttons.values(), *self.kept.build(), display.tools()])
        line.add_class("rlcourse-buttons")
        return line

    def _moved(self, name: str, value: Any) -> None:
        self._retune(name, value)
        self.kept.moved()
        self._tell_code()

    def _retune(self, name: str, value: Any) -> None:
        self.session.retune(name, self.controls[name].read(value, self.start_values[name]))

    def _applies(self, name: str) -> str:
        """When a control takes effect, and to which algorithms if not to all."""
        mine = [label for label, algorithm in self.algorithms.items() if hasattr(algorithm, name)]
        only = "" if len(mine) == len(self.algorithms) else f" ({', '.join(mine)} only)"
        return ("at once" if self.session.at_once(name) else "next run") + only

    def _guarded(self, act: Callable) -> None:
        """A button's action: what goes wrong is said in the panel, never lost in a callback."""
        try:
            act()
        except Exception as error:
            self.session.fail(error)

    # What a reader does

    @property
    def state(self) -> str:
        """ready, running, paused, finished, stopped or failed."""
        return self.session.state

    @property
    def runs(self) -> list[LiveRun]:
        """All runs since the panel was made or reset."""
        return self.session.runs

    @property
    def error(self) -> BaseException | None:
        """What ended the last run, if it failed."""
        return self.session.error

    @property
    def values(self) -> dict[str, Any]:
        """The controls' values now."""
        return dict(self.session.values)

    def set(self, **values: Any) -> Live:
        """Move controls as the reader would, headless too."""
        for name, value in values.items():
            if name not in self.controls:
                raise ValueError(f"no control named {name}; this panel has {', '.join(self.controls)}")
            if self._root is None:
                self.session.retune(name, value)
            else:
                self._inputs[name].value = value
        return self

    def keep(self, name: str | None = None) -> str:
        """Keep the present values under a name (the next of A, B, …) for a return to them; says which."""
        return self.kept.keep(name)

    def start(self, steps: int | None = None, every: bool = False) -> Live:
        """Train in the background with the controls' values: what the chooser says, or every algorithm.

        Already running: nothing happens. The same values again: other seeds than before.
        """
        chosen = list(self.algorithms)
        if not every and self._root is not None and len(chosen) > 1 and self._chooser.value != EACH:
            chosen = [self._chooser.value]
        self.session.start(chosen, steps or self.steps)
        return self

    def pause(self) -> Live:
        """Hold the run after its present update; paused time is not training time."""
        self.session.pause()
        return self

    def resume(self) -> Live:
        """Go on after a pause."""
        self.session.resume()
        return self

    def stop(self, note: str = "") -> Live:
        """End the run after its present update; what it learnt so far stays in the curves."""
        self.session.stop(note)
        return self

    def reset(self) -> Live:
        """Stop, forget all runs, and set every control back. `undo` brings them back."""
        self.session.forget()
        self.set(**self.start_values)
        return self._forgot()

    def delete(self, run: LiveRun) -> Live:
        """Forget one run, unless it goes on. `undo` brings it back."""
        if run.status != "running":
            self.session.forget(run)
        return self._forgot()

    def undo(self) -> Live:
        """Bring back what the last `reset` or `delete` took away; nothing taken: nothing happens."""
        if self.session.can_recall:
            self.session.recall()
            self.set(**{name: self.values[name] for name in self.controls})
        return self._forgot()

    def _forgot(self) -> Live:
        if self._root is not None and not self.runs:
            self._scene.value = ""
        self._draw_curves()
        self.changed()
        return self

    def replay(self) -> Live:
        """Whole episodes of the newest run's final policy, from fresh starts; none: nothing happens."""
        policies = [run.policy for run in self.runs if run.policy is not None]
        if policies and not self.session.busy:
            self._show_film(policies[-1])
        return self

    def wait(self, seconds: float | None = None) -> Live:
        """Until the worker has ended (or the seconds have)."""
        self.session.wait(seconds)
        return self

    def smoke(self, steps: int = 2000) -> Live:
        """A short run of every algorithm, waited for: what a test executes. Raises what the run raised."""
        self.start(steps, every=True).wait()
        if self.error is not None:
            raise self.error
        return self

    # What the page shows

    def changed(self) -> None:
        """The line of state, the counts, the error if there is one, and which buttons can be pressed."""
        if self._root is None:
            return
        session = self.session
        working = session.state in ("running", "paused")
        self._status.value = _status_html(session)
        self._tell_code()
        now = time.perf_counter()
        if session.state != "running" or now - self._counted_at >= min(1.0, self._pause):
            self._counted_at, self._counts.value = now, _counts_html(session)
        self._problem.value = "" if session.error is None else display.error_html(session.error)
        self.legend.update(self.runs)
        can = {"Start": not working, "Pause": working, "Stop": working, "Reset": True}
        can["Replay"] = not working and any(run.policy is not None for run in self.runs)
        can["Undo"] = session.can_recall and not working
        for name, enabled in can.items():
            self._buttons[name].disabled = not enabled
        self._buttons["Pause"].description = "Resume" if session.state == "paused" else "Pause"

    def _tell_code(self) -> None:
        """What a reader copies: the call that brings this panel to the present values."""
        call = f"{display.name_of(self) or 'panel'}.set("
        self._code.value = display.code_html(call, self.values, self.kept.name_of(self.values))

    def progressed(self, training: Any) -> None:
        """What is learnt, or the environment under the policy as it is now; the curves that have grown."""
        if self._root is None:
            return
        calm = self._calm.value
        grown = self._shown() != self._drawn and time.perf_counter() - self._drawn_at >= self._pause
        if self.picture is not None:
            if grown or not calm:
                self._scene.value = self.picture(training)
        elif hasattr(training, "policy") and self._on_stage().drawn:
            self._scene.value = CALM if calm else self._on_stage().play(training.policy().member(0))
        if grown:
            self._draw_curves()

    @property
    def _pause(self) -> float:
        """Seconds between two pictures of the curves."""
        return CALM_SECONDS if self._root is not None and self._calm.value else CURVE_SECONDS

    def ended(self) -> None:
        """The curves to their ends, sharp; then whole episodes of the policy that was learnt."""
        self._draw_curves()
        if self.picture is None and self.runs and self.runs[-1].policy is not None:
            self._show_film(self.runs[-1].policy)

    def _show_film(self, policy: Any) -> None:
        if self._root is not None:
            self._scene.value = self._on_stage().film(policy.member(0))

    def _on_stage(self) -> Stage:
        if self._stage is None:
            self._stage = Stage(self.env, self.drawing)
        return self._stage

    def _shown(self) -> list[tuple[str, int]]:
        return [(run.label, run.returns.shape[1]) for run in self.runs if run.returns.shape[1]]

    def _draw_curves(self) -> None:
        with display.DRAWING:
            self.legend.update(self.runs)
            self._drawn, self._drawn_at = self._shown(), time.perf_counter()
            with_recorded = self._root is None or self._with_recorded.value
            recorded = self.recorded if with_recorded else []
            visible = self.legend.visible(self.runs)
            draw_runs(
                self.figure,
                visible,
                recorded,
                self.steps,
                self.legend.looks,
                self.symbols,
                self.bounds,
                self.measure,
            )
            working = self.session.state in ("running", "paused")
            self.png = plots.to_png(self.figure, 1 if working else display.SHARP)
        if self._root is not None:
            self._curves.value = self.png

    def _ipython_display_(self) -> None:
        note = display.NO_WIDGETS.replace("at its start values", "as recorded")
        still = frames.recording_html(self) if os.environ.get(display.SITE) else ""
        display.publish(self._root, self.png, SIZE, self.title or "live training", note, still)


def return_bounds(env: Any) -> tuple[float | None, float | None]:
    """What no return of an environment can leave, where the world says so."""
    from gymnasium.error import Error

    from rlcourse.parts.environments import make
    from rlcourse.parts.worlds import system_of

    try:
        return getattr(system_of(make(env, 1, 0)), "return_bounds", (None, None))
    except (Error, ValueError, TypeError, ImportError):  # a run will say what is wrong
        return None, None


def _status_html(session: Session) -> str:
    """State, run and note: a region that screen readers announce, so it changes only when these do."""
    run = session.runs[-1] if session.runs else None
    label = f"{html.escape(run.label)}, seeds {seeds_in_words(run.seeds)}" if run else ""
    return (
        f'<span role="status" data-state="{session.state}"><b>{session.state}</b>&nbsp; {label} '
        f"{html.escape(session.note)}</span>"
    )


def _counts_html(session: Session) -> str:
    """How far the present run has come: a bar, and numbers that no screen reader is told of."""
    counts = "".join(
        f'<span class="rlcourse-count">{name}&nbsp;<b data-number="{name}" data-value="{value}">'
        f"{plots.shown(value)}</b></span>"
        for name, value in session.counts.items()
    )
    share = f"{session.progress:.3f}"
    return f'<progress max="1" value="{share}" aria-label="share of the run"></progress> {counts}'


def live(
    algorithm: Any, env: Any = "Pendulum-v1", steps: int = 20_000, seeds: int | list[int] = 4, *,
    recorded: str | Path | None = None, title: str = "", drawing: Callable | None = None,
    trainer: Callable | None = None, settings: Mapping[str, Mapping[str, Any]] | None = None,
    measure: str = "", picture: Callable | None = None, **controls: Control,
) -> Live:  # fmt: skip
    """Train in front of a hall: Start, Pause, Stop, Reset, sliders, all runs' curves, the environment played.

    algorithm: an algorithm, a list of them (a chooser, or each in turn), or a dictionary {label: algorithm}.
    steps per seed, seeds: as for `train`. controls: Sliders, Choices and Switches named as fields of the
    algorithm; the panel says which apply at once and which to the next run. recorded: a file of `record`,
    shown until there is time for a run. settings: values to which a reader can go by name, {"as in the
    paper": {"tau": 0.005}}; readers keep their own as A, B, …. drawing(obs, action) → SVG for environments
    that the course cannot draw; picture(training) → SVG of what is being learnt, in place of an environment.
    trainer: what to call in place of `train`; measure: what its curves are, where they are no returns.
    Nothing starts by itself. Raises ValueError for a control that no algorithm has as a field.
    """
    algorithms = named(algorithm)
    for name in controls:
        if not any(name in {f.name for f in fields(a)} for a in algorithms.values()):
            raise ValueError(
                f"live: no field {name!r} in {', '.join(algorithms)}; controls are named as fields"
            )
    if recorded and os.environ.get(RECORDING):
        options = {"callbacks": []} if trainer else {}
        record(algorithms, env, recorded, steps, seeds, trainer=trainer, **options)
    return Live(
        algorithms, env, steps, seeds, recorded, title, drawing, trainer, controls, settings, measure, picture
    )
