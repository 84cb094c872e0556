"""Lecture 10b in Chromium: each slider to both ends, predictions, both directions started live."""

import numpy as np
import pytest

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(open_notebook):
    return open_notebook("lectures/10b-without-the-matrix.ipynb")


def valley(kappa=20.0, angle=45.0):
    """Both parts of the slope are multiplied by 1 − t and 1 − κt, t the exact length."""
    g = 0.75 * np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    scale, steps = np.array([1.0, kappa]), 0
    first = np.sum(g**2 / scale)
    while np.sum(g**2 / scale) > 1e-12 * first:
        g, steps = g * (1 - (g @ g) / (g @ (scale * g)) * scale), steps + 1
    two = 0 < angle < 90 and kappa > 1
    return {"steps of gradient descent": steps, "steps of conjugate gradient": 2 if two else 1}


def test_10b_the_valley_at_both_ends_of_its_length_and_of_the_angle(page):
    lab = page.lab(0)
    lab.drive({"condition number": ("kappa", 20.0, 1.0, 300.0)}, valley)
    for key, angle in (("Home", 0.0), ("End", 90.0)):  # a single step from either axis
        lab.reset()
        lab.press("angle of the slope, degrees", key)
        lab.shows(valley(angle=angle), key)
    lab.reset()
    assert lab.error() == ""
    page.screenshot("10b-valley")


def test_10b_the_lowest_error_over_the_damping_at_both_ends_of_every_slider(page):
    """Without noise hardly any damping is best, and with more samples less; the lab's numbers are its own."""
    lab = page.lab(1)
    lab.reset()
    lab.press("noise of an advantage", "Home")
    assert float(lab.numbers()["best c"]) == pytest.approx(1e-4)
    lab.press("noise of an advantage", "End")
    noisy = float(lab.numbers()["best c"])
    lab.press("samples", "End")
    assert float(lab.numbers()["best c"]) < noisy
    lab.press("samples", "Home")
    assert float(lab.numbers()["best c"]) > noisy
    lab.reset()
    for key, bound in (("Home", 0.0), ("End", 0.9)):
        lab.press("damping", key)
        assert float(lab.numbers()["error at your c"]) > bound
    lab.reset()
    assert lab.error() == ""
    page.screenshot("10b-damping")


@pytest.mark.parametrize(
    "question, right",
    [
        ("three different eigenvalues", "3"),
        ("what does the analytic estimate gain", "its error is smaller"),
    ],
)
def test_10b_predictions_say_right_and_why(page, question, right):
    asked = page.predict(question)
    assert asked.answer(right) and asked.correct() is True


@pytest.mark.parametrize("algorithm", ["natural", "gradient"])
def test_10b_both_directions_train(page, algorithm):
    live = page.live()
    live.choose("algorithm", algorithm)
    live.click("Start")
    live.await_steps(4000, seconds=60)
    live.click("Stop")
    live.wait("stopped", "finished", seconds=30)
    assert live.error() == ""
