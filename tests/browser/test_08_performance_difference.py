"""Lecture 08 in Chromium: each slider of its exact lab to both ends, numbers from the equations."""

import numpy as np
import pytest

from rlcourse.equations import markov

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def lecture_08(open_notebook):
    return open_notebook("lectures/08-performance-difference.ipynb")


SQUARE = {  # label: (argument, value at Home, value at End)
    "old: π(move|0)": ("old_0", 0.01, 0.99),
    "old: π(move|1)": ("old_1", 0.01, 0.99),
    "target: π(move|0)": ("target_0", 0.0, 1.0),
    "target: π(move|1)": ("target_1", 0.0, 1.0),
    "share of the way": ("m", 0.0, 1.0),
    "discount": ("gamma", 0.0, 0.99),
}


def square_numbers(old_0=0.5, old_1=0.5, target_0=0.05, target_1=0.05, m=0.2, gamma=0.2):
    """What the lab must show, from the package's equations alone."""
    mdp = markov.two_state(gamma)
    old = np.array([[1 - old_0, old_0], [1 - old_1, old_1]])
    target = np.array([[1 - target_0, target_0], [1 - target_1, target_1]])
    here = (1 - m) * old + m * target
    return {
        "η(old)": markov.expected_return(mdp, old),
        "η(here)": markov.expected_return(mdp, here),
        "L(here)": markov.surrogate(mdp, here, old),
        "TV bound": markov.improvement_bound(mdp, here, old, "tv"),
        "KL bound": markov.improvement_bound(mdp, here, old, "kl"),
        "D_TV max": markov.max_tv(old, here),
        "D_KL max": markov.max_kl(old, here),
    }


@pytest.mark.parametrize("label", SQUARE)
def test_08_every_slider_to_both_ends_shows_the_equations_numbers(lecture_08, label):
    lab = lecture_08.lab(0)
    lab.reset()
    lab.shows(square_numbers(), "reset")
    for shown in lab.ends(label, *SQUARE[label], square_numbers):
        assert shown["TV bound"] <= shown["η(here)"] + 1e-9
        assert shown["KL bound"] <= shown["TV bound"] + 1e-9


def test_08_an_infinite_divergence_is_shown_and_breaks_nothing(lecture_08):
    lab = lecture_08.lab(0)
    lab.reset()
    lab.press("target: π(move|0)", "End")
    lab.press("share of the way", "End")
    expected = square_numbers(target_0=1.0, m=1.0)
    assert (expected["D_KL max"], expected["KL bound"]) == (np.inf, -np.inf)
    lab.shows(expected, "the end of the way")


def test_08_asks_at_least_three_predictions_and_answers_them(lecture_08):
    for i, answer in enumerate(["no, whatever its length", "like m²", "35 %"]):
        question = lecture_08.predict(i)
        assert question.verdict() == ""
        question.answer(answer)
        assert question.correct() is True
