"""Lecture 01 in Chromium: every slider to both ends, numbers of the mathematics, and each prediction."""

import numpy as np
import pytest

from rlcourse.equations import markov

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(open_notebook):
    return open_notebook("lectures/01-decision-processes.ipynb")


def test_01_the_values_walk_on_their_lines_to_both_ends(page):
    def numbers(valley=0.5, meadow=0.5):
        policy = np.array([[1 - valley, valley], [1 - meadow, meadow]])
        V = markov.values(markov.two_state(), policy)
        return {"V(valley)": V[0], "V(meadow)": V[1]}

    lab = page.lab("draw_polytope,")
    sliders = {"P(move) in valley": ("valley", 0.5, 0.0, 1.0), "P(move) in meadow": ("meadow", 0.5, 0.0, 1.0)}
    lab.drive(sliders, numbers)
    assert lab.error() == ""


def test_01_the_grid_shows_three_policies_at_both_ends_of_the_discount(page):
    lab = page.lab("draw_grid,")

    def numbers(policy, gamma):
        world = markov.jump_grid(gamma)
        if policy == "best":
            pi = markov.policy_iteration(world, markov.uniform_policy(world))[-1]
            ties = markov.advantages(world, pi) > -1e-9
            pi = ties / ties.sum(axis=1, keepdims=True)
        else:
            pi = {"random": markov.uniform_policy(world), "east": np.tile(np.eye(4)[1], (25, 1))}[policy]
        V, d = markov.values(world, pi), markov.visitation(world, pi)
        return {"η": V[20], "V(A)": V[1], "d(start)": d[20], "d(A)": d[1]}

    lab.shows(numbers("random", 0.9), "start")
    for policy in ("random", "best", "east"):
        lab.choose("policy", policy)
        for key, gamma in (("Home", 0.0), ("End", 0.99)):
            lab.press("discount", key)
            lab.shows(numbers(policy, gamma), f"{policy} {key}")
    assert lab.error() == ""


def test_01_bias_falls_and_variance_rises_with_n_at_any_step_size(page):
    lab, rooms = page.lab("draw_n_steps,"), markov.corridor(rooms=19, gamma=0.99, slip=0.0)
    coin, guess = np.full((20, 2), 0.5), np.append(np.full(19, 0.5), 0.0)
    V, shown = markov.values(rooms, coin), {}
    for key, n in (("Home", 1), ("End", 256)):
        numbers = lab.press("rewards in the target", key)
        mean, variance = markov.n_step_moments(rooms, coin, guess, n)
        assert numbers["bias²"] == pytest.approx(np.mean((mean - V)[:19] ** 2), abs=1e-9)
        assert numbers["variance"] == pytest.approx(variance[:19].mean(), abs=1e-9)
        shown[n] = numbers
    assert shown[1]["best α for this n"] > 0.7 and shown[256]["best α for this n"] < 0.1
    lab.reset()
    errors = {key: lab.press("step size", key)["error"] for key in ("Home", "End")}
    best = lab.reset()["error"]
    assert best < 0.16 < min(errors.values())
    assert lab.error() == ""


@pytest.mark.parametrize(
    "question, right",
    [
        ("You turn one knob", "along a straight line"),
        ("so such walks have ten steps", "the same"),
        ("begins in the lower left corner", "it becomes the stationary distribution"),
        ("go through the eight episodes", "0.75"),
        ("A hundred learners each see", "4 or 8"),
    ],
)
def test_01_predictions_say_right_and_why(page, question, right):
    asked = page.predict(question)
    assert asked.answer(right) and asked.correct() is True
