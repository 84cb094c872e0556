"""An archive of the course installs and starts where there is no network. In CI the course is a small one."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from rlcourse import installation
from rlcourse.commands import bundle
from rlcourse.installation import Trouble

ROOT = Path(__file__).parents[2]
SMALL = """
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"
[project]
name = "rlcourse"
version = "0.0.1"
dependencies = ["filelock>=3.15"]
[project.optional-dependencies]
test = ["iniconfig"]
instructor = []
"""
COMMAND = """
PLACE = 1
DOES = "say hello"
TAKES = ""
EXTRAS = ["test"]

def main(arguments):
    import filelock, iniconfig
    print("hello from", filelock.__file__)
    return 0
"""
NOWHERE = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0"}


@pytest.fixture
def small(tmp_path):
    """A course of one command and two small packages, as a git repository."""
    root = tmp_path / "course"
    (root / "rlcourse" / "commands").mkdir(parents=True)
    for name in ("__init__.py", "__main__.py", "installation.py", "commands/__init__.py"):
        shutil.copyfile(ROOT / "rlcourse" / name, root / "rlcourse" / name)
    (root / "rlcourse" / "commands" / "hello.py").write_text(COMMAND)
    (root / "pyproject.toml").write_text(SMALL)
    shutil.copyfile(ROOT / "constraints.txt", root / "constraints.txt")
    (root / ".gitignore").write_text("/build/\n/.venv/\n")
    (root / "build").mkdir()
    (root / "build" / "junk").touch()
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    site = tmp_path / "html"
    (site / "lectures").mkdir(parents=True)
    (site / "lectures" / "00.html").write_text("<h1>Welcome</h1>")
    return root, site


def test_a_bundle_installs_and_starts_without_a_network(small, tmp_path):
    root, site = small
    try:
        bundle.bundle(root, tmp_path / "b.zip", site, ["test"])
    except Trouble as trouble:
        if "cannot reach the package registry" in str(trouble):
            pytest.skip(f"THE OFFLINE BUNDLE IS NOT CHECKED: {trouble}")
        raise
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        archive.extractall(tmp_path / "room")
    there = tmp_path / "room" / "rlcourse"
    assert (there / "site" / "lectures" / "00.html").read_text() == "<h1>Welcome</h1>"
    assert "site/index.html" in (there / "START.txt").read_text()
    assert not (there / "build").exists() and list((there / "wheels").glob("filelock-*.whl"))
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "PYTHONPATH"))}
    told = subprocess.run(
        [sys._base_executable, "-m", "rlcourse", "hello"],
        cwd=there, env=environment | NOWHERE, capture_output=True, text=True,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout + told.stderr
    assert f"hello from {there / '.venv'}" in told.stdout


def test_without_its_wheels_the_same_start_fails_for_want_of_a_registry(small):
    """So the test above could fail: there is no other way to the packages."""
    root, _ = small
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "PYTHONPATH"))}
    told = subprocess.run(
        [sys._base_executable, "-m", "rlcourse", "hello"],
        cwd=root, env=environment | NOWHERE, capture_output=True, text=True,
    )  # fmt: skip
    assert told.returncode == 1 and told.stderr.startswith("rlcourse: installing stopped")


def test_an_extra_that_is_none_is_named_in_one_line(small, tmp_path):
    with pytest.raises(Trouble, match="no extra 'tests': choose of test, instructor"):
        bundle.bundle(small[0], tmp_path / "b.zip", None, ["tests"])


def test_a_folder_that_is_no_repository_is_said_so(tmp_path, monkeypatch):
    monkeypatch.setattr(bundle, "fetch", lambda root, wheels, extras: wheels.mkdir(parents=True))
    with pytest.raises(Trouble, match="get it as a git repository"):
        bundle.bundle(tmp_path, tmp_path / "b.zip", None, [])


def test_the_archive_is_named_by_what_its_packages_run_on():
    assert bundle.name().startswith(f"rlcourse-{installation.project()['version']}-")
    assert bundle.name().endswith("py{}{}".format(*sys.version_info[:2]))
