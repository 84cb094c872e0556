"""`python3 -m rlcourse bundle`: course, packages and site in one archive, for rooms without a network.

Unpacked, the archive is the course with a folder `wheels`; where there is one, `installation` takes all
packages from it. So the README's two commands work there as they stand.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Sequence

import tomllib

from rlcourse import installation
from rlcourse.installation import Trouble, say

PLACE = 21
DOES = "pack course, packages and site for a room"
TAKES = "--extras test instructor  --without-site"
EXTRAS = ["test"]

BUILDING = ["hatchling", "editables"]  # what installing the course itself asks for
START = """\
rlcourse for rooms without a network.

The pages, read in a browser:    site/index.html
The pages, run:                  python3 -m rlcourse lab      (Python {python}, {system})

The first start makes an environment in .venv from the folder wheels; nothing is fetched.
"""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m rlcourse bundle", description=DOES)
    parser.add_argument(
        "--extras",
        nargs="*",
        default=["instructor", "test"],
        help="with the packages of these (default: both that the commands lab and test ask for)",
    )
    parser.add_argument("--without-site", action="store_true", help="packages and pages only")
    parser.add_argument(
        "--to", type=Path, help="the archive (default: below build/, named by this machine's kind)"
    )
    options = parser.parse_args(arguments)
    root = installation.ROOT
    target = options.to or root / "build" / (name() + ".zip")
    try:
        site = None if options.without_site else built_site()
        bundle(root, target.resolve(), site, options.extras)
    except Trouble as trouble:
        print(f"rlcourse: {trouble}", file=sys.stderr)
        return 1
    say(f"rlcourse: {target} ({target.stat().st_size / 1e6:.0f} MB), for {kind()}")
    return 0


def kind() -> str:
    """On which machines the packages work."""
    python = "{}.{}".format(*sys.version_info[:2])
    return f"{platform.system()} on {platform.machine()} with Python {python}"


def name() -> str:
    version = installation.project()["version"]
    python = "py{}{}".format(*sys.version_info[:2])
    return "-".join(["rlcourse", version, platform.system().lower(), platform.machine().lower(), python])


def built_site() -> Path:
    """The whole site: the one in build/site, brought up to date."""
    from rlcourse.site import making

    making.make(making.chosen(), making.FOLDER / "html", os.cpu_count() or 2)
    return making.FOLDER / "html"


def bundle(root: Path, target: Path, site: Path | None, extras: Sequence[str]) -> None:
    """Write the archive `target` of the course in `root`; Trouble where its packages cannot be had."""
    wheels = root / "build" / "wheels"
    if wheels.exists():
        shutil.rmtree(str(wheels))
    fetch(root, wheels, extras)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    with zipfile.ZipFile(str(part), "w") as archive:
        for path in course_files(root):
            add(archive, path, path.relative_to(root).as_posix())
        for path in sorted(wheels.iterdir()):
            add(archive, path, "wheels/" + path.name)
        for path in sorted(site.rglob("*")) if site else ():
            add(archive, path, "site/" + path.relative_to(site).as_posix())
        python = "{}.{}".format(*sys.version_info[:2])
        system = f"{platform.system()} on {platform.machine()}"
        archive.writestr("rlcourse/START.txt", START.format(python=python, system=system))
    part.replace(target)


def add(archive: zipfile.ZipFile, path: Path, place: str) -> None:
    """A file at its place below one folder; what is compressed already is stored as it is."""
    packed = path.suffix in (".whl", ".png", ".woff", ".woff2")
    if path.is_file():
        archive.write(str(path), "rlcourse/" + place, zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED)


def fetch(root: Path, wheels: Path, extras: Sequence[str]) -> None:
    """All packages that the course and these extras need, as wheels for this machine."""
    about = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    known = about.get("optional-dependencies", {})
    for extra in extras:
        if extra not in known:
            raise Trouble("no extra {!r}: choose of {}".format(extra, ", ".join(known)))
    wanted = BUILDING + about["dependencies"] + sum((known[extra] for extra in extras), [])
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-input",
        "--disable-pip-version-check",
        "-w",
        str(wheels),
    ]
    index = os.environ.get("RLCOURSE_TORCH_INDEX")
    if index:
        installation.run("  torch", command + installation.torch_from(index))
        command += ["--find-links", str(wheels)]
    if (root / "constraints.txt").exists():
        command += ["-c", str(root / "constraints.txt")]
    installation.run("  wheels", command + wanted)


def course_files(root: Path) -> list[Path]:
    """What git knows of the course, as it lies there; everything that git would not ignore."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        told = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    except (OSError, subprocess.CalledProcessError):
        raise Trouble(f"no list of the course's files in {root}: get it as a git repository") from None
    return sorted(root / path for path in filter(None, told.split("\0")) if (root / path).is_file())
