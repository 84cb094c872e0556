"""Lecture 09 in Chromium: each slider of its three exact labs to both ends, numbers from the equations."""

import numpy as np
import pytest

from rlcourse.equations import trust_region as tr

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def lecture_09(open_notebook):
    return open_notebook("lectures/09-trust-region-methods.ipynb")


def words(step):
    if np.isnan(step.ratio):
        return "stationary: nothing to do"
    return f"{'accept' if step.accepted else 'reject'}, {step.verdict}"


def step_numbers(x=0.5, radius=1.0):
    step = tr.trust_region_step(tr.double_well, x, radius)
    return {
        "candidate": step.candidate,
        "predicted": step.predicted,
        "actual": step.actual,
        "ρ": step.ratio,
        "verdict": words(step),
        "next x": step.next_x,
        "next Δ": step.next_radius,
    }


STEP = {"position": ("x", -2.0, 2.0), "radius": ("radius", 0.05, 3.0)}


@pytest.mark.parametrize("label", STEP)
def test_09_one_step_shows_the_equations_numbers_at_both_ends(lecture_09, label):
    lab = lecture_09.lab(0)
    lab.reset()
    lab.shows(step_numbers(), "reset")
    lab.ends(label, *STEP[label], step_numbers)


@pytest.mark.parametrize(
    "x, radius, verdict",
    [
        (0.0, 0.5, "accept, grow"),
        (1.2, 1.0, "accept, keep"),
        (0.5, 0.75, "accept, shrink"),
        (0.5, 1.0, "reject, shrink"),
        (1.0, 1.0, "stationary: nothing to do"),
    ],
)
def test_09_every_verdict_is_reached_by_the_sliders(lecture_09, x, radius, verdict):
    lab = lecture_09.lab(0)
    lab.type("position", x)
    lab.type("radius", radius)
    expected = step_numbers(x, radius)
    assert expected["verdict"] == verdict
    lab.shows(expected, verdict)


PATH = {"start": ("x", -2.0, 2.0), "first radius": ("radius", 0.05, 4.0), "steps": ("steps", 1, 30)}


def path_numbers(x=0.0, radius=0.5, steps=12):
    path = tr.trust_region_path(tr.double_well, x, radius, steps)
    last = path[-1].next_x
    return {
        "steps": len(path),
        "rejected": sum(not step.accepted for step in path),
        "x": last,
        "f(x)": tr.double_well(last),
        "largest Δ": max(step.radius for step in path),
        "last Δ": path[-1].next_radius,
    }


@pytest.mark.parametrize("label", PATH)
def test_09_the_path_shows_the_equations_numbers_at_both_ends(lecture_09, label):
    lab = lecture_09.lab(1)
    lab.reset()
    lab.shows(path_numbers(), "reset")
    lab.ends(label, *PATH[label], path_numbers)


def test_09_a_path_from_a_minimum_is_empty_and_says_so(lecture_09):
    lab = lecture_09.lab(1)
    lab.reset()
    lab.type("start", 1.0)
    lab.shows({"steps": 0, "x": 1}, "from a minimum")


MAP = {"across": ("x", -1.9, 1.9), "up": ("y", -1.4, 2.4), "radius": ("radius", 0.05, 3.0)}


def map_numbers(f=tr.rosenbrock, x=-1.0, y=0.3, radius=0.5):
    point, g, H = np.array([x, y]), f.gradient([x, y]), f.hessian([x, y])
    step = tr.trust_region_step(f, point, radius)
    return {
        "f here": f(point),
        "f after gradient": f(point - radius * g / max(np.linalg.norm(g), 1e-12)),
        "f after Newton": f(point - np.linalg.solve(H, g)),
        "f after trust region": f(step.candidate),
        "ρ": step.ratio,
        "verdict": words(step),
        "lowest curvature": np.linalg.eigvalsh(H)[0],
    }


@pytest.mark.parametrize("function", ["Rosenbrock", "two wells"])
@pytest.mark.parametrize("label", MAP)
def test_09_the_map_shows_the_equations_numbers_at_both_ends(lecture_09, label, function):
    lab = lecture_09.lab(2)
    f = {"Rosenbrock": tr.rosenbrock, "two wells": tr.double_well_2d}[function]
    lab.reset()
    lab.choose("function", function)
    lab.shows(map_numbers(f), function)
    lab.ends(label, *MAP[label], map_numbers, f=f)


def test_09_the_map_survives_the_saddle(lecture_09):
    lab = lecture_09.lab(2)
    lab.choose("function", "two wells")
    lab.type("across", 0.0)
    lab.type("up", 0.0)
    expected = map_numbers(tr.double_well_2d, x=0.0, y=0.0, radius=float(lab.value("radius")))
    assert expected["verdict"] == "stationary: nothing to do"
    lab.shows(expected, "the saddle")
    lab.reset()


def test_09_asks_at_least_three_predictions_and_answers_them(lecture_09):
    answers = ["about 40", "at 0, the maximum", "rejected, Δ shrinks", "it starts near 1 and drifts away"]
    for i, answer in enumerate(answers):
        question = lecture_09.predict(i)
        assert question.verdict() == ""
        question.answer(answer)
        assert question.correct() is True
