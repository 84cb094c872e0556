"""The legend of a live panel: runs can be hidden, deleted and brought back, and keep their colours."""

import re

from rlcourse.widgets.runs import seeds_in_words


def ticks(panel):
    return [row.children[1] for row in panel.legend.root.children]


def visible(panel):
    lines = panel.figure.axes[0].lines
    return [line.get_label().split(",")[0] for line in lines if not line.get_label().startswith("_")]


def colours(panel):
    return [re.search(r'stroke="(#\w+)"', row.children[0].value)[1] for row in panel.legend.root.children]


def three(panel):
    one = panel(steps=40)
    for slope in (1.0, 0.5, 1.5):
        one.set(slope=slope).start().wait(20)
    return one


def test_each_run_has_a_row_with_its_line_and_a_tick_that_hides_its_curve(panel):
    one = three(panel)
    assert [tick.description for tick in ticks(one)] == ["Climber m=1.5", "Climber m=0.5", "Climber"]
    assert len(set(colours(one))) == 3
    ticks(one)[1].value = False
    assert visible(one) == ["Climber", "Climber m=1.5"]
    ticks(one)[1].value = True
    assert len(visible(one)) == 3


def test_a_deleted_run_is_gone_the_others_keep_their_colours_and_undo_brings_it_back(panel):
    one = three(panel)
    before = colours(one)
    one.legend.root.children[1].children[2].click()
    assert visible(one) == ["Climber", "Climber m=1.5"]
    assert colours(one) == [before[0], before[2]]
    assert not one._buttons["Undo"].disabled
    one._buttons["Undo"].click()
    assert len(one.runs) == 3
    assert one._buttons["Undo"].disabled


def test_reset_can_be_undone_runs_and_controls(panel):
    one = three(panel)
    one._buttons["Reset"].click()
    assert (one.state, one.runs, one.values["slope"]) == ("ready", [], 1.0)
    one._buttons["Undo"].click()
    assert [run.label for run in one.runs] == ["Climber", "Climber slope=0.5", "Climber slope=1.5"]
    assert one.values["slope"] == one._inputs["slope"].value == 1.5
    one.start().wait(20)
    assert one.runs[-1].label == "Climber slope=1.5 (run 2)"


def test_a_run_that_goes_on_is_not_deleted(panel, until):
    one = panel().start()
    until(lambda: one.legend.root.children)
    one.delete(one.runs[0])
    assert one.runs
    one.stop().wait(10)


def test_seeds_are_said_shortly():
    assert [seeds_in_words(s) for s in (4, 1, [4, 5, 6], [3, 9])] == ["0–3", "0", "4–6", "3, 9"]
