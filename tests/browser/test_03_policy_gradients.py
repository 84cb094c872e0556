"""Lecture 03 in Chromium: each slider to both ends, each prediction, REINFORCE live."""

import numpy as np
import pytest
from scipy.stats import ncx2

pytestmark = pytest.mark.browser

RADII = np.array([0.5, 1.0, 1.5, 2.1, 2.8])


@pytest.fixture(scope="module")
def page(open_notebook):
    return open_notebook("lectures/03-policy-gradients.ipynb")


def height(x):
    return (np.hypot(x[..., 0], x[..., 1])[..., None] < RADII).sum(axis=-1)


def fog(east, north, sigma, N):
    """J and its slope from the closed form, the spread from the same stones."""
    theta = np.array([east, north])
    x = theta + sigma * np.random.default_rng(0).normal(size=(201, N, 2))
    means = np.mean(height(x)[..., None] * (x - theta) / sigma**2, axis=1)

    def J(at):
        return ncx2.cdf((RADII / sigma) ** 2, 2, np.sum(np.square(at)) / sigma**2).sum()

    slope = [(J(theta + e) - J(theta - e)) / 2e-5 for e in 1e-5 * np.eye(2)]
    spread = np.sqrt(means[1:].var(axis=0).sum())
    return {"mean height J": J(theta), "slope of J": np.hypot(*slope), "spread": spread}


def test_03_the_hill_at_both_ends_of_each_slider(page):
    lab = page.lab("draw_fog")
    lab.drive(
        {
            "metres east": ("east", -2.0, -3.0, 3.0),
            "metres north": ("north", -1.4, -3.0, 3.0),
            "spread of the throws": ("sigma", 0.8, 0.2, 1.5),
            "stones": ("N", 100, 1, 1000),
        },
        fog,
    )
    assert lab.error() == ""


def scores(theta0, theta1):
    p = 1 / (1 + np.exp(theta1 - theta0))
    root = np.sqrt(2)
    return {"π(0)": p, "length of score 0": root * (1 - p), "length of score 1": root * p}


def test_03_two_scores_at_both_ends_of_each_slider(page):
    lab = page.lab("draw_scores")
    sliders = {
        "logit of action 0": ("theta0", 1.0, -4.0, 4.0), "logit of action 1": ("theta1", -0.5, -4.0, 4.0),
    }  # fmt: skip
    lab.drive(sliders, scores)
    assert lab.error() == ""


def test_03_the_cliff_at_both_ends_of_each_slider(page):
    lab = page.lab("draw_cliff")
    first = lab.reset()
    assert first["J, exact walk"] == pytest.approx(ncx2.cdf((RADII / 0.8) ** 2, 2, 0).sum(), abs=1e-3)
    assert first["lost for ever"] == 0
    low, high = (lab.press("step", key) for key in ("Home", "End"))
    assert low["lost for ever"] == 0 and 3.4 < low["J, exact walk"] < first["J, exact walk"] + 1e-6
    assert high["lost for ever"] == 1 and high["J, exact walk"] < 1e-6 and high["J, walks in fog"] < 1e-3
    lab.reset()
    few, many = (lab.press("stones a step", key) for key in ("Home", "End"))
    assert few["lost for ever"] > 0.5 and many["lost for ever"] == 0
    assert many["J, walks in fog"] == pytest.approx(first["J, exact walk"], abs=0.1)
    assert few["J, exact walk"] == many["J, exact walk"] == first["J, exact walk"]
    lab.reset()
    assert lab.numbers() == first and lab.error() == ""


def test_03_each_prediction_takes_the_right_answer(page):
    for question, answer in (
        ("Her own terrace is flat", "to the top of the hill"),
        ("Whose score is the longer", "that of the rare action"),
        ("become less reliable", "nothing"),
        ("The best $q$ is", "1/2"),
        ("What if", "she ends on the plain, and stays there"),
    ):
        prediction = page.predict(question)
        assert prediction.correct() is None
        prediction.answer(answer)
        assert prediction.correct() is True, question


def test_03_the_live_run_starts_trains_and_stops(page):
    live = page.live("REINFORCE on CartPole")
    live.press("learning rate", "End")
    live.click("Start")
    live.await_steps(1000, seconds=30)
    live.click("Stop")
    live.wait("stopped", "finished", seconds=20)
    assert live.error() == ""
