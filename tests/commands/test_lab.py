"""`python3 -m rlcourse lab` opens copies: no tracked page changes, no work is lost."""

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from rlcourse import desk, installation
from rlcourse.commands import lab

ROOT = Path(__file__).parents[2]


@pytest.fixture
def repository(tmp_path):
    pages = tmp_path / "notebooks"
    for name in (
        "lectures/00-a.ipynb",
        "lectures/recordings/a.json",
        "homework/homework-1.ipynb",
        "source/s.py",
    ):
        (pages / name).parent.mkdir(parents=True, exist_ok=True)
        (pages / name).write_text(f"the first version of {name}")
    return tmp_path


def copied(repository):
    return desk.copy_pages(repository / "notebooks", repository / "my-course")


def read(repository, name):
    return (repository / "my-course" / name).read_text()


def test_the_course_is_copied_without_its_sources_and_a_second_start_changes_nothing(repository):
    assert copied(repository) == []
    names = {
        p.relative_to(repository / "my-course").as_posix() for p in (repository / "my-course").rglob("*.*")
    }
    assert names == {
        ".origins.json",
        "lectures/00-a.ipynb",
        "lectures/recordings/a.json",
        "homework/homework-1.ipynb",
    }
    (repository / "my-course/lectures/00-a.ipynb").write_text("mine")
    assert copied(repository) == []
    assert read(repository, "lectures/00-a.ipynb") == "mine"


def test_a_page_that_its_reader_left_as_it_was_follows_the_course(repository):
    copied(repository)
    (repository / "notebooks/lectures/00-a.ipynb").write_text("corrected")
    assert copied(repository) == []
    assert read(repository, "lectures/00-a.ipynb") == "corrected"


def test_of_a_changed_lecture_a_fresh_one_is_offered_and_the_readers_is_kept(repository, monkeypatch):
    monkeypatch.setattr(time, "strftime", lambda form: "today")
    copied(repository)
    (repository / "my-course/lectures/00-a.ipynb").write_text("mine")
    (repository / "notebooks/lectures/00-a.ipynb").write_text("corrected")
    assert copied(repository) == [
        "lectures/00-a.ipynb has a new version; yours is now 00-a (yours, today).ipynb"
    ]
    assert read(repository, "lectures/00-a.ipynb") == "corrected"
    assert read(repository, "lectures/00-a (yours, today).ipynb") == "mine"
    assert copied(repository) == []


def test_answers_of_a_homework_stay_where_they_are(repository):
    copied(repository)
    (repository / "my-course/homework/homework-1.ipynb").write_text("my answers")
    (repository / "notebooks/homework/homework-1.ipynb").write_text("corrected")
    assert copied(repository) == [
        "homework/homework-1.ipynb has a new version: homework-1 (new).ipynb; yours is as it was"
    ]
    assert read(repository, "homework/homework-1.ipynb") == "my answers"
    assert read(repository, "homework/homework-1 (new).ipynb") == "corrected"
    assert copied(repository) == []


def test_without_its_notes_a_start_loses_no_ones_work(repository):
    copied(repository)
    (repository / "my-course/.origins.json").write_text("{cut")
    (repository / "my-course/lectures/00-a.ipynb").write_text("mine")
    assert len(copied(repository)) == 1
    assert "mine" in {p.read_text() for p in (repository / "my-course/lectures").glob("*.ipynb")}


def test_git_ignores_the_copies():
    assert (
        subprocess.run(["git", "check-ignore", "-q", "my-course/lectures/00.ipynb"], cwd=ROOT).returncode == 0
    )


@pytest.fixture
def started(repository, monkeypatch):
    """started(options) -> the command that JupyterLab is entered with, and the environment it sees."""
    monkeypatch.setattr(installation, "ROOT", repository)
    monkeypatch.setattr(installation, "ENVIRONMENT", repository / ".venv")
    monkeypatch.setattr(
        installation, "environment", lambda extras=(): installation.python_of(repository / ".venv")
    )
    monkeypatch.setattr(installation, "hand_over", lambda python, command: command)
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "")
    monkeypatch.delenv("RLCOURSE_SCALE", raising=False)
    return lambda *options: lab.start([*options, "--allow-root"])


def test_the_file_browser_shows_the_course_and_a_teacher_the_repository(started, repository):
    command = started()
    assert f"--ServerApp.root_dir={repository / 'my-course'}" in command
    assert "--LabApp.default_url=/lab/tree/lectures/00-a.ipynb" in command
    command = started("--instructor")
    assert f"--ServerApp.root_dir={repository}" in command
    assert "--LabApp.default_url=/lab/tree/my-course/lectures/00-a.ipynb" in command


def test_behind_jupyterhub_it_is_a_users_server_and_homework_comes_by_the_exchange(
    started, repository, monkeypatch
):
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "secret")
    monkeypatch.chdir(repository)
    command = started()
    assert command[:2] == ["-m", "jupyterhub.singleuser"]
    assert "--ServerApp.default_url=/lab/tree/lectures/00-a.ipynb" in command
    assert Path.cwd() == repository / "my-course"  # nbgrader fetches into the current folder
    assert (repository / "my-course" / "lectures").exists()
    assert not (repository / "my-course" / "homework").exists()


def test_behind_jupyterhub_a_student_has_the_list_of_assignments_and_no_formgrader(started, repository):
    desk.settle_jupyter(instructor=False, hub=True)
    folder = repository / ".venv" / "jupyter-student-hub"
    servers = json.loads((folder / "jupyter_server_config.json").read_text())["ServerApp"]
    shown = {name.split(".")[-1] for name, on in servers["jpserver_extensions"].items() if on}
    assert shown == {"assignment_list", "server"}
    hidden = json.loads((folder / "labconfig" / "page_config.json").read_text())["disabledExtensions"]
    assert "@jupyter/nbgrader:formgrader" in hidden
    assert not {"@jupyter/nbgrader", "@jupyter/nbgrader:assignment-list"} & set(hidden)


def test_the_instructors_server_starts_in_nbgraders_folder(started, repository, monkeypatch):
    monkeypatch.chdir(repository)
    course = repository / "build" / "instructor"
    course.mkdir(parents=True)
    started("--instructor")
    assert Path.cwd() == repository
    (course / "nbgrader_config.py").touch()
    started("--instructor")
    assert Path.cwd() == course


def test_jupyterlab_finds_the_settings_widgets_are_saved_and_a_hall_has_large_type(started):
    from jupyterlab_server.settings_utils import ConfigManager

    def overrides():
        folder = os.environ["JUPYTER_CONFIG_PATH"].split(os.pathsep)[0]
        return ConfigManager(read_config_path=[f"{folder}/labconfig"]).get("default_setting_overrides")

    started()
    assert overrides() == {"@jupyter-widgets/jupyterlab-manager:plugin": {"saveState": True}}
    assert "RLCOURSE_SCALE" not in os.environ
    started("--presentation")
    assert overrides()["@jupyterlab/apputils-extension:themes"]["overrides"]["content-font-size1"] == "20px"
    assert os.environ.pop("RLCOURSE_SCALE") == "1.4"


def test_copies_of_a_repository_that_is_shared_read_only_are_at_home(tmp_path, monkeypatch):
    monkeypatch.setattr(lab.os, "access", lambda path, mode: False)
    assert desk.own_folder(tmp_path) == Path.home() / "rlcourse"
