"""Homework as it is released: from one source, without a line of an answer, worth its points."""

import json
import re

import pytest

pytest.importorskip(
    "nbgrader", reason="NOT CHECKED: nbgrader is not installed (python3 -m rlcourse test brings it)"
)

from rlcourse.commands.test import fuse  # noqa: E402
from rlcourse.grading import release  # noqa: E402
from rlcourse.grading.exercises import EXERCISES  # noqa: E402

PATHS = sorted(release.SOURCES.glob("*.py"))


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def path(request):
    return request.param


def test_every_exercise_is_in_one_homework_with_its_test_cell():
    solved, tested = [], []
    for path in PATHS:
        notebook = release.instructor(path)
        solved += list(release.answers(notebook)[1])
        ids = [cell.metadata.get("nbgrader", {}).get("grade_id", "") for cell in notebook.cells]
        tested += [i.removeprefix("test-") for i in ids if i.startswith("test-")]
    assert solved == tested
    assert sorted(solved) == sorted(n for n in EXERCISES if EXERCISES[n].homework)  # 0: a taste, on page 00


def test_committed_releases_are_those_of_the_sources():
    assert release.build(check=True) == []


def test_building_twice_gives_the_same_bytes(tmp_path):
    for folder in ("a", "b"):
        assert release.build(target=tmp_path / folder, course=tmp_path / "course")
    for one in (tmp_path / "a").iterdir():
        assert one.read_bytes() == (tmp_path / "b" / one.name).read_bytes()
    assert release.build(check=True, target=tmp_path / "a", course=tmp_path / "course") == []


def test_a_stale_release_is_named(tmp_path):
    release.build(target=tmp_path, course=tmp_path / "course")
    (tmp_path / "homework-3.ipynb").write_text("{}")
    assert "homework-3.ipynb differs from" in release.build(check=True, target=tmp_path)[0]


def test_a_release_holds_no_line_of_any_answer(path):
    notebook = release.instructor(path)
    text = json.dumps(release.released(notebook), ensure_ascii=False)
    assert "BEGIN SOLUTION" not in text
    blanks = json.loads(text)["cells"]
    sources = {cell["metadata"].get("nbgrader", {}).get("grade_id"): cell["source"] for cell in blanks}
    for name, answer in release.answers(notebook)[1].items():
        for region in release.REGION.findall(answer):
            for line in region.strip().splitlines():
                assert line.strip() not in sources[name].splitlines(), (name, line)


def test_the_head_says_points_hours_what_is_assumed_and_how_to_hand_in(path):
    cells = release.released(release.instructor(path)).cells
    head = cells[0].source
    graded = [
        cell.metadata.nbgrader.points for cell in cells if cell.metadata.get("nbgrader", {}).get("grade")
    ]
    assert f"**{sum(graded)} points**" in head
    minutes = sum(int(m) for cell in cells for m in re.findall(r"^#+ .*\((\d+) minutes, ", cell.source, re.M))
    assert f"**About {round(minutes / 30) / 2:g} hours**" in head
    assert "**Assumed.**" in head and f"hand in the file `{path.stem}.ipynb`" in head
    assert sum("To hand in" in cell.source for cell in cells) == 1


def test_each_homework_has_a_long_exercise_in_which_one_assembles(path):
    exercises = [EXERCISES[name] for name in release.answers(release.instructor(path))[1]]
    assert any(e.minutes >= 40 and e.lines > 15 and e.stars == 3 for e in exercises)


def test_a_blank_says_kindly_that_it_is_one(path):
    blanks = [c for c in release.released(release.instructor(path)).cells if c.cell_type == "code"]
    solutions = [c for c in blanks if c.metadata.get("nbgrader", {}).get("solution")]
    assert all('raise NotImplementedError("This one is yours to write.")' in c.source for c in solutions)


TEST_CELL = """# %% nbgrader={"grade": true, "grade_id": "test-x", "points": 3, "solution": false}
3 * check("x", x).score

"""


@pytest.mark.parametrize(
    "old, new, message",
    [
        ("### END SOLUTION", "###", "no region"),
        ('"grade_id": "polyak"', '"grade_id": "polyac"', "solves no exercise"),
        ('"grade_id": "polyak"', '"grade_id": "polyac"', "did you mean 'polyak'"),
        ('"grade_id": "polyak"', '"grade_id": "visitation"', "exercise of homework 4"),
        ("def polyak(target, online,", "def polyak(online, target,", "asked is polyak.target, online, tau."),
        ("self, capacity, rng", "self, size, rng", "asked is ReplayBuffer.capacity, rng."),
        (
            "# ### 3.1 Following slowly",
            "# ### 3.1 Following slowly  (5 minutes, ★)",
            "states minutes or stars",
        ),
        ("# ### 3.2 DDPG's target", "# **3.2**", "a heading must stand"),
        ("# %% [markdown]\n# ## 3", TEST_CELL + "# %% [markdown]\n# ## 3", "leave it out"),
        ("    return (1 - tau)", "    x = 0\n" * 15 + "    return (1 - tau)", "takes 16 lines"),
    ],
)
def test_a_source_that_disagrees_with_its_exercises_is_refused(tmp_path, old, new, message):
    source = (release.SOURCES / "homework-3.py").read_text()
    assert old in source
    (tmp_path / "homework-3.py").write_text(source.replace(old, new, 1))
    with pytest.raises(ValueError, match=message):
        release.instructor(tmp_path / "homework-3.py")


@pytest.mark.slow
def test_the_answers_score_full_marks_and_the_blanks_none_as_nbgrader_reads_them(path):
    notebook = release.instructor(path)
    full = release.rehearse(notebook)
    none = release.rehearse(release.released(notebook), skip=())
    assert full.keys() == none.keys()
    assert all(
        mark == points == EXERCISES[test.removeprefix("test-")].points
        for test, (mark, points) in full.items()
    )
    assert all(mark == 0 for mark, _ in none.values())


@pytest.mark.learning
def test_the_plug_in_cells_train_with_the_answers(path):
    assert release.rehearse(release.instructor(path), skip=(), timeout=fuse(120))
