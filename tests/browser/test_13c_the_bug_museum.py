"""Lecture 13c in Chromium: every exhibit of the lab, predictions."""

import pytest

from rlcourse import notebooks
from rlcourse.experiments import replayed
from rlcourse.museum import discover
from rlcourse.statistics import mean_interval

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(open_notebook):
    return open_notebook("lectures/13c-the-bug-museum.ipynb")


def test_13c_the_lab_shows_the_paired_difference_of_the_recordings(page):
    lab, kept = page.lab("draw_exhibit,"), replayed(notebooks.LECTURES / "recordings" / "13c-pole.json")
    for name, program in (("ratio upside down", "PPO"), ("π for log π", "A2C"), ("g for F⁻¹g", "TRPO")):
        lab.choose("bug", name)
        gap = mean_interval((kept["broken"][name] - kept["healthy"][program])[:, 1:].mean(axis=1))
        expected = {"mean difference": gap.estimate, "from": gap.low, "to": gap.high}
        lab.shows({"seen": discover()[name].seen, **expected}, name)
    page.screenshot("13c-lab")
    assert lab.error() == ""


def test_13c_every_exhibit_can_be_drawn(page):
    lab = page.lab("draw_exhibit,")
    for name in list(discover())[::5]:
        assert lab.choose("bug", name)["seen"] == discover()[name].seen
    assert lab.error() == ""


@pytest.mark.parametrize(
    "question, right",
    [
        ("Which one is right?", "C"),
        ("A time limit is taken for death", "the pendulum, which ends by its clock alone"),
        ("A2C's loss is summed", "nothing"),
        ("'Death ignored' climbs", "1, a reward"),
    ],
)
def test_13c_predictions_say_right_and_why(page, question, right):
    asked = page.predict(question)
    assert asked.answer(right) and asked.correct() is True
