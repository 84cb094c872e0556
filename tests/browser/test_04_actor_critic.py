"""Lecture 04 in Chromium: each slider to both ends, predictions, A2C and its workers live."""

import numpy as np
import pytest

from rlcourse.equations import markov
from rlcourse.equations.delay import delay_cliff, delayed_growth

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(open_notebook):
    return open_notebook("lectures/04-actor-critic.ipynb")


def errors(lam, wrong, gamma, samples):
    walk, coin = markov.corridor(gamma=gamma), np.full((6, 2), 0.5)
    V, A = markov.values(walk, coin), markov.advantages(walk, coin)
    critic = V + wrong * (np.append(np.full(5, 0.5), 0.0) - V)
    mean, variance = markov.gae_moments(walk, coin, critic, lam)
    bias = mean - A
    bias = ((bias - bias.mean(axis=1, keepdims=True))[:5] ** 2).mean()
    noise = variance[:5].mean() / samples
    return {"bias²": bias, "variance / N": noise, "sum": bias + noise}


def test_04_bias_and_variance_at_both_ends_of_each_slider(page):
    lab = page.lab("draw_error")
    lab.drive(
        {
            "how far to look": ("lam", 0.5, 0.0, 1.0),
            "how wrong": ("wrong", 1.0, 0.0, 1.0),
            "discount": ("gamma", 0.99, 0.5, 0.99),
            "estimates averaged": ("samples", 10, 1, 1000),
        },
        errors,
    )
    assert lab.error() == ""


def test_04_looking_to_the_end_has_no_bias_however_wrong_the_critic(page):
    lab = page.lab("draw_error")
    shown = lab.press("how far to look", "End")
    assert abs(shown["bias²"]) < 1e-20 and shown["variance / N"] > 0.01
    lab.reset()


def weights(lam, left):
    share = np.append((1 - lam) * lam ** np.arange(left - 1), lam ** (left - 1))
    return {"weight of the longest": share[-1], "steps sampled, mean": share @ np.arange(1, left + 1)}


def test_04_gaes_weights_at_both_ends_of_each_slider(page):
    lab = page.lab("draw_weights")
    for label, key, expected in (
        ("how far to look", "Home", weights(0.0, 10)),
        ("how far to look", "End", weights(1.0, 10)),
        ("steps left", "Home", weights(1.0, 1)),
        ("steps left", "End", weights(1.0, 40)),
    ):
        lab.press(label, key)
        lab.shows(expected, f"{label} {key}")
    lab.reset()
    assert lab.shows(weights(0.95, 10), "reset")["weight of the longest"] == pytest.approx(0.63, abs=0.005)


def test_04_the_delay_cliff_at_both_ends_of_each_slider(page):
    lab = page.lab("draw_delay")

    def numbers(step, lag):
        return {"factor from update to update": delayed_growth(step, lag), "limit of αh": delay_cliff(lag)}

    lab.drive({"step times curvature": ("step", 0.25, 0.03, 2.5), "lag": ("lag", 5, 0, 30)}, numbers)
    assert lab.error() == ""


@pytest.mark.parametrize(
    "question, right",
    [
        ("this $\\lambda$", "rises"),
        ("is its exact mean", "about 15"),
        ("Ten steps before", "63"),
        ("fresh gradient", "0.28"),
    ],
)
def test_04_predictions_say_right_and_why(page, question, right):
    asked = page.predict(question)
    assert asked.answer(right) and asked.correct() is True


@pytest.mark.parametrize("title", ["A2C on CartPole", "A2C on Pendulum", "A3C on CartPole"])
def test_04_each_live_run_starts_trains_and_stops(page, title):
    live = page.live(title)
    live.click("Start")
    live.await_steps(2000, seconds=30)
    live.click("Stop")
    live.wait("stopped", "finished", seconds=20)
    assert live.error() == ""


def test_04_the_lag_moves_while_the_workers_learn(page):
    live = page.live("A3C on CartPole")
    live.press("further lag", "End")
    live.click("Start")
    live.await_steps(2000, seconds=30)
    live.press("further lag", "Home")
    live.click("Stop")
    live.wait("stopped", "finished", seconds=20)
    assert live.error() == ""
