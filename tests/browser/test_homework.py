"""A student opens homework 3, types an answer, sees a hint, corrects it, sees the tick."""

import pytest
from answering import answer, place

from rlcourse.grading.exercises import find

pytestmark = pytest.mark.browser
EXERCISE = find("td3_target")
WRONG = "return reward + gamma * (1 - terminated) * np.maximum(next_q1, next_q2)"
RIGHT = WRONG.replace("maximum", "minimum")


@pytest.fixture(scope="module")
def page(open_notebook):
    return open_notebook("homework/homework-3.ipynb", run="all")


def test_the_untouched_homework_runs_through_and_says_what_waits(page):
    assert page.errors() == []
    assert "not written yet" in page.text(place(page, f"test-{EXERCISE.name}"))


def test_a_wrong_answer_gets_its_symptom_then_a_hint_and_the_right_one_a_tick(page):
    seen, marks = answer(page, EXERCISE, WRONG, mark="✗")
    assert "too large" in seen
    assert "smaller of the two" not in seen  # the first ✗ shows the symptom; the rest is folded
    assert marks.strip().endswith("0.0")
    page.screenshot("homework-symptom")
    seen, marks = answer(page, EXERCISE, WRONG, mark="smaller of the two")
    assert "✗" in seen
    assert "smaller of the two" in seen
    assert marks.strip().endswith("0.0")
    page.screenshot("homework-hint")
    _, marks = answer(page, EXERCISE, RIGHT, mark="✓")
    assert marks.strip().endswith(f"{EXERCISE.points:.1f}")
    page.screenshot("homework-tick")
