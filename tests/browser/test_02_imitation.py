"""Lecture 02 in Chromium: each slider to both ends, predictions, DAgger's rounds over the teacher's ways."""

import numpy as np
import pytest

from rlcourse.equations import imitation

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(open_notebook):
    return open_notebook("lectures/02-imitation.ipynb")


def test_02_a_shake_of_the_teachers_hand_cures_the_student(page):
    lab = page.lab(0)

    def numbers(shake=0.01, gust=0.001):
        k = -1.0 if shake else 0.0
        gusts = gust * np.random.default_rng(1).normal(size=(60, 50))
        last = (1.2 + k) ** np.arange(60)[::-1] @ gusts
        return {
            "training error": 0.0,
            "student's gain k": k,
            "distance after 60 steps": np.sqrt((last**2).mean()),
        }

    sliders = {"shake of her hand": ("shake", 0.01, 0.0, 0.02), "gusts": ("gust", 0.001, 0.0001, 0.01)}
    lab.drive(sliders, numbers)
    assert lab.error() == ""


def test_02_the_costs_at_both_ends_of_mistakes_horizon_and_price(page):
    lab = page.lab(1)

    def numbers(epsilon=0.001, steps=100, price=5.0):
        costs = {
            "cloning": lambda T: sum(1 - (1 - epsilon) ** t for t in range(1, T + 1)),
            "DAgger": lambda T: imitation.dagger_cost(epsilon, T, price),
        }
        low, high = max(1, round(steps / 1.2)), round(1.2 * steps) + 1
        slopes = {
            f"slope of {name}": np.log(cost(high) / cost(low)) / np.log(high / low)
            for name, cost in costs.items()
        }
        return {name: cost(steps) for name, cost in costs.items()} | slopes

    sliders = {
        "probability of a mistake": ("epsilon", 0.001, 0.0001, 0.1),
        "horizon": ("steps", 100, 10, 500),
        "price of a mistake": ("price", 5.0, 2.0, 1000.0),
    }
    lab.drive(sliders, numbers)
    dear = lab.press("price of a mistake", "End")
    assert dear["DAgger"] == pytest.approx(dear["cloning"], rel=0.05)
    assert lab.error() == ""


@pytest.mark.parametrize(
    "question, right",
    [
        ("What would help him most", "a teacher whose hand shakes"),
        ("On 1,000 random worlds", "it is mostly a tenth of it or less"),
        ("Notes say that DAgger", "exactly what cloning costs"),
        ("After 2400 labels", "the clone's"),
    ],
)
def test_02_predictions_say_right_and_why(page, question, right):
    asked = page.predict(question)
    assert asked.answer(right) and asked.correct() is True


def test_02_daggers_rounds_are_drawn_over_the_teachers_ways(page):
    live = page.live()
    live.choose("algorithm", "DAgger")
    live.click("Start")
    live.await_steps(600, seconds=60)
    live.click("Stop")
    live.wait("stopped", "finished", seconds=40)
    assert live.error() == ""
    assert live.root.locator(".rlcourse-scene svg circle").count() > 900
    page.screenshot("02-live")
