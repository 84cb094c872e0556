"""Lecture 12b in Chromium: value clipping at both ends of its sliders, predictions, nine switches."""

import pytest

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(open_notebook):
    return open_notebook("lectures/12b-the-details-that-matter.ipynb")


def pulls(value=-1.0, target=2.0, epsilon=0.5):
    """−gradient of the larger and of the smaller square, V_old = 0."""
    near = min(max(value, -epsilon), epsilon)
    plain, clipped = (value - target) ** 2, (near - target) ** 2
    inside = abs(value) <= epsilon
    pull = -2 * (value - target)
    return {
        "pull of the max": pull if inside or plain > clipped else 0.0,
        "pull of the min": pull if inside or plain < clipped else 0.0,
    }


def test_12b_value_clipping_at_both_ends_of_every_slider(page):
    lab = page.lab(0)
    sliders = {
        "value": ("value", -1.0, -2.5, 2.5),
        "target": ("target", 2.0, -2.0, 2.0),
        "clip": ("epsilon", 0.5, 0.1, 1.0),
    }
    for label, (argument, _, low, high) in sliders.items():
        lab.reset()
        lab.shows(pulls(), "start")
        for key, end in (("Home", low), ("End", high)):
            lab.press(label, key)
            lab.shows(pulls(**{argument: end}), f"{label} {key}")
    assert lab.error() == ""


@pytest.mark.parametrize(
    "question, right",
    [
        ("who earns least on the pendulum", "with all nine"),
        ("Which of the two still pulls it back", "only the maximum"),
        ("How many runs does one-at-a-time need", "160"),
        ("have the largest main effects on the CART-POLE", "orthogonal start and tanh"),
    ],
)
def test_12b_predictions_say_right_and_why(page, question, right):
    asked = page.predict(question)
    assert asked.answer(right) and asked.correct() is True


def test_12b_switches_are_read_and_trained_with(page):
    live = page.live()
    live.click("Start")
    live.await_steps(1000, seconds=60)
    live.click("Stop")
    live.wait("stopped", "finished", seconds=60)
    assert live.error() == ""
