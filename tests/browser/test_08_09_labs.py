"""The exact labs of lectures 08 and 09 in a browser: every slider to both ends, every number from the equations."""

import statistics

import numpy as np
import pytest

from rlcourse.equations import markov
from rlcourse.equations import trust_region as tr

pytestmark = pytest.mark.browser
CLOSE = {"rel": 1e-9, "abs": 1e-9}


@pytest.fixture(scope="module")
def lecture_08(open_notebook):
    return open_notebook("source/08-performance-difference.py")


@pytest.fixture(scope="module")
def lecture_09(open_notebook):
    return open_notebook("source/09-trust-region-methods.py")


def spread(label, lab, presses=60):
    times = sorted(lab.timings(label, presses))
    median, p95 = statistics.median(times), times[int(0.95 * len(times))]
    print(f"\n{label}: slider → picture median {median:.0f} ms, p95 {p95:.0f} ms (n = {len(times)})")
    return p95


# --------------------------------------------------------------------------------------------- lecture 08

SQUARE = {  # label: (argument, value at Home, value at End)
    "old: π(move|0)": ("old_0", 0.01, 0.99),
    "old: π(move|1)": ("old_1", 0.01, 0.99),
    "target: π(move|0)": ("target_0", 0.0, 1.0),
    "target: π(move|1)": ("target_1", 0.0, 1.0),
    "share of the way": ("t", 0.0, 1.0),
    "discount": ("gamma", 0.0, 0.99),
}


def square_numbers(old_0=0.5, old_1=0.5, target_0=0.95, target_1=0.05, t=0.3, gamma=0.2):
    """What the lab must show, from the package's equations alone."""
    mdp = markov.two_state(gamma)
    old = np.array([[1 - old_0, old_0], [1 - old_1, old_1]])
    target = np.array([[1 - target_0, target_0], [1 - target_1, target_1]])
    here = (1 - t) * old + t * target
    return {
        "η(old)": markov.expected_return(mdp, old),
        "η(π_t)": markov.expected_return(mdp, here),
        "L(π_t)": markov.surrogate(mdp, here, old),
        "TV bound": markov.improvement_bound(mdp, here, old, "tv"),
        "KL bound": markov.improvement_bound(mdp, here, old, "kl"),
        "D_TV max": markov.max_tv(old, here),
        "D_KL max": markov.max_kl(old, here),
    }


@pytest.mark.parametrize("label", SQUARE)
def test_08_every_slider_to_both_ends_shows_the_equations_numbers(lecture_08, label):
    lab = lecture_08.lab(0)
    name, low, high = SQUARE[label]
    lab.reset()
    for key, value in (("Home", low), ("End", high)):
        shown = lab.press(label, key)
        assert lab.error() == ""
        assert shown == pytest.approx(square_numbers(**{name: value}), **CLOSE), (label, key)
        assert shown["TV bound"] <= shown["η(π_t)"] + 1e-9
        assert shown["KL bound"] <= shown["TV bound"] + 1e-9
    assert lab.reset() == pytest.approx(square_numbers(), **CLOSE)


def test_08_an_infinite_divergence_is_shown_and_breaks_nothing(lecture_08):
    lab = lecture_08.lab(0)
    lab.reset()
    lab.press("target: π(move|0)", "End")
    shown = lab.press("share of the way", "End")
    assert lab.error() == ""
    assert shown["D_KL max"] == np.inf
    assert shown["KL bound"] == -np.inf
    lab.reset()


def test_08_a_new_picture_follows_each_move_within_60_ms_at_p95(lecture_08):
    lab = lecture_08.lab(0)
    lab.reset()
    assert spread("share of the way", lab) <= 60
    assert spread("discount", lab) <= 60
    lecture_08.screenshot("08-lab")


def test_08_asks_at_least_three_predictions_and_answers_them(lecture_08):
    answers = ["no, whatever its length", "like t²", "more than 1 000 times", "nothing"]
    for i, answer in enumerate(answers):
        question = lecture_08.predict(i)
        assert question.verdict() == ""
        question.answer(answer)
        assert question.correct() is True


# --------------------------------------------------------------------------------------------- lecture 09


def words(step):
    if np.isnan(step.ratio):
        return "stationary: nothing to do"
    return f"{'accept' if step.accepted else 'reject'}, {step.verdict}"


def step_numbers(x=0.5, radius=1.0):
    step = tr.trust_region_step(tr.double_well, x, radius)
    numbers = {
        "candidate": step.candidate,
        "predicted": step.predicted,
        "actual": step.actual,
        "ρ": step.ratio,
    }
    return numbers | {"next x": step.next_x, "next Δ": step.next_radius}, words(step)


def check_step(shown, **values):
    numbers, verdict = step_numbers(**values)
    assert shown.pop("verdict") == verdict
    assert shown == pytest.approx(numbers, nan_ok=True, **CLOSE)


def test_09_one_step_shows_the_equations_numbers_at_both_ends(lecture_09):
    lab = lecture_09.lab(0)
    lab.reset()
    check_step(lab.press("x_k", "Home"), x=-2.0)
    check_step(lab.press("x_k", "End"), x=2.0)
    check_step(lab.press("radius", "Home"), x=2.0, radius=0.05)
    check_step(lab.press("radius", "End"), x=2.0, radius=3.0)
    check_step(lab.reset())


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
    lab.type("x_k", x)
    shown = lab.type("radius", radius)
    assert shown["verdict"] == verdict
    check_step(shown, x=x, radius=radius)


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
    name, low, high = PATH[label]
    lab.reset()
    for key, value in (("Home", low), ("End", high)):
        assert lab.press(label, key) == pytest.approx(path_numbers(**{name: value}), **CLOSE), (label, key)
        assert lab.error() == ""
    assert lab.reset() == pytest.approx(path_numbers(), **CLOSE)


def test_09_a_path_from_a_minimum_is_empty_and_says_so(lecture_09):
    lab = lecture_09.lab(1)
    lab.reset()
    assert lab.type("start", 1.0) == {"steps": 0, "x": 1}
    assert lab.error() == ""
    lab.reset()


MAP = {"across": ("x", -1.9, 1.9), "up": ("y", -1.4, 2.4), "radius": ("radius", 0.05, 3.0)}


def map_numbers(f=tr.rosenbrock, x=-1.0, y=0.3, radius=0.5):
    point, g, H = np.array([x, y]), f.gradient([x, y]), f.hessian([x, y])
    step = tr.trust_region_step(f, point, radius)
    numbers = {
        "f here": f(point),
        "f after gradient": f(point - radius * g / np.linalg.norm(g)),
        "f after Newton": f(point - np.linalg.solve(H, g)),
        "f after trust region": f(step.candidate),
        "ρ": step.ratio,
        "lowest curvature": np.linalg.eigvalsh(H)[0],
    }
    return numbers, words(step)


@pytest.mark.parametrize("function", ["Rosenbrock", "two wells"])
@pytest.mark.parametrize("label", MAP)
def test_09_the_map_shows_the_equations_numbers_at_both_ends(lecture_09, label, function):
    lab = lecture_09.lab(2)
    f = {"Rosenbrock": tr.rosenbrock, "two wells": tr.double_well_2d}[function]
    name, low, high = MAP[label]
    lab.reset()
    lab.choose("function", function)
    for key, value in (("Home", low), ("End", high)):
        shown = lab.press(label, key)
        numbers, verdict = map_numbers(f, **{name: value})
        assert lab.error() == ""
        assert shown.pop("verdict") == verdict
        assert shown == pytest.approx(numbers, **CLOSE), (label, key)
    lab.reset()


def test_09_the_map_survives_the_saddle(lecture_09):
    lab = lecture_09.lab(2)
    lab.choose("function", "two wells")
    lab.type("across", 0.0)
    shown = lab.type("up", 0.0)
    assert lab.error() == ""
    assert shown["verdict"] == "stationary: nothing to do"
    assert shown["lowest curvature"] == pytest.approx(-4)
    lab.reset()


@pytest.mark.parametrize("which, label", [(0, "x_k"), (1, "first radius"), (2, "radius")])
def test_09_a_new_picture_follows_each_move_within_60_ms_at_p95(lecture_09, which, label):
    lab = lecture_09.lab(which)
    lab.reset()
    assert spread(label, lab) <= 60
    lecture_09.screenshot(f"09-lab-{which}")


def test_09_asks_at_least_three_predictions_and_answers_them(lecture_09):
    answers = ["still at 0", "at 0, the maximum", "rejected, Δ shrinks", "it starts near 1 and drifts away"]
    for i, answer in enumerate(answers):
        question = lecture_09.predict(i)
        assert question.verdict() == ""
        question.answer(answer)
        assert question.correct() is True
