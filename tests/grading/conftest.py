"""A homework handed in by many hands: notebooks are made from the instructor's list of cells."""

import json

import pytest

RIGHT = {
    "ou_step": "import numpy as np\ndef ou_step(x, theta, mu, sigma, dt, xi):\n"
    "    return x + theta * (mu - x) * dt + sigma * np.sqrt(dt) * xi\n",
    "polyak": "def polyak(target, online, tau):\n    return (1 - tau) * target + tau * online\n",
    "ddpg_target": "def ddpg_target(reward, terminated, next_q, gamma):\n"
    "    return reward + gamma * (1 - terminated) * next_q\n",
}


@pytest.fixture(scope="session")
def right():
    return RIGHT


@pytest.fixture(scope="session")
def assignment():
    from rlcourse.grading.judging.batch import assignments

    return assignments()["homework-3"]


@pytest.fixture(scope="session")
def notebook(assignment):
    """A function: {exercise: source} -> the notebook of a student who filled in these cells and no others."""

    def make(answers, extra=()):
        cells = []
        for source in assignment.cells:
            meta = {
                "grade_id": source.grade_id,
                "grade": source.role in ("test", "written"),
                "solution": source.role in ("solution", "written"),
                "locked": source.role in ("test", "given"),
                "points": source.points,
                "schema_version": 3,
            }
            stub = f"def {source.grade_id}(*arguments):\n    raise NotImplementedError('write it')\n"
            text = answers.get(source.grade_id, stub) if source.role == "solution" else source.source
            cells.append(cell(source.kind, text, {"nbgrader": meta}))
        cells += [cell("code", text) for text in extra]
        return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}

    return make


def cell(kind, source, metadata=None):
    made = {"cell_type": kind, "metadata": metadata or {}, "source": source}
    return made | ({"outputs": [], "execution_count": None} if kind == "code" else {})


@pytest.fixture(scope="session")
def hand_in():
    """A function: writes a notebook for a student into the folder of submissions."""

    def write(folder, student, content):
        path = folder / f"{student}.ipynb"
        path.write_text(json.dumps(content))
        return path

    return write


@pytest.fixture(scope="session")
def graded(assignment):
    """A function: grades a folder with the command line, in this process; returns {student: row}."""
    from rlcourse.grading import __main__ as cli
    from rlcourse.grading.judging import rows

    def run(folder, out, *options):
        code = cli.main([str(folder), "--out", str(out), "--jobs", "1", "--seconds", "3", *options])
        assert code == 0
        return {row.student: row for row in rows.load_rows(out / "rows.jsonl")}

    return run


@pytest.fixture(scope="session")
def judged():
    """A function: the result of one answer to an exercise, with the given cells of its homework."""
    from rlcourse.grading.exercises import EXERCISES
    from rlcourse.grading.judging.batch import assignments
    from rlcourse.grading.judging.judge import judge
    from rlcourse.grading.judging.submission import Assignment, Cell
    from rlcourse.grading.sandbox.confinement import Limits

    def result(exercise, code):
        whole = assignments()[f"homework-{EXERCISES[exercise].homework}"]
        kept = (exercise, f"test-{exercise}")
        cells = tuple(c for c in whole.cells if c.grade_id in kept or c.role == "given")
        texts = {c.grade_id: code if c.grade_id == exercise else c.source for c in cells}
        handed_in = [Cell(c.kind, texts[c.grade_id], c.grade_id) for c in cells]
        limits = Limits(seconds=20.0, total=90.0)
        return judge(Assignment(whole.name, cells), handed_in, 12345, limits, student="ada")[0][exercise]

    return result
