"""The guide's call on a cluster: the same rows as here."""

import joblib
import pytest

from rlcourse.grading.batch import grade
from tests.test_workers import on_dask, on_ray


@pytest.mark.sandbox
@pytest.mark.slow
@pytest.mark.parametrize("engine", [on_dask, on_ray])
def test_a_cluster_gives_the_same_marks_as_this_process(engine, tmp_path, notebook, hand_in, right):
    folder = tmp_path / "submissions"
    folder.mkdir()
    wrong = "def polyak(target, online, tau):\n    return target\n"
    for n in range(4):
        hand_in(folder, f"student{n}", notebook(right | ({"polyak": wrong} if n % 2 else {})))
    with engine():
        there = grade(folder, tmp_path / "there", jobs=None, seed=1)
    with joblib.parallel_config(backend="sequential"):
        here = grade(folder, tmp_path / "here", jobs=1, seed=1)
    marks = [{row.student: (row.status, row.score) for row in rows} for rows in (there, here)]
    assert marks[0] == marks[1]
    assert marks[0]["student0"][1] > marks[0]["student1"][1]
