"""Lecture 02b in Chromium: one Gaussian to six, predictions, a student on the way to goals nobody named."""

import pytest

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(open_notebook):
    return open_notebook("lectures/02b-many-right-answers.ipynb")


def test_02b_one_gaussian_hits_the_tree_and_six_do_not(page):
    lab = page.lab(0)
    six = lab.press("Gaussians", "End")
    one = lab.press("Gaussians", "Home")
    assert abs(one["most probable lane"]) < 0.25 < abs(six["most probable lane"])
    assert one["drawn lanes that hit"] > 0.25 and six["drawn lanes that hit"] < 0.02
    assert six["log-likelihood"] > one["log-likelihood"] + 0.5
    two = lab.press("Gaussians", "ArrowRight")
    assert abs(two["most probable lane"]) > 0.25
    assert lab.error() == ""


@pytest.mark.parametrize(
    "question, right",
    [
        ("With how many Gaussians", "two pass it, more bring little"),
        ("Independent bins have learnt", "in half of the cases"),
        ("A student without memory", "0.69, a tossed coin's"),
        ("After 4,000 steps of demonstrations", "four in five, or more"),
    ],
)
def test_02b_predictions_say_right_and_why(page, question, right):
    asked = page.predict(question)
    assert asked.answer(right) and asked.correct() is True


def test_02b_a_relabelled_student_trains_and_the_room_is_drawn(page):
    live = page.live()
    live.choose("algorithm", "relabelled")
    live.click("Start")
    live.await_steps(800, seconds=60)
    live.click("Stop")
    live.wait("stopped", "finished", seconds=40)
    assert live.error() == ""
    assert live.root.locator(".rlcourse-scene svg").count() >= 1
    page.screenshot("02b-live")
