"""nbgrader's exchange between two local users, as behind JupyterHub: released, fetched, submitted, collected, judged.

The grader is no root, and has its own uid; a student has another. Each command is nbgrader's own, run as its user.
"""

import json
import os
import shutil
import site
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

pytest.importorskip("nbgrader", reason="NOT CHECKED: nbgrader is not installed (extra: instructor)")
import rlcourse  # noqa: E402
from rlcourse.commands.test import fuse  # noqa: E402

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]
HERE = str(Path(rlcourse.__file__).parent.parent)
GRADER, STUDENT = ("nobody", 65534), ("daemon", 1)
SPY = """
import os
found = []
for place in ({exchange!r}, {course!r}):
    try:
        found.append(os.listdir(place))
    except OSError:
        pass
def polyak(target, online, tau):
    raise ValueError(f"found {{found}}")
"""
RIGHT = "def polyak(target, online, tau):\n    return (1 - tau) * target + tau * online\n"


def environment(folder):
    paths = os.pathsep.join([HERE, *site.getsitepackages()])
    path = os.pathsep.join([str(folder / "bin"), "/usr/bin", "/bin"])
    return {
        "PATH": path,
        "PYTHONPATH": paths,
        "HOME": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LANG": "C.UTF-8",
    }


def as_user(user, command, folder, cwd):
    """Run a command as a user of this machine, in the user's own home."""
    name, uid = user
    drop = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--inh-caps=-all"]
    home = folder / name
    return subprocess.run(
        [*drop, *command], cwd=cwd, env=environment(folder) | {"HOME": str(home), "USER": name},
        capture_output=True, text=True, timeout=fuse(120),
    )  # fmt: skip


def can_run(python, folder):
    return as_user(GRADER, ["sh", "-c", f"exec {python} -c pass"], folder, "/").returncode == 0


@pytest.fixture
def two_users():
    """(a folder with a home for each, the Python that both may run)."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("NOT CHECKED: only root can become two other users (as in a container)")
    folder = Path(tempfile.mkdtemp(prefix="two-users-"))
    folder.chmod(0o755)
    for name, uid in (GRADER, STUDENT):
        (folder / name).mkdir(mode=0o755)
        os.chown(folder / name, uid, uid)
    (folder / "bin").mkdir()
    try:
        for python in (sys.executable, "/usr/bin/python3"):
            if not can_run(python, folder):
                continue
            done = as_user(GRADER, [python, "-c", "import nbgrader, torch, rlcourse.grading"], folder, "/")
            if done.returncode == 0:
                break
        else:
            pytest.skip(
                "NOT CHECKED: no Python with these packages that another user of this machine can run"
            )
        shim = folder / "bin" / "alembic"  # nbgrader calls it by its name
        shim.write_text(f'#!/bin/sh\nexec {python} -m alembic "$@"\n')
        shim.chmod(0o755)
        yield folder, python
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def notebook():
    def cell(kind, name, source, **flags):
        meta = {
            "grade": False,
            "solution": False,
            "locked": False,
            "task": False,
            "schema_version": 3,
            **flags,
        }
        made = {
            "cell_type": kind,
            "id": name,
            "metadata": {"nbgrader": meta | {"grade_id": name}},
            "source": source,
        }
        return made | {"outputs": [], "execution_count": None}

    begin, end = "    ### BEGIN SOLUTION\n", "    ### END SOLUTION\n"
    answer = (
        "def polyak(target, online, tau):\n" + begin + "    return (1 - tau) * target + tau * online\n" + end
    )
    test = "from rlcourse.grading import check\n2 * check('polyak', polyak).score"
    cells = [
        cell("code", "given-imports", "import numpy as np\n", locked=True),
        cell("code", "polyak", answer, solution=True),
        cell("code", "test-polyak", test, grade=True, locked=True, points=2),
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}


def test_an_assignment_goes_through_the_exchange_and_back_and_a_spy_finds_nothing(two_users):
    folder, python = two_users
    course, exchange, home = folder / "nobody" / "course", folder / "exchange", folder / "daemon"
    exchange.mkdir()
    exchange.chmod(0o777)
    config = (Path(HERE) / "rlcourse" / "grading" / "nbgrader" / "nbgrader_config.py").read_text()
    config += f"c.Exchange.root = {str(exchange)!r}\n"
    (course / "source" / "hw").mkdir(parents=True)
    (course / "source" / "hw" / "hw.ipynb").write_text(json.dumps(notebook()))
    (course / "nbgrader_config.py").write_text(config)
    for place, _, files in os.walk(folder / "nobody"):
        for path in (Path(place), *(Path(place, name) for name in files)):
            os.chown(path, GRADER[1], GRADER[1])
    student = (
        f"c = get_config()\nc.CourseDirectory.course_id = 'rlcourse'\nc.Exchange.root = {str(exchange)!r}\n"
    )
    (home / "nbgrader_config.py").write_text(student)

    def nbgrader(user, where, *words):
        done = as_user(user, [python, "-m", "nbgrader", *words], folder, where)
        assert done.returncode == 0, (words, done.stderr[:200] + done.stderr[-6000:])
        return done

    nbgrader(GRADER, course, "generate_assignment", "hw")
    nbgrader(GRADER, course, "release_assignment", "hw")
    scores = {}
    for turn, source in (("right", RIGHT), ("spy", SPY.format(exchange=str(exchange), course=str(course)))):
        shutil.rmtree(home / "hw", ignore_errors=True)
        nbgrader(STUDENT, home, "fetch_assignment", "hw")
        path = home / "hw" / "hw.ipynb"
        assert path.stat().st_uid == STUDENT[1] and "BEGIN SOLUTION" not in path.read_text()
        content = json.loads(path.read_text())
        content["cells"][1]["source"] = source
        path.write_text(json.dumps(content))
        nbgrader(STUDENT, home, "submit", "hw")
        nbgrader(GRADER, course, "collect", "hw", "--update")
        nbgrader(GRADER, course, "autograde", "hw")
        stored = json.loads((course / "autograded" / "daemon" / "hw" / "hw.ipynb").read_text())
        scores[turn] = json.dumps(stored["cells"])
    assert "Right on all" in scores["right"]
    assert "found []" in scores["spy"]
