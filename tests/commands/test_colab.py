"""Pages for Colab: their first cell brings the course, replaces nothing, and does nothing where it is."""

import json
from importlib import metadata
from pathlib import Path

import nbformat
import pytest

from rlcourse import guest, installation
from rlcourse.commands import colab
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
