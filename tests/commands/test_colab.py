"""Pages for Colab: their first cell brings the course, replaces nothing, and does nothing where it is."""

import json
import os
from importlib import metadata
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from rlcourse import guest, installation, scenes
from rlcourse.commands import colab
from rlcourse.commands.test import fuse
from rlcourse.grading.judging.batch import assignments
from rlcourse.grading.judging.submission import match, parse
from rlcourse.grading.release import RELEASED
from rlcourse.installation import Trouble

ADDRESS = "https://example.org/rlcourse.git"


def test_every_page_gets_the_cell_and_nothing_else_changes(tmp_path, capsys):
    assert colab.main(["--from", ADDRESS, "--to", str(tmp_path)]) == 0
    pages = sorted(colab.PAGES.glob("*/*.ipynb"))
    lectures = [page for page in pages if page.parent.name in ("lectures", "homework")]
    assert f"{len(lectures)} pages for Colab" in capsys.readouterr().out
    for page in lectures:
        made = json.loads((tmp_path / page.relative_to(colab.PAGES)).read_text(encoding="utf-8"))
        nbformat.validate(nbformat.from_dict(made))
        first = "".join(made["cells"][0]["source"])
        assert ADDRESS in first and f"rlcourse-course/notebooks/{page.parent.name}" in first
        assert made["cells"][1:] == json.loads(page.read_text(encoding="utf-8"))["cells"]


def test_where_the_course_is_the_cell_does_nothing(monkeypatch):
    monkeypatch.setattr("subprocess.run", lambda *a, **k: pytest.fail("it brought the course again"))
    exec(compile(guest.first_cell(ADDRESS, "lectures"), "first", "exec"), {})


@pytest.mark.parametrize("address", ["", "example", 'https://x"; import os', "https://a b"])
def test_what_is_no_address_is_one_line(address, tmp_path, capsys):
    assert colab.main(["--from", address, "--to", str(tmp_path)]) == 1
    assert "is no address of a repository" in capsys.readouterr().err


def test_only_what_is_missing_is_installed_at_the_tested_version_and_nothing_is_replaced(monkeypatch):
    there, calls = metadata.version, []

    def version(name):
        if name in ("tyro", "cma"):
            raise metadata.PackageNotFoundError(name)
        return "1.0" if name == "numpy" else there(name)

    def install(python, words, arguments):
        kept = Path(arguments[1]).read_text(encoding="utf-8").splitlines()
        calls.append((arguments[2:], kept))

    monkeypatch.setattr(guest.metadata, "version", version)
    monkeypatch.setattr(installation, "install", install)
    said = []
    monkeypatch.setattr(guest, "say", said.append)
    assert guest.bring() == ["cma", "tyro"]
    ((asked, kept),) = calls
    assert [one.split("==")[0] for one in asked] == ["cma", "tyro"] and all("==" in one for one in asked)
    assert any(line.startswith("torch==") for line in kept), "what is here is kept as it is"
    assert any("numpy 1.0 is older than" in line and "it is kept" in line for line in said)


def test_jupyter_itself_is_left_alone():
    assert not guest.HOSTS & set(guest.missing()[0])


def test_an_old_python_is_told_so(monkeypatch):
    monkeypatch.setattr(guest.sys, "version_info", (3, 9))
    with pytest.raises(Trouble, match="3.11"):
        guest.bring()


def as_colab_saves(notebook):
    """A notebook after Colab: format 4.0, ids among the cells' metadata, its own keys, no outputs."""
    made = json.loads(json.dumps(notebook))
    for at, cell in enumerate(made["cells"]):
        cell.pop("id", None)
        cell["metadata"]["id"] = f"pXk2v0{at:06d}"
        if cell["cell_type"] == "code":
            cell["metadata"] |= {
                "outputId": f"8c1f{at:04d}",
                "colab": {"base_uri": "https://localhost:8080/"},
            }
            cell |= {"outputs": [], "execution_count": None}
    made["metadata"] = {
        "accelerator": "GPU",
        "colab": {"provenance": [], "gpuType": "T4", "toc_visible": True},
        "kernelspec": {"name": "python3", "display_name": "Python 3"},
        "language_info": {"name": "python"},
    }
    return made | {"nbformat": 4, "nbformat_minor": 0}


def read_as_colab_saved(page, folder):
    saved = folder / page.name
    saved.write_text(
        json.dumps(as_colab_saves(json.loads(page.read_text(encoding="utf-8")))), encoding="utf-8"
    )
    return nbformat.read(saved, as_version=4)


def test_every_page_that_colab_has_saved_is_valid_and_has_the_scenes_of_ours(tmp_path):
    pages = [*colab.PAGES.glob("lectures/[0-9]*.ipynb"), *colab.PAGES.glob("homework/*.ipynb")]
    assert len(pages) >= 20
    for page in pages:
        ours, theirs = nbformat.read(page, as_version=4), read_as_colab_saved(page, tmp_path)
        nbformat.validate(theirs)
        theirs = nbformat.v4.upgrade(theirs)  # as Jupyter does: the cells get ids again
        assert [cell.source for cell in theirs.cells] == [cell.source for cell in ours.cells]
        told = [
            [(scene.kind, scene.title, scene.ask, scene.settings) for scene in scenes.of_page(one.cells)]
            for one in (ours, theirs)
        ]
        assert told[0] == told[1], page.stem


def test_a_page_that_colab_has_saved_runs(tmp_path):
    page = read_as_colab_saved(colab.PAGES / "lectures" / "00-welcome.ipynb", tmp_path)
    code = [cell for cell in page.cells if cell.cell_type == "code"]
    page.cells = code[:2]  # its imports, and the first figure
    path = os.pathsep.join(filter(None, [str(colab.PAGES.parent), os.environ.get("PYTHONPATH", "")]))
    resources = {"metadata": {"path": str(colab.PAGES / "lectures")}}
    client = NotebookClient(page, timeout=fuse(90), startup_timeout=fuse(24), resources=resources)
    client.execute(env=os.environ | {"PYTHONPATH": path})
    assert "OK" in str(page.cells[0].outputs)
    assert any("image/png" in output.get("data", {}) for output in page.cells[1].outputs)


def test_a_homework_that_colab_has_saved_is_read_as_ours_is():
    assignment = assignments()["homework-3"]
    ours = json.loads((RELEASED / "homework-3.ipynb").read_text(encoding="utf-8"))
    right = "def polyak(target, online, tau):\n    return (1 - tau) * target + tau * online\n"
    for cell in ours["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "polyak":
            cell["source"] = right
    found = [match(assignment, parse(json.dumps(one).encode())) for one in (ours, as_colab_saves(ours))]
    assert ("solution", "polyak", right) in found[0].cells
    assert found[0] == found[1]
