"""The widgets of the course on a page: sliders, errors, reset, predictions, live runs, in a real browser."""

from __future__ import annotations

import statistics

import pytest

pytestmark = pytest.mark.browser

CELLS = [
    """
import numpy as np
from rlcourse import plots
from rlcourse.widgets import Choice, Slider, Switch, explore, predict
plots.use()

def draw(fig, gap=1.0, noise=1.0, count=2, kind="sum", square=False):
    if gap > 2.95:
        raise ZeroDivisionError("the gap is too wide")
    ax = plots.axes(fig)
    x = np.linspace(0, 3, 400)
    for k in range(5):
        ax.plot(x, noise * np.sin(3 * x + k * gap), label=f"k = {k}")
    ax.set(xlabel="x (m)", ylabel="y (m)", ylim=(-2.2, 2.2))
    ax.set_title("Five waves, each shifted by the gap")
    value = gap + noise if kind == "sum" else gap * noise
    return {"combined": value**2 if square else value, "count": count}

plots.picture(draw)
""",
    """
explore(draw, gap=Slider("Δ", "gap", "m", 0.0, 3.0, 0.1), noise=Slider("σ", "noise", "m", 0.1, 2.0, 0.1),
        count=Slider("n", "count", min=1, max=9, step=1), kind=Choice("", "kind", ["sum", "product"]),
        square=Switch("", "squared"))
""",
    """
predict("Which is larger?", ["the max of two", "the max of ten"], answer="the max of ten", why="More draws, larger max.")
""",
    """
predict("How large is E[max] of ten standard normals?", answer=1.539, tolerance=0.1, why="Order statistics.")
""",
]


@pytest.fixture(scope="module")
def page(open_notebook):
    return open_notebook(CELLS)


def test_sliders_driven_by_keyboard_to_their_ends_give_the_right_numbers(page):
    lab = page.lab(0)
    assert lab.numbers() == {"combined": 2.0, "count": 2}
    assert lab.press("noise", "End")["combined"] == pytest.approx(3.0)
    assert lab.press("noise", "Home")["combined"] == pytest.approx(1.1)
    assert lab.press("gap", "Home")["combined"] == pytest.approx(0.1)
    assert lab.press("count", "End")["count"] == 9
    assert lab.press("count", "ArrowLeft", times=3)["count"] == 6
    assert lab.type("Δ gap", "2.5")["combined"] == pytest.approx(2.6)
    assert lab.choose("kind", "product")["combined"] == pytest.approx(0.25)
    assert lab.switch("squared")["combined"] == pytest.approx(0.0625)
    assert lab.value("gap") == "2.5"
    page.screenshot("lab")


def test_a_raising_draw_is_shown_in_the_panel_and_the_lab_survives(page):
    lab = page.lab(0)
    lab.reset()
    before = lab.picture.get_attribute("src")
    lab.press("gap", "End")
    assert "ZeroDivisionError: the gap is too wide" in lab.error()
    assert 'raise ZeroDivisionError("the gap is too wide")' in lab.error()
    assert lab.picture.get_attribute("src") == before
    page.screenshot("lab-error")
    assert lab.press("gap", "ArrowLeft")["combined"] == pytest.approx(3.9)
    assert lab.error() == ""
    assert lab.picture.get_attribute("src") != before


def test_reset_brings_every_control_back_to_its_start(page):
    lab = page.lab(0)
    lab.press("gap", "Home")
    lab.choose("kind", "product")
    assert lab.reset() == {"combined": 2.0, "count": 2}
    assert lab.value("gap") == "1.0"


def test_from_slider_to_picture_takes_at_most_60_ms_at_p95(page):
    times = sorted(page.lab(0).timings("noise", presses=60))
    median, p95 = statistics.median(times), times[int(0.95 * len(times))]
    print(f"\nslider → picture: median {median:.0f} ms, p95 {p95:.0f} ms (n = {len(times)})")
    assert p95 <= 60


def test_a_choice_is_predicted_once_and_the_answer_stays(page):
    question = page.predict(0)
    assert question.verdict() == ""
    question.click("Answer")
    assert question.verdict() == ""
    said = question.answer("the max of two")
    assert question.correct() is False
    assert "You predicted the max of two." in said
    assert "The answer: the max of ten." in said
    assert question.root.get_by_role("button", name="Answer").is_disabled()
    page.screenshot("predict")


def test_a_number_is_predicted_within_its_tolerance(page):
    question = page.predict(1)
    question.answer("a lot")
    assert question.verdict() == ""
    assert "You predicted 1.5." in question.answer("1,5")
    assert question.correct() is True
