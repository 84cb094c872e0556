"""The lectures as a graph: what it says is what the pages declare, and each path can be walked."""

import re

import pytest

from rlcourse import course, form, notebooks

HEAD = """# %% [markdown] tags=["head"]
# # Lecture 05 · Another title
#
# question: Why?
# objectives: see
# needs:
# - 03: baselines
# - expectations

# %% [markdown]
# ## 1 · One (40 minutes)

# %% [markdown]
# ## 2 · Two (25 minutes)
"""


@pytest.fixture
def sources(tmp_path):
    (tmp_path / "05-another.py").write_text(HEAD, encoding="utf-8")
    (tmp_path / "07-old.py").write_text("# %% [markdown]\n# # Lecture 07 · TD3\n", encoding="utf-8")
    (tmp_path / "homework").mkdir()
    (tmp_path / "homework" / "homework-2.py").touch()
    return tmp_path


def test_a_written_page_says_its_own_title_needs_and_minutes(sources):
    known = course.lectures(sources)
    assert known["05"][:4] == ("Another title", course.PLAN["05"].ideas, ("03",), 65)
    assert known["05"].file == "05-another.ipynb"
    assert known["07"] == course.PLAN["07"]._replace(file="07-old.ipynb")
    assert known["06"] == course.PLAN["06"]


def test_written_lectures_and_homework_are_links_and_planned_ones_say_so(sources):
    page = course.course_map(sources)
    assert re.findall(r'href="([^"]+)"', page) == [
        "05-another.ipynb", "07-old.ipynb", "../homework/homework-2.ipynb",
    ]  # fmt: skip
    assert page.count("(to come)") == len(course.PLAN) - 2 + 4
    assert "05 · Another title</b><br>" in page
    assert "06 · DDPG</b> (to come)" in page


def test_every_line_of_the_graph_is_a_need(sources):
    needs = sum(len(lecture.needs) for lecture in course.lectures(sources).values())
    assert course.course_map(sources).count("<path ") == needs


@pytest.mark.parametrize("name", course.PATHS)
def test_on_each_path_what_a_lecture_needs_came_before_it(name):
    known, met = course.lectures(), []
    for number in " ".join(course.PATHS[name]).split():
        assert set(known[number].needs) <= set(met), f"{number} comes before what it needs"
        met.append(number)
    assert len(set(met)) == len(met)


def test_the_paths_last_as_many_weeks_as_they_say_and_no_week_is_too_long():
    known = course.lectures()
    weeks = {"thirteen": 13, "ten": 10, "six": 6}
    for name, path in course.PATHS.items():
        assert len(path) == weeks[name.split()[-2]]
        assert all(sum(known[number].minutes for number in week.split()) <= 180 for week in path)


def test_no_two_lectures_stand_in_one_place_and_each_stands_right_of_what_it_needs():
    places = [lecture.place for lecture in course.PLAN.values()]
    assert len(set(places)) == len(places)
    for lecture in course.PLAN.values():
        assert all(course.PLAN[need].place[0] <= lecture.place[0] for need in lecture.needs)


def test_the_plan_says_what_the_written_pages_say():
    for path in sorted(notebooks.SOURCES.glob("[0-9][0-9]*.py")):
        title = form.TITLE.search(path.read_text(encoding="utf-8"))[1]
        assert title.split(" · ")[-1] == course.lectures()[path.name.split("-")[0]].title


def test_hours_are_told_to_half_an_hour():
    assert course.hours("00 01", course.PLAN) == "2½"
    assert course.hours("01 02", course.PLAN) == "3"
