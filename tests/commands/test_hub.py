"""`python3 -m rlcourse hub` says in one line what is missing, and starts JupyterHub with what it wrote."""

import os
import pwd
import stat
import tempfile
from pathlib import Path

import pytest

from rlcourse import installation
from rlcourse.commands import hub
from rlcourse.installation import Trouble

ME = pwd.getpwuid(os.geteuid()).pw_name


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine of root's, with a proxy, a shared course and a clone; returns start(*options)."""
    monkeypatch.setattr(hub.os, "geteuid", lambda: 0)
    monkeypatch.setattr(hub.shutil, "which", lambda program: f"/usr/bin/{program}")
    monkeypatch.setattr(hub, "open_to_all", lambda path: None)
    monkeypatch.setattr(hub, "open_to", lambda owner, path: None)
    monkeypatch.setattr(installation, "ENVIRONMENT", tmp_path / "shared")
    monkeypatch.setattr(installation, "ROOT", tmp_path / "shared")
    monkeypatch.setattr(installation, "environment", lambda extras: str(tmp_path / "shared" / "python"))
    monkeypatch.setattr(installation, "hand_over", lambda python, arguments: (python, arguments))
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "")
    monkeypatch.chdir(tmp_path)
    python = tmp_path / "clone" / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    folders = [f"--exchange={tmp_path / 'exchange'}", f"--state={tmp_path / 'state'}"]
    return lambda *options: hub.start([*options, *folders], [])


def test_it_starts_jupyterhub_with_a_server_for_each(machine, tmp_path):
    python, arguments = machine(f"--instructor={ME}={tmp_path / 'clone'}", "--debug")
    assert arguments == ["-m", "jupyterhub", "--config", "rlcourse_hub.py", "--debug"]
    written = (tmp_path / "state" / "rlcourse_hub.py").read_text()
    compile(written, "rlcourse_hub.py", "exec")
    assert f"INSTRUCTOR, THEIRS = {ME!r}, ['{tmp_path}/clone/.venv/bin/python'".replace("'", '"') in (
        written.replace("'", '"')
    )
    assert (
        str(tmp_path / "exchange")
        in (tmp_path / "shared" / "jupyter-nbgrader" / "nbgrader_config.py").read_text()
    )


def test_in_the_exchange_nobody_replaces_what_is_anothers(machine, tmp_path):
    machine(f"--instructor={ME}={tmp_path / 'clone'}")
    exchange = tmp_path / "exchange"
    assert stat.S_IMODE(exchange.stat().st_mode) == 0o1777
    assert stat.S_IMODE((exchange / "rlcourse").stat().st_mode) == 0o755
    assert (exchange / "rlcourse").stat().st_uid == pwd.getpwnam(ME).pw_uid


@pytest.mark.parametrize(
    "who, says",
    [
        ("no-such-user=/x", "no such user"),
        (f"{ME}=/no/such/clone", "build --extra hub"),
        (ME, "--instructor NAME=FOLDER"),
    ],
)
def test_a_wrong_instructor_is_told(machine, who, says):
    with pytest.raises(Trouble, match=says):
        machine(f"--instructor={who}")


@pytest.mark.parametrize(
    "answer", ["rlcourse/grading/exercises/hw3/polyak.py", "build/instructor/source/homework-3/x.ipynb"]
)
def test_a_course_with_answers_is_not_shared(machine, tmp_path, answer):
    exercises = tmp_path / "shared" / "rlcourse" / "grading" / "exercises"
    (exercises / "hw3").mkdir(parents=True)
    for name in ("__init__.py", "hw3/polyak.sheet"):  # as in a students' copy
        (exercises / name).touch()
    machine(f"--instructor={ME}={tmp_path / 'clone'}")
    (tmp_path / "shared" / answer).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "shared" / answer).touch()
    with pytest.raises(Trouble, match="students could read the answers .*handout FOLDER"):
        machine(f"--instructor={ME}={tmp_path / 'clone'}")


def test_the_repository_itself_holds_answers():
    assert hub.holds_answers(installation.ROOT)


def test_without_proxy_or_root_it_says_so(machine, monkeypatch, tmp_path):
    monkeypatch.setattr(hub.shutil, "which", lambda program: None)
    with pytest.raises(Trouble, match="npm install -g configurable-http-proxy"):
        machine(f"--instructor={ME}={tmp_path / 'clone'}")
    monkeypatch.setattr(hub.os, "geteuid", lambda: 1000)
    with pytest.raises(Trouble, match="as root"):
        machine(f"--instructor={ME}={tmp_path / 'clone'}")


def test_a_course_that_students_cannot_reach_is_refused():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "pyenv").mkdir(mode=0o755)
        (folder / "pyenv" / "python").touch(mode=0o755)
        (folder / "python").symlink_to(folder / "pyenv" / "python")  # as an environment's
        hub.open_to_all(folder / "python")
        (folder / "pyenv").chmod(0o700)
        with pytest.raises(Trouble, match="students cannot reach .*/python, because of .*/pyenv:"):
            hub.open_to_all(folder / "python")
