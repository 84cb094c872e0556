"""Lecture 03b in Chromium: each slider to both ends, each prediction, REINFORCE's remedies live."""

import itertools

import numpy as np
import pytest

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(open_notebook):
    return open_notebook("lectures/03b-variance-of-a-gradient.ipynb")


def walks(T=5):
    """Probability, score sum [K, 2] and return of every walk through valley and meadow, one by one."""
    logits = np.array([[0.2, -0.4], [0.1, 0.9]])
    policy = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    pay, rows = np.array([[0.0, -0.2], [1.0, 0.3]]), []
    for actions in itertools.product((0, 1), repeat=T):
        for works in itertools.product((True, False), repeat=T):
            s, p, R, g = 0, 1.0, 0.0, np.zeros(2)
            for t, (a, ok) in enumerate(zip(actions, works, strict=True)):
                p *= policy[s, a] * (0.9 if ok else 0.1)
                R += 0.9**t * pay[s, a]
                g[s] += (a == 1) - policy[s, 1]
                s = 1 - s if (a == 1) == ok else s
            rows.append((p, R, *g))
    p, R, *g = np.array(rows).T
    return p, R, np.array(g)


P, R, G = walks()
SQUARE = (G**2).sum(axis=0)
BEST = (P @ (SQUARE * R)) / (P @ SQUARE)


def baseline(b, N):
    def variance(b):
        estimate = G * (R - b)
        return P @ ((estimate - (estimate @ P)[:, None]) ** 2).sum(axis=0)

    return {"variance": variance(b), "times the least": variance(b) / variance(BEST), "least at b*": BEST}


def test_03b_the_parabola_at_both_ends_of_its_slider(page):
    lab = page.lab("draw_baseline")
    lab.ends("baseline", "b", -2.0, 3.0, baseline, N=5)
    lab.reset()
    before = lab.picture.get_attribute("src")
    for key in ("Home", "End"):
        lab.press("episodes an estimate", key)
        lab.shows(baseline(0.0, None), key)
        assert lab.picture.get_attribute("src") != before
    lab.reset()
    assert lab.error() == ""


def waves(omega, sigma):
    """By Monte Carlo's opposite: a fine grid in place of quadrature."""
    xi = np.linspace(-12, 12, 200_001)
    w = np.exp(-(xi**2) / 2)
    w /= w.sum()
    a = sigma * xi
    f, slope = 3 - (a - 1) ** 2 + np.cos(omega * a), -2 * (a - 1) - omega * np.sin(omega * a)
    rows = np.array([f * xi / sigma, (f - w @ (xi**2 * f)) * xi / sigma, slope])
    variances = (rows - (rows @ w)[:, None]) ** 2 @ w
    names = ("score function", "score function − b*", "pathwise")
    return {"slope of J": 2.0, **dict(zip(names, variances, strict=True))}


def test_03b_two_estimates_at_both_ends_of_each_slider(page):
    lab = page.lab("draw_waves")
    sliders = {"how wavy": ("omega", 2.0, 0.0, 12.0), "spread of the policy": ("sigma", 0.5, 0.1, 1.0)}
    lab.drive(sliders, waves)
    assert lab.error() == ""


def test_03b_each_prediction_takes_the_right_answer(page):
    for question, answer in (
        ("226 parameters", "0.3"),
        ("in every decision process", "t′ < t"),
        ("Many notes say", "raises it"),
        ("Twelve hundred runs", "those with b* + 1"),
        ("terraced hill", "0"),
    ):
        prediction = page.predict(question)
        assert prediction.correct() is None
        prediction.answer(answer)
        assert prediction.correct() is True, question


def test_03b_the_remedies_are_switched_on_and_it_trains(page):
    live = page.live("REINFORCE with remedies")
    live.click("Start")
    live.await_steps(500, seconds=30)
    live.switch("reward-to-go")
    live.switch("keep γᵗ")
    live.choose("baseline", "learnt")
    live.await_steps(1500, seconds=60)
    live.click("Stop")
    live.wait("stopped", "finished", seconds=20)
    assert live.error() == ""
