"""Notebooks are their sources, compiled to the same bytes; and keep what house rules a machine can hold."""

import ast
import contextlib
import io
import json
import re
from pathlib import Path

import pytest

from rlcourse import notebooks

SOURCES = sorted(notebooks.SOURCES.glob("*.py"))
DRAWS = re.compile(r"def draw|\bax\b|\baxes\b|\bfigure\b|\bplots\.", re.IGNORECASE)

PAGE = """# %% [markdown]
# # A page with $x^2$
# and a second line

# %% {"nbgrader": {"grade_id": "my gae!", "solution": true}, "tags": ["keep"]}
x = 1

# %%
y = "ü"

# %%
y = "ü"
"""


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "source" / "01-page.py"
    path.parent.mkdir()
    path.write_text(PAGE, encoding="utf-8")
    return path


def test_the_compiled_notebooks_are_those_of_the_sources():
    assert notebooks.build(check=True) == []


def test_compiling_twice_gives_the_same_bytes(page):
    first, second = (notebooks.notebook_bytes(notebooks.compile_source(page)) for _ in range(2))
    assert first == second
    assert json.loads(first)["metadata"]["kernelspec"]["name"] == "python3"


def test_a_cell_keeps_its_text_metadata_and_tags_and_has_no_output(page):
    prose, graded, *_ = notebooks.compile_source(page).cells
    assert prose.source == "# A page with $x^2$\nand a second line"
    assert graded.source == "x = 1"
    assert graded.metadata == {"nbgrader": {"grade_id": "my gae!", "solution": True}, "tags": ["keep"]}
    assert (graded.outputs, graded.execution_count) == ([], None)


def test_ids_are_the_grade_id_or_a_hash_and_equal_cells_differ(page):
    ids = [cell.id for cell in notebooks.compile_source(page).cells]
    assert ids[1] == "my-gae-"
    assert ids[3] == f"{ids[2]}-2"
    assert len(set(ids)) == len(ids)


def test_a_cell_keeps_its_id_when_another_is_written_above_it(page):
    before = [cell.id for cell in notebooks.compile_source(page).cells]
    page.write_text("# %% [markdown]\n# new\n\n" + PAGE, encoding="utf-8")
    assert [cell.id for cell in notebooks.compile_source(page).cells][1:] == before


def test_check_writes_nothing_and_names_each_stale_file(page, tmp_path):
    lectures = tmp_path / "lectures"
    assert len(notebooks.build(check=True, sources=page.parent, lectures=lectures)) == 1
    assert not lectures.exists()
    notebooks.build(sources=page.parent, lectures=lectures)
    assert notebooks.build(check=True, sources=page.parent, lectures=lectures) == []
    target = lectures / "01-page.ipynb"
    target.write_bytes(target.read_bytes() + b" ")
    (lectures / "02-orphan.ipynb").touch()
    differs, orphan = notebooks.build(check=True, sources=page.parent, lectures=lectures)
    assert "01-page.ipynb differs from" in differs
    assert "02-orphan.ipynb has no source" in orphan


def test_the_command_exits_with_one_when_something_is_stale_and_check_is_asked(capsys):
    stale = {"builders": (lambda check: ["a.ipynb differs from a.py"],), "report": lambda: "the table"}
    assert notebooks.main(["--check"], **stale) == 1
    assert capsys.readouterr().out == (
        "the table\na.ipynb differs from a.py\nstale: run python3 -m rlcourse build\n"
    )
    assert notebooks.main([], builders=(lambda check: ["a.ipynb differs from a.py"],)) == 0


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_a_code_cell_is_short_and_stands_under_prose(path):
    cells = notebooks.compile_source(path).cells
    assert cells[0].cell_type == "markdown"
    for before, cell in zip(cells, cells[1:], strict=False):
        if cell.cell_type != "code":
            continue
        first, lines = cell.source.split("\n")[0], len(cell.source.split("\n"))
        limit = 35 if DRAWS.search(cell.source) else 25
        assert lines <= limit, f"{path.name}: the cell `{first}` has {lines} lines, {limit} at most"
        assert before.cell_type == "markdown", f"{path.name}: no prose before the cell `{first}`"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_a_picture_is_the_last_line_of_its_cell_as_no_other_is_shown(path):
    for cell in notebooks.code_cells(notebooks.compile_source(path)):
        top = [node for node in ast.parse(notebooks.plain(cell)).body if isinstance(node, ast.Expr)]
        for node in top:
            if isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "plots.show":
                last = ast.parse(notebooks.plain(cell)).body[-1]
                assert ast.dump(node) == ast.dump(last), f"{path.name}: {ast.unparse(node)} is not shown"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_a_page_names_no_folder_of_the_machine_it_was_written_on(path):
    assert not re.search(r"/(work|home|root|tmp|Users)/", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "path", sorted(Path(notebooks.ROOT, "notebooks").rglob("*.ipynb")), ids=lambda p: p.stem
)
def test_a_committed_notebook_has_no_output(path):
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


# Which cells a cell needs

PANELS = {"atlas", "explore", "live", "predict"}


def lecture_cells(path):
    return notebooks.code_cells(notebooks.compile_source(path))


def panels():
    for path in SOURCES:
        for index, cell in enumerate(lecture_cells(path)):
            if found := notebooks.calls(cell, PANELS):
                yield pytest.param(path, index, id=f"{path.stem[:2]}-cell-{index}-{found[0]}")


@pytest.mark.parametrize("path, index", list(panels()))
def test_a_lab_a_prediction_a_live_run_works_after_the_cells_it_needs_alone(path, index, monkeypatch):
    """So a reader may jump to it, and a browser test runs no more. No NameError, and none of the others."""
    monkeypatch.chdir(notebooks.LECTURES)
    cells = lecture_cells(path)
    needed = notebooks.needed_cells(cells, index)
    with contextlib.redirect_stdout(io.StringIO()):
        notebooks.run_cells(cells, needed)
    assert needed[-1] == index
    assert not [i for i in needed if "train(" in cells[i]], f"{path.stem}: cell {index} waits for a training"


@pytest.mark.parametrize(
    "cells, needed",
    [
        (["x = 1", "y = 2", "x"], [0, 2]),
        (["x = 1", "x = 2", "x"], [1, 2]),  # the nearest cell that surely binds it
        (["x = 1", "if chance: x = 2", "x"], [0, 1, 2]),  # perhaps this, perhaps that
        (["x = 1", "for x in ():\n    pass", "x"], [0, 1, 2]),
        (["x = 1", "x = x + 1", "x"], [0, 1, 2]),
        (["x = 1", "x += 1", "x"], [0, 1, 2]),
        (["x = []", "x.append(1)", "x[0] = 2", "y = x", "x"], [0, 1, 2, 4]),  # changed in place
        (["import plots", "plots.show()", "plots.use"], [0, 2]),  # a module is not changed by a call
        (["a = 1", "b = a", "c = b", "b, c"], [0, 1, 2, 3]),
        (["x = 1", "x = 2; y = x", "y"], [1, 2]),  # bound in the cell before it is read
        (["def f(x):\n    y = x\n    return y", "y = 1", "f(0)"], [0, 2]),  # a function's own variables
        (["g = 1", "def f():\n    return g", "g = 2", "f()"], [0, 1, 2, 3]),  # read when f is called
        (["def f():\n    return g()", "def g():\n    return 1", "f()"], [0, 1, 2]),
        (["g = 1", "class A:\n    g = g\n    def f(self):\n        return h", "h = 2", "A()"], [0, 1, 2, 3]),
        (["x = 1", "y = [x for x in range(3)]", "z = lambda x: x", "x"], [0, 3]),
        (["with open('p') as f:\n    x = f", "f"], [0, 1]),
        (["try:\n    import a\nexcept ImportError:\n    a = None", "a = 1", "a"], [1, 2]),
        (["a = 1", "try:\n    a = 2\nexcept ValueError:\n    pass", "a"], [0, 1, 2]),
        (["d = {}", "d['k'].more = 1", "d"], [0, 1, 2]),
        (["%matplotlib inline\nx = 1", "x"], [0, 1]),
    ],
)
def test_a_cell_needs_the_cells_that_bind_or_change_what_it_reads(cells, needed):
    assert notebooks.needed_cells(cells, len(cells) - 1) == needed


def test_a_cell_that_fails_is_named():
    with pytest.raises(ZeroDivisionError) as caught:
        notebooks.run_cells(["x = 0", "# a comment\n1 / x"], [0, 1])
    assert caught.value.__notes__ == ["in code cell 1, which begins `# a comment`"]
