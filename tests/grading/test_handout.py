"""The students' copy: it works as theirs, and no answer can be read in it."""

import gzip
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("nbgrader", reason="NOT CHECKED: nbgrader is not installed")

from rlcourse.commands import hub
from rlcourse.commands.test import fuse
from rlcourse.grading import handout, release
from rlcourse.grading.exercises import EXERCISES

ROOT = release.ROOT
BANKS = ROOT / "tests" / "exercises"


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("handout")
    handout.write(folder, instances=1)
    return folder


def as_a_student(copy, program, *arguments):
    """What a Python says in the copy, with that copy's package and no other."""
    environment = {"PYTHONPATH": str(copy), "PATH": "/usr/bin:/bin", "HOME": str(copy)}
    command = [sys.executable, "-W", "ignore", *program, *arguments]
    return subprocess.run(
        command, cwd=copy, env=environment, capture_output=True, text=True, timeout=fuse(120)
    )


def texts(copy):
    """{path: text} of all files of a copy; a sheet as it is unpacked."""
    found = {}
    for path in copy.rglob("*"):
        if path.suffix == ".sheet":
            found[path.relative_to(copy)] = gzip.decompress(path.read_bytes()).decode()
        elif path.is_file() and path.suffix in (".py", ".ipynb", ".md", ".json", ".toml"):
            found[path.relative_to(copy)] = path.read_text(encoding="utf-8")
    return found


def answers():
    """Lines that compute an answer: of the exercises, the homework's solutions and the banks' right ones."""
    lines = set()
    for path in [*(ROOT / "rlcourse/grading/exercises").glob("hw*/*.py"), *BANKS.glob("hw*/*.py")]:
        lines |= set(path.read_text(encoding="utf-8").splitlines())
    for path in release.SOURCES.glob("*.py"):
        for region in release.REGION.findall(path.read_text(encoding="utf-8")):
            lines |= set(region.splitlines())
    code = {line.strip() for line in lines if re.search(r"[=(]", line)}
    return {
        line
        for line in code
        if len(line) > 30 and not line.startswith(("#", "from ", "import ", "def ", "with ", "@"))
    }


def test_no_answer_can_be_read_in_it_but_for_what_the_lectures_teach(copy):
    ours = answers()
    assert len(ours) > 3000
    adaptors = "".join(exercise.spec["adaptor"] or "" for exercise in EXERCISES.values())
    given = {json.dumps(line)[1:-1] for line in ours} & {json.dumps(c)[1:-1] for c in adaptors.split("\n")}
    shown = {line.strip() for line in adaptors.splitlines()} | given | statements()
    for path, text in texts(copy).items():
        if path.parts[:2] == ("rlcourse", "grading") or path.parts[:2] == ("notebooks", "homework"):
            lines = {line.strip() for line in re.split(r"\n|\\n", text)}
            assert (lines & ours) - shown == set(), path


def statements():
    """Lines that stand in a homework's own text and given cells."""
    text = "".join(
        cell.source + "\n"
        for path in release.RELEASED.glob("*.ipynb")
        for cell in release.released(release.instructor(release.SOURCES / f"{path.stem}.py")).cells
    )
    return {line.strip() for line in text.splitlines()}


def test_tests_sources_of_homework_and_the_judge_are_not_in_it(copy):
    paths = {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()}
    left_out = ("tests", "notebooks/source/homework", "notebooks/run-sheets", "build", ".git/")
    assert not [p for p in paths if p.startswith(left_out)]
    assert hub.holds_answers(copy) is None
    assert not [p for p in paths if re.search(r"grading/(judging|nbgrader|release|exercises/.*hw.*py)", p)]
    assert {f"rlcourse/grading/exercises/hw{e.homework}/{n}.sheet" for n, e in EXERCISES.items()} <= paths
    assert {f"notebooks/homework/homework-{n}.ipynb" for n in range(1, 6)} <= paths
    for path, text in texts(copy).items():
        assert not any(question in text for e in EXERCISES.values() for question in e.viva), path
        if path.suffix == ".ipynb":
            assert "BEGIN SOLUTION" not in text, path


CHECKS = """
import importlib.util, json, sys
import rlcourse
from rlcourse.grading import check
from rlcourse.grading.exercises import EXERCISES
said = {"where": rlcourse.__file__}
for name, exercise in EXERCISES.items():
    path = f"{sys.argv[1]}/hw{exercise.homework}/{name}.py"
    spec = importlib.util.spec_from_file_location("bank", path)
    bank = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bank)
    of = lambda kind: [v for k, v in vars(bank).items() if k.startswith(kind)]
    whose = {"student": "ada"} if exercise.personal else {}
    right = check(name, of("right_")[0], **whose)
    caught = any(not check(name, wrong, **whose).passed for wrong in of("wrong_"))  # one may fit an instance
    said[name] = [right.passed, caught, right.message]
print(json.dumps(said))
"""


def test_check_works_in_it_for_every_exercise(copy):
    run = as_a_student(copy, ["-c", CHECKS], str(BANKS))
    assert run.returncode == 0, run.stderr[-2000:]
    said = json.loads(run.stdout.splitlines()[-1])
    assert Path(said.pop("where")).is_relative_to(copy)
    assert set(said) == set(EXERCISES)
    assert {name: found for name, found in said.items() if found[:2] != [True, True]} == {}


def test_it_says_what_it_lacks(copy):
    graded = as_a_student(copy, ["-m", "rlcourse"], "grade", "x")
    assert graded.returncode == 2 and "grading is the instructor's" in graded.stderr
    assert "handout" not in as_a_student(copy, ["-m", "rlcourse"], "--help").stdout
    assert "students' copy" in (copy / "README.md").read_text().partition("## ")[0]
    links = re.findall(r"\]\(([^)#:]+)\)", (copy / "README.md").read_text())
    assert [link for link in links if not (copy / link).exists()] == []


def test_a_cell_of_a_homework_runs_in_it(copy):
    program = "from rlcourse.grading import instance; print(instance('td3_faults', 'ada')['curves'].shape)"
    assert as_a_student(copy, ["-c", program]).stdout.strip() == "(4, 3, 41)"


def small(folder):
    """A repository of a few files, without git."""
    for name in (
        "LICENSE",
        "rlcourse/grading/feedback.py",
        "rlcourse/grading/judging/judge.py",
        "tests/a.py",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    (folder / "README.md").write_text("# it\n\nWords.\n\n## Two commands\n\n1\n\n## For instructors\n\n2\n")
    return folder


def test_it_is_renewed_in_its_place_and_takes_no_other_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(handout, "write_sheets", lambda target, instances: [])
    root, target = small(tmp_path / "course"), tmp_path / "out"
    handout.write(target, root)
    (target / ".git").mkdir()
    (root / "LICENSE").unlink()
    assert handout.write(target, root) == [Path("rlcourse/grading/feedback.py"), Path("README.md")]
    assert (target / ".git").is_dir() and not (target / "LICENSE").exists()
    assert "2" not in (target / "README.md").read_text().splitlines()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("")
    with pytest.raises(handout.Refused, match="not empty"):
        handout.write(tmp_path / "mine", root)


def test_stale_homework_is_not_handed_out(tmp_path, monkeypatch):
    monkeypatch.setattr(handout.release, "build", lambda **_: ["homework-3.ipynb differs from its source"])
    with pytest.raises(handout.Refused, match="build"):
        handout.write(tmp_path / "out", small(tmp_path / "course"))
