"""Lecture 10 in Chromium: each slider to both ends in every writing, predictions, walks drawn live."""

import numpy as np
import pytest

from rlcourse.equations import markov

pytestmark = pytest.mark.browser
WORLD = markov.stay_or_leave()
STAY = {  # parameters -> π(stay), its slope there, and back
    "logit": (lambda u: 1 / (1 + np.exp(-u)), lambda p: p * (1 - p), lambda p: np.log(p / (1 - p))),
    "probability": (lambda u: u, lambda p: 1 + 0 * p, lambda p: p),
    "angle": (lambda u: np.sin(u) ** 2, lambda p: 2 * np.sqrt(p * (1 - p)), lambda p: np.arcsin(np.sqrt(p))),
}


@pytest.fixture(scope="module")
def page(open_notebook):
    return open_notebook("lectures/10-natural-gradient.ipynb")


def numbers(way, stay0=0.9, stay1=0.4, delta=0.03):
    """By hand: η_p = d (A_stay − A_leave)/(1 − γ), F_p = d/(p (1 − p)), and the chain rule with dp/du."""
    to_stay, slope, back = STAY[way]
    p = np.array([stay0, stay1])
    pi = np.stack([p, 1 - p], axis=1)
    d, A = markov.visitation(WORLD, pi), markov.advantages(WORLD, pi)
    g = d * (A[:, 0] - A[:, 1]) * slope(p)
    F = d / (p * (1 - p)) * slope(p) ** 2
    found = {"earned here": (1 - WORLD.gamma) * markov.expected_return(WORLD, pi)}
    for name, s in (("gradient", g), ("natural", g / F)):
        new = to_stay(back(p) + np.sqrt(2 * delta / (s @ (F * s))) * s)
        if (new < 0).any() or (new > 1).any():
            found |= {f"earned after {name}": "no policy", f"D of {name}": "no policy"}
            continue
        there = np.stack([new, 1 - new], axis=1)
        found[f"earned after {name}"] = (1 - WORLD.gamma) * markov.expected_return(WORLD, there)
        found[f"D of {name}"] = d @ markov.kl(pi, there)
    return found


@pytest.mark.parametrize("way", STAY)
def test_10_steps_of_each_writing_at_both_ends_of_every_slider(page, way):
    lab = page.lab(0)
    lab.reset()
    lab.choose("writing", way)
    lab.shows(numbers(way), way)
    for label, (name, low, high) in {
        "π(stay) in state 0": ("stay0", 0.05, 0.95),
        "π(stay) in state 1": ("stay1", 0.05, 0.95),
        "size of the step": ("delta", 1e-4, 0.05),
    }.items():
        lab.reset()
        lab.choose("writing", way)
        for key, value in (("Home", low), ("End", high)):
            lab.press(label, key)
            lab.shows(numbers(way, **{name: value}), f"{label} {key}")
    assert lab.error() == ""
    page.screenshot(f"10-lab-{way}")


@pytest.mark.parametrize(
    "question, right",
    [
        ("How many steps until it earns 1.95", "about 8,000"),
        ("One policy, written by logits", "are equal up to terms of order α²"),
        ("Softmax, one state", "as much as the other's"),
    ],
)
def test_10_predictions_say_right_and_why(page, question, right):
    asked = page.predict(question)
    assert asked.answer(right) and asked.correct() is True


@pytest.mark.parametrize("algorithm", ["natural", "gradient"])
def test_10_walks_over_the_square_of_policies_are_drawn_while_it_trains(page, algorithm):
    live = page.live()
    live.choose("algorithm", algorithm)
    live.click("Start")
    live.await_steps(10_000, seconds=60)
    live.click("Stop")
    live.wait("stopped", "finished", seconds=30)
    assert live.error() == ""
    assert live.root.locator(".rlcourse-scene svg polyline").count() > 10
    page.screenshot(f"10-live-{algorithm}")
