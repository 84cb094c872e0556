"""Recordings: shown until there is time for a run."""

import ast
import json
from types import SimpleNamespace

import numpy as np
import pytest

from rlcourse import notebooks, training
from rlcourse.experiments import RECORDING
from rlcourse.widgets import record
from rlcourse.widgets.overview import finding
from rlcourse.widgets.recording import recorded_runs


def test_a_recording_is_shown_until_there_is_time_for_a_run(panel, tmp_path):
    path = tmp_path / "recorded.json"
    runs = [{"label": "TD3", "steps": [0, 10], "returns": [[-3.0, -2.0], [-4.0, -1.0]]}]
    path.write_text(json.dumps({"env": "hill", "note": "", "runs": runs}))
    one = panel(recorded=path)
    named = [line.get_label() for line in one.figure.axes[0].lines if not line.get_label().startswith("_")]
    assert named == ["recorded TD3, n = 2"]
    seeds = [line for line in one.figure.axes[0].lines if line.get_label().startswith("_seeds")]
    assert len(seeds) == 2, "its two seeds are drawn too"


def test_a_recording_keeps_returns_below_one(Climber, tmp_path, monkeypatch):
    curve = SimpleNamespace(steps=np.array([0, 10]), returns=np.array([[0.0, 0.8375], [0.0, -1234.5]]))
    monkeypatch.setattr(training, "train", lambda *args, **options: SimpleNamespace(curve=curve))
    (one,) = recorded_runs(record(Climber(), "hill", tmp_path / "share.json"))
    np.testing.assert_array_equal(one.returns, curve.returns)


DAMAGED = {
    "cut": '{"env": "hill", "runs": [{"lab',
    "of another kind": '{"env": "hill"}',
    "a list": "[1, 2]",
    "uneven": '{"runs": [{"label": "TD3", "steps": [0, 10], "returns": [[1.0], [2.0]]}]}',
    "empty": '{"runs": [{"label": "TD3", "steps": [], "returns": [[]]}]}',
    "not a number": '{"runs": [{"label": "TD3", "steps": [0], "returns": [[NaN]]}]}',
}


@pytest.mark.parametrize("damage", [None, *DAMAGED])
def test_a_missing_or_damaged_recording_is_said_in_one_line_and_the_panel_works(panel, tmp_path, damage):
    path = tmp_path / "recorded.json"
    if damage is not None:
        path.write_text(DAMAGED[damage])
    one = panel(recorded=path, steps=40)
    said = one._status.value
    assert str(path) in said and "`record` makes" in said
    assert "\n" not in one.session.note
    one.start().wait(20)
    assert one.state == "finished"


def test_the_command_that_records_a_page_makes_the_recordings_of_its_panels_too(panel, tmp_path, monkeypatch):
    path = tmp_path / "recorded.json"
    monkeypatch.setenv(RECORDING, "1")
    one = panel(recorded=path, steps=40)
    runs = json.loads(path.read_text())["runs"]
    assert [(run["label"], run["steps"], len(run["returns"])) for run in runs] == [("Climber", [20, 40], 3)]
    assert one.figure.axes[0].get_title("left").startswith("Recorded: Climber has a mean return of 41 [")
    assert one.runs == []


def test_every_live_panel_of_the_course_has_a_recording_so_that_its_still_shows_a_trained_run():
    found = 0
    for path in sorted(notebooks.SOURCES.glob("*.py")):
        for cell in notebooks.code_cells(notebooks.compile_source(path)):
            for call in (node for node in ast.walk(ast.parse(cell)) if isinstance(node, ast.Call)):
                if getattr(call.func, "id", "") != "live":
                    continue
                (name,) = [key.value.value for key in call.keywords if key.arg == "recorded"]
                runs = recorded_runs(notebooks.LECTURES / name)
                (steps,) = [ast.literal_eval(key.value) for key in call.keywords if key.arg == "steps"]
                assert all(0.9 * steps <= run.steps[-1] <= 1.2 * steps for run in runs), name
                assert finding([], runs).startswith("Recorded: "), name
                found += 1
    assert found >= 7
