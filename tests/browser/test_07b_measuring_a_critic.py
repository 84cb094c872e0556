"""Lecture 07b in Chromium: the tables at both ends of each slider."""

import numpy as np
import pytest

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(open_notebook):
    return open_notebook("lectures/07b-measuring-a-critic.ipynb")


def test_07b_an_error_is_the_bias_of_one_backup_added_again_and_again(page):
    """The bias of one backup is predicted from the step size alone, the error from it and the discount."""
    lab = page.lab(0)

    def predicted(gamma, rate):
        of_max = np.sqrt(rate / (2 - rate) / np.pi)
        return {"max": of_max, "clipped double": -of_max / 2}, gamma / (1 - gamma)

    def compare(gamma=0.9, rate=0.1):
        shown, (bias, factor) = lab.numbers(), predicted(gamma, rate)
        assert shown["γ/(1 − γ)"] == pytest.approx(factor)
        for name, one_backup in bias.items():
            assert shown[f"{name}: one backup"] == pytest.approx(one_backup, abs=0.01)
            assert shown[f"{name}: error"] == pytest.approx(factor * one_backup, abs=0.1)
        assert lab.error() == ""
        return shown

    lab.reset()
    start = compare()
    lab.press("discount", "Home")
    without = compare(gamma=0.0)
    assert without["max: one backup"] == pytest.approx(start["max: one backup"]), "it knows no discount"
    lab.press("discount", "End")
    assert compare() == start
    lab.press("step size", "End")
    noisy = compare(rate=0.5)
    assert noisy["max: error"] > 2 * start["max: error"]
    assert noisy["clipped double: error"] < 2 * start["clipped double: error"]
    page.screenshot("07b-tables")
    lab.press("step size", "Home")
    assert compare() == start
