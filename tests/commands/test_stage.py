"""`python3 -m rlcourse stage 07` finds its page, and starts JupyterLab with the stage on it."""

import json
import subprocess
from pathlib import Path

import pytest

from rlcourse import desk, installation
from rlcourse.commands import stage
from rlcourse.installation import Trouble


@pytest.fixture
def lectures(tmp_path):
    for name in ("07-td3", "07b-measuring", "08-difference", "07-td3 (yours, 2026-01-01)"):
        (tmp_path / f"{name}.ipynb").write_text("{}")
    return tmp_path


@pytest.mark.parametrize(
    "said, page", [("07", "07-td3"), ("07b", "07b-measuring"), ("08-d", "08-difference")]
)
def test_a_lecture_is_named_by_how_its_file_begins(lectures, said, page):
    assert stage.find(said, lectures).stem == page


@pytest.mark.parametrize("said", ["7", "99", "0", ""])
def test_a_number_of_no_lecture_or_of_several_is_answered_with_all_numbers(lectures, said):
    with pytest.raises(Trouble, match="is no one lecture; choose of: 07, 07b, 08"):
        stage.find(said, lectures)


def test_the_command_opens_the_copy_of_the_page_alone_with_the_extension(lectures, monkeypatch, tmp_path):
    (tmp_path / "lectures").mkdir()
    (lectures / "07-td3.ipynb").rename(tmp_path / "lectures" / "07-td3.ipynb")
    handed = []
    monkeypatch.setattr(desk, "refuse_root", lambda rest: None)
    monkeypatch.setattr(desk, "bring_course", lambda: tmp_path)
    monkeypatch.setattr(installation, "environment", lambda extras: "python")
    monkeypatch.setattr(installation, "hand_over", lambda *words: handed.append(words) or 0)
    monkeypatch.setattr(stage, "SURROUNDINGS", {})
    assert stage.start(["07", "--no-browser", "--port", "8123", "--debug"]) == 0
    ((python, words),) = handed
    assert python == "python" and words[:2] == ["-m", "jupyterlab"] and words[-1] == "--debug"
    assert "--LabApp.default_url=/doc/workspaces/stage/tree/lectures/07-td3.ipynb" in words
    assert "--ServerApp.port=8123" in words and "--no-browser" in words
    assert f"--LabApp.extra_labextensions_path={stage.EXTENSION}" in words
    assert f"--LabApp.workspaces_dir={tmp_path / '.stage' / stage.WORKSPACES}" in words
    assert f"--ServerApp.root_dir={tmp_path / '.stage'}" in words


def test_the_stage_shows_a_fresh_copy_of_the_readers_page_with_its_recordings(tmp_path):
    page = Path("lectures/07-td3.ipynb")
    (tmp_path / "lectures" / "recordings").mkdir(parents=True)
    (tmp_path / page).write_text("as the reader has changed it")
    (tmp_path / "lectures" / "recordings" / "07-run.json").write_text("{}")
    shown = stage.copy_of(page, tmp_path)
    assert (shown / page).read_text() == "as the reader has changed it"
    assert (shown / "lectures" / "recordings" / "07-run.json").exists()
    (shown / page).write_text("what ran on the stage")
    (shown / stage.WORKSPACES).mkdir()
    assert (tmp_path / page).read_text() == "as the reader has changed it"
    assert (stage.copy_of(page, tmp_path) / page).read_text() == "as the reader has changed it"
    assert not (shown / stage.WORKSPACES).exists(), "nothing is open that was open last time"


def test_the_address_leaves_room_for_the_token_that_the_server_hangs_to_it():
    """`?reset?token=…` asked for a password: of two question marks the second is no mark."""
    assert "?" not in stage.address(Path("lectures/07-td3.ipynb"))


def test_jupyterlab_finds_the_extension_and_its_files_are_there():
    from jupyterlab_server.config import get_federated_extensions

    found = get_federated_extensions([str(stage.EXTENSION)])
    (name,) = found
    build = found[name]["jupyterlab"]["_build"]
    folder = stage.EXTENSION / name
    assert (folder / build["load"]).exists() and (folder / "static" / "stage.css").exists()
    assert json.loads((folder / "package.json").read_text())["name"] == name


def test_the_files_of_the_stage_are_in_the_wheel():
    tracked = subprocess.run(
        ["git", "ls-files", str(stage.EXTENSION)], capture_output=True, text=True, check=True
    )
    assert {line.rsplit("/", 1)[1] for line in tracked.stdout.split()} == {
        "board.js",
        "package.json",
        "stage.css",
        "stage.js",
    }
