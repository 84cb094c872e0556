"""A student opens homework 2: a wrong answer, its hint, the right one; a pair; what waits for an answer."""

import pytest
from answering import answer, place
from driving import until

from rlcourse.grading.exercises import find

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(open_notebook):
    return open_notebook("homework/homework-2.ipynb", run="all")


def earned(marks, points):
    return marks.strip().endswith(f"{points:.1f}")


def test_the_untouched_homework_runs_through_and_says_what_waits(page):
    assert page.errors() == []
    assert "not written yet" in page.text(place(page, "test-softmax_score"))
    assert "waits for gae" in page.text(place(page, "given-a2c-plug-in"))
    assert "waits for reward_to_go" in page.text(place(page, "given-reinforce-plug-in"))


def test_a_wrong_score_gets_its_symptom_then_a_hint_and_the_right_one_a_tick(page):
    right = "p = np.exp(logits - np.max(logits)); return np.eye(len(logits))[action] - p / p.sum()"
    wrong = "p = np.exp(logits - np.max(logits)); return p / p.sum() - np.eye(len(logits))[action]"
    exercise = find("softmax_score")
    seen, marks = answer(page, exercise, wrong, mark="✗")
    assert "cross-entropy" not in seen and earned(
        marks, 0
    )  # the first ✗ shows what is seen; the rest is folded
    seen, marks = answer(page, exercise, wrong, mark="cross-entropy")
    assert "✗" in seen and earned(marks, 0)
    page.screenshot("homework-2-hint")
    _, marks = answer(page, exercise, right, mark="✓")
    assert earned(marks, exercise.points)
    page.screenshot("homework-2-tick")


def test_a_pair_is_judged_and_the_figure_that_waited_for_it_is_drawn(page):
    figure = place(page, "given-score-picture")
    assert "waits for gaussian_score" in page.text(figure)
    line = "s = np.exp(log_std); z = (action - mean) / s; return z / s, z**2 - 1"
    exercise = find("gaussian_score")
    _, marks = answer(page, exercise, line, mark="✓")
    assert earned(marks, exercise.points)
    page.run_cell(figure)
    shown = page.page.locator(f"[data-code-cell='{figure}'] .jp-OutputArea img")
    until(lambda: shown.count() == 1, 5, lambda: f"{shown.count()} pictures: {page.text(figure)!r}")


def test_a_function_that_changes_its_arguments_costs_the_points(page):
    line = "trace *= gamma * lam; trace += features; return w + alpha * delta * trace, trace"
    seen, marks = answer(page, find("td_lambda_update"), line, mark="✗")
    assert earned(marks, 0)
    assert "no longer holds what it held before" in seen
