"""Recordings: shown until there is time for a run."""

import json


def test_a_recording_is_shown_until_there_is_time_for_a_run(panel, tmp_path):
    path = tmp_path / "recorded.json"
    runs = [{"label": "TD3", "steps": [0, 10], "returns": [[-3.0, -2.0], [-4.0, -1.0]]}]
    path.write_text(json.dumps({"env": "hill", "note": "", "runs": runs}))
    one = panel(recorded=path)
    named = [line.get_label() for line in one.figure.axes[0].lines if not line.get_label().startswith("_")]
    assert named == ["recorded TD3, n = 2"]
    seeds = [line for line in one.figure.axes[0].lines if line.get_label().startswith("_seeds")]
    assert len(seeds) == 2, "its two seeds are drawn too"
