"""Frames made ahead: which labs have them, that each is what a move would have drawn, and when they go."""

import math
import re
import time
from pathlib import Path

import pytest

from rlcourse import plots
from rlcourse.commands.test import fuse
from rlcourse.widgets import Choice, Slider, Switch, controls, explore
from rlcourse.widgets.ahead import REACH, Frame, Frames, key

GAP = Slider("Δ", "gap", "m", 0.0, 1.0, 0.25)


def draw(fig, gap=0.5, kind="sum"):
    plots.axes(fig).plot([0, 1], [0, gap])
    return {"value": gap + 1 if kind == "sum" else gap}


def lab(function=draw):
    return explore(function, gap=GAP, kind=Choice("", "kind", ["sum", "gap"]))


def at_rest(one, count):
    """Move, and wait until the reader's hand has rested and so many frames are drawn."""
    one._inputs["gap"].value = 0.75
    end = time.monotonic() + fuse(4)
    while one._frames.place.value or len(one._frames.made) < count:
        assert time.monotonic() < end, len(one._frames.made)
        time.sleep(0.02)


@pytest.mark.parametrize(
    "control, values",
    [
        (GAP, [0.0, 0.25, 0.5, 0.75, 1.0]),
        (Slider("n", "count", min=1, max=7, step=2), [1, 3, 5, 7]),
        (Slider("x", "x", min=0.0, max=1.0, step=0.3), [0.0, 0.3, 0.6, 0.9]),
        (Choice("", "kind", ["a", "b"]), ["a", "b"]),
        (Switch("", "on"), [False, True]),
    ],
)
def test_positions_are_the_values_that_the_keys_reach(control, values):
    assert control.count == len(values)
    assert [control.value_at(i) for i in range(control.count)] == values
    assert [control.position(value) for value in values] == list(range(len(values)))


def test_a_log_slider_has_a_hundred_steps_and_forty_positions_between_two_of_them():
    rate = Slider("α", "rate", min=1e-5, max=1e-1, log=True)
    assert rate.count == 101
    assert rate.value_at(0) == pytest.approx(1e-5) and rate.value_at(100) == pytest.approx(1e-1)
    assert all(rate.position(rate.value_at(i)) == i for i in range(101))
    assert rate.position(3e-4) == 36.925 and GAP.position(0.3) is None
    # A slider stands on a fine step, so a value and the place of its handle have one position.
    assert rate.position(rate.value_at(36.925)) == 36.925


@pytest.mark.parametrize("low, high", [(1e-5, 1e-1), (1.0, 300.0), (1e-9, 1.0)])
def test_all_values_at_one_position_of_a_log_slider_are_read_as_one(low, high):
    """Two digits are coarser than a fine step: a typed 3e-4 is read as 3e-4, and so is where it snaps to."""
    rate = Slider("α", "rate", min=low, max=high, log=True)
    for digits in range(10, 100):
        for power in range(round(math.log10(low)), round(math.log10(high)) + 1):
            typed = digits / 10 * 10.0**power
            if low <= typed <= high:
                snapped = rate.value_at(rate.position(typed))
                assert rate.read(typed, low) == rate.read(snapped, low) == pytest.approx(typed, rel=1e-12)


def test_page_and_kernel_count_the_places_of_a_log_slider_alike():
    script = (Path(controls.__file__).parent / "page.js").read_text(encoding="utf-8")
    assert f"fine = {controls.FINE};" in script and "log ? (max - min) / 100" in script
    assert Slider("α", "rate", min=1e-5, max=1e-1, log=True).count == 100 + 1


def test_a_start_between_two_steps_of_a_log_slider_has_frames_around_it():
    """0.1 lies two thirds of a step above a key's step of [0.001, 1]."""
    frames = Frames({"delta": Slider("δ", "radius", min=0.001, max=1.0, log=True), "on": Switch("", "on")})
    near = frames.position({"delta": 0.1, "on": False})
    assert near == (66.675, 0) and key(near) == "66.675,0"
    around = list(frames.missing(near))
    assert (67, 0) in around and (66, 0) in around and (66.675, 1) in around
    assert frames.values((66.675, 1), {"delta": 0.1, "on": False}) == {"delta": 0.1, "on": True}


def test_after_a_value_that_no_slider_can_stand_on_the_page_is_answered_by_the_kernel():
    """The page sees the handle where it snapped to, so it must not be left alone there."""
    one = lab()
    at_rest(one, 10)
    one._inputs["gap"].value = 0.6
    assert one.numbers == {"value": 1.6} and 'data-at=""' in one._view.value
    one._inputs["gap"].value = 0.5
    assert 'data-at="2,0"' in one._view.value, "drawn and sent, though the page had this frame before"


def test_of_many_positions_those_within_reach_along_one_control_are_drawn_the_nearest_first():
    fine = Slider("Δ", "gap", "m", 0.0, 1.0, 0.01)
    assert Frames({"gap": fine}).whole and lab()._frames.whole
    frames = Frames({"gap": fine, "on": Switch("", "on")})
    assert not frames.whole
    found = list(frames.missing((98, 0)))
    assert sorted(found) == sorted([*((i, 0) for i in range(98 - REACH, 101)), (98, 1)])
    steps = [(j > 0, abs(i - 98) + j) for i, j in found]
    assert steps == sorted(steps)
    frames.note((97, 0), Frame(b"", {}))
    assert (97, 0) not in list(frames.missing((98, 0)))


def test_frames_that_would_fill_the_page_are_forgotten_on_both_sides(monkeypatch):
    monkeypatch.setattr("rlcourse.widgets.ahead.MOST", 3)
    frames, told = Frames({"gap": GAP, "on": Switch("", "on")}), []
    frames.place.observe(lambda change: told.append(change["new"]), names="value")
    for place in range(7):
        frames.note((place, 0), Frame(b"", {}))
    assert list(frames.made) == [(6, 0)]
    assert told == [f'<template data-frame="" data-n="{n}"></template>' for n in (1, 2)], "two, both sent"


def test_a_page_that_is_opened_anew_is_handed_its_frames_anew():
    one = lab()
    at_rest(one, 10)
    one._frames.anew.click()
    assert one._frames.made == {}


def test_frames_that_are_forgotten_while_others_are_drawn_are_drawn_again(monkeypatch):
    calls = []

    def counted(fig, gap=0.5, kind="sum"):
        calls.append(gap)
        if len(calls) == 6:
            one._frames.anew.click()
        return draw(fig, gap, kind)

    one = lab(counted)
    at_rest(one, 10)
    assert len(calls) > 10


def test_nothing_is_drawn_ahead_before_a_reader_moves_something():
    one = lab()
    one.sharpen()
    assert list(one._frames.made) == [(2, 0)], "only where it stands"


def test_each_frame_is_what_a_move_draws_and_the_page_gets_each_once(monkeypatch):
    one, sent = lab(), []
    one._frames.place.observe(lambda change: sent.append(change["new"]), names="value")
    at_rest(one, 10)
    assert one.values == {"gap": 0.75, "kind": "sum"} and one.numbers == {"value": 1.75}
    frames = [re.search(r'data-frame="([\d,]+)"', value)[1] for value in sent if value]
    drawn = {"2,0", "3,0"}  # at the start and by the move: the page has them
    assert sorted(frames) == sorted({f"{i},{j}" for i in range(5) for j in range(2)} - drawn)
    assert frames[0] in ("3,1", "4,0"), "the nearest first"
    fresh = lab()
    for position, frame in one._frames.made.items():
        fresh.set(gap=GAP.value_at(position[0]), kind=["sum", "gap"][position[1]])
        assert frame.numbers == fresh.numbers
        assert frame.png == fresh.png


def test_a_move_to_a_frame_sends_no_picture_until_the_hand_rests(monkeypatch):
    one = lab()
    at_rest(one, 10)
    sent = []
    one._view.observe(lambda change: sent.append(change["new"]), names="value")
    monkeypatch.setattr(one, "_sharpen_at_rest", lambda: None)
    one._inputs["gap"].value = 0.25
    assert sent == [] and one.numbers == {"value": 1.25}
    one.sharpen()
    assert len(sent) == 1 and 'data-at="1,0"' in sent[0]


def test_a_cell_that_runs_makes_all_frames_old(monkeypatch):
    one = lab()
    at_rest(one, 10)
    monkeypatch.setattr("rlcourse.widgets.ahead._cells_run", lambda: 7)
    monkeypatch.setattr(one, "_sharpen_at_rest", lambda: None)
    told = []
    one._frames.place.observe(lambda change: told.append(change["new"]), names="value")
    one._inputs["gap"].value = 0.25
    assert told == ['<template data-frame="" data-n="1"></template>'] and list(one._frames.made) == [(1, 0)]
    assert 'data-at="1,0"' in one._view.value, "drawn anew"


def test_a_draw_that_raises_somewhere_is_asked_no_further_and_the_reader_is_told_there():
    def fails(fig, gap=0.5, kind="sum"):
        if gap == 1.0:
            raise ZeroDivisionError("too wide")
        return draw(fig, gap, kind)

    one = lab(fails)
    one._inputs["gap"].value = 0.75
    time.sleep(1)
    assert one.error is None and one.numbers == {"value": 1.75}
    one._inputs["gap"].value = 1.0
    assert "too wide" in one._error.value
    one._inputs["gap"].value = 0.75
    assert one._error.value == "" and one.numbers == {"value": 1.75}
