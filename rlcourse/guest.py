"""A guest in somebody else's Python, as on Colab: what is there stays as it is, what is missing is added.

Colab's kernel runs already, with packages that Colab's own parts were made for. So nothing that it has is
replaced, not even what is older than the course was tested with; that is said in a line. `FIRST` is the cell
that brings the course there, and calls `bring`; it runs before anything is installed, so this imports the
standard library only.
"""

from __future__ import annotations

import re
import sys
import tempfile
from importlib import metadata
from pathlib import Path

from rlcourse import installation
from rlcourse.installation import OLDEST, Trouble, numbers, say

HOSTS = {"jupyterlab", "ipykernel"}  # of the dependencies: where the page is open, there is one already
FIRST = """\
# On Colab: this cell brings the course (a minute). Where the course is already, it does nothing.
import importlib.util, os, subprocess, sys

if importlib.util.find_spec("rlcourse") is None:
    if not os.path.isdir("rlcourse-course"):
        subprocess.run(["git", "clone", "-q", "--depth", "1", "{address}", "rlcourse-course"], check=True)
    sys.path.insert(0, os.path.abspath("rlcourse-course"))
    from rlcourse import guest

    guest.bring()
    os.chdir("rlcourse-course/notebooks/{folder}")  # recordings lie there"""


def bring() -> list[str]:
    """Install what the course needs and this Python lacks; returns it. Trouble for an old Python."""
    if sys.version_info < OLDEST:
        raise Trouble(installation.old_python())
    lacks, older = missing()
    for line in older:
        say(f"rlcourse: {line}")
    if lacks:
        pins = pins_of(lacks)
        with tempfile.TemporaryDirectory() as folder:
            kept = Path(folder) / "kept.txt"
            kept.write_text("\n".join(installed()) + "\n", encoding="utf-8")
            installation.install(sys.executable, "  packages", ["-c", str(kept), *pins])
    say(f"rlcourse: the course is here{', with ' + ', '.join(lacks) if lacks else ''}")
    return lacks


def missing() -> tuple[list[str], list[str]]:
    """The dependencies that are not installed, and a line for each that is older than its floor."""
    lacks, older = [], []
    for requirement in installation.project()["dependencies"]:
        name, floor = re.match(r"([\w.-]+)[^>]*(?:>=([\d.]+))?", requirement).groups()
        if name in HOSTS:
            continue
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            lacks.append(name)
            continue
        if numbers(version) < numbers(floor or "0"):
            older.append(f"{name} {version} is older than {floor}, which the course asks for; it is kept")
    return lacks, older


def pins_of(names: list[str]) -> list[str]:
    """The packages at the versions that were tested."""
    text = (installation.ROOT / "constraints.txt").read_text(encoding="utf-8")
    pins = dict(re.findall(r"^([\w.-]+)(==\S+)", text, re.MULTILINE))
    return [name + pins.get(name, "") for name in names]


def installed() -> list[str]:
    """Everything that is here, at its version."""
    found = {one.metadata["Name"]: one.version for one in metadata.distributions() if one.metadata["Name"]}
    return sorted(f"{name}=={version}" for name, version in found.items())


def first_cell(address: str, folder: str) -> str:
    """The cell for a page of this folder of `notebooks`, from the repository at this address."""
    if not re.fullmatch(r"[\w.+-]+://[^\s\"\\]+|/[^\s\"\\]*", address):
        raise Trouble(
            f"{address!r} is no address of a repository: give one as `git clone` takes it, https://…"
        )
    return FIRST.format(address=address, folder=folder)
