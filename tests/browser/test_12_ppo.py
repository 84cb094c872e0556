"""Lecture 12 in Chromium: the clip at both ends of its sliders, the line, predictions, training."""

import numpy as np
import pytest

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(open_notebook):
    return open_notebook("lectures/12-ppo.ipynb")


def clip(advantage=1.0, ratio=1.4, epsilon=0.2):
    """By the table of the six cases."""
    stops = (advantage > 0 and ratio > 1 + epsilon) or (advantage < 0 and ratio < 1 - epsilon)
    edge = 1 + epsilon if advantage > 0 else 1 - epsilon
    return {"objective": (edge if stops else ratio) * advantage, "gradient": 0 if stops else advantage}


def test_12_the_clip_and_its_gradient_at_both_ends_of_every_slider(page):
    lab = page.lab(0)
    sliders = {
        "advantage": ("advantage", 1.0, -2.0, 2.0),
        "ratio": ("ratio", 1.4, 0.1, 1.9),
        "clip": ("epsilon", 0.2, 0.05, 0.5),
    }
    lab.drive(sliders, clip)
    assert lab.error() == ""


def test_12_a_bad_action_that_became_more_frequent_keeps_its_gradient(page):
    lab = page.lab(0)
    lab.reset()
    lab.press("advantage", "Home")
    lab.press("ratio", "End")
    lab.shows({"objective": -3.8, "gradient": -2.0}, "r = 1.9, Â = −2")


def test_12_the_best_point_of_the_line_moves_out_with_a_wider_clip(page):
    lab, best = page.lab(1), []
    for key in ("Home", "End"):
        lab.press("clip", key)
        best.append(lab.numbers()["best α"])
    assert best[0] < best[1]
    for key in ("Home", "End"):
        lab.press("seed", key)
        found = lab.numbers()
        assert found["min at the new policy"] <= found["L at the new policy"] + 1e-6
        assert 0 < found["KL there"] < 0.1 and np.isfinite(found["best α"])
    assert lab.error() == ""


@pytest.mark.parametrize(
    "question, right",
    [
        ("After ten epochs the surrogate", "much less than at the start"),
        ("A bad action", "it pulls r down with full strength"),
        ("How many of the ratios", "about one in ten"),
    ],
)
def test_12_predictions_say_right_and_why(page, question, right):
    asked = page.predict(question)
    assert asked.answer(right) and asked.correct() is True


def test_12_ppo_without_its_clip_trains_in_the_panel(page):
    live = page.live()
    live.choose("algorithm", "no clip")
    live.click("Start")
    live.await_steps(1000, seconds=60)
    live.click("Stop")
    live.wait("stopped", "finished", seconds=60)
    assert live.error() == ""
