"""The first start of `python3 -m rlcourse`: what it makes and repairs, and its one line when it cannot.

Each test has a small repository of its own with the real commands. Where pip would work for a minute, a
stand-in on PYTHONPATH does what the test says; where pip's own words matter, the real one meets a shut port.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from rlcourse import __main__ as command_line
from rlcourse import installation
from rlcourse.commands.test import fuse

ROOT = Path(__file__).parent.parent
PIP = """
import os, pathlib, sys, time
print("Collecting torch")
with open(os.environ["PIP_CALLS"], "a") as calls:
    calls.write(" ".join(sys.argv[1:]) + "\\n")
if os.environ.get("PIP_SLEEP"):
    pathlib.Path(os.environ["PIP_CALLS"]).with_name("pip-is-busy").write_text(str(os.getpid()))
    time.sleep(float(os.environ["PIP_SLEEP"]))
print(os.environ.get("PIP_SAYS", "Successfully installed torch"))
sys.exit(int(os.environ.get("PIP_EXIT", "0")))
"""
TRAIN = """
import sys
PLACE = 3
DOES = "train an agent"
TAKES = ""
def main(arguments):
    print("trains in", sys.prefix, arguments)
    return 7
"""


class Repository:
    """A repository with the course's command line, and a pip that does as it is told."""

    def __init__(self, folder):
        self.root = folder / "a course"
        self.calls = folder / "calls"
        (self.root / "rlcourse").mkdir(parents=True)
        (self.root / "tests").mkdir()
        (self.root / "rlcourse" / "__init__.py").touch()
        for name in ("__main__.py", "installation.py"):
            shutil.copy(ROOT / "rlcourse" / name, self.root / "rlcourse")
        shutil.copytree(ROOT / "rlcourse" / "commands", self.root / "rlcourse" / "commands")
        (self.root / "rlcourse" / "commands" / "train.py").write_text(TRAIN)
        shutil.copy(ROOT / "pyproject.toml", self.root)
        shutil.copy(ROOT / "constraints.txt", self.root)
        (folder / "stand-in" / "pip").mkdir(parents=True)
        (folder / "stand-in" / "pip" / "__init__.py").touch()
        (folder / "stand-in" / "pip" / "__main__.py").write_text(PIP)
        self.stand_in = str(folder / "stand-in")

    def environ(self, **more):
        kept = {k: v for k, v in os.environ.items() if not k.startswith("RLCOURSE_")}
        return {**kept, "PYTHONPATH": self.stand_in, "PIP_CALLS": str(self.calls), **more}

    def start(self, *arguments, python=sys.executable, **more):
        return subprocess.Popen(
            [python, "-m", "rlcourse", *(arguments or ("train", "td3"))],
            cwd=self.root,
            env=self.environ(**more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments, **more):
        process = self.start(*arguments, **more)
        process.out, process.err = process.communicate(timeout=fuse(24))
        return process

    def pip_calls(self):
        return self.calls.read_text().splitlines() if self.calls.exists() else []

    def stamp(self):
        return json.loads((self.root / ".venv" / "rlcourse.json").read_text())


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path)


@pytest.fixture
def with_environment(repository):
    """Skips the seconds that a whole environment takes: one without pip is enough for the stand-in."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", repository.root / ".venv"], check=True)
    return repository


def one_line(process):
    assert process.returncode == 1
    lines = process.err.splitlines()
    assert len(lines) == 1, process.err
    assert lines[0].startswith("rlcourse: ")
    return lines[0]


def test_the_first_start_makes_the_environment_and_hands_over_and_the_second_only_hands_over(repository):
    first = repository.run("train", "td3", "--seeds", "8")
    assert "making the environment" in first.out
    assert "trains in" in first.out
    assert first.returncode == 7  # the exit code of what ran
    assert str(repository.root / ".venv") in first.out
    assert "['td3', '--seeds', '8']" in first.out
    assert len(repository.pip_calls()) == 1
    assert repository.pip_calls()[0].endswith("-c constraints.txt -e .")
    second = repository.run()
    assert second.out.count("\n") == 1
    assert second.returncode == 7
    assert len(repository.pip_calls()) == 1


def test_the_second_start_adds_less_than_two_seconds(with_environment):
    with_environment.run()
    start = time.monotonic()
    assert with_environment.run().returncode == 7
    assert time.monotonic() - start < 2


def test_test_asks_for_the_extras_that_lab_does_not_need_and_keeps_what_was_there(with_environment):
    with_environment.run("train")
    with_environment.run("test", "--version")
    with_environment.run("grade")
    assert [call.split()[-1] for call in with_environment.pip_calls()] == [".", ".[instructor,test]"]
    assert with_environment.stamp()["extras"] == ["instructor", "test"]


def test_a_students_copy_which_has_no_tests_is_tested_without_the_instructors_extra(with_environment):
    (with_environment.root / "tests").rmdir()
    said = with_environment.run("test", "--version").out
    assert (
        "a students' copy has no tests" in said and with_environment.pip_calls()[-1].split()[-1] == ".[test]"
    )


@pytest.mark.parametrize("command", ["train", "test"])
def test_an_extra_is_added_to_the_environment_once_and_kept(with_environment, command):
    with_environment.run("train", "td3")
    added = with_environment.run(command, "--extra", "mujoco", "td3", "--extra=box2d")
    own = {"train": ".[box2d,mujoco]", "test": ".[box2d,instructor,mujoco,test]"}
    assert with_environment.pip_calls()[1].split()[-1] == own[command]
    assert "up to date" in added.out and "--extra" not in added.out + added.err  # not handed on
    with_environment.run("train", "--extra", "mujoco")
    with_environment.run("train", "td3")
    assert len(with_environment.pip_calls()) == 2
    assert {"box2d", "mujoco"} <= set(with_environment.stamp()["extras"])


@pytest.mark.parametrize("words", [["--extra", "mojoco"], ["--extra"], ["--extra="], ["--extra", "site"]])
def test_an_unknown_extra_is_told_which_there_are_before_anything_is_made(repository, words):
    line = one_line(repository.run("lab", *words))
    assert "give bench, box2d, classic-control, cluster, hub, mujoco, toy-text or video" in line
    assert not (repository.root / ".venv").exists()


def test_extras_that_commands_add_and_messages_name_are_declared():
    from rlcourse.parts.environments import GYMNASIUMS_EXTRAS

    declared = installation.project()["optional-dependencies"]
    assert set(GYMNASIUMS_EXTRAS) < set(installation.ADDABLE) <= set(declared)
    for extra in GYMNASIUMS_EXTRAS:  # beside gymnasium[…], what it brings: a start looks for that
        assert {re.split("[^a-z0-9-]", line)[0] for line in declared[extra]} - {"gymnasium"}


def test_a_python_of_ones_own_without_the_extra_is_not_taken_for_complete(monkeypatch):
    from importlib import metadata

    def version(name):
        if name in ("mujoco", "pygame-ce"):
            raise metadata.PackageNotFoundError(name)
        return "999.0"

    origin = SimpleNamespace(read_text=lambda name: json.dumps({"url": ROOT.as_uri()}))
    monkeypatch.setattr(metadata, "distribution", lambda name: origin)
    monkeypatch.setattr(metadata, "version", version)
    monkeypatch.setattr(sys, "prefix", "/somewhere/conda")
    assert installation.running_python_has([])
    for extra in ("mujoco", "box2d", "classic-control", "toy-text"):
        assert not installation.running_python_has([extra])


@pytest.mark.parametrize("file", ["constraints.txt", "pyproject.toml"])
def test_other_pins_or_requirements_bring_the_environment_up_to_date(with_environment, file):
    with_environment.run()
    path = with_environment.root / file
    text = path.read_text()
    path.write_text(
        text.replace('"numpy>=2.2"', '"numpy>=2.3"') if file == "pyproject.toml" else text + "attrs==1\n"
    )
    again = with_environment.run()
    assert "up to date" in again.out
    assert len(with_environment.pip_calls()) == 2


def test_settings_of_other_tools_in_pyproject_do_not_cause_an_installation(with_environment):
    with_environment.run()
    with (with_environment.root / "pyproject.toml").open("a") as project:
        project.write("\n[tool.something]\nline-length = 99\n")
    with_environment.run()
    assert len(with_environment.pip_calls()) == 1


def test_an_environment_in_a_moved_folder_is_made_anew(with_environment):
    with_environment.run()
    with_environment.root = with_environment.root.rename(with_environment.root.with_name("elsewhere"))
    moved = with_environment.run()
    assert "making it anew" in moved.out
    assert str(with_environment.root / ".venv") in moved.out.splitlines()[-1]


def test_an_installation_that_was_killed_is_made_anew(with_environment):
    process = with_environment.start(PIP_SLEEP="60")
    wait_for(with_environment.calls.with_name("pip-is-busy"))
    process.kill()
    os.kill(int(with_environment.calls.with_name("pip-is-busy").read_text()), signal.SIGTERM)
    process.communicate()
    assert with_environment.stamp() == {"state": "installing"}
    (with_environment.root / ".venv" / "half a package").touch()
    repaired = with_environment.run()
    assert "half-made" in repaired.out
    assert repaired.returncode == 7
    assert not (with_environment.root / ".venv" / "half a package").exists()
    assert with_environment.stamp()["state"] == "complete"


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to one process")
def test_control_c_during_the_installation_says_one_line_and_leaves_no_pip_behind(with_environment):
    process = with_environment.start(PIP_SLEEP="300")
    wait_for(with_environment.calls.with_name("pip-is-busy"))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=fuse(12))  # would not end while a pip of its own held the pipe
    assert process.returncode == 130
    assert "stopped" in out
    assert "Traceback" not in err


def test_a_second_start_waits_for_the_first_and_installs_nothing(with_environment):
    first = with_environment.start(PIP_SLEEP="2")
    wait_for(with_environment.calls.with_name("pip-is-busy"))
    second = with_environment.run()
    first.communicate(timeout=fuse(12))
    assert "waiting" in second.out
    assert second.returncode == 7
    assert len(with_environment.pip_calls()) == 1


def wait_for(path):
    deadline = time.monotonic() + fuse(12)
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < deadline, f"no {path} after {fuse(12)} s"
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "no room left",
        ),
        (
            "WARNING: Retrying (Retry(total=1)) after connection broken by 'NewConnectionError()': /torch/\n"
            "ERROR: No matching distribution found for torch",
            "cannot reach the package registry",
        ),
        ("ERROR: No matching distribution found for torch>=2.9", "the registry has no torch for Python"),
        ("ERROR: ResolutionImpossible: for help visit", "contradict"),
        ("ERROR: Could not install: [Errno 30] Read-only file system: 'x'", "may not write in"),
        ("ERROR: something nobody foresaw", "something nobody foresaw (all of it:"),
    ],
)
def test_a_failing_pip_is_explained_in_one_line(with_environment, says, expected):
    line = one_line(with_environment.run(PIP_SAYS=says, PIP_EXIT="1"))
    assert expected in line
    assert says in (with_environment.root / ".venv" / "rlcourse-install.log").read_text()


def test_without_a_network_the_real_pip_fails_soon_and_in_one_line(repository):
    closed = {
        "PYTHONPATH": "",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_NO_CACHE_DIR": "1",
        "PIP_FIND_LINKS": "",
    }
    start = time.monotonic()
    line = one_line(repository.run(**closed))
    assert "cannot reach the package registry" in line
    assert time.monotonic() - start < fuse(12)


def test_an_update_that_fails_leaves_the_older_environment_to_be_updated_later(with_environment):
    with_environment.run()
    (with_environment.root / "constraints.txt").write_text("torch==2.13.0\n")
    one_line(with_environment.run(PIP_SAYS="Connection refused", PIP_EXIT="1"))
    (with_environment.root / ".venv" / "still here").touch()
    assert with_environment.run().returncode == 7
    assert (with_environment.root / ".venv" / "still here").exists()


def test_a_folder_called_venv_that_is_no_environment_is_left_alone(repository):
    (repository.root / ".venv").mkdir()
    (repository.root / ".venv" / "thesis.txt").touch()
    assert "move it away" in one_line(repository.run())
    assert (repository.root / ".venv" / "thesis.txt").exists()


@pytest.mark.parametrize("index", ["https://index.example/cpu", "torch.whl", "."])
def test_the_variable_takes_torch_from_an_index_a_wheel_or_a_folder(with_environment, index):
    with_environment.run(RLCOURSE_TORCH_INDEX=index)
    first, second = with_environment.pip_calls()
    assert "--no-deps" in first
    assert index in first.split()
    assert ("torch==" in first) == (index != "torch.whl")
    assert second.endswith("-e .")


def test_an_unknown_command_names_the_known_ones(repository):
    process = repository.run("laboratory")
    assert process.returncode == 2
    known = command_line.in_words(list(command_line.commands()), "or")
    assert process.err == f"rlcourse: no command 'laboratory': {known}\n"
    assert not (repository.root / ".venv").exists()


def test_help_fits_one_screen_and_makes_no_environment(repository):
    process = repository.run("--help")
    assert process.returncode == 0
    assert all(name in process.out for name in command_line.commands())
    assert len(process.out.splitlines()) <= 24
    assert max(map(len, process.out.splitlines())) <= 110
    assert [name for name, command in command_line.commands().items() if len(command.does) > 41] == []
    assert not (repository.root / ".venv").exists()


def test_a_command_is_its_file_and_help_has_its_line(repository):
    (repository.root / "rlcourse" / "commands" / "zoo.py").write_text(
        "import a_package_that_is_not_there\nPLACE = 99\nDOES = 'feed the animals'\nTAKES = '--all'\n"
        "def main(arguments):\n    return 0\n"
    )
    process = repository.run("--help")
    assert process.returncode == 0
    (line,) = [line for line in process.out.splitlines() if line.startswith("  zoo ")]
    assert "feed the animals" in line and line.endswith("--all")
    assert "and zoo answer --help themselves" in process.out
    assert repository.run("laboratory").err.endswith(" or zoo\n")


def test_root_is_told_once_before_anything_is_installed(repository, monkeypatch, capsys):
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    monkeypatch.setattr(installation, "environment", lambda extras=(): pytest.fail("installs"))
    assert command_line.main(["lab", "--no-browser"]) == 1
    assert capsys.readouterr().err.count("--allow-root") == 1


def test_an_old_python_is_told_which_newer_one_is_there(monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 8, 18, "final", 0))
    monkeypatch.setattr(shutil, "which", lambda name: name if name == "python3.12" else None)
    assert command_line.main(["lab"]) == 1
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert "3.11 or newer is needed and this is 3.8.18" in line
    assert "run it with python3.12" in line


def test_a_real_old_python_is_told_so_too(repository):
    old = [path for name in ("3.8", "3.9", "3.10") if (path := shutil.which(f"python{name}"))]
    old = [path for path in old if subprocess.run([path, "-c", ""], capture_output=True).returncode == 0]
    if not old:
        pytest.skip("NOT CHECKED: no Python older than 3.11 on this machine")
    assert "3.11 or newer is needed" in one_line(repository.run("lab", python=old[0]))


def test_a_python_without_venv_is_told_the_package(repository, monkeypatch, capsys):
    monkeypatch.setattr(installation, "ROOT", repository.root)
    monkeypatch.setattr(installation, "ENVIRONMENT", repository.root / ".venv")
    monkeypatch.setattr(installation, "STAMP", repository.root / ".venv" / "rlcourse.json")
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    assert command_line.main(["train"]) == 1
    assert "sudo apt install python3-venv" in capsys.readouterr().err


def test_too_little_room_is_said_before_anything_is_made(repository, monkeypatch, capsys):
    monkeypatch.setattr(installation, "ROOT", repository.root)
    monkeypatch.setattr(installation, "ENVIRONMENT", repository.root / ".venv")
    monkeypatch.setattr(installation, "STAMP", repository.root / ".venv" / "rlcourse.json")
    usage = shutil.disk_usage(repository.root)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=10**8))
    assert command_line.main(["train"]) == 1
    assert "0.1 GB free, 3 GB needed" in capsys.readouterr().err
    assert not (repository.root / ".venv").exists()


@pytest.mark.parametrize(
    "system, machine, mac, pin, says",
    [
        ("Darwin", "x86_64", "15.1", "2.13.0", "Intel Macs: open the course on Colab"),
        ("Windows", "ARM64", "", "2.13.0", "Windows on ARM: run the course in WSL"),
        (
            "Darwin",
            "arm64",
            "13.6.1",
            "2.13.0",
            "needs macOS 14 and this is 13.6.1: update macOS, or write torch==2.11.0",
        ),
        ("Darwin", "arm64", "13.6.1", "2.11.0", None),
        ("Darwin", "arm64", "14.0", "2.13.0", None),
        ("Windows", "AMD64", "", "2.13.0", None),
        ("Linux", "x86_64", "", "2.13.0", None),
        ("Linux", "aarch64", "", "2.13.0", None),
    ],
)
def test_a_machine_without_a_pytorch_is_told_the_way_out(
    system, machine, mac, pin, says, monkeypatch, tmp_path
):
    (tmp_path / "constraints.txt").write_text(f"numpy==2.4.6\ntorch=={pin}\n")
    monkeypatch.setattr(installation, "ROOT", tmp_path)
    monkeypatch.setattr(installation.platform, "system", lambda: system)
    monkeypatch.setattr(installation.platform, "machine", lambda: machine)
    monkeypatch.setattr(installation.platform, "mac_ver", lambda: (mac, ("", "", ""), machine))
    told = installation.without_torch()
    assert told is None if says is None else says in told and "\n" not in told


def test_a_machine_without_a_pytorch_is_told_before_anything_is_made(repository, monkeypatch, capsys):
    monkeypatch.setattr(installation, "ROOT", repository.root)
    monkeypatch.setattr(installation, "ENVIRONMENT", repository.root / ".venv")
    monkeypatch.setattr(installation, "STAMP", repository.root / ".venv" / "rlcourse.json")
    monkeypatch.delenv("RLCOURSE_TORCH_INDEX", raising=False)
    monkeypatch.setattr(installation.platform, "system", lambda: "Windows")
    monkeypatch.setattr(installation.platform, "machine", lambda: "ARM64")
    assert command_line.main(["train"]) == 1
    assert "WSL" in capsys.readouterr().err
    assert not (repository.root / ".venv").exists()


def test_a_read_only_folder_is_said_in_one_line(repository, monkeypatch, capsys):
    def refuse(path, *_, **__):
        raise OSError(30, "Read-only file system", str(path))

    monkeypatch.setattr(installation, "ROOT", repository.root)
    monkeypatch.setattr(installation, "ENVIRONMENT", repository.root / ".venv")
    monkeypatch.setattr(installation, "STAMP", repository.root / ".venv" / "rlcourse.json")
    monkeypatch.setattr(Path, "mkdir", refuse)
    assert command_line.main(["train"]) == 1
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert "may not write in" in line


def test_a_python_that_has_everything_is_used_and_nothing_is_made(monkeypatch):
    from importlib import metadata

    class Installed:
        def read_text(self, name):
            return json.dumps({"url": ROOT.as_uri()})

    monkeypatch.setattr(metadata, "distribution", lambda name: Installed())
    monkeypatch.setattr(metadata, "version", lambda name: "999.0")
    monkeypatch.setattr(sys, "prefix", "/somewhere/conda")
    assert installation.environment(["test"]) == sys.executable
    monkeypatch.setattr(metadata, "version", lambda name: "0.1" if name == "scipy" else "999.0")
    assert not installation.running_python_has(["test"])
