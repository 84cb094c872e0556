"""A session: training in the background that can be paused, stopped and retuned. It knows no widget.

    session = Session({"TD3": TD3()}, "Pendulum-v1", seeds=4, watcher=panel)
    session.start(["TD3"], steps=20_000)  # returns at once; session.state, .runs, .counts tell the rest

The worker prints nothing and draws nothing; its `Watcher` hears of it. What goes wrong is `session.error`.
"""

from __future__ import annotations

import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar

import numpy as np

from rlcourse.parts.settings import fixed_fields

HEARD_SECONDS = 0.1  # a watcher hears at most ten times a second how far a run has come


@dataclass(eq=False)  # two runs are never the same one
class LiveRun:
    """One curve of a live panel: label, and arrays that grow as the training does."""

    label: str
    steps: np.ndarray = field(default_factory=lambda: np.zeros(0))  # [E]
    returns: np.ndarray = field(default_factory=lambda: np.zeros((1, 0)))  # [seeds, E]
    status: str = "running"
    seeds: int | list[int] = 1
    marks: list[tuple[int, str]] = field(default_factory=list)  # (step, "tau=0.1"): retuned there
    policy: Any = None  # of all seeds, when the run has ended


class Watcher:
    """Who hears of a session, mostly in the worker's thread: override what matters. This one ignores all."""

    def changed(self) -> None:
        """State, counts, labels or note are others than before."""

    def progressed(self, training: Any) -> None:
        """A run goes on, with this live training (at most ten times a second)."""

    def ended(self) -> None:
        """The worker is at its end, whatever the reason."""


class Session:
    """One algorithm after another, trained in a thread of its own with the values as they are at its start.

    state: ready, running, paused, finished, stopped or failed; then `error` holds what was raised. runs: a
    LiveRun for each training so far. counts: how far the present run has come, by name; progress: which share
    of all that `start` asked for is done. note: why it was stopped, if it was not by its reader. values: the
    fields that `retune` changes. recorded: runs made before, whose seeds a run of the same name does not
    repeat.

    One session trains at a time in a kernel: `start` stops another one. A session made by the notebook cell
    `cell` stops the one that an earlier execution of that cell left running.
    """

    working: ClassVar[Session | None] = None  # the one whose worker runs

    def __init__(
        self, algorithms: Mapping[str, Any], env: Any, seeds: int | list[int],
        values: Mapping[str, Any] | None = None, *, trainer: Callable | None = None,
        watcher: Watcher | None = None, cell: str | None = None, recorded: Sequence[LiveRun] = (),
        measure: str = "",
    ):  # fmt: skip
        self.algorithms, self.env, self.seeds, self.trainer = algorithms, env, seeds, trainer
        self.watcher, self.cell, self.recorded = watcher or Watcher(), cell, list(recorded)
        self.mean = f"mean {measure or 'return'}"  # what its count is called
        former = Session.working
        if former is not None and (cell is None or former.cell == cell):
            former.stop("its cell was run again").wait(10)
        self.values = dict(values or {})
        self.state, self.error, self.note = "ready", None, ""
        self.runs: list[LiveRun] = []
        self.counts: dict[str, float] = {}
        self.progress = 0.0
        self._begun: Counter[str] = Counter()  # runs of these settings so far
        self._forgotten: tuple[list[LiveRun], dict[str, Any], Counter[str]] | None = None
        self._thread: threading.Thread | None = None
        self._stop, self._pause, self._lock = threading.Event(), threading.Event(), threading.Lock()
        self._changes: dict[str, Any] = {}
        self._steps, self._asked, self._part, self._heard = 0, 0, (0.0, 1.0), 0.0

    @property
    def busy(self) -> bool:
        """Whether the worker lives: running, paused or about to end."""
        return self._thread is not None and self._thread.is_alive()

    def at_once(self, name: str) -> bool:
        """Whether a field takes effect in a run that goes on: no algorithm here keeps it from its start."""
        return not any(name in fixed_fields(algorithm) for algorithm in self.algorithms.values())

    # What a reader does

    def start(self, names: Sequence[str], steps: int) -> Session:
        """Train the algorithms of these names, each for `steps` steps. Already busy: nothing happens."""
        if self.busy:
            return self
        other = Session.working
        if other is not None and other is not self:
            other.stop("another live run was started").wait(10)
        self._stop.clear()
        self._pause.clear()
        self._changes, self.note, self.error, self.state = {}, "", None, "running"
        Session.working = self
        self._thread = threading.Thread(
            target=self._work, args=(list(names), steps), daemon=True, name="rlcourse-live"
        )
        self.watcher.changed()
        self._thread.start()
        return self

    def pause(self) -> Session:
        """Hold the run after its present update; paused time is not training time."""
        if self.busy:
            self._pause.set()
        return self

    def resume(self) -> Session:
        """Go on after a pause."""
        self._pause.clear()
        return self

    def pause_or_resume(self) -> Session:
        """What one button does for both."""
        return self.resume() if self._pause.is_set() else self.pause()

    def stop(self, note: str = "") -> Session:
        """End the run after its present update; what it learnt so far stays in `runs`."""
        self.note = note and f"Stopped: {note}."
        self._stop.set()
        self._pause.clear()
        return self

    def retune(self, name: str, value: Any) -> None:
        """Set a field: for the next run and, where it takes effect at once, for the one that goes on."""
        with self._lock:
            self.values[name] = value
            if self.busy and self.at_once(name):
                self._changes[name] = value

    def forget(self, *runs: LiveRun) -> Session:
        """Forget these runs; without a name: stop, and forget all of them. `recall` undoes it."""
        self._forgotten = list(self.runs), dict(self.values), Counter(self._begun)
        if runs:
            self.runs = [run for run in self.runs if run not in runs]
            return self
        self.stop().wait(10)
        self.runs, self.state, self.error, self.counts, self.note = [], "ready", None, {}, ""
        self.progress = 0.0
        self._begun.clear()
        return self

    @property
    def can_recall(self) -> bool:
        """Whether there is something forgotten."""
        return self._forgotten is not None

    def recall(self) -> Session:
        """Undo the last `forget`: its runs come back, before those since then, and its values."""
        if self._forgotten is not None:
            (former, values, begun), self._forgotten = self._forgotten, None
            self.runs = former + [run for run in self.runs if run not in former]
            self._begun |= begun
            for name, value in values.items():
                self.retune(name, value)
        return self

    def wait(self, seconds: float | None = None) -> Session:
        """Until the worker has ended (or the seconds have)."""
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(seconds)
        return self

    def fail(self, error: BaseException) -> None:
        """Whatever it was, the hall must see it, and the kernel live on."""
        self.error, self.state = error, "failed"
        self.watcher.changed()

    # The worker

    def _work(self, names: list[str], steps: int) -> None:
        try:
            trainer = self.trainer
            if trainer is None:
                from rlcourse.training import train as trainer
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="training failed")  # `error` says it
                for index, name in enumerate(names):
                    if not self._stop.is_set():
                        self._part = index / len(names), 1 / len(names)
                        self._train(trainer, name, steps)
            if self.state != "failed":
                self.state = "stopped" if self._stop.is_set() else "finished"
        except BaseException as error:
            self.fail(error)
            if self.runs and self.runs[-1].status == "running":
                self.runs[-1].status = "failed"
        finally:
            if Session.working is self:
                Session.working = None
            try:
                self.watcher.ended()
            except Exception as error:
                self.fail(error)
            self.watcher.changed()

    def _train(self, trainer: Callable, name: str, steps: int) -> None:
        base = self.algorithms[name]
        with self._lock:
            mine = {n: v for n, v in self.values.items() if hasattr(base, n)}
            self._changes = {}
        run = LiveRun(self.label(name, base, mine), seeds=self.fresh_seeds(name, base, mine))
        self._begun[_with_settings(name, base, mine)] += 1
        self.runs.append(run)
        self._began, self._worked = time.perf_counter(), (0, time.perf_counter(), 0.0)
        self._asked, self.counts = steps, {}
        result = trainer(
            replace(base, **mine), self.env, steps=steps, seeds=run.seeds,
            callbacks=[lambda training: self._after_update(training, run)],
        )  # fmt: skip
        self._take(run, result.curve)
        run.status, run.policy, self.counts["steps"] = result.status, result.policy, self._steps
        if run.returns.shape[1]:
            self.counts[self.mean] = float(run.returns[:, -1].mean())
        self.counts.pop("seconds left", None)
        self._advance()
        if result.status == "failed":
            self.fail(RuntimeError(result.reason))

    def label(self, name: str, base: Any, values: Mapping[str, Any]) -> str:
        """The name of a run of `base` with these values: the settings that read differently, its number."""
        label = _with_settings(name, base, values)
        same = self._begun[label]
        return label if not same else f"{label} (run {same + 1})"

    def fresh_seeds(self, name: str, base: Any, values: Mapping[str, Any]) -> int | list[int]:
        """The session's seeds for the first run of these settings; others for each further one.

        A repeated run is new evidence, not the same curve over again; runs of other settings share their
        seeds, so that they can be compared in pairs.
        """
        label = _with_settings(name, base, values)
        before = self._begun[label] + sum(run.label == label for run in self.recorded)
        if not before:
            return self.seeds
        seeds = list(range(self.seeds)) if isinstance(self.seeds, int) else list(self.seeds)
        return [seed + before * (max(seeds) + 1) for seed in seeds]

    def _after_update(self, training: Any, run: LiveRun) -> None:
        if self._pause.is_set() and not self._stop.is_set():
            self._hold(training)
        self._steps = training.steps
        if self._stop.is_set():
            training.stop()
            return
        if self._changes:
            self._apply_changes(training, run)
        now = time.perf_counter()
        if now - self._heard >= HEARD_SECONDS:
            self._heard = now
            self._count(training, run, now)
            self.watcher.changed()
            self.watcher.progressed(training)

    def _hold(self, training: Any) -> None:
        self.state = "paused"
        self.watcher.changed()
        while self._pause.is_set() and not self._stop.is_set():
            time.sleep(0.02)
        self.state = "running"
        self._worked = (training.steps, time.perf_counter(), self._worked[2])
        self.watcher.changed()

    def _apply_changes(self, training: Any, run: LiveRun) -> None:
        with self._lock:
            changes, self._changes = self._changes, {}
        changes = {n: v for n, v in changes.items() if hasattr(training.algorithm, n)}
        if changes:
            training.algorithm = replace(training.algorithm, **changes)
            names = ", ".join(setting(n, v) for n, v in changes.items())
            run.marks.append((training.steps, names))
            run.label = f"{run.label.split(' → ')[0]} → {names}"

    def _count(self, training: Any, run: LiveRun, now: float) -> None:
        self._take(run, training.run.curve)
        steps, since, rate = self._worked
        if now - since > 0.5:
            rate = run.returns.shape[0] * (training.steps - steps) / (now - since)
            self._worked = (training.steps, now, rate)
        counts = {"steps": training.steps, "seconds": round(now - self._began, 1)}
        if rate:
            counts["steps per second"] = round(rate)
            counts["seconds left"] = round((self._asked - training.steps) * run.returns.shape[0] / rate)
        if run.returns.shape[1]:
            counts[self.mean] = float(run.returns[:, -1].mean())
        self.counts = counts
        self._advance()

    def _advance(self) -> None:
        begun, share = self._part
        self.progress = min(1.0, begun + share * self._steps / max(1, self._asked))

    @staticmethod
    def _take(run: LiveRun, curve: Any) -> None:
        count = len(curve.steps)
        run.steps, run.returns = np.asarray(curve.steps)[:count], np.atleast_2d(curve.returns)[:, :count]


def named(algorithm: Any) -> dict[str, Any]:
    """{label: algorithm} of an algorithm, of several, or of a dictionary that names them already.

    Each by its class, and by the fields in which it differs from another one of that class.
    """
    if isinstance(algorithm, Mapping):
        return dict(algorithm)
    given = list(algorithm) if isinstance(algorithm, Sequence) else [algorithm]
    return {_name(one, given): one for one in given}


def _name(algorithm: Any, among: Sequence) -> str:
    others = [other for other in among if type(other) is type(algorithm) and other is not algorithm]
    values = {f.name: getattr(algorithm, f.name) for f in fields(algorithm)}
    differing = [n for n, value in values.items() if any(getattr(other, n) != value for other in others)]
    return " ".join([type(algorithm).__name__, *(setting(n, values[n]) for n in differing)])


def _with_settings(name: str, base: Any, values: Mapping[str, Any]) -> str:
    """The name and the values that read differently from those of `base`: "TD3 tau=0.1"."""
    own = {n: setting(n, getattr(base, n)) for n in values}
    return " ".join([name, *(setting(n, v) for n, v in values.items() if setting(n, v) != own[n])])


def setting(name: str, value: Any) -> str:
    """A field as labels say it: "tau=0.005", "target=td_target"."""
    if isinstance(value, float):
        value = f"{value:.3g}"
    return f"{name}={getattr(value, '__name__', value)}"
