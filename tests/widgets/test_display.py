"""Without ipywidgets, and without a page, everything still computes."""

import re
from pathlib import Path

import pytest

from rlcourse import plots
from rlcourse.widgets import Choice, Slider, Switch, display, explore, live, predict


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


def test_without_ipywidgets_a_lab_still_draws_and_a_question_can_be_answered(Climber, climb, monkeypatch):
    monkeypatch.setattr(display, "ipywidgets", None)
    assert lab().set(gap=2.0).numbers == {"value": 3.0}
    assert predict("?", ["a", "b"], answer="a").answer("a").correct
    panel = live(
        Climber(), "hill", steps=100, seeds=2, trainer=climb, slope=Slider("m", "slope", min=0.0, max=2.0)
    )
    assert panel.set(slope=2.0).smoke(100).runs[0].label == "Climber slope=2"


def test_no_control_of_a_panel_is_answered_by_the_shell_that_wrote_to_it_last():
    """ipykernel 7.4 sends its messages there, which is the main shell for what a cell has made."""
    from ipykernel.comm.comm import BaseComm

    one = lab()
    comm = BaseComm(comm_id="gap")  # no kernel: it tells nobody
    one._inputs["gap"].comm = comm
    if not hasattr(comm, "_reply_subshell_for"):
        pytest.skip("THE SHELL OF ANSWERS IS NOT CHECKED: this ipykernel has none")
    assert comm._reply_subshell_for is not None
    display.answer_while_cells_run(one._root)
    assert comm._reply_subshell_for is None, "what Kernel.shell_channel_thread_main asks"


def test_no_rule_of_the_panels_sheet_reaches_what_is_no_panel():
    """Once a panel is on the page, its sheet holds for all of it: also for code side by side, say."""
    sheet = (Path(display.__file__).parent / "page.css").read_text(encoding="utf-8")
    others = set()
    for source in ("listings.py", "pages.py", "form.py", "course.py"):
        text = (Path(display.__file__).parents[1] / source).read_text(encoding="utf-8")
        others |= set(re.findall(r'class="(rlcourse-[a-z-]+)', text))
    assert "rlcourse-beside" in others
    for rule in re.findall(r"([^{}]+)\{", sheet):
        for selector in rule.split("*/")[-1].split(","):
            assert selector.strip().removeprefix(".") not in others, selector


def test_the_numbers_of_a_wide_picture_stand_above_it_and_of_others_beside_it():
    assert 'class="rlcourse-body rlcourse-wide"' in display.view_html(b"", (9.5, 4.0), "words", "numbers")
    assert 'class="rlcourse-body"' in display.view_html(b"", (8.0, 4.2), "words", "numbers")
