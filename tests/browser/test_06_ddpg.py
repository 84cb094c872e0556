"""Lecture 06 in Chromium: each slider to both ends, predictions, the live run with a part switched off."""

import numpy as np
import pytest

from rlcourse.equations import linear
from rlcourse.equations.exploration import ou_variance

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(open_notebook):
    return open_notebook("lectures/06-ddpg.ipynb")


def test_06_memory_carries_further_and_most_cells_are_entered_in_between(page):
    lab = page.lab(0)
    middle = lab.numbers()
    none, long = lab.press("memory", "Home"), lab.press("memory", "End")
    cells, distance = "cells entered, of 400", "distance reached (median, m)"
    assert none[distance] < middle[distance] < long[distance]
    assert middle[cells] > max(none[cells], long[cells])
    assert lab.error() == ""


def test_06_the_process_at_both_ends_of_each_slider(page):
    lab = page.lab(1)

    def numbers(theta=0.15, sigma=0.2, start=0.0):
        spread = float(np.sqrt(ou_variance(theta, sigma, 1)))
        return {"memory m": 1 - theta, "standard deviation at rest": spread}

    lab.reset()
    lab.shows(numbers(), "reset")
    for label, name, low, high in (("pull", "theta", 0.02, 1.95), ("volatility", "sigma", 0.02, 0.5)):
        for key, value in (("Home", low), ("End", high)):
            lab.press(label, key)
            lab.shows(numbers(**{name: value}), f"{label} {key}")
        lab.reset()
    picture = lab.picture.get_attribute("src")
    lab.press("start", "End")
    assert lab.picture.get_attribute("src") != picture and lab.error() == ""


def test_06_a_batch_is_worth_little_out_of_a_short_buffer_and_its_size_out_of_a_long_one(page):
    lab = page.lab(2)
    lab.reset()
    assert lab.numbers()["a batch is worth"] == pytest.approx(2.7, abs=0.05)
    for label in ("capacity of the buffer", "size of a batch"):
        low, high = lab.press(label, "Home"), lab.press(label, "End")
        assert low["a batch is worth"] < high["a batch is worth"]
        lab.reset()
    lab.press("capacity of the buffer", "End")
    for key, size in (("Home", 8), ("End", 512)):
        shown = lab.press("size of a batch", key)
        assert shown["a batch is worth"] == pytest.approx(size, rel=0.02)
        assert shown["of what was seen, kept"] == 1
    assert lab.error() == ""


def test_06_a_slow_copy_saves_one_critic_and_never_the_other(page):
    lab = page.lab(3)
    largest = (
        0.5
        / np.linalg.eigvalsh(
            (linear.cured_by_target_network().features.T * linear.cured_by_target_network().weighting)
            @ linear.cured_by_target_network().features
        ).max()
    )

    def radii(tau):
        pairs = {
            "three states": (linear.cured_by_target_network(), largest),
            "w and 2w": (linear.w_to_2w(), 0.5),
        }
        return {
            f"radius, {name}": linear.spectral_radius(linear.target_network_matrix(*problem, step, tau))
            for name, (problem, step) in pairs.items()
        }

    for key, tau in (("Home", 1e-3), ("End", 1.0)):
        lab.press("speed of the copy", key)
        shown = lab.shows(radii(tau), key)
        assert shown["radius, w and 2w"] > 1
    assert radii(1e-3)["radius, three states"] < 1 < radii(1.0)["radius, three states"]


@pytest.mark.parametrize(
    "question, right",
    [("Which memory", "0.85"), ("Without a copy", "stops below"), ("A task without", "66.9")],
)
def test_06_predictions_say_right_and_why(page, question, right):
    asked = page.predict(question)
    assert asked.answer(right) and asked.correct() is True


def test_06_a_part_is_switched_off_by_the_chooser_and_trains(page):
    live = page.live()
    live.choose("algorithm", "short memory")
    live.click("Start")
    live.await_steps(600, seconds=30)
    live.click("Stop")
    live.wait("stopped", "finished", seconds=20)
    assert live.error() == ""
