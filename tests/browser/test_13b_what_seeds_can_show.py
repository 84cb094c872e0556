"""Lecture 13b in Chromium: labs at both ends of their sliders, predictions."""

import numpy as np
import pytest
from scipy import stats

from rlcourse import notebooks
from rlcourse.experiments import replayed
from rlcourse.statistics import mean_interval, power, seeds_needed

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(open_notebook):
    return open_notebook("lectures/13b-what-seeds-can-show.ipynb")


@pytest.fixture(scope="module")
def runs():
    return replayed(notebooks.LECTURES / "recordings" / "13b-runs.json")


def test_13b_the_smallest_p_falls_with_the_ways_that_are_tried(page, runs):
    lab = page.lab("draw_lottery,")
    start = lab.numbers()["smallest p"]
    lab.press("ways tried", "End")
    final = runs["tanh"][:10, -1]
    upper = final >= np.sort(final)[5]
    bound = stats.ttest_ind(final[upper], final[~upper], equal_var=False).pvalue
    shown = lab.numbers()
    assert shown["smallest p"] <= min(start, bound * (1 + 1e-9)) and shown["ways with p < 0.05"] >= 1
    page.screenshot("13b-lottery")
    lab.press("set of ten", "End")
    assert lab.numbers()["smallest p"] != shown["smallest p"]
    for label in ("ways tried", "set of ten"):
        lab.press(label, "Home")
    assert lab.numbers()["smallest p"] == pytest.approx(start) and lab.error() == ""


def test_13b_intervals_that_hold_the_mean_are_counted_as_the_package_counts(page, runs):
    lab = page.lab("draw_coverage,")
    population = runs["tanh"][:, 2]
    for n in (5, 20):
        lab.choose("runs", str(n))
        found = mean_interval(np.random.default_rng(n).choice(population, (n, 100)))
        held = (found.low <= population.mean()) & (population.mean() <= found.high)
        width = float((found.high - found.low).mean())
        lab.shows({"intervals that hold the mean": int(held.sum()), "mean width": width}, f"n = {n}")
    lab.choose("interval", "bootstrap")
    lab.choose("runs at", "late: 12,288 steps")
    assert lab.error() == ""


def told(d, n):
    """By other draws, of whole groups: (mean published difference / true one, share of the wrong sign)."""
    one, two = np.random.default_rng(3).normal(size=(2, n, 4000))
    found, p = one.mean(0) + d - two.mean(0), stats.ttest_ind(one + d, two).pvalue
    return abs(found[p < 0.05]).mean() / d, (found[p < 0.05] < 0).mean()


def test_13b_power_at_both_ends_of_both_sliders(page):
    lab = page.lab("draw_power,")
    for label, key, d, n in (
        ("true difference", "Home", 0.1, 5), ("true difference", "End", 2.0, 5),
        ("seeds in each group", "Home", 0.5, 2), ("seeds in each group", "End", 0.5, 80),
    ):  # fmt: skip
        lab.reset()
        lab.press(label, key)
        shown, (much, wrong) = lab.numbers(), told(d, n)
        assert (shown["power"], shown["seeds for 80 %"]) == (pytest.approx(power(d, n)), seeds_needed(d))
        assert shown["published / true"] == pytest.approx(much, rel=0.15)
        assert shown["wrong sign"] == pytest.approx(wrong, abs=0.1)
    page.screenshot("13b-power")
    assert lab.error() == ""


@pytest.mark.parametrize(
    "question, right",
    [
        ("Among the 126 ways", "in nearly all"),
        ("Five runs. How many", "about 82"),
        ("At 6,144 steps", "in about 11 of 100 labs"),
        ("The best of twelve", "less"),
    ],
)
def test_13b_predictions_say_right_and_why(page, question, right):
    asked = page.predict(question)
    assert asked.answer(right) and asked.correct() is True
