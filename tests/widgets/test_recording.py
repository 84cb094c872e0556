"""Recordings: shown until there is time for a run."""

import json

import pytest


def test_a_recording_is_shown_until_there_is_time_for_a_run(panel, tmp_path):
    path = tmp_path / "recorded.json"
    runs = [{"label": "TD3", "steps": [0, 10], "returns": [[-3.0, -2.0], [-4.0, -1.0]]}]
    path.write_text(json.dumps({"env": "hill", "note": "", "runs": runs}))
    one = panel(recorded=path)
    named = [line.get_label() for line in one.figure.axes[0].lines if not line.get_label().startswith("_")]
    assert named == ["recorded TD3, n = 2"]
    seeds = [line for line in one.figure.axes[0].lines if line.get_label().startswith("_seeds")]
    assert len(seeds) == 2, "its two seeds are drawn too"


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
