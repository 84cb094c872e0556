"""A session without any page: what its worker does, and what a watcher hears."""

import subprocess
import sys
import threading

import pytest

from rlcourse.widgets import LiveRun, Session, Watcher
from rlcourse.widgets.session import named


class Diary(Watcher):
    def __init__(self):
        self.session, self.lines, self.threads = None, [], set()

    def changed(self):
        self.lines.append(self.session.state)

    def progressed(self, training):
        self.threads.add(threading.current_thread().name)
        assert training.algorithm.slope == self.session.values["slope"]

    def ended(self):
        self.lines.append("the end")


@pytest.fixture
def session(Climber, climb):
    diary = Diary()
    diary.session = Session(
        {"A": Climber(), "B": Climber(slope=2.0)}, "hill", 2, {"slope": 1.0}, trainer=climb, watcher=diary
    )
    return diary.session


def test_a_session_trains_one_after_the_other_and_tells_its_watcher(session):
    session.start(["A", "B"], 400).wait(20)
    assert [(run.label, run.status) for run in session.runs] == [("A", "finished"), ("B slope=1", "finished")]
    assert session.runs[1].returns[:, -1].tolist() == [400.0, 401.0]
    assert session.counts["steps"] == 400
    lines = session.watcher.lines
    assert (lines[0], lines[-2:]) == ("running", ["the end", "finished"])
    assert session.watcher.threads == {"rlcourse-live"}
    assert not session.busy


def test_a_field_that_shapes_the_networks_waits_for_the_next_run_and_others_do_not(session, until):
    assert (session.at_once("slope"), session.at_once("horizon")) == (True, False)
    session.start(["A"], 100_000)
    until(lambda: session.counts)
    session.retune("horizon", 20)
    session.retune("slope", 0.5)
    until(lambda: "→" in session.runs[0].label)
    assert session.runs[0].label == "A → slope=0.5"
    session.stop("enough").wait(10)
    assert (session.state, session.note) == ("stopped", "Stopped: enough.")
    assert session.values == {"slope": 0.5, "horizon": 20}


def test_what_a_watcher_raises_ends_the_run_and_is_kept(session):
    session.watcher.progressed = lambda training: 1 / 0
    session.start(["A", "B"], 100_000).wait(20)
    assert isinstance(session.error, ZeroDivisionError)
    assert [run.status for run in session.runs] == ["failed"]
    assert session.watcher.lines[-2:] == ["the end", "failed"]


def test_a_session_of_the_same_cell_stops_the_former_and_one_of_another_cell_does_not(Climber, climb):
    def make(cell):
        return Session({"A": Climber()}, "hill", 1, trainer=climb, cell=cell)

    first = make("cell 1").start(["A"], 100_000)
    make("cell 2")
    assert first.busy
    make("cell 1")
    assert (first.state, first.note) == ("stopped", "Stopped: its cell was run again.")


def test_forgetting_stops_and_clears_but_keeps_the_values(session, until):
    session.start(["A"], 100_000)
    until(lambda: session.counts)
    session.retune("slope", 0.5)
    session.forget()
    assert (session.state, session.runs, session.counts, session.note) == ("ready", [], {}, "")
    assert session.values == {"slope": 0.5}


def test_a_run_of_the_same_settings_has_other_seeds_and_one_of_other_settings_the_same(session):
    for slope in (1.0, 1.0, 0.5, 1.0):
        session.retune("slope", slope)
        session.start(["A"], 20).wait(10)
    assert [run.seeds for run in session.runs] == [2, [2, 3], 2, [4, 5]]
    assert session.runs[1].returns[:, -1].tolist() == [22.0, 23.0], "the trainer was given them"


def test_a_first_run_does_not_repeat_the_seeds_of_its_recording(Climber, climb):
    recorded = [LiveRun("A", status="recorded")]
    session = Session({"A": Climber()}, "hill", [3, 5], trainer=climb, recorded=recorded)
    session.start(["A"], 20).wait(10)
    assert session.runs[0].seeds == [9, 11]


def test_what_was_forgotten_can_be_recalled_once(session):
    session.start(["A", "B"], 20).wait(10)
    first, second = session.runs
    session.forget(first)
    assert session.runs == [second]
    session.recall()
    assert session.runs == [first, second]
    session.forget()
    session.start(["A"], 20).wait(10)
    session.recall().recall()
    assert session.runs[:2] == [first, second]
    assert len(session.runs) == 3


def test_progress_and_the_seconds_left_are_told_while_it_runs_and_the_bar_ends_full(session, until):
    session.start(["A", "B"], 2000)
    until(lambda: "seconds left" in session.counts)
    assert 0 < session.progress < 0.5
    assert 0 <= session.counts["seconds left"] < 60
    until(lambda: len(session.runs) == 2 and session.counts)
    assert 0.5 <= session.progress < 1
    session.wait(30)
    assert session.progress == 1.0
    assert "seconds left" not in session.counts


def test_algorithms_are_named_by_their_class_and_by_what_tells_them_apart(Climber):
    assert list(named(Climber())) == ["Climber"]
    assert list(named([Climber(), Climber(slope=0.5)])) == ["Climber slope=1", "Climber slope=0.5"]
    assert named({"mine": Climber()}) == {"mine": Climber()}


def test_a_session_needs_no_widget():
    code = (
        "import sys; sys.modules['ipywidgets'] = None\n"
        "from rlcourse.widgets.session import Session\nfrom rlcourse.widgets import explore, display\n"
        "print(display.ipywidgets, Session({}, '', 1).state)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["None", "ready"]
