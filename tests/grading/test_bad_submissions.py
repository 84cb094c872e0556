"""Whatever is handed in gets one row with one clear line, and what can be graded is graded."""

import json
import os
import resource
import stat
import zipfile

import pytest

pytestmark = pytest.mark.sandbox

LINE = 300  # characters: one clear line


def solution(content, name):
    return next(c for c in content["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == name)


def without(content, name):
    content["cells"].remove(solution(content, name))
    return content


def doubled(content, name, first, last):
    """The cell twice: the first with `first`, the copy below it with `last`."""
    original = solution(content, name)
    original["source"] = first
    place = content["cells"].index(original)
    content["cells"].insert(place + 1, json.loads(json.dumps(original)) | {"source": last})
    return content


def id_lost(content, name):
    solution(content, name)["metadata"] = {}
    return content


def changed(content, **options):
    return content | options


def as_format_3(content):
    cells = []
    for cell in content["cells"]:
        meta = {"metadata": cell["metadata"], "cell_type": cell["cell_type"]}
        code = {
            "input": cell["source"],
            "outputs": [],
            "language": "python",
            "collapsed": False,
            "prompt_number": 1,
        }
        cells.append(meta | (code if cell["cell_type"] == "code" else {"source": cell["source"]}))
    return {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": "x"},
        "worksheets": [{"cells": cells, "metadata": {}}],
    }


def forged(content):
    for cell in content["cells"]:
        meta = cell["metadata"].get("nbgrader", {})
        if meta.get("grade"):
            meta["points"] = 1000
        if cell["cell_type"] == "code":
            cell["outputs"] = [
                {
                    "output_type": "execute_result",
                    "data": {"text/plain": "1000"},
                    "metadata": {},
                    "execution_count": 1,
                }
            ]
    content["metadata"]["kernelspec"] = {
        "name": "evil",
        "display_name": "evil",
        "language": "sh",
        "argv": ["touch", "/tmp/owned"],
    }
    return content


@pytest.fixture(scope="module")
def folder(notebook, right, hand_in, tmp_path_factory):
    """One submission of each kind of trouble."""
    folder = tmp_path_factory.mktemp("submissions")

    def write(student, content):
        hand_in(folder, student, content)

    blank = notebook({})
    full = notebook(right)
    write("blank", blank)
    write("right", full)
    broken = notebook(right | {"polyak": "def polyak(:\n"})
    write("syntax error", broken)
    write("test cell deleted", without(notebook(right), "test-polyak"))
    write("solution cell deleted", without(notebook(right), "polyak"))
    stub = "def polyak(target, online, tau):\n    raise NotImplementedError\n"
    write("copy is right", doubled(notebook(right), "polyak", stub, right["polyak"]))
    write("copy is blank", doubled(notebook(right), "polyak", right["polyak"], stub))
    wrong = right["polyak"].replace("1 - tau", "tau")
    write("copy is wrong", doubled(notebook(right), "polyak", right["polyak"], wrong))
    write("id lost", id_lost(notebook(right), "polyak"))
    write("answer elsewhere", notebook({"ou_step": right["ou_step"]}, extra=[right["polyak"]]))
    write("cell turned into text", turned(notebook(right), "polyak"))
    write("all metadata lost", stripped(notebook(right)))
    write("format 3", as_format_3(notebook(right)))
    write("format 4.99", changed(notebook(right), nbformat_minor=99))
    write("format 7", changed(notebook(right), nbformat=7))
    write("forged", forged(notebook({})))
    write("<img src=x onerror=alert(1)>", notebook(right))
    write("=HYPERLINK(1)", notebook(right))
    write(
        "cells of the wrong type",
        changed(notebook(right), cells=[1, None, "cell", {"cell_type": 5, "source": 7, "metadata": []}]),
    )
    write("no cells", {"nbformat": 4, "metadata": {}})
    write("list", [1, 2, 3])
    write(
        "other notebook",
        {"nbformat": 4, "metadata": {}, "cells": [{"cell_type": "code", "source": "1 + 1", "metadata": {}}]},
    )
    (folder / "not json.ipynb").write_text("hello")
    (folder / "empty.ipynb").write_text("")
    (folder / "cut short.ipynb").write_text(json.dumps(full)[:5000])
    (folder / "binary.ipynb").write_bytes(bytes(range(256)) * 50)
    (folder / "deep.ipynb").write_text("[" * 200_000)
    (folder / "huge number.ipynb").write_text('{"cells": [], "nbformat": ' + "9" * 100_000 + "}")
    (folder / "utf-16.ipynb").write_text(json.dumps(full), encoding="utf-16")
    (folder / "byte order mark.ipynb").write_text(json.dumps(full), encoding="utf-8-sig")
    (folder / "lone surrogate.ipynb").write_text(json.dumps(notebook(right, extra=["x = '\ud800'"])))
    (folder / "directory.ipynb").mkdir()
    (folder / "symlink.ipynb").symlink_to(folder / "right.ipynb")
    os.mkfifo(folder / "pipe.ipynb")
    (folder / "essay.pdf").write_bytes(b"%PDF")
    (folder / "empty folder").mkdir()
    (folder / os.fsdecode(b"bad \xff name.ipynb")).write_text(json.dumps(full))
    nested = folder / "nbgrader layout" / "homework-3"
    nested.mkdir(parents=True)
    (nested / "homework-3.ipynb").write_text(json.dumps(full))
    (nested / "homework-3-old.ipynb").write_text(json.dumps(blank))
    (nested / "timestamp.txt").write_text("2026-01-01 00:00:00")
    archives(folder, json.dumps(full))
    return folder


def turned(content, name):
    cell = solution(content, name)
    cell["cell_type"] = "markdown"
    return content


def stripped(content):
    for cell in content["cells"]:
        cell["metadata"] = {}
    return content


def archives(folder, text):
    with zipfile.ZipFile(folder / "zip.zip", "w") as archive:
        archive.writestr("work/homework-3.ipynb", text)
    with zipfile.ZipFile(folder / "zip slip.zip", "w") as archive:
        archive.writestr("../../../tmp/homework-3.ipynb", text)
    with zipfile.ZipFile(folder / "zip bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("homework-3.ipynb", b"[" + b" " * (140 << 20))
    with zipfile.ZipFile(folder / "zip symlink.zip", "w") as archive:
        link = zipfile.ZipInfo("homework-3.ipynb")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    with zipfile.ZipFile(folder / "zip of nothing.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    (folder / "no zip.zip").write_text("hello")


@pytest.fixture(scope="module")
def results(folder, graded, tmp_path_factory):
    out = tmp_path_factory.mktemp("results")
    return graded(folder, out), out


RIGHT = (
    *("right", "test cell deleted", "copy is right", "copy is blank", "id lost", "answer elsewhere"),
    *("cell turned into text", "all metadata lost", "format 3", "format 4.99", "format 7", "utf-16"),
    *(
        "byte order mark",
        "lone surrogate",
        "<img src=x onerror=alert(1)>",
        "=HYPERLINK(1)",
        "zip",
        "nbgrader layout",
    ),
    r"bad \xff name",  # a byte that is no UTF-8: escaped, so that two names never become one
)
WARNED = {
    "test cell deleted": "test cells missing: test-polyak",
    "solution cell deleted": "cell polyak is missing",
    "copy is right": "comes 2 times",
    "copy is blank": "comes 2 times",
    "copy is wrong": "comes 2 times",
    "id lost": "lost its id",
    "answer elsewhere": "was left blank",
    "cell turned into text": "turned into text",
    "nbgrader layout": "homework-3-old.ipynb",
}
UNREADABLE = {
    "cells of the wrong type": "no cell of any homework",
    "no cells": "without cells",
    "list": "not a notebook",
    "other notebook": "no cell of any homework",
    "not json": "not JSON",
    "empty": "empty file",
    "cut short": "not JSON",
    "binary": "not JSON",
    "deep": "not JSON",
    "huge number": "no cell of any homework",
    "directory": "a folder with the name of a notebook",
    "symlink": "symbolic link",
    "pipe": "not a regular file",
    "essay": "not a notebook",
    "empty folder": "no notebook found",
    "zip slip": "outside its folder",
    "zip bomb": "too large",
    "zip symlink": "symbolic link",
    "zip of nothing": "no notebook in the archive",
    "no zip": "not a readable zip",
}


@pytest.mark.parametrize("student", RIGHT)
def test_right_answers_are_found_and_accepted(results, student):
    row = results[0][student]
    assert row.results["polyak"].passed, row.results["polyak"].message
    assert row.results["ou_step"].passed


@pytest.mark.parametrize("student", WARNED)
def test_a_repair_is_told(results, student):
    assert WARNED[student] in "; ".join(results[0][student].warnings)


@pytest.mark.parametrize("student", UNREADABLE)
def test_the_unreadable_has_a_row_with_one_clear_line(results, student):
    row = results[0][student]
    assert row.status == "unreadable"
    assert UNREADABLE[student] in row.note
    assert "\n" not in row.note and len(row.note) < LINE
    assert row.score == 0


def test_every_submission_has_exactly_one_row(results, folder):
    rows = (results[1] / "rows.jsonl").read_text().splitlines()
    assert len(rows) == len(list(folder.iterdir()))
    assert len(results[0]) == len(rows)


@pytest.mark.parametrize("student", ["syntax error", "solution cell deleted", "copy is wrong"])
def test_a_broken_cell_costs_only_its_exercise(results, student):
    row = results[0][student]
    assert not row.results["polyak"].passed
    assert row.results["ou_step"].passed and row.results["ddpg_target"].passed


def test_a_syntax_error_is_told_with_its_line(results):
    assert "SyntaxError in line 1" in results[0]["syntax error"].results["polyak"].message


def test_forged_points_and_outputs_are_ignored(results, assignment):
    row = results[0]["forged"]
    assert row.score == 0 and row.points == sum(assignment.tests.values())


def test_names_cannot_run_in_the_report_or_in_a_spreadsheet(results):
    assert "<img src=x" not in (results[1] / "report.html").read_text()
    lines = (results[1] / "grades.csv").read_text().splitlines()
    assert any(line.startswith("'=HYPERLINK") for line in lines)
    assert not any(line.startswith("=") for line in lines)


def test_two_hundred_megabytes_of_outputs_cost_no_more_memory_than_the_file(notebook, right, tmp_path):
    from rlcourse.grading.judging.submission import read

    content = notebook(right)
    output = {"output_type": "stream", "name": "stdout", "text": '\\n ]}" \\\\ ' * 2000}
    content["cells"][3]["outputs"] = [output] * 5
    text = json.dumps(content)
    piece = json.dumps(output)
    path = tmp_path / "big.ipynb"
    with open(path, "w") as file:
        file.write(text.replace(piece, ", ".join([piece] * (200 * 2**20 // len(piece) // 5)), 5))
    size = path.stat().st_size
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cells = read(path)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert size > 190 * 2**20 and grown < 1.5 * size
    assert sum(len(cell.source) for cell in cells) < 100_000 and len(cells) == len(content["cells"])


def test_a_file_beyond_the_limit_is_not_read(tmp_path):
    from rlcourse.grading.judging.submission import LARGEST, Unreadable, read

    path = tmp_path / "sparse.ipynb"
    with open(path, "wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(Unreadable, match="too large"):
        read(path)
