"""Lecture 00 in Chromium: its lab at every end, a prediction, a live run, and once the whole page."""

import math

import pytest

from rlcourse import course

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def welcome(open_notebook):
    return open_notebook("lectures/00-welcome.ipynb")


def test_the_pendulum_lab_shows_the_accelerations_of_the_formula(welcome):
    def numbers(angle, torque):
        theta = math.radians(angle)
        gravity, motor = 15 * math.sin(theta), 3 * torque
        return {
            "gravity (rad/s²)": gravity,
            "motor (rad/s²)": motor,
            "sum (rad/s²)": gravity + motor,
            "reward at rest": -(theta**2) - 0.001 * torque**2,
        }

    lab = welcome.lab(0)
    sliders = {"angle": ("angle", 60, -180, 180), "torque": ("torque", -2.0, -2.0, 2.0)}
    lab.drive(sliders, numbers)
    welcome.screenshot("00-lab")


def test_the_first_prediction_accepts_a_near_number_and_explains(welcome):
    question = welcome.predict(0)
    assert "sin θ = 0.4" in question.answer("25")
    assert question.correct() is True


def test_the_first_agent_learns_while_one_watches(welcome):
    panel = welcome.live("A first agent")
    assert panel.state() == "ready"
    welcome.screenshot("00-live-ready")
    panel.click("Start")
    panel.wait("running")
    panel.click("Pause")
    panel.wait("paused")
    assert welcome.execute("print(21)").strip() == "21", "the kernel answers while a run is paused"
    panel.click("Resume")
    panel.wait("finished", seconds=60)
    assert panel.error() == ""
    numbers = panel.numbers()
    print(f"\nPPO, 4 seeds: {numbers}")
    assert numbers["mean return"] > -400
    assert panel.root.locator("svg[role=img]").count() == 1
    welcome.screenshot("00-live")


# The one page that a browser runs from its top to its end; nbval runs the others, in a kernel alone


@pytest.fixture(scope="module")
def whole(open_notebook):
    return open_notebook("lectures/00-welcome.ipynb", run="all")


def test_the_first_page_says_ok_and_lists_the_lectures(whole):
    assert "OK: everything is here, on one thread." in whole.text(0)
    graph = whole.page.locator(".rlcourse-map")
    assert graph.locator("a", has_text="07 · TD3").count() == 1
    assert graph.locator("a", has_text="Homework 3").count() == 1
    lectures = graph.locator(".planned").count() + graph.locator("a.lecture").count()
    assert lectures == len(course.PLAN)
    whole.screenshot("00-end")


def test_the_first_check_finds_the_slip_and_then_passes(whole):
    said = [whole.text(i) for i in range(len(whole.cells()))]
    wrong = next(i for i, text in enumerate(said) if "✗" in text)  # the first ✗ tells what is seen
    assert "Right in 0 of" in said[wrong]
    assert "✓" in said[wrong + 1]
