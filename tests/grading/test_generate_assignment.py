"""nbgrader's `generate_assignment` makes what students open; an exercise's points stand in its record alone."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("nbgrader", reason="NOT CHECKED: nbgrader is not installed (extra: instructor)")

from rlcourse.grading import release
from rlcourse.grading.exercises import find

CONFIG = Path(release.__file__).parent / "nbgrader" / "nbgrader_config.py"
HOMEWORKS = sorted(path.stem for path in release.SOURCES.glob("*.py"))


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """An instructor's folder without a release, and nbgrader at work in it."""
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import PyFileConfigLoader

    root = tmp_path_factory.mktemp("course")
    release.build(target=root / "students", course=root)
    shutil.rmtree(root / "release")
    shutil.copy(CONFIG, root)
    config = PyFileConfigLoader(CONFIG.name, path=str(root)).load_config()
    config.CourseDirectory.root = str(root)
    return root, NbGraderAPI(CourseDirectory(config=config), config=config)


@pytest.mark.parametrize("homework", HOMEWORKS)
def test_generate_assignment_makes_the_students_notebook_byte_for_byte(course, homework):
    root, nbgrader = course
    done = nbgrader.generate_assignment(homework, create=True)
    assert done["success"], done
    made = (root / "release" / homework / f"{homework}.ipynb").read_bytes()
    assert made == (release.RELEASED / f"{homework}.ipynb").read_bytes()


@pytest.mark.parametrize("homework", HOMEWORKS)
def test_nbgraders_points_are_those_of_the_records_and_the_head_says_their_sum(course, homework):
    root, nbgrader = course
    nbgrader.generate_assignment(homework, create=True)
    with nbgrader.gradebook as gradebook:
        cells = gradebook.find_notebook(homework, homework).grade_cells
        points = {cell.name: cell.max_score for cell in cells}
    tests = {name.removeprefix("test-"): p for name, p in points.items() if name.startswith("test-")}
    assert tests == {name: find(name).points for name in tests}
    head = release.released(release.instructor(release.SOURCES / f"{homework}.py")).cells[0].source
    assert f"**{sum(points.values()):g} points**" in head


def test_points_that_change_in_a_record_change_everywhere(monkeypatch):
    path = release.SOURCES / "homework-3.py"
    before = release.instructor(path)
    monkeypatch.setattr(
        release, "find", lambda name: replace(find(name), points=find(name).points + 10 * (name == "polyak"))
    )
    after = release.instructor(path)
    changed = [
        (b.metadata.get("nbgrader", {}).get("grade_id", "head"), a.source)
        for b, a in zip(before.cells, after.cells, strict=True)
        if b != a
    ]
    assert [name for name, _ in changed] == ["head", "test-polyak"]
    assert f"{find('polyak').points + 10} * feedback.score  # points" in changed[1][1]
