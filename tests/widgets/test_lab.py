"""Labs without a page: what they compute, refuse and leave behind."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from rlcourse import plots
from rlcourse.widgets import Choice, Slider, Switch, explore


def draw(fig, gap=1.0, kind="sum", square=False):
    if gap > 2.5:
        raise ZeroDivisionError("too wide")
    ax = plots.axes(fig)
    ax.plot([0, 1], [0, gap])
    ax.set_title("A line")
    value = gap + 1 if kind == "sum" else gap
    return {"value": value**2 if square else value}


def lab():
    controls = {"kind": Choice("", "kind", ["sum", "gap"]), "square": Switch("", "squared")}
    return explore(draw, gap=Slider("Δ", "gap", "m", 0.0, 3.0, 0.1), **controls)


def shown(one):
    """The picture that a page shows."""
    return base64.b64decode(one._view.value.split("base64,")[1].split('"')[0])


def test_a_move_is_one_message_with_picture_words_and_numbers(monkeypatch):
    one = lab()
    said = []
    for widget in (one._view, one._error, one._root):
        monkeypatch.setattr(widget, "send_state", lambda key=None: said.append(key))
    one._inputs["gap"].value = 2.0
    assert said == ["value"]
    assert shown(one) == one.png
    assert 'alt="A line"' in one._view.value
    assert 'data-value="3.0"' in one._view.value


def test_a_lab_starts_at_draws_defaults_and_follows_its_controls():
    one = lab()
    assert one.values == {"gap": 1.0, "kind": "sum", "square": False}
    assert one.numbers == {"value": 2.0}
    assert one.set(gap=2.0, square=True).numbers == {"value": 9.0}
    assert one.set(kind="gap").numbers == {"value": 4.0}
    assert one.reset().numbers == {"value": 2.0}
    assert one.pictures == 4  # one picture a change, however many controls moved


def test_ticks_that_become_wider_push_no_name_of_an_axis_off_the_picture():
    def grow(fig, power=0):
        ax = plots.axes(fig)
        ax.plot([0, 10**power])
        ax.set(xlabel="state", ylabel="estimate", yticks=[0, 10**power])

    one = explore(grow, power=Slider("", "power", min=0, max=7, step=1), size=(8.5, 3.6))
    label = one.set(power=7).figure.axes[0].yaxis.label
    assert label.get_window_extent().x0 >= 0
    widest, bounds = one.png, one.figure.axes[0].get_position().bounds
    one.set(power=0)
    assert one.figure.axes[0].get_position().bounds == bounds  # there is room now: the frame stands
    assert one.set(power=7).png == widest


def test_a_wide_number_at_the_right_end_of_an_axis_is_on_the_picture():
    def zoom(fig, power=0):
        ax = plots.axes(fig)
        ax.set(xlim=(0, 10**-power), xticks=[0, 10**-power], xlabel="return", ylabel="y")

    one = explore(zoom, power=Slider("", "power", min=0, max=4, step=1), size=(5, 3))
    label = one.set(power=4).figure.axes[0].xaxis.majorTicks[1].label1
    assert label.get_text() == "0.0001"
    assert label.get_window_extent().x1 <= one.figure.bbox.x1


def test_a_raising_draw_leaves_the_last_picture_and_the_lab_recovers():
    one = lab()
    good = one.png
    one.set(gap=3.0)
    assert isinstance(one.error, ZeroDivisionError)
    assert one.png == good
    assert "too wide" in one._error.value
    assert "data-number" not in one._view.value
    assert shown(one) == good
    one.set(gap=2.0)
    assert one.error is None
    assert one._error.value == ""


def test_a_lab_refuses_controls_that_draw_does_not_take():
    with pytest.raises(ValueError, match="no argument 'gqp'; it takes gap, kind, square"):
        explore(draw, gqp=Slider("Δ", "gap"))
    with pytest.raises(ValueError, match=r"start value 1.0 outside \[2.0, 3.0\]"):
        explore(draw, gap=Slider("Δ", "gap", min=2.0, max=3.0))
    with pytest.raises(ValueError, match="no control named x; this lab has gap"):
        explore(draw, gap=Slider("Δ", "gap", min=0.0, max=3.0)).set(x=1)


def test_what_draw_returns_must_be_named_numbers():
    one = explore(lambda fig, x=0.5: 3.0, x=Slider("x", "x"))
    assert "return a dict of named numbers" in str(one.error)


def test_text_from_outside_is_escaped():
    one = explore(lambda fig, x=0.5: {"<b>": "<script>"}, x=Slider("x", "x"))
    assert "<script>" not in one._view.value
    assert "&lt;b&gt;" in one._view.value


def test_a_picture_at_rest_has_twice_the_pixels_and_is_drawn_by_the_same_figure():
    one = lab().set(gap=2.0)
    moving = Image.open(io.BytesIO(shown(one)))
    one.sharpen()
    sharp = Image.open(io.BytesIO(shown(one)))
    assert sharp.size == tuple(2 * side for side in moving.size)
    small = np.asarray(sharp.resize(moving.size, Image.Resampling.BOX)).astype(int)
    assert np.abs(small - np.asarray(moving).astype(int)).mean() < 6
    one.set(gap=1.0)
    assert Image.open(io.BytesIO(shown(one))).size == moving.size


def test_a_page_draws_the_sharp_picture_when_the_hand_rests_and_only_once(until):
    one = lab()
    drawn = []
    one.sharpen = lambda: drawn.append(one.values["gap"])
    for gap in (1.1, 1.2, 1.3):
        one._inputs["gap"].value = gap
    until(lambda: drawn)
    assert drawn == [1.3]


def test_kept_settings_have_names_and_are_gone_to_by_them():
    one = explore(draw, settings={"wide": {"gap": 2.0}}, gap=Slider("Δ", "gap", "m", 0.0, 3.0, 0.1))
    assert [name for name, _ in one.kept.chooser.options] == ["go to …", "wide"]
    assert one.set(gap=0.5).keep() == "A"
    assert one.kept.chooser.value == "A"
    one._inputs["gap"].value = 1.5
    assert one.kept.chooser.value == "" and one.values == {"gap": 1.5}
    one.kept.chooser.value = "wide"
    assert one.values == {"gap": 2.0} and one.numbers == {"value": 3.0}
    one.kept.chooser.value = "A"
    assert one.values == {"gap": 0.5}
    assert "# A" in one._view.value
    assert one.keep() == "B"


def test_a_setting_keeps_its_name_where_the_page_rounds_the_sliders_last_digit():
    """The page's slider counts min + k·step: 0.9 comes back as −1.9 + 56·0.05 = 0.9000000000000001."""
    slider = Slider("Δ", "gap", "m", -1.9, 1.9, 0.05)
    one = explore(draw, settings={"wide": {"gap": 0.9}}, gap=slider)
    one.kept.chooser.value = "wide"
    one._inputs["gap"].value = -1.9 + 56 * 0.05
    assert one.values["gap"] != 0.9 and one.kept.chooser.value == "wide"
    assert "# wide" in one._view.value
    one._inputs["gap"].value = 0.85
    assert one.kept.chooser.value == ""


def test_settings_of_a_control_that_is_not_there_are_refused():
    with pytest.raises(ValueError, match="settings 'wide': no control named gqp"):
        explore(draw, settings={"wide": {"gqp": 2.0}}, gap=Slider("Δ", "gap", "m", 0.0, 3.0, 0.1))


def test_a_name_error_asks_whether_the_cells_above_have_run():
    def lacks(fig, x=0.5):
        return not_there  # noqa: F821

    one = explore(lacks, x=Slider("x", "x"))
    assert "Have all cells above run?" in one._error.value
    assert "last good one" not in one._error.value, "there is none"
