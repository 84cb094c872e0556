"""Environments that others make of the course: conda's and Binder's, the container's, the oldest packages.

Binder's rules are those of repo2docker (its build packs, in their order); it was asked itself once, and took
`environment.yml`, Python 3.11 and the whole repository.
"""

import json
import os
import re
import subprocess
import sys

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from rlcourse import installation
from rlcourse.__main__ import commands
from rlcourse.commands.test import fuse
from rlcourse.notebooks import ROOT

PROJECT = installation.project()
PINS = dict(
    re.findall(r"^([\w.-]+)==([^\s#]+)", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
)


def plain(name):
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pythons():
    """What environment.yml and the container name as their Python."""
    conda = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    (named,) = [line for line in conda if isinstance(line, str) and line.startswith("python=")]
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    return [named.removeprefix("python="), re.search(r"python:([\d.]+)", container["image"])[1]]


def test_conda_and_the_container_take_the_python_that_the_pins_were_tested_with():
    tested = re.search(r"\(Python ([\d.]+)", (ROOT / "constraints.txt").read_text(encoding="utf-8"))[1]
    assert pythons() == [tested, tested] and SpecifierSet(PROJECT["requires-python"]).contains(tested)


def test_environment_yml_takes_its_packages_from_pyproject_at_the_tested_versions_and_names_none_itself():
    conda = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert conda["name"] == PROJECT["name"] and conda["channels"] == ["conda-forge"]
    *others, by_pip = conda["dependencies"]
    assert others == [f"python={pythons()[0]}", "pip"] and by_pip == {"pip": ["-c constraints.txt", "-e ."]}


def test_every_pin_lies_above_its_floor_and_every_package_that_the_course_asks_for_has_one():
    pins = {plain(name): version for name, version in PINS.items()}
    extras = PROJECT["optional-dependencies"]
    asked = [Requirement(line) for line in [*PROJECT["dependencies"], *sum(extras.values(), [])]]
    assert len(asked) > 30
    assert [str(one) for one in asked if not one.specifier.contains(pins.get(plain(one.name), "0"))] == []


def test_nothing_stands_before_environment_yml_where_binder_looks():
    """repo2docker reads binder/ or .binder/ instead of the root, and these files of the root first."""
    before = [
        "binder",
        ".binder",
        "Dockerfile",
        "Project.toml",
        "JuliaProject.toml",
        "REQUIRE",
        "default.nix",
    ]
    before += ["install.R", "DESCRIPTION", "runtime.txt"]
    assert (ROOT / "environment.yml").exists() and [name for name in before if (ROOT / name).exists()] == []


def test_the_container_runs_commands_that_there_are_and_shows_vs_code_the_python_that_they_make():
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    (command,) = re.findall(r"-m rlcourse (\w+)", container["postCreateCommand"])
    assert command in commands()
    python = container["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"]
    made = os.path.relpath(installation.ENVIRONMENT / "bin" / "python", ROOT)
    assert python == "${containerWorkspaceFolder}/" + made
    assert {"chromium", "bubblewrap"} <= set(container["onCreateCommand"].split())


# The floors of pyproject.toml, laid over the environment that runs this, without torch and JupyterLab, which
# are large. .github/workflows/floors.yml has those too, and runs all tests and pages.
LARGE = {"torch", "jupyterlab"}


@pytest.fixture(scope="module")
def floors(tmp_path_factory):
    """A folder of the packages at their floors, and {name: version}."""
    folder = tmp_path_factory.mktemp("floors")
    asked = [Requirement(line) for line in PROJECT["dependencies"]]
    lowest = {one.name: next(iter(one.specifier)).version for one in asked if one.name not in LARGE}
    wanted = [f"{name}=={version}" for name, version in lowest.items()]
    options = ["--target", str(folder), "--no-deps", "--only-binary", ":all:", "-q", "--retries", "2"]
    pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", *options, *wanted]
    done = subprocess.run(pip, capture_output=True, text=True, timeout=fuse(120))
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no word why"])[-1]
        pytest.skip(f"THE FLOORS OF pyproject.toml ARE NOT TESTED, pip has no environment of them: {last}")
    return folder, lowest


@pytest.mark.slow
def test_at_the_floors_of_pyproject_figures_are_drawn_numbers_are_right_and_a_lecture_runs(floors):
    folder, lowest = floors
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]),
        "OMP_NUM_THREADS": "1",
    }
    code = f"from importlib.metadata import version; print([version(name) for name in {list(lowest)}])"
    asked = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    found = [installation.numbers(version) for version in json.loads(asked.stdout.replace("'", '"'))]
    for version, floor in zip(found, map(installation.numbers, lowest.values()), strict=True):
        assert version[: len(floor)] == floor and not any(version[len(floor) :])
    checks = ["tests/plots/test_curves.py", "tests/plots/test_diagrams.py", "tests/test_statistics.py"]
    checks += ["tests/equations/test_returns.py", "tests/widgets/test_overview.py"]
    lecture = "notebooks/lectures/01-decision-processes.ipynb"
    options = ["-q", "-n", "0", "-p", "no:cacheprovider", "--nbval-lax", "--nbval-current-env"]
    options += [f"--nbval-cell-timeout={fuse(90)}", f"--nbval-kernel-startup-timeout={fuse(24)}"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *checks, lecture],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=fuse(150),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) > 100
