"""Lecture 05b in Chromium: each slider to both ends, predictions, gains that walk while OPDAC trains."""

import numpy as np
import pytest

from rlcourse.parts.worlds import Regulator

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(open_notebook):
    return open_notebook("lectures/05b-deterministic-policy-gradient.ipynb")


def test_05b_the_map_of_gains_at_both_ends_of_spring_and_brake(page):
    lab, mass = page.lab(0), Regulator().problem(0.95)

    def numbers(k1=0.5, k2=0.3):
        K = np.array([[k1, k2]])
        slope = -mass.gradient(K)[0]
        return {"return η": -float(mass.cost(K)), "slope in k₁": slope[0], "slope in k₂": slope[1]}

    lab.drive({"spring": ("k1", 0.5, 0.0, 3.5), "brake": ("k2", 0.3, 0.0, 3.5)}, numbers)
    assert lab.error() == ""


def test_05b_the_width_of_the_data_turns_the_actor_round(page):
    lab = page.lab(1)
    lab.reset()
    for key, width in (("Home", 0.2), ("End", 1.5)):
        lab.press("width of the data", key)
        told, true = 0.09 * (4 - 12 * (width**2 + 0.01)), 4 * (0.3**2 - 3 * 0.3**4)
        lab.shows({"direction told to k": told, "true direction": true}, key)
        assert (told > 0) == (key == "Home")
    assert lab.error() == ""


@pytest.mark.parametrize(
    "question, right",
    [
        ("How many actions must be tried", "none but μ(s)"),
        ("The noise σ of the policy", "grows like 1/σ"),
        ("The data come from somebody", "inward"),
    ],
)
def test_05b_predictions_say_right_and_why(page, question, right):
    asked = page.predict(question)
    assert asked.answer(right) and asked.correct() is True


def test_05b_opdac_trains_and_its_gains_are_drawn_on_the_map(page):
    live = page.live()
    live.choose("algorithm", "with γᵗ")
    live.click("Start")
    live.await_steps(1000, seconds=40)
    live.click("Stop")
    live.wait("stopped", "finished", seconds=30)
    assert live.error() == ""
    assert live.root.locator(".rlcourse-scene svg polyline").count() > 5
