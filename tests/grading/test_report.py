"""The report tells an instructor what to reteach, in the order in which it is needed."""

import pytest

from rlcourse.grading.judging import report
from rlcourse.grading.judging.rows import UNKNOWN, Result, Row


def answer(passed=False, misconception=None, message=""):
    return Result(2.0, float(passed), passed, misconception, message)


def rows():
    undefined = "NameError: name 'rho' is not defined\nYour cell: NameError"
    yield Row("broken", "broken.ipynb", UNKNOWN, status="unreadable", note="not a notebook")
    for student, message in (
        ("a", undefined),
        ("b", undefined),
        ("c", "`ou_step` is not written yet: replace the line."),
    ):
        results = {"ou_step": answer(message=message), "polyak": answer(passed=True)}
        yield Row(student, f"{student}.ipynb", "homework-3", results=results)


def test_files_of_no_homework_stand_last_and_one_submission_is_not_several(tmp_path):
    report.write(tmp_path, list(rows()))
    page = (tmp_path / "report.html").read_text()
    assert page.index("<h2>homework-3") < page.index("<h2>Files that belong to no homework")
    assert "1 submission, 0 graded." in page
    assert "3 submissions, 3 graded." in page


def test_mistakes_without_a_name_are_told_by_their_commonest_message(tmp_path):
    report.write(tmp_path, list(rows()))
    page = (tmp_path / "report.html").read_text()
    told = "2 of them were told: <q>NameError: name &#x27;rho&#x27; is not defined</q>"
    assert f"1 × not written.<br>2 × no answer, or wrong in no known way; {told}" in page


def test_remarks_stand_beside_the_score_and_the_table_scrolls_in_its_own_frame(tmp_path):
    group = list(rows())
    group[1].warnings = ["cell written-why was not found: needs a person"]
    report.write(tmp_path, group)
    page = (tmp_path / "report.html").read_text()
    assert page.index("<th>score</th><th>remarks</th>") < page.index("<th>ou_<wbr>step</th>")
    assert '<td class="note">cell written-why was not found: needs a person</td>' in page
    assert 'class="wide" tabindex="0"' in page and "prefers-color-scheme: dark" in page


def test_the_figure_names_the_most_missed_exercise_only_where_there_is_one():
    graded = [row for row in rows() if row.status == "graded"]
    assert (
        report.figure("homework-3", graded).axes[1].get_title(loc="left")
        == "Most missed: ou_step (100 % wrong)"
    )
    for row in graded:
        row.results["polyak"] = answer()
    title = report.figure("homework-3", graded).axes[1].get_title(loc="left")
    assert title == "Most missed: 2 exercises alike (100 % wrong)"


def test_the_mean_score_has_its_interval_and_one_submission_has_none(tmp_path):
    """t of 2 degrees of freedom at 97.5 %: 4.3027; scores 1, 2 and 3 have s = 1."""
    graded = []
    for points in (1.0, 2.0, 3.0):
        results = {"polyak": Result(4.0, points / 4, False, None, "")}
        graded.append(Row(f"with {points}", "", "homework-3", results=results))
    half = 4.3027 / 3**0.5
    found, words = report.mean_score(graded)
    assert (found.estimate, found.n) == (2.0, 3)
    assert (found.low, found.high) == (0.0, 4.0)  # 2 ± 2.48, cut off at nought and at full marks
    assert 2 - half < 0 and 2 + half > 4 and words == "95 % interval 0.0 to 4.0"
    for row in graded:
        row.results["pad"] = Result(10.0, 0.5, False, None, "")
    found, words = report.mean_score(graded)
    assert found.low == pytest.approx(7 - half, abs=1e-3) and found.high == pytest.approx(7 + half, abs=1e-3)
    title = report.figure("homework-3", graded).axes[0].get_title(loc="left")
    assert title == "homework-3: mean 7.0 of 14 points\n95 % interval 4.5 to 9.5, n = 3"
    report.write(tmp_path, graded[:1])
    assert "Mean score 6.0 of 14 points from code (one submission: no interval)." in (
        tmp_path / "report.html"
    ).read_text(encoding="utf-8")


def test_a_mark_opens_by_key_to_what_the_student_was_told(tmp_path):
    """`title` shows to a resting pointer only: neither to the keyboard nor to a finger."""
    hostile = "line 1\n<script>alert(1)</script>"
    results = {"polyak": answer(message=hostile), "ou_step": answer(passed=True)}
    report.write(tmp_path, [Row("a", "a.ipynb", "homework-3", results=results)])
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    told = "line 1\n&lt;script&gt;alert(1)&lt;/script&gt;"
    assert f'<td class="wrong"><details><summary>0 ✗</summary><pre>{told}</pre></details></td>' in page
    assert '<td class="right">2 ✓</td>' in page and "title=" not in page
