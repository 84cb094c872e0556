"""nbgrader's commands with the course's judge in them: every one of its traps, on a small course of its own."""

import base64
import csv
import fcntl
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("nbgrader", reason="NOT CHECKED: nbgrader is not installed (extra: instructor)")
from PIL import Image  # noqa: E402

import rlcourse.grading  # noqa: E402
from rlcourse.commands.test import fuse  # noqa: E402

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

BIN = str(Path(sys.executable).parent)
CONFIG = Path(rlcourse.grading.__file__).parent / "nbgrader" / "nbgrader_config.py"
RIGHT = "def polyak(target, online, tau):\n    return (1 - tau) * target + tau * online\n"
WRONG = RIGHT.replace("1 - tau", "tau")
OU = "def ou_step(x, theta, mu, sigma, dt, xi):\n    return x + theta * (mu - x) * dt + sigma * np.sqrt(dt) * xi\n"
FORGED = [
    {"output_type": "execute_result", "data": {"text/plain": "1000"}, "metadata": {}, "execution_count": 1}
]


def cell(kind, grade_id, source, points=None, **flags):
    meta = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3} | flags
    meta |= {"grade_id": grade_id, "cell_type": kind} | ({} if points is None else {"points": points})
    made = {"cell_type": kind, "id": grade_id, "metadata": {"nbgrader": meta}, "source": source}
    return made | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def answer(name, source):
    region = "".join(f"    {line}\n" for line in source.splitlines()[1:])
    head = source.splitlines()[0]
    return cell(
        "code", name, f"{head}\n    ### BEGIN SOLUTION\n{region}    ### END SOLUTION\n", solution=True
    )


def instructor(points=2):
    test = "from rlcourse.grading import check\nfeedback = check('{0}', {0})\nfeedback.score * 2"
    return {
        "cells": [
            cell("code", "given-imports", "import numpy as np\n", locked=True),
            answer("polyak", RIGHT),
            cell("code", "test-polyak", test.format("polyak"), points, grade=True, locked=True),
            answer("ou_step", OU),
            cell("code", "test-ou_step", test.format("ou_step"), 3, grade=True, locked=True),
            cell("markdown", "written-why", "Why is τ small?", 5, grade=True, solution=True),
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def nbgrader(course, *arguments):
    command = [sys.executable, "-m", "nbgrader", *arguments]
    path = os.pathsep.join([BIN, os.environ["PATH"]])  # nbgrader calls alembic, which lies beside it
    return subprocess.run(
        command,
        cwd=course,
        capture_output=True,
        text=True,
        timeout=fuse(40),
        env={**os.environ, "PATH": path},
    )


def release(course, points=2):
    source = course / "source" / "hw"
    source.mkdir(parents=True, exist_ok=True)
    (source / "hw.ipynb").write_text(json.dumps(instructor(points)))
    done = nbgrader(course, "generate_assignment", "hw", "--force")
    assert done.returncode == 0, done.stderr
    return json.loads((course / "release" / "hw" / "hw.ipynb").read_text())


def solved(released, polyak=RIGHT, ou_step=OU, why="Because targets must move slowly."):
    content = json.loads(json.dumps(released))
    texts = {"polyak": polyak, "ou_step": ou_step, "written-why": why}
    for one in content["cells"]:
        one["source"] = texts.get(one["metadata"]["nbgrader"]["grade_id"], one["source"])
        if one["cell_type"] == "code":
            one["outputs"] = FORGED
    return content


def find(content, name):
    return next(c for c in content["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == name)


def drop(content, name):
    content["cells"].remove(find(content, name))
    return content


def double(content, name):
    content["cells"].append(json.loads(json.dumps(find(content, name))) | {"id": "copied"})
    return content


def submit(course, student, content):
    path = course / "submitted" / student / "hw"
    path.mkdir(parents=True, exist_ok=True)
    (path / "hw.ipynb").write_text(content if isinstance(content, str) else json.dumps(content))


def scores(course):
    """{student: (code score, {cell: auto score})} as nbgrader's own gradebook has it."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        found = {}
        for submission in gradebook.assignment_submissions("hw"):
            grades = submission.notebooks[0].grades
            found[submission.student.id] = {grade.name: grade.auto_score for grade in grades}
        return found


STDERR = "import sys, warnings\ndef polyak(target, online, tau):\n    sys.stderr.write('note'); warnings.warn('w')\n"
STDERR += "    return (1 - tau) * target + tau * online\n"


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Students of every kind, autograded once by nbgrader's own command."""
    course = tmp_path_factory.mktemp("course")
    shutil.copy(CONFIG, course / "nbgrader_config.py")
    released = release(course)
    blank = json.loads(json.dumps(released))
    submit(course, "right", solved(released))
    submit(course, "blank", blank)
    submit(course, "wrong", solved(released, WRONG))
    submit(course, "stderr", solved(released, STDERR))
    submit(
        course, "nan", solved(released, "def polyak(*a):\n    print(float('nan'))\n    return float('nan')\n")
    )
    submit(course, "exit", solved(released, "import os\ndef polyak(*a):\n    os._exit(0)\n"))
    submit(course, "syntax", solved(released, "def polyak(:\n"))
    submit(course, "test_deleted", drop(solved(released), "test-polyak"))
    submit(course, "all_tests_deleted", drop(drop(solved(released, WRONG), "test-polyak"), "test-ou_step"))
    submit(course, "test_doubled", double(solved(released), "test-polyak"))
    submit(course, "solution_deleted", drop(solved(released), "polyak"))
    submit(course, "solution_doubled", double(solved(released), "polyak"))
    submit(course, "written_deleted", drop(solved(released), "written-why"))
    submit(course, "not_json", "hello")
    submit(course, "empty", "")
    submit(course, "other", {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []})
    forged = solved(blank, *(3 * ["# nothing"]))
    for one in forged["cells"]:
        one["metadata"]["nbgrader"] |= {"points": 99, "locked": False, "checksum": "x"}
    forged["metadata"]["kernelspec"]["name"] = "evil"
    submit(course, "forged", forged)
    (course / "submitted" / "directory" / "hw" / "hw.ipynb").mkdir(parents=True)
    (course / "submitted" / "symlink" / "hw").mkdir(parents=True)
    (course / "submitted" / "symlink" / "hw" / "hw.ipynb").symlink_to(course / "source" / "hw" / "hw.ipynb")
    odd_submissions(course, released)
    done = nbgrader(course, "autograde", "hw", "--create")
    return course, done


SECRET = "what only the grader may read"


def odd_submissions(course, released):
    """Names, stamps, links and pictures that nbgrader alone skips, follows or breaks on."""
    text, submitted = json.dumps(solved(released)), course / "submitted"
    for student, name in ODD_NAMES.items():
        (submitted / student / "hw").mkdir(parents=True)
        (submitted / student / "hw" / name).write_text(text)
    submit(course, "bad_stamp", text)
    (submitted / "bad_stamp" / "hw" / "timestamp.txt").write_bytes(b"\xff yesterday \x1b[2J")
    submit(course, "pipe_stamp", text)
    os.mkfifo(submitted / "pipe_stamp" / "hw" / "timestamp.txt")
    (submitted / "no_notebook" / "hw").mkdir(parents=True)
    (course / "secret.txt").write_text(SECRET)
    submit(course, "links", text)
    (submitted / "links" / "hw" / "notes.txt").symlink_to(course / "secret.txt")
    (submitted / "links" / "hw" / "folder").symlink_to(course / "source")
    (submitted / "links" / "hw" / "a[b").mkdir()
    (submitted / "links" / "hw" / "a[b" / "more.txt").symlink_to(course / "secret.txt")
    os.mkfifo(submitted / "links" / "hw" / "pipe")
    (submitted / "anothers").mkdir()
    (submitted / "anothers" / "hw").symlink_to(submitted / "right" / "hw")
    submit(
        course,
        "script",
        solved(released, why="By Jensen. <img src=x onerror=alert(1)> [x](javascript:alert(1))"),
    )
    photo = solved(released, why="See ![photo](attachment:photo.png)")
    picture = io.BytesIO()
    Image.new("RGB", (40, 20), (200, 10, 10)).save(picture, format="PNG")
    data = {"photo.png": {"image/png": base64.b64encode(picture.getvalue()).decode()}}
    find(photo, "written-why")["attachments"] = data
    submit(course, "photo", photo)
    trained = solved(released)
    shown = {"image/png": data["photo.png"]["image/png"], "text/html": "<script>alert(1)</script>"}
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": "return -150\x1b[2J\n"},
        {"output_type": "display_data", "data": shown, "metadata": {}},
        {"output_type": "display_data", "data": {"text/html": "<script>alert(2)</script>"}, "metadata": {}},
    ]
    own = {"cell_type": "code", "id": "own", "metadata": {}, "source": "train()", "execution_count": 1}
    trained["cells"].insert(1, own | {"outputs": outputs})
    submit(course, "trained", trained)
    halves = solved(released, why="Why is tau small?\n\nThe upper half,")
    lower = json.loads(json.dumps(find(halves, "written-why"))) | {
        "source": "and the lower half.",
        "id": "lower",
    }
    halves["cells"].insert(halves["cells"].index(find(halves, "written-why")) + 1, lower)
    submit(course, "split_proof", halves)


ODD_NAMES = {
    "browser_copy": "hw (1).ipynb",
    "dots": "..ipynb",
    "hidden": ".hidden.ipynb",
    "upper": "HW.IPYNB",
}


EXPECTED = {  # student: (polyak of 2, ou_step of 3)
    "right": (2, 3),
    "blank": (0, 0),
    "wrong": (0, 3),
    "stderr": (2, 3),  # nbgrader alone: 0 for any text on stderr
    "nan": (0, 3),  # nbgrader alone: full marks
    "exit": (0, 3),  # nbgrader alone: looks like a blank
    "syntax": (0, 3),
    "test_deleted": (2, 3),  # nbgrader alone: silently lost
    "all_tests_deleted": (0, 3),
    "test_doubled": (2, 3),  # nbgrader alone: a misleading error
    "solution_deleted": (0, 3),
    "solution_doubled": (2, 3),
    "written_deleted": (2, 3),
    "not_json": (0, 0),  # nbgrader alone: no row
    "empty": (0, 0),
    "other": (0, 0),
    "forged": (0, 0),
    "directory": (0, 0),
    "symlink": (0, 0),
    "browser_copy": (2, 3),  # nbgrader alone: no row
    "dots": (2, 3),
    "hidden": (2, 3),
    "upper": (2, 3),
    "bad_stamp": (2, 3),  # nbgrader alone: ends the student's grading
    "pipe_stamp": (2, 3),  # nbgrader alone: waits for ever
    "no_notebook": (0, 0),
    "links": (2, 3),
    "anothers": (0, 0),
    "script": (2, 3),
    "photo": (2, 3),
    "split_proof": (2, 3),
    "trained": (2, 3),
}


@pytest.mark.parametrize("student", EXPECTED)
def test_scores_are_the_judges(course, student):
    found = scores(course[0])[student]
    assert (found["test-polyak"], found["test-ou_step"]) == EXPECTED[student], course[1].stderr[-3000:]


def test_autograde_ends_well_and_every_student_has_a_row(course):
    assert course[1].returncode == 0, course[1].stderr[-3000:]
    assert set(scores(course[0])) == set(EXPECTED)


def test_written_answers_wait_for_a_human_and_missing_ones_score_nothing(course):
    found = scores(course[0])
    assert found["right"]["written-why"] is None
    assert found["blank"]["written-why"] == 0
    assert found["written_deleted"]["written-why"] == 0


def test_nothing_is_copied_through_a_link_and_the_log_says_so(course):
    done = nbgrader(course[0], "generate_feedback", "hw", "--student", "links", "--force")
    assert done.returncode == 0, done.stderr[-2000:]
    for place in ("autograded", "feedback"):
        files = [path for path in (course[0] / place / "links").rglob("*") if path.is_file()]
        assert files and not any(SECRET in path.read_text(errors="replace") for path in files)
    assert "notes.txt: not a regular file" in course[1].stderr


def test_what_is_printed_moves_no_terminal(course):
    assert "\x1b[2J" not in course[1].stderr and "timestamp.txt is not readable" in course[1].stderr


def test_a_script_in_a_proof_runs_nowhere(course):
    from nbconvert import HTMLExporter

    stored = course[0] / "autograded" / "script" / "hw" / "hw.ipynb"
    page, _ = HTMLExporter().from_filename(str(stored))
    done = nbgrader(course[0], "generate_feedback", "hw", "--student", "script", "--force")
    assert done.returncode == 0, done.stderr[-2000:]
    for html in (page, (course[0] / "feedback" / "script" / "hw" / "hw.html").read_text()):
        assert "By Jensen." in html
        assert "<img src=x" not in html and 'href="javascript' not in html
    assert scores(course[0])["script"]["written-why"] is None  # it waits for a person


def test_a_pasted_photograph_reaches_the_marker(course):
    from nbconvert import HTMLExporter

    page, _ = HTMLExporter().from_filename(str(course[0] / "autograded" / "photo" / "hw" / "hw.ipynb"))
    assert 'src="data:image/png;base64,' in page


def test_what_an_experiment_showed_reaches_the_marker_and_says_whose_it_is(course):
    from rlcourse.grading.judging.outputs import WHOSE

    text = (course[0] / "autograded" / "trained" / "hw" / "hw.ipynb").read_text()
    (own,) = [c for c in json.loads(text)["cells"] if c["source"] in ("train()", ["train()"])]
    said = "".join("".join(out.get("text", "")) for out in own["outputs"])
    assert said.startswith(f"[{WHOSE}]\n") and "return -150\n" in said
    assert [list(out["data"]) for out in own["outputs"] if "data" in out] == [["image/png"]]
    assert "<script" not in text and "\\u001b" not in text


def test_the_halves_of_a_split_proof_are_joined(course):
    stored = json.loads((course[0] / "autograded" / "split_proof" / "hw" / "hw.ipynb").read_text())
    text = "".join(find(stored, "written-why")["source"])
    assert text.index("The upper half,") < text.index("and the lower half.")


def test_feedback_names_the_mistake(course):
    done = nbgrader(course[0], "generate_feedback", "hw")
    assert done.returncode == 0, done.stderr[-2000:]
    page = (course[0] / "feedback" / "wrong" / "hw" / "hw.html").read_text()
    assert "✗" in page and "hidden inputs of seed" in page
    unreadable = (course[0] / "feedback" / "not_json" / "hw" / "hw.html").read_text()
    assert "could not be read" in unreadable


def test_cells_keep_their_order_and_the_students_own_stay_between(course, tmp_path):
    from rlcourse.grading.judging.submission import Assignment, Cell, match
    from rlcourse.grading.nbgrader.preprocessor import arrange

    assignment = Assignment.of("hw", instructor())
    cells = [
        Cell("markdown", "title"),
        Cell("code", "import numpy", "given-imports"),
        Cell("markdown", "first"),
    ]
    cells += [Cell("code", RIGHT, "polyak"), Cell("code", "mine"), Cell("code", "x", "test-polyak")]
    cells += [Cell("code", OU, "ou_step"), Cell("code", "last")]
    made = arrange(assignment, cells, match(assignment, cells), {})
    seen = [c.metadata.get("nbgrader", {}).get("grade_id", c.source) for c in made]
    assert seen == [
        *("title", "given-imports", "first", "polyak", "mine", "test-polyak", "ou_step"),
        *("test-ou_step", "written-why", "last"),
    ]


def test_export_has_the_scores(course):
    done = nbgrader(course[0], "export", "--to", "grades.csv")
    assert done.returncode == 0, done.stderr[-2000:]
    with open(course[0] / "grades.csv", newline="") as file:
        by_student = {line["student_id"]: float(line["score"]) for line in csv.DictReader(file)}
    assert by_student["right"] == 5.0 and by_student["wrong"] == 3.0 and by_student["not_json"] == 0.0


def test_changed_points_are_taken_over_without_force(course, tmp_path):
    """nbgrader alone skips what it has graded before, and says nothing."""
    copy = tmp_path / "course"
    shutil.copytree(
        course[0], copy, symlinks=True, ignore=shutil.ignore_patterns("pipe", "pipe_stamp")
    )  # no file
    release(copy, points=4)
    done = nbgrader(copy, "autograde", "hw", "--student", "right")
    assert done.returncode == 0, done.stderr[-2000:]
    assert scores(copy)["right"]["test-polyak"] == 4


def test_manual_marks_survive_regrading(course, tmp_path):
    from nbgrader.api import Gradebook

    copy = tmp_path / "course"
    shutil.copytree(
        course[0], copy, symlinks=True, ignore=shutil.ignore_patterns("pipe", "pipe_stamp")
    )  # no file
    with Gradebook(f"sqlite:///{copy}/gradebook.db") as gradebook:
        gradebook.find_grade("written-why", "hw", "hw", "right").manual_score = 4.5
        gradebook.db.commit()
    assert nbgrader(copy, "autograde", "hw", "--student", "right").returncode == 0
    with Gradebook(f"sqlite:///{copy}/gradebook.db") as gradebook:
        assert gradebook.find_grade("written-why", "hw", "hw", "right").manual_score == 4.5


def test_a_second_grader_on_one_gradebook_is_locked_out_with_a_clear_line(course):
    with open(course[0] / ".grading-lock", "w") as file:
        file.write("4711")
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        done = nbgrader(course[0], "autograde", "hw", "--student", "right")
    assert done.returncode != 0
    assert "Another grader (process 4711)" in done.stderr
    assert scores(course[0])["right"]["test-polyak"] == 2


def test_without_bubblewrap_nothing_is_graded_unless_asked(course, tmp_path):
    copy = tmp_path / "course"
    shutil.copytree(
        course[0], copy, symlinks=True, ignore=shutil.ignore_patterns("pipe", "pipe_stamp")
    )  # no file
    command = [sys.executable, "-m", "nbgrader", "autograde", "hw", "--student", "right"]
    environment = {**os.environ, "PATH": BIN}
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, env=environment)
    assert done.returncode != 0 and "bubblewrap is not installed" in done.stderr
    done = subprocess.run(
        [*command, "--Judge.unsandboxed=True"], cwd=copy, capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert scores(copy)["right"]["test-polyak"] == 2
    assert "GRADED WITHOUT A SANDBOX" in (copy / "autograded" / "right" / "hw" / "hw.ipynb").read_text()


def test_formgrader_button_takes_the_same_path(course, tmp_path):
    """The formgrader's API in this process, twice: it must not lock itself out."""
    copy = tmp_path / "course"
    shutil.copytree(
        course[0], copy, symlinks=True, ignore=shutil.ignore_patterns("pipe", "pipe_stamp")
    )  # no file
    code = (
        "from nbgrader.apps import NbGraderAPI\nfrom nbgrader.coursedir import CourseDirectory\n"
        "from nbgrader.apps.nbgraderapp import NbGrader\napp = NbGrader()\napp.initialize([])\n"
        "api = NbGraderAPI(coursedir=CourseDirectory(config=app.config), config=app.config)\n"
        "for _ in range(2):\n    result = api.autograde('hw', 'wrong')\n    assert result['success'], result\n"
    )
    environment = {**os.environ, "PATH": os.pathsep.join([BIN, os.environ["PATH"]])}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=copy, capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr[-3000:]
