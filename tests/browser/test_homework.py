"""A student opens homework 3, types an answer, sees a hint, corrects it, sees the tick."""

import pytest
from driving import until

from rlcourse.grading.exercises import find

pytestmark = pytest.mark.browser
EXERCISE = find("td3_target")
WRONG = "return reward + gamma * (1 - terminated) * np.maximum(next_q1, next_q2)"
RIGHT = WRONG.replace("maximum", "minimum")


@pytest.fixture(scope="module")
def page(open_notebook):
    return open_notebook("homework/homework-3.ipynb", run="all")


def place(page, grade_id):
    """Which code cell, counted from 0, has this grade_id."""
    ids = [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in page.cells()]
    return ids.index(grade_id)


def type_answer(page, line, mark):
    """Type a one-line answer over the blank, key by key; run it and its check. What they show."""
    cell, test = place(page, EXERCISE.name), place(page, f"test-{EXERCISE.name}")
    page.page.locator(f"[data-code-cell='{cell}']").scroll_into_view_if_needed()
    page.page.locator(f"[data-code-cell='{cell}'] .cm-content").click()
    page.page.keyboard.press("Control+A")
    page.page.keyboard.type(f"def {EXERCISE.signature}:\n{line}")
    until(lambda: line in source(page, cell), 3, lambda: f"typed {line!r}, there is {source(page, cell)!r}")
    page.run_cell(cell)
    page.run_cell(test)
    shown = page.page.locator(f"[data-code-cell='{test}'] .jp-OutputArea .jp-RenderedHTMLCommon").last
    until(lambda: mark in shown.inner_text(), 3, lambda: f"no {mark} in {shown.inner_text()!r}")
    return shown.inner_text(), page.text(test)


def source(page, cell):
    return "".join(page.cells()[cell]["source"])


def test_the_untouched_homework_runs_through_and_says_what_waits(page):
    assert page.errors() == []
    assert "not written yet" in page.text(place(page, f"test-{EXERCISE.name}"))


def test_a_wrong_answer_gets_a_hint_and_the_right_one_a_tick(page):
    seen, marks = type_answer(page, WRONG, mark="✗")
    assert "smaller of the two" in seen
    assert marks.strip().endswith("0.0")
    page.screenshot("homework-hint")
    _, marks = type_answer(page, RIGHT, mark="✓")
    assert marks.strip().endswith(f"{EXERCISE.points:.1f}")
    page.screenshot("homework-tick")
