"""Nothing lists the exercises: a file is one, and its cells, its bank and its record agree."""

import ast
from pathlib import Path

import pytest

pytest.importorskip(
    "nbgrader", reason="NOT CHECKED: nbgrader is not installed (python3 -m rlcourse test brings it)"
)

import rlcourse.grading.exercises as exercises  # noqa: E402
from rlcourse.grading import release  # noqa: E402
from rlcourse.grading.exercises import EXERCISES, find  # noqa: E402

HERE = Path(__file__).parent
PACKAGE = Path(exercises.__file__).parent
NAMES = list(EXERCISES)


def files(folder):
    """Homework and name of each file that is an exercise, or a bank."""
    return sorted((f.parent.name, f.stem) for f in folder.glob("hw*/*.py") if not f.name.startswith("_"))


def cells():
    """{exercise: (its notebook's name, statement, answer, test)} of all homework."""
    found = {}
    for path in sorted(release.SOURCES.glob("*.py")):
        notebook = release.instructor(path).cells
        for i, cell in enumerate(notebook):
            if release.solves(cell):
                found[release.solves(cell)] = (path.stem, *notebook[i - 1 : i + 2])
    return found


def test_every_file_is_an_exercise_and_every_exercise_a_file():
    assert sorted(name for _, name in files(PACKAGE)) == sorted(NAMES)  # no name twice, none missing
    for homework, name in files(PACKAGE):
        exercise = find(name)
        assert (exercise.name, f"hw{exercise.homework}") == (name, homework)


def test_every_exercise_has_a_bank_and_every_bank_an_exercise():
    assert files(HERE) == files(PACKAGE)


def test_every_exercise_has_its_cells_in_its_homework_with_its_signature_and_points():
    found = cells()
    tastes = [name for name in NAMES if find(name).homework == 0]  # on the welcome page, in no homework
    assert sorted([*found, *tastes]) == sorted(NAMES)
    for name, (homework, statement, answer, test) in found.items():
        exercise = find(name)
        assert homework == f"homework-{exercise.homework}"
        assert release.signature(answer.source, name) == exercise.signature
        assert test.metadata.nbgrader.points == exercise.points
        assert test.source.splitlines()[-1] == f"{exercise.points} * feedback.score  # points"
        announced = f"({exercise.minutes} minutes, {'★' * exercise.stars})"
        assert sum(line.endswith(announced) for line in statement.source.splitlines()) == 1


def test_a_new_file_is_found_without_being_named(tmp_path, monkeypatch):
    folder = tmp_path / "hw9"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "_shared.py").write_text("")
    (folder / "double.py").write_text(NEW)
    monkeypatch.setattr(exercises, "__path__", [*exercises.__path__, str(tmp_path)])
    found = exercises.Found(exercises.discover())
    assert set(found) == {*NAMES, "double"}
    assert found["double"].signature == "double(x)"
    assert found["double"].homework == 9
    cases = found["double"].cases(0)
    assert [found["double"].expected(case)["value"] for case in cases] == [2.0, 6.0, 2.0]


NEW = """
from rlcourse.grading.record import Exercise, Mistake

def double(x):
    return 2 * x

def draw(rng):
    return [{"x": 1.0}, {"x": 3.0}]

MISTAKES = (Mistake("squared", "This is x².", lambda x: x**2),)
EXERCISE = Exercise(double, draw, points=1, minutes=1, stars=1, mistakes=MISTAKES)
"""


def test_an_exercise_is_imported_only_when_it_is_asked_for():
    import subprocess
    import sys

    program = (
        "import sys; from rlcourse.grading import check; check('polyak');"
        "print(sorted(m for m in sys.modules if '.exercises.hw' in m and m.count('.') == 4))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "['rlcourse.grading.exercises.hw3.polyak']"


RECORDS = ("grading.record", "grading.feedback", "grading.rules", "grading.sheets")  # hold no answer


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.stem)
def test_an_exercise_imports_equations_and_its_record_and_no_judge(path):
    modules = {n.module for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.ImportFrom)}
    for module in (m for m in modules if m and m.startswith("rlcourse")):
        room = module.removeprefix("rlcourse.")
        own, shared = f"grading.exercises.{path.parent.name}", "grading.exercises._"  # of several homeworks
        assert room.startswith(("equations", *RECORDS, own, shared)), module
