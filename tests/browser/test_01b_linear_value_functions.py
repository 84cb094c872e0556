"""Lecture 01b in Chromium: both ends of every slider, predictions, and legs that are taken away live."""

import numpy as np
import pytest
from driving import until

from rlcourse.equations import linear

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(open_notebook):
    return open_notebook("lectures/01b-linear-value-functions.ipynb")


def test_01b_the_estimates_explode_update_by_update(page):
    lab, world = page.lab("draw_explosion,"), linear.baird(0.99)
    A, _ = linear.td_system(world.mdp, world.target, world.features, np.full(7, 1 / 7))
    for key, updates in (("Home", 0), ("End", 1000)):
        lab.press("updates", key)
        V = world.features @ np.linalg.matrix_power(np.eye(8) - 0.01 * A, updates) @ world.weights
        lab.shows({"V̂(0)": V[0], "V̂(6)": V[6], "largest": abs(V).max()}, key)
    assert V[6] > 50 and lab.error() == ""


def test_01b_few_examples_want_wide_intervals_and_many_want_narrow_ones(page):
    lab = page.lab("draw_widths,")
    few, many = (lab.press("examples, doubled", key) for key in ("Home", "End"))
    assert (few["examples"], many["examples"]) == (10, 5120)
    assert few["best width"] >= 0.2 and many["best width"] <= 0.04 and many["error"] < few["error"]
    lab.reset()
    narrow, wide = (lab.press("width (9 of them)", key) for key in ("Home", "End"))
    assert (narrow["width"], wide["width"]) == (0.02, 0.45) and narrow["error"] > wide["error"]
    assert lab.error() == ""


def test_01b_the_fixed_point_of_two_states_at_both_ends_of_the_share(page):
    lab = page.lab("draw_pair,")
    P, r, phi = np.array([[0, 1], [0.1, 0.9]]), np.array([0.0, 1.0]), np.array([1.0, 2.0])
    V = np.linalg.solve(np.eye(2) - 0.9 * P, r)
    for key, share in (("Home", 0.01), ("End", 0.99)):
        mu = np.array([share, 1 - share])
        A, b = phi @ (mu * (phi - 0.9 * P @ phi)), phi @ (mu * r)
        fit = phi @ (mu * V) / (phi @ (mu * phi))
        error = [mu @ (w * phi - V) ** 2 for w in (b / A, fit)]
        lab.press("share of state 1", key)
        expected = {"A": A, "w, TD": b / A, "w, best fit": fit, "times worse": np.sqrt(error[0] / error[1])}
        lab.shows(expected, key)
        assert (A > 0) == (key == "Home")
    assert lab.error() == ""


@pytest.mark.parametrize(
    "question, right",
    [
        ("The weights begin at 1", "grow without bound"),
        ("A hundred intervals over", "yes: the fewer examples, the wider"),
        ("Two features place the eight", "a spiral"),
        ("You choose how much state 1 counts", "infinitely far away"),
        ("In how many of the eight corners", "in one: with all three legs"),
    ],
)
def test_01b_predictions_say_right_and_why(page, question, right):
    asked = page.predict(question)
    assert asked.answer(right) and asked.correct() is True


def test_01b_a_leg_taken_away_while_it_runs_ends_the_explosion(page):
    live = page.live()
    live.click("Start")
    live.await_steps(1500, seconds=20)
    heights = [live.numbers()["mean log₁₀ largest estimate"]]
    weights = live.root.locator(".rlcourse-scene svg")
    assert weights.locator("rect").count() == 8 and "weights" in weights.get_attribute("aria-label")
    page.screenshot("01b-live")

    def falls():  # by a factor of ten from the highest that was seen
        heights.append(live.numbers()["mean log₁₀ largest estimate"])
        return heights[-1] < max(heights) - 1

    live.switch("bootstrapping")
    until(falls, 30, lambda: f"the estimates do not fall: {heights}")
    live.switch("function approximation")
    until(lambda: weights.locator("rect").count() == 7, 30, lambda: "the table is not drawn")
    assert weights.locator("rect").count() == 7 and "a table" in weights.get_attribute("aria-label")
    live.click("Stop")
    live.wait("stopped", "finished", seconds=20)
    assert heights[0] > 1.5
    assert live.error() == ""
