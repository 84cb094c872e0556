"""Each lecture has a run-sheet: its scenes in order, with minutes and questions, and their cells exist."""

import ast
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from rlcourse import form, notebooks, scenes

PAGES = sorted(notebooks.SOURCES.glob("[0-9][0-9]*.py"))


@pytest.fixture(scope="module", params=PAGES, ids=lambda path: path.stem)
def page(request):
    notebook = nbformat.read(notebooks.LECTURES / f"{request.param.stem}.ipynb", as_version=4)
    return request.param, notebook.cells, scenes.of_page(notebook.cells)


def test_a_lecture_has_a_run_sheet_that_is_up_to_date(page):
    path, _, _ = page
    written = scenes.SHEETS / f"{path.stem}.md"
    assert written.read_text(encoding="utf-8") == scenes.sheet(path), "run python3 -m rlcourse build"


def test_every_cell_that_a_run_sheet_names_exists_and_is_of_its_kind(page):
    path, cells, found = page
    code = [cell for cell in cells if cell.cell_type == "code"]
    known = {cell.id: cell for cell in cells}
    for scene in found:
        assert {scene.cell, *scene.before, *scene.after} <= set(known), scene.title
        if scene.number:
            assert code[scene.number - 1].id == scene.cell
    text = (scenes.SHEETS / f"{path.stem}.md").read_text(encoding="utf-8")
    calls = {"question": ("predict(",), "lab": ("explore(",), "live": ("live(", "atlas(")}
    for kind, number in re.findall(r"^\| \d+ \| (\w+), cell \[(\d+)\]", text, re.MULTILINE):
        assert any(call in code[int(number) - 1].source for call in calls.get(kind, ("",)))


def test_every_question_lab_and_live_run_of_the_core_is_a_scene_with_a_question_and_a_way_out(page):
    _, cells, found = page
    core = {id(line.cell) for line in form.lines_of(cells)}
    makers = {"predict": 0, "explore": 0, "live": 0}
    folded = False
    for cell in cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            folded = bool(scenes.LEFT_OUT.match(cell.source[3:]))
        if cell.cell_type == "code" and id(cell) in core and not folded:
            for name in notebooks.calls(cell.source, set(makers)):
                makers[name] += 1
    kinds = [scene.kind for scene in found]
    assert kinds.count("question") >= makers["predict"] > 0
    assert kinds.count("live") >= min(makers["live"], 1)
    for scene in found:
        if scene.kind in ("question", "lab", "live"):
            assert scene.ask, (
                f"{scene.kind}, cell [{scene.number}]: what is asked first? (`stage` of the cell)"
            )
            assert scene.fall_back


def test_the_minutes_of_a_run_sheet_grow_and_end_with_the_lecture(page):
    _, cells, found = page
    minutes = [scene.minute for scene in found]
    assert minutes == sorted(minutes) and minutes[0] == 0
    assert minutes[-1] <= form.length(cells).minutes


HEAD = new_markdown_cell("# A page", metadata={"tags": ["head"]})


def test_the_texts_around_a_scene_are_its_notes_and_what_is_folded_is_none():
    cells = [
        HEAD, new_markdown_cell("## One (10 minutes)\n\nSaid first."),
        new_code_cell('predict("Why?", ["a", "b"], answer="a")'), new_markdown_cell("Said after."),
        new_markdown_cell("## Further: more"), new_markdown_cell("$$x$$"), new_code_cell("explore(draw)"),
    ]  # fmt: skip
    title, question = scenes.of_page(cells)
    assert (question.kind, question.number, question.ask, question.answer) == ("question", 1, "Why?", "a")
    assert question.before == (cells[1].id,) and question.after == (cells[3].id,)


def test_minutes_of_a_section_are_shared_out_among_its_scenes():
    formulas = [new_markdown_cell(f"$$x = {i}$$") for i in range(3)]
    later = new_markdown_cell("## Two (6 minutes)\n\n$$y$$")
    found = scenes.of_page([HEAD, new_markdown_cell("## One (9 minutes)"), *formulas, later])
    assert [scene.minute for scene in found] == [0, 0, 3, 6, 9]


def test_what_a_cell_says_of_its_scene_replaces_what_was_found():
    text = new_markdown_cell("## One (9 minutes)\n\nHow high is it?")
    lab = new_code_cell("explore(draw)", metadata={"stage": {"ask": "Which bends?", "fall_back": "chalk"}})
    hidden = new_code_cell("explore(draw)", metadata={"stage": {"show": False}})
    plain = new_code_cell("explore(draw)")
    assert [(s.ask, s.fall_back) for s in scenes.of_page([text, lab, hidden])] == [("Which bends?", "chalk")]
    assert scenes.of_page([text, plain])[0].ask == "How high is it?"


def test_an_unknown_wish_of_a_cell_is_named():
    cell = new_code_cell("explore(draw)", metadata={"stage": {"aks": "Why?"}})
    with pytest.raises(ValueError, match=r"stage of cell 1: aks; it takes"):
        scenes.of_page([HEAD, cell])


def test_the_task_of_a_lab_is_the_paragraph_that_begins_with_try():
    text = new_markdown_cell("**Try.** (1) raise it:\nwhat bends? (2) Lower it.\n\nThen read on.")
    assert scenes.task([text]) == "(1) raise it: what bends? (2) Lower it."


def test_a_lab_of_which_nothing_is_asked_asks_what_its_first_control_does():
    cell = new_code_cell('explore(draw, size=(8, 4), n=Choice("n", "runs", [3, 5]), d=Slider("d", "gap"))')
    assert scenes.of_page([cell])[0].ask == "What will change with runs?"


def test_a_recorded_run_is_what_a_live_run_falls_back_on():
    with_one = new_code_cell('live(a, recorded="recordings/x.json")')
    without = new_code_cell("live(a)")
    found = scenes.of_page([with_one, without])
    assert found[0].recorded == "recordings/x.json" and found[0].recorded in found[0].fall_back
    assert found[1].recorded == "" and found[1].fall_back.startswith("no recording")


def test_a_stale_run_sheet_is_told_and_written_and_one_without_a_page_is_told(tmp_path):
    source = tmp_path / "01-a.py"
    source.write_text("# %% [markdown]\n# # A\n#\n# $$x$$\n")
    sheets = tmp_path / "sheets"
    assert len(scenes.build(True, tmp_path, sheets)) == 1 and not sheets.exists()
    assert len(scenes.build(False, tmp_path, sheets)) == 1
    assert scenes.build(True, tmp_path, sheets) == []
    source.rename(tmp_path / "02-b.py")
    assert len(scenes.build(True, tmp_path, sheets)) == 2


def test_every_lab_of_a_lecture_has_prepared_settings_within_its_controls(page):
    """One key of the stage recalls each: so there are at most nine, and they name what the lab has."""
    _, cells, found = page
    known = {cell.id: cell for cell in cells}
    for scene in found:
        if scene.kind != "lab":
            continue
        call = scenes.call_of(known[scene.cell])
        controls = {word.arg: word.value for word in call.keywords if scenes.is_control(word.value)}
        assert 2 <= len(scene.settings) <= 9, f"{scene.title}: {scene.settings}"
        for name, values in ast.literal_eval(scenes.argument(call, "settings")).items():
            assert set(values) <= set(controls), name
            for one, value in values.items():
                limits = {word.arg: word.value for word in controls[one].keywords}
                low, high = (
                    ast.literal_eval(limits[side]) if side in limits else value for side in ("min", "max")
                )
                assert isinstance(value, str) or low <= value <= high, f"{name}: {one} = {value}"
