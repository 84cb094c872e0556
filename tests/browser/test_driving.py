"""A page is opened with the cells that its panels need: no others run, and a broken lab fails alone."""

import pytest

pytestmark = pytest.mark.browser
CELLS = [
    "from rlcourse import plots\nfrom rlcourse.widgets import Slider, explore",
    "raise SystemError('an experiment of a minute and a half')",
    """
def draw(fig, gap=1.0):
    plots.axes(fig).set(title="one gap")
    return {"double": 2 * gap}
""",
    "gaps = 1 / 0",
    "explore(draw, gap=Slider('Δ', 'gap', min=0.0, max=gaps, step=0.5))",
    "explore(draw, gap=Slider('Δ', 'gap', min=0.0, max=3.0, step=0.5))",
]


@pytest.fixture(scope="module")
def page(open_notebook):
    return open_notebook(CELLS)


def test_the_cells_that_the_panels_need_run_once_and_in_order_and_no_others(page):
    assert [cell["execution_count"] for cell in page.cells()] == [1, None, 2, 3, 4, 5]


def test_a_lab_answers_below_one_that_is_broken(page):
    assert page.lab(1).press("gap", "End") == {"double": 6.0}


def test_the_broken_lab_fails_with_the_errors_of_the_cells_that_it_needs(page):
    with pytest.raises(AssertionError, match="ZeroDivisionError: division by zero"):
        page.lab(0)
