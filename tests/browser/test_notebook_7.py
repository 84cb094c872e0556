"""A lecture in Notebook 7, for those who open the course there: its panels work as in JupyterLab."""

import math

import pytest

pytest.importorskip("notebook", reason="NOT CHECKED: Notebook 7 is not installed")
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(open_notebook):
    return open_notebook("lectures/00-welcome.ipynb", run="all", place="notebooks")


def test_all_cells_run_in_notebook_7(page):
    assert "/notebooks/" in page.page.url
    assert page.page.evaluate("jupyterapp.name") == "Jupyter Notebook"
    assert page.errors() == []
    page.screenshot("notebook-7")


def test_a_slider_moves_the_numbers_in_notebook_7(page):
    def numbers(angle):
        theta = math.radians(angle)
        shown = {"gravity (rad/s²)": 15 * math.sin(theta), "motor (rad/s²)": -6.0}
        return shown | {"sum (rad/s²)": 15 * math.sin(theta) - 6, "reward at rest": -(theta**2) - 0.004}

    lab = page.lab(0)
    lab.ends("angle", "angle", -180, 180, numbers)
    lab.reset()
    lab.shows(numbers(60), "reset")


def test_a_live_run_starts_and_pauses_in_notebook_7(page):
    panel = page.live("A first agent")
    panel.click("Start")
    panel.wait("running")
    panel.click("Pause")
    panel.wait("paused")
    assert panel.error() == ""
