"""Lecture 11b in Chromium: dice shared and not, branches short and long, predictions, CEM trains."""

import pytest

pytestmark = pytest.mark.browser
VARIANCE, KAPPA = "variance of up − down", "correlation κ"


@pytest.fixture(scope="module")
def page(open_notebook):
    return open_notebook("lectures/11b-vines-and-variants.ipynb")


def test_11b_shared_dice_make_branches_comparable(page):
    lab = page.lab(0)
    own = lab.reset()
    shared = lab.switch("shared dice")
    assert own[VARIANCE] / shared[VARIANCE] > 20 and abs(own[KAPPA]) < 0.2 and shared[KAPPA] > 0.9
    page.screenshot("11b-branches")
    assert lab.error() == ""


def test_11b_branches_at_both_ends_of_their_length(page):
    lab = page.lab(0)
    lab.reset()
    short, long = lab.press("length of a branch", "Home"), lab.press("length of a branch", "End")
    assert short[VARIANCE] < 1e-4, "two steps: the noise has not yet reached the angle that is paid for"
    assert long[VARIANCE] > 5
    assert lab.error() == ""


@pytest.mark.parametrize(
    "question, right",
    [
        ("by which factor does the variance", "more than 20"),
        ("Which of the eight", "the searches without gradients"),
        ("Which single change costs most", "rewards as they are"),
    ],
)
def test_11b_predictions_say_right_and_why(page, question, right):
    asked = page.predict(question)
    assert asked.answer(right) and asked.correct() is True


@pytest.mark.parametrize("method", ["CEM", "vine"])
def test_11b_methods_train_live(page, method):
    live = page.live()
    live.choose("algorithm", method)
    live.click("Start")
    live.await_steps(2048, seconds=60)
    live.click("Stop")
    live.wait("stopped", "finished", seconds=30)
    assert live.error() == ""
