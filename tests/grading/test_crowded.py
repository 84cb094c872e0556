"""A time-out that neighbours may have caused is judged again, alone; with one worker there are none."""

import json

import pytest

from rlcourse.grading.judging import batch
from rlcourse.grading.judging.rows import Result, Row


@pytest.mark.parametrize("jobs, times", [(2, 2), (1, 1)])
def test_a_time_out_among_neighbours_is_judged_again_alone(tmp_path, monkeypatch, jobs, times):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "ada_homework-3.ipynb").write_text(json.dumps({"cells": []}))
    calls = []

    def grade_entry(entry, *arguments):
        calls.append(entry.submission)
        again = len(calls) == 1
        row = Row(entry.student, entry.submission, "homework-3", digest=entry.digest, seed=1)
        row.results = {"polyak": Result(2.0, float(not again), not again, None, "", again=again)}
        return row

    monkeypatch.setattr(batch, "grade_entry", grade_entry)
    monkeypatch.setattr(batch, "in_parallel", lambda todo, arguments, jobs: map(grade_entry, todo))
    (row,) = batch.grade(tmp_path / "in", tmp_path / "out", jobs=jobs)
    assert len(calls) == times
    assert row.results["polyak"].passed == (jobs == 2)
